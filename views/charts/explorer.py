"""Exploring models: who opens them, whose are largest, and any metric by year with the models behind it."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from views.charts.ledger import SEQUENTIAL
from views.charts.links import click, shared
from views.charts.theme import DARK, FADED, GRID, INK, LEGEND_COLUMNS, NEUTRAL, layered

OPENNESS = (
    "Open weights (unrestricted)",
    "Open weights (restricted use)",
    "Open weights (non-commercial)",
    "API access",
    "Hosted access (no API)",
    "Unreleased",
    "Unknown",
)
METRICS = {
    "training_compute_flop": "Training compute (FLOP)",
    "parameters": "Parameters",
    "training_power_draw_w": "Training power draw (W)",
    "training_time_hours": "Training time (hours)",
    "cost_usd_2023": "Training cost (USD of 2023)",
}
BINS = 18
DEEP_LEARNING_YEAR = 2010
MOST_LABELS = 12
TEXT_ON_CELL = {
    True: {"expr": f"{DARK} ? '#101317' : '#ffffff'"},
    False: {"expr": f"{DARK} ? '#ffffff' : '#101317'"},
}


def accessibility_chart(counts: pl.DataFrame, kinds: Sequence[str]) -> alt.LayerChart:
    """Shares of accessibility within each type of organisation, with the number of models at the end.

    `counts` has columns organization_type, accessibility and models; `kinds` is the order of the rows.
    """
    y = alt.Y("organization_type:N", title=None, sort=list(kinds)).axis(labelExpr="split(datum.label, ', ')")
    shares = counts.with_columns(
        share=pl.col("models") / pl.col("models").sum().over("organization_type"), rank=_openness_rank()
    )
    bars = (
        alt.Chart(shares)
        .mark_bar(stroke=GRID, strokeWidth=0.5)
        .encode(
            y=y,
            x=alt.X("share:Q", title="Share of models")
            .axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
            .scale(domain=[0, 1.12], nice=False),
            color=openness_colour(),
            order="rank:Q",
            tooltip=[
                alt.Tooltip("organization_type:N", title="Organisation type"),
                alt.Tooltip("accessibility:N", title="Accessibility"),
                alt.Tooltip("models:Q", title="Models"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    totals = counts.group_by("organization_type").agg(n=pl.col("models").sum())
    labels = totals.with_columns(label="n = " + pl.col("n").cast(pl.String))
    numbers = alt.Chart(labels).mark_text(align="left", dx=4).encode(y=y, x=alt.datum(1), text="label:N")
    title = "Accessibility by type of organisation"
    return layered(bars, numbers, title=title, width=800, height=44 * max(1, totals.height))


def openness_colour() -> alt.Color:
    """One colour an accessibility class, from open to unknown."""
    return (
        alt.Color("accessibility:N", title=None, sort=list(OPENNESS))
        .scale(domain=list(OPENNESS))
        .legend(orient="bottom", direction="horizontal", columns={"expr": "width > 0 && width < 480 ? 1 : 3"})
    )


def _openness_rank() -> pl.Expr:
    ranks = {name: i for i, name in enumerate(OPENNESS)}
    return pl.col("accessibility").replace_strict(ranks, default=len(OPENNESS), return_dtype=pl.Int64)


def organisation_chart(cells: pl.DataFrame) -> alt.LayerChart:
    """Mean log10 compute by organisation (rows) and country (columns); cells without a model say so.

    `cells` has columns organization, country, n and log10_compute_flop (null without models), in the order of the
    axes.
    """
    rows, columns = (cells[name].unique(maintain_order=True).to_list() for name in ("organization", "country"))
    middle = float(cells.select(_middle("log10_compute_flop")).item() or 0.0)
    drawn = cells.with_columns(
        text=pl.col("log10_compute_flop").round(1).cast(pl.String).fill_null("no data"),
        strong=(pl.col("log10_compute_flop") > middle).fill_null(False),
    )
    base = alt.Chart(drawn).encode(
        x=alt.X("country:N", title=None, sort=columns).axis(
            orient="top", labelAngle=0, labelExpr="split(datum.label, ' ')", labelOverlap=False
        ),
        y=alt.Y("organization:N", title=None, sort=rows).axis(labelOverlap=False, labelLimit=120),
        tooltip=[
            alt.Tooltip("organization:N", title="Organisation"),
            alt.Tooltip("country:N", title="Country"),
            alt.Tooltip("n:Q", title="Models with known compute"),
            alt.Tooltip("log10_compute_flop:Q", title="Mean log10 FLOP", format=".2f"),
        ],
    )
    colour = (
        alt.Color("log10_compute_flop:Q", title="Mean log10 FLOP")
        .scale(range=list(SEQUENTIAL), zero=False)
        .legend(orient="bottom", direction="horizontal", gradientLength=180)
    )
    filled = alt.condition("isValid(datum.log10_compute_flop)", colour, alt.value("transparent"))
    squares = base.mark_rect(stroke=GRID).encode(color=filled)
    words = [
        base.transform_filter(f"isValid(datum.log10_compute_flop) && datum.strong === {str(strong).lower()}")
        .mark_text(fontSize=12, fill=ink)
        .encode(text="text:N")
        for strong, ink in TEXT_ON_CELL.items()
    ]
    missing = base.transform_filter("!isValid(datum.log10_compute_flop)").mark_text(fontSize=9).encode(text="text:N")
    title = "Mean training compute"
    return layered(squares, *words, missing, title=title, width=800, height=26 * len(rows))


def _middle(column: str) -> pl.Expr:
    return (pl.col(column).min() + pl.col(column).max()) / 2


def binned(models: pl.DataFrame, metric: str) -> pl.DataFrame:
    """The models with a known metric and the bin of its log10 that they fall in. Adds value, bin, low and high."""
    known = models.filter(pl.col(metric) > 0).with_columns(value=pl.col(metric), log=pl.col(metric).log10())
    if known.is_empty():
        return known.with_columns(bin=pl.lit(0), low=pl.lit(0.0), high=pl.lit(0.0)).drop("log")
    first, last = known.select(low=pl.col("log").min().floor(), high=pl.col("log").max().floor() + 1).row(0)
    width = (last - first) / BINS
    index = ((pl.col("log") - first) / width).floor().cast(pl.Int64).alias("bin")
    ends = {"low": 10.0 ** (first + width * pl.col("bin")), "high": 10.0 ** (first + width * (pl.col("bin") + 1))}
    return known.with_columns(index).with_columns(**ends).drop("log")


def years_chart(
    models: pl.DataFrame, metric: str, years: tuple[int, int], category: str | None, found: Sequence[str], *, era: bool
) -> alt.VConcatChart:
    """Number of models by year and bin of a metric, over the models themselves; a click on either marks both.

    `category` is a column to colour by; a click in its legend isolates a group. `found` are models to point out. A
    brush over the points fades the rest. Years without a value say 'not recorded'; `era` shades the years before
    2010. Drawn on canvas, since Vega's brush has no name for a screen reader: give it a description.
    """
    known = binned(models, metric)
    clicked = click("bin", ["year", "bin"], empty=False)
    squares = _squares(known, metric, years, clicked, era=era)
    points = _points(known, metric, years, category, found, clicked, era=era)
    composed: alt.VConcatChart = alt.vconcat(squares, points, spacing=18).resolve_scale(color="independent")
    linked = shared(composed, "bin", ["year", "bin"])
    return linked.properties(usermeta={"embedOptions": {"renderer": "canvas"}})


def _year(years: tuple[int, int], title: str | None = None) -> alt.X:
    scale = alt.Scale(domain=[years[0] - 0.5, years[1] + 0.5], nice=False)
    return alt.X("year:Q", title=title, scale=scale).axis(format="d", grid=False, tickMinStep=1)


def _value(name: str, metric: str) -> alt.Y:
    return alt.Y(f"{name}:Q", title=METRICS[metric]).scale(type="log").axis(format=".0e", tickCount=6)


def _squares(
    known: pl.DataFrame, metric: str, years: tuple[int, int], clicked: alt.Parameter, *, era: bool
) -> alt.LayerChart:
    cells = known.group_by("year", "bin", "low", "high").agg(models=pl.len().cast(pl.Int64)).sort("year", "bin")
    cells = cells.with_columns(start=pl.col("year") - 0.5, end=pl.col("year") + 0.5)
    colour = (
        alt.Color("models:Q", title="Models")
        .scale(range=list(SEQUENTIAL))
        .legend(orient="top", direction="horizontal", gradientLength=180, tickMinStep=1, format="d")
    )
    stroke = alt.when(clicked).then(alt.value(INK)).otherwise(alt.value(GRID))
    x = alt.X("start:Q", title=None, scale=_year(years)["scale"]).axis(format="d", grid=False, tickMinStep=1)
    squares = (
        alt.Chart(cells, name="cells")
        .mark_rect(cursor="pointer")
        .encode(
            x=x,
            x2="end:Q",
            y=_value("low", metric),
            y2="high:Q",
            color=colour,
            stroke=stroke,
            strokeWidth=alt.when(clicked).then(alt.value(2.5)).otherwise(alt.value(0.5)),
            tooltip=[
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("low:Q", title=f"{METRICS[metric]} from", format=".1e"),
                alt.Tooltip("high:Q", title="to", format=".1e"),
                alt.Tooltip("models:Q", title="Models"),
            ],
        )
    )
    layers = [*_era(years, era), squares, _not_recorded(known, years)]
    return layered(*layers, title="Models by year and size", width=800, height=240)


def _not_recorded(known: pl.DataFrame, years: tuple[int, int]) -> alt.Chart:
    empty = sorted(set(range(years[0], years[1] + 1)) - set(known["year"].to_list()))
    frame = pl.DataFrame({"year": empty, "text": ["not recorded"] * len(empty)}, schema=["year", "text"], strict=False)
    return (
        alt.Chart(frame.cast({"year": pl.Int64, "text": pl.String}))
        .mark_text(angle=270, fontSize=10)
        .encode(x=_year(years), y=alt.value(120), text="text:N")
    )


def _era(years: tuple[int, int], shown: bool) -> list[alt.Chart]:
    """A band over the years before the deep-learning era."""
    if not shown or years[0] >= DEEP_LEARNING_YEAR:
        return []
    band = pl.DataFrame({"year": [years[0] - 0.5], "end": [min(DEEP_LEARNING_YEAR, years[1] + 1) - 0.5]})
    band = band.with_columns(era=pl.lit("Before the deep-learning era"))
    shade = alt.Chart(band).mark_rect(color=NEUTRAL, opacity=0.16).encode(x=_year(years), x2="end:Q")
    label = (
        alt.Chart(band)
        .mark_text(align="left", baseline="top", dx=6)
        .encode(x=_year(years), y=alt.value(6), text="era:N")
    )
    return [shade, label]


def _points(
    known: pl.DataFrame,
    metric: str,
    years: tuple[int, int],
    category: str | None,
    found: Sequence[str],
    clicked: alt.Parameter,
    *,
    era: bool,
) -> alt.LayerChart:
    drawn = known.with_columns(
        jitter=pl.col("publication_date").dt.ordinal_day() / 366 - 0.5, found=pl.col("model").is_in(list(found))
    ).with_columns(when=pl.col("year") + pl.col("jitter") * 0.9)
    brush = alt.selection_interval(name="brush", mark=alt.BrushConfig(fill=NEUTRAL, fillOpacity=0.1, stroke=NEUTRAL))
    isolated = [alt.selection_point(name="group", fields=[category], bind="legend")] if category else []
    visible: Any = brush & isolated[0] if isolated else brush
    base = alt.Chart(drawn).encode(
        x=alt.X("when:Q", title="Release year", scale=_year(years)["scale"]).axis(
            format="d", grid=False, tickMinStep=1
        ),
        y=_value("value", metric),
        tooltip=_tooltip(metric),
    )
    dots = base.mark_circle(size=40).encode(
        opacity=alt.when(visible).then(alt.value(0.75)).otherwise(alt.value(FADED / 2)),
        stroke=alt.when(clicked).then(alt.value(INK)).otherwise(alt.value(None)),
        strokeWidth=alt.when(clicked).then(alt.value(2)).otherwise(alt.value(0)),
        **({"color": _group(category)} if category else {}),
    )
    dots = dots.properties(name="dots").add_params(brush, *isolated)
    layers = [*_era(years, era), dots, *_pointed_out(base, drawn)]
    return layered(*layers, title="The models behind it", width=800, height=280)


def _group(category: str) -> alt.Color:
    return alt.Color(f"{category}:N", title=None).legend(
        orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS
    )


def _tooltip(metric: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("organization:N", title="Organisation"),
        alt.Tooltip("publication_date:T", title="Release", format="%d %B %Y"),
        alt.Tooltip("value:Q", title=METRICS[metric], format=".3g"),
    ]


def _pointed_out(base: alt.Chart, drawn: pl.DataFrame) -> list[alt.Chart]:
    """Rings around the models searched for, with names while they are few."""
    hits = int(drawn["found"].sum())
    if not hits:
        return []
    chosen = base.transform_filter("datum.found")
    rings = chosen.mark_point(size=130, strokeWidth=2, stroke=INK, fillOpacity=0)
    names = chosen.mark_text(dy=-12, fontWeight=600, color=INK).encode(text="model:N")
    return [rings, names] if hits <= MOST_LABELS else [rings]
