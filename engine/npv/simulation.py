"""The simulation engine: random paths in fixed blocks, summed so that neither chunks nor workers matter."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from engine.cashflow import Floats
from engine.npv.distribution import Distribution
from engine.npv.exact import TAIL, Unit
from engine.npv.kernel import MANTISSA_SHIFT, Draws, Kernel, Scratch, kernel
from engine.npv.scenarios import Scenarios

PAGE = 4096
SUMS = ("sum1", "sum2", "sum3", "sum4")
HASH_START = 0xCBF29CE484222325 - 2**64
SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "index": pl.Int64,
    "count": pl.Int64,
    "positive": pl.List(pl.Int64),
    **dict.fromkeys(SUMS, pl.Float64),
    "hash": pl.Int64,
}


@dataclass(frozen=True)
class Portion:
    """What some blocks of paths add up to: a mapping a block, and the histogram of all of them."""

    blocks: list[dict[str, Any]]
    first_bin: int
    counts: NDArray[np.int64]

    def frame(self) -> pl.DataFrame:
        """Columns SCHEMA. A row of kind `block` holds a block's number of paths, the number with NPV > 0 in each
        project, the first four power sums of X less the centre, and the FNV-1a hash of the paths as doubles (64
        bits a step). A row of kind `bin` holds the number of paths in a bin of X: the exponent and the ten leading
        bits of the mantissa of a double, 1,024 bins an octave.
        """
        hit = np.flatnonzero(self.counts)
        bins = pl.DataFrame({"kind": "bin", "index": hit + self.first_bin, "count": self.counts[hit]})
        return pl.concat([pl.DataFrame(self.blocks, schema=SCHEMA), bins], how="diagonal")


def simulate(projects: Scenarios, mu: Floats, centre: float, seed: int, blocks: Sequence[tuple[int, int]]) -> Portion:
    """Simulate blocks, (index, paths) each, of projects that share one kernel and differ in mu and cost."""
    model, scratch = kernel(projects), Scratch()
    thresholds = projects.values["cost_usd"] / np.exp(mu)
    counts = np.zeros(model.bins, np.int64)
    rows = [
        {
            "kind": "block",
            "index": block,
            **_block(model, Draws(seed, block, scratch), size, thresholds, centre, counts),
        }
        for block, size in blocks
    ]
    return Portion(rows, model.first_bin, counts)


def _block(
    model: Kernel, draws: Draws, size: int, thresholds: Floats, centre: float, counts: NDArray[np.int64]
) -> dict[str, Any]:
    """Figures of one block; its paths are added to the histogram `counts`."""
    sums, hits = np.empty(len(SUMS)), np.zeros(len(thresholds) + 1, np.int64)
    hits[-1] = HASH_START
    add_paths(draws.revenue_at_unit(model, size), thresholds, centre, model.first_bin, counts, sums, hits)
    return {
        "count": size,
        "positive": hits[:-1].tolist(),
        **dict(zip(SUMS, sums.tolist(), strict=True)),
        "hash": int(hits[-1]),
    }


def add_paths(
    x: Floats,
    thresholds: Floats,
    centre: float,
    first_bin: int,
    counts: NDArray[np.int64],
    sums: Floats,
    hits: NDArray[np.int64],
) -> None:
    """Power sums of x - centre into `sums`; bins into `counts`; paths above each threshold, and a hash, into `hits`."""
    from engine.npv import fused

    fused.accumulate(x, thresholds, centre, MANTISSA_SHIFT, first_bin, counts, sums, hits)


@dataclass(frozen=True)
class Histogram:
    """Counts of paths between `edges` (length of counts + 1) of X at mu = 0."""

    edges: Floats
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def quantile(self, p: float) -> float:
        """p-quantile of X, linear within a bin; its rank is out by at most the share of paths in that bin."""
        i, inside = self._position(p)
        return float(self.edges[i] + inside * (self.edges[i + 1] - self.edges[i]))

    def share_of_bin(self, p: float) -> float:
        """Share of all paths in the bin that holds the p-quantile."""
        return float(self.counts[self._position(p)[0]] / self.total)

    def cdf(self, x: float) -> float:
        """Share of paths at or below x, linear within a bin."""
        cumulative = np.concatenate([[0], np.cumsum(self.counts)])
        return float(np.interp(x, self.edges, cumulative) / self.total)

    def partial_mean(self, x: float) -> float:
        """Mean over all paths of X where X is at or below x and 0 elsewhere, linear within a bin."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        cumulative = np.concatenate([[0.0], np.cumsum(self.counts * middles)])
        return float(np.interp(x, self.edges, cumulative) / self.total)

    def below(self, p: float) -> tuple[float, float]:
        """Mean of X below its p-quantile q, and the standard deviation over all paths of max(q - X, 0)."""
        i, inside = self._position(p)
        q = self.quantile(p)
        gap = q - np.append((self.edges[:i] + self.edges[1 : i + 1]) / 2, (self.edges[i] + q) / 2)
        weight = np.append(self.counts[:i], inside * self.counts[i]) / self.total
        first, second = float(weight @ gap), float(weight @ gap**2)
        return q - first / p, math.sqrt(max(second - first**2, 0.0))

    def _position(self, p: float) -> tuple[int, float]:
        cumulative = np.cumsum(self.counts)
        rank = p * self.total
        i = int(np.searchsorted(cumulative, rank, "left"))
        before = cumulative[i] - self.counts[i]
        return i, float((rank - before) / self.counts[i])


@dataclass(frozen=True)
class Simulated:
    """Simulated X at mu = 0: its figures and their standard errors, and the share of paths with NPV > 0 by project.

    `replicates` is 0 for independent paths; the standard errors of shares are then Wilson's.
    """

    paths: int
    unit: Unit
    unit_se: Unit
    share: Floats
    share_se: Floats
    histogram: Histogram
    distribution: Distribution
    var5_rank_error: float
    paths_digest: str
    replicates: int = 0


def merge(parts: Iterable[pl.DataFrame], centre: float) -> Simulated:
    """Put the frames of `Portion` together; their cut into chunks leaves no trace.

    Standard errors: s/sqrt(n) for the mean; sqrt(m4 - m2^2) / (2 s sqrt(n)) for the sd; half the distance of
    the quantiles at p -+ sqrt(p (1 - p) / n) for the quantile; sd of max(q - X, 0) / (p sqrt(n)) for the mean
    below it (Chen 2008).
    """
    blocks, histogram = gathered(parts)
    n = int(blocks["count"].sum())
    mean, sd, mean_se, sd_se = _moments([math.fsum(blocks[name]) / n for name in SUMS], centre, n)
    below, spread = histogram.below(TAIL)
    step = math.sqrt(TAIL * (1 - TAIL) / n)
    quantile_se = (histogram.quantile(TAIL + step) - histogram.quantile(TAIL - step)) / 2
    positive = np.sum(blocks["positive"].to_list(), axis=0)
    return Simulated(
        paths=n,
        unit=_unit(mean, sd, histogram.quantile(TAIL), below),
        unit_se=_unit(mean_se, sd_se, quantile_se, spread / TAIL / math.sqrt(n)),
        share=positive / n,
        share_se=np.array([_share_se(int(count), n) for count in positive]),
        histogram=histogram,
        distribution=histogram,
        var5_rank_error=histogram.share_of_bin(TAIL),
        paths_digest=digest(blocks["hash"]),
    )


def _share_se(successes: int, n: int) -> float:
    """Half Wilson's 95 % interval over 1.96: it does not vanish when every path, or none, has a gain."""
    low, high = wilson(successes, n)
    return (high - low) / (2 * float(ndtri(0.975)))


def _unit(*figures: float) -> Unit:
    return Unit(*(np.array([figure]) for figure in figures))


def _moments(raw: Sequence[float], centre: float, n: int) -> tuple[float, float, float, float]:
    """Mean, sd and their standard errors from the first four raw moments of X - centre."""
    m1, r2, r3, r4 = raw
    m2 = max(r2 - m1**2, 0.0)
    m4 = r4 - 4 * m1 * r3 + 6 * m1**2 * r2 - 3 * m1**4
    sd = math.sqrt(m2 * n / (n - 1))
    sd_se = math.sqrt(max(m4 - m2**2, 0.0) / n) / (2 * sd) if sd else 0.0
    return centre + m1, sd, sd / math.sqrt(n), sd_se


def gathered(parts: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, Histogram]:
    """Rows of kind `block` in their order, and the histogram of all rows of kind `bin`; one part at a time is held."""
    blocks: list[pl.DataFrame] = []
    totals: dict[int, NDArray[np.int64]] = {}
    for part in parts:
        blocks.append(part.filter(pl.col("kind") == "block"))
        bins = part.filter(pl.col("kind") == "bin")
        index, count = bins["index"].to_numpy(), bins["count"].to_numpy()
        for page in np.unique(index // PAGE):
            own = index // PAGE == page
            held = totals.setdefault(int(page), np.zeros(PAGE, np.int64))
            held[index[own] - page * PAGE] += count[own]
    return pl.concat(blocks).sort("index"), _histogram(totals)


def _histogram(totals: dict[int, NDArray[np.int64]]) -> Histogram:
    """Counts from the first bin hit to the last, from pages of bins."""
    first = min(totals) * PAGE
    counts = np.zeros((max(totals) + 1) * PAGE - first, np.int64)
    for page, held in totals.items():
        counts[page * PAGE - first :][:PAGE] += held
    hit = np.flatnonzero(counts)
    low, high = int(hit[0]), int(hit[-1])
    edges = (np.arange(first + low, first + high + 2) << MANTISSA_SHIFT).view(np.float64)
    return Histogram(edges, counts[low : high + 1])


def digest(hashes: pl.Series) -> str:
    """SHA-256 of the hashes of blocks, in block order."""
    return hashlib.sha256(hashes.to_numpy().astype("<i8").tobytes()).hexdigest()


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson (1927) score interval of a share."""
    z = float(ndtri((1 + level) / 2))
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) / n * z * z + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
