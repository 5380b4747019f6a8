"""A question made ready to run: its study, tables, needs and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from engine import registry
from engine.regression import DesignError
from engine.result import Result
from engine.spec import Spec, SpecError
from engine.study import Study, Work, run_key
from engine.tables import TableError
from jobs.data import load_tables
from jobs.store import Store

BAD_INPUT = (SpecError, TableError, DesignError)


@dataclass(frozen=True)
class Question:
    """A spec with the tables it is asked of, the questions it needs answered first, and its key."""

    study: Study[Any]
    spec: Spec
    tables: Mapping[str, pl.DataFrame]
    fingerprints: Mapping[str, str]
    notes: tuple[str, ...]
    needs: Mapping[str, "Question"]
    key: str
    vintage: str | None
    files: Mapping[str, str]

    def work(self, needs: Mapping[str, Result]) -> Work[Any]:
        """What the study works on, once its needs are answered."""
        return Work(self.spec, self.tables, needs)

    def chunks(self) -> Sequence[Any]:
        """The chunks of the work; they never depend on the answers to the needs."""
        return self.study.chunks(self.work({}))

    def stored(self, store: Store) -> Result | None:
        """The result in the store; None when absent or damaged, or when chunks that belong to it are."""
        result = store.result(self.key)
        if result is None or not self.study.keeps_chunks:
            return result
        return result if len(store.kept_chunks(self.key)) == len(self.chunks()) else None

    def seconds(self) -> float:
        """Estimated time on one core, needs not counted."""
        return self.study.seconds(self.work({}))

    def record(self) -> dict[str, Any]:
        """Plain values from which another process makes the same question."""
        return {
            "study": self.study.name,
            "spec": self.spec.model_dump(mode="json"),
            "vintage": self.vintage,
            "files": dict(self.files),
            "key": self.key,
        }


def prepare(spec: Spec, vintage: str | None = None, files: Mapping[str, str | Path] | None = None) -> Question:
    """Load what the spec's study and its needs name, and compute the key.

    Raises `TableError` for a table that can't be loaded and `SpecError` for an unknown study.
    """
    study = registry.study(spec.study)
    paths = {name: str(path) for name, path in (files or {}).items()}
    names = [name for name in study.inputs_for(spec) if name in paths or name not in study.optional]
    inputs = load_tables(names, vintage, paths)
    needs = {name: prepare(need, vintage, paths) for name, need in study.needs(spec).items()}
    key = run_key(study, spec, inputs.fingerprints, {name: need.key for name, need in needs.items()})
    return Question(study, spec, inputs.tables, inputs.fingerprints, tuple(inputs.notes), needs, key, vintage, paths)


def from_record(record: Mapping[str, Any]) -> Question:
    """The question of a stored record."""
    spec = registry.study(record["study"]).spec_type.parse(record["spec"])
    return prepare(spec, record["vintage"], record["files"])
