"""Tabs that are computed only once shown."""

from collections.abc import Callable, Mapping

import streamlit as st


def tabs(key: str, sections: Mapping[str, Callable[[], None]]) -> None:
    """A tab a section; the one open, kept in the URL under `key`, is drawn."""
    places = st.tabs(list(sections), key=key, on_change="rerun", bind="query-params")
    for place, draw in zip(places, sections.values(), strict=True):
        if place.open:
            with place:
                draw()
