"""What a vintage holds, in the machine contract of the `data` command (METHODS 7)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.result import Result
from engine.tables import CATALOGUE
from engine.tables.columns import DRIFT_SCHEMA
from jobs.data.layout import BUNDLED, TABLES, lent, manifest
from jobs.settings import settings

SHOWN_AS = {"benchmark_scores": "benchmarks"}
SOURCE_SCHEMA = {
    "name": pl.String,
    "sha256": pl.String,
    "rows": pl.Int64,
    "licence": pl.String,
    "table": pl.String,
    "publisher": pl.String,
    "url": pl.String,
    "retrieved": pl.String,
    "vintage": pl.String,
    "first_date": pl.String,
    "last_date": pl.String,
    "fingerprint": pl.String,
}


def status(vintage: str | None = None) -> Result:
    """Rows, sources, drift and dropped rows of a vintage. Raises `TableError` when there is no such vintage.

    Tables: `sources` (name, sha256, rows, licence, table, publisher, url, retrieved, vintage, first_date,
    last_date, fingerprint), `drift` (table, column, expected, found, action), `dropped` (table, reason, rows).
    `sha256` is of the publisher's file, `fingerprint` of the canonical table made from it.
    """
    name = vintage or settings().vintage
    return report(manifest(name), manifest(BUNDLED))


def report(own: Mapping[str, Any], bundled: Mapping[str, Any], more: Sequence[str] = ()) -> Result:
    """The result for one manifest; tables it lacks are reported from the bundled one."""
    owner = {table: own if table in own["tables"] else bundled for table in TABLES}
    entries = {table: owner[table]["tables"][table] for table in TABLES}
    missing = [table for table in TABLES if owner[table] is not own]
    notes = [lent(own["vintage"], table) for table in missing]
    warned = [warning for table in TABLES if table not in missing for warning in entries[table]["warnings"]]
    return Result(
        study="data",
        summary={
            "rows": {SHOWN_AS.get(table, table): entry["rows"] for table, entry in entries.items()},
            "vintage": own["vintage"],
            "retrieved": own["retrieved"],
        },
        tables={
            "sources": _sources(owner, entries),
            "drift": _listed(entries, "drift", {"table": pl.String, **DRIFT_SCHEMA}),
            "dropped": _listed(entries, "dropped", {"table": pl.String, "reason": pl.String, "rows": pl.Int64}),
        },
        warnings=(*more, *notes, *warned),
        spec={"vintage": own["vintage"]},
        key=hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest(),
        inputs={table: entry["fingerprint"] for table, entry in entries.items()},
    )


def _sources(owner: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    rows = [
        {
            "name": entry["source"],
            "sha256": entry["source_sha256"],
            "rows": entry["rows"],
            "licence": entry["licence"],
            "table": table,
            "publisher": CATALOGUE[table].source,
            "url": entry.get("url") or CATALOGUE[table].url,
            "retrieved": entry["retrieved"],
            "vintage": owner[table]["vintage"],
            **{name: entry[name] for name in ("first_date", "last_date", "fingerprint")},
        }
        for table, entry in entries.items()
    ]
    return pl.DataFrame(rows, schema=SOURCE_SCHEMA)


def _listed(entries: Mapping[str, Mapping[str, Any]], part: str, schema: Mapping[str, Any]) -> pl.DataFrame:
    rows = [{"table": table, **row} for table, entry in entries.items() for row in entry[part]]
    return pl.DataFrame(rows, schema=dict(schema))
