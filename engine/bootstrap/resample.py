"""A regression made ready to be resampled, and its replicates: pairs, clusters, or residuals with random signs."""

import functools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import NO_LEVERAGE_LEFT, DesignError, complete_rows
from engine.scaling_law import law_design, parse_effects
from engine.wild_cluster import webb

Floats = NDArray[np.float64]
Kind = Literal["pairs", "wild", "cluster"]
WildWeights = Literal["rademacher", "webb"]
SLICE = 128
SIGNS_PER_WORD = 64


@dataclass(frozen=True)
class Sample:
    """What every replicate of a slope shares.

    Rows are sorted by the cell of the largest effect: `starts` (cells + 1,) are the cells' first rows, `columns` (n, p)
    the dummies of the other effects, x and y, the last two centred. `unit` (n,) is what each row is drawn with: itself,
    or its cluster. The fit itself is only done where it is asked for: resampling pairs does without.
    """

    kind: Kind
    rows: pl.DataFrame
    effects: str
    units: int
    unit: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: Floats

    @property
    def n(self) -> int:
        return len(self.unit)

    @property
    def slope(self) -> float:
        """Least-squares slope; `DesignError` where the law can't be fitted."""
        return self._fit[0]

    @property
    def pull(self) -> Floats:
        """How far each row's residual moves the slope (n,), with the leverage taken out: without row i the slope is
        slope - pull[i]."""
        return self._fit[1]

    @functools.cached_property
    def _fit(self) -> tuple[float, Floats]:
        return _influence(self)


def sample(rows: pl.DataFrame, effects: str, kind: Kind = "pairs") -> Sample:
    """Rows of a law (`scaling_law.points`) ready for resampling.

    Clusters are organizations; rows without one are left out there. Raises `DesignError` for fewer than two clusters.
    """
    used = complete_rows(rows, ["organization"] if kind == "cluster" else [], list(parse_effects(effects)))
    names = sorted(parse_effects(effects), key=lambda name: -used[name].n_unique())
    ordered = used.sort(names[:1], maintain_order=True) if names else used
    unit = _codes(ordered["organization"]) if kind == "cluster" else np.arange(ordered.height)
    units = int(unit.max()) + 1 if unit.size else 0
    if kind == "cluster" and units < 2:
        raise DesignError("A cluster bootstrap needs rows of at least two organizations.")
    cells = _codes(ordered[names[0]]) if names else np.zeros(ordered.height, np.int64)
    starts = np.searchsorted(cells, np.arange(int(cells.max()) + 2))
    return Sample(kind, ordered, effects, units, unit, starts, _columns(ordered, names[1:]))


def _codes(column: pl.Series) -> NDArray[np.int64]:
    return np.asarray(column.rank("dense").cast(pl.Int64).to_numpy() - 1)


def _columns(rows: pl.DataFrame, effects: list[str]) -> Floats:
    dummies = [
        (rows[effect] == level).cast(pl.Float64).to_numpy()
        for effect in effects
        for level in rows[effect].unique().sort().to_list()[1:]
    ]
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    return np.ascontiguousarray(np.column_stack([*dummies, x - x.mean(), y - y.mean()]))


def _influence(p: Sample) -> tuple[float, Floats]:
    """The slope, and x_i e_i / ((1 - h_i) sum of x^2), x net of the effects (Belsley, Kuh and Welsch 1980).

    The largest effect is taken out as the means of its cells, whose leverage is one over their rows.
    """
    law_design(p.rows, p.effects)  # refuses a law that can't be fitted
    sizes = np.diff(p.starts)
    within = p.columns - np.repeat(np.add.reduceat(p.columns, p.starts[:-1]) / sizes[:, None], sizes, axis=0)
    others = np.linalg.qr(within[:, :-2])[0]
    x, y = (v - others @ (others.T @ v) for v in within[:, -2:].T)
    slope = float(x @ y / (x @ x))
    spare = 1 - np.repeat(1 / sizes, sizes) - (others**2).sum(axis=1) - x**2 / (x @ x)
    numerator = x * (y - slope * x) / (x @ x)
    return slope, np.divide(numerator, spare, out=np.zeros(p.n), where=spare > NO_LEVERAGE_LEFT)


def replicates(
    prepared: Sample, size: int, rng: np.random.Generator, wild_weights: WildWeights = "rademacher"
) -> Floats:
    """Slopes (size,) of that many resamples; NaN where a resample leaves x no spread.

    Memory stays at SLICE replicates, whatever the size.
    """
    if prepared.kind == "wild":
        sizes = [min(SLICE, size - first) for first in range(0, size, SLICE)]
        return np.concatenate([_wild(prepared, some, rng, wild_weights) for some in sizes])
    return _resampled(prepared, size, rng)


def _resampled(prepared: Sample, size: int, rng: np.random.Generator) -> Floats:
    from engine.bootstrap.kernel import drawn_slopes

    state = rng.bit_generator.state["state"]["state"].copy()
    p = prepared
    return np.asarray(drawn_slopes(state, p.units, size, SLICE, p.unit, p.starts, p.columns))


def _wild(prepared: Sample, size: int, rng: np.random.Generator, weights: WildWeights) -> Floats:
    """Residuals, corrected for leverage as in HC3, times random signs (Davidson and Flachaire 2008)."""
    if weights == "webb":
        return np.asarray(prepared.slope + webb(rng, (size, prepared.n)) @ prepared.pull)
    words = rng.bit_generator.random_raw(size * math.ceil(prepared.n / SIGNS_PER_WORD)).astype("<u8")
    bits = np.unpackbits(words.view(np.uint8).reshape(size, -1), axis=1, count=prepared.n, bitorder="little")
    up = bits.astype(np.float64)
    return np.asarray(prepared.slope + 2 * (up @ prepared.pull) - prepared.pull.sum())


def weighted(prepared: Sample, counts: NDArray[np.uint8]) -> Floats:
    """Slopes of given resamples: `counts` (units, replicates) says how often each unit is in."""
    from engine.bootstrap.kernel import slopes

    return np.asarray(slopes(counts, prepared.unit, prepared.starts, prepared.columns))


def jackknife(prepared: Sample) -> Floats:
    """Slope without each unit in turn; for rows by the closed form, for clusters by leaving them out."""
    if prepared.kind != "cluster":
        return prepared.slope - prepared.pull
    left = [_without(prepared, first) for first in range(0, prepared.units, SLICE)]
    return np.concatenate(left)


def _without(prepared: Sample, first: int) -> Floats:
    gone = np.arange(first, min(first + SLICE, prepared.units))
    counts = np.ones((prepared.units, len(gone)), np.uint8)
    counts[gone, np.arange(len(gone))] = 0
    return weighted(prepared, counts)
