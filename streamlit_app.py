"""The app: its pages, in sections."""

import streamlit as st

from views import _choices

st.set_page_config(
    page_title="Economics of frontier AI",
    layout="wide",
    menu_items={"About": "Economics of frontier AI: a workbench. MIT licence; data under their publishers' licences."},
)
_choices.sidebar(
    {
        "": [st.Page("views/overview.py", title="Overview", default=True)],
        "Dashboards": [
            st.Page("views/export_controls.py", title="Export controls"),
            st.Page("views/efficiency.py", title="Efficiency"),
        ],
        "The AI cliff": [
            st.Page("views/scaling.py", title="Scaling"),
            st.Page("views/bootstrap.py", title="Bootstrap"),
            st.Page("views/diffusion.py", title="Diffusion"),
            st.Page("views/npv.py", title="Investment"),
            st.Page("views/welfare.py", title="Policy"),
            st.Page("views/sweep.py", title="Sweeps"),
        ],
        "Replication": [st.Page("views/report.py", title="Report")],
        "Data": [st.Page("views/provenance.py", title="Data and provenance")],
    }
).run()
