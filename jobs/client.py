"""All that a page may ask of the jobs: find, run and submit a spec, and the data behind it."""

import functools
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from engine.regression import DesignError
from engine.result import Result
from engine.spec import Spec, SpecError
from engine.tables import TableError
from jobs import data
from jobs import submit as _submit
from jobs.execute import Answer, execute
from jobs.question import Question, from_record, prepare
from jobs.runner import RunnerName
from jobs.settings import settings
from jobs.store import Status, Store

BAD_INPUT = (SpecError, TableError, DesignError)


@functools.cache
def store(root: str = "") -> Store:
    """The store of that root, the configured one by default."""
    return Store(root or settings().store_root)


def find(spec: Spec, vintage: str | None = None) -> Result | None:
    """The stored result of a spec, if there is one."""
    return store().result(prepare(spec, vintage).key)


def run(spec: Spec, vintage: str | None = None) -> Result:
    """The result of a spec, computed in this process when it is not stored; for work of about a second."""
    return execute(prepare(spec, vintage), store(), "inline").result


def submit(spec: Spec, vintage: str | None = None, runner: RunnerName = "auto") -> str:
    """Start a long run outside this process; its key."""
    return _submit.submit(prepare(spec, vintage), store(), runner)


def key(spec: Spec, vintage: str | None = None) -> str:
    """The key of a spec's run."""
    return prepare(spec, vintage).key


def seconds(spec: Spec, vintage: str | None = None) -> float:
    """Estimated time on one core, with the needs that are not stored yet; zero when the result is."""
    return _seconds(prepare(spec, vintage))


def _seconds(question: Question) -> float:
    if store().result(question.key) is not None:
        return 0.0
    return question.seconds() + sum(_seconds(need) for need in question.needs.values())


def status(run_key: str) -> Status | None:
    """Where a run stands; None for one never started."""
    return store().status(run_key)


def load(run_key: str) -> Result | None:
    """The result of a run by key."""
    return store().result(run_key)


def cancel(run_key: str) -> None:
    """Ask a run to stop."""
    store().request_cancel(run_key)


def answer(
    spec: Spec,
    vintage: str | None = None,
    files: Mapping[str, str] | None = None,
    *,
    root: str = "",
    runner: RunnerName = "auto",
    fresh: bool = False,
    progress: Any = None,
) -> Answer:
    """Result and whether it came from the store: what the command line prints."""
    return execute(prepare(spec, vintage, files), store(root), runner, fresh=fresh, progress=progress)


def command(spec: Spec, vintage: str | None = None) -> str:
    """The command line that gives the same result."""
    defaults = type(spec).parse({"preset": spec.preset}).model_dump()
    flags = ["--preset", spec.preset]
    for name, value in spec.model_dump().items():
        if name != "preset" and value != defaults[name]:
            flags += [f"--{name.replace('_', '-')}", str(value).lower() if value in (None, True, False) else str(value)]
    if vintage and vintage != settings().vintage:
        flags += ["--vintage", vintage]
    return shlex.join(["python", "-m", "jobs", spec.study, *flags])


def points(run_key: str, root: str = "") -> pl.DataFrame:
    """The points of a sweep that are done so far, in their order."""
    kept = store(root)
    record = kept.spec(run_key)
    if record is None:
        return pl.DataFrame()
    total = len(from_record(record).chunks())
    found = [frame for i in range(total) if (frame := kept.chunk(run_key, i)) is not None]
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def with_points(result: Result, root: str = "") -> Result:
    """A sweep's result as it is shown: with its points, its runner and its wall time."""
    how = {name: result.provenance[name] for name in ("runner", "wall_s")}
    tables = {**result.tables, "points": points(result.key, root)}
    return replace(result, summary={**result.summary, **how}, tables=tables)


def run_recorded(run_key: str, root: str, runner: RunnerName) -> None:
    """Run a question recorded in a store: what `submit` starts in another process."""
    kept = store(root)
    record = kept.spec(run_key)
    if record is None:
        raise SpecError(f"The store {kept.root} has no run '{run_key}'.")
    question = from_record(record)
    if question.key != run_key:
        raise SpecError("The data or the engine changed since this run was recorded; start it again.")
    execute(question, kept, runner)


vintages = data.vintages
data_status = data.status


def table(name: str, vintage: str | None = None) -> pl.DataFrame:
    """A canonical table of a vintage."""
    return data.load_tables((name,), vintage).tables[name]


def import_files(files: Mapping[str, bytes], vintage: str) -> Result:
    """Make a vintage from uploaded files (name to content); raises `TableError`, changing nothing."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / Path(name).name for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_bytes(content)
        return data.import_files(paths, vintage)


def default_vintage() -> str:
    """The vintage used when none is named."""
    return settings().vintage
