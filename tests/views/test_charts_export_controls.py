"""The export-control dashboard as specifications (EXC-02 to EXC-16)."""

from typing import Any

import polars as pl
import vl_convert

from views.charts import export_controls as charts
from views.charts import theme

LEVELS = ("Low", "Medium", "High")


def encoding(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["encoding"]
    return found


def test_scatter_has_one_point_a_model(models: pl.DataFrame) -> None:
    spec = charts.scatter_chart(models, LEVELS).to_dict()
    (rows,) = spec["datasets"].values()
    assert len(rows) == models.height
    assert encoding(spec)["x"]["field"] == "log10_parameters"
    assert encoding(spec)["y"]["field"] == "log10_compute_flop"
    assert (spec["width"], spec["height"]) == (800, 250)


def test_scatter_colour_size_and_shape_are_fixed_whatever_is_shown(models: pl.DataFrame) -> None:
    spec = encoding(charts.scatter_chart(models, LEVELS).to_dict())
    assert spec["color"]["scale"]["domain"] == list(theme.ORGANIZATION_TYPES)
    assert spec["color"]["legend"]["values"] == ["Industry", "Academia", "Academia, Industry", "Government", "Other"]
    assert spec["size"]["scale"] == {"domain": ["Low share", "Medium share", "High share"], "range": [80, 150, 220]}
    assert spec["shape"]["scale"]["domain"] == list(LEVELS)
    assert len(set(spec["shape"]["scale"]["range"])) == 3


def test_legend_isolates(models: pl.DataFrame) -> None:
    spec = charts.scatter_chart(models, LEVELS).to_dict()
    (param,) = spec["params"]
    assert param["bind"] == "legend"
    assert param["select"]["fields"] == ["organization_type"]
    opacity = encoding(spec)["opacity"]
    assert opacity == {"condition": [{"param": "organization_type", "value": 0.9}], "value": 0.2}


def test_scatter_tooltip_has_eight_fields_with_units(models: pl.DataFrame) -> None:
    titles = [field["title"] for field in encoding(charts.scatter_chart(models, LEVELS).to_dict())["tooltip"]]
    assert titles == [
        "Model",
        "Country",
        "Organisation type",
        "Year",
        "Share of AI publications (%)",
        "Export-control measures",
        "Parameters",
        "Training compute (FLOP)",
    ]


def test_box_plot_keeps_every_level_and_states_n(models: pl.DataFrame) -> None:
    spec = charts.box_chart(models, LEVELS).to_dict()
    for layer in spec["layer"]:
        assert encoding(layer)["x"]["scale"]["domain"] == list(LEVELS)
    label = encoding(spec["layer"][0])["x"]["axis"]["labelExpr"]
    assert '"Low": 3' in label
    assert '"High": 0' in label
    assert (spec["width"], spec["height"]) == (400, 260)


def test_box_plot_has_every_model_to_hover(models: pl.DataFrame) -> None:
    points = charts.box_chart(models, LEVELS).to_dict()["layer"][1]
    assert points["mark"]["type"] == "circle"
    assert [field["title"] for field in encoding(points)["tooltip"]] == [
        "Model",
        "Organisation",
        "Share of AI publications (%)",
        "Export-control measures",
        "Training compute (FLOP)",
    ]


def test_a_level_has_one_colour_in_box_and_bars(models: pl.DataFrame) -> None:
    box = encoding(charts.box_chart(models, LEVELS).to_dict()["layer"][0])["color"]["scale"]
    bars = encoding(charts.count_chart(models, LEVELS).to_dict()["layer"][0])["color"]["scale"]
    assert box == bars == {"domain": list(LEVELS), "range": list(theme.BLUES)}


def test_counts_keep_zeros_in_order(models: pl.DataFrame) -> None:
    assert charts.level_counts(models, LEVELS).rows() == [("Low", 3), ("Medium", 4), ("High", 0)]
    assert charts.level_counts(models.clear(), LEVELS)["models"].to_list() == [0, 0, 0]


def test_bar_tooltip_says_level_and_count(models: pl.DataFrame) -> None:
    spec = charts.count_chart(models, LEVELS).to_dict()
    assert [field["title"] for field in encoding(spec["layer"][0])["tooltip"]] == ["Export controls", "Models"]
    assert (spec["width"], spec["height"]) == (350, 280)


def test_dashboard_puts_scatter_over_box_and_bars_with_own_scales(models: pl.DataFrame) -> None:
    spec = charts.dashboard_chart(models, LEVELS).to_dict()
    assert len(spec["vconcat"]) == 2
    assert len(spec["vconcat"][1]["hconcat"]) == 2
    apart = {"color": "independent", "size": "independent", "shape": "independent"}
    assert spec["resolve"] == {"scale": apart, "legend": apart}
    titles = vl_convert.vegalite_to_svg(theme.standalone(charts.dashboard_chart(models, LEVELS), "Source: somebody."))
    for title in ("Organisation type", "Publication share", "Export controls", "Source: somebody."):
        assert f">{title}<" in titles


def test_six_thousand_models_draw(models: pl.DataFrame) -> None:
    many = pl.concat([models] * 858).head(6_000)
    spec = charts.scatter_chart(many, LEVELS).to_dict()
    assert len(next(iter(spec["datasets"].values()))) == 6_000
    assert vl_convert.vegalite_to_svg(theme.standalone(charts.scatter_chart(many, LEVELS))).count("<path") > 6_000
