"""Questions around one project: goal seek, break-even, spider, grid, Sobol indices; mu stays as calibrated."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import polars as pl

from engine.cashflow import Floats
from engine.npv import exact, many
from engine.npv.options import Varied
from engine.npv.scenarios import Evidence, Scenarios, scenarios
from engine.npv.spec import TIERS, NpvSpec
from engine.npv.tornado import Lever, base_value, levers
from engine.sensitivity import Goal, Range, goal_seek, sobol_design, sobol_indices, spider, two_way
from engine.spec import SpecError

BREAK_EVEN = ("cost_multiple", "mu", "annual_discount_rate", "drop", "exclusivity_multiple", "horizon_months")
SPIDER = ("mu", "sigma", "cost_multiple", "annual_discount_rate", "drop", "exclusivity_multiple", "horizon_months")
FIGURES = ("mean_usd", "p_positive")
WIDE, DECADES_WIDE, DECADES = 1e6, 24, 6
SPIDER_STEPS, GRID_STEPS = 11, 15
QUICK_PATHS = 4_096
TITLES = {
    "mean_usd": "the mean NPV in USD",
    "p_positive": "the probability that NPV is above zero",
    "var5_usd": "the 5 % quantile of NPV in USD",
    "cvar5_usd": "the mean NPV of the worst 5 % in USD",
    "breakeven_cost_multiple": "the break-even cost multiple",
}


@dataclass(frozen=True)
class Around:
    """A project with some fields varied: figures of many points, exact or on common paths, mu (of tier III) held."""

    spec: NpvSpec
    found: Evidence
    mu: float

    def project(self, points: pl.DataFrame) -> Scenarios:
        held = {} if {"mu", "target_mean_usd"} & set(points.columns) else {"mu": self.mu}
        return scenarios(self.spec, self.found, points.with_columns(**{k: pl.lit(v) for k, v in held.items()}))

    def figures(self, points: pl.DataFrame) -> pl.DataFrame:
        """Figures of exact.FIGURES."""
        projects = self.project(points)
        if self._exact(projects):
            return pl.DataFrame(exact.evaluate(projects))
        return pl.DataFrame(many.evaluate(projects, self.spec.seed, self.spec.n_paths))

    def means(self, points: pl.DataFrame) -> Floats:
        """Mean NPV alone, in closed form where there is one, else on 4,096 common paths."""
        projects = self.project(points)
        if self._exact(projects) and not np.any(np.isnan(projects.values["mu"])):
            scale = np.exp(projects.values["mu"] + projects.values["mu_shift"])
            return scale * exact.mean_revenue(projects) - projects.values["cost_usd"]
        if self._exact(projects):
            return exact.evaluate(projects)["mean_usd"]
        return many.evaluate(projects, self.spec.seed, QUICK_PATHS)["mean_usd"]

    def _exact(self, projects: Scenarios) -> bool:
        return self.spec.chosen_engine == "exact" and projects.in_the_mixture

    def base(self, name: str) -> float:
        """An input's value when nothing changes; the mean drop where it is drawn."""
        if name == "mu":
            return self.mu
        if name == "drop" and self.spec.drop is None:
            return (self.spec.drop_low + self.spec.drop_high) / 2
        if getattr(self.spec, name) is None and name != "scaling_exponent":
            projects = self.project(pl.DataFrame({"tier": [self.spec.tier]}))
            key = {"training_compute_flop": "compute_flop"}.get(name, name)
            return float(projects.values[key][0])
        return base_value(self.spec, self.found, name)


def bounds(name: str) -> Range:
    """The whole range of an input that a goal seek goes through: its field's bounds, by ratios where they are wide."""
    field = NpvSpec.model_fields[name]
    ends: dict[str, float] = {}
    for mark in field.metadata:
        for side in ("ge", "gt", "le", "lt"):
            if getattr(mark, side, None) is not None:
                ends[side] = float(getattr(mark, side))
    high = ends["le"] if "le" in ends else ends["lt"] * (1 - 1e-9)
    whole = field.annotation is int
    if "gt" in ends:
        return Range(name, high * 10.0 ** -(DECADES_WIDE if high > WIDE else DECADES), high, log=True)
    low = ends["ge"]
    return Range(name, low, high, log=low > 0 and high / low > WIDE, whole=whole)


def near(name: str, base: float, change: float) -> Range:
    """An input's range a share either way of its base, within its bounds; mu moves as revenue does."""
    whole = bounds(name)
    if math.isnan(base):
        raise SpecError(f"npv: '{name}' plays no part in this project's cost; choose another input.")
    if name == "mu":
        return Range(name, base + float(np.log1p(-change)), base + float(np.log1p(change)))
    ends = sorted((base * (1 - change), base * (1 + change))) if base else (0.0, change)
    low, high = (min(max(end, whole.low), whole.high) for end in ends)
    return Range(name, low, high, whole=whole.whole)


def seek(around: Around) -> Goal | None:
    """The goal seek the spec asks for; None when it asks for none."""
    spec = around.spec
    if spec.goal_input is None:
        return None
    name, figure = spec.goal_input, spec.goal_figure
    return goal_seek(_over(around, name, figure, spec.tier), bounds(name), spec.goal_value, TITLES[figure])


def _over(around: Around, name: str, figure: str, tier: str) -> Callable[[Floats], Floats]:
    """A figure as a function of one input."""

    def found(values: Floats) -> Floats:
        points = pl.DataFrame({name: values, "tier": [tier] * len(values)})
        if figure == "mean_usd":
            return around.means(points)
        return around.figures(points)[figure].to_numpy()

    return found


def goal_table(goal: Goal, around: Around) -> pl.DataFrame:
    """Columns: input, figure, target, value, achieved, monotone, solutions, sentence."""
    spec = around.spec
    return pl.DataFrame(
        {
            "input": [spec.goal_input],
            "figure": [spec.goal_figure],
            "target": [spec.goal_value],
            "value": [goal.value],
            "achieved": [goal.achieved],
            "monotone": [goal.monotone],
            "solutions": [goal.crossings],
            "sentence": [goal.sentence],
        },
        schema_overrides={"value": pl.Float64, "achieved": pl.Float64},
    )


def break_even_table(around: Around) -> pl.DataFrame:
    """The value of each input, alone, that brings the mean NPV to zero, by tier.

    Columns: tier, input, base_value, break_even_value (null where there is none within bounds), sentence.
    """
    rows = []
    for tier in TIERS:
        for name in BREAK_EVEN:
            goal = goal_seek(_over(around, name, "mean_usd", tier), bounds(name), 0.0, TITLES["mean_usd"])
            rows.append((tier, name, around.base(name), goal.value, goal.sentence))
    columns = ("tier", "input", "base_value", "break_even_value", "sentence")
    kinds = (pl.String, pl.String, pl.Float64, pl.Float64, pl.String)
    return pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")


def spider_table(around: Around) -> pl.DataFrame:
    """One input at a time. Columns: input, value, base_value, mean_usd, p_positive."""
    names = [name for name in SPIDER if name != "sigma" or around.spec.revenue == "lognormal"]
    ranges = [near(name, around.base(name), around.spec.grid_change) for name in names]
    found: pl.DataFrame = spider(_model(around), {n: around.base(n) for n in names}, ranges, SPIDER_STEPS, FIGURES)
    return found


def grid_table(around: Around) -> pl.DataFrame:
    """Two inputs against each other. Columns: x_input, x_value, y_input, y_value, mean_usd, p_positive."""
    x, y = (near(n, around.base(n), around.spec.grid_change) for n in (around.spec.grid_x, around.spec.grid_y))
    found: pl.DataFrame = two_way(_model(around), {}, x, y, GRID_STEPS, FIGURES)
    return found


def _model(around: Around) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda points: around.figures(points.with_columns(tier=pl.lit(around.spec.tier)))


def sobol_table(around: Around) -> pl.DataFrame:
    """Sobol indices of the mean NPV, inputs uniform between the two ends of the tornado.

    Columns: figure, input, low_value, high_value, and those of `sensitivity.sobol_indices`.
    """
    chosen = levers(around.spec, around.found, around.mu)
    ranges = [Range(lever.name, 0.0, 1.0) for lever in chosen]
    shares = sobol_design(ranges, around.spec.sobol_samples, around.spec.seed)
    points = pl.DataFrame({n: v for lever in chosen for n, v in _between(lever, shares[lever.name].to_numpy()).items()})
    means = around.means(points.with_columns(tier=pl.lit(around.spec.tier)))
    indices = sobol_indices(ranges, means, around.spec.seed)
    ends = pl.DataFrame(
        {"low_value": [lever.low for lever in chosen], "high_value": [lever.high for lever in chosen]},
        schema={"low_value": pl.Float64, "high_value": pl.Float64},
    )
    return pl.concat([indices.select("input"), ends, indices.drop("input")], how="horizontal").select(
        pl.lit("mean_usd").alias("figure"), pl.all()
    )


def _between(lever: Lever, share: Floats) -> dict[str, Any]:
    """Fields of points between a lever's two ends; months are whole."""
    found = {name: low + share * (lever.at_high[name] - low) for name, low in lever.at_low.items()}
    return {name: np.round(v) if NpvSpec.model_fields[name].annotation is int else v for name, v in found.items()}


def numeric_inputs() -> tuple[str, ...]:
    """Names of the inputs that a goal seek or a grid can vary."""
    return cast(tuple[str, ...], get_args(Varied))
