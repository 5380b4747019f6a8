"""The diffusion study: the data set of leads, its curve, and what a lead's length goes with."""

from collections.abc import Sequence
from typing import Any, ClassVar

import polars as pl

from engine.diffusion import answers, clocks, curves
from engine.diffusion.disclosure import disclosure
from engine.diffusion.leads import released
from engine.diffusion.parts import asked_chunks, chunk_tables, put_together
from engine.diffusion.published import PAIRS, published
from engine.diffusion.spec import DiffusionSpec
from engine.result import Result, packed
from engine.spec import SpecError
from engine.streams import REPLICATES_PER_BLOCK, blocks
from engine.study import Study, Work

SECONDS_CURVE, SECONDS_ALL, SECONDS_PER_BLOCK = 0.05, 1.0, 0.25


class Diffusion(Study[DiffusionSpec]):
    """Subjects near the frontier, the follower that ended each lead, and the estimates made from them."""

    spec_type = DiffusionSpec
    inputs: ClassVar[tuple[str, ...]] = ("models", "benchmark_scores")
    optional: ClassVar[tuple[str, ...]] = (PAIRS,)

    def inputs_for(self, spec: DiffusionSpec) -> tuple[str, ...]:
        """Published: the user's file of pairs. The curve alone needs benchmark scores only by capability."""
        if spec.preset == "published":
            return (PAIRS,)
        return ("models",) if spec.parts == "curve" and spec.measure != clocks.CAPABILITY else self.inputs

    def chunks(self, work: Work[DiffusionSpec]) -> Sequence[Any]:
        """Kinds of estimates with their arguments; none for the curve alone and for the published preset."""
        spec = work.spec
        return () if spec.preset == "published" or spec.parts == "curve" else asked_chunks(spec)

    def run_chunk(self, work: Work[DiffusionSpec], chunk: Any) -> pl.DataFrame:
        """The chunk's tables, packed; only a `reason` where the leads don't carry the estimate."""
        tables, _ = observed(work)
        return packed(chunk_tables(work.spec, tables, _at_risk(work.spec, clocks.asked(work.spec, tables)), chunk))

    def seconds(self, work: Work[DiffusionSpec]) -> float:
        """A twentieth of a second for the curve; about two seconds for all, once lifelines is loaded."""
        if not self.chunks(work):
            return SECONDS_CURVE
        return SECONDS_ALL + SECONDS_PER_BLOCK * len(blocks(work.spec.replicates, REPLICATES_PER_BLOCK))

    def combine(self, work: Work[DiffusionSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7."""
        spec = work.spec
        if spec.preset == "published":
            return published(spec, work.tables.get(PAIRS))
        tables, notes = observed(work)
        everyone = clocks.asked(spec, tables)
        subjects = _at_risk(spec, everyone)
        found = {"survival": curves.curve(subjects), "subjects": everyone}
        if spec.parts == "all":
            found["at_risk"] = curves.risk_table(subjects, spec.window_months)
            found["disclosure"] = disclosure(tables["models"], spec.first_year)
            estimates, reasons = put_together(spec, tables, subjects, found, parts)
            found, notes = {**found, **estimates}, [*notes, *reasons]
        figures = answers.summary(spec, everyone, subjects, found, tables["models"])
        return Result(self.name, figures, found, tuple(answers.warnings(spec, figures, found, notes)))


def observed(work: Work[DiffusionSpec]) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The tables without what lies in the future, and a sentence on each table that had such rows."""
    columns = {"models": "release_date", "benchmark_scores": "version_release_date"}
    found = {name: released(work.tables[name], column) for name, column in columns.items() if name in work.tables}
    notes = [f"{name}: {note}" for name, (_, told) in found.items() for note in told]
    return {name: frame for name, (frame, _) in found.items()}, notes


def _at_risk(spec: DiffusionSpec, everyone: pl.DataFrame) -> pl.DataFrame:
    """Subjects ever at risk. Raises `SpecError` where none is left."""
    if everyone.is_empty():
        raise SpecError("No subject is left: no closed model meets the rule; lower the first year or widen the rule.")
    if everyone["already_matched"].all():
        raise SpecError(f"No subject is left: all {everyone.height} were matched before release; raise theta.")
    subjects = curves.at_risk(everyone, spec.min_lead_months)
    if subjects.is_empty():
        raise SpecError(f"No subject leads for more than {spec.min_lead_months:g} months; lower the minimum lead.")
    return subjects
