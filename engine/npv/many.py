"""Many projects by simulation on common random numbers: the same paths for every project."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cashflow import Floats
from engine.exclusivity import months_kept_weights
from engine.npv import exact
from engine.npv.copula import calibrated_mu
from engine.npv.exact import TAIL, Unit
from engine.npv.kernel import Draws, Kernel, Scratch, kernel
from engine.npv.scenarios import Scenarios
from engine.streams import PATHS_PER_BLOCK

CURVE = (
    "horizon_months",
    "exclusivity_months",
    "exclusivity_median_months",
    "exclusivity_sigma",
    "exclusivity_multiple",
    "correlation",
)


@dataclass(frozen=True)
class Common:
    """Draws that every project shares: two standard normals and a uniform a path."""

    revenue: Floats
    latent: Floats
    drop: Floats

    @functools.cached_property
    def scratch(self) -> tuple[Floats, Floats]:
        return np.empty(len(self.drop)), np.empty(len(self.drop))


def common_draws(seed: int, paths: int) -> Common:
    """The draws of the first paths of the simulation, at most a block of 65,536."""
    from engine.npv import fused

    size = min(paths, PATHS_PER_BLOCK)
    draws, made = Draws(seed, 0, Scratch()), Common(*(np.empty(size) for _ in range(3)))
    fused.normals(draws.revenue, made.revenue)
    fused.normals(draws.exclusivity, made.latent)
    fused.uniforms(draws.drop, made.drop)
    return made


def evaluate(projects: Scenarios, seed: int, paths: int) -> dict[str, Floats]:
    """Figures of every project by the names of FIGURES, and mean_usd_se and p_positive_se, on common paths.

    Means, sds and shares are those of the paths; the 5 % quantile is an order statistic. Projects of one
    curve of exclusivity are worked on together.
    """
    draws, mu = common_draws(seed, paths), calibrated_mu(projects)
    size = len(draws.drop)
    rows = np.empty((len(projects), 5))
    thresholds = projects.values["cost_usd"] / np.exp(mu)
    for members in _by_curve(projects):
        _evaluate_members(projects, members, draws, thresholds, rows)
    mean, sd, quantile, below, above = rows.T
    found = exact.figures(projects, Unit(mean, sd, quantile, below), mu, above)
    found["mean_usd_se"] = found["sd_usd"] / np.sqrt(size)
    found["p_positive_se"] = np.sqrt(above * (1 - above) / size)
    return found


def _by_curve(projects: Scenarios) -> list[NDArray[np.int64]]:
    table = np.column_stack([projects.values[name] for name in CURVE])
    _, owner = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    return np.split(order, np.flatnonzero(np.diff(owner.ravel()[order])) + 1)


def _evaluate_members(
    projects: Scenarios, members: NDArray[np.int64], draws: Common, thresholds: Floats, rows: Floats
) -> None:
    """Figures of projects that share the intervals of exclusivity: mean, sd, 5 % quantile, mean below it, share."""
    from engine.npv import fused

    first = kernel(projects, int(members[0]))
    chosen = np.empty(len(draws.drop), np.int64)
    fused.intervals_of(draws.latent, draws.revenue, first.rho, first.guide, first.edges, chosen)
    some = projects.take(members)
    gaps = _gaps(some, first)
    whole = some.annuity(some.values["horizon_months"][:, None])[:, 0]
    rank = max(int(np.ceil(TAIL * len(chosen))) - 1, 0)
    z, x = draws.scratch
    drawn = None if first.drawn is None else first.first_month(draws.revenue)
    lows, highs = some.values["drop_low"], some.values["drop_high"]
    columns = (some.values["sigma"], gaps, whole, lows, highs - lows, thresholds[members], members)
    for sigma, gap, all_months, low, width, threshold, row in zip(*columns, strict=True):
        w = _log_normal(draws.revenue, sigma, z) if drawn is None else drawn
        fused.figures_of(w, chosen, draws.drop, gap, all_months, low, width, threshold, rank, x, rows[row])


def _log_normal(z: Floats, sigma: float, out: Floats) -> Floats:
    np.multiply(z, sigma, out=out)
    return np.exp(out, out=out)


def _gaps(projects: Scenarios, model: Kernel) -> Floats:
    """Gap of each interval of the model's, a row a project."""
    one = projects.take(slice(0, 1))
    weight = months_kept_weights(one.exclusivity, one.atoms, one.values)[0]
    kept = (np.flatnonzero(weight > 0) + 1).astype(float)
    assert len(kept) == len(model.gaps)
    return projects.annuity(projects.values["horizon_months"][:, None]) - projects.annuity(kept)
