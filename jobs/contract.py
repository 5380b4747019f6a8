"""The machine contract: what a command prints with --json."""

from typing import Any

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
