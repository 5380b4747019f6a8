"""The report: run everything, then write the whole tree or nothing."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.regression import DesignError
from engine.report import ReportSpec
from engine.report.spec import OPTIONAL
from engine.result import Result
from engine.spec import SpecError
from jobs.config_file import Config
from jobs.execute import Answer, execute
from jobs.question import Question, prepare
from jobs.report.inputs import renamed_file, synthetic_files
from jobs.report.material import Material
from jobs.report.outdir import whole_folder
from jobs.report.tree import write_tree
from jobs.runner import RunnerName
from jobs.settings import settings
from jobs.store import Store

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Made:
    """The report's answer, where its tree lies with how many pictures and tables, and notes on the configuration."""

    answer: Answer
    notes: tuple[str, ...]
    out_dir: str
    figures: int
    tables: int

    def shown(self) -> Result:
        """The result with what the tree adds to its summary."""
        tree = {"out_dir": self.out_dir, "figures": self.figures, "tables": self.tables}
        return replace(self.answer.result, summary={**self.answer.result.summary, **tree})


@dataclass(frozen=True)
class How:
    """Where and how a report runs: store, runner, whether anew, and who is told of the progress."""

    store: Store
    runner: RunnerName = "auto"
    fresh: bool = False
    progress: Progress = lambda told, done, total: None


def make_report(
    out: Path, spec: ReportSpec, config: Config, vintage: str | None, files: Mapping[str, Path], how: How
) -> Made:
    """Run the report and write its tree to `out`.

    `files` stand in for tables, before those of the configuration. Raises `SpecError` before any work for an `out`
    that can't be written, and leaves nothing behind when anything goes wrong.
    """
    started = time.time()
    with whole_folder(out) as folder, TemporaryDirectory() as scratch:
        used, config = _inputs(spec, config, files, Path(scratch))
        answer, material = gather(spec, config, vintage, used, how)
        how.progress("tables and pictures", len(material.runs), len(material.runs) + 1)
        counts = write_tree(material, folder, started)
    return Made(answer, config.notes, str(out), **counts)


def gather(
    spec: ReportSpec, config: Config, vintage: str | None, files: Mapping[str, Path], how: How
) -> tuple[Answer, Material]:
    """The report's answer, from the store where it is there, and what its tree is written from."""
    asked = spec.changed(pairs="diffusion_pairs" in files)
    question = prepare(asked, vintage, files)
    missing = _missing(question, how)
    if missing:
        asked = asked.changed(without=missing)
        question = prepare(asked, vintage, files)
    answer = execute(question, how.store, how.runner)
    runs = {name: _stored(how.store, need.key) for name, need in question.needs.items()}
    named = vintage or settings().vintage
    return answer, Material(asked, answer.result, runs, question, config, named, how.store)


def _inputs(
    spec: ReportSpec, config: Config, files: Mapping[str, Path], scratch: Path
) -> tuple[dict[str, Path], Config]:
    """Files to ask the report of, and the configuration with a note on each column that was looked for."""
    used = {**config.files, **files}
    if spec.synthetic:
        used |= synthetic_files(spec.seed, scratch)
    notes: list[str] = []
    for table, aliases in config.columns.items():
        if table in config.files and table not in files:
            used[table], told = renamed_file(used[table], aliases, scratch)
            notes += told
    return used, replace(config, notes=(*config.notes, *notes))


def _missing(question: Question, how: How) -> dict[str, str]:
    """Run everything, each run told of; the reason of each that the data don't carry and the report can do without."""
    missing: dict[str, str] = {}
    for done, (name, need) in enumerate(question.needs.items()):
        how.progress(name, done, len(question.needs) + 1)
        try:
            execute(need, how.store, how.runner, fresh=how.fresh)
        except (SpecError, DesignError) as error:
            if name.partition("/")[0] not in OPTIONAL:
                raise
            missing[name] = str(error)
    return missing


def _stored(store: Store, key: str) -> Result:
    result = store.result(key)
    if result is None:
        raise OSError(f"The run {key[:12]} was lost from the store; start the report again.")
    return result


__all__ = ["How", "Made", "Progress", "gather", "make_report"]
