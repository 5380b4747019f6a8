"""The investment study: is a frontier model worth its upfront cost when the lead is lost?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from engine import registry
from engine.cashflow import Floats, LogNormalMixture, annuity
from engine.exclusivity import median_months, months_kept_weights
from engine.lead import lead_figures, lead_table, lead_warnings, needed_curve
from engine.npv import answers, exact, many
from engine.npv.copula import oracle
from engine.npv.cost import needs_fit, price_warnings
from engine.npv.distribution import Distribution, ExactX, distribution_table, floor_share
from engine.npv.explore import (
    Around,
    break_even_table,
    goal_table,
    grid_table,
    seek,
    sobol_table,
    spider_table,
)
from engine.npv.replicates import merge_replicates, replicates, simulate_replicates
from engine.npv.revenue import revenue_table, typed_revenue
from engine.npv.risk import financing_table, payback_median, payback_table
from engine.npv.scenarios import NUMBERS, VARIES, Evidence, Scenarios, check_points, evidence, scenarios
from engine.npv.simulation import Simulated, merge, simulate
from engine.npv.spec import TIERS, NpvSpec
from engine.npv.tornado import tornado
from engine.npv.uncertainty import uncertainty_table, uncertainty_warning
from engine.result import Result
from engine.sensitivity import Goal
from engine.spec import Spec
from engine.streams import PATHS_PER_BLOCK, blocks
from engine.study import SECONDS_PER_POINT, Study, Work

BLOCKS_PER_CHUNK = {"plain": 128, "sobol": 16, "conditional": 16}
SECONDS_PER_PATH = {"plain": 1.2e-8, "sobol": 4e-7, "conditional": 6e-7}
SECONDS_PER_COMMON_PATH = 1.3e-8
SECONDS_OF_TABLES = {"figures": 0.1, "all": 1.5}
UNRELIABLE_SIGMA = 1.5


@dataclass(frozen=True)
class Setting:
    """A spec made ready: both tiers side by side, X at mu = 0 by quadrature, the calibration and mu.

    With a revenue that is not log-normal only the mean of X is right: there is nothing to calibrate.
    """

    found: Evidence
    projects: Scenarios
    mix: LogNormalMixture
    unit: exact.Unit
    calibration: exact.Calibration
    mu: Floats

    @property
    def centre(self) -> float:
        """Expected X at mu = 0: what the simulation measures deviations from."""
        return float(self.unit.mean[0])


class Npv(Study[NpvSpec]):
    """Net present value of a training run: exactly, as a mixture of log-normals, or by simulation."""

    spec_type = NpvSpec
    parallel = "threads"
    varies = VARIES

    def needs(self, spec: NpvSpec) -> dict[str, Spec]:
        """The law when it is the one fitted on the table in use, and the curve when exclusivity follows it."""
        asked: dict[str, Spec] = {}
        if needs_fit(spec):
            asked["scaling"] = registry.study("scaling").spec_type.parse({"direction": "compute_on_parameters"})
        return asked | needed_curve(spec)

    def chunks(self, work: Work[NpvSpec]) -> Sequence[Any]:
        """Ranges of blocks, first and last + 1; none for the exact engine."""
        if work.spec.chosen_engine == "exact":
            return ()
        total, each = len(_blocks(work.spec)), BLOCKS_PER_CHUNK[work.spec.sampling]
        return [[i, min(i + each, total)] for i in range(0, total, each)]

    def run_chunk(self, work: Work[NpvSpec], chunk: Any) -> pl.DataFrame:
        """Sums a block and the chunk's histogram: the frame of `simulation.Portion`."""
        ready = setting(work)
        first, last = chunk
        chosen = _blocks(work.spec)[first:last]
        if work.spec.sampling != "plain":
            conditional = work.spec.sampling == "conditional"
            return simulate_replicates(ready.projects, ready.mu, work.spec.seed, chosen, conditional=conditional)
        return simulate(ready.projects, ready.mu, ready.centre, work.spec.seed, chosen).frame()

    def seconds(self, work: Work[NpvSpec]) -> float:
        """Paths times the time of one, and the tables with the libraries they load."""
        tables = SECONDS_OF_TABLES[work.spec.parts]
        if work.spec.chosen_engine == "exact":
            return tables
        return tables + work.spec.n_paths * SECONDS_PER_PATH[work.spec.sampling]

    def combine(self, work: Work[NpvSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7."""
        ready = setting(work)
        if work.spec.chosen_engine == "exact":
            return _exact_result(work.spec, ready)
        if work.spec.sampling == "plain":
            return _simulated_result(work.spec, ready, merge(parts, ready.centre))
        conditional = work.spec.sampling == "conditional"
        return _simulated_result(work.spec, ready, merge_replicates(parts, ready.projects, conditional=conditional))

    def point_seconds(self, work: Work[NpvSpec]) -> float:
        """Some hundredths of a millisecond where it is exact, up to one where it is simulated."""
        if work.spec.chosen_engine == "exact":
            return SECONDS_PER_POINT
        return SECONDS_PER_POINT + SECONDS_PER_COMMON_PATH * min(work.spec.n_paths, PATHS_PER_BLOCK)

    def evaluate(self, work: Work[NpvSpec], points: pl.DataFrame) -> pl.DataFrame:
        """Figures for many points at once: the columns of `points`, then those of `exact.FIGURES`.

        Exact where the mixture holds every point and the spec does not ask for simulation; else simulated on common
        paths, at most 65,536, with mean_usd_se and p_positive_se. A column of `points` is a field of the spec and
        overrides it; null is an empty field. A figure named as a field is (mu) gets the suffix `_used`. Raises
        `SpecError` for a column that can't vary or a value out of its field's bounds.
        """
        check_points(points)
        found = evidence(work.spec, work.needs)
        projects = scenarios(work.spec, found, points)
        simulated = work.spec.chosen_engine == "simulation" or not projects.in_the_mixture
        figures = many.evaluate(projects, work.spec.seed, work.spec.n_paths) if simulated else exact.evaluate(projects)
        renamed = {f"{n}_used" if n in NUMBERS else n: v for n, v in figures.items()}
        share = pl.col("apc_star_share").fill_nan(None)
        return points.hstack(pl.DataFrame(renamed).with_columns(share))


def _blocks(spec: NpvSpec) -> list[tuple[int, int]]:
    """Blocks of paths, or replicates of points: (index, size)."""
    return blocks(spec.n_paths, PATHS_PER_BLOCK) if spec.sampling == "plain" else replicates(spec.n_paths)


def setting(work: Work[NpvSpec]) -> Setting:
    """Both tiers of a spec, calibrated."""
    found = evidence(work.spec, work.needs)
    projects = scenarios(work.spec, found, pl.DataFrame({"tier": list(TIERS)}))
    mix = oracle(projects)
    units = exact.unit(mix)
    if projects.revenue is not None:
        lift = projects.revenue.mean / projects.revenue.median * np.exp(-(projects.values["sigma"] ** 2) / 2)
        units = replace(units, mean=units.mean * lift)
    rules = exact.calibration(projects, units)
    return Setting(found, projects, mix, units, rules, exact.revenue_mu(projects, units))


def _exact_result(spec: NpvSpec, ready: Setting) -> Result:
    figures = exact.evaluate(ready.projects)
    return _result(spec, ready, answers.tier_table(figures), ExactX(ready.mix), {}, {})


def _simulated_result(spec: NpvSpec, ready: Setting, run: Simulated) -> Result:
    both = run.unit.take(np.zeros(len(TIERS), np.int64))
    figures = exact.figures(ready.projects, both, ready.mu, run.share)
    tiers = answers.tier_table(figures)
    row = TIERS.index(spec.tier)
    errors = answers.error_figures(run, row, float(ready.mu[row]))
    own = tiers.row(row, named=True)
    extra = {
        "n_paths": run.paths,
        "sampling": spec.sampling,
        **{f"{name}_se": value for name, value in errors.items()},
        "var5_rank_error": run.var5_rank_error,
        "paths_digest": run.paths_digest,
    }
    tables = {"intervals": answers.interval_table(run, row, own, errors)}
    if ready.projects.revenue is None:
        beside = _by_quadrature(ready, row)
        if not run.replicates:
            errors = _errors_by_quadrature(ready, row, run.paths, beside["p_positive"])
        tables["agreement"] = answers.agreement_table(beside, own, errors)
    return _result(spec, ready, tiers, run.distribution, extra, tables)


def _by_quadrature(ready: Setting, row: int) -> dict[str, float]:
    """Figures of the mixture beside the simulated ones."""
    thresholds = np.log(ready.projects.values["cost_usd"]) - ready.mu
    figures = exact.figures(ready.projects, ready.unit, ready.mu, 1 - ready.mix.cdf(thresholds))
    return {name: float(values[row]) for name, values in figures.items()}


def _errors_by_quadrature(ready: Setting, row: int, paths: int, share: float) -> dict[str, float]:
    """Monte Carlo standard errors by the mixture's moments; a share's is at least that of one path."""
    units, scale = exact.path_errors(ready.mix, ready.unit, paths), math.exp(ready.mu[row])
    return {
        "mean_usd": scale * float(units.mean[row]),
        "sd_usd": scale * float(units.sd[row]),
        "p_positive": max(math.sqrt(max(share * (1 - share), 0.0) / paths), 1 / paths),
        "var5_usd": scale * float(units.quantile5[row]),
        "cvar5_usd": scale * float(units.mean_below5[row]),
    }


def _result(
    spec: NpvSpec,
    ready: Setting,
    tiers: pl.DataFrame,
    x: Distribution,
    extra: dict[str, Any],
    more: dict[str, pl.DataFrame],
) -> Result:
    row = TIERS.index(spec.tier)
    figures = tiers.row(row, named=True)
    tables = {
        "tiers": tiers,
        "distribution": distribution_table(ready.projects, ready.mu, x),
        "financing": financing_table(figures, x, spec.apc_max_share),
        "exclusivity": lead_table(spec, ready.found.curve),
        **more,
    }
    if _calibrated(spec):
        mean, quantile5 = float(ready.unit.mean[0]), float(ready.unit.quantile5[0])
        tables["calibration"] = answers.calibration_table(ready.projects, ready.calibration, mean, quantile5)
    goal = seek(_around(spec, ready))
    if spec.parts == "all":
        tables |= _more_tables(spec, ready, row, float(figures["mean_usd"] + figures["upfront_cost_usd"]))
    if goal is not None:
        tables["goal"] = goal_table(goal, _around(spec, ready))
    summary = {
        "engine": spec.chosen_engine,
        "engine_reason": spec.engine_reason,
        **{name: figures[name] for name in exact.FIGURES},
        **extra,
        "apc_floor_star_share": _floor_share(spec, ready, row, figures, x),
        **_context(spec, ready, row, figures),
        **_decision(goal, tables),
    }
    return Result("npv", summary, tables, tuple(_warnings(spec, ready, row, figures, tables)))


def _around(spec: NpvSpec, ready: Setting) -> Around:
    return Around(spec, ready.found, _tier_iii_mu(spec, ready))


def _more_tables(spec: NpvSpec, ready: Setting, row: int, mean_revenue: float) -> dict[str, pl.DataFrame]:
    """Tables beside the figures themselves."""
    around, mu = _around(spec, ready), float(ready.mu[row])
    project = ready.projects.take(slice(row, row + 1))
    simulated = spec.chosen_engine == "simulation"
    tables = {
        "tornado": tornado(spec, ready.found, around.mu),
        "spider": spider_table(around),
        "grid": grid_table(around),
        "break_even": break_even_table(around),
        "payback": payback_table(project, mu, spec.seed, simulated=simulated),
        "uncertainty": uncertainty_table(spec, ready.found, project, mu, mean_revenue),
        "compute_routes": answers.route_table(spec, ready.found.law),
        "recovery": answers.recovery_table(spec, ready.found, ready.projects, row),
    }
    if spec.sobol_samples:
        tables["sobol"] = sobol_table(around)
    typed = typed_revenue(spec)
    return tables if typed is None else {**tables, "revenue": revenue_table(spec, typed)}


def _decision(goal: Goal | None, tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """Summary figures of payback and goal seek, where asked for."""
    found: dict[str, Any] = {}
    if "payback" in tables:
        found["payback_median_months"] = payback_median(tables["payback"])
    if goal is not None:
        found |= {"goal_solution": goal.value, "goal_sentence": goal.sentence}
    return found


def _floor_share(spec: NpvSpec, ready: Setting, row: int, figures: dict[str, Any], x: Distribution) -> float | None:
    """The commitment as a guaranteed floor of revenue."""
    scale, cost = math.exp(ready.mu[row]), figures["upfront_cost_usd"]
    return floor_share(x, (figures["mean_usd"] + cost) / scale, cost / scale, spec.apc_max_share)


def _tier_iii_mu(spec: NpvSpec, ready: Setting) -> float:
    return float(ready.mu[TIERS.index("III")])


def _context(spec: NpvSpec, ready: Setting, row: int, figures: dict[str, Any]) -> dict[str, Any]:
    """What the figures rest on, and the headline."""
    own = {name: float(v[row]) for name, v in ready.projects.values.items()}
    share = figures["apc_star_share"]
    return {
        "tier": spec.tier,
        "mu_rule": _mu_rule(spec, ready),
        "training_compute_flop": _known(own["compute_flop"]),
        "price_usd_per_flop": _known(own["price_usd_per_flop"]),
        "annuity_horizon": float(annuity(spec.annual_discount_rate, spec.horizon_months)),
        "revenue_factor_mean": _mean_factor(ready, row),
        "share_lasting_horizon": _share_lasting(ready, row),
        "exclusivity_median_months": median_months(spec.exclusivity, ready.found.atoms, own),
        **lead_figures(spec, ready.found.curve),
        "net_upfront_cost_usd": None if share is None else own["cost_usd"] * (1 - share),
        "finding": finding(spec, figures),
    }


def _mean_factor(ready: Setting, row: int) -> float:
    """Expected discounted revenue over expected first-month revenue, with no correlation between them."""
    plain = exact.mixture(ready.projects.take(slice(row, row + 1)))
    return float(plain.mean()[0] * math.exp(-(plain.sigma[0] ** 2) / 2))


def _calibrated(spec: NpvSpec) -> bool:
    """Whether mu follows from the target: neither it nor revenue is given."""
    return spec.mu is None and spec.revenue == "lognormal" and not spec.typed_percentiles


def _share_lasting(ready: Setting, row: int) -> float:
    """Probability that the lead outlasts the horizon."""
    projects = ready.projects.take(slice(row, row + 1))
    return float(months_kept_weights(projects.exclusivity, projects.atoms, projects.values)[0, -1])


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mu_rule(spec: NpvSpec, ready: Setting) -> str:
    """Where mu comes from: given, or the rule of the calibration that binds."""
    if not _calibrated(spec):
        return "given" if spec.mu is not None else "typed revenue"
    return "mean" if ready.calibration.mean_rule[0] >= ready.calibration.var_rule[0] else "var5"


def finding(spec: NpvSpec, figures: dict[str, Any]) -> str:
    """The headline, from the figures: mean, chance of a gain, and what one run in twenty falls below."""
    given = "with revenue as typed" if spec.mu is None else f"with mu given as {spec.mu:g}"
    source = "with revenue calibrated to the target" if _calibrated(spec) else given
    return (
        f"For an upfront cost of {_dollars(figures['upfront_cost_usd'])} the expected net present value is "
        f"{_dollars(figures['mean_usd'])}, {source}; it is positive with probability {figures['p_positive']:.3f}, "
        f"and one outcome in twenty is below {_dollars(figures['var5_usd'])}."
    )


def _dollars(value: float) -> str:
    for size, word in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if abs(value) >= size:
            return f"{value / size:,.4g}{word} USD"
    return f"{value:,.0f} USD"


def _warnings(
    spec: NpvSpec, ready: Setting, row: int, figures: dict[str, Any], tables: dict[str, pl.DataFrame]
) -> list[str]:
    found = price_warnings(spec, _known(float(ready.projects.values["price_usd_per_flop"][row])))
    found += lead_warnings(ready.found.curve)
    if spec.chosen_engine == "simulation" and spec.sigma > UNRELIABLE_SIGMA:
        found.append(
            f"With sigma {spec.sigma:g} above {UNRELIABLE_SIGMA} a few paths carry the mean: the simulated mean and sd "
            "and their standard errors are unreliable; use the exact engine."
        )
    if figures["apc_star_share"] is None:
        found.append(
            f"No purchase commitment within {spec.apc_max_share:.0%} of the cost brings the expected NPV to zero; "
            f"it would take {1 - figures['breakeven_cost_multiple']:.1%}."
        )
    if _calibrated(spec) and not tables["calibration"]["met"].all():
        found.append(
            "The calibration can't meet both rules at once: the rule on the 5 % value at risk binds, and the mean NPV "
            "exceeds the target."
        )
    if "uncertainty" in tables and (sentence := uncertainty_warning(tables["uncertainty"])):
        found.append(sentence)
    return found
