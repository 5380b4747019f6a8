"""Goal seek: the value of any input that brings a figure to a target."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from engine.npv import NpvSpec
from engine.npv.explore import numeric_inputs
from engine.npv.options import GoalFigure
from views import _form, _page
from views._investment import words
from views._investment.asking import goal, places
from views._results import Answer


def show(heads: Sequence[Answer]) -> None:
    """Controls, and the answer of each preset, or why there is none."""
    st.subheader("Goal seek")
    asked = _controls()
    if asked["goal_input"] is None:
        st.info("Choose an input to look for; the others stay as they are, and mu where the calibration put it.")
        return
    for place, head in places(heads):
        with place:
            _answered(goal(head, **asked))


def _controls() -> Mapping[str, Any]:
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    target = NpvSpec.model_fields["goal_value"]
    asked: dict[str, Any] = {
        "goal_input": left.selectbox(
            "Input",
            numeric_inputs(),
            index=None,
            placeholder="Choose an input",
            format_func=words.name,
            key="goal_input",
            bind="query-params",
        ),
        "goal_figure": middle.selectbox(
            "Figure",
            get_args(GoalFigure),
            format_func=words.FIGURES.__getitem__,
            key="goal_figure",
            bind="query-params",
        ),
    }
    with right:
        return {**asked, "goal_value": _form.widget("goal_value", target, target.default)}


def _answered(answer: Answer | None) -> None:
    rows = None if answer is None else answer.result.tables.get("goal")
    if rows is None:
        return
    row = rows.row(0, named=True)
    (st.success if row["value"] is not None else st.warning)(_page.escape(row["sentence"]))
    if row["value"] is not None and not row["monotone"]:
        st.caption("The figure both rises and falls over the range of this input.")
