"""The mathematics: specs, studies and shared statistics. Imports neither streamlit, ray nor altair."""
