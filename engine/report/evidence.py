"""What the report stands on: the runs it needed, by kind and preset, and the tables they were asked of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from engine.report.spec import ReportSpec
from engine.result import Result
from engine.study import Work

SHOWN_KEY = 12
CHECK_SCHEMA = dict.fromkeys(("name", "status", "evidence", "detail", "key"), pl.String)
RANK = {"green": 0, "amber": 1, "red": 2}


@dataclass(frozen=True)
class Check:
    """Whether something holds: green, amber (look at it) or red (the report is wrong); what shows it, and in words."""

    name: str
    status: str
    evidence: str
    detail: str = ""
    key: str = ""


@dataclass(frozen=True)
class Evidence:
    """The report's spec, input tables and runs."""

    spec: ReportSpec
    tables: Mapping[str, pl.DataFrame]
    runs: Mapping[str, Result]

    @classmethod
    def of(cls, work: Work[ReportSpec]) -> "Evidence":
        return cls(work.spec, work.tables, work.needs)

    def run(self, kind: str, preset: str | None = None) -> Result | None:
        """A run by kind and preset (the primary one when None); None where the report has none."""
        return self.runs.get(f"{kind}/{preset or self.spec.primary}")

    def table(self, kind: str, name: str, preset: str | None = None) -> pl.DataFrame:
        """A table of a run; empty where there is no such run or table."""
        found = self.run(kind, preset)
        return pl.DataFrame() if found is None else found.tables.get(name, pl.DataFrame())

    def check(self, name: str, status: str, source: str, table: str, detail: str) -> Check:
        """A check whose evidence is a table of the run kind/preset."""
        key = self.runs[source].key if source in self.runs else ""
        shown = f" {key[:SHOWN_KEY]}" if key else ""
        return Check(name, status, f"{source}{shown}: {table}", detail, key)


def passed(holds: bool, otherwise: str = "amber") -> str:
    """green where something holds, else the other status."""
    return "green" if holds else otherwise


def worst(statuses: pl.Series) -> str:
    """The worst status of a list; green for none."""
    return max(statuses.to_list(), key=RANK.__getitem__, default="green")


def figures(row: Mapping[str, Any], *names: str) -> list[float | None]:
    """Some values of a row, in order."""
    return [row.get(name) for name in names]
