"""Diffusion: the survival curve of a lead, with the number at risk."""

import altair as alt
import polars as pl

from views.charts.theme import BAND_OPACITY, WIDE, layered

TICK_MONTHS = 6
TITLE = "Time until an open model catches up"


def survival_chart(survival: pl.DataFrame, title: str = TITLE) -> alt.VConcatChart:
    """Share of leads that still hold by months since release, with its 95 % band, over the number at risk.

    `survival` has columns months, survival, ci_low, ci_high, at_risk; a step function from 1 at month 0.
    """
    steps = from_the_start(survival)
    months = (
        alt.X("months:Q", title="Months since release")
        .scale(domain=[0, _end(survival)], nice=False)
        .axis(values=_ticks(survival), grid=False)
    )
    base = alt.Chart(steps).encode(x=months)
    band = base.mark_area(interpolate="step-after", opacity=BAND_OPACITY).encode(y="ci_low:Q", y2="ci_high:Q")
    line = base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(
        y=alt.Y("survival:Q", title="Share of leads that hold").scale(domain=[0, 1]).axis(format="%"),
    )
    points = base.mark_point(size=60, opacity=0, filled=True).encode(y="survival:Q", tooltip=step_tooltip())
    curve = layered(band, line, points, title=title, **WIDE)
    composed: alt.VConcatChart = alt.vconcat(curve, _risk_row(survival), spacing=8)
    return composed


def step_tooltip() -> list[alt.Tooltip]:
    """What a step of the curve says."""
    return [
        alt.Tooltip("months:Q", title="Months", format=".1f"),
        alt.Tooltip("survival:Q", title="Share that holds", format=".1%"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".1%"),
        alt.Tooltip("ci_high:Q", title="95 % to", format=".1%"),
        alt.Tooltip("at_risk:Q", title="At risk"),
    ]


def from_the_start(survival: pl.DataFrame) -> pl.DataFrame:
    """The curve with its start, 1 at month 0, and in order of time."""
    columns = ["months", "survival", "ci_low", "ci_high", "at_risk"]
    known = survival.select(columns).cast(dict.fromkeys(columns, pl.Float64)).sort("months")
    if known.is_empty() or known["months"][0] == 0:
        return known
    start = pl.DataFrame([[0.0, 1.0, 1.0, 1.0, known["at_risk"][0]]], schema=known.schema, orient="row")
    return pl.concat([start, known])


def at_risk(survival: pl.DataFrame) -> pl.DataFrame:
    """Number at risk at every tick: that of the first time at or after it. Columns: months, at_risk."""
    ticks = pl.DataFrame({"months": _ticks(survival)}, schema={"months": pl.Float64})
    known = from_the_start(survival).select("months", "at_risk")
    return ticks.join_asof(known, on="months", strategy="forward").with_columns(
        pl.col("at_risk").fill_null(0).cast(pl.Int64)
    )


def _risk_row(survival: pl.DataFrame) -> alt.Chart:
    months = alt.X("months:Q", title=None).scale(domain=[0, _end(survival)], nice=False).axis(None)
    return (
        alt.Chart(at_risk(survival), title=alt.TitleParams("Number at risk", fontSize=12, fontWeight="normal"))
        .mark_text(fontSize=12)
        .encode(x=months, text="at_risk:Q")
        .properties(width=800, height=18)
    )


def _end(survival: pl.DataFrame) -> float:
    last = survival.select(pl.col("months").max()).item()
    return TICK_MONTHS * (int((last or 0.0) // TICK_MONTHS) + 1.0)


def _ticks(survival: pl.DataFrame) -> list[float]:
    return [float(month) for month in range(0, int(_end(survival)) + 1, TICK_MONTHS)]
