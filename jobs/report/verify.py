"""Run a replication package again and compare: by hash, else figure by figure within a stated tolerance.

Another processor sums in another order: the kernels of two types of processor gave figures up to 8e-9 apart (forecasts,
far from the data). Figures are printed to seven digits, so what lies within 1e-7 is the same figure.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from engine.report import ReportSpec
from engine.result import Result
from jobs import comparison
from jobs.execute import execute
from jobs.question import Question, prepare
from jobs.store import Store

TOLERANCE = 1e-7
SHOWN = 20
HERE = Path()


class NotReplicated(ValueError):
    """A run that gives another result; the message names the runs."""


def main(folder: Path) -> int:
    """Run again and print a line a run; 0 when every figure agrees, else 1."""
    found = compared(stored(folder), rerun(folder))
    for row in found.iter_rows(named=True):
        print(f"{row['verdict']:>10}  {row['run']}")
        for name in row["differing"][:SHOWN]:
            print(f"            {name}")
    differing = found.filter(pl.col("verdict") == "different").height
    how = f"same hash, or every figure within {TOLERANCE:g} of its column"
    print(f"{found.height - differing} of {found.height} runs agree ({how}).")
    return 1 if differing else 0


def stored(folder: Path = HERE) -> dict[str, Result]:
    """The results in the package, by run; `report` is the whole. Raises `NotReplicated` for one that is damaged."""
    question, store = _question(folder), Store(str(folder / "store"))
    report = store.result(json.loads((folder / "report.json").read_text(encoding="utf-8"))["key"])
    if report is None:
        raise NotReplicated("The report's stored result is damaged or missing.")
    found = {"report": report}
    for row in report.tables["runs"].iter_rows(named=True):
        result = store.result(row["key"])
        if result is None:
            raise NotReplicated(f"The stored result of {row['run']} is damaged or missing.")
        found[row["run"]] = result
    return {name: found[name] for name in ("report", *sorted(question.needs))}


def rerun(folder: Path = HERE) -> dict[str, Result]:
    """Every run again, in a store of its own."""
    question = _question(folder)
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(scratch)
        report = execute(question, store).result
        found = {name: store.result(need.key) for name, need in sorted(question.needs.items())}
    return {"report": report, **{name: result for name, result in found.items() if result is not None}}


def compared(old: Mapping[str, Result], new: Mapping[str, Result]) -> pl.DataFrame:
    """The package's results beside those of `rerun`, as `jobs.comparison.compared` within TOLERANCE."""
    return comparison.compared(old, new, TOLERANCE)


def require_same(found: pl.DataFrame) -> pl.DataFrame:
    """The comparison itself. Raises `NotReplicated` where a run is different."""
    wrong = found.filter(pl.col("verdict") == "different")
    if wrong.height:
        names = ", ".join(f"{row['run']} ({', '.join(row['differing'][:3])})" for row in wrong.iter_rows(named=True))
        raise NotReplicated(f"These runs give other figures than the package: {names}.")
    return found


def _question(folder: Path) -> Question:
    asked: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    files = {name: folder / path for name, path in asked["files"].items()}
    return prepare(ReportSpec.parse(asked["spec"]), asked["vintage"], files)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE))
