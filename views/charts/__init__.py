"""Charts: a frame in, an Altair chart out. Imports neither streamlit nor jobs."""
