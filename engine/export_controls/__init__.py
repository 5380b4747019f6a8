"""Export controls on semiconductors and the scale of models: the published dashboard and its mended counts."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import polars as pl

from engine.export_controls.association import REGRESSION_SCHEMA, event_tables, reading, regression
from engine.export_controls.chips import chip_mix, disclosure
from engine.export_controls.counts import MEASURES, acts, in_force, published_counts, spells, stock
from engine.regression import DesignError
from engine.result import Result, packed, unpacked
from engine.spec import Spec, parameter
from engine.study import Study, Work
from engine.summaries import (
    MIN_HEADLINE_ROWS,
    attrition,
    binned,
    counts_of,
    in_words,
    quantile_edges,
    quartiles_by,
)

TERCILES = ("Low", "Medium", "High")
FIXED_BINS = ("0", "1-9", "10+")
DOMINATED = 0.5
FIXED_CONTROL_EDGES = [0.0, 1.0, 10.0, float("inf")]
FIXED_PUBLICATION_EDGES = [0.0, 5.0, 15.0, 100.0]


class ExportControlsSpec(Spec):
    """Which models, and which measures are counted."""

    study: ClassVar[str] = "export-controls"

    measure: Literal["imposed", "faced", "faced_us"] = parameter(
        "faced",
        "Measures counted",
        description="imposed by the country, faced by it, or faced by it and imposed by the United States; "
        "the published preset always counts what a country imposes",
        group="Measures",
    )
    control_for_parameters: bool = parameter(
        True, "Control for log10 parameters", description="in the regression on control counts", group="Regression"
    )
    year_low: int = parameter(1950, "First year", unit="year", ge=1950, le=2100, group="Models")
    year_high: int = parameter(2100, "Last year", unit="year", ge=1950, le=2100, group="Models")


EVENT = "event study"
ASSOCIATION_TABLES = {
    "regression": pl.DataFrame(schema=REGRESSION_SCHEMA),
    **{
        name: pl.DataFrame() for name in ("regression_terms", "event_study", "pre_trend", "joint_pre_trend", "placebos")
    },
    "reason": pl.DataFrame(schema={"reason": pl.String}),
}


class ExportControls(Study[ExportControlsSpec]):
    """Joins models to the measures of their first-listed country on the day (published: year) of release."""

    spec_type = ExportControlsSpec
    inputs: ClassVar[tuple[str, ...]] = ("models", "interventions", "publications")

    def chunks(self, work: Work[ExportControlsSpec]) -> Sequence[Any]:
        """Corrected: one regression a measure, and the event study. The original ran none."""
        return () if work.spec.preset == "published" else (*MEASURES, EVENT)

    def run_chunk(self, work: Work[ExportControlsSpec], chunk: Any) -> pl.DataFrame:
        """The chunk's tables, packed; only a `reason` where the rows don't carry the fit."""
        models, _ = retained(work.spec, work.tables)
        try:
            return packed(
                event_tables(models, work.spec.seed) if chunk == EVENT else _regressed(work.spec, models, chunk)
            )
        except DesignError as error:
            return packed({"reason": pl.DataFrame({"reason": [f"No {chunk} regression: {error}"]})})

    def seconds(self, work: Work[ExportControlsSpec]) -> float:
        """Matrix algebra over a thousand rows: half a second in all."""
        return 0.5

    def combine(self, work: Work[ExportControlsSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7, and the retained models the charts draw."""
        spec, tables = work.spec, work.tables
        rows, account = retained(spec, tables)
        edges = _edges(spec, rows)
        models = _binned(rows, edges, spec)
        labels = TERCILES if spec.preset == "published" else FIXED_BINS
        everywhere = stock(spells(tables["interventions"]), tables["models"]["country_first"].drop_nulls().unique())
        result_tables = {
            "models": models,
            "by_country_bin": _by_country_bin(models, labels),
            "attrition": account,
            "countries": _ranked(models),
            "stock": everywhere,
            "measures": acts(tables["interventions"]),
            "spells": spells(tables["interventions"]).sort("country", "measure", "date_implemented", "state_act_id"),
            "chip_mix": chip_mix(tables["models"]),
            "chip_disclosure": disclosure(tables["models"]),
            **_association_tables(parts),
        }
        summary = {**_summary(models, edges, labels), "reading": _reading(result_tables)}
        reasons = result_tables.pop("reason")["reason"].to_list()
        return Result(self.name, summary, result_tables, (*_warnings(spec, tables), *reasons))


def _regressed(spec: ExportControlsSpec, models: pl.DataFrame, measure: str) -> dict[str, pl.DataFrame]:
    row, terms = regression(models, measure, parameters=spec.control_for_parameters, seed=spec.seed)
    return {"regression": row, "regression_terms": terms}


def _association_tables(parts: Sequence[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The chunks' tables put together; each is there, if empty, whatever could be fitted."""
    found = [unpacked(part) for part in parts]
    return {
        name: pl.concat([empty, *(tables[name] for tables in found if name in tables)], how="diagonal_relaxed")
        for name, empty in ASSOCIATION_TABLES.items()
    }


def _reading(tables: dict[str, pl.DataFrame]) -> str:
    """What the data can and cannot say about an effect; empty for the published preset."""
    if tables["regression"].is_empty() or tables["pre_trend"].is_empty():
        return " ".join(tables["reason"]["reason"])
    return reading(tables["regression"], tables["pre_trend"].row(0, named=True), tables["placebos"])


def retained(spec: ExportControlsSpec, tables: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The models with every field the charts need, joined to their counts, and the account of rows lost.

    Columns of the first: model, organization, organization_type, country, year, publication_date, parameters,
    training_compute_flop, log10_parameters, log10_compute_flop, publication_share_percent, controls, imposed, faced,
    faced_us. `controls` is the count that is binned.
    """
    joined = _joined(spec, tables)
    steps = {
        "year in range": pl.col("year").is_between(spec.year_low, spec.year_high),
        "parameters known": pl.col("parameters") > 0,
        "training compute known": pl.col("training_compute_flop") > 0,
        "publication share known": pl.col("publication_share_percent") > 0,
        "control count known": pl.col("controls").is_not_null(),
        "organization type known": pl.col("organization_type").is_not_null(),
    }
    kept, account = attrition(joined, {name: keep.fill_null(False) for name, keep in steps.items()})
    return (
        kept.select(
            "model",
            "organization",
            "organization_type",
            "country",
            "year",
            "publication_date",
            "parameters",
            "training_compute_flop",
            log10_parameters=pl.col("parameters").log10(),
            log10_compute_flop=pl.col("training_compute_flop").log10(),
            publication_share_percent=pl.col("publication_share_percent"),
            controls=pl.col("controls"),
            imposed=pl.col("imposed"),
            faced=pl.col("faced"),
            faced_us=pl.col("faced_us"),
        ),
        account,
    )


def _joined(spec: ExportControlsSpec, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every model with its publication share and counts, still null where the join found none."""
    models = tables["models"].drop("country").rename({"country_first": "country"})
    day = models.select("country", date="publication_date").drop_nulls()
    counted = in_force(spells(tables["interventions"]), day).rename({"date": "publication_date"})
    joined = models.join(counted, on=["country", "publication_date"], how="left", maintain_order="left").join(
        tables["publications"], on=["country", "year"], how="left", maintain_order="left"
    )
    if spec.preset == "published":
        yearly = published_counts(tables["interventions"])
        return joined.join(yearly, on=["country", "year"], how="left", maintain_order="left")
    return joined.with_columns(controls=pl.col(spec.measure))


def _edges(spec: ExportControlsSpec, rows: pl.DataFrame) -> dict[str, list[float]]:
    if spec.preset == "published":
        return {
            "controls": quantile_edges(rows["controls"], 3),
            "publications": quantile_edges(rows["publication_share_percent"], 3),
        }
    return {"controls": FIXED_CONTROL_EDGES, "publications": FIXED_PUBLICATION_EDGES}


def _binned(rows: pl.DataFrame, edges: dict[str, list[float]], spec: ExportControlsSpec) -> pl.DataFrame:
    published = spec.preset == "published"
    if rows.is_empty():
        return rows.with_columns(publication_bin=pl.lit(None, pl.String), control_bin=pl.lit(None, pl.String))
    labels = TERCILES if published else FIXED_BINS
    return rows.with_columns(
        publication_bin=binned("publication_share_percent", edges["publications"], TERCILES, right_closed=published),
        control_bin=binned("controls", edges["controls"], labels, right_closed=published),
    )


def _by_country_bin(models: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    """Quartiles of log10 compute by country and bin; a row for every pair, n = 0 where there is no model."""
    grid = models.select("country").unique().sort("country").join(pl.DataFrame({"bin": labels}), how="cross")
    found = quartiles_by(models.rename({"control_bin": "bin"}), ["country", "bin"], "log10_compute_flop")
    order = pl.col("bin").replace_strict({b: i for i, b in enumerate(labels)}, return_dtype=pl.Int8)
    return (
        grid.join(found, on=["country", "bin"], how="left")
        .with_columns(n=pl.col("n").fill_null(0).cast(pl.Int64))
        .sort("country", order)
    )


def _summary(models: pl.DataFrame, edges: dict[str, list[float]], labels: Sequence[str]) -> dict[str, Any]:
    return {
        "rows": models.height,
        "countries": _ranked(models)["country"].to_list(),
        "bin_edges": _finite(edges["controls"]),
        "bin_counts": counts_of(models["control_bin"], labels),
        "publication_bin_edges": _finite(edges["publications"]),
        "publication_bin_counts": counts_of(models["publication_bin"], TERCILES),
        "finding": finding(models, labels),
    }


def _ranked(models: pl.DataFrame) -> pl.DataFrame:
    """Countries by number of models; those that tie stay in the order of the table. Columns: country, n."""
    counted = models.group_by("country", maintain_order=True).agg(n=pl.len().cast(pl.Int64))
    return counted.sort("n", descending=True, maintain_order=True)


def _finite(edges: list[float]) -> list[float]:
    return [e for e in edges if e != float("inf")]


def finding(models: pl.DataFrame, labels: Sequence[str]) -> str:
    """The headline, computed from the models shown; says why where it has to be withheld."""
    low = models.filter(pl.col("control_bin") == labels[0])
    high = models.filter(pl.col("control_bin") == labels[-1])
    if min(low.height, high.height) < MIN_HEADLINE_ROWS:
        return (
            f"No headline: the lowest bin has {low.height} models and the highest {high.height}; "
            f"each needs {MIN_HEADLINE_ROWS}."
        )
    ratio = 10 ** (_median(high) - _median(low))
    return (
        f"Across {models.height} models of {_countries(models)}, the median model in bin '{labels[-1]}' "
        f"(n = {high.height}) used {in_words(ratio)} times the training compute of that in bin '{labels[0]}' "
        f"(n = {low.height}). {_confounding(low, high)}"
    )


def _countries(models: pl.DataFrame) -> str:
    count = models["country"].n_unique()
    return str(models["country"][0]) if count == 1 else f"{count} countries"


def _confounding(low: pl.DataFrame, high: pl.DataFrame) -> str:
    """What else sets the two bins apart, when it does so enough to spoil a comparison."""
    share, leader = _largest_share(high)
    if pl.concat([low["country"], high["country"]]).n_unique() == 1:
        return f"That is a difference over time: the median release years are {_year(low)} and {_year(high)}."
    years = f"the median release years are {_year(low)} and {_year(high)}"
    if share > DOMINATED or _year(low) != _year(high):
        return f"That is not an effect of controls: {leader} makes up {share:.0%} of the highest bin, and {years}."
    return f"The largest country of the highest bin makes up {share:.0%} of it, and {years}."


def _median(models: pl.DataFrame) -> float:
    return float(models.select(pl.col("log10_compute_flop").median()).item())


def _year(models: pl.DataFrame) -> int:
    return round(float(models.select(pl.col("year").median()).item()))


def _largest_share(models: pl.DataFrame) -> tuple[float, str]:
    top = models["country"].value_counts(sort=True).row(0)
    return top[1] / models.height, top[0]


def _warnings(spec: ExportControlsSpec, tables: Mapping[str, pl.DataFrame]) -> list[str]:
    interventions = tables["interventions"]
    first = interventions["date_implemented"].min()
    undated = interventions["date_implemented"].null_count()
    removed = interventions.height - interventions["date_removed"].null_count()
    notes = [
        f"The extract of measures starts on {first}: earlier controls are not in it.",
        f"Of {interventions.height} interventions in {interventions['state_act_id'].n_unique()} state acts, "
        f"{undated} were never implemented and {removed} removed.",
    ]
    if spec.preset == "published":
        notes.append(
            "Published preset: pooled terciles, an exact-year join that drops country-years without a new measure, "
            "liberalising measures counted, removals ignored (defects D3 to D6)."
        )
    return notes


__all__ = ["ExportControls", "ExportControlsSpec", "finding", "retained"]
