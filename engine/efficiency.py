"""How cost, compute and power efficiency of AI models evolved: the published index and the mended one."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import polars as pl

from engine.result import Result
from engine.spec import Spec, parameter
from engine.study import Study, Work
from engine.summaries import MIN_HEADLINE_ROWS

METRICS = ("cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt", "flop_per_joule")
LOWER_IS_BETTER = frozenset({"cost_per_flop", "cost_per_parameter"})
PUBLISHED_METRICS = ("cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt")
CORRECTED_METRICS = ("compute_per_dollar", "cost_per_parameter", "flop_per_joule")
SECONDS_PER_HOUR = 3600.0


class EfficiencySpec(Spec):
    """Weights and rows of the composite index."""

    study: ClassVar[str] = "efficiency"
    presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"rows": "available", "derivatives": True}}

    rows: Literal["complete", "available"] = parameter(
        "complete",
        "Rows in the index",
        description="complete: only models with every metric; available: whatever metrics a model has",
        group="Index",
    )
    derivatives: bool = parameter(
        False,
        "Include derivatives",
        description="models built on a base model, whose compute may be the base model's",
        group="Index",
    )
    multinational: bool = parameter(
        True,
        "'Multinational' as a country",
        description="as in the original dashboard; off credits a model to its first-listed country",
        group="Groups",
    )
    weight_compute_per_dollar: float = parameter(1.0, "Weight of FLOP per USD", ge=0, le=100, group="Weights")
    weight_cost_per_parameter: float = parameter(1.0, "Weight of cost per parameter", ge=0, le=100, group="Weights")
    weight_flop_per_joule: float = parameter(1.0, "Weight of FLOP per joule", ge=0, le=100, group="Weights")


class Efficiency(Study[EfficiencySpec]):
    """Four published or three corrected metrics, their composite, and its course over the years."""

    spec_type = EfficiencySpec
    inputs: ClassVar[tuple[str, ...]] = ("models",)

    def combine(self, work: Work[EfficiencySpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7, and the models the charts draw."""
        models = indexed(work.spec, work.tables["models"])
        yearly = by_year(models)
        summary = {
            "rows": models.height,
            "rows_with_index": models.height - models["composite"].null_count(),
            "finding": finding(yearly, models),
        }
        tables = {"models": models, "by_year": yearly, "availability": availability(models)}
        return Result(self.name, summary, tables, _warnings(work.spec))


def indexed(spec: EfficiencySpec, models: pl.DataFrame) -> pl.DataFrame:
    """Models with known compute, their metrics and composite index.

    Adds `log10_<metric>` (log10 of USD/FLOP, USD/parameter, FLOP/USD, FLOP/W, FLOP/J), `<metric>` (the same on
    0..1 over the whole sample, 1 best), `composite` (0..1) and the group columns country_group, domain_bucket and
    organization_group.
    """
    keep = (pl.col("training_compute_flop") > 0).fill_null(False)
    if not spec.derivatives:
        keep &= pl.col("base_model").is_null()
    rows = models.filter(keep).with_columns(_log_metrics())
    rows = rows.with_columns(_normalised(name) for name in METRICS).with_columns(composite=_composite(spec))
    country = pl.col("country" if spec.multinational else "country_first")
    return rows.select(
        "model",
        "organization",
        "organization_type",
        "accessibility",
        "year",
        "publication_date",
        "parameters",
        "training_compute_flop",
        "cost_usd_2023",
        "training_power_draw_w",
        "training_time_hours",
        *METRICS,
        *(f"log10_{name}" for name in METRICS),
        "composite",
        country=country,
        domain_group="domain_group",
        country_group=top(country, 8, rows),
        domain_bucket=top(pl.col("domain_group"), 4, rows),
        organization_bucket=top(pl.col("organization"), 5, rows),
    )


def _log_metrics() -> list[pl.Expr]:
    compute, cost = pl.col("training_compute_flop"), pl.col("cost_usd_2023")
    joules = pl.col("training_power_draw_w") * pl.col("training_time_hours") * SECONDS_PER_HOUR
    ratios = {
        "cost_per_flop": cost / compute,
        "cost_per_parameter": cost / pl.col("parameters"),
        "compute_per_dollar": compute / cost,
        "compute_per_watt": compute / pl.col("training_power_draw_w"),
        "flop_per_joule": compute / joules,
    }
    positive = {name: pl.when(ratio.is_finite() & (ratio > 0)).then(ratio) for name, ratio in ratios.items()}
    return [value.log10().alias(f"log10_{name}") for name, value in positive.items()]


def _normalised(metric: str) -> pl.Expr:
    """Min-max over the sample, so that 1 is best; null throughout when all values are equal."""
    value = pl.col(f"log10_{metric}")
    span = value.max() - value.min()
    share = (value - value.min()) / pl.when(span > 0).then(span)
    return ((1 - share) if metric in LOWER_IS_BETTER else share).alias(metric)


def _composite(spec: EfficiencySpec) -> pl.Expr:
    """Weighted mean of the preset's metrics: of those present, or only where all weighted ones are."""
    weights = _weights(spec)
    present = [pl.when(pl.col(m).is_not_null()).then(w).otherwise(0.0) for m, w in weights.items()]
    total = pl.sum_horizontal(present)
    mean = pl.sum_horizontal(pl.col(m).fill_null(0.0) * w for m, w in weights.items()) / total
    enough = total > 0 if spec.rows == "available" else pl.all_horizontal(pl.col(m).is_not_null() for m in weights)
    return pl.when(enough & (total > 0)).then(mean)


def _weights(spec: EfficiencySpec) -> Mapping[str, float]:
    if spec.preset == "published":
        return dict.fromkeys(PUBLISHED_METRICS, 1.0)
    weights = {name: float(getattr(spec, f"weight_{name}")) for name in CORRECTED_METRICS}
    return {name: weight for name, weight in weights.items() if weight > 0} or dict.fromkeys(CORRECTED_METRICS, 0.0)


def top(group: pl.Expr, count: int, rows: pl.DataFrame) -> pl.Expr:
    """The group where it is among the `count` largest of `rows` (ties by name), else 'Other'; null is 'Other'."""
    ranked = rows.select(group=group).drop_nulls().group_by("group").len()
    largest = ranked.sort("len", "group", descending=[True, False]).head(count)["group"].to_list()
    return pl.when(group.is_in(largest)).then(group).otherwise(pl.lit("Other"))


def by_year(models: pl.DataFrame) -> pl.DataFrame:
    """Yearly means over models. Columns: year, n (models with an index), composite, pct_change (percent, against the
    previous year present), then the normalised yearly mean of each metric."""
    return (
        models.group_by("year")
        .agg(pl.col("composite").count().cast(pl.Int64).alias("n"), pl.col("composite", *METRICS).mean())
        .filter(pl.col("n") > 0)
        .sort("year")
        .select("year", "n", "composite", pct_change=pl.col("composite").pct_change() * 100, *map(pl.col, METRICS))
    )


def availability(models: pl.DataFrame) -> pl.DataFrame:
    """Models and number of them with each metric, by year. Columns: year, models, then one count a metric."""
    return (
        models.group_by("year")
        .agg(pl.len().cast(pl.Int64).alias("models"), pl.col(METRICS).count().cast(pl.Int64))
        .sort("year")
    )


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
        f"(n = {end['n']}); of {indexed_models.height} models with an index, {complete} have all three distinct metrics."
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
