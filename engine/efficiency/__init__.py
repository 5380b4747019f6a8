"""How cost, compute and power efficiency of AI models evolved: the published index and the mended one."""

from collections.abc import Sequence
from typing import Any, ClassVar

import polars as pl

from engine.efficiency.hardware import hardware_points, hardware_trends
from engine.efficiency.index import CORRECTED_METRICS, availability, by_year, indexed, with_metrics
from engine.efficiency.returns import COST_SCHEMA, ELASTICITY_SCHEMA, TESTED, cost_elasticity, elasticity, hedonic
from engine.efficiency.spec import EfficiencySpec
from engine.regression import DesignError
from engine.result import Result, packed, unpacked
from engine.study import Study, Work
from engine.summaries import MIN_HEADLINE_ROWS


class Efficiency(Study[EfficiencySpec]):
    """Four published or three corrected metrics, their composite, and its course over the years."""

    spec_type = EfficiencySpec
    inputs: ClassVar[tuple[str, ...]] = ("models", "hardware")

    def chunks(self, work: Work[EfficiencySpec]) -> Sequence[Any]:
        """One a tested metric: its regressions and bootstrap."""
        return TESTED

    def run_chunk(self, work: Work[EfficiencySpec], chunk: Any) -> pl.DataFrame:
        """Elasticity and hedonic year effects of one metric; only a `reason` where the rows don't carry them."""
        models = with_metrics(work.tables["models"])
        try:
            found = {"elasticity": elasticity(models, chunk, work.spec.seed), "hedonic": hedonic(models, chunk)}
        except DesignError as error:
            found = {"reason": pl.DataFrame({"reason": [f"No elasticity of {chunk}: {error}"]})}
        return packed(found)

    def seconds(self, work: Work[EfficiencySpec]) -> float:
        """Matrix algebra over a few hundred rows a metric."""
        return 0.6

    def combine(self, work: Work[EfficiencySpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7, and the models the charts draw.

        The tests of diminishing returns are this project's own and the same in both presets.
        """
        models = indexed(work.spec, work.tables["models"])
        yearly = by_year(models)
        summary = {
            "rows": models.height,
            "rows_with_index": models.height - models["composite"].null_count(),
            "finding": finding(yearly, models),
        }
        chips = hardware_points(work.tables["hardware"])
        answers, reasons = _returns(parts, work.tables["models"])
        tables = {
            "models": models,
            "by_year": yearly,
            "availability": availability(models),
            **answers,
            "hardware": chips,
            "hardware_trends": hardware_trends(chips),
        }
        summary["answer"] = answer(answers["elasticity"], answers["cost_elasticity"])
        return Result(self.name, summary, tables, (*_warnings(work.spec), *reasons))


def _returns(parts: Sequence[pl.DataFrame], models: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Tables of the tests of diminishing returns, and a sentence for each that could not be run."""
    found = [unpacked(part) for part in parts]
    tables = {
        name: pl.concat([empty, *(tables[name] for tables in found if name in tables)], how="diagonal_relaxed")
        for name, empty in RETURNS_TABLES.items()
    }
    reasons = tables.pop("reason")["reason"].to_list()
    try:
        tables["cost_elasticity"] = cost_elasticity(with_metrics(models))
    except DesignError as error:
        tables["cost_elasticity"] = pl.DataFrame(schema=COST_SCHEMA)
        reasons.append(f"No cost elasticity: {error}")
    return tables, reasons


RETURNS_TABLES = {
    "elasticity": pl.DataFrame(schema=ELASTICITY_SCHEMA),
    "hedonic": pl.DataFrame(),
    "reason": pl.DataFrame(schema={"reason": pl.String}),
}


def answer(elasticities: pl.DataFrame, costs: pl.DataFrame) -> str:
    """Whether the metrics show diminishing returns to compute, in words, from the intervals of the tables."""
    parts = [
        f"{METRIC_WORDS[row['metric']]}: {row['elasticity']:+.2f} [{row['ci_low']:+.2f}, {row['ci_high']:+.2f}] per "
        f"unit of log compute within a year (n = {row['n']}). {row['verdict']}"
        for row in elasticities.filter(pl.col("metric").is_in(CORRECTED_METRICS)).iter_rows(named=True)
    ]
    instrumented = costs.filter(pl.col("method") == "IV")
    for row in instrumented.iter_rows(named=True):
        parts.append(
            f"Cost rises {row['elasticity']:.2f} % [{row['ci_low']:.2f}, {row['ci_high']:.2f}] with 1 % more compute "
            f"(instrumented, first-stage F = {row['first_stage_f']:.0f}, n = {row['n']})."
        )
    return " ".join(parts) or "The data do not carry a test of diminishing returns."


METRIC_WORDS = {
    "compute_per_dollar": "FLOP per dollar",
    "cost_per_parameter": "Cost per parameter",
    "flop_per_joule": "FLOP per joule",
}


def finding(yearly: pl.DataFrame, models: pl.DataFrame) -> str:
    """Headline: the change of the composite from 2021 to the last year with enough models, or why there is none."""
    indexed_models = models.drop_nulls("composite")
    first, last = indexed_models.filter(pl.col("year") == 2021), indexed_models.filter(pl.col("year") > 2021)
    if min(first.height, last.height) < MIN_HEADLINE_ROWS:
        return (
            f"No headline: {first.height} models of 2021 and {last.height} later ones have an index; "
            f"each needs {MIN_HEADLINE_ROWS}."
        )
    start, end = _mean(first), yearly.row(-1, named=True)
    complete = models.drop_nulls(CORRECTED_METRICS).height
    return (
        f"The composite goes from {start:.3f} in 2021 (n = {first.height}) to {end['composite']:.3f} in {end['year']} "
        f"(n = {end['n']}); of {indexed_models.height} models with an index, {complete} have all three "
        "distinct metrics."
    )


def _mean(models: pl.DataFrame) -> float:
    return float(models.select(pl.col("composite").mean()).item())


def _warnings(spec: EfficiencySpec) -> tuple[str, ...]:
    if spec.preset == "published":
        return (
            "Published preset: cost counts twice, FLOP per watt grows with run time, the index averages whatever "
            "exists, and derivatives are included (defects D1 and D2).",
        )
    return ()
