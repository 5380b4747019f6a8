"""Where models come from: a map and the ranking of countries, linked both ways."""

import functools
import json
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from views.charts.ledger import SEQUENTIAL
from views.charts.links import click, shared
from views.charts.theme import FADED, GRID, NEUTRAL, layered

SHAPES = Path(__file__).with_name("world.json")
TOO_SMALL = {"Hong Kong": (114.17, 22.32), "Singapore": (103.82, 1.35)}
TOP = 10
MAP_HEIGHT = 360


@functools.cache
def world() -> dict[str, Any]:
    """Country shapes as TopoJSON (object `countries`, property `country`), shipped with the project."""
    shapes: dict[str, Any] = json.loads(SHAPES.read_text(encoding="utf-8"))
    return shapes


def countries_on_the_map() -> set[str]:
    """Names of the countries that the map can show."""
    shapes = world()["objects"]["countries"]["geometries"]
    return {shape["properties"]["country"] for shape in shapes} | set(TOO_SMALL)


def geography_chart(counts: pl.DataFrame) -> alt.VConcatChart:
    """A world map over bars of the ten countries with most models; a click on either highlights both.

    `counts` has columns country and n, largest first. Countries too small for the map's scale are circles.
    """
    chosen = click("country", ["country"], empty=True)
    strength = alt.when(chosen).then(alt.value(1.0)).otherwise(alt.value(FADED))
    where = layered(
        _shapes(counts, strength),
        _circles(counts, strength),
        title="Models by country",
        width=800,
        height=MAP_HEIGHT,
    ).project(type="equalEarth")
    composed: alt.VConcatChart = alt.vconcat(where, _bars(counts, strength), spacing=24)
    return shared(composed.resolve_scale(color="shared"), "country", ["country"])


def _colour(counts: pl.DataFrame) -> alt.Color:
    most = max(2, *counts["n"].head(1)) if counts.height else 2
    return (
        alt.Color("n:Q", title="Models (log scale)")
        .scale(type="log", domain=[1, most], range=list(SEQUENTIAL))
        .legend(orient="top", direction="horizontal", gradientLength=180, format="d", tickCount=4)
    )


def _shapes(counts: pl.DataFrame, strength: Any) -> alt.Chart:
    """Shapes that carry their count, so that the map needs no second table."""
    data = alt.InlineData(values=_counted(counts), format=alt.TopoDataFormat(feature="countries", type="topojson"))
    fill = alt.condition("datum.n > 0", _colour(counts), alt.value(GRID))
    return (
        alt.Chart(data, name="shapes")
        .mark_geoshape(stroke=NEUTRAL, strokeWidth=0.4, cursor="pointer")
        .transform_calculate(country="datum.properties.country", n="datum.properties.n")
        .encode(color=fill, opacity=strength, tooltip=_tooltip())
    )


def _counted(counts: pl.DataFrame) -> dict[str, Any]:
    """The world with the number of models as a property of each country."""
    number = dict(counts.select("country", "n").iter_rows())
    objects = world()["objects"]["countries"]
    shapes = [
        {**shape, "properties": {**shape["properties"], "n": number.get(shape["properties"]["country"], 0)}}
        for shape in objects["geometries"]
    ]
    return {**world(), "objects": {"countries": {**objects, "geometries": shapes}}}


def _circles(counts: pl.DataFrame, strength: Any) -> alt.Chart:
    rows = [{"country": c, "longitude": x, "latitude": y} for c, (x, y) in TOO_SMALL.items()]
    placed = pl.DataFrame(rows).join(counts.select("country", "n"), on="country")
    return (
        alt.Chart(placed)
        .mark_circle(size=70, stroke=NEUTRAL, strokeWidth=0.8, cursor="pointer")
        .encode(
            longitude="longitude:Q", latitude="latitude:Q", color=_colour(counts), opacity=strength, tooltip=_tooltip()
        )
    )


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("country:N", title="Country"), alt.Tooltip("n:Q", title="Models")]


def _bars(counts: pl.DataFrame, strength: Any) -> alt.LayerChart:
    ranked = counts.head(TOP)
    base = alt.Chart(ranked).encode(
        y=alt.Y("country:N", title=None, sort=ranked["country"].to_list()),
        x=alt.X("n:Q", title="Models").scale(domain=[0, 1.08 * (ranked["n"][0] if ranked.height else 1)], nice=False),
        opacity=strength,
        tooltip=_tooltip(),
    )
    bars = base.mark_bar(cursor="pointer").encode(color=_colour(counts)).properties(name="bars")
    numbers = base.mark_text(align="left", dx=5, fontSize=12).encode(text="n:Q")
    title = f"The {ranked.height} countries with most models"
    return layered(bars, numbers, title=title, width=800, height=24 * max(1, ranked.height))
