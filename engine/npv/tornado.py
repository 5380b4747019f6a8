"""Which input matters: the mean NPV with one input at a time lowered and raised, everything else held."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.cashflow import Floats
from engine.npv import exact
from engine.npv.cost import uses_law
from engine.npv.kernel import block_paths, kernel
from engine.npv.revenue import typed_revenue
from engine.npv.scenarios import Evidence, Scenarios, scenarios
from engine.npv.spec import NpvSpec
from engine.streams import PATHS_PER_BLOCK

SCHEMA = {
    "input": pl.String,
    "unit": pl.String,
    "base_value": pl.Float64,
    "low_value": pl.Float64,
    "high_value": pl.Float64,
    "mean_usd_at_low": pl.Float64,
    "mean_usd_at_high": pl.Float64,
    "swing_usd": pl.Float64,
    "swing_usd_se": pl.Float64,
}


@dataclass(frozen=True)
class Lever:
    """An input of the tornado: its values, and the fields of a point at its low and at its high end."""

    name: str
    unit: str
    base: float
    low: float
    high: float
    at_low: dict[str, Any]
    at_high: dict[str, Any]


def tornado(spec: NpvSpec, found: Evidence, mu: float) -> pl.DataFrame:
    """Columns SCHEMA, largest swing first; mu (of tier III) is held where the calibration put it.

    The exact engine compares expectations. The simulation compares both ends on the same paths (common
    random numbers): those of the first block, at most 65,536, and gives the standard error of the paired swing.
    """
    chosen = levers(spec, found, mu)
    ends = [end for lever in chosen for end in (lever.at_low, lever.at_high)]
    varied = sorted({name for end in ends for name in end} - {"mu"})
    base = {"mu": mu, "drop": None, **{name: base_value(spec, found, name) for name in varied}}
    schema = dict.fromkeys(base, pl.Float64)
    projects = scenarios(spec, found, pl.DataFrame([{**base, **end} for end in ends], schema=schema))
    means, errors = _simulated(spec, projects) if spec.chosen_engine == "simulation" else _exact(projects)
    rows = [
        (lv.name, lv.unit, lv.base, lv.low, lv.high, low, high, abs(high - low), se)
        for lv, (low, high), se in zip(chosen, means.reshape(-1, 2).tolist(), errors, strict=True)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("swing_usd", "input", descending=[True, False])


def levers(spec: NpvSpec, found: Evidence, mu: float) -> list[Lever]:
    """The inputs that matter to this spec, each lowered and raised by the share `tornado_change`."""
    change = spec.tornado_change
    months = (max(1, round(spec.horizon_months * (1 - change))), min(600, round(spec.horizon_months * (1 + change))))
    median = float(np.exp(mu))
    revenue = ({"mu": mu + float(np.log1p(-change))}, {"mu": mu + float(np.log1p(change))})
    chosen = [
        Lever("median first-month revenue", "USD", median, median * (1 - change), median * (1 + change), *revenue),
        Lever(
            "horizon",
            "months",
            spec.horizon_months,
            *months,
            {"horizon_months": months[0]},
            {"horizon_months": months[1]},
        ),
        _drop_lever(spec),
        *(
            _plain(name, unit, field, base_value(spec, found, field), change)
            for name, unit, field in (
                ("upfront cost", "x", "cost_multiple"),
                ("revenue sigma", "", "sigma"),
                ("discount rate", "a year", "annual_discount_rate"),
                ("exclusivity", "x", "exclusivity_multiple"),
            )
        ),
    ]
    if uses_law(spec):
        exponent = base_value(spec, found, "scaling_exponent")
        chosen.append(_plain("scaling exponent", "", "scaling_exponent", exponent, change))
    return [lever for lever in chosen if plays_a_part(spec, lever)]


def plays_a_part(spec: NpvSpec, lever: Lever) -> bool:
    """Whether the input plays a part: sigma does with a log-normal revenue only."""
    return spec.revenue == "lognormal" or lever.name != "revenue sigma"


def _plain(name: str, unit: str, field: str, base: float, change: float) -> Lever:
    low, high = base * (1 - change), base * (1 + change)
    return Lever(name, unit, base, low, high, {field: low}, {field: high})


def _drop_lever(spec: NpvSpec) -> Lever:
    """The drop, or both ends of its range, moved together and kept within 0 and 1."""
    ends = (spec.drop_low, spec.drop_high) if spec.drop is None else (spec.drop, spec.drop)
    low, high = (
        [min(1.0, end * factor) for end in ends] for factor in (1 - spec.tornado_change, 1 + spec.tornado_change)
    )
    low_point, high_point = ({"drop_low": e[0], "drop_high": e[1]} for e in (low, high))
    return Lever("revenue drop (mean)", "", sum(ends) / 2, sum(low) / 2, sum(high) / 2, low_point, high_point)


def base_value(spec: NpvSpec, found: Evidence, field: str) -> float:
    """Value of a field when nothing changes; a fixed drop stands for both ends of its range."""
    if field == "scaling_exponent" and spec.scaling_exponent is None and found.law is not None:
        return found.law.slope
    if field in ("drop_low", "drop_high") and spec.drop is not None:
        return spec.drop
    if field == "sigma":
        typed = typed_revenue(spec)
        return typed.points[1] if typed is not None and typed.kind == "lognormal" else spec.sigma
    return float(getattr(spec, field))


def _exact(projects: Scenarios) -> tuple[Floats, list[float | None]]:
    return exact.evaluate(projects)["mean_usd"], [None] * (len(projects) // 2)


def _simulated(spec: NpvSpec, projects: Scenarios) -> tuple[Floats, list[float | None]]:
    """Mean NPV of each project, and the standard error of the difference within each pair."""
    paths = min(spec.n_paths, PATHS_PER_BLOCK)
    scale = np.exp(projects.values["mu"] + projects.values["mu_shift"])
    cost = projects.values["cost_usd"]
    means = np.empty(len(projects))
    errors: list[float | None] = []
    for pair in range(0, len(projects), 2):
        low, high = (
            scale[i] * block_paths(kernel(projects, i), spec.seed, 0, paths) - cost[i] for i in (pair, pair + 1)
        )
        means[pair : pair + 2] = low.mean(), high.mean()
        errors.append(float((high - low).std(ddof=1) / np.sqrt(paths)))
    return means, errors
