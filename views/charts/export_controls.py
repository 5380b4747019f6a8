"""Export controls: models by size and compute, compute by level of controls, models by level."""

import json
from collections.abc import Sequence

import altair as alt
import polars as pl

from views.charts.theme import (
    BLUES,
    FADED,
    ISOLATED,
    LEGEND_COLUMNS,
    MEDIUM,
    NEUTRAL,
    ORGANIZATION_TYPES,
    SMALL,
    WIDE,
    layered,
)

PUBLICATION_LEVELS = ("Low share", "Medium share", "High share")
POINT_SIZES = (80, 150, 220)
SHAPES = ("circle", "square", "triangle-up")
GOLDEN = 0.6180339887498949
BILLIONS = "replace(format(datum.parameters, '.3~s'), 'G', 'B')"
SAME_TYPE_ALONE = (
    "event.shiftKey || (length(data('organization_type_store')) === 1"
    " && data('organization_type_store')[0].values[0] === datum.value)"
)


def scatter_chart(models: pl.DataFrame, levels: Sequence[str]) -> alt.Chart:
    """Log10 parameters against log10 compute; a click in the legend isolates a type, a second one clears.

    The levels of publication share have names of their own: Vega-Lite merges legends whose values are the same.
    """
    drawn = models.with_columns(publication_level=pl.col("publication_bin") + " share")
    isolated = alt.selection_point(
        name="organization_type", fields=["organization_type"], bind="legend", toggle=SAME_TYPE_ALONE
    )
    return (
        alt.Chart(drawn, title="Model size and training compute", **WIDE)
        .mark_point(filled=True)
        .transform_calculate(parameters_text=BILLIONS)
        .encode(
            x=alt.X("log10_parameters:Q", title="Parameters (log10)").scale(zero=False, nice=True),
            y=alt.Y("log10_compute_flop:Q", title="Training compute (log10 FLOP)").scale(zero=False, nice=True),
            color=_organization_colour(models),
            size=alt.Size("publication_level:N", title="Publication share", sort=PUBLICATION_LEVELS)
            .scale(domain=PUBLICATION_LEVELS, range=POINT_SIZES)
            .legend(orient="bottom", direction="horizontal", symbolFillColor=NEUTRAL, symbolStrokeColor=NEUTRAL),
            shape=alt.Shape("control_bin:N", title="Export controls", sort=levels)
            .scale(domain=levels, range=SHAPES)
            .legend(orient="bottom", direction="horizontal", symbolFillColor=NEUTRAL, symbolStrokeColor=NEUTRAL),
            opacity=alt.when(isolated).then(alt.value(ISOLATED)).otherwise(alt.value(FADED)),
            tooltip=scatter_tooltip(),
        )
        .add_params(isolated)
    )


def _organization_colour(models: pl.DataFrame) -> alt.Color:
    present = set(models["organization_type"].unique())
    shown = [name for name in ORGANIZATION_TYPES if name in present]
    return (
        alt.Color("organization_type:N", title="Organisation type")
        .scale(domain=ORGANIZATION_TYPES)
        .legend(values=shown, symbolType="circle", orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS)
    )


def scatter_tooltip() -> list[alt.Tooltip]:
    """The eight fields shown over a point."""
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("country:N", title="Country"),
        alt.Tooltip("organization_type:N", title="Organisation type"),
        alt.Tooltip("year:Q", title="Year", format="d"),
        alt.Tooltip("publication_share_percent:Q", title="Share of AI publications (%)", format=".1f"),
        alt.Tooltip("controls:Q", title="Export-control measures", format="d"),
        alt.Tooltip("parameters_text:N", title="Parameters"),
        alt.Tooltip("training_compute_flop:Q", title="Training compute (FLOP)", format=".2e"),
    ]


def box_chart(models: pl.DataFrame, levels: Sequence[str]) -> alt.LayerChart:
    """Log10 compute by level of controls: quartiles by linear interpolation, whiskers to the extremes, every model."""
    jitter = ((pl.int_range(pl.len()) * GOLDEN) % 1).alias("jitter")
    base = alt.Chart(models.with_columns(jitter)).encode(
        x=_level_axis(models, levels),
        y=alt.Y("log10_compute_flop:Q", title="Training compute (log10 FLOP)").scale(zero=False, nice=True),
    )
    box = base.mark_boxplot(
        extent="min-max", size=56, opacity=0.75, median={"color": "white"}, rule={"color": NEUTRAL}
    ).encode(color=_level_colour(levels))
    points = base.mark_circle(size=34, opacity=0.55, stroke="white", strokeWidth=0.4, color=NEUTRAL).encode(
        xOffset=alt.XOffset("jitter:Q").scale(domain=[-0.7, 1.7]), tooltip=point_tooltip()
    )
    return layered(box, points, title="Compute by level of export controls", **MEDIUM)


def point_tooltip() -> list[alt.Tooltip]:
    """What a point over the box plot says."""
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("organization:N", title="Organisation"),
        alt.Tooltip("publication_share_percent:Q", title="Share of AI publications (%)", format=".1f"),
        alt.Tooltip("controls:Q", title="Export-control measures", format="d"),
        alt.Tooltip("training_compute_flop:Q", title="Training compute (FLOP)", format=".2e"),
    ]


def count_chart(models: pl.DataFrame, levels: Sequence[str]) -> alt.LayerChart:
    """Models by level of controls; a level without models is a bar of height 0, with its number."""
    base = alt.Chart(level_counts(models, levels)).encode(
        x=alt.X("control_bin:O", title="Export controls", sort=levels).scale(domain=levels).axis(labelAngle=0),
        y=alt.Y("models:Q", title="Models"),
        tooltip=[alt.Tooltip("control_bin:O", title="Export controls"), alt.Tooltip("models:Q", title="Models")],
    )
    bars = base.mark_bar(size=56).encode(color=_level_colour(levels))
    numbers = base.mark_text(dy=-8, fontSize=12).encode(text="models:Q")
    return layered(bars, numbers, title="Models by level of export controls", **SMALL)


def level_counts(models: pl.DataFrame, levels: Sequence[str]) -> pl.DataFrame:
    """Number of models with each level, in the order of `levels`, zeros kept. Columns: control_bin, models."""
    counted = models.group_by("control_bin").agg(models=pl.len().cast(pl.Int64))
    grid = pl.DataFrame({"control_bin": list(levels)}, schema={"control_bin": pl.String})
    return grid.join(counted, on="control_bin", how="left", maintain_order="left").with_columns(
        pl.col("models").fill_null(0)
    )


def _level_axis(models: pl.DataFrame, levels: Sequence[str]) -> alt.X:
    counts = json.dumps(dict(level_counts(models, levels).iter_rows()))
    label = f"[datum.label, 'n = ' + {counts}[datum.label]]"
    axis = alt.Axis(labelAngle=0, labelExpr=label)
    return alt.X("control_bin:O", title="Export controls", sort=levels, axis=axis).scale(domain=levels)


def _level_colour(levels: Sequence[str]) -> alt.Color:
    return alt.Color("control_bin:O", sort=levels).scale(domain=levels, range=BLUES).legend(None)


def dashboard_chart(models: pl.DataFrame, levels: Sequence[str]) -> alt.VConcatChart:
    """The three charts in one: the scatter over the box plot and the bars."""
    below = alt.hconcat(box_chart(models, levels), count_chart(models, levels))
    composed: alt.VConcatChart = (
        alt.vconcat(scatter_chart(models, levels), below, title="Export controls and model scale")
        .resolve_scale(color="independent", size="independent", shape="independent")
        .resolve_legend(color="independent", size="independent", shape="independent")
    )
    return composed
