"""How many closed models have a known training compute."""

import altair as alt
import polars as pl

from views.charts.diffusion_groups import legend
from views.charts.theme import layered

PALE = 0.3


def disclosure_chart(disclosure: pl.DataFrame) -> alt.LayerChart:
    """Closed models by release year and access class: all pale, those with known compute solid.

    `disclosure` has columns year, accessibility, models, known, share.
    """
    base = alt.Chart(disclosure).encode(
        x=alt.X("year:O", title="Year of release").axis(labelAngle=0),
        xOffset=alt.XOffset("accessibility:N"),
        color=alt.Color("accessibility:N", title=None, legend=legend("square")),
        tooltip=tooltip(),
    )
    every = base.mark_bar(opacity=PALE).encode(y=alt.Y("models:Q", title="Closed models"))
    known = base.mark_bar(opacity=1).encode(y="known:Q")
    title = alt.TitleParams(
        "Closed models by year and class",
        subtitle=["Pale: all closed models of the class.", "Solid: those with known training compute."],
    )
    return layered(every, known, title=title, width=800, height=280)


def tooltip() -> list[alt.Tooltip]:
    """What a bar says."""
    return [
        alt.Tooltip("year:O", title="Year"),
        alt.Tooltip("accessibility:N", title="Access class"),
        alt.Tooltip("models:Q", title="Closed models"),
        alt.Tooltip("known:Q", title="With known compute"),
        alt.Tooltip("share:Q", title="Share known", format=".0%"),
    ]
