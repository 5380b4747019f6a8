"""Tables of the investment study, from either engine."""

import math

import numpy as np
import polars as pl
from scipy.special import stdtrit

from engine.exclusivity import median_months
from engine.npv.cost import REFERENCE_LAW, Law, compute_flop
from engine.npv.exact import FIGURES, TAIL, Calibration
from engine.npv.scenarios import Evidence, Scenarios
from engine.npv.simulation import Simulated, wilson
from engine.npv.spec import (
    ANCHOR_PARAMETERS,
    PUBLISHED_ANCHOR_FLOP,
    PUBLISHED_COMPUTE_FLOP,
    PUBLISHED_EXPONENT,
    TIERS,
    NpvSpec,
)

ERRORS = ("mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd")
NORMAL_975 = 1.959963984540054
RECOVERY_PARAMETERS = (1e9, 1e10, 1e11, 1e12)
Route = tuple[str, float | None, float | None, float | None]
QUOTED = {"parameters": 1e12, "cost_usd": 107.4e6, "months": 8.7, "monthly_revenue_usd": 12.34e6}


def tier_table(figures: dict[str, np.ndarray]) -> pl.DataFrame:
    """A row a tier: tier and the figures of FIGURES; apc_star_share is null where there is none within bound."""
    frame = pl.DataFrame({"tier": list(TIERS), **{name: figures[name] for name in FIGURES}})
    return frame.with_columns(pl.col("apc_star_share").fill_nan(None))


def calibration_table(projects: Scenarios, found: Calibration, mean: float, quantile5: float) -> pl.DataFrame:
    """Tier III by both rules. Columns: rule, mu, binds, target_usd, achieved_usd (at the mu that binds), met.

    `mean` and `quantile5` are those of X at mu = 0. A rule is met within 1 % of the target, or of the cost
    where the target is zero.
    """
    cost, target = (float(projects.values[n][0]) for n in ("reference_cost_usd", "target_mean_usd"))
    rules = {"mean NPV": float(found.mean_rule[0]), "5 % value at risk": float(found.var_rule[0])}
    mu = max(rules.values())
    achieved = [math.exp(mu) * mean - cost, math.exp(mu) * quantile5 - cost]
    targets = [target, 0.0]
    slack = [0.01 * (abs(target) or cost), 0.01 * cost]
    return pl.DataFrame(
        {
            "rule": list(rules),
            "mu": [m if math.isfinite(m) else None for m in rules.values()],
            "binds": [m == mu for m in rules.values()],
            "target_usd": targets,
            "achieved_usd": achieved,
            "met": [
                abs(achieved[0] - targets[0]) <= slack[0],
                achieved[1] >= targets[1] - slack[1],
            ],
        },
        schema_overrides={"mu": pl.Float64},
    )


def error_figures(run: Simulated, tier: int, mu: float) -> dict[str, float]:
    """Monte Carlo standard errors by the names of ERRORS, for the project in that row."""
    scale = math.exp(mu)
    return {
        "mean_usd": scale * float(run.unit_se.mean[0]),
        "sd_usd": scale * float(run.unit_se.sd[0]),
        "p_positive": float(run.share_se[tier]),
        "var5_usd": scale * float(run.unit_se.quantile5[0]),
        "cvar5_usd": scale * float(run.unit_se.mean_below5[0]),
    }


def interval_table(run: Simulated, tier: int, figures: dict[str, float], errors: dict[str, float]) -> pl.DataFrame:
    """95 % Monte Carlo intervals. Columns: figure, estimate, se, ci_low, ci_high, method.

    Independent paths: Wilson's for the probability; for the value at risk, the quantiles at the ranks
    p -+ 1.96 sqrt(p (1 - p) / n) of a binomial; normal for the rest. Replicates: Student's t over them.
    """
    half = float(stdtrit(run.replicates - 1, 0.975)) if run.replicates else NORMAL_975
    rows = []
    for name in ERRORS:
        estimate, se = figures[name], errors[name]
        low, high, method = estimate - half * se, estimate + half * se, "replicates" if run.replicates else "normal"
        if name == "p_positive" and not run.replicates:
            low, high, method = (*wilson(round(run.share[tier] * run.paths), run.paths), "Wilson")
        elif name == "var5_usd" and not run.replicates:
            low, high, method = (*_rank_interval(run, figures), "order statistics")
        rows.append((name, estimate, se, low, high, method))
    return pl.DataFrame(rows, schema=["figure", "estimate", "se", "ci_low", "ci_high", "method"], orient="row")


def _rank_interval(run: Simulated, figures: dict[str, float]) -> tuple[float, float]:
    half = NORMAL_975 * math.sqrt(TAIL * (1 - TAIL) / run.paths)
    scale, cost = math.exp(figures["mu"]), figures["upfront_cost_usd"]
    low, high = (scale * run.histogram.quantile(p) - cost for p in (max(TAIL - half, 0.0), TAIL + half))
    return low, high


def agreement_table(exact: dict[str, float], simulated: dict[str, float], errors: dict[str, float]) -> pl.DataFrame:
    """Simulation beside quadrature. Columns: figure, exact, simulated, se, z (difference in standard errors).

    `errors` are those of the mixture's moments for independent paths, and the replicates' otherwise.
    """
    rows = []
    for name in ERRORS:
        difference, se = simulated[name] - exact[name], errors[name]
        rows.append((name, exact[name], simulated[name], se, difference / se if se > 0 else None))
    schema = {"figure": pl.String, **dict.fromkeys(("exact", "simulated", "se", "z"), pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def route_table(spec: NpvSpec, law: Law | None) -> pl.DataFrame:
    """Training compute at the spec's parameters by every route.

    Columns: route, training_compute_flop, low_flop, high_flop (95 % prediction interval of a single model,
    where there is a fit). A law is fitted in logs: its median is the headline, and its mean, by the normal
    residual's exp(s^2 / 2), shows how far retransformation moves it.
    """
    n = spec.parameters_count
    rows: list[Route] = (
        [] if spec.training_compute_flop is None else [("given", spec.training_compute_flop, None, None)]
    )
    rows += _law_routes(f"reference law ({REFERENCE_LAW.n:,} models)", REFERENCE_LAW, n)
    if law is not None and law is not REFERENCE_LAW:
        rows += _law_routes(f"law fitted on the data ({law.n:,} models)", law, n)
    if spec.scaling_exponent is not None or spec.compute_at_1b_flop is not None:
        rows.append(("own exponent or anchor", compute_flop(spec, law, n), None, None))
    anchored = PUBLISHED_ANCHOR_FLOP * (n / ANCHOR_PARAMETERS) ** PUBLISHED_EXPONENT
    rows.append(("published configuration: 1e20 FLOP at 1e9 parameters, exponent 1.697", anchored, None, None))
    rows.append(("published run, for 1e12 parameters", PUBLISHED_COMPUTE_FLOP, None, None))
    schema = {"route": pl.String, **dict.fromkeys(("training_compute_flop", "low_flop", "high_flop"), pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _law_routes(name: str, law: Law, parameters: float) -> list[Route]:
    """Median with its prediction interval, and mean."""
    own = np.array(np.nan)
    median, factor = float(law.median_flop(np.array(parameters), own, own)), law.prediction_factor(parameters)
    mean = median * math.exp(law.residual_sd**2 / 2)
    return [(f"{name}, median", median, median / factor, median * factor), (f"{name}, mean", mean, None, None)]


def recovery_table(spec: NpvSpec, found: Evidence, projects: Scenarios, tier: int) -> pl.DataFrame:
    """Revenue a month that recovers the upfront cost within the median exclusivity, undiscounted, by model size.

    Columns: parameters, upfront_cost_usd, exclusivity_months (median; null when most leads never end),
    required_monthly_revenue_usd, and what the study printed for 1e12 parameters: quoted_upfront_cost_usd,
    quoted_exclusivity_months, quoted_monthly_revenue_usd. Without a law there is the spec's own size alone.
    """
    own = {name: float(v[tier]) for name, v in projects.values.items()}
    months = median_months(spec.exclusivity, found.atoms, own)
    rows = []
    for parameters, cost in _recovery_costs(spec, found.law, own):
        quoted = [
            QUOTED[n] if parameters == QUOTED["parameters"] else None
            for n in ("cost_usd", "months", "monthly_revenue_usd")
        ]
        rows.append((parameters, cost, months, cost / months if months else None, *quoted))
    names = (
        "parameters",
        "upfront_cost_usd",
        "exclusivity_months",
        "required_monthly_revenue_usd",
        "quoted_upfront_cost_usd",
        "quoted_exclusivity_months",
        "quoted_monthly_revenue_usd",
    )
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row")


def _recovery_costs(spec: NpvSpec, law: Law | None, own: dict[str, float]) -> list[tuple[float, float]]:
    """Upfront cost by parameters: proportional to compute, everything else as in the project itself."""
    base = compute_flop(spec, law, spec.parameters_count)
    if spec.cost_basis == "legacy" or spec.training_compute_flop is not None or base is None:
        return [(spec.parameters_count, own["cost_usd"])]
    found = [(n, compute_flop(spec, law, n)) for n in RECOVERY_PARAMETERS]
    return [(n, own["cost_usd"] * compute / base) for n, compute in found if compute is not None]
