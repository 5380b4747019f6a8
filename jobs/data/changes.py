"""What changed from one vintage to another, table by table."""

import hashlib
import json

import polars as pl

from engine.result import Result
from engine.tables.changes import SCHEMAS, table_changes
from jobs.data.layout import TABLES
from jobs.data.loading import load_tables


def changes(old: str, new: str) -> Result:
    """Rows added, removed and revised between two vintages; raises `TableError` where there is no such vintage.

    Tables: those of `engine.tables.changes.table_changes`, all canonical tables in one.
    """
    before, after = load_tables(TABLES, old), load_tables(TABLES, new)
    parts = [table_changes(name, before.tables[name], after.tables[name]) for name in TABLES]
    inputs = {
        f"{name} {vintage}": of.fingerprints[name] for vintage, of in ((old, before), (new, after)) for name in TABLES
    }
    tables = {part: pl.concat(found[part] for found in parts) for part in SCHEMAS}
    counts = tables["counts"].sum()
    summary = {
        "old": old,
        "new": new,
        **{part: int(counts[part][0]) for part in ("added", "removed", "revised", "cells")},
    }
    return Result(
        study="data",
        summary={**summary, "finding": _finding(old, new, tables["counts"])},
        tables=tables,
        warnings=tuple(dict.fromkeys((*before.notes, *after.notes))),
        spec={"old": old, "new": new},
        key=hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest(),
        inputs=inputs,
    )


def _finding(old: str, new: str, counts: pl.DataFrame) -> str:
    changed = [row for row in counts.to_dicts() if row["added"] + row["removed"] + row["cells"]]
    if not changed:
        return f"No table differs between vintage {old} and vintage {new}."
    words = [
        f"{row['table'].replace('_', ' ')}: {row['added']:,} rows added, {row['removed']:,} removed, "
        f"{row['revised']:,} revised in {row['cells']:,} cells"
        for row in changed
    ]
    return f"From vintage {old} to vintage {new}, {'; '.join(words)}."
