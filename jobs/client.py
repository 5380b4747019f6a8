"""All that a page may ask of the jobs: find, run and submit a spec, and the data behind it."""

import functools
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from engine.report import ReportSpec
from engine.result import Result
from engine.spec import Spec, SpecError
from engine.sweep import SweepSpec
from jobs import command_line, data, limits, quota, reports, scenario_file, sweeps, turns
from jobs import question as _question
from jobs import submit as _submit
from jobs.alone import run_alone
from jobs.config_file import Config
from jobs.execute import Answer, execute
from jobs.question import Question, from_record, prepare
from jobs.report import material as _material
from jobs.report import tables as _tables
from jobs.report import texts as _texts
from jobs.runner import RunnerName
from jobs.settings import settings
from jobs.store import UNDER_WAY as _UNDER_WAY
from jobs.store import Status, Store

BAD_INPUT = _question.BAD_INPUT
UNDER_WAY = _UNDER_WAY
Files = Mapping[str, str] | None
FILES = command_line.FILES
ReportPart = reports.Part
ReportMaterial = _material.Material


@functools.cache
def store(root: str = "") -> Store:
    """The store of that root, the configured one by default."""
    return Store(root or settings().store_root)


def _asked(spec: Spec, vintage: str | None, files: Files = None) -> Question:
    """A spec made ready, if it is within the limits of this machine."""
    limits.check_spec(spec, vintage, files)
    return limits.check(prepare(spec, vintage, files))


def find(spec: Spec, vintage: str | None = None, files: Files = None) -> Result | None:
    """The stored result of a spec, if there is one. `files` (table to path), here and below, stand in for tables."""
    return store().result(_asked(spec, vintage, files).key)


def run(spec: Spec, vintage: str | None = None, files: Files = None) -> Result:
    """The result of a spec, computed in this process when it is not stored; for work of about a second."""
    return execute(_asked(spec, vintage, files), store(), "inline").result


def submit(spec: Spec, vintage: str | None = None, files: Files = None, runner: RunnerName = "auto") -> str:
    """Start a long run outside this process; its key."""
    return _submit.submit(_asked(spec, vintage, files), store(), runner)


def key(spec: Spec, vintage: str | None = None, files: Files = None) -> str:
    """The key of a spec's run, which the asker is then taken to look at."""
    found = _asked(spec, vintage, files).key
    quota.look(store(), found)
    return found


def seconds(spec: Spec, vintage: str | None = None, files: Files = None) -> float:
    """Estimated time on one core, with the needs that are not stored yet; zero when the result is."""
    return _seconds(_asked(spec, vintage, files))


def _seconds(question: Question) -> float:
    if store().result(question.key) is not None:
        return 0.0
    return question.seconds() + sum(_seconds(need) for need in question.needs.values())


def status(run_key: str) -> Status | None:
    """Where a run stands; None for one never started."""
    found = store().status(run_key)
    return None if found is None else turns.watched(store(), run_key, found)


def load(run_key: str) -> Result | None:
    """The result of a run by key."""
    return store().result(run_key)


def cancel(run_key: str, root: str = "") -> None:
    """Ask a run to stop; one that waits leaves the queue."""
    if not turns.withdraw(store(root), run_key):
        store(root).request_cancel(run_key)


def answer(
    spec: Spec,
    vintage: str | None = None,
    files: Files = None,
    *,
    root: str = "",
    runner: RunnerName = "auto",
    fresh: bool = False,
    progress: Any = None,
) -> Answer:
    """Result and whether it came from the store: what the command line prints."""
    return execute(_asked(spec, vintage, files), store(root), runner, fresh=fresh, progress=progress)


def points(run_key: str, root: str = "") -> pl.DataFrame:
    """The points of a sweep that are done so far, in their order."""
    found = list(point_frames(run_key, root))
    return pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()


def point_frames(run_key: str, root: str = "") -> Iterator[pl.DataFrame]:
    """The points of a sweep that are done so far, a chunk at a time, in their order."""
    kept = store(root)
    record = kept.spec(run_key)
    total = len(from_record(record).chunks()) if record is not None else 0
    return (frame for index in range(total) if (frame := kept.chunk(run_key, index)) is not None)


def told(result: Result) -> Result:
    """A sweep's result as it is printed: with its runner and its wall time."""
    how = {name: result.provenance[name] for name in ("runner", "wall_s")}
    return replace(result, summary={**result.summary, **how})


def run_recorded(run_key: str, root: str, runner: RunnerName) -> None:
    """Run a question recorded in a store: what `submit` starts in another process. Then it is the next run's turn."""
    kept = store(root)
    try:
        run_alone(_recorded(kept, run_key), kept, runner)
    finally:
        turns.hand_over()


def _recorded(kept: Store, run_key: str) -> Question:
    record = kept.spec(run_key)
    if record is None:
        raise SpecError(f"The store {kept.root} has no run '{run_key}'.")
    question = limits.check(from_record(record))
    if question.key != run_key:
        raise SpecError("The data or the engine changed since this run was recorded; start it again.")
    return question


command = command_line.command
vintages = data.vintages
visitors = turns.visitors
data_status = data.status
data_changes = data.changes


def table(name: str, vintage: str | None = None) -> pl.DataFrame:
    """A canonical table of a vintage."""
    return data.load_tables((name,), vintage).tables[name]


def import_files(files: Mapping[str, bytes], vintage: str) -> Result:
    """Make a vintage from uploaded files (name to content); raises `TableError`, changing nothing."""
    limits.refuse_vintages()
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / Path(name).name for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_bytes(content)
        return data.import_files(paths, vintage)


def keep_upload(table_name: str, name: str, content: bytes) -> str:
    """Keep an uploaded file that stands in for a table; its path, for `files`. Raises `TableError`, keeping nothing."""
    return str(data.keep_upload(table_name, name, content))


def default_vintage() -> str:
    """The vintage used when none is named."""
    return settings().vintage


read_scenarios = scenario_file.read
scenario_fields = scenario_file.fields
scenarios_from_link = scenario_file.from_link
scenarios_to_link = scenario_file.to_link
scenarios_to_yaml = scenario_file.to_yaml
scenarios_to_workbook = scenario_file.to_workbook
scenario_name = scenario_file.check_name
safe_in_spreadsheets = scenario_file.guarded
MOST_SCENARIOS = scenario_file.MOST_SCENARIOS


def sweep_pace(spec: SweepSpec, vintage: str | None, most_seconds: float) -> sweeps.Pace:
    """Time of one point of a sweep, see `sweeps.pace`."""
    return sweeps.pace(_asked(spec, vintage), store(), most_seconds)


def sweep_estimate(spec: SweepSpec, vintage: str | None, pace: sweeps.Pace) -> sweeps.Estimate:
    """How long a sweep will take at that pace."""
    return sweeps.estimate(_asked(spec, vintage), pace, store())


def asked_sweep(run_key: str) -> tuple[SweepSpec, str | None] | None:
    """Design and vintage of a recorded sweep."""
    return sweeps.asked(store(), run_key)


sweep_of_text = sweeps.parsed
sweep_as_text = sweeps.written
sweep_as_values = sweeps.described
example_sweep = sweeps.example
most_points = limits.most_points
bundled_vintage = data.BUNDLED
SweepPace = sweeps.Pace
SweepEstimate = sweeps.Estimate


def report_question(spec: ReportSpec, vintage: str, files: Mapping[str, str]) -> Question:
    """A report as the command asks it: see `reports.with_files`."""
    asked, used = reports.with_files(spec, files)
    return _asked(asked, vintage, used)


def report_parts(question: Question) -> list[ReportPart]:
    """Every run a report stands on, the report last, and where each stands."""
    return reports.parts(question, store())


def report_asked_for(question: Question) -> bool:
    """Whether anybody has asked for a report, so that its runs are not those of other pages alone."""
    return store().spec(question.key) is not None


def report_seconds(question: Question) -> float:
    """Estimated time on one core of the runs of a report that are not stored yet."""
    return reports.seconds(question, store())


def start_report(question: Question) -> None:
    """Start what a report lacks, outside this process."""
    for each in reports.missing(question, store()):
        _submit.submit(each, store())


def report_material(question: Question, config: Config) -> ReportMaterial | None:
    """What a report's pictures, tables, texts and package are made from; None while a run is missing."""
    return reports.material(question, config, store())


ReportConfig = Config
ReportQuestion = Question
report_config = reports.read_text
report_package = reports.package
report_pictures = _material.figure_plan
report_tables = _material.table_files
report_summary = _texts.executive_summary
table_text = _tables.shown
table_forms = _tables.files
