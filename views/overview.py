"""What this is, what each study finds on the data chosen, and how to cite it."""

import streamlit as st

from engine import registry
from engine.result import Result
from engine.spec import Preset
from views import _choices, _page, _results
from views.content import STUDIES, TITLE, sections

POLL_SECONDS = 1.0
PAGE_OF = {study: f"views/{study.replace('-', '_')}.py" for study in STUDIES}


def findings(preset: Preset, vintage: str) -> bool:
    """One computed sentence a study; whether all are there."""
    complete = True
    for name, text in STUDIES.items():
        result = _results.quick(registry.study(name).spec_type.parse({"preset": preset}), vintage)
        complete &= result is not None
        with st.container(border=True):
            st.page_link(PAGE_OF[name], label=f"**{text.title}**")
            st.markdown(text.question)
            st.markdown(sentence(result))
    return complete


def sentence(result: Result | str | None) -> str:
    """The finding, why there is none, or that it is on its way."""
    if result is None:
        return "*Being computed.*"
    if isinstance(result, str):
        return f"*{_page.escape(result)}*"
    return f"{_page.escape(result.summary['finding'])} *Run {result.key[: _page.KEY_LETTERS]}.*"


@st.fragment(run_every=POLL_SECONDS)
def awaited(preset: Preset, vintage: str) -> None:
    """The findings while some are being computed; the page runs again when all are there."""
    if findings(preset, vintage):
        st.rerun()


def shown(preset: Preset, vintage: str) -> None:
    """The findings of a preset, polled only while that is needed."""
    specs = [registry.study(name).spec_type.parse({"preset": preset}) for name in STUDIES]
    if any(_results.quick(spec, vintage) is None for spec in specs):
        awaited(preset, vintage)
    else:
        findings(preset, vintage)


def data_line(vintage: str) -> str:
    """Rows and retrieval date of the vintage shown."""
    summary = _results.data_status(vintage).summary
    rows = ", ".join(f"{count:,} {name}" for name, count in summary["rows"].items())
    return f"Vintage **{summary['vintage']}**, retrieved {summary['retrieved']}: {rows}."


def page() -> None:
    """The page."""
    vintage = _choices.vintage()
    text = sections()
    st.title(TITLE)
    st.markdown(text.pop("What this is"))
    st.caption(data_line(vintage))
    for preset in _choices.presets():
        st.header(f"Findings, {preset} preset")
        shown(preset, vintage)
    for heading, body in text.items():
        st.header(heading)
        st.markdown(body)


if __name__ == "__main__":
    page()
