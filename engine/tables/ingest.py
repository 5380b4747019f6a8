"""One way in: a publisher's file of any known kind and vintage, by header signature, to a canonical table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl

from engine.tables import benchmarks, hardware, interventions, models, publications, study_inputs
from engine.tables.cells import Sheet
from engine.tables.columns import Layout, known_share, match
from engine.tables.errors import TableError
from engine.tables.reading import Source, read_source
from engine.tables.schemas import SCHEMAS

Build = Callable[[Sheet], tuple[pl.DataFrame, dict[str, int]]]
_LAYOUTS: dict[str, Layout] = {
    "models": models.LAYOUT,
    "interventions": interventions.LAYOUT,
    "publications": publications.LAYOUT,
    "hardware": hardware.LAYOUT,
    "benchmark_scores": benchmarks.RUNS,
    "scorer": benchmarks.SCORES,
    "model_versions": benchmarks.VERSIONS,
    "task": benchmarks.TASKS,
    "scaling": study_inputs.SCALING,
    "diffusion_pairs": study_inputs.PAIRS,
}
_BUILDS: dict[str, Build] = {
    "models": models.build,
    "interventions": interventions.build,
    "publications": publications.build,
    "hardware": hardware.build,
    "benchmark_scores": benchmarks.build,
    "model_versions": benchmarks.build_versions,
    "scaling": study_inputs.build_scaling,
    "diffusion_pairs": study_inputs.build_pairs,
}
KINDS = tuple(_BUILDS)


@dataclass(frozen=True)
class Ingested:
    """A canonical table with how it was made.

    `drift` has columns column, expected, found, action; `dropped` has reason, rows. `rows_read` and
    `columns_read` are the file's own shape.
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


def ingest(path_or_bytes: str | Path | bytes, name: str | None = None, expect: str | None = None) -> Ingested:
    """Read a file, tell its kind by its header, and make the canonical table.

    `expect` names the kind wanted; a models table also serves where `scaling` is expected. Raises
    `TableError`, one sentence naming the file and, where it applies, column, row and value.
    """
    source = read_source(path_or_bytes, name)
    main, others = _choose(source, expect)
    kind, frame = main
    made = _made(source, kind, frame, others)
    return _as_scaling(made) if expect == "scaling" and kind == "models" else made


def read_table(path: str | Path, kind: str) -> pl.DataFrame:
    """A canonical Parquet of that kind, checked against its schema. Raises `TableError` when it doesn't fit."""
    source = read_source(path)
    return checked(next(iter(source.members.values())), kind, source.name)


def checked(frame: pl.DataFrame, kind: str, file: str) -> pl.DataFrame:
    """The frame with the columns of its schema, in its order. Raises `TableError` when it doesn't fit."""
    try:
        return SCHEMAS[kind].validate(frame, cast=True)
    except (dy.exc.ValidationError, dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split("Resolved plan")[0].split())
        raise TableError(f"{file} is not a valid {kind} table: {reason}.") from None


def _choose(source: Source, expect: str | None) -> tuple[tuple[str, pl.DataFrame], dict[str, tuple[str, pl.DataFrame]]]:
    """(kind, frame) of the main member and, for benchmarks, name and frame of the scores and versions."""
    if not source.archive:
        frame = source.members[source.name]
        return (recognise(frame, source.name, expect), frame), {}
    kinds = {member: _kind_or_none(frame) for member, frame in source.members.items()}
    by_kind = {kind: (member, source.members[member]) for member, kind in kinds.items() if kind}
    wanted = [expect] if expect else ["benchmark_scores", "publications", *KINDS]
    for kind in wanted:
        if kind in by_kind:
            others = {"scores": "scorer", "versions": "model_versions"} if kind == "benchmark_scores" else {}
            return (kind, by_kind[kind][1]), {k: by_kind[v] for k, v in others.items() if v in by_kind}
    raise TableError(_no_member(source, expect))


def _no_member(source: Source, expect: str | None) -> str:
    members = ", ".join(source.members) or "no CSV or Parquet file"
    needed = {"publications": publications.MEMBER, "benchmark_scores": "benchmarks_runs.csv"}.get(expect or "")
    if needed:
        return f"{source.name} has no member {needed}; it holds {members}."
    return f"{source.name} has no member that is a table of the workbench; it holds {members}."


def recognise(frame: pl.DataFrame, file: str, expect: str | None = None) -> str:
    """The kind of a raw frame by its header: the kind whose required and known columns it has most of."""
    if expect == "scaling" and _kind_or_none(frame) == "models":
        return "models"
    if expect:
        return expect
    kind = _kind_or_none(frame)
    if kind is None or kind not in _BUILDS:
        shown = ", ".join(frame.columns[:6])
        raise TableError(f"{file} is none of the known tables ({', '.join(KINDS)}); its columns begin {shown}.")
    return kind


def _kind_or_none(frame: pl.DataFrame) -> str | None:
    scores = []
    for kind, layout in _LAYOUTS.items():
        required = sum(column.required for column in layout.columns)
        present, known = known_share(frame.columns, layout)
        scores.append((present == required, known, kind))
    complete, known, kind = max(scores, key=lambda score: score[:2])
    return kind if complete or known >= 4 else None


def _made(source: Source, kind: str, raw: pl.DataFrame, others: Mapping[str, tuple[str, pl.DataFrame]]) -> Ingested:
    sheet = _sheet(source.name, raw, kind)
    sheets = {"scores": "scorer", "versions": "model_versions"}
    extra = {key: _sheet(member, frame, sheets[key]) for key, (member, frame) in others.items()}
    frame, dropped = benchmarks.build(sheet, extra) if extra else _BUILDS[kind](sheet)
    parts = [sheet, *extra.values()]
    return Ingested(
        kind=kind,
        frame=checked(frame, kind, source.name),
        drift=pl.concat([part.match.drift for part in parts]),
        dropped=pl.DataFrame(list(dropped.items()), schema={"reason": pl.String, "rows": pl.Int64}, orient="row"),
        rows_read=raw.height,
        columns_read=raw.width,
        sha256=source.sha256,
        name=source.name,
        warnings=tuple(warning for part in parts for warning in part.warnings),
    )


def _sheet(file: str, raw: pl.DataFrame, kind: str) -> Sheet:
    return Sheet(file, raw, match(raw.columns, _LAYOUTS[kind], file))


def _as_scaling(made: Ingested) -> Ingested:
    from dataclasses import replace

    return replace(made, kind="scaling", frame=checked(study_inputs.scaling_table(made.frame), "scaling", made.name))
