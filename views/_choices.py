"""What every page shares: navigation, and the preset and data vintage chosen in the sidebar, kept in the URL."""

import secrets
from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import Page

from engine.spec import Preset
from jobs import client

PRESETS = {
    "corrected": "mends the known defects",
    "published": "repeats the original works, defects included",
    "both": "side by side, with the difference",
}


def sidebar(sections: Mapping[str, Sequence[Page]]) -> Page:
    """Draw navigation and choices, and return the page to run.

    Links are drawn here since Streamlit's own sectioned list is no valid list to a screen reader (1.67).
    """
    client.visitors(_visitor)
    page = st.navigation(sections, position="hidden")
    with st.sidebar:
        for section, pages in sections.items():
            if section:
                st.caption(section)
            for each in pages:
                st.page_link(each)
        st.divider()
        if page.url_path == "sweep":
            _follow_link()
        _choices()
    return page


def _visitor() -> str:
    """Who asks: a browser session, by a name made up for it."""
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))


def _choices() -> None:
    st.radio("Preset", list(PRESETS), captions=list(PRESETS.values()), key="preset", bind="query-params")
    names = sorted(client.vintages(), key=lambda name: name != client.default_vintage())
    st.selectbox(
        "Data vintage",
        names,
        key="vintage",
        bind="query-params",
        help="The bundled tables, or tables you imported on the data page.",
    )


def presets() -> tuple[Preset, ...]:
    """The preset asked for, or both, published first."""
    chosen = st.session_state.get("preset", "corrected")
    if chosen == "both":
        return ("published", "corrected")
    return ("published",) if chosen == "published" else ("corrected",)


def vintage() -> str:
    """The data vintage asked for."""
    return str(st.session_state.get("vintage") or client.default_vintage())


def take(preset: Preset, of: str) -> None:
    """Put a preset and a vintage into the sidebar, from a callback; a vintage that is not here is left."""
    st.session_state.update(_wanted(preset, of))


def _wanted(preset: Preset, of: str) -> dict[str, str]:
    return {"preset": preset, **({"vintage": of} if of in client.vintages() else {})}


def _follow_link() -> None:
    """Start a visit from the preset and vintage of the sweep that the address names by its key alone.

    Before the widgets are drawn: they take the address from then on, and a page can't change them.
    """
    asked = None if "design" in st.query_params else client.asked_sweep(st.query_params.get("run", ""))
    if asked is not None and "preset" not in st.session_state:
        wanted = _wanted(asked[0].preset, asked[1] or client.default_vintage())
        st.session_state.update(wanted)
        st.query_params.update(wanted)
