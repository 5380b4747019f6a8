"""Bootstrap of a scaling slope, in blocks of replicates that any runner may compute."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.result import Result
from engine.scaling_law import Direction, Effects, points
from engine.spec import Spec, SpecError, parameter
from engine.streams import REPLICATES_PER_BLOCK, blocks, stream
from engine.study import Study, Work

BLOCKS_PER_CHUNK = 16


class BootstrapSpec(Spec):
    """Which slope, and how many replicates."""

    study: ClassVar[str] = "bootstrap"

    direction: Direction = parameter("compute_on_parameters", "Direction of the fit", group="Fit")
    effects: Effects = parameter("pooled", "Effects", group="Fit")
    replicates: int = parameter(10_000, "Replicates", ge=100, le=1_000_000, group="Bootstrap")


class Bootstrap(Study[BootstrapSpec]):
    """Pairs bootstrap of the slope (Efron 1979); effects are absorbed within their cells."""

    spec_type = BootstrapSpec
    inputs: ClassVar[tuple[str, ...]] = ("scaling",)
    parallel = "threads"

    def chunks(self, work: Work[BootstrapSpec]) -> Sequence[Any]:
        """Lists of (block, replicates)."""
        all_blocks = blocks(work.spec.replicates, REPLICATES_PER_BLOCK)
        return [all_blocks[i : i + BLOCKS_PER_CHUNK] for i in range(0, len(all_blocks), BLOCKS_PER_CHUNK)]

    def run_chunk(self, work: Work[BootstrapSpec], chunk: Any) -> pl.DataFrame:
        """One slope a replicate, in block order."""
        rows = points(work.tables["scaling"], work.spec.direction, work.spec.effects)
        slopes = [pairs_slopes(rows, size, stream(work.spec.seed, "bootstrap", block)) for block, size in chunk]
        return pl.DataFrame({"slope": np.concatenate(slopes)})

    def combine(self, work: Work[BootstrapSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7; null slopes (resamples without spread) are counted and left out."""
        slopes = pl.concat(parts)["slope"].to_numpy()
        usable = slopes[np.isfinite(slopes)]
        if usable.size < 2:
            raise SpecError("The bootstrap gave no usable replicate: the regressor has too few distinct values.")
        low, high = (float(q) for q in np.quantile(usable, [0.025, 0.975]))
        rows = points(work.tables["scaling"], work.spec.direction, work.spec.effects)
        summary = {
            "n": rows.height,
            "replicates": int(usable.size),
            "kind": "pairs",
            "slope": float(pairs_slope(rows)),
            "se": float(usable.std(ddof=1)),
            "ci_low": low,
            "ci_high": high,
        }
        intervals = pl.DataFrame([{"kind": "pairs", "method": "percentile", "ci_low": low, "ci_high": high}])
        return Result(self.name, summary, {"intervals": intervals})


def pairs_slopes(rows: pl.DataFrame, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Slopes of `replicates` resamples of the rows, effects absorbed; NaN where a resample has no spread."""
    n = rows.height
    draws = rng.integers(0, n, size=(replicates, n))
    shifted = draws + n * np.arange(replicates)[:, None]
    weights = np.bincount(shifted.ravel(), minlength=replicates * n).reshape(replicates, n).astype(np.float64)
    return _weighted_slopes(rows, weights)


def pairs_slope(rows: pl.DataFrame) -> float:
    """Slope on the rows themselves, effects absorbed."""
    return float(_weighted_slopes(rows, np.ones((1, rows.height)))[0])


def _weighted_slopes(rows: pl.DataFrame, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Within-cell least-squares slope for each row of weights (replicates, n), by matrix products."""
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    x, y = x - x.mean(), y - y.mean()
    cells = rows["cell"].to_numpy()
    member = (cells[:, None] == np.unique(cells)[None, :]).astype(np.float64)
    size = np.maximum(weights @ member, 1.0)
    sum_x, sum_y = weights @ (member * x[:, None]), weights @ (member * y[:, None])
    sxy = weights @ (x * y) - (sum_x * sum_y / size).sum(axis=1)
    sxx = weights @ (x * x) - (sum_x * sum_x / size).sum(axis=1)
    return np.divide(sxy, sxx, out=np.full(len(weights), np.nan), where=sxx > 1e-9)
