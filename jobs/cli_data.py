"""`python -m jobs data status|check|import|refresh|changes|build`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import App, Parameter

from engine.result import Result
from engine.tables import Ingested, ingest
from jobs import data
from jobs.contract import contract
from jobs.settings import settings

Json = Annotated[bool, Parameter(name="--json", negative=(), help="print one JSON object")]
Vintage = Annotated[str | None, Parameter(help="name of the vintage")]
Replace = Annotated[bool, Parameter(negative=(), help="replace a vintage of that name")]
TERMINAL_ROWS = 20
Source = Annotated[Path, Parameter(name="--from", help="directory of the publishers' files")]


def data_app() -> App:
    """Commands on the data behind the studies."""
    app = App(name="data", help="The data: what is here, check and import files, refresh from the publisher.")
    for name, command in _COMMANDS.items():
        app.command(command, name=name)
    return app


def status(*, vintage: Vintage = None, json: Json = False) -> None:
    """What a vintage holds: rows, sources, licences, drift, dropped rows."""
    _show(data.status(vintage), json)


def check(*files: Path, json: Json = False) -> None:
    """Read files as an import would, and report; nothing is kept."""
    _show(_checked([ingest(path) for path in files]), json)


def import_(*files: Path, vintage: Vintage = None, replace: Replace = False, json: Json = False) -> None:
    """Add a vintage from files of any known kind."""
    _show(data.import_files(files, vintage or _name(files), replace=replace), json)


def refresh(*, vintage: Vintage = None, json: Json = False) -> None:
    """Download the publisher's current files into a vintage."""
    _show(data.refresh(vintage), json)


def changes(old: str, new: str, *, json: Json = False) -> None:
    """What changed from one vintage to another: rows added, removed and revised."""
    _show(data.changes(old, new), json)


def build(*, source: Source, out: Path | None = None, json: Json = False) -> None:
    """Make the bundled tables anew from the publishers' files."""
    _show(data.build_bundled(source, out or settings().bundled), json)


_COMMANDS: dict[str, Callable[..., None]] = {
    "status": status,
    "check": check,
    "import": import_,
    "refresh": refresh,
    "changes": changes,
    "build": build,
}


def _name(files: tuple[Path, ...]) -> str:
    return files[0].stem if files else "import"


def _checked(read: list[Ingested]) -> Result:
    sources = [
        {"name": i.name, "table": i.kind, "sha256": i.sha256, "rows_read": i.rows_read, "rows": i.frame.height}
        for i in read
    ]
    tables = {
        "sources": pl.DataFrame(sources),
        "drift": pl.concat([i.drift.insert_column(0, pl.lit(i.name).alias("file")) for i in read]),
        "dropped": pl.concat([i.dropped.insert_column(0, pl.lit(i.name).alias("file")) for i in read]),
    }
    summary = {"rows": {i.name: i.frame.height for i in read}, "vintage": None, "retrieved": None}
    return Result("data", summary, tables, tuple(note for i in read for note in i.warnings))


def _show(result: Result, as_json: bool) -> None:
    if as_json:
        print(json.dumps(contract(result, None, from_store=False), allow_nan=False))
    else:
        _print(result)


def _short(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables as they fit a terminal: the columns a person asks for, rows that were dropped; heads of lists."""
    if "sources" not in tables:
        return {name: frame.head(TERMINAL_ROWS) for name, frame in tables.items()}
    sources = tables["sources"]
    wanted = [c for c in ("table", "name", "rows", "retrieved", "licence") if c in sources.columns]
    return {**tables, "sources": sources.select(wanted), "dropped": tables["dropped"].filter(pl.col("rows") > 0)}


def _print(result: Result) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for name, frame in _short(result.tables).items():
        whole = result.tables[name].height
        cut = (
            f" (the first {frame.height} of {whole:,}; --json prints all)"
            if TERMINAL_ROWS == frame.height < whole
            else ""
        )
        table = Table(*frame.columns, title=name + cut)
        for row in frame.iter_rows():
            table.add_row(*("" if value is None else str(value) for value in row))
        console.print(table)
    for warning in result.warnings:
        console.print(f"Note: {warning}", markup=False)
