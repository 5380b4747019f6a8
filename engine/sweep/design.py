"""The points of a design: a grid, a Latin hypercube or a Sobol sequence."""

import functools
import math

import numpy as np
import polars as pl

from engine.streams import stream
from engine.sweep.spec import SweepSpec
from engine.target import is_whole


def design(spec: SweepSpec) -> pl.DataFrame:
    """The design's points, one column an axis, in the order of their index. Kept for the chunks that follow."""
    return _design(spec.canonical())


@functools.lru_cache(maxsize=4)
def _design(canonical: str) -> pl.DataFrame:
    spec = SweepSpec.model_validate_json(canonical)
    if spec.kind == "grid":
        return _whole_numbers(spec, _grid(spec))
    shares = _shares(spec)
    columns = [_column(name, axis.at(shares[:, i])) for i, (name, axis) in enumerate(spec.axes.items())]
    return _whole_numbers(spec, pl.DataFrame(columns))


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


def _whole_numbers(spec: SweepSpec, frame: pl.DataFrame) -> pl.DataFrame:
    """Fields that are integers get rounded values."""
    whole = [name for name in frame.columns if is_whole(spec.target, name) and frame[name].dtype.is_float()]
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
