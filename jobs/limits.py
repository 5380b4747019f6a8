"""What a small shared machine takes: sizes beyond which a question is to be asked on a laptop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine import registry
from engine.sobol import SobolSpec
from engine.spec import Spec, SpecError
from engine.study import Work
from engine.sweep import MAX_POINTS, SweepSpec
from engine.tables import TableError
from engine.target import base_spec, rounded_spec
from jobs.command_line import command
from jobs.question import Question
from jobs.settings import settings

MOST_POINTS = 20_000
MOST_SECONDS = 300
MOST_OF = {
    "n_paths": (20_000_000, "paths"),
    "replicates": (100_000, "replicates"),
    "samples": (20_000, "samples"),
    "sobol_samples": (20_000, "samples"),
}
MANY_IN_ONE = ("sweep", "sobol", "report")
Files = Mapping[str, str] | None


def check_spec(spec: Spec, vintage: str | None = None, files: Files = None) -> None:
    """Raise `SpecError` where a spec alone, before any table is read, is beyond this machine; a laptop has no limits.

    The sentence has the limit and ends with the command that asks the same on a laptop.
    """
    if settings().mode != "cloud":
        return
    if isinstance(spec, SweepSpec | SobolSpec) and spec.target in MANY_IN_ONE:
        refusal = f"asks no {spec.target} at the points of a {spec.study}, as each would be many runs of its own"
        raise _refused(refusal, spec, vintage, files)
    for what, size, most in _sizes(spec):
        _bound(what, size, most, spec, vintage, files)


def check(question: Question) -> Question:
    """The question, if its spec and its stated work are within the limits of this machine; raises `SpecError`."""
    check_spec(question.spec, question.vintage, question.files)
    if settings().mode == "cloud":
        asked = question.spec, question.vintage, question.files
        _bound("seconds of work", stated_seconds(question), MOST_SECONDS, *asked)
    return question


def stated_seconds(question: Question) -> float:
    """Stated time of all there is to do: every point as the dearest of them, and the runs that are needed first."""
    needed = sum(stated_seconds(need) for need in question.needs.values())
    spec = question.spec
    if not isinstance(spec, SweepSpec | SobolSpec) or _in_blocks(spec, question):
        return needed + question.seconds()
    return needed + max(question.seconds(), _points(spec) * _dearest(spec, question))


def most_points() -> int:
    """The most points of a sweep that this machine takes."""
    return MOST_POINTS if settings().mode == "cloud" else MAX_POINTS


def refuse_ray() -> None:
    """Raise `SpecError` where Ray is not offered."""
    if settings().mode == "cloud":
        raise SpecError("This shared demo has no Ray; choose auto, inline or pool, or use a laptop or a cluster.")


def refuse_vintages() -> None:
    """Raise `TableError` where a vintage would be seen by visitors who didn't bring it."""
    if settings().mode == "cloud":
        raise TableError(
            "This shared demo keeps no vintages, as every visitor would see them; choose your file on a page that "
            "takes one, or import it on a laptop: `python -m jobs data import FILE --vintage NAME`."
        )


def _bound(what: str, size: float, most: float, spec: Spec, vintage: str | None, files: Files) -> None:
    if size > most:
        raise _refused(f"takes at most {most:,} {what}, and this asks for {size:,.0f}", spec, vintage, files)


def _refused(refusal: str, spec: Spec, vintage: str | None, files: Files) -> SpecError:
    return SpecError(
        f"This shared demo {refusal}; on a laptop there is no such limit: make a copy of the project and run "
        f"`{command(spec, vintage, files)}`."
    )


def _sizes(spec: Spec) -> Iterator[tuple[str, float, float]]:
    """What a spec asks for at most: the measure, its size, and the most of it."""
    if isinstance(spec, SweepSpec):
        yield "points", spec.size(), MOST_POINTS
    varied = _varied(spec) if isinstance(spec, SweepSpec | SobolSpec) else {}
    asked = [spec, base_spec(spec)] if isinstance(spec, SweepSpec | SobolSpec) else [spec]
    for field, (most, what) in MOST_OF.items():
        found = [*(getattr(each, field, None) for each in asked), *varied.get(field, ())]
        yield what, max(_number(value) for value in found), most


def _number(value: Any) -> float:
    """A value as a number, which text may be too; 0 for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _varied(spec: Any) -> dict[str, list[Any]]:
    """Values of the fields that a design varies: the ends of numbers, and whatever else there is."""
    if isinstance(spec, SobolSpec):
        return {name: [between.low, between.high] for name, between in spec.inputs.items()}
    return {name: _ends(axis.values or (axis.low, axis.high)) for name, axis in spec.axes.items()}


def _ends(values: Sequence[Any]) -> list[Any]:
    numbers = [value for value in values if isinstance(value, int | float)]
    others = dict.fromkeys(value for value in values if not isinstance(value, int | float))
    return [*((min(numbers), max(numbers)) if numbers else ()), *others]


def _points(spec: Any) -> int:
    """Points of a design; a Sobol design has inputs + 2 a sample."""
    return int(spec.size() * (len(spec.inputs) + 2 if isinstance(spec, SobolSpec) else 1))


def _in_blocks(spec: Any, question: Question) -> bool:
    """Whether the points are answered many at once, which the design's own time allows for."""
    fields = spec.inputs if isinstance(spec, SobolSpec) else spec.axes
    return registry.study(spec.target).evaluates(fields) and len(question.needs) < 2


def _dearest(spec: Any, question: Question) -> float:
    """The longest stated time of a point, found one field after another."""
    values: dict[str, Any] = {}
    longest = 0.0
    for name, options in _varied(spec).items():
        times = {index: _point_seconds(spec, question, {**values, name: v}) for index, v in enumerate(options)}
        values[name] = options[max(times, key=times.__getitem__)]
        longest = max(longest, *times.values())
    return longest


def _point_seconds(spec: Any, question: Question, values: Mapping[str, Any]) -> float:
    """Stated time of a point; none for one that can't be asked."""
    try:
        return registry.study(spec.target).seconds(Work(rounded_spec(spec, values), question.tables))
    except SpecError:
        return 0.0
