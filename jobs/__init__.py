"""Running studies and keeping their results. Imports neither streamlit nor altair."""
