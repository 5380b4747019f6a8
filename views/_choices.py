"""What every page shares: navigation, and the preset and data vintage chosen in the sidebar, kept in the URL."""

import secrets
from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import Page

from engine.spec import Preset
from jobs import client

TAKEN = "choices taken"
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
        _choices()
    return page


def _visitor() -> str:
    """Who asks: a browser session, by a name made up for it."""
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))


def _choices() -> None:
    st.session_state.update(st.session_state.pop(TAKEN, {}))
    st.radio("Preset", list(PRESETS), captions=list(PRESETS.values()), key="preset", bind="query-params")
    names = list(client.vintages())
    st.selectbox(
        "Data vintage",
        names,
        index=names.index(client.default_vintage()) if client.default_vintage() in names else 0,
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
    """Put a preset and a vintage that is here into the sidebar, from a callback."""
    st.session_state.update(_wanted(preset, of))


def take_now(preset: Preset, of: str) -> None:
    """The same from a page, which runs again where that changes what it asks."""
    wanted = _wanted(preset, of)
    if (presets()[-1], vintage()) != (preset, wanted.get("vintage", vintage())):
        st.session_state[TAKEN] = wanted
        st.rerun()


def _wanted(preset: Preset, of: str) -> dict[str, str]:
    return {"preset": preset, **({"vintage": of} if of in client.vintages() else {})}
