"""What a page asks about a report beside its result: its configuration and files, how far it is, and its package."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.report import ReportSpec
from engine.spec import SpecError
from jobs import data, quota, turns
from jobs.config_file import MAX_BYTES, Config, read_config
from jobs.data.uploads import own_name
from jobs.question import Question
from jobs.report.inputs import synthetic_files
from jobs.report.material import Material, keys_below
from jobs.report.package import write_package
from jobs.settings import settings
from jobs.store import Status, Store

PACKAGE = "replication_package.zip"


@dataclass(frozen=True)
class Part:
    """A run that a report stands on: its name (kind/preset, or its study), key, and where it stands."""

    name: str
    key: str
    status: Status | None

    @property
    def done(self) -> bool:
        return self.status is not None and self.status.state == "done"


def read_text(name: str, content: bytes) -> Config:
    """A configuration brought to a page, which opens no file of this machine. Raises `SpecError`, one sentence."""
    if len(content) > MAX_BYTES:
        raise SpecError(f"{name} is larger than {MAX_BYTES // 2**10:,} KiB; a configuration file is a few lines.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / own_name(name)
        path.write_bytes(content)
        return read_config(path, brought=True)


def with_files(spec: ReportSpec, files: Mapping[str, str]) -> tuple[ReportSpec, dict[str, str]]:
    """Spec and files as the command asks them: synthetic tables drawn where wanted, pairs said to be there or not."""
    used = dict(files)
    if spec.synthetic:
        with tempfile.TemporaryDirectory() as folder:
            for table, path in synthetic_files(spec.seed, Path(folder)).items():
                used[table] = str(data.keep_upload(table, path.name, path.read_bytes()))
    return spec.changed(pairs="diffusion_pairs" in used), used


def parts(question: Question, store: Store) -> list[Part]:
    """Every run a report stands on, the report last; they are then taken to be looked at."""
    names = {need.key: name for name, need in question.needs.items()}
    found = []
    for key, below in reversed(keys_below(question).items()):
        quota.look(store, key)
        status = store.status(key)
        watched = None if status is None else turns.watched(store, key, status)
        found.append(Part(names.get(key, below.study.name), key, watched))
    return found


def seconds(question: Question, store: Store) -> float:
    """Estimated time on one core of the runs that are not stored yet, each counted once."""
    below = keys_below(question).values()
    return sum(each.seconds() for each in below if store.result(each.key) is None)


def missing(question: Question, store: Store) -> list[Question]:
    """What to start so that all is there: the report, or those of its runs that have been removed since."""
    if store.result(question.key) is None:
        return [question]
    return [below for key, below in keys_below(question).items() if store.result(key) is None]


def material(question: Question, config: Config, store: Store) -> Material | None:
    """What pictures, tables, texts and the package are made from; None while a run is missing."""
    result = store.result(question.key)
    runs = {name: found for name, need in question.needs.items() if (found := store.result(need.key)) is not None}
    if result is None or len(runs) < len(question.needs):
        return None
    spec, named = ReportSpec.model_validate(question.spec), question.vintage or settings().vintage
    return Material(spec, result, runs, question, config, named, store)


def package(made: Material) -> bytes:
    """The replication package as a zip: the bytes that the command writes for the same runs."""
    with tempfile.TemporaryDirectory() as folder:
        write_package(made, Path(folder))
        return (Path(folder) / PACKAGE).read_bytes()
