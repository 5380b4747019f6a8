"""Bootstrap of a scaling slope, in blocks of replicates that any runner may compute."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl

from engine.bootstrap.intervals import Floats, bca, histogram, percentile
from engine.bootstrap.resample import Kind, Sample, WildWeights, jackknife, replicates, sample
from engine.result import Result
from engine.scaling_law import LawSpec, law_rows, left_out, parse_effects, points, usable_effects, with_origin
from engine.spec import SpecError, parameter
from engine.streams import REPLICATES_PER_BLOCK, blocks, stream
from engine.study import Study, Work
from engine.summaries import MIN_HEADLINE_ROWS, counted

BLOCKS_PER_CHUNK = 16
MAX_CHUNKS = 24
FEW_REPLICATES = 1_000
MIN_HEADLINE_REPLICATES = 100
SECONDS_PER_DRAW = 1e-9
SECONDS_PER_SWEPT_DRAW = 4e-9


class BootstrapSpec(LawSpec):
    """Which slope, what is resampled, and how often."""

    study: ClassVar[str] = "bootstrap"

    kind: Kind = parameter(
        "pairs",
        "Kind",
        description="pairs: rows with replacement; wild: residuals with random signs; cluster: organizations with "
        "replacement",
        group="Bootstrap",
    )
    replicates: int = parameter(10_000, "Replicates", ge=1, le=1_000_000, group="Bootstrap")
    wild_weights: WildWeights = parameter(
        "rademacher", "Weights of the wild bootstrap", description="two points, or Webb's six", group="Bootstrap"
    )


class Bootstrap(Study[BootstrapSpec]):
    """Bootstrap of the slope (Efron 1979); effects are absorbed within their cells."""

    spec_type = BootstrapSpec
    inputs: ClassVar[tuple[str, ...]] = ("scaling", "models")
    parallel = "threads"

    def chunks(self, work: Work[BootstrapSpec]) -> Sequence[Any]:
        """Lists of (block, replicates); a law that can't be fitted is refused here, before any of them runs."""
        _check(work)
        all_blocks = blocks(work.spec.replicates, REPLICATES_PER_BLOCK)
        size = max(BLOCKS_PER_CHUNK, -(-len(all_blocks) // MAX_CHUNKS))
        return [all_blocks[i : i + size] for i in range(0, len(all_blocks), size)]

    def run_chunk(self, work: Work[BootstrapSpec], chunk: Any) -> pl.DataFrame:
        """One slope a replicate, in block order; NaN for a resample without spread."""
        prepared, _ = ready(work)
        spec = work.spec
        drawn = [replicates(prepared, size, stream(spec.seed, spec.study, b), spec.wild_weights) for b, size in chunk]
        return pl.DataFrame({"slope": np.concatenate(drawn)})

    def seconds(self, work: Work[BootstrapSpec]) -> float:
        """Replicates times rows, at the kernel's speed."""
        swept = len(parse_effects(work.spec.effects)) > 1
        each = SECONDS_PER_SWEPT_DRAW if swept else SECONDS_PER_DRAW
        return each * work.spec.replicates * work.tables["scaling"].height

    def combine(self, work: Work[BootstrapSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7; slopes of resamples without spread are counted and left out."""
        prepared, notices = ready(work)
        drawn = pl.concat(parts)["slope"].to_numpy()
        usable = drawn[np.isfinite(drawn)]
        if not usable.size:
            raise SpecError("The bootstrap gave no usable replicate: the regressor has too few distinct values.")
        low, high = percentile(usable)
        summary = {
            "direction": work.spec.direction,
            "effects": work.spec.effects,
            "kind": work.spec.kind,
            "n": prepared.n,
            "units": prepared.units,
            "replicates": int(usable.size),
            "slope": prepared.slope,
            "se": float(usable.std(ddof=1)) if usable.size > 1 else None,
            "ci_low": low,
            "ci_high": high,
            "finding": _finding(prepared, usable.size, low, high),
        }
        tables = {"intervals": interval_table(prepared, usable), "distribution": histogram(usable)}
        return Result(self.name, summary, tables, (*notices, *_warnings(work.spec, drawn.size, usable.size)))


def _check(work: Work[BootstrapSpec]) -> None:
    """Raise `DesignError` when the law can't be fitted on its rows."""
    if not np.isfinite(ready(work)[0].slope):
        raise SpecError("The law has no finite slope on these rows.")


def ready(work: Work[BootstrapSpec]) -> tuple[Sample, list[str]]:
    """The sample a spec resamples, and a sentence for each effect the table can't serve."""
    table = law_rows(work.spec, with_origin(work.tables))
    effects, notices = usable_effects(table, work.spec.direction, work.spec.effects)
    rows = points(table, work.spec.direction, effects)
    return sample(rows, effects, work.spec.kind), [
        *notices,
        *left_out(table, work.spec.direction, effects, work.spec.kind == "cluster"),
    ]


def _finding(prepared: Sample, size: int, low: float, high: float) -> str:
    """The headline, or why there is none."""
    if prepared.n < MIN_HEADLINE_ROWS:
        return f"No headline: {counted(prepared.n, 'row')}, and it needs {MIN_HEADLINE_ROWS}."
    if size < MIN_HEADLINE_REPLICATES:
        return f"No headline: {counted(size, 'replicate')}, and it needs {MIN_HEADLINE_REPLICATES}."
    return (
        f"The slope is {prepared.slope:.2f} with a 95 % interval from {low:.2f} to {high:.2f} over {size:,} "
        f"{prepared.kind} replicates (n = {prepared.n})."
    )


def interval_table(prepared: Sample, slopes: Floats) -> pl.DataFrame:
    """Columns: kind, method, ci_low, ci_high; BCa is null where the replicates all lie on one side of the slope."""
    found = {"percentile": percentile(slopes), "BCa": bca(slopes, prepared.slope, jackknife(prepared))}
    rows = [(prepared.kind, method, *(ends or (None, None))) for method, ends in found.items()]
    schema = {"kind": pl.String, "method": pl.String, "ci_low": pl.Float64, "ci_high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _warnings(spec: BootstrapSpec, asked: int, usable: int) -> list[str]:
    notes = []
    if spec.preset == "published":
        notes.append(
            "Published preset: the original's text says 10,000 replicates and its code ran 1,000; this is over "
            f"{usable:,}."
        )
    if usable < asked:
        notes.append(f"{asked - usable} of {asked} resamples left the regressor no spread and were left out.")
    if usable < FEW_REPLICATES:
        notes.append(f"{counted(usable, 'replicate')}: the ends of a 95 % interval need {FEW_REPLICATES:,} or more.")
    return notes


__all__ = ["Bootstrap", "BootstrapSpec", "ready"]
