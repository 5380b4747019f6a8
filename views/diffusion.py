"""Diffusion: how long a closed model's lead lasts."""

from collections.abc import Callable

import streamlit as st

from engine.diffusion import DiffusionSpec
from views import _choices, _page
from views._diffusion import (
    asking,
    clocks,
    followers,
    groups,
    hazards,
    leads,
    published,
    selection,
    sensitivity,
    subjects,
)
from views._diffusion.words import interval, months
from views._form import spec_form
from views._results import Answer
from views.content import STUDIES

AT_ONCE: dict[str, Callable[[Answer], None]] = {"Leads": leads.show, "Subjects": subjects.show}
IN_FULL: dict[str, Callable[[Answer], None]] = {
    "Clocks": clocks.show,
    "Groups": groups.show,
    "Hazards": hazards.show,
    "Who follows": followers.show,
    "Sensitivity": sensitivity.show,
    "Selection": selection.show,
}


def figures(answer: Answer) -> None:
    """Subjects, events and median."""
    s = answer.result.summary
    places = st.columns(4)
    places[0].metric("Near the frontier", s["near_frontier"])
    places[1].metric("Already matched", s["already_matched"], help="an open model was there on the release day")
    places[2].metric("Subjects (ended)", f"{s['subjects']} ({s['events']})")
    places[3].metric("Median lead (months)", months(s["median_months"]))
    st.caption(
        f"95 % interval of the median: {interval(s['ci_low'], s['ci_high']) or 'none'} months; clustered by follower: "
        f"{interval(s['cluster_low'], s['cluster_high']) or 'none'}."
    )


def section() -> str:
    """The section chosen; in the URL."""
    names = ["Leads", "Clocks", "Subjects", *(name for name in IN_FULL if name != "Clocks")]
    return str(
        st.segmented_control("Section", names, default="Leads", required=True, key="section", bind="query-params")
    )


def dashboard(spec: DiffusionSpec) -> Answer | None:
    """Headline and the section chosen; the answer they show."""
    top = st.container()
    with top:
        head = asking.curve(spec)
    if head is None:
        return None
    name = section()
    shown = asking.whole(spec, head) if name in IN_FULL else head
    with top:
        headline(shown if shown is not None and asking.answers(shown, spec.changed(parts="all")) else head)
    if shown is not None:
        {**AT_ONCE, **IN_FULL}[name](shown)
    return shown or head


def headline(answer: Answer) -> None:
    """Finding and figures."""
    _page.finding(answer.result.summary["finding"])
    figures(answer)


def page() -> None:
    """The page."""
    _page.head(STUDIES["diffusion"])
    found = []
    for place, spec in places(spec_form(DiffusionSpec, _choices.presets(), hide=("parts",))):
        with place:
            answer = of_pairs(spec) if spec.preset == "published" else dashboard(spec)
            found += [] if answer is None else [answer]
    if found:
        _page.tables(found)
        _page.foot(found)


def of_pairs(spec: DiffusionSpec) -> Answer | None:
    """The published preset."""
    answer = published.ask(spec)
    if answer is not None:
        published.show(answer)
    return answer


def places(specs: list[DiffusionSpec]) -> list[tuple[st.delta_generator.DeltaGenerator, DiffusionSpec]]:
    """A place for each spec, one under the other: a section needs the whole width."""
    found = []
    for spec in specs:
        place = st.container()
        if len(specs) > 1:
            place.header("As published" if spec.preset == "published" else "Corrected")
        found.append((place, spec))
    return found


if __name__ == "__main__":
    page()
