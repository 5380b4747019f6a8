"""Writing a vintage: fixed Parquet bytes, a manifest, and one rename at the end."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from engine.result import fingerprint, rows
from engine.tables import CATALOGUE, Ingested
from engine.tables.derive import with_version_dates

DATED_BY = {
    "models": "publication_date",
    "interventions": "date_announced",
    "publications": "year",
    "hardware": "release_date",
    "benchmark_scores": "run_date",
}


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet; the same frame gives the same bytes with the same library version."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(None)
    pq.write_table(table, sink, compression="zstd", compression_level=19, store_schema=False, write_page_checksum=True)
    return sink.getvalue()


def entry(made: Ingested, data: bytes, retrieved: str, url: str = "") -> dict[str, Any]:
    """A table's lines in the manifest; `url` is where it was downloaded from, when it was."""
    return {
        "retrieved": retrieved,
        "url": url,
        "rows": made.frame.height,
        **_dates(made),
        "columns": made.frame.width,
        "fingerprint": fingerprint(made.frame),
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "source": made.name,
        "source_sha256": made.sha256,
        "rows_read": made.rows_read,
        "columns_read": made.columns_read,
        "licence": CATALOGUE[made.kind].licence,
        "drift": rows(made.drift),
        "dropped": rows(made.dropped),
        "warnings": list(made.warnings),
    }


def _dates(made: Ingested) -> dict[str, str]:
    """First and last date (or year) of a table."""
    days = made.frame[DATED_BY[made.kind]]
    return {"first_date": str(days.min() or ""), "last_date": str(days.max() or "")}


@dataclass(frozen=True)
class Part:
    """A table to be written, with the date its source was retrieved and, where downloaded, from where."""

    made: Ingested
    retrieved: str
    url: str = ""


def write_vintage(
    target: Path, vintage: str, parts: Mapping[str, Part], kept: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write tables and manifest beside `target` and rename; on any error `target` is as it was. The manifest.

    `kept` holds manifest entries of tables that stay as they lie in `target`.
    """
    keep = {name: kept_entry for name, kept_entry in (kept or {}).items() if name not in parts}
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        contents = {name: parquet_bytes(part.made.frame) for name, part in parts.items()}
        entries = {n: entry(part.made, contents[n], part.retrieved, part.url) for n, part in parts.items()}
        for name, data in contents.items():
            durable(staging / f"{name}.parquet", data)
        for name in keep:
            durable(staging / f"{name}.parquet", (target / f"{name}.parquet").read_bytes())
        latest = max(part["retrieved"] for part in entries.values())
        head = {"vintage": vintage, "retrieved": latest, "tables": {**keep, **entries}}
        durable(staging / "manifest.json", (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode())
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return head


def dated(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The same parts, the models with the release dates of the versions that came with the benchmark runs."""
    scores, models = parts.get("benchmark_scores"), parts.get("models")
    if scores is None or models is None or scores.made.versions is None:
        return dict(parts)
    frame = with_version_dates(models.made.frame, scores.made.versions)
    return {**parts, "models": replace(models, made=replace(models.made, frame=frame))}


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: a temporary one beside it, fsync, rename."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        durable(Path(temporary), data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def durable(path: Path, data: bytes) -> None:
    """Write and fsync."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _swap(staging: Path, target: Path) -> None:
    staging.chmod(0o755)
    old = target.with_name(f".{target.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _settle(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Make a rename in a folder survive a power cut; not every file system can, and then it is left."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
