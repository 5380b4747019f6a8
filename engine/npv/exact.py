"""The exact engine: net present value as a finite mixture of log-normals, for many projects at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cashflow import (
    NODES,
    Floats,
    LogNormalMixture,
    nodes_needed,
    panels_needed,
    revenue_factor,
    uniform_nodes,
)
from engine.exclusivity import months_kept_weights
from engine.npv.scenarios import Scenarios

TAIL = 0.05
COMPONENTS_PER_BATCH = 2**15
FIGURES = (
    "mean_usd",
    "sd_usd",
    "p_positive",
    "var5_usd",
    "cvar5_usd",
    "upfront_cost_usd",
    "mu",
    "apc_star_share",
    "breakeven_cost_multiple",
)


@dataclass(frozen=True)
class Unit:
    """Discounted revenue X of each project at mu = 0: mean, sd, 5 % quantile, and mean below that quantile."""

    mean: Floats
    sd: Floats
    quantile5: Floats
    mean_below5: Floats

    def take(self, rows: NDArray[np.int64]) -> "Unit":
        """The figures of these rows, repeats allowed."""
        return Unit(self.mean[rows], self.sd[rows], self.quantile5[rows], self.mean_below5[rows])


@dataclass(frozen=True)
class Calibration:
    """ln of median revenue that each rule asks for, and the larger, one a project.

    The mean rule makes the mean NPV the target; it is -inf where no revenue is low enough. The value-at-risk
    rule makes the 5 % quantile of NPV zero.
    """

    mean_rule: Floats
    var_rule: Floats

    @property
    def mu(self) -> Floats:
        return np.maximum(self.mean_rule, self.var_rule)


def mixture(projects: Scenarios) -> LogNormalMixture:
    """Discounted revenue at mu = 0: a component for each number of months kept and each node of the drop."""
    values = projects.values
    weight = months_kept_weights(projects.exclusivity, projects.atoms, values)
    kept = np.flatnonzero(weight.any(axis=0)) + 1
    kept_annuity = projects.annuity(kept.astype(float))
    whole = projects.annuity(values["horizon_months"][:, None])
    low, high = values["drop_low"], values["drop_high"]
    node, node_weight = _drop_nodes(kept_annuity, whole, values)
    drop = low[:, None] + (high - low)[:, None] * node
    factor = revenue_factor(kept_annuity[:, :, None], whole[:, :, None], drop[:, None, :])
    rows = len(projects)
    return LogNormalMixture(
        factor.reshape(rows, -1),
        (weight[:, kept - 1, None] * node_weight).reshape(rows, -1),
        values["sigma"],
    )


def _drop_nodes(kept_annuity: Floats, whole: Floats, values: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Nodes and weights over the drop's range: one node when every drop is fixed."""
    low, high = values["drop_low"][:, None], values["drop_high"][:, None]
    if np.array_equal(low, high):
        return np.array([0.5]), np.array([1.0])
    least, most = revenue_factor(kept_annuity, whole, high), revenue_factor(kept_annuity, whole, low)
    sigma = values["sigma"][:, None]
    panels = panels_needed(least, most, sigma)
    return uniform_nodes(panels, nodes_needed(least, most, sigma) if panels == 1 else NODES)


def mean_revenue(projects: Scenarios) -> Floats:
    """E[X] at mu = 0 without the mixture: revenue is linear in the drop, so its mean drop stands for it."""
    values = projects.values
    weight = months_kept_weights(projects.exclusivity, projects.atoms, values)
    kept = np.flatnonzero(weight.any(axis=0)) + 1
    drop = (values["drop_low"] + values["drop_high"])[:, None] / 2
    whole = projects.annuity(values["horizon_months"][:, None])
    factor = revenue_factor(projects.annuity(kept.astype(float)), whole, drop)
    mean: Floats = np.exp(values["sigma"] ** 2 / 2) * np.einsum("ij,ij->i", weight[:, kept - 1], factor)
    return mean


def unit(mix: LogNormalMixture) -> Unit:
    """Figures of X at mu = 0."""
    log_quantile = mix.log_quantile(TAIL)
    return Unit(mix.mean(), mix.sd(), np.exp(log_quantile), mix.partial_mean(log_quantile) / TAIL)


def path_errors(mix: LogNormalMixture, units: Unit, paths: int) -> Unit:
    """Standard errors that independent paths have, from the mixture's own moments: those of samples mislead when
    sigma is large. Formulas as in `simulation.merge`; the quantile's by the density there.
    """
    m1, m2, m3, m4 = (mix.raw_moment(k) for k in range(1, 5))
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    q, root = units.quantile5, np.sqrt(paths)
    log_q = np.log(q)
    first = TAIL * (q - units.mean_below5)
    second = TAIL * q**2 - 2 * q * TAIL * units.mean_below5 + mix.second_partial_moment(log_q)
    return Unit(
        units.sd / root,
        np.sqrt(np.maximum(fourth - units.sd**4, 0.0)) / (2 * units.sd * root),
        np.sqrt(TAIL * (1 - TAIL)) / mix.density(log_q) / root,
        np.sqrt(np.maximum(second - first**2, 0.0)) / TAIL / root,
    )


def calibration(projects: Scenarios, units: Unit) -> Calibration:
    """mu by both rules, for tier III at cost multiple 1: ln((target + C0) / E[X]) and ln C0 - ln q05(X)."""
    cost, target = projects.values["reference_cost_usd"], projects.values["target_mean_usd"]
    wanted = target + cost
    mean_rule = np.log(wanted / units.mean, out=np.full(len(projects), -np.inf), where=wanted > 0)
    return Calibration(mean_rule, np.log(cost / units.quantile5))


def revenue_mu(projects: Scenarios, units: Unit) -> Floats:
    """mu of each project: given or calibrated, with the tier's shift."""
    given = projects.values["mu"]
    return np.where(np.isnan(given), calibration(projects, units).mu, given) + projects.values["mu_shift"]


def figures(projects: Scenarios, units: Unit, mu: Floats, probability: Floats) -> dict[str, Floats]:
    """The figures of FIGURES. var5_usd is the 5 % quantile of NPV and cvar5_usd the mean of NPV below it, so that
    a loss is negative in both. apc_star_share is NaN where no allowed commitment brings the mean to zero.
    """
    cost, scale = projects.values["cost_usd"], np.exp(mu)
    mean = scale * units.mean
    share = np.maximum(0.0, 1 - mean / cost)
    return {
        "mean_usd": mean - cost,
        "sd_usd": scale * units.sd,
        "p_positive": probability,
        "var5_usd": scale * units.quantile5 - cost,
        "cvar5_usd": scale * units.mean_below5 - cost,
        "upfront_cost_usd": cost,
        "mu": mu,
        "apc_star_share": np.where(share > projects.values["apc_max_share"], np.nan, share),
        "breakeven_cost_multiple": mean / cost,
    }


def evaluate(projects: Scenarios) -> dict[str, Floats]:
    """Exact figures of every project, by the names of FIGURES. Shapes that recur are worked out once."""
    shapes, owner = projects.distinct_shapes()
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(shapes) + 1))
    found: dict[str, Floats] = {name: np.empty(len(projects)) for name in FIGURES}
    for rows in _batches(shapes):
        mix = mixture(shapes.take(rows))
        units = unit(mix)
        for members in _portions(order[bounds[rows.start] : bounds[min(rows.stop, len(shapes))]], rows):
            some = _evaluate_members(projects.take(members), mix, units, owner[members] - rows.start)
            for name in FIGURES:
                found[name][members] = some[name]
    return found


def _portions(members: NDArray[np.int64], rows: slice) -> list[NDArray[np.int64]]:
    """Members of a batch of shapes in portions no longer than the batch."""
    size = rows.stop - rows.start
    return [members[i : i + size] for i in range(0, len(members), size)]


def _evaluate_members(
    projects: Scenarios, mix: LogNormalMixture, units: Unit, row: NDArray[np.int64]
) -> dict[str, Floats]:
    """Figures of projects whose shapes are these rows of the mixture."""
    own = units.take(row)
    mu = revenue_mu(projects, own)
    threshold = np.log(projects.values["cost_usd"]) - mu
    same = np.array_equal(row, np.arange(len(mix.sigma)))
    return figures(projects, own, mu, 1 - (mix if same else mix.take(row)).cdf(threshold))


def _batches(projects: Scenarios) -> list[slice]:
    """Slices of a size that keeps a batch's components in the processor's cache."""
    widest = NODES * int(projects.values["horizon_months"].max())
    size = max(1, COMPONENTS_PER_BATCH // widest)
    return [slice(i, i + size) for i in range(0, len(projects), size)]
