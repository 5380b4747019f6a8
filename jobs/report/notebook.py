"""The package's notebooks: they call the package and hold no logic of their own."""

import json
from collections.abc import Sequence
from typing import Any

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def replication_notebook(title: str) -> str:
    """Check the files, run everything again, compare, and show the tables."""
    return _notebook(
        [
            ("markdown", f"# {title}\n\nReplication: the files are checked, all is run again and compared."),
            ("code", "import verify\n\nverify.damaged()"),
            ("code", "from jobs.report.verify import compared, rerun, require_same, stored\n\nold = stored()"),
            ("code", "new = rerun()"),
            ("code", "require_same(compared(old, new))"),
            ("markdown", "## Checks\n\nEach with its evidence."),
            ("code", 'new["report"].tables["checks"]'),
            ("markdown", "## Tables"),
            ("code", 'new["report"].tables["summary_statistics"]'),
            ("code", 'new["report"].tables["parameter_estimates"]'),
            ("code", 'new["report"].tables["investment"]'),
        ]
    )


def data_notebook(title: str) -> str:
    """The data: sources, what was dropped, and the table of the scaling laws."""
    return _notebook(
        [
            ("markdown", f"# {title}\n\nData: sources, licences, what was dropped, and the tables."),
            ("code", "from jobs import data\n\nstatus = data.status()"),
            ("code", 'status.tables["sources"]'),
            ("code", 'status.tables["dropped"]'),
            ("code", 'data.load_tables(("scaling",)).tables["scaling"]'),
        ]
    )


def _notebook(cells: Sequence[tuple[str, str]]) -> str:
    """A notebook of format 4.5 with numbered cells, so that the same cells give the same bytes."""
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "cells": [_cell(f"cell-{place}", kind, text) for place, (kind, text) in enumerate(cells)],
    }
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def _cell(name: str, kind: str, text: str) -> dict[str, Any]:
    own: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True), **own}
