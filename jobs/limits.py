"""What a small shared machine takes: sizes beyond which a question is to be asked on a laptop."""

from collections.abc import Iterator

from engine.spec import SpecError
from engine.sweep import MAX_POINTS, SweepSpec, base_spec
from engine.tables import TableError
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


def check(question: Question) -> Question:
    """The question, if it is within the limits of this machine; a laptop has none.

    Raises `SpecError`: one sentence with the limit and the command that asks the same on a laptop.
    """
    if settings().mode != "cloud":
        return question
    for what, size, most in _sizes(question):
        if size > most:
            asked = command(question.spec, question.vintage, question.files)
            raise SpecError(
                f"This shared demo takes at most {most:,} {what}, and this asks for {size:,.0f}; "
                f"on a laptop there is no such limit: make a copy of the project and run `{asked}`."
            )
    return question


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


def _sizes(question: Question) -> Iterator[tuple[str, float, float]]:
    """What a question asks for: the measure, its size, and the most of it."""
    spec = question.spec
    if isinstance(spec, SweepSpec):
        yield "points", spec.size(), MOST_POINTS
    asked = base_spec(spec) if isinstance(spec, SweepSpec) else spec
    for field, (most, what) in MOST_OF.items():
        size = getattr(asked, field, None)
        if isinstance(size, int):
            yield what, size, most
    yield "seconds of work", question.seconds(), MOST_SECONDS
