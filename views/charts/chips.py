"""Chips that models were trained on, and how many models say so."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import CATEGORIES, DARK, LEGEND_COLUMNS, MEDIUM, NEUTRAL, WIDE, layered

NAMES = {
    "controlled": "Under US licence",
    "China variant": "Made for China",
    "domestic": "Chinese make",
    "TPU": "TPU",
    "other": "Other",
}


def mix_chart(mix: pl.DataFrame, country: str) -> alt.LayerChart:
    """Share of each class of chip among a country's models with reported hardware, by year, with their number.

    `mix` has columns year, chip_class, models (credit), n and share.
    """
    order = list(NAMES.values())
    drawn = mix.with_columns(
        pl.col("chip_class").replace_strict(NAMES), rank=pl.col("chip_class").replace_strict(_ranks())
    )
    x = alt.X("year:O", title="Release year").axis(labelAngle=0)
    bars = (
        alt.Chart(drawn)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("share:Q", title="Share of models with reported hardware")
            .scale(domain=[0, 1])
            .axis(format="%", titleLimit=260),
            order="rank:Q",
            color=alt.Color("chip_class:N", title=None, sort=order)
            .scale(domain=order, range=_colours())
            .legend(orient="bottom", direction="horizontal", columns=3),
            tooltip=[
                alt.Tooltip("year:O", title="Year"),
                alt.Tooltip("chip_class:N", title="Chips"),
                alt.Tooltip("share:Q", title="Share", format=".0%"),
                alt.Tooltip("models:Q", title="Models (in parts)", format=".1f"),
                alt.Tooltip("n:Q", title="Models with reported hardware"),
            ],
        )
    )
    totals = mix.select("year", "n").unique().sort("year")
    numbers = alt.Chart(totals).mark_text(dy=-8).encode(x=x, y=alt.datum(1), text="n:Q")
    return layered(bars, numbers, title=f"{country}: chips by class, n above", **MEDIUM)


def _colours() -> list[Any]:
    """The palette in light and dark, and grey for the rest."""
    pairs = zip(CATEGORIES["light"], CATEGORIES["dark"], strict=True)
    known = [{"expr": f"{DARK} ? '{dark}' : '{light}'"} for light, dark in pairs]
    return [*known[: len(NAMES) - 1], NEUTRAL]


def _ranks() -> dict[str, int]:
    return {name: i for i, name in enumerate(NAMES)}


def disclosure_chart(disclosure: pl.DataFrame, countries: Sequence[str]) -> alt.LayerChart:
    """Share of each country's models that report their hardware, by year, with the number of models.

    `disclosure` has columns country, year, models, with_hardware and share.
    """
    colour = (
        alt.Color("country:N", title=None, sort=list(countries))
        .scale(domain=list(countries))
        .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS)
    )
    base = alt.Chart(disclosure).encode(
        x=alt.X("year:Q", title="Release year").scale(zero=False, nice=False, padding=16).axis(format="d", grid=False),
        y=alt.Y("share:Q", title="Models that report hardware").scale(domain=[0, 1]).axis(format="%"),
        color=colour,
        tooltip=[
            alt.Tooltip("country:N", title="Country"),
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("with_hardware:Q", title="Models with reported hardware"),
            alt.Tooltip("models:Q", title="Models"),
            alt.Tooltip("share:Q", title="Share", format=".0%"),
        ],
    )
    lines = base.mark_line(strokeWidth=2.5)
    points = base.mark_point(filled=True, size=70)
    return layered(lines, points, title="How many models report their hardware", **WIDE)
