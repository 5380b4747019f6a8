"""Sweeps: one study asked at many points of a design. Itself a study, whose chunks are blocks of points."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from engine import registry
from engine.result import Result, fingerprint
from engine.spec import Spec, SpecError
from engine.study import Study, Work
from engine.sweep.design import design
from engine.sweep.needs import needed
from engine.sweep.spec import SweepSpec
from engine.target import base_spec, point_spec, rounded_spec

MAX_CHUNKS = 4_000
SECONDS_PER_CHUNK = 0.5
EVALUATED_PER_CHUNK = 4_096
TEXTS = {"key": pl.String, "error": pl.String}


class Sweep(Study[SweepSpec]):
    """Asks a study at every point; a point that fails is a row with its reason, not the end of the run.

    Points are answered in blocks where the study can vary every axis at once (`Study.varies`) and all points share
    what they need; else one by one, each by its own spec. Together they may need `MAX_NEEDS` other runs.
    """

    spec_type = SweepSpec
    keeps_chunks = True

    def inputs_for(self, spec: SweepSpec) -> tuple[str, ...]:
        """The tables that the points are asked of."""
        return needed(spec).tables

    def needs(self, spec: SweepSpec) -> dict[str, Spec]:
        """Every different need of a point, by the need's own key. Raises `SpecError` for more than `MAX_NEEDS`."""
        return needed(spec).runs

    def chunks(self, work: Work[SweepSpec]) -> Sequence[Any]:
        """Ranges of points, first and last + 1."""
        size, step = work.spec.size(), points_per_chunk(work)
        return [[i, min(i + step, size)] for i in range(0, size, step)]

    def run_chunk(self, work: Work[SweepSpec], chunk: Any) -> pl.DataFrame:
        """One row a point: point, the axes, the summary's figures, error (null where it went well).

        Points asked one by one also have `key`, that of their spec. In a block no point has a spec, as making one
        takes longer than answering; `point_spec(spec, axes).key()` is its key.
        """
        points = _points(work.spec, chunk)
        if in_blocks(work.spec):
            return _last("error", _with_figures(work, _evaluated(work, points)))
        return _last("error", _asked_one_by_one(work, points))

    def pieces(self, work: Work[SweepSpec], chunk: Any) -> Sequence[Any]:
        """A chunk as single points, to find the one that hangs or eats memory."""
        return [[point, point + 1] for point in range(*chunk)]

    def failed(self, work: Work[SweepSpec], piece: Any, reason: str) -> pl.DataFrame:
        """The row of a point that could not be asked."""
        return _failed(work.spec, _points(work.spec, piece), reason)

    def joined(self, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The rows of a chunk from those of its points."""
        return _last("error", pl.concat(parts, how="diagonal_relaxed"))

    def seconds(self, work: Work[SweepSpec]) -> float:
        """Half a second a chunk."""
        return SECONDS_PER_CHUNK * len(self.chunks(work))

    def combine(self, work: Work[SweepSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Counts, and the digest of every chunk: the points themselves stay in the chunks."""
        rows, reasons = [], Counter[str]()
        for index, part in enumerate(parts):
            failed = part.height - part["error"].null_count()
            rows.append({"chunk": index, "points": part.height, "failed": failed, "sha256": fingerprint(part)})
            reasons.update(dict(Counter(part["error"].drop_nulls()).most_common(1)))
        digests = pl.DataFrame(
            rows, schema={"chunk": pl.Int64, "points": pl.Int64, "failed": pl.Int64, "sha256": pl.String}
        )
        failed = int(digests["failed"].sum())
        summary = {"points": work.spec.size(), "done": int(digests["points"].sum()) - failed, "failed": failed}
        return Result(self.name, summary, {"chunks": digests}, _notes(summary, reasons))


def _notes(summary: dict[str, int], reasons: Counter[str]) -> tuple[str, ...]:
    """How many points failed; where none went well, the commonest reason too."""
    points, failed = summary["points"], summary["failed"]
    if not failed:
        return ()
    if failed < points:
        return (f"{failed} of {points} points failed; the column `error` says why.",)
    reason = reasons.most_common(1)[0][0].rstrip(".")
    return (f"All {points} points failed, so there are no figures; the commonest reason: {reason}.",)


def _points(spec: SweepSpec, chunk: Any) -> pl.DataFrame:
    """A range of the design's points with their index."""
    first, last = chunk
    return design(spec)[first:last].with_row_index("point", offset=first)


def points_per_chunk(work: Work[SweepSpec]) -> int:
    """Points a chunk: about half a second of work, and never more than a few thousand chunks in all."""
    each = min(max(round(SECONDS_PER_CHUNK / _seconds_a_point(work)), 1), EVALUATED_PER_CHUNK)
    return max(each, math.ceil(work.spec.size() / MAX_CHUNKS))


def _seconds_a_point(work: Work[SweepSpec]) -> float:
    """Stated time of a point; of the dearest at the ends of an axis where points are answered in blocks."""
    spec, target = work.spec, registry.study(work.spec.target)
    if not in_blocks(spec):
        return max(target.seconds(Work(base_spec(spec), work.tables)), 0.01)
    asked = [base_spec(spec), *(_end(spec, name, end) for name, axis in spec.axes.items() for end in axis.ends())]
    return max(target.point_seconds(Work(each, work.tables)) for each in asked)


def _end(spec: SweepSpec, name: str, value: Any) -> Spec:
    """The asked study's spec at the end of an axis, the others at base; the base where that can't be asked."""
    try:
        return rounded_spec(spec, {name: value})
    except SpecError:
        return base_spec(spec)


def in_blocks(spec: SweepSpec) -> bool:
    """Whether points can be answered in blocks: the study can vary every axis, and all points share their needs."""
    return registry.study(spec.target).evaluates(spec.axes) and needed(spec).common is not None


def _answered(work: Work[SweepSpec], asked: Spec) -> dict[str, Result]:
    """The results a point's spec needs, among those the sweep has."""
    needs = registry.study(work.spec.target).needs(asked)
    lost = [name for name, need in needs.items() if need.key() not in work.needs]
    if lost:
        raise SpecError(f"this point needs a run of {lost[0]} that the sweep has not made; ask it alone.")
    return {name: work.needs[need.key()] for name, need in needs.items()}


def _evaluated(work: Work[SweepSpec], points: pl.DataFrame) -> pl.DataFrame:
    """A block of points at once; halved where it is refused as a whole, until the points at fault stand alone."""
    axes = points.drop("point")
    try:
        found = _figures_of(work, axes)
    except Exception as error:
        if points.height == 1:
            return _failed(work.spec, points, f"{type(error).__name__}: {error}")
        half = points.height // 2
        return pl.concat([_evaluated(work, points[:half]), _evaluated(work, points[half:])], how="diagonal_relaxed")
    return points.hstack(found.drop(axes.columns)).with_columns(error=pl.lit(None, pl.String))


def _failed(spec: SweepSpec, points: pl.DataFrame, reason: str) -> pl.DataFrame:
    key = {} if in_blocks(spec) else {"key": pl.lit(None, pl.String)}
    return points.with_columns(**key, error=pl.lit(reason))


def _with_figures(work: Work[SweepSpec], block: pl.DataFrame) -> pl.DataFrame:
    """A block with the columns of the figures even where no point has any: all chunks are read as one table."""
    if block["error"].null_count():
        return block
    common = needed(work.spec).common
    try:
        found = _figures_of(work, pl.DataFrame({name: [getattr(common, name)] for name in work.spec.axes}))
    except Exception:
        return block
    return block.with_columns(pl.lit(None, kind).alias(n) for n, kind in found.schema.items() if n not in block)


def _figures_of(work: Work[SweepSpec], axes: pl.DataFrame) -> pl.DataFrame:
    """The study's own answer to a block of points."""
    common = needed(work.spec).common
    assert common is not None
    target = registry.study(work.spec.target)
    return target.evaluate(Work(common, work.tables, _answered(work, common)), axes)


def _asked_one_by_one(work: Work[SweepSpec], points: pl.DataFrame) -> pl.DataFrame:
    rows = [{**row, **_figures(work, {n: v for n, v in row.items() if n != "point"})} for row in points.to_dicts()]
    return pl.DataFrame(rows, schema_overrides=TEXTS, infer_schema_length=None)


def _last(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.exclude(name), name)


def _figures(work: Work[SweepSpec], values: dict[str, Any]) -> dict[str, Any]:
    """The key and summary figures of one point, or its error: no fault of a study may end the sweep."""
    try:
        asked = point_spec(work.spec, values)
        result = _ask(work, asked)
    except Exception as error:
        return {"key": None, "error": f"{type(error).__name__}: {error}"}
    figures = {
        name: value
        for name, value in result.summary.items()
        if isinstance(value, bool | int | float | str | None) and name not in values and name != "finding"
    }
    return {"key": asked.key(), **figures, "error": None}


def _ask(work: Work[SweepSpec], asked: Spec) -> Result:
    target = registry.study(work.spec.target)
    own: Work[Any] = Work(asked, work.tables, _answered(work, asked))
    parts = [target.run_chunk(own, chunk) for chunk in target.chunks(own)]
    return target.combine(own, parts)
