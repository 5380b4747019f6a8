"""Sobol indices of a study's figures: itself a study, whose chunks are blocks of the design's points."""

import ast
import functools
import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from engine import registry
from engine.result import Result
from engine.sensitivity import Range, samples_for, sobol_design, sobol_indices
from engine.spec import Spec, SpecError, parameter
from engine.study import Study, Work
from engine.target import base_spec, check_fields, is_whole, point_spec, typed_base

SECONDS_PER_CHUNK = 0.5
POINTS_PER_CHUNK = 4_096
MAX_CHUNKS = 4_000


class Between(BaseModel):
    """The range of one input, on a linear or logarithmic scale."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _in_order(self) -> "Between":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("a log scale needs low above 0")
        return self


def _mapping(given: Any) -> Any:
    """A mapping, from text such as 'a=1,b=2' or the text of a mapping."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("{"):
        try:
            return ast.literal_eval(given)
        except (ValueError, SyntaxError):
            raise ValueError("give field=value, joined by commas") from None
    pairs = [item.split("=", 1) for item in given.split(",") if item.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("give field=value, joined by commas")
    return {name.strip(): value.strip() for name, value in pairs}


def _ranges_of_text(given: Any) -> Any:
    """Ranges, from text such as 'sigma=0.5:1.5,cost_multiple=0.5:2:log'."""
    found = _mapping(given)
    if not isinstance(found, dict):
        return found
    return {name: _range_of_text(value) if isinstance(value, str) else value for name, value in found.items()}


def _range_of_text(given: str) -> dict[str, str]:
    ends = given.split(":")
    if len(ends) not in (2, 3):
        raise ValueError("give field=low:high or field=low:high:log, joined by commas")
    return dict(zip(("low", "high", "scale"), ends, strict=False))


class SobolSpec(Spec):
    """Which inputs of a study vary, and between what."""

    study: ClassVar[str] = "sobol"

    target: str = parameter("npv", "Study", description="the study asked at every point")
    base: Annotated[dict[str, Any], BeforeValidator(_mapping)] = parameter(
        {}, "Fields that stay the same", description="as field=value, joined by commas"
    )
    inputs: Annotated[dict[str, Between], BeforeValidator(_ranges_of_text)] = parameter(
        {
            "sigma": {"low": 0.5, "high": 1.5},
            "annual_discount_rate": {"low": 0.1, "high": 0.3},
            "cost_multiple": {"low": 0.5, "high": 2.0, "scale": "log"},
            "exclusivity_multiple": {"low": 0.5, "high": 2.0, "scale": "log"},
        },
        "Inputs",
        description="as field=low:high or field=low:high:log, joined by commas; each is uniform on its scale",
        min_length=1,
        max_length=30,
    )
    samples: int | None = parameter(
        None,
        "Base samples",
        ge=64,
        le=2**20,
        description="a power of 2; there are inputs + 2 points a sample; empty: sized to the number of inputs",
    )
    figures: str = parameter("", "Figures", description="names joined by commas; empty: every figure of the study")

    @model_validator(mode="before")
    @classmethod
    def _typed_base(cls, given: Any) -> Any:
        """Base values as the asked study types them."""
        if not isinstance(given, dict):
            return given
        given = {**given, "base": _mapping(given.get("base", {}))}
        return {**given, "base": typed_base(given, given.get("target", "npv"))}

    @model_validator(mode="after")
    def _fits_the_target(self) -> "SobolSpec":
        spec_type = registry.study(self.target).spec_type
        check_fields(self.target, self.inputs)
        for name, between in self.inputs.items():
            if name in self.base:
                raise ValueError(f"field '{name}' can't both vary and stay the same")
            if not _numeric(spec_type.model_fields[name].annotation):
                raise ValueError(f"{self.target} field '{name}' is no number and can't vary")
            for end in (between.low, between.high):
                _check_needs(self, name, point_spec(self, {name: end}))
        if self.samples is not None and self.samples & (self.samples - 1):
            raise ValueError(f"samples must be a power of 2, such as {2 ** round(math.log2(self.samples))}")
        return self

    def size(self) -> int:
        """Base samples."""
        return self.samples or samples_for(len(self.inputs))


def _check_needs(spec: SobolSpec, name: str, asked: Spec) -> None:
    """Raise `SpecError` where a point needs a run that the base does not: points are asked with the base's."""
    target = registry.study(spec.target)
    known = {need.key() for need in target.needs(base_spec(spec)).values()}
    if any(need.key() not in known for need in target.needs(asked).values()):
        raise SpecError(f"{spec.target} field '{name}' changes which other runs are needed first and can't vary.")


def _numeric(annotation: Any) -> bool:
    return annotation in (int, float, int | None, float | None)


class Sobol(Study[SobolSpec]):
    """First and total Sobol indices, with intervals, of every figure of another study."""

    spec_type = SobolSpec

    def inputs_for(self, spec: SobolSpec) -> tuple[str, ...]:
        return registry.study(spec.target).inputs_for(base_spec(spec))

    def needs(self, spec: SobolSpec) -> dict[str, Spec]:
        """What the asked study needs at base."""
        return registry.study(spec.target).needs(base_spec(spec))

    def chunks(self, work: Work[SobolSpec]) -> Sequence[Any]:
        """Ranges of points: first and last + 1."""
        total, each = work.spec.size() * (len(work.spec.inputs) + 2), _points_per_chunk(work)
        return [[i, min(i + each, total)] for i in range(0, total, each)]

    def run_chunk(self, work: Work[SobolSpec], chunk: Any) -> pl.DataFrame:
        """A row a point: the figures there."""
        first, last = chunk
        points = design(work.spec)[first:last]
        target = registry.study(work.spec.target)
        if target.evaluates(points.columns):
            base: Work[Any] = Work(base_spec(work.spec), work.tables, work.needs)
            return target.evaluate(base, points).drop(points.columns)
        return pl.DataFrame([_figures(work, row) for row in points.to_dicts()], infer_schema_length=None)

    def combine(self, work: Work[SobolSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Table `indices`: figure, input, first, total and their intervals; `sums` of the first indices by figure."""
        found = pl.concat(list(parts), how="vertical_relaxed")
        chosen = _chosen(work.spec, found)
        ranges = _ranges(work.spec)
        tables = [
            sobol_indices(ranges, found[name].cast(pl.Float64).fill_null(np.nan).to_numpy(), work.spec.seed).select(
                pl.lit(name).alias("figure"), pl.all()
            )
            for name in chosen
        ]
        indices = pl.concat(tables)
        sums = (
            indices.drop_nulls("total")
            .group_by("figure", maintain_order=True)
            .agg(pl.col("first").sum().alias("sum_first"), pl.col("total").sum().alias("sum_total"))
        )
        undefined = indices.filter(pl.col("total").is_null())["figure"].unique(maintain_order=True).to_list()
        note = (
            (f"No indices for {', '.join(undefined)}: constant, or not a number at some point.",) if undefined else ()
        )
        summary = {
            "points": found.height,
            "samples": work.spec.size(),
            "inputs": len(ranges),
            "finding": _finding(work.spec, indices, chosen[0], found.height),
        }
        return Result("sobol", summary, {"indices": indices, "sums": sums}, note)

    def seconds(self, work: Work[SobolSpec]) -> float:
        return SECONDS_PER_CHUNK * len(self.chunks(work))


def design(spec: SobolSpec) -> pl.DataFrame:
    """The design's points, one column an input."""
    whole = [r.name for r in _ranges(spec) if r.whole]
    return _design(spec.canonical()).with_columns(pl.col(whole).cast(pl.Int64))


@functools.lru_cache(maxsize=4)
def _design(canonical: str) -> pl.DataFrame:
    spec = SobolSpec.model_validate_json(canonical)
    return sobol_design(_ranges(spec), spec.size(), spec.seed)


def _ranges(spec: SobolSpec) -> list[Range]:
    """The inputs by name: two orders of the same inputs are one spec, and so must be one design."""
    return [
        Range(name, b.low, b.high, b.scale == "log", is_whole(spec.target, name))
        for name, b in sorted(spec.inputs.items())
    ]


def _points_per_chunk(work: Work[SobolSpec]) -> int:
    target = registry.study(work.spec.target)
    each = POINTS_PER_CHUNK
    if not target.evaluates(work.spec.inputs):
        seconds = max(target.seconds(Work(base_spec(work.spec), work.tables)), 0.01)
        each = max(round(SECONDS_PER_CHUNK / seconds), 1)
    return max(each, math.ceil(work.spec.size() * (len(work.spec.inputs) + 2) / MAX_CHUNKS))


def _figures(work: Work[SobolSpec], values: dict[str, Any]) -> dict[str, float | None]:
    """Numeric summary figures of one point."""
    asked = point_spec(work.spec, values)
    target = registry.study(work.spec.target)
    own: Work[Any] = Work(asked, work.tables, work.needs)
    result = target.combine(own, [target.run_chunk(own, chunk) for chunk in target.chunks(own)])
    return {
        name: None if value is None else float(value)
        for name, value in result.summary.items()
        if not isinstance(value, bool | str | list | dict | tuple) and name not in values
    }


def _chosen(spec: SobolSpec, found: pl.DataFrame) -> list[str]:
    """Names of the figures asked for."""
    every = [name for name, kind in found.schema.items() if kind.is_numeric()]
    asked = [name.strip() for name in spec.figures.split(",") if name.strip()]
    for name in asked:
        if name not in every:
            raise SpecError(f"{spec.target} has no figure '{name}'; it has {', '.join(every)}.")
    return asked or every


def _finding(spec: SobolSpec, indices: pl.DataFrame, figure: str, points: int) -> str:
    own = indices.filter((pl.col("figure") == figure) & pl.col("total").is_not_null())
    if own.is_empty():
        return f"{figure} does not vary, so no input matters to it."
    top = own.sort("total", descending=True).row(0, named=True)
    half = top["total_ci_high"] - top["total"]
    return (
        f"Most of the variance of {figure} comes with {top['input']}: its total index is {top['total']:.2f} "
        f"(95 % interval +- {half:.2f}, {points:,} points of {spec.target})."
    )
