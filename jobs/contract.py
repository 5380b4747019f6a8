"""The machine contract: what a command prints with --json."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from engine.result import Result, jsonable, rows


def contract(result: Result, preset: str | None, *, from_store: bool, sha256: str | None = None) -> dict[str, Any]:
    """One JSON object with the fields of METHODS section 7; `sha256` where tables were added for printing."""
    origin = {"result_sha256": sha256 or result.sha256(), "from_store": from_store}
    return {
        "study": result.study,
        "preset": preset,
        "key": result.key,
        "inputs": dict(result.inputs),
        "spec": jsonable(result.spec),
        "summary": {**jsonable(result.summary), **origin},
        "tables": {name: rows(frame) for name, frame in result.tables.items()},
        "warnings": list(result.warnings),
    }


def streamed(answer: dict[str, Any], table: str, frames: Iterable[pl.DataFrame]) -> Iterator[str]:
    """The object as JSON text in pieces, with a table more whose frames go in one by one: memory stays that of one."""
    tables = {**answer["tables"], table: []}
    before, after = json.dumps({**answer, "tables": tables}, allow_nan=False).rsplit(f'"{table}": []', 1)
    yield f'{before}"{table}": ['
    comma = ""
    for row in (row for frame in frames for row in rows(frame)):
        yield comma + json.dumps(row, allow_nan=False)
        comma = ", "
    yield f"]{after}\n"
