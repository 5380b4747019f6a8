"""The efficiency dashboard as specifications (EFF-07 to EFF-14)."""

from typing import Any

import polars as pl
import pytest
import vl_convert

from views.charts import efficiency as charts
from views.charts import theme


def layers(by_year: pl.DataFrame, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = charts.line_chart(by_year, (2021, 2025), **options).to_dict()["layer"]
    return found


def test_line_has_fifteen_points_on_the_published_axes(by_year: pl.DataFrame) -> None:
    spec = charts.line_chart(by_year, (2021, 2025)).to_dict()
    line = spec["layer"][1]
    assert line["mark"]["type"] == "line"
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 0.7]
    assert line["encoding"]["x"]["axis"]["values"] == list(range(2011, 2026))
    assert len(spec["datasets"][line.get("data", spec.get("data"))["name"]]) == 15
    assert (spec["width"], spec["height"]) == (800, 250)


def test_n_stands_over_each_point(by_year: pl.DataFrame) -> None:
    texts = [layer for layer in layers(by_year) if layer["mark"]["type"] == "text"]
    assert [text["encoding"]["text"]["field"] for text in texts] == ["n"]


def test_axis_grows_only_when_the_index_needs_it(by_year: pl.DataFrame) -> None:
    high = by_year.with_columns(composite=pl.lit(0.9))
    assert layers(high)[1]["encoding"]["y"]["scale"]["domain"] == [0, 1.0]


def test_percent_changes_come_and_go(by_year: pl.DataFrame) -> None:
    without = {layer["encoding"].get("text", {}).get("field") for layer in layers(by_year)}
    shown = [layer for layer in layers(by_year, percent=True) if layer["mark"]["type"] == "text"][1:]
    assert "change" not in without
    assert [layer["encoding"]["text"] for layer in shown] == [
        {"field": "change", "format": "+.1%", "type": "quantitative"}
    ] * 2
    assert [layer["transform"][0]["filter"].split("&& ")[1] for layer in shown] == [
        "datum.year % 2 === 0",
        "datum.year % 2 === 1",
    ]


def test_brush_and_band_start_at_the_years(by_year: pl.DataFrame) -> None:
    spec = charts.line_chart(by_year, (2019, 2022)).to_dict()
    (brush,) = spec["params"]
    assert brush["name"] == "years"
    assert brush["select"]["type"] == "interval"
    assert brush["value"] == {"x": [2018.5, 2022.5]}
    band = spec["layer"][0]
    assert spec["datasets"][band["data"]["name"]] == [{"from": 2018.5, "to": 2022.5}]


def test_metrics_stand_side_by_side_within_a_year(by_year: pl.DataFrame) -> None:
    spec = charts.metric_chart(by_year.filter(pl.col("year") >= 2021)).to_dict()
    (rows,) = spec["datasets"].values()
    assert len(rows) == 5 * 4
    assert spec["encoding"]["xOffset"]["field"] == "metric"
    assert spec["encoding"]["color"]["scale"]["domain"] == [
        "Cost per FLOP",
        "Cost per parameter",
        "FLOP per dollar",
        "FLOP per watt",
    ]


def test_years_without_a_metric_have_no_bar(by_year: pl.DataFrame) -> None:
    long = charts.long_metrics(by_year.head(4), charts.PUBLISHED)
    assert long.filter(pl.col("metric") == "Cost per parameter").rows() == [(2014, "Cost per parameter", 0.5)]
    assert long.height == 3 * 4 + 1


def test_scatter_is_logarithmic_and_names_the_model() -> None:
    rows = pl.DataFrame(
        {"model": ["m"], "year": [2024], "composite": [0.5], "training_compute_flop": [1e24]},
    )
    encoding = charts.scatter_chart(rows).to_dict()["encoding"]
    assert encoding["y"]["scale"]["type"] == "log"
    assert [field["title"] for field in encoding["tooltip"]] == [
        "Model",
        "Year",
        "Composite index",
        "Training compute (FLOP)",
    ]


@pytest.mark.parametrize("part", ["1970", "2035"])
def test_a_chart_that_stands_alone_links_by_its_brush(by_year: pl.DataFrame, part: str) -> None:
    models = pl.DataFrame(
        {"model": [part], "year": [int(part)], "composite": [0.5], "training_compute_flop": [1e24]},
    )
    chart = charts.dashboard_chart(by_year, models, (2021, 2025))
    below = chart.to_dict()["vconcat"][1]["hconcat"]
    assert all("years.year" in view["transform"][0]["filter"] for view in below)
    assert "<svg" in vl_convert.vegalite_to_svg(theme.standalone(chart))
