"""Investment: what a frontier training run is worth."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from engine.npv import NpvSpec
from views import _choices, _page
from views._form import spec_form
from views._investment import asking, cost, manager, menu, risk, sensitivity, tiers, uncertainty, value, words
from views._results import Answer
from views._tabs import tabs
from views.content import STUDIES

Section = Callable[[Sequence[Answer]], list[Answer]]
SECTIONS: dict[str, Section] = {
    "Value": value.show,
    "Tiers": tiers.show,
    "Risk": risk.show,
    "Cost": cost.show,
    "Sensitivity": sensitivity.show,
    "Uncertainty": uncertainty.show,
    "Scenarios": manager.show,
}


def headline(heads: Sequence[Answer]) -> None:
    """Finding of each preset, what makes it doubtful, the engine that answered and why, and the lead."""
    for place, head in asking.places(heads):
        with place:
            _page.finding(head.result.summary["finding"])
            for note in words.doubts(head.result.warnings):
                st.warning(_page.escape(note))
            st.caption(f"{words.engine(head.result.summary)} {words.lead(head.result.summary)}")


def section(draw: Section, heads: Sequence[Answer], shown: list[Answer]) -> None:
    """Draw a section; what it showed takes the place of the figures alone."""
    shown[:] = draw(heads)


def page() -> None:
    """The page."""
    _page.head(STUDIES["npv"])
    manager.sync()
    top = st.container()
    specs = spec_form(NpvSpec, _choices.presets(), hide=asking.OF_SECTIONS)
    with top:
        menu.show(specs)
    heads = [answer for spec in specs if (answer := asking.figures(spec)) is not None]
    if not heads:
        return
    headline(heads)
    shown: list[Answer] = []
    tabs("npv", {name: partial(section, draw, heads, shown) for name, draw in SECTIONS.items()})
    _page.tables(shown)
    _page.foot(shown)


if __name__ == "__main__":
    page()
