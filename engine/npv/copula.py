"""Correlated revenue and exclusivity by quadrature: what the simulation is calibrated on and compared with.

Given the latent normal variable behind exclusivity, revenue is log-normal with sigma sqrt(1 - rho^2), so that
Gauss-Legendre nodes over the latent variable give a finite mixture of log-normals, as the exact engine's.
"""

import itertools
from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from engine.cashflow import Floats, LogNormalMixture
from engine.exclusivity import months_kept_weights
from engine.npv import exact
from engine.npv.scenarios import Scenarios

CLOSEST_TO_ONE = 0.9999
NODES, WIDEST_PANEL, REACH = 8, 0.5, 9.0


def correlated_mixture(projects: Scenarios) -> LogNormalMixture:
    """Discounted revenue at mu = 0 of the first project. A correlation beyond +-.9999 counts as that."""
    one = projects.take(slice(0, 1))
    sigma = float(one.values["sigma"][0])
    rho = float(np.clip(one.values["correlation"][0], -CLOSEST_TO_ONE, CLOSEST_TO_ONE))
    own = np.sqrt(1 - rho * rho)
    plain = exact.mixture(one)
    months = months_kept_weights(one.exclusivity, one.atoms, one.values)[0]
    chances = months[months > 0]
    factors = plain.scale.reshape(len(chances), -1)
    shares = plain.weight.reshape(len(chances), -1) / chances[:, None]
    panel = min(WIDEST_PANEL, 2 * own / max(abs(rho), 1e-12))
    interval, z, mass = _latent_nodes(chances, panel, REACH + sigma)
    scale = factors[interval] * np.exp(sigma * rho * z)[:, None]
    weight = shares[interval] * mass[:, None]
    return LogNormalMixture(scale.reshape(1, -1), weight.reshape(1, -1) / weight.sum(), np.array([sigma * own]))


def _latent_nodes(chances: Floats, panel: float, reach: float) -> tuple[np.ndarray, Floats, Floats]:
    """Nodes over a standard normal cut into intervals of these chances: interval, place, mass."""
    edges = np.clip(ndtri(np.minimum(np.cumsum(chances)[:-1], 1.0)), -reach, reach)
    ends = np.concatenate([[-reach], edges, [reach]])
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    found = []
    for k, (low, high) in enumerate(itertools.pairwise(ends)):
        cuts = np.linspace(low, high, max(1, int(np.ceil((high - low) / panel))) + 1)
        half = np.diff(cuts)[:, None] / 2
        z = (cuts[:-1, None] + half * (nodes + 1)).ravel()
        mass = (half * weights).ravel() * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        found.append((np.full(len(z), k), z, mass))
    interval, z, mass = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return interval, z, mass


def oracle(projects: Scenarios) -> LogNormalMixture:
    """Discounted revenue at mu = 0 of projects of one shape, to quadrature: as many rows as projects."""
    if not np.any(projects.values["correlation"]):
        return exact.mixture(replace(projects, revenue=None))
    return correlated_mixture(projects).take(np.zeros(len(projects), np.int64))


def calibrated_mu(projects: Scenarios) -> Floats:
    """mu of each project, given or calibrated, whatever the engine that answers."""
    given = projects.values["mu"]
    if not np.any(np.isnan(given)):
        return given + projects.values["mu_shift"]
    shapes, owner = projects.distinct_shapes()
    units = [exact.unit(oracle(shapes.take(slice(i, i + 1)))) for i in range(len(shapes))]
    names = ("mean", "sd", "quantile5", "mean_below5")
    columns = (np.concatenate([getattr(u, name) for u in units])[owner] for name in names)
    return exact.revenue_mu(projects, exact.Unit(*columns))
