"""Sweeps: one study asked at many points of a design. Itself a study, whose chunks are blocks of points."""

import functools
import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine import registry
from engine.result import Result, fingerprint
from engine.spec import Spec, SpecError, parameter
from engine.streams import stream
from engine.study import Study, Work

MAX_POINTS = 1_000_000
MAX_CHUNKS = 4_000
SECONDS_PER_CHUNK = 0.5
EVALUATED_PER_CHUNK = 4_096
MAX_NEEDS = 64
Value = bool | int | float | str | None


class Axis(BaseModel):
    """The values of one field: listed, or `n` of them from `low` to `high` on a linear or logarithmic scale."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float | None = None
    high: float | None = None
    n: int | None = Field(None, ge=1, le=MAX_POINTS)
    scale: Literal["linear", "log"] = "linear"
    values: tuple[Value, ...] | None = Field(None, min_length=1, max_length=MAX_POINTS)

    @model_validator(mode="after")
    def _complete(self) -> "Axis":
        if self.values is None and (self.low is None or self.high is None):
            raise ValueError("an axis needs low and high, or values")
        if self.values is None and self.low is not None and self.high is not None:
            if self.low > self.high:
                raise ValueError("low must not be above high")
            if self.scale == "log" and self.low <= 0:
                raise ValueError("a log axis needs low above 0")
        if self.values is not None and not (self.low is self.high is self.n is None):
            raise ValueError("give an axis values, or low and high, not both")
        return self

    def grid(self) -> list[Value]:
        """The axis's values in a grid; raises `SpecError` where it has bounds but no n."""
        if self.values is not None:
            return list(self.values)
        if self.n is None:
            raise SpecError("A grid axis with low and high needs n, the number of values.")
        return [float(v) for v in self.at(np.linspace(0.0, 1.0, self.n) if self.n > 1 else np.array([0.0]))]

    def at(self, share: np.ndarray) -> np.ndarray:
        """Values at shares (0..1) of the axis: (n,) to (n,)."""
        if self.values is not None:
            index = np.minimum((share * len(self.values)).astype(int), len(self.values) - 1)
            return np.array(self.values, dtype=object)[index]
        assert self.low is not None
        assert self.high is not None
        if self.scale == "log":
            return np.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


class SweepSpec(Spec):
    """A design over the fields of a study."""

    study: ClassVar[str] = "sweep"

    target: str = parameter("npv", "Study", description="the study asked at every point")
    base: dict[str, Any] = parameter({}, "Fields that stay the same")
    kind: Literal["grid", "lhs", "sobol"] = parameter("grid", "Design")
    axes: dict[str, Axis] = parameter({}, "Axes", description="field to its values", min_length=1, max_length=30)
    points: int | None = parameter(None, "Points", ge=1, le=MAX_POINTS, description="of a lhs or sobol design")

    @model_validator(mode="before")
    @classmethod
    def _typed_base(cls, given: Any) -> Any:
        """Base values as the asked study types them, so that '5e-11' and 5e-11 are one question."""
        if not isinstance(given, dict) or not isinstance(given.get("base"), dict):
            return given
        spec_type = registry.study(given.get("target", "npv")).spec_type
        known = {name: value for name, value in given["base"].items() if name in spec_type.model_fields}
        typed = spec_type.parse(known).model_dump(mode="json")
        return {**given, "base": {**given["base"], **{name: typed[name] for name in known}}}

    @model_validator(mode="after")
    def _fits_the_target(self) -> "SweepSpec":
        spec_type = registry.study(self.target).spec_type
        unknown = [name for name in (*self.axes, *self.base) if name not in spec_type.model_fields]
        if unknown:
            raise ValueError(f"{self.target} has no field '{unknown[0]}'; it has {', '.join(spec_type.model_fields)}")
        twice = [name for name in self.axes if name in self.base]
        if twice:
            raise ValueError(f"field '{twice[0]}' is both in base and an axis; keep one")
        if self.kind != "grid" and self.points is None:
            raise ValueError(f"a {self.kind} design needs points")
        if self.size() > MAX_POINTS:
            raise ValueError(f"the design has {self.size():,} points; at most {MAX_POINTS:,} can be swept")
        spec_type.parse({**self.base, "preset": self.base.get("preset", self.preset)})
        return self

    def size(self) -> int:
        """Number of points."""
        if self.kind == "grid":
            return math.prod(len(axis.grid()) for axis in self.axes.values())
        assert self.points is not None
        return self.points


class Sweep(Study[SweepSpec]):
    """Asks a study at every point; a point that fails is a row with its reason, not the end of the run."""

    spec_type = SweepSpec
    keeps_chunks = True

    def inputs_for(self, spec: SweepSpec) -> tuple[str, ...]:
        """The tables of the study that is asked."""
        target = registry.study(spec.target)
        return target.inputs_for(base_spec(spec))

    def needs(self, spec: SweepSpec) -> dict[str, Spec]:
        """Every different need of a point, by the need's own key."""
        found = {need.key(): need for point in _needing(spec) for need in _needs_of(spec, point).values()}
        if len(found) > MAX_NEEDS:
            raise SpecError(f"The points need {len(found)} other runs; at most {MAX_NEEDS} are allowed.")
        return found

    def chunks(self, work: Work[SweepSpec]) -> Sequence[Any]:
        """Ranges of points, first and last + 1."""
        size, step = work.spec.size(), points_per_chunk(work)
        return [[i, min(i + step, size)] for i in range(0, size, step)]

    def run_chunk(self, work: Work[SweepSpec], chunk: Any) -> pl.DataFrame:
        """One row a point: point, key, the axes, the summary's figures, error (null where it went well)."""
        first, last = chunk
        points = design(work.spec)[first:last].with_row_index("point", offset=first)
        if _evaluates(work.spec):
            return _last("error", _evaluated(work, points))
        return _last("error", _asked_one_by_one(work, points))

    def pieces(self, work: Work[SweepSpec], chunk: Any) -> Sequence[Any]:
        """A chunk as single points, to find the one that hangs or eats memory."""
        return [[point, point + 1] for point in range(*chunk)]

    def failed(self, work: Work[SweepSpec], piece: Any, reason: str) -> pl.DataFrame:
        """The row of a point that could not be asked."""
        first, last = piece
        points = design(work.spec)[first:last].with_row_index("point", offset=first)
        return points.with_columns(error=pl.lit(reason))

    def joined(self, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The rows of a chunk from those of its points."""
        return _last("error", pl.concat(parts, how="diagonal_relaxed"))

    def seconds(self, work: Work[SweepSpec]) -> float:
        """Half a second a chunk."""
        return SECONDS_PER_CHUNK * len(self.chunks(work))

    def combine(self, work: Work[SweepSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Counts, and the digest of every chunk: the points themselves stay in the chunks."""
        rows = []
        for index, part in enumerate(parts):
            failed = part.height - part["error"].null_count()
            rows.append({"chunk": index, "points": part.height, "failed": failed, "sha256": fingerprint(part)})
        digests = pl.DataFrame(
            rows, schema={"chunk": pl.Int64, "points": pl.Int64, "failed": pl.Int64, "sha256": pl.String}
        )
        failed = int(digests["failed"].sum())
        summary = {"points": work.spec.size(), "done": int(digests["points"].sum()) - failed, "failed": failed}
        note = (f"{failed} of {summary['points']} points failed; the column `error` says why.",) if failed else ()
        return Result(self.name, summary, {"chunks": digests}, note)


def base_spec(spec: SweepSpec) -> Spec:
    """The asked study's spec with the fields that stay the same."""
    return registry.study(spec.target).spec_type.parse({"preset": spec.preset, "seed": spec.seed, **spec.base})


def point_spec(spec: SweepSpec, values: dict[str, Any]) -> Spec:
    """The asked study's spec at a point."""
    given = {"preset": spec.preset, "seed": spec.seed, **spec.base, **values}
    return registry.study(spec.target).spec_type.parse(given)


@functools.lru_cache(maxsize=4)
def _design(canonical: str) -> pl.DataFrame:
    spec = SweepSpec.model_validate_json(canonical)
    if spec.kind == "grid":
        return _grid(spec)
    shares = _shares(spec)
    return pl.DataFrame([_column(name, axis.at(shares[:, i])) for i, (name, axis) in enumerate(spec.axes.items())])


def _column(name: str, values: np.ndarray) -> pl.Series:
    return pl.Series(name, values.tolist() if values.dtype == object else values, strict=False)


def _grid(spec: SweepSpec) -> pl.DataFrame:
    """The product of the axes, the last one changing fastest; made by column: rows of objects are heavy."""
    point, repeats, columns = np.arange(spec.size()), spec.size(), []
    for name, axis in spec.axes.items():
        values = pl.Series(name, axis.grid(), strict=False)
        repeats //= len(values)
        columns.append(values.gather(point // repeats % len(values)))
    return pl.DataFrame(columns)


def design(spec: SweepSpec) -> pl.DataFrame:
    """The design's points, one column an axis, in the order of their index. Kept for the chunks that follow."""
    return _whole_numbers(spec, _design(spec.canonical()))


def _whole_numbers(spec: SweepSpec, frame: pl.DataFrame) -> pl.DataFrame:
    """Fields that are integers get rounded values."""
    fields = registry.study(spec.target).spec_type.model_fields
    whole = [name for name in frame.columns if fields[name].annotation is int and frame[name].dtype.is_float()]
    return frame.with_columns(pl.col(whole).round().cast(pl.Int64))


def _shares(spec: SweepSpec) -> np.ndarray:
    """Shares (points, axes) in 0..1: a Latin hypercube (McKay 1979) or a scrambled Sobol sequence (Owen 1998)."""
    from scipy.stats import qmc

    rng = stream(spec.seed, "sweep", 0)
    dimensions = len(spec.axes)
    assert spec.points is not None
    if spec.kind == "lhs":
        return qmc.LatinHypercube(dimensions, rng=rng).random(spec.points)
    sampler = qmc.Sobol(dimensions, rng=rng)
    return sampler.random_base2(math.ceil(math.log2(max(spec.points, 2))))[: spec.points]


def points_per_chunk(work: Work[SweepSpec]) -> int:
    """Points a chunk: about half a second of work, and never more than a few thousand chunks in all."""
    target = registry.study(work.spec.target)
    each = EVALUATED_PER_CHUNK
    if not _evaluates(work.spec):
        seconds = max(target.seconds(Work(base_spec(work.spec), work.tables)), 0.01)
        each = max(round(SECONDS_PER_CHUNK / seconds), 1)
    return max(each, math.ceil(work.spec.size() / MAX_CHUNKS))


def _evaluates(spec: SweepSpec) -> bool:
    """Whether points can be answered in blocks: the study can, and all points share their needs."""
    return registry.study(spec.target).evaluates and len(_needing(spec)) == 1


def _needing(spec: SweepSpec) -> list[dict[str, Any]]:
    """The points at which needs can differ: every combination of the axes that change them, the others at base."""
    return _needing_of(spec.canonical())


@functools.lru_cache(maxsize=4)
def _needing_of(canonical: str) -> list[dict[str, Any]]:
    """Kept for the chunks that follow: it goes through the whole design."""
    spec = SweepSpec.model_validate_json(canonical)
    frame = design(spec)
    base = frame.row(0, named=True)
    varying = [name for name in spec.axes if _changes_needs(spec, base, name, frame[name])]
    if not varying:
        return [base]
    return [{**base, **row} for row in frame.select(varying).unique(maintain_order=True).head(MAX_NEEDS + 1).to_dicts()]


def _changes_needs(spec: SweepSpec, base: dict[str, Any], name: str, values: pl.Series) -> bool:
    ends = values.unique(maintain_order=True).head(3).to_list() + values.tail(1).to_list()
    keys = {tuple(sorted(need.key() for need in _needs_of(spec, {**base, name: v}).values())) for v in ends}
    return len(keys) > 1


def _needs_of(spec: SweepSpec, point: dict[str, Any]) -> dict[str, Spec]:
    try:
        return registry.study(spec.target).needs(point_spec(spec, point))
    except SpecError:
        return {}


def _answered(work: Work[SweepSpec], asked: Spec) -> dict[str, Result]:
    """The results a point's spec needs, among those the sweep has."""
    needs = registry.study(work.spec.target).needs(asked)
    return {name: work.needs[need.key()] for name, need in needs.items()}


def _evaluated(work: Work[SweepSpec], points: pl.DataFrame) -> pl.DataFrame:
    """A block of points at once; halved where it is refused as a whole, until the points at fault stand alone."""
    target, base = registry.study(work.spec.target), base_spec(work.spec)
    axes = points.drop("point")
    try:
        found = target.evaluate(Work(base, work.tables, _answered(work, base)), axes)
    except Exception as error:
        if points.height == 1:
            return points.with_columns(error=pl.lit(f"{type(error).__name__}: {error}"))
        half = points.height // 2
        return pl.concat([_evaluated(work, points[:half]), _evaluated(work, points[half:])], how="diagonal_relaxed")
    return points.hstack(found.drop(axes.columns)).with_columns(error=pl.lit(None, pl.String))


def _asked_one_by_one(work: Work[SweepSpec], points: pl.DataFrame) -> pl.DataFrame:
    rows = [{**row, **_figures(work, {n: v for n, v in row.items() if n != "point"})} for row in points.to_dicts()]
    return pl.DataFrame(rows, infer_schema_length=None)


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
