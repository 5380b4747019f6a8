"""Two results of one question side by side: by hash, else figure by figure.

On one type of processor a question has one result, to the bit; another one sums in another order.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from engine.result import Result, jsonable

SCHEMA: dict[str, Any] = {"run": pl.String, "verdict": pl.String, "figures": pl.Int64, "differing": pl.List(pl.String)}
LABELS = ("key", "evidence", "result_sha256", "sha256")


def compared(old: Mapping[str, Result], new: Mapping[str, Result], tolerance: float) -> pl.DataFrame:
    """Both sides a run. Columns: run, verdict (same, close, different), figures, differing (their names).

    Close is every figure within `tolerance` of the largest of its column.
    """
    rows = [(name, *_compared(old[name], new.get(name), tolerance)) for name in old]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _compared(old: Result, new: Result | None, tolerance: float) -> tuple[str, int, list[str]]:
    if new is None:
        return "different", 0, ["the run has no result"]
    if old.sha256() == new.sha256():
        return "same", sum(1 for _ in figures(old)), []
    left, right = dict(figures(old)), dict(figures(new))
    scale = _scales(left)
    names = {**left, **right}
    differing = [
        name for name in names if not _close(left.get(name), right.get(name), scale.get(_column(name), 0.0), tolerance)
    ]
    return ("different" if differing else "close"), len(left), differing


def figures(result: Result) -> Iterator[tuple[str, Any]]:
    """Every figure of a result with its name, hashes and keys of runs left out: they follow from the figures."""
    for name, value in jsonable(result.summary).items():
        yield f"summary {name}", value
    for table, frame in result.tables.items():
        for column in (c for c in frame.columns if c not in LABELS):
            for place, value in enumerate(frame[column].to_list()):
                yield f"{table} {column}[{place}]", value


def _column(name: str) -> str:
    return name.partition("[")[0]


def _scales(found: Mapping[str, Any]) -> dict[str, float]:
    """The largest figure of each column: differences of near-equal figures are no better known than those."""
    scales: dict[str, float] = {}
    for name, value in found.items():
        if isinstance(value, float) and math.isfinite(value):
            scales[_column(name)] = max(scales.get(_column(name), 0.0), abs(value))
    return scales


def _close(left: Any, right: Any, scale: float, tolerance: float) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (left, right))
    if not numbers or left == right:
        return bool(left == right)
    return abs(left - right) <= tolerance * max(abs(left), abs(right), scale) or (left != left and right != right)
