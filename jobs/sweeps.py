"""What a page asks about a sweep beside its result: its file, the time it will take, and the design behind a key."""

import json
import math
import re
import time
from dataclasses import dataclass
from typing import Any

import polars as pl
import yaml

from engine import registry
from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from engine.sweep import SweepSpec, base_spec
from jobs.execute import execute
from jobs.question import Question
from jobs.runner import Measured, Runner, choose, pool_pays
from jobs.settings import settings
from jobs.store import Store
from jobs.sweep_file import load_yaml, sweep_of

ENOUGH_SECONDS = 0.3
KEEPING_SECONDS = 0.02
START_SECONDS = 3.0
MOST_MEASURED = 4_096
KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Pace:
    """Time of one point on one core, and the number of points it was measured on; 0 where the study states it."""

    seconds: float
    measured_on: int


@dataclass(frozen=True)
class Estimate:
    """How long a sweep will take: `seconds` in all, on `workers`, with `before_seconds` of runs it needs first."""

    seconds: float
    workers: int
    before_seconds: float


def described(spec: SweepSpec) -> dict[str, Any]:
    """A sweep as the keys and values of its file."""
    axes = {name: axis.model_dump(mode="json", exclude_defaults=True) for name, axis in spec.axes.items()}
    design: dict[str, Any] = {"kind": spec.kind, "axes": axes, "seed": spec.seed}
    if spec.points is not None:
        design["points"] = spec.points
    return {"study": spec.target, "preset": spec.preset, "base": dict(spec.base), "design": design}


def parsed(text: str, name: str) -> SweepSpec:
    """The sweep of a file's text. Raises `SpecError`, one sentence that names the file and the key at fault."""
    return sweep_of(load_yaml(text, name), name)


def written(spec: SweepSpec) -> str:
    """A sweep as the text of its file, which `parsed` reads."""
    return str(yaml.safe_dump(described(spec), sort_keys=False, allow_unicode=True))


def pace(question: Question, store: Store, most_seconds: float) -> Pace:
    """Time of a point: measured in this process where that takes at most about `most_seconds`, else as stated.

    What the sweep needs first is computed and kept, as it would be by the run itself.
    """
    spec: Any = question.spec
    if waiting_seconds(question, store) + 2 * _stated(question) > most_seconds:
        return Pace(question.seconds() / spec.size(), 0)
    needs = {name: execute(need, store, "inline").result for name, need in question.needs.items()}
    return _measured(question.work(needs), spec.size())


def _measured(work: Work[Any], size: int) -> Pace:
    """Time of a point in the middle of the design, on as many points as a third of a second holds.

    One point is asked before: it loads what the others find loaded.
    """
    study, count = registry.study(SweepSpec.study), min(2, size)
    study.run_chunk(work, _middle(size, 1))
    while True:
        start = time.perf_counter()
        study.run_chunk(work, _middle(size, count))
        seconds = time.perf_counter() - start
        if seconds >= ENOUGH_SECONDS or count == min(size, MOST_MEASURED):
            return Pace(seconds / count, count)
        count = min(count * 8, size, MOST_MEASURED)


def _middle(size: int, count: int) -> list[int]:
    first = (size - count) // 2
    return [first, first + count]


def _stated(question: Question) -> float:
    """Time of one point as the asked study states it; none for a study that answers blocks of points."""
    spec: Any = question.spec
    target = registry.study(spec.target)
    return 0.0 if target.evaluates(spec.axes) else target.seconds(Work(base_spec(spec), question.tables))


def waiting_seconds(question: Question, store: Store) -> float:
    """Stated time of the runs a question needs and the store doesn't have."""
    missing = [need for need in question.needs.values() if store.result(need.key) is None]
    return sum(need.seconds() + waiting_seconds(need, store) for need in missing)


def estimate(question: Question, found: Pace, store: Store) -> Estimate:
    """The time of the whole, from the pace of a point, on the workers that the automatic runner would use."""
    spec: Any = question.spec
    chunks, before = len(question.chunks()), waiting_seconds(question, store)
    workers = _workers(choose("auto", question), chunks, found.seconds * spec.size())
    work = found.seconds * math.ceil(spec.size() / workers) + KEEPING_SECONDS * chunks
    return Estimate(START_SECONDS + before + work, workers, before)


def _workers(runner: Runner, chunks: int, seconds: float) -> int:
    """Workers that a runner will use for that many chunks, of that time on one core in all."""
    most = max(min(int(getattr(runner, "workers", 1)), chunks), 1)
    return 1 if isinstance(runner, Measured) and not pool_pays(seconds, most) else most


def asked(store: Store, run_key: str) -> tuple[SweepSpec, str | None] | None:
    """Design and vintage of a recorded sweep; None where the store has none of that key that can still be asked."""
    record = store.spec(run_key) if KEY.fullmatch(run_key) else None
    if record is None or record.get("study") != SweepSpec.study:
        return None
    try:
        return SweepSpec.parse(record["spec"]), record["vintage"]
    except SpecError:
        return None


def example() -> tuple[Result, pl.DataFrame]:
    """The bundled example: the result of a sweep as `runs export` writes it, and its points."""
    folder = settings().bundled / "examples" / "sweep"
    kept = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    result = Result(kept["study"], kept["summary"], spec=kept["spec"], key=kept["key"], inputs=kept["inputs"])
    return result, pl.read_parquet(folder / "points.parquet")
