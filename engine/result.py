"""A Result is what a study answers: summary figures, named frames, warnings; to and from Arrow, and its hash."""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Result:
    """Summary figures, result tables and warnings of one run, with what they were made from.

    `inputs` maps a table's name to the fingerprint of the frame used; `provenance` says with which
    versions and when, and is the one part that never enters a hash.
    """

    study: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def sha256(self) -> str:
        """SHA-256 over the canonical bytes of every table, in name order, and of the summary."""
        digest = hashlib.sha256(json.dumps(jsonable(self.summary), sort_keys=True).encode())
        for name in sorted(self.tables):
            digest.update(name.encode())
            digest.update(canonical_bytes(self.tables[name]))
        return digest.hexdigest()

    def to_arrow(self) -> pa.Table:
        """One row a table: its name and its Arrow IPC stream; everything else in the schema's metadata."""
        head = {
            "study": self.study,
            "summary": jsonable(self.summary),
            "warnings": list(self.warnings),
            "spec": jsonable(self.spec),
            "key": self.key,
            "inputs": dict(self.inputs),
            "provenance": jsonable(self.provenance),
            "sha256": self.sha256(),
        }
        table = packed(self.tables).to_arrow()
        return table.replace_schema_metadata({"result": json.dumps(head)})

    @classmethod
    def from_arrow(cls, table: pa.Table) -> "Result":
        """The result `to_arrow` wrote. Raises `ResultDamaged` when its bytes don't give its hash."""
        try:
            head = json.loads((table.schema.metadata or {})[b"result"])
            stored = head.pop("sha256")
            result = cls(**{**head, "warnings": tuple(head["warnings"])}, tables=unpacked(pl.DataFrame(table)))
        except (KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
            raise ResultDamaged(f"the stored result can't be read ({error})") from None
        if result.sha256() != stored:
            raise ResultDamaged("the stored result's tables don't match its hash")
        return result


class ResultDamaged(ValueError):
    """A stored result whose bytes are not what was written."""


def packed(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Several named frames as one, for a chunk of many tables. Columns: name, ipc (the frame's Arrow stream)."""
    rows = {"name": list(tables), "ipc": [_ipc(frame) for frame in tables.values()]}
    return pl.DataFrame(rows, schema={"name": pl.String, "ipc": pl.Binary})


def unpacked(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The frames `packed` packed."""
    return {name: _from_ipc(data) for name, data in frame.select("name", "ipc").iter_rows()}


def _ipc(frame: pl.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    table = frame.to_arrow()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _from_ipc(data: bytes) -> pl.DataFrame:
    with pa.ipc.open_stream(pa.BufferReader(data)) as reader:
        frame = pl.from_arrow(reader.read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


def canonical_bytes(frame: pl.DataFrame) -> bytes:
    """Bytes that depend on a frame's names, types and values alone, not on its buffers or library version.

    Floats are little-endian doubles with one NaN and one zero; everything else is its text. A null is
    marked apart from any value.
    """
    parts = [struct.pack("<q", frame.height)]
    for series in frame.get_columns():
        parts += [f"{series.name}:{_type_name(series.dtype)};".encode(), _column_bytes(series)]
    return b"".join(parts)


def fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's canonical bytes."""
    return hashlib.sha256(canonical_bytes(frame)).hexdigest()


def _type_name(dtype: pl.DataType) -> str:
    return "float" if dtype.is_float() else "integer" if dtype.is_integer() else str(dtype)


def _column_bytes(series: pl.Series) -> bytes:
    nulls = np.packbits(series.is_null().to_numpy()).tobytes()
    if series.dtype.is_float():
        values = series.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0
        return nulls + np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()
    if series.dtype.is_integer() or series.dtype == pl.Boolean:
        return nulls + series.cast(pl.Int64).fill_null(0).to_numpy().astype("<i8").tobytes()
    if isinstance(series.dtype, pl.List):
        texts = [json.dumps(v, ensure_ascii=False, default=str) for v in series.to_list()]
    else:
        texts = series.cast(pl.String).fill_null("").to_list()
    lengths = np.array([len(t.encode()) for t in texts], dtype="<i8")
    return nulls + lengths.tobytes() + "".join(texts).encode()


def jsonable(value: Any) -> Any:
    """Plain JSON values: NumPy scalars unwrapped, dates as text, NaN and infinities as null."""
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows as JSON values."""
    return [jsonable(row) for row in frame.iter_rows(named=True)]


def difference(first: Result, second: Result, names: tuple[str, str] = ("published", "corrected")) -> pl.DataFrame:
    """Every numeric summary figure of two results side by side, by default of the two presets.

    Columns: figure, the two names, change (second minus first).
    """
    left, right = _figures(first.summary), _figures(second.summary)
    figures = [*left, *(name for name in right if name not in left)]
    values = {name: [of.get(f) for f in figures] for name, of in zip(names, (left, right), strict=True)}
    schema = {"figure": pl.String, **dict.fromkeys(names, pl.Float64)}
    found = pl.DataFrame({"figure": figures, **values}, schema=schema)
    return found.with_columns(change=pl.col(names[1]) - pl.col(names[0]))


def differences(
    pairs: Mapping[str, tuple[Result, Result]], names: tuple[str, str] = ("published", "corrected")
) -> pl.DataFrame:
    """`difference` of several pairs of results under one another. Columns: study, then those of `difference`."""
    schema = {"study": pl.String, "figure": pl.String, **dict.fromkeys((*names, "change"), pl.Float64)}
    found = [difference(*pair, names).select(pl.lit(study).alias("study"), pl.all()) for study, pair in pairs.items()]
    return pl.concat([pl.DataFrame(schema=schema), *found])


def _figures(summary: Mapping[str, Any]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, value in jsonable(summary).items():
        items = enumerate(value) if isinstance(value, list) else [("", value)]
        for index, item in items:
            if isinstance(item, int | float) and not isinstance(item, bool):
                figures[f"{name}[{index}]" if index != "" else name] = float(item)
    return figures
