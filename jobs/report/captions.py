"""Captions: source, licence, vintage, preset and run key of everything that leaves the project."""

from collections.abc import Container, Mapping
from typing import Any

from engine.result import Result
from engine.tables import CATALOGUE
from jobs import data

KEY_LETTERS = 12
FROM = {"scaling": "models"}


def caption(run: Result | None, vintage: str, files: Mapping[str, Any], *, drawn: Container[str] = ()) -> str:
    """One line on what a figure or table was made from; `drawn` names the files that were drawn at random."""
    if run is None:
        return f"No run in this version. Vintage {vintage}."
    rows = {row["table"]: row for row in data.status(vintage).tables["sources"].iter_rows(named=True)}
    names = dict.fromkeys(name if name in files else FROM.get(name, name) for name in run.inputs)
    told = list(dict.fromkeys(_source(name, rows, files, drawn) for name in names)) or ["no table, parameters alone"]
    made = f"Vintage {vintage}, preset {run.spec.get('preset')}, run {run.key[:KEY_LETTERS]}"
    return f"Source: {'; '.join(told)}. {made}."


def _source(name: str, rows: Mapping[str, Mapping[str, Any]], files: Mapping[str, Any], drawn: Container[str]) -> str:
    if name in drawn:
        return f"synthetic {CATALOGUE[name].title.lower()}"
    if name in files or name not in rows:
        return f"{CATALOGUE[name].title.lower()} from a file of one's own"
    row = rows[name]
    return f"{row['publisher']} ({row['licence'].split(' (')[0].split(',')[0]}, retrieved {row['retrieved']})"
