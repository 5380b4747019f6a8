"""Uncertainty carried through: the data's error, the law's prediction interval and the price, to cost and to NPV."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from engine.cashflow import Floats
from engine.npv.cost import Law, uses_law
from engine.npv.exact import TAIL
from engine.npv.kernel import block_paths, kernel
from engine.npv.scenarios import Evidence, Scenarios
from engine.npv.spec import OBSERVED_PRICE_USD_PER_FLOP, NpvSpec
from engine.streams import PATHS_PER_BLOCK, stream

NORMAL_95 = 1.6448536269514722
LN10 = math.log(10)
UNREADABLE_SD = 1.5


@dataclass(frozen=True)
class Part:
    """A source of uncertainty about the cost: the sd of its ln, and whether the spec carries it."""

    name: str
    log_sd: float
    carried: bool


def parts(spec: NpvSpec, found: Evidence) -> list[Part]:
    """The three sources; one that plays no part in this project's cost has sd 0."""
    by_compute = spec.cost_basis != "legacy"
    law = _law_sd(found.law, spec.parameters_count) if uses_law(spec) and found.law is not None else 0.0
    low, high = OBSERVED_PRICE_USD_PER_FLOP
    price = math.log(high / low) / (2 * NORMAL_95) if by_compute and spec.price_usd_per_flop is None else 0.0
    return [
        Part("compute data", spec.log10_sd_data * LN10 if by_compute else 0.0, spec.uncertain_data),
        Part("scaling law", law, spec.uncertain_law),
        Part("price of compute", price, spec.uncertain_price),
    ]


def _law_sd(law: Law, parameters: float) -> float:
    """Sd of the ln of one model's compute about the law: s sqrt(1 + 1/n + (x - mean)^2 / sum of squares)."""
    return law.residual_sd * math.sqrt(1 + 1 / law.n + (math.log(parameters) - law.x_mean) ** 2 / law.x_squares)


def uncertainty_table(
    spec: NpvSpec, found: Evidence, project: Scenarios, mu: float, mean_revenue: float
) -> pl.DataFrame:
    """Cost and NPV with no part uncertain, with each alone, and with all that are carried; mu is held.

    `mean_revenue` is E[X] in USD. Columns: part, carried, log10_sd, log_variance_share (of the carried parts'),
    cost_p5_usd, cost_median_usd, cost_p95_usd, expected_npv_sd_usd, expected_npv_variance_ratio (to all carried
    together), p_expected_npv_positive (closed forms for a log-normal cost), then, simulated on the paths of block 0
    with a stream of its own for each part: mean_usd, mean_usd_se, p_positive, p_positive_se, var5_usd.
    """
    every = parts(spec, found)
    carried = math.sqrt(sum(p.log_sd**2 for p in every if p.carried))
    size = min(spec.n_paths, PATHS_PER_BLOCK)
    revenue = math.exp(mu) * block_paths(kernel(project), spec.seed, 0, size)
    shifts = {p.name: p.log_sd * _normals(spec, p.name, size) for p in every}
    together = np.sum([shifts[p.name] for p in every if p.carried] or [np.zeros(size)], axis=0)
    cost = float(project.values["cost_usd"][0])
    rows = [_row("none", False, 0.0, carried, cost, mean_revenue, revenue, np.zeros(size))]
    rows += [_row(p.name, p.carried, p.log_sd, carried, cost, mean_revenue, revenue, shifts[p.name]) for p in every]
    rows.append(_row("all carried", True, carried, carried, cost, mean_revenue, revenue, together))
    return pl.DataFrame(rows, infer_schema_length=None)


def _normals(spec: NpvSpec, part: str, size: int) -> Floats:
    return stream(spec.seed, f"npv uncertainty {part}", 0).standard_normal(size)


def _row(
    name: str, carried: bool, sd: float, all_sd: float, cost: float, mean_revenue: float, revenue: Floats, shift: Floats
) -> dict[str, object]:
    npv = revenue - cost * np.exp(shift)
    gain = float(np.mean(npv > 0))
    return {
        "part": name,
        "carried": carried,
        "log10_sd": sd / LN10,
        "log_variance_share": sd**2 / all_sd**2 if carried and all_sd else 0.0,
        "cost_p5_usd": cost * math.exp(-NORMAL_95 * sd),
        "cost_median_usd": cost,
        "cost_p95_usd": cost * math.exp(NORMAL_95 * sd),
        "expected_npv_sd_usd": cost * math.sqrt(_variance_at_one(sd)),
        "expected_npv_variance_ratio": _variance_at_one(sd) / _variance_at_one(all_sd) if all_sd else 0.0,
        "p_expected_npv_positive": _chance(mean_revenue, cost, sd),
        "mean_usd": float(npv.mean()),
        "mean_usd_se": float(npv.std(ddof=1) / math.sqrt(len(npv))),
        "p_positive": gain,
        "p_positive_se": math.sqrt(gain * (1 - gain) / len(npv)),
        "var5_usd": float(np.quantile(npv, TAIL)),
    }


def _variance_at_one(sd: float) -> float:
    """Variance of a log-normal cost of median 1; that of the expected NPV is this times the squared median."""
    return math.expm1(sd**2) * math.exp(sd**2)


def _chance(mean_revenue: float, cost: float, sd: float) -> float:
    if not sd:
        return float(mean_revenue > cost)
    return float(ndtr(math.log(mean_revenue / cost) / sd))


def uncertainty_warning(table: pl.DataFrame) -> str | None:
    """A sentence where the cost is so uncertain that a few paths carry the simulated mean."""
    sd = float(table.filter(pl.col("part") == "all carried")["log10_sd"][0])
    if sd * LN10 <= UNREADABLE_SD:
        return None
    low, high = (float(table[name][-1]) for name in ("cost_p5_usd", "cost_p95_usd"))
    return (
        f"With all uncertainty carried the cost spans {low:.2g} to {high:.2g} USD (5-95 %): read the chances and "
        "quantiles of the table `uncertainty`, not its simulated mean, which a few paths carry."
    )
