"""One way in: a publisher's file of any known kind and vintage, by header signature, to a canonical table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import dataframely as dy
import polars as pl

from engine.tables import benchmarks
from engine.tables.cells import Sheet
from engine.tables.columns import match
from engine.tables.errors import TableError, shortened
from engine.tables.kinds import BUILDS, KINDS, LAYOUTS, kind_of
from engine.tables.reading import Source, read_files, read_source
from engine.tables.schemas import SCHEMAS
from engine.tables.study_inputs import scaling_table

_PREFERRED = {"models": "all_ai_models.csv", "hardware": "ml_hardware.csv", "publications": "data.csv"}
_NEEDED = {"publications": "data.csv", "benchmark_scores": "benchmarks_runs.csv"}
_BESIDE = {"scores": "scores", "versions": "model_versions", "names": "names"}


@dataclass(frozen=True)
class Ingested:
    """A canonical table with how it was made.

    `drift` has columns column, expected, found, action; `dropped` has reason, rows (every reason looked
    for, zeros too). `rows_read` and `columns_read` are the file's own shape.
    """

    kind: str
    frame: pl.DataFrame
    drift: pl.DataFrame
    dropped: pl.DataFrame
    rows_read: int
    columns_read: int
    sha256: str
    name: str
    warnings: tuple[str, ...] = ()
    versions: pl.DataFrame | None = None


def ingest(path_or_bytes: str | Path | bytes, name: str | None = None, expect: str | None = None) -> Ingested:
    """Read a file, tell its kind by its header, and make the canonical table.

    `expect` names the kind wanted; a models table also serves where `scaling` is expected. Raises
    `TableError`, one sentence naming the file and, where it applies, column, row and value.
    """
    source = read_source(path_or_bytes, name)
    made = _archive(source, expect) if source.archive else _single(source, expect)
    if expect == "scaling" and made.kind == "models":
        return replace(made, kind="scaling", frame=checked(scaling_table(made.frame), "scaling", made.name))
    return made


def ingest_together(paths: Sequence[str | Path], expect: str | None = None) -> Ingested:
    """Read files that make one table together, as if they lay in one folder (Epoch's benchmark tables)."""
    return _archive(read_files([Path(path) for path in paths]), expect)


def kind_of_file(path: str | Path) -> str | None:
    """The kind of a single file by its header, also of helper tables; None for an archive or an unknown one."""
    source = read_source(path)
    return None if source.archive else kind_of(source.frame(source.name).columns)


def read_table(path: str | Path, kind: str) -> pl.DataFrame:
    """A canonical Parquet of that kind, checked against its schema. Raises `TableError` when it doesn't fit."""
    source = read_source(path)
    return checked(source.frame(next(iter(source.members))), kind, source.name)


def checked(frame: pl.DataFrame, kind: str, file: str) -> pl.DataFrame:
    """The frame with the columns of its schema, in its order. Raises `TableError` when it doesn't fit."""
    try:
        good, failed = SCHEMAS[kind].filter(frame, cast=True)
    except (dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
        raise TableError(f"{file} does not fit the {kind} table: {str(error).splitlines()[0]}.") from None
    if counts := failed.counts():
        rule, rows = max(counts.items(), key=lambda item: item[1])
        column, _, test = rule.partition("|")
        raise TableError(
            f"{file} does not fit the {kind} table: column '{column}' breaks its rule '{test}' in {rows} rows."
        )
    return good


def _single(source: Source, expect: str | None) -> Ingested:
    frame = source.frame(source.name)
    kind = kind_of(frame.columns)
    if expect and kind != expect and not _serves(kind, expect):
        _refuse_other(source.name, frame, kind, expect)
        kind = expect
    if kind == "board":
        return _boards(source, {source.name: frame}, {})
    if kind in ("scores", "names", "tasks"):
        raise TableError(f"{source.name} is one part of the benchmark tables; give their folder or zip.")
    if kind is None:
        shown = shortened(", ".join(frame.columns[:6]), 120)
        raise TableError(f"{source.name} is none of the known tables ({', '.join(KINDS)}); its columns begin {shown}.")
    return _table(source, kind, source.name, frame)


def _serves(kind: str | None, expect: str) -> bool:
    return (kind, expect) in (("models", "scaling"), ("board", "benchmark_scores"))


def _refuse_other(file: str, frame: pl.DataFrame, kind: str | None, expect: str) -> None:
    """Raise the plainer of two errors: a column is missing, or the file is another table altogether."""
    try:
        match(frame.columns, LAYOUTS[expect], file)
    except TableError as error:
        if kind is None or kind not in BUILDS:
            raise
        raise TableError(f"{str(error).rstrip('.')}; it looks like a {kind} table.") from None


def _archive(source: Source, expect: str | None) -> Ingested:
    frames, faults = {}, []
    for member in source.members:
        try:
            frames[member] = source.frame(member)
        except TableError as error:
            faults.append(error)
    kinds = {member: kind_of(frame.columns) for member, frame in frames.items()}
    for kind in [expect] if expect else ["benchmark_scores", *KINDS]:
        members = [member for member, found in kinds.items() if found == kind]
        boards = [m for m, found in kinds.items() if found == "board"] if kind == "benchmark_scores" else []
        if members:
            return _of_archive(source, kind, _one(source, kind, members), frames, kinds)
        if boards:
            return _boards(source, {m: frames[m] for m in boards}, _beside(frames, kinds))
    raise _nothing_found(source, expect, frames, faults)


def _nothing_found(
    source: Source, expect: str | None, frames: Mapping[str, pl.DataFrame], faults: list[TableError]
) -> TableError:
    if faults:
        return faults[0]
    members = ", ".join(source.members) or "no CSV or Parquet file"
    needed = _NEEDED.get(expect or "")
    if expect and needed and needed in frames:
        match(frames[needed].columns, LAYOUTS[expect], f"{source.name}/{needed}")
    what = f"member {needed}" if needed else f"member that is a {expect or 'known'} table"
    return TableError(f"{source.name} has no {what}; it holds {members}.")


def _one(source: Source, kind: str, members: list[str]) -> str:
    if len(members) == 1:
        return members[0]
    if _PREFERRED.get(kind) in members:
        return _PREFERRED[kind]
    raise TableError(f"{source.name} holds several {kind} tables ({', '.join(members)}); give one of them alone.")


def _of_archive(
    source: Source, kind: str, member: str, frames: Mapping[str, pl.DataFrame], kinds: Mapping[str, str | None]
) -> Ingested:
    if kind != "benchmark_scores":
        return _table(source, kind, f"{source.name}/{member}", frames[member])
    sheet = _sheet(f"{source.name}/{member}", frames[member], kind)
    others = _beside(frames, kinds)
    return _made(source, kind, sheet, benchmarks.build(sheet, others), others)


def _beside(frames: Mapping[str, pl.DataFrame], kinds: Mapping[str, str | None]) -> dict[str, Sheet]:
    """Sheets of an archive's helper tables, by the part they play."""
    first = {kind: member for member, kind in reversed(list(kinds.items())) if kind}
    return {part: _sheet(first[kind], frames[first[kind]], kind) for part, kind in _BESIDE.items() if kind in first}


def _boards(source: Source, frames: Mapping[str, pl.DataFrame], others: dict[str, Sheet]) -> Ingested:
    sheets = {member: _sheet(member, frame, "board") for member, frame in frames.items()}
    first = next(iter(sheets.values()))
    left = [member for member in source.members if member not in frames and not member.endswith("metadata.csv")]
    if left:
        first.warnings.append(f"{source.name}: files without runs by Epoch itself, left out: {len(left)}.")
    built = benchmarks.build_boards(sheets, others)
    rest = {f"board {member}": sheet for member, sheet in sheets.items() if sheet is not first}
    made = _made(source, "benchmark_scores", first, built, {**rest, **others})
    return replace(made, rows_read=sum(f.height for f in frames.values()), drift=made.drift.unique(maintain_order=True))


def _table(source: Source, kind: str, file: str, frame: pl.DataFrame) -> Ingested:
    sheet = _sheet(file, frame, kind)
    return _made(source, kind, sheet, BUILDS[kind](sheet), {})


def _sheet(file: str, raw: pl.DataFrame, kind: str) -> Sheet:
    return Sheet(file, raw, match(raw.columns, LAYOUTS[kind], file))


def _made(
    source: Source, kind: str, sheet: Sheet, built: tuple[pl.DataFrame, dict[str, int]], others: Mapping[str, Sheet]
) -> Ingested:
    frame, dropped = built
    if frame.is_empty():
        lost = ", ".join(f"{rows} dropped ({reason})" for reason, rows in dropped.items() if rows) or "it has none"
        raise TableError(f"{source.name} has no usable rows: {lost}.")
    parts = [sheet, *others.values()]
    return Ingested(
        kind=kind,
        frame=checked(frame, kind, source.name),
        drift=pl.concat([part.match.drift for part in parts]),
        dropped=pl.DataFrame(list(dropped.items()), schema={"reason": pl.String, "rows": pl.Int64}, orient="row"),
        rows_read=sheet.raw.height,
        columns_read=sheet.raw.width,
        sha256=source.sha256,
        name=source.name,
        warnings=tuple(warning for part in parts for warning in part.warnings),
        versions=benchmarks.build_versions(others["versions"])[0] if "versions" in others else None,
    )
