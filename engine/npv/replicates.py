"""Quasi-random and conditional sampling: blocks are randomised replicates, and their spread is the error.

A replicate is a Sobol sequence with its own scramble (Owen 1998), so that the mean over replicates is unbiased and
its standard error is that of independent draws.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from engine.cashflow import Floats, LogNormalMixture
from engine.npv import exact
from engine.npv.distribution import ExactX
from engine.npv.exact import TAIL, Unit
from engine.npv.kernel import LEAST_SHARE, Kernel, kernel
from engine.npv.scenarios import Scenarios
from engine.npv.simulation import HASH_START, SUMS, Histogram, Simulated, add_paths, digest, gathered
from engine.streams import PATHS_PER_BLOCK, stream

LEAST_REPLICATES = 16
FIGURES = ("mean", "sd", "quantile5", "mean_below5")
SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "index": pl.Int64,
    "count": pl.Int64,
    "share": pl.List(pl.Float64),
    **dict.fromkeys(FIGURES, pl.Float64),
    "hash": pl.Int64,
}


def replicates(n_paths: int) -> list[tuple[int, int]]:
    """(index, points) of each replicate: a power of 2 of points, at most a block, in at least 16 replicates."""
    size = min(PATHS_PER_BLOCK, 2 ** int(math.log2(n_paths / LEAST_REPLICATES)))
    return [(i, size) for i in range(n_paths // size)]


def simulate_replicates(
    projects: Scenarios, mu: Floats, seed: int, blocks: Sequence[tuple[int, int]], *, conditional: bool
) -> pl.DataFrame:
    """Columns SCHEMA: a row of kind `block` a replicate, with the figures of X and the share above each project's
    cost, and rows of kind `bin`, the histogram of X (conditional: of X's scale given exclusivity and drop).
    """
    model = kernel(projects)
    thresholds = projects.values["cost_usd"] / np.exp(mu)
    counts = np.zeros(model.bins, np.int64)
    rows = []
    for block, size in blocks:
        x = _scales(model, seed, block, size) if conditional else sobol_paths(model, seed, block, size)
        hits, sums = np.zeros(len(thresholds) + 1, np.int64), np.zeros(len(SUMS))
        hits[-1] = HASH_START
        add_paths(x, thresholds, 0.0, model.first_bin, counts, sums, hits)
        units, share = _conditional(model, x, thresholds) if conditional else (_of_paths(x), hits[:-1] / size)
        figures = {name: float(getattr(units, name)[0]) for name in FIGURES}
        rows.append(
            {"kind": "block", "index": block, "count": size, "share": share.tolist(), **figures, "hash": int(hits[-1])}
        )
    hit = np.flatnonzero(counts)
    bins = pl.DataFrame({"kind": "bin", "index": hit + model.first_bin, "count": counts[hit]})
    return pl.concat([pl.DataFrame(rows, schema=SCHEMA), bins], how="diagonal")


def _points(seed: int, block: int, size: int, dimensions: int) -> Floats:
    """Scrambled Sobol points within (0, 1): (size, dimensions)."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(dimensions, bits=53, rng=stream(seed, "npv sobol", block))
    return np.clip(sampler.random_base2(int(math.log2(size))), LEAST_SHARE, 1 - LEAST_SHARE)


def sobol_paths(model: Kernel, seed: int, block: int, size: int) -> Floats:
    """X at mu = 0 on the points of a replicate: revenue, exclusivity, drop."""
    from scipy.special import ndtri

    points = _points(seed, block, size, 3)
    z = ndtri(points[:, 0])
    factor = _factors(model, ndtri(points[:, 1]), z, points[:, 2], model.rho)
    return np.ascontiguousarray(model.first_month(z) * factor)


def _scales(model: Kernel, seed: int, block: int, size: int) -> Floats:
    """exp(sigma rho latent) F on the points of a replicate, exclusivity and drop: X's median given both."""
    from scipy.special import ndtri

    points = _points(seed, block, size, 2)
    latent = ndtri(points[:, 0])
    tilt = np.exp(model.sigma * model.rho * latent)
    return np.ascontiguousarray(tilt * _factors(model, latent, np.zeros(size), points[:, 1], 0.0))


def _factors(model: Kernel, latent: Floats, z: Floats, drop: Floats, rho: float) -> Floats:
    from engine.npv import fused

    gaps = np.ascontiguousarray(latent)
    if model.edges.size:
        gaps = gaps.copy()
        fused.gaps_of(gaps, z, rho, model.guide, model.edges, model.gaps)
    else:
        gaps = np.full(len(latent), model.gaps[0])
    return model.whole - (model.drop_low + model.drop_width * drop) * gaps


def _of_paths(x: Floats) -> Unit:
    """Figures of X from paths of equal weight: the 5 % order statistic, and the mean of exactly 5 % of the weight."""
    weight = TAIL * len(x)
    rank = math.floor(weight)
    ordered = np.partition(x, rank)
    below = (ordered[:rank].sum() + (weight - rank) * ordered[rank]) / weight
    return Unit(*(np.array([figure]) for figure in (x.mean(), x.std(ddof=1), ordered[rank], below)))


def _conditional(model: Kernel, scales: Floats, thresholds: Floats) -> tuple[Unit, Floats]:
    """Figures of X and shares above the thresholds, revenue integrated in closed form."""
    mix = _mixture(model, scales, np.full(len(scales), 1 / len(scales)))
    above = [1 - float(mix.cdf(np.log([threshold]))[0]) for threshold in thresholds]
    return exact.unit(mix), np.array(above)


def _mixture(model: Kernel, scales: Floats, weights: Floats) -> LogNormalMixture:
    own = model.sigma * math.sqrt(1 - model.rho**2)
    return LogNormalMixture(scales[None], weights[None], np.array([own]))


def merge_replicates(parts: Iterable[pl.DataFrame], projects: Scenarios, *, conditional: bool) -> Simulated:
    """Figures averaged over replicates; standard errors are their spread over the square root of their number."""
    blocks, histogram = gathered(parts)
    table = blocks.select(FIGURES).to_numpy()
    shares = np.array(blocks["share"].to_list())
    root = math.sqrt(len(table))
    centre, spread = table.mean(axis=0), table.std(axis=0, ddof=1) / root
    return Simulated(
        paths=int(blocks["count"].sum()),
        unit=Unit(*centre[:, None]),
        unit_se=Unit(*spread[:, None]),
        share=shares.mean(axis=0),
        share_se=shares.std(axis=0, ddof=1) / root,
        histogram=histogram,
        distribution=_smooth(kernel(projects), histogram) if conditional else histogram,
        var5_rank_error=histogram.share_of_bin(TAIL),
        paths_digest=digest(blocks["hash"]),
        replicates=len(table),
    )


def _smooth(model: Kernel, histogram: Histogram) -> ExactX:
    """The mixture over the histogram of scales: each bin stands at its middle."""
    held = histogram.counts > 0
    middles = (histogram.edges[:-1] + histogram.edges[1:])[held] / 2
    return ExactX(_mixture(model, middles, histogram.counts[held] / histogram.total))
