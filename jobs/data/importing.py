"""Adding a named vintage from files a user has."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from engine.result import Result
from engine.tables import Ingested, TableError, ingest, ingest_together, kind_of_file
from jobs.data.layout import BUNDLED, TABLES, manifest, vintage_dir, vintages
from jobs.data.status import report
from jobs.data.writing import Part, dated, write_vintage

_TOGETHER = ("benchmark_scores", "board", "scores", "names", "tasks", "model_versions")


def import_files(paths: Sequence[str | Path], vintage: str, *, replace: bool = False) -> Result:
    """Make a vintage of that name from files of any known kind; tables not among them come from the bundled one.

    Raises `TableError` for a name that is taken (unless `replace`) or can't be one, for a file that can't
    be used, and for two files of one kind; then nothing is changed. Returns what `status` says of it.
    """
    target = new_vintage_dir(vintage, replace)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    made = _by_table([Path(path) for path in paths])
    parts = dated({name: Part(table, today) for name, table in made.items()})
    return report(write_vintage(target, vintage, parts), manifest(BUNDLED))


def new_vintage_dir(vintage: str, replace: bool) -> Path:
    """Folder for a vintage about to be written. Raises `TableError` when it must not be."""
    target = vintage_dir(vintage)
    if vintage == BUNDLED:
        raise TableError(f"The bundled vintage {BUNDLED} can't be replaced; choose another name.")
    if vintage in vintages() and not replace:
        raise TableError(f"There is already a vintage '{vintage}'; choose another name or replace it.")
    return target


def _by_table(paths: Sequence[Path]) -> dict[str, Ingested]:
    if not paths:
        raise TableError("There is no file to import; name at least one.")
    parts = [path for path in paths if path.is_file() and kind_of_file(path) in _TOGETHER]
    whole = [ingest(path) for path in paths if path not in parts]
    made: dict[str, Ingested] = {}
    for table in [*whole, *([ingest_together(parts, "benchmark_scores")] if parts else [])]:
        if table.kind not in TABLES:
            raise TableError(f"{table.name} is a {table.kind} table, which no vintage holds; give it to a study.")
        if table.kind in made:
            raise TableError(f"{made[table.kind].name} and {table.name} are both {table.kind} tables; import one.")
        made[table.kind] = table
    return made
