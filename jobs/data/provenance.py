"""The provenance page of the bundled tables, written from their manifest and the catalogue."""

from collections.abc import Mapping
from typing import Any

from engine.tables import CATALOGUE, SCHEMAS

_HEAD = """# Provenance of the bundled tables

Written by `python -m jobs data build`, together with the tables; do not edit.

The tables of vintage {vintage} in this folder hold facts and figures only: names, dates, categories and numbers,
in the project's own schema. They hold no source file and no text by the publishers. Code is under the MIT licence;
the data are licensed apart from it, as said below.

| table | rows | columns | publisher | licence | source retrieved |
|---|---|---|---|---|---|
"""


_TAIL = """
## Shapes of the world map

`views/charts/world.json`: country outlines of Natural Earth 4.1.0 at 1:110m (public domain), by way of the npm package
world-atlas 2.0.2 (ISC licence); countries named as in the tables, Antarctica left out. No figure is drawn from it.

## Example of a sweep

`examples/sweep/`: 1,280 points of the investment study asked by `examples/sweep.yaml`, computed from the bundled tables
for the sweep page to show before anything has been run. Made by `python -m jobs sweep data/examples/sweep.yaml` and
`python -m jobs runs export KEY --out data/examples/sweep`, with the KEY that the first command prints; the page reads
`result.json` and `points.parquet`.
"""


def provenance_page(manifest: Mapping[str, Any]) -> str:
    """The page in Markdown: source, licence, vintage, rule of selection and every transformation, a table each."""
    tables = manifest["tables"]
    lines = [
        f"| [{name}](#{name}) | {entry['rows']:,} | {entry['columns']} | {CATALOGUE[name].source} | "
        f"{CATALOGUE[name].licence} | {entry['retrieved']} |\n"
        for name, entry in tables.items()
    ]
    sections = [_section(name, entry) for name, entry in tables.items()]
    return _HEAD.format(vintage=manifest["vintage"]) + "".join([*lines, *sections, _TAIL])


def _section(name: str, entry: Mapping[str, Any]) -> str:
    about = CATALOGUE[name]
    parts = [
        f"\n## {name}\n\n**{about.title}.** {about.note[0].upper()}{about.note[1:]}.\n",
        f"\n- Source: {about.source}, <{about.url}>, retrieved {entry['retrieved']}.\n",
        f"- Source file: `{entry['source']}`, {entry['rows_read']:,} rows x {entry['columns_read']} columns, "
        f"SHA-256 `{entry['source_sha256']}`.\n",
        f"- Dates in the table: {entry['first_date']} to {entry['last_date']}.\n",
        f"- Licence: {about.terms}\n",
        f"- Selection: {about.selection}\n",
        f"- Table: `{name}.parquet`, {entry['rows']:,} rows x {entry['columns']} columns, fingerprint "
        f"`{entry['fingerprint']}`.\n",
        "\nTransformations:\n\n" + "".join(f"- {step}\n" for step in about.steps),
        _dropped(entry),
        _drift(entry),
        _columns(name),
    ]
    return "".join(parts)


def _dropped(entry: Mapping[str, Any]) -> str:
    rows = [f"- {row['reason']}: {row['rows']:,}\n" for row in entry["dropped"]]
    notes = [f"- {warning}\n" for warning in entry["warnings"]]
    return "\nRows dropped:\n\n" + "".join(rows or ["- none\n"]) + ("\nNotes:\n\n" + "".join(notes) if notes else "")


def _drift(entry: Mapping[str, Any]) -> str:
    if not entry["drift"]:
        return "\nEvery expected column was found under its expected name.\n"
    head = "| column | expected | found | action |\n|---|---|---|---|\n"
    rows = [f"| {row['column']} | {row['expected']} | {row['found']} | {row['action']} |\n" for row in entry["drift"]]
    return "\nColumns that differ from what was expected:\n\n" + head + "".join(rows)


def _columns(name: str) -> str:
    columns = SCHEMAS[name].columns().items()
    shown = [f"`{column}`" + (f" ({about.metadata['unit']})" if about.metadata else "") for column, about in columns]
    return "\nColumns: " + ", ".join(shown) + ".\n"
