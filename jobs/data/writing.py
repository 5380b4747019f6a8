"""Writing a vintage: fixed Parquet bytes, a manifest, and one rename at the end."""

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from engine.result import fingerprint, rows
from engine.tables import CATALOGUE, Ingested


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


@dataclass(frozen=True)
class Part:
    """A table to be written, with the date its source was retrieved and, where downloaded, from where."""

    made: Ingested
    retrieved: str
    url: str = ""


def write_vintage(target: Path, vintage: str, parts: Mapping[str, Part]) -> dict[str, Any]:
    """Write tables and manifest beside `target` and rename; on any error `target` is as it was. The manifest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        contents = {name: parquet_bytes(part.made.frame) for name, part in parts.items()}
        entries = {n: entry(part.made, contents[n], part.retrieved, part.url) for n, part in parts.items()}
        for name, data in contents.items():
            durable(staging / f"{name}.parquet", data)
        head = {"vintage": vintage, "retrieved": max(p.retrieved for p in parts.values()), "tables": entries}
        durable(staging / "manifest.json", (json.dumps(head, indent=1, ensure_ascii=False) + "\n").encode())
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return head


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
    staging.rename(target)
    shutil.rmtree(old, ignore_errors=True)
