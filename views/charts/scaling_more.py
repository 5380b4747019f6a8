"""Scaling: slopes as a forest, residuals, growth and forecast, threshold counts, the bootstrap's distribution."""

import altair as alt
import polars as pl

from views.charts.scaling import span
from views.charts.theme import BAND_OPACITY, LEGEND_COLUMNS, NEUTRAL, WIDE, layered

QUANTITIES = {
    "compute": "Training compute (FLOP)",
    "cost": "Training cost (USD of 2023)",
    "parameters": "Parameters",
}
START_YEAR = 2010
NAMED = 5
INFLUENTIAL = "influential (Cook's distance above 4 / n)"


def forest_chart(rows: pl.DataFrame, label: str, title: str, unit: str, rule: float | None = 1.0) -> alt.LayerChart:
    """Estimate and 95 % interval a row, in the rows' order. Columns: `label`, slope, ci_low, ci_high, n."""
    known = rows.drop_nulls(["slope", "ci_low", "ci_high"])
    base = alt.Chart(known).encode(
        y=alt.Y(f"{label}:N", title=None, sort=known[label].to_list()),
        tooltip=[
            alt.Tooltip(f"{label}:N", title="Group"),
            alt.Tooltip("n:Q", title="Models"),
            alt.Tooltip("slope:Q", title=unit, format=".3f"),
            alt.Tooltip("ci_low:Q", title="95 % from", format=".3f"),
            alt.Tooltip("ci_high:Q", title="to", format=".3f"),
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("ci_low:Q", title=f"{unit} (95 % interval)").scale(zero=False), x2="ci_high:Q"
    )
    point = base.mark_point(filled=True, size=70).encode(x="slope:Q")
    marks = [interval, point]
    if rule is not None:
        line = alt.Chart(pl.DataFrame({"at": [rule]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(x="at:Q")
        marks = [line, *marks]
    return layered(*marks, title=f"{title} (n = {span(known['n'])} each)", width=800, height=max(28 * known.height, 60))


def residual_chart(points: pl.DataFrame) -> alt.LayerChart:
    """Residuals over fitted values, natural logs; influential points (Cook's distance above 4/n) in another colour, and
    the NAMED that weigh most by name."""
    columns = ("model", "organization", "year", "fitted", "residual", "cooks_distance")
    weight = pl.when("influential").then(pl.lit(INFLUENTIAL)).otherwise(pl.lit("other models"))
    fitted = points.drop_nulls("residual").select(*columns, weight=weight)
    base = alt.Chart(fitted)
    x = alt.X("fitted:Q", title="Fitted value (natural log)").scale(zero=False)
    y = alt.Y("residual:Q", title="Residual (natural log)")
    dots = base.mark_circle(size=34, opacity=0.45).encode(
        x=x,
        y=y,
        color=alt.Color("weight:N", title=None, sort=["other models", INFLUENTIAL]).legend(
            orient="bottom", direction="horizontal"
        ),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("organization:N", title="Organisation"),
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("residual:Q", title="Residual", format=".2f"),
            alt.Tooltip("cooks_distance:Q", title="Cook's distance", format=".4f"),
        ],
    )
    names = alt.Chart(weightiest(points)).mark_text(align="left", dx=6, limit=160).encode(x=x, y=y, text="name:N")
    zero = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(y="at:Q")
    return layered(zero, dots, names, title=f"Residuals (n = {fitted.height:,})", width=800, height=260)


def weightiest(points: pl.DataFrame) -> pl.DataFrame:
    """The influential points that weigh most, named by model, else by organization. Columns: name, fitted, residual."""
    most = points.filter("influential").sort("cooks_distance", descending=True, maintain_order=True).head(NAMED)
    return most.select("fitted", "residual", name=pl.coalesce("model", "organization"))


def forecast_chart(series: pl.DataFrame, forecast: pl.DataFrame, name: str) -> alt.LayerChart:
    """One series since 2010 on a log axis, its fitted trend, and the fan of its forecast (50 and 90 %)."""
    past = series.filter((pl.col("series") == name) & (pl.col("t") >= START_YEAR))
    fan = forecast.filter(pl.col("series") == name)
    quantity = str(past["quantity"][0]) if past.height else "compute"
    x = alt.X("t:Q", title="Year").scale(zero=False).axis(format="d", grid=False)
    y = alt.Y("value:Q", title=QUANTITIES.get(quantity, quantity)).scale(type="log").axis(format=".0e", tickCount=6)
    dots = (
        alt.Chart(past)
        .mark_circle(size=30, opacity=0.4)
        .encode(x=x, y=y, tooltip=["model:N", "organization:N", alt.Tooltip("value:Q", format=".2e")])
    )
    base = alt.Chart(fan).encode(x=x)
    wide = base.mark_area(opacity=BAND_OPACITY).encode(y="p05:Q", y2="p95:Q")
    narrow = base.mark_area(opacity=BAND_OPACITY).encode(y="p25:Q", y2="p75:Q")
    middle = base.mark_line(strokeWidth=2.5).encode(
        y="p50:Q", tooltip=[alt.Tooltip(f"{c}:Q", format=".2e") for c in ("p05", "p25", "p50", "p75", "p95")]
    )
    return layered(
        wide, narrow, dots, middle, title=f"{name[:1].upper()}{name[1:]} (n = {past.height:,})", width=800, height=320
    )


def threshold_chart(counts: pl.DataFrame, threshold: float, by: str) -> alt.Chart:
    """Models a year at or above a compute threshold, stacked by country or access; derivatives are counted too."""
    shown = counts.filter(pl.col("threshold_flop") == threshold).group_by("year", by).agg(pl.col("models").sum())
    n = shown["models"].sum()
    chart = (
        alt.Chart(shown.sort("year", by))
        .mark_bar()
        .encode(
            x=alt.X("year:O", title="Release year").axis(labelAngle=0),
            y=alt.Y("models:Q", title="Models, derivatives included"),
            color=alt.Color(f"{by}:N", title=None).legend(
                orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS
            ),
            tooltip=[alt.Tooltip("year:O", title="Year"), f"{by}:N", alt.Tooltip("models:Q", title="Models")],
        )
        .properties(title=f"Models at or above {flop(threshold)} (n = {n:,})", **WIDE)
    )
    assert isinstance(chart, alt.Chart)
    return chart


def flop(threshold: float) -> str:
    """A compute threshold as it is written: 1e25 FLOP."""
    return f"{threshold:.0e} FLOP".replace("+", "")


def distribution_chart(bins: pl.DataFrame, low: float, high: float) -> alt.LayerChart:
    """Histogram of bootstrap slopes with the percentile interval marked. Columns: slope_low, slope_high, count."""
    bars = (
        alt.Chart(bins)
        .mark_bar(binSpacing=0.5)
        .encode(
            x=alt.X("slope_low:Q", title="Slope").bin("binned").scale(zero=False),
            x2="slope_high:Q",
            y=alt.Y("count:Q", title="Replicates"),
            tooltip=[alt.Tooltip("slope_low:Q", format=".3f"), alt.Tooltip("count:Q", title="Replicates")],
        )
    )
    ends = alt.Chart(pl.DataFrame({"at": [low, high]})).mark_rule(strokeDash=[4, 4], strokeWidth=2).encode(x="at:Q")
    return layered(bars, ends, title=f"Slopes of the replicates (n = {bins['count'].sum():,})", **WIDE)
