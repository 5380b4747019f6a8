"""`make bench`: every benchmark of this folder as ratios of one run; never asserts a time.

Prints name, ours, baseline, limit and ratio (medians of interleaved repeats) and writes them as JSON where BENCH_JSON
says. A module `bench_X.py` gives its rows by `benches()`; names on the command line choose modules.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

COLUMNS = ("name", "ours", "baseline", "limit", "ratio")


def modules(chosen: list[str]) -> list[str]:
    """Names of the benchmark modules, all of them unless some are chosen."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    return [name for name in found if not chosen or name.removeprefix("bench_") in chosen]


def shown(rows: list[dict[str, Any]]) -> Table:
    """The rows as a table."""
    table = Table(*COLUMNS, title="Benchmarks (seconds unless the name says otherwise)")
    for row in rows:
        table.add_row(*(f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS))
    return table


def main() -> None:
    """Run, print, write."""
    rows = [
        row for name in modules(sys.argv[1:]) for row in importlib.import_module(f"tests.benchmarks.{name}").benches()
    ]
    Console(width=140).print(shown(rows))
    if target := os.environ.get("BENCH_JSON"):
        Path(target).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
