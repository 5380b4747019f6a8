"""One path of the simulation: how draws become discounted revenue."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cashflow import Floats, annuity
from engine.npv.exclusivity import months_kept_weights
from engine.npv.scenarios import Scenarios
from engine.streams import stream

SLICE = 2**14
GUIDE_CELLS = 2**11
CELL_STARTS = np.arange(GUIDE_CELLS) / GUIDE_CELLS
MANTISSA_SHIFT = 42
REACH_SIGMAS = 9.0


@dataclass(frozen=True)
class Kernel:
    """Discounted revenue at mu = 0 as a function of three draws a path: X = exp(sigma Z) (A(H) - drop gap(k)).

    gap(k) = A(H) - A(k). k follows from a uniform draw by inversion: `gaps` in the order of k, `edges` the
    cumulative probabilities between them, and a guide table (Chen and Asau 1974) that answers at once for
    the cells of (0, 1) without an edge, which `split` marks.
    """

    sigma: float
    whole: float
    drop_low: float
    drop_width: float
    gaps: Floats
    edges: Floats
    guide: Floats
    split: NDArray[np.bool_]

    @functools.cached_property
    def first_bin(self) -> int:
        """Bin below every path that can occur; bins are numbered as the leading bits of a double."""
        least = self.whole - (self.drop_low + self.drop_width) * self.gaps.max(initial=0.0)
        return _bin_of(least * math.exp(-REACH_SIGMAS * self.sigma))

    @property
    def bins(self) -> int:
        return _bin_of(self.whole * math.exp(REACH_SIGMAS * self.sigma)) + 1 - self.first_bin


def kernel(projects: Scenarios, row: int = 0) -> Kernel:
    """The kernel of one project."""
    one = projects.take(slice(row, row + 1))
    values = {name: float(v[0]) for name, v in one.values.items()}
    weight = months_kept_weights(one.exclusivity, one.atoms, one.values)[0]
    kept = np.flatnonzero(weight > 0) + 1
    whole = float(annuity(values["annual_discount_rate"], values["horizon_months"]))
    gaps = whole - annuity(values["annual_discount_rate"], kept)
    edges = np.cumsum(weight[kept - 1])[:-1]
    first = np.searchsorted(edges, CELL_STARTS, "right")
    split = np.zeros(GUIDE_CELLS, np.bool_)
    split[np.minimum(edges * GUIDE_CELLS, GUIDE_CELLS - 1).astype(np.int64)] = True
    width = values["drop_high"] - values["drop_low"]
    return Kernel(values["sigma"], whole, values["drop_low"], width, gaps, edges, gaps[first], split)


def _bin_of(value: float) -> int:
    return int(np.array([value]).view(np.int64)[0] >> MANTISSA_SHIFT)


class Draws:
    """The three streams of one block, and scratch space for a slice of its paths.

    Each variable has a stream of its own, so that fixing the drop or the exclusivity leaves the other draws
    as they were, and path i is the same whatever the number of paths.
    """

    def __init__(self, seed: int, block: int, scratch: "Scratch") -> None:
        self.seed, self.block, self.scratch = seed, block, scratch

    @functools.cached_property
    def revenue(self) -> np.random.Generator:
        return stream(self.seed, "npv revenue", self.block)

    @functools.cached_property
    def exclusivity(self) -> np.random.Generator:
        return stream(self.seed, "npv exclusivity", self.block)

    @functools.cached_property
    def drop(self) -> np.random.Generator:
        return stream(self.seed, "npv drop", self.block)

    def revenue_at_unit(self, model: Kernel, size: int) -> Floats:
        """X of the next `size` paths (at most SLICE), in scratch space that the next call overwrites."""
        factor = self._gap(model, size)
        factor *= self._drop(model, size)
        np.subtract(model.whole, factor, out=factor)
        x = self.revenue.standard_normal(out=self.scratch.x[:size])
        x *= model.sigma
        np.exp(x, out=x)
        x *= factor
        return x

    def _gap(self, model: Kernel, size: int) -> Floats:
        gap, uniform, cell = self.scratch.factor[:size], self.scratch.uniform[:size], self.scratch.index[:size]
        if not model.edges.size:
            gap.fill(model.gaps[0])
            return gap
        self.exclusivity.random(out=uniform)
        np.multiply(uniform, GUIDE_CELLS, out=cell, casting="unsafe")
        np.take(model.guide, cell, out=gap, mode="clip")
        unsure = np.flatnonzero(np.take(model.split, cell, out=self.scratch.flag[:size], mode="clip"))
        gap[unsure] = model.gaps[np.searchsorted(model.edges, uniform[unsure], "right")]
        return gap

    def _drop(self, model: Kernel, size: int) -> Floats | float:
        if model.drop_width == 0:
            return model.drop_low
        drop = self.drop.random(out=self.scratch.uniform[:size])
        drop *= model.drop_width
        drop += model.drop_low
        return drop


class Scratch:
    """Arrays a worker uses again for every slice: fresh memory costs more than the arithmetic."""

    def __init__(self) -> None:
        self.x, self.factor, self.uniform = (np.empty(SLICE) for _ in range(3))
        self.index, self.flag = np.empty(SLICE, np.int64), np.empty(SLICE, np.bool_)
