"""Cumulative incidence of leads ended by each kind of follower."""

import altair as alt
import polars as pl

from views.charts.diffusion_groups import CURVE_HEIGHT, dashes, legend, months_axis
from views.charts.theme import BAND_OPACITY, layered


def incidence_chart(incidence: pl.DataFrame, end: float, title: str, *, bands: bool = False) -> alt.LayerChart:
    """Share of leads ended by each cause by months since release; with `bands` their 95 % intervals.

    `incidence` has columns cause, months, cif, ci_low, ci_high, at_risk.
    """
    base = alt.Chart(incidence).encode(
        x=months_axis(end),
        color=alt.Color("cause:N", title=None, legend=legend()),
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(
        y=alt.Y("cif:Q", title="Share of leads ended so").scale(domainMin=0).axis(format="%"),
        strokeDash=alt.StrokeDash("cause:N", title=None, legend=legend(), scale=dashes()),
    )
    points = base.mark_point(size=60, opacity=0, filled=True).encode(y="cif:Q", tooltip=tooltip())
    band = base.mark_area(interpolate="step-after", opacity=BAND_OPACITY / 1.5).encode(y="ci_low:Q", y2="ci_high:Q")
    layers = [band, lines, points] if bands else [lines, points]
    return layered(*layers, title=title, width=800, height=CURVE_HEIGHT)


def tooltip() -> list[alt.Tooltip]:
    """What a step says."""
    return [
        alt.Tooltip("cause:N", title="Ended by"),
        alt.Tooltip("months:Q", title="Months", format=".1f"),
        alt.Tooltip("cif:Q", title="Share ended so", format=".1%"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".1%"),
        alt.Tooltip("ci_high:Q", title="95 % to", format=".1%"),
        alt.Tooltip("at_risk:Q", title="At risk"),
    ]
