"""Tables for a run: a vintage's, with a user's own files in their place where given."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from engine.result import fingerprint
from engine.tables import Ingested, TableError, ingest, scaling_table
from jobs.data.layout import BUNDLED, TABLES, lent, manifest, vintage_dir
from jobs.settings import settings


@dataclass(frozen=True)
class Inputs:
    """Tables by name, their fingerprints, and notes in plain sentences on what was read."""

    tables: Mapping[str, pl.DataFrame]
    fingerprints: Mapping[str, str]
    notes: tuple[str, ...] = ()


def load_tables(
    names: Sequence[str], vintage: str | None = None, files: Mapping[str, str | Path] | None = None
) -> Inputs:
    """The named tables: a user's file where `files` has one, else the vintage's.

    Names are those of the canonical tables. `scaling` comes from the models unless given as a file.
    Raises `TableError`, one sentence, for an unknown name or vintage and for any file that can't be used.
    """
    given = {name: Path(path) for name, path in (files or {}).items()}
    loaded = {name: _load(name, vintage or settings().vintage, given) for name in dict.fromkeys(names)}
    return Inputs(
        {name: frame for name, (frame, _, _) in loaded.items()},
        {name: print_ for name, (_, print_, _) in loaded.items()},
        tuple(dict.fromkeys(note for _, _, notes in loaded.values() for note in notes)),
    )


Loaded = tuple[pl.DataFrame, str, tuple[str, ...]]


def _load(name: str, vintage: str, files: Mapping[str, Path]) -> Loaded:
    if name in files:
        return _from_file(name, files[name])
    if name == "scaling":
        models, _, notes = _load("models", vintage, files)
        frame = scaling_table(models)
        return frame, fingerprint(frame), notes
    if name not in TABLES:
        raise TableError(f"No vintage has a table '{name}'; give it as a file. Vintages have {', '.join(TABLES)}.")
    return _from_vintage(name, vintage)


def _from_file(name: str, path: Path) -> Loaded:
    if not path.is_file():
        return _ingested(name, path)
    state = path.stat()
    return _same_file(name, path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=16)
def _same_file(name: str, path: Path, mtime_ns: int, size: int) -> Loaded:
    return _ingested(name, path)


def _ingested(name: str, path: Path) -> Loaded:
    made = ingest(path, expect=name)
    lost = [f"{made.name}: {rows} rows dropped, {reason}." for reason, rows in made.dropped.iter_rows() if rows]
    return made.frame, fingerprint(made.frame), (*made.warnings, *lost, *_drift_notes(made))


def _drift_notes(made: Ingested) -> list[str]:
    """What the columns of a user's file lack or have too many, a sentence each."""
    told = {"missing": "columns not found, left empty", "unknown": "columns not known, not used"}
    notes = []
    for action, words in told.items():
        rows = made.drift.filter(pl.col("action").str.starts_with(action))
        names = [expected or column for column, expected in rows.select("column", "expected").iter_rows()]
        notes += [f"{made.name}: {words}: {', '.join(names)}."] if names else []
    return notes


def _from_vintage(name: str, vintage: str) -> Loaded:
    entry = manifest(vintage)["tables"].get(name)
    if entry is None:
        if vintage == BUNDLED:
            raise TableError(f"The bundled vintage has no table '{name}'.")
        frame, print_, _ = _from_vintage(name, BUNDLED)
        return frame, print_, (lent(vintage, name),)
    path = vintage_dir(vintage) / f"{name}.parquet"
    try:
        frame = _parquet(path, path.stat().st_mtime_ns, entry["file_sha256"])
    except OSError as error:
        raise TableError(f"{path.name} of vintage {vintage} can't be read ({error.strerror or error}).") from None
    return frame, entry["fingerprint"], ()


@functools.lru_cache(maxsize=64)
def _parquet(path: Path, mtime_ns: int, sha256: str) -> pl.DataFrame:
    """A vintage's table; its bytes must be those the manifest names, so that the fingerprint there holds."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise TableError(f"{path.parent.name}/{path.name} is not the file its manifest names; import it again.")
    return pl.read_parquet(data)
