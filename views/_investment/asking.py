"""What the page asks the study: the figures alone, at once; every table, in another process."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.npv import NpvSpec
from engine.spec import SpecError
from views import _choices, _results
from views._results import Answer

FIGURES, WHOLE, GOAL = "figures", "whole", "goal"
OF_SECTIONS = (
    "parts",
    "goal_input",
    "goal_figure",
    "goal_value",
    "grid_x",
    "grid_y",
    "grid_change",
    "uncertain_data",
    "uncertain_law",
    "uncertain_price",
    "sobol_samples",
)


def figures(spec: NpvSpec) -> Answer | None:
    """Figures, tiers and distribution."""
    return _results.ask(spec.changed(parts="figures"), _choices.vintage(), FIGURES)


def whole(head: Answer, kind: str = WHOLE, **changes: Any) -> Answer | None:
    """Every table of the question that `head` answers, with these changes; progress while it is computed outside."""
    return _changed(head, kind, {"parts": "all", **changes})


def goal(head: Answer, **changes: Any) -> Answer | None:
    """The goal seek of the question that `head` answers."""
    return _changed(head, GOAL, changes)


def _changed(head: Answer, kind: str, changes: dict[str, Any]) -> Answer | None:
    try:
        spec = head.spec.changed(**changes)
    except SpecError as error:
        st.error(str(error))
        return None
    return _results.ask(spec, head.vintage, kind)


def places(answers: Sequence[Answer]) -> list[tuple[DeltaGenerator, Answer]]:
    """A place for each answer, one under the other, named after its preset where there are two."""
    found = []
    for answer in answers:
        place = st.container()
        if len(answers) > 1:
            place.subheader("As published" if answer.preset == "published" else "Corrected")
        found.append((place, answer))
    return found
