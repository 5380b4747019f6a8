"""What the page asks the study: the curve alone, at once; everything, in another process."""

from typing import Any

import streamlit as st

from engine.diffusion import DiffusionSpec
from views import _choices, _results
from views._diffusion import words
from views._results import Answer

CURVE, WHOLE, OTHER = "curve", "whole", "other"
LAST_WHOLE = "last whole diffusion answer"


def curve(spec: DiffusionSpec) -> Answer | None:
    """Subjects, survival curve and figures of a spec, in a twentieth of a second."""
    return _results.ask(spec.changed(parts="curve"), _choices.vintage(), CURVE)


def whole(spec: DiffusionSpec, head: Answer | None) -> Answer | None:
    """Every estimate of a spec; progress while it is computed outside.

    Not asked for where the curve alone (`head`) could not be had: the last one this session saw stays.
    """
    if answers(head, spec.changed(parts="curve")):
        st.session_state[LAST_WHOLE] = _results.ask(spec.changed(parts="all"), _choices.vintage(), WHOLE)
    last: Answer | None = st.session_state.get(LAST_WHOLE)
    return last


def answers(answer: Answer | None, spec: DiffusionSpec) -> bool:
    """Whether an answer is to that spec and vintage, and not an earlier one."""
    return answer is not None and (answer.spec, answer.vintage) == (spec, _choices.vintage())


def by(spec: DiffusionSpec, measure: str, task: str | None) -> Answer | None:
    """The curve of the same rule on another clock."""
    changes: dict[str, Any] = {"measure": measure, "parts": "curve", **({"task": task} if task else {})}
    return _results.ask(spec.changed(**changes), _choices.vintage(), OTHER)


def other_clocks(spec: DiffusionSpec) -> dict[str, tuple[str, str | None]]:
    """The clocks to compare with, by name: capability first, once a benchmark, without the spec's own."""
    tasks = DiffusionSpec.model_fields["task"].annotation
    places: list[tuple[str, str | None]] = [("capability", task) for task in tasks.__args__]  # type: ignore[union-attr]
    places += [(measure, None) for measure in ("compute", "effective_compute", "parameters")]
    if spec.measure == "capability":
        places = places[3:] + places[:3]
    own = (spec.measure, spec.task if spec.measure == "capability" else None)
    return {words.clock(*place): place for place in places if place != own}
