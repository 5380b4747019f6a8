"""Policy: what support for a training run does to investment and welfare."""

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.welfare import WelfareSpec
from views import _form, _page
from views._policy import basis, commitment, costs, instruments, sensitivity
from views._results import Answer, answers
from views._tabs import tabs
from views.content import STUDIES

SECTIONS = {
    "Instruments": instruments.show,
    "As cost rises": costs.show,
    "Sensitivity": sensitivity.show,
    "Purchase commitment": commitment.show,
    "Parameters": basis.show,
}
IN_FRONT = ("cost_multiple", "outlay_share", "rho", "mcpf", "exclusivity_curve", "exclusivity_domain")


def inputs(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that matter most, above the settings."""
    places = [*st.columns(4, vertical_alignment="bottom"), *st.columns(2)]
    given = {}
    for place, name in zip(places, IN_FRONT, strict=True):
        with place:
            given[name] = _form.widget(name, WelfareSpec.model_fields[name], defaults[name])
    return given


def dashboard(answer: Answer) -> None:
    """The headline, and a tab a subject."""
    _page.finding(answer.result.summary["finding"])
    tabs("policy", {title: functools.partial(show, answer) for title, show in SECTIONS.items()})


def page() -> None:
    """The page."""
    _page.head(STUDIES["welfare"])
    found = answers("welfare", hide=IN_FRONT, own=inputs)
    for answer in found:
        if answer.preset == "published":
            st.info(answer.result.summary["finding"])
        else:
            dashboard(answer)
    if found:
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
