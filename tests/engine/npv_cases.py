"""Hand-made results of the studies npv needs, and a way to run it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.npv import Npv, NpvSpec
from engine.result import Result
from engine.study import Work

SLOPE, INTERCEPT, RESIDUAL_SD = 1.7, 12.8, 3.6
CURVE = {"months": [0.0, 2.5, 8.0, 15.9, 40.0, 58.0], "survival": [1.0, 0.9, 0.55, 0.4, 0.25, 0.2]}


def scaling_result() -> Result:
    """A fitted law of compute on parameters, with the columns the scaling study gives."""
    fits = pl.DataFrame(
        {
            "name": ["cost_on_parameters", "compute_on_parameters", "compute_on_parameters"],
            "effects": ["pooled", "year", "pooled"],
            "n": [10, 90, 100],
            "slope": [0.7, 1.2, SLOPE],
            "intercept": [-3.0, 22.0, INTERCEPT],
            "residual_sd": [2.0, 2.5, RESIDUAL_SD],
        }
    )
    return Result("scaling", {}, {"fits": fits, "points": pl.DataFrame({"x": np.linspace(14.0, 26.0, 100)})})


def diffusion_result(curve: dict[str, list[float]] | None = None) -> Result:
    """A survival curve that falls at 2.5, 8, 15.9, 40 and 58 months and keeps .2."""
    return Result("diffusion", {}, {"survival": pl.DataFrame(curve or CURVE)})


def work(spec: NpvSpec) -> Work[NpvSpec]:
    """The spec with hand-made results for everything it needs."""
    made = {"scaling": scaling_result, "diffusion": diffusion_result}
    return Work(spec, {}, {name: made[name]() for name in Npv().needs(spec)})


def run(spec: NpvSpec) -> Result:
    """All chunks in order, and the answer."""
    study, asked = Npv(), work(spec)
    return study.combine(asked, [study.run_chunk(asked, chunk) for chunk in study.chunks(asked)])


def row(frame: pl.DataFrame, **where: str) -> dict[str, float]:
    """The one row with these values."""
    found = frame.filter(*(pl.col(name) == value for name, value in where.items()))
    assert found.height == 1
    return found.row(0, named=True)


def evaluate(spec: NpvSpec, points: dict[str, Sequence[float | str | None]]) -> pl.DataFrame:
    """Exact figures of many points."""
    return Npv().evaluate(work(spec), pl.DataFrame(points))
