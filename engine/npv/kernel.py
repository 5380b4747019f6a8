"""One path of the simulation: how draws become discounted revenue."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from engine.cashflow import Floats
from engine.exclusivity import months_kept_weights
from engine.npv.revenue import Revenue
from engine.npv.scenarios import Scenarios
from engine.streams import PATHS_PER_BLOCK, stream

GUIDE_LOW, GUIDE_PER_UNIT, GUIDE_CELLS = -8.0, 128, 2048
CELL_SLACK = 1e-9
CELLS = GUIDE_LOW + np.arange(GUIDE_CELLS + 1) / GUIDE_PER_UNIT
MANTISSA_SHIFT = 42
REACH_SIGMAS = 9.0
LEAST_SHARE = 2.0**-54
LOWEST_BIN_VALUE = 1e-300


@dataclass(frozen=True)
class Kernel:
    """Discounted revenue at mu = 0 as a function of three draws a path: X = W (A(H) - drop gap(k)).

    gap(k) = A(H) - A(k). W = exp(sigma Z), or a user's revenue over its median at the share Phi(Z). k follows from
    a normal latent variable of correlation rho with Z, by the intervals between `edges`; a guide table (Chen and
    Asau 1974) answers at once for the cells of the normal's range without an edge and holds -1 - k for the others.
    """

    sigma: float
    rho: float
    whole: float
    drop_low: float
    drop_width: float
    gaps: Floats
    edges: Floats
    guide: NDArray[np.int64]
    drawn: Revenue | None

    @functools.cached_property
    def first_bin(self) -> int:
        """Bin below every path that can occur; bins are numbered as the leading bits of a double."""
        least = self.whole - (self.drop_low + self.drop_width) * self.gaps.max(initial=0.0)
        return _bin_of(max(least * (1 - 1e-9) * self._reach[0], LOWEST_BIN_VALUE)) - 1

    @property
    def bins(self) -> int:
        return _bin_of(self.whole * (1 + 1e-9) * self._reach[1]) + 2 - self.first_bin

    @property
    def _reach(self) -> tuple[float, float]:
        """Bounds of W."""
        if self.drawn is None:
            return math.exp(-REACH_SIGMAS * self.sigma), math.exp(REACH_SIGMAS * self.sigma)
        low, high = self.drawn.quantile(np.array([LEAST_SHARE, 1 - LEAST_SHARE])) / self.drawn.median
        return float(low), float(high)

    def first_month(self, z: Floats) -> Floats:
        """W of standard normals; overwrites them where revenue is log-normal."""
        if self.drawn is None:
            z *= self.sigma
            return np.exp(z, out=z)
        share = np.clip(ndtr(z), LEAST_SHARE, 1 - LEAST_SHARE)
        return self.drawn.draw(share) / self.drawn.median


def kernel(projects: Scenarios, row: int = 0) -> Kernel:
    """The kernel of one project."""
    one = projects.take(slice(row, row + 1))
    values = {name: float(v[0]) for name, v in one.values.items()}
    weight = months_kept_weights(one.exclusivity, one.atoms, one.values)[0]
    kept = np.flatnonzero(weight > 0) + 1
    *earned, whole = one.annuity(np.append(kept, one.values["horizon_months"]))[0]
    gaps = whole - np.array(earned)
    edges = ndtri(np.minimum(np.cumsum(weight[kept - 1])[:-1], 1.0))
    return Kernel(
        values["sigma"],
        values["correlation"],
        float(whole),
        values["drop_low"],
        values["drop_high"] - values["drop_low"],
        gaps,
        edges,
        _guide(edges),
        one.revenue,
    )


def _guide(edges: Floats) -> NDArray[np.int64]:
    """Cells are widened a little, so that rounding of a draw's cell can't step over an edge."""
    first = np.searchsorted(edges, CELLS[:-1] - CELL_SLACK, "right")
    last = np.searchsorted(edges, CELLS[1:] + CELL_SLACK, "right")
    first[0], last[-1] = 0, len(edges)
    return np.where(first != last, -1 - first, first).astype(np.int64)


def _bin_of(value: float) -> int:
    return int(np.array([value]).view(np.int64)[0] >> MANTISSA_SHIFT)


class Draws:
    """The three streams of one block, and scratch space for its paths.

    Each variable has a stream of its own, so that fixing the drop or the exclusivity leaves the other draws
    as they were, and path i is the same whatever the number of paths.
    """

    def __init__(self, seed: int, block: int, scratch: "Scratch") -> None:
        self.seed, self.block, self.scratch = seed, block, scratch

    @functools.cached_property
    def revenue(self) -> NDArray[np.uint64]:
        return _state(self.seed, "npv revenue", self.block)

    @functools.cached_property
    def exclusivity(self) -> NDArray[np.uint64]:
        return _state(self.seed, "npv exclusivity", self.block)

    @functools.cached_property
    def drop(self) -> NDArray[np.uint64]:
        return _state(self.seed, "npv drop", self.block)

    def revenue_at_unit(self, model: Kernel, size: int) -> Floats:
        """X of the first `size` paths (at most PATHS_PER_BLOCK), in scratch space that the next call overwrites."""
        from engine.npv import fused

        z, factor = self.scratch.x[:size], self.scratch.factor[:size]
        fused.normals(self.revenue, z)
        if model.edges.size:
            fused.normals(self.exclusivity, factor)
            fused.gaps_of(factor, z, model.rho, model.guide, model.edges, model.gaps)
        else:
            factor.fill(model.gaps[0])
        if model.drop_width:
            fused.apply_drop(self.drop, model.whole, model.drop_low, model.drop_width, factor)
        else:
            fused.apply_fixed_drop(model.whole, model.drop_low, factor)
        return np.multiply(model.first_month(z), factor, out=z)


def _state(seed: int, name: str, block: int) -> NDArray[np.uint64]:
    state: Any = stream(seed, name, block).bit_generator.state
    return np.array(state["state"]["state"], dtype=np.uint64)


def block_paths(model: Kernel, seed: int, block: int, size: int) -> Floats:
    """X at mu = 0 of the first `size` paths of a block."""
    return Draws(seed, block, Scratch()).revenue_at_unit(model, size)


class Scratch:
    """Arrays a worker uses again for every block: fresh memory costs more than the arithmetic.

    A block is drawn at once: in smaller pieces two threads would hinder each other, taking turns at the interpreter.
    """

    def __init__(self) -> None:
        self.x, self.factor = np.empty(PATHS_PER_BLOCK), np.empty(PATHS_PER_BLOCK)
