"""Charts of the tabs of both dashboards as specifications."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
import vl_convert

from views.charts import association, chips, explorer, geography, hardware, ledger, resources, returns, theme


def drawn(chart: theme.Chart, mode: theme.Mode = "light") -> str:
    return str(vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: somebody.", mode)))


@pytest.fixture
def cells() -> pl.DataFrame:
    days = {"2022 Q3": dt.date(2022, 9, 30), "2022 Q4": dt.date(2022, 12, 31)}
    rows = [
        (country, quarter, day, n + i)
        for country, n in (("Freedonia", 3), ("Sylvania", 0))
        for i, (quarter, day) in enumerate(days.items())
    ]
    return pl.DataFrame(rows, schema=["country", "quarter", "day", "measures"], orient="row")


@pytest.fixture
def released() -> pl.DataFrame:
    """Models of the explorer: five years of which one has no cost."""
    return pl.DataFrame(
        {
            "model": ["Duck 1", "Duck (2)", "Goose", "Swan", "Heron"],
            "organization": ["Pond", "Pond", "Lake", "Lake", "Sea"],
            "publication_date": [dt.date(2008 + i, 6, 1) for i in range(5)],
            "year": [2008, 2009, 2010, 2011, 2012],
            "training_compute_flop": [1e18, 2e18, 1e20, 1e21, 3e22],
            "cost_usd_2023": [1e3, 2e3, None, 1e5, 2e6],
            "training_power_draw_w": [1e2, None, 1e3, 1e4, 1e5],
            "training_time_hours": [10.0, 20.0, 30.0, None, 50.0],
            "domain_bucket": ["Language", "Vision", "Language", "Vision", "Language"],
            "access": ["open", "closed", "open", "unknown", "closed"],
            "accessibility": [explorer.OPENNESS[0], "API access", explorer.OPENNESS[0], "Unknown", "API access"],
            "frontier": [True, False, True, False, False],
        }
    )


def test_ledger_has_a_cell_a_country_and_quarter_and_outlines_the_one_chosen(cells: pl.DataFrame) -> None:
    spec = ledger.ledger_chart(cells, "Measures", ("Freedonia", "2022 Q4")).to_dict()
    squares, outline = spec["layer"]
    assert len(spec["datasets"][squares["data"]["name"]]) == 4
    assert [row["quarter"] for row in spec["datasets"][outline["data"]["name"]]] == ["2022 Q4"]
    assert squares["encoding"]["y"]["sort"] == ["Freedonia", "Sylvania"]
    (param,) = spec["params"]
    assert (param["name"], param["select"]["fields"]) == ("cell", ["country", "quarter"])
    assert spec["height"] == 2 * ledger.ROW_HEIGHT


def test_countries_share_their_axes() -> None:
    day = dt.date(2020, 1, 1)
    steps = pl.DataFrame({"country": ["A", "B"], "date": [day, day], "measures": [1, 2]})
    models = pl.DataFrame(
        {
            "model": ["m", "n", "o"],
            "country": ["A", "A", "B"],
            "publication_date": [day, day, day],
            "year": [2020, 2020, 2020],
            "training_compute_flop": [1e20, 3e20, 1e22],
        }
    )
    spec = ledger.compare_chart(steps, models, ["A", "B"], "faced").to_dict()
    assert spec["resolve"]["scale"] == {"x": "shared", "color": "shared"}
    assert ledger.yearly_medians(models).select("country", "n", "training_compute_flop").rows() == [
        ("A", 2, 2e20),
        ("B", 1, 1e22),
    ]


def test_map_and_bars_share_one_click_and_every_country_has_its_number() -> None:
    counts = pl.DataFrame({"country": ["China", "Singapore", "Spain"], "n": [5, 2, 1]})
    spec = geography.geography_chart(counts).to_dict()
    (param,) = spec["params"]
    assert param["select"]["fields"] == ["country"]
    assert len(param["views"]) == 2
    world = spec["datasets"][spec["vconcat"][0]["layer"][0]["data"]["name"]]
    shapes = world["objects"]["countries"]["geometries"]
    numbers = {shape["properties"]["country"]: shape["properties"]["n"] for shape in shapes}
    assert (numbers["China"], numbers["Spain"], numbers["Brazil"]) == (5, 1, 0)
    assert "http" not in str(spec["vconcat"])
    assert drawn(geography.geography_chart(counts)).count("<path") > 170


def test_the_map_names_countries_as_the_tables_do() -> None:
    names = geography.countries_on_the_map()
    assert {"United States", "South Korea", "Taiwan", "Czechia", "Hong Kong", "Singapore"} <= names


def test_chip_classes_keep_their_colours_and_state_n() -> None:
    mix = pl.DataFrame({"year": [2023], "chip_class": ["TPU"], "models": [4.0], "n": [4], "share": [1.0]})
    spec = chips.mix_chart(mix, "Freedonia").to_dict()
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == list(chips.NAMES.values())
    assert len(scale["range"]) == len(scale["domain"])
    assert spec["layer"][1]["encoding"]["text"]["field"] == "n"


def test_a_confidence_set_without_an_end_runs_to_the_edge() -> None:
    table = pl.DataFrame(
        {
            "measure": ["imposed", "faced"],
            "coef": [0.1, 0.2],
            "se_hc3": [0.01, 0.02],
            "ci_low": [-1.0, None],
            "ci_high": [1.0, 2.0],
        }
    )
    found = association.intervals(table)
    assert found.height == 4
    assert found.row(1) == ("Faced", association.WAYS[0], 0.2, -1.0, 2.0)
    assert association.coefficient_chart(table).to_dict()["layer"][0]["mark"]["type"] == "rule"


def test_event_study_shows_both_models_and_placebos_set_the_event_apart() -> None:
    study = pl.DataFrame({"trend": [False, True], "half_year": [0, 0], "coef": [1.0, 0.5]}).with_columns(
        ci_low=pl.lit(-1.0), ci_high=pl.lit(2.0)
    )
    assert "With a trend" in drawn(association.event_study_chart(study))
    placebos = pl.DataFrame({"date": [dt.date(2021, 10, 7), dt.date(2022, 10, 7)], "event": [False, True]})
    placebos = placebos.with_columns(coef=1.0, se_hc3=0.1, p_hc3=0.01, p_wcr=0.3)
    assert association.EVENT in drawn(association.placebo_chart(placebos))


def test_cells_without_models_say_no_data() -> None:
    grid = pl.DataFrame(
        {
            "organization": ["Pond", "Pond", "Lake", "Lake"],
            "country": ["A", "B", "A", "B"],
            "n": [2, 0, 0, 1],
            "log10_compute_flop": [20.25, None, None, 22.0],
        }
    )
    picture = drawn(explorer.organisation_chart(grid))
    assert picture.count(">no data<") == 2
    assert ">20.2<" in picture or ">20.3<" in picture


def test_accessibility_is_ordered_from_open_to_unknown_and_adds_to_one() -> None:
    counts = pl.DataFrame(
        {"organization_type": ["Industry"] * 2, "accessibility": ["Unknown", "API access"], "models": [1, 3]}
    )
    spec = explorer.accessibility_chart(counts, ["Industry"]).to_dict()
    rows = spec["datasets"][spec["layer"][0]["data"]["name"]]
    assert {row["accessibility"]: row["share"] for row in rows} == {"Unknown": 0.25, "API access": 0.75}
    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == list(explorer.OPENNESS)


def test_bins_hold_their_models(released: pl.DataFrame) -> None:
    known = explorer.binned(released, "training_compute_flop")
    assert known.height == released.height
    slack = 1 + 1e-9
    assert known.filter(pl.col("value") * slack < pl.col("low")).is_empty()
    assert known.filter(pl.col("value") > pl.col("high") * slack).is_empty()
    assert explorer.binned(released.clear(), "training_compute_flop").is_empty()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_years_without_a_value_say_not_recorded(released: pl.DataFrame, mode: theme.Mode) -> None:
    chart = explorer.years_chart(released, "cost_usd_2023", (2007, 2012), "domain_bucket", ["Duck (2)"], era=True)
    picture = drawn(chart, mode)
    assert picture.count(">not recorded<") == 2
    assert picture.count(">Before the deep-learning era<") == 2
    assert ">Duck (2)<" in picture


def test_a_click_marks_bins_in_both_charts(released: pl.DataFrame) -> None:
    spec: dict[str, Any] = explorer.years_chart(
        released,
        "parameters" if "parameters" in released else "training_compute_flop",
        (2008, 2012),
        None,
        [],
        era=False,
    ).to_dict()
    bins = [param for param in spec["params"] if param["name"] == "bin"]
    assert [len(param["views"]) for param in bins] == [2]


def test_open_and_closed_name_the_largest_model(released: pl.DataFrame) -> None:
    spec = resources.access_chart(released).to_dict()
    assert {param["name"] for param in spec["params"]} == {"years", "accessibility"}
    assert "argmax" in str(spec["vconcat"][1])
    assert drawn(resources.access_chart(released))


@pytest.mark.parametrize(("linear", "kind"), [(True, "linear"), (False, "log")])
def test_cost_axis_can_be_linear(released: pl.DataFrame, linear: bool, kind: str) -> None:
    spec = resources.frontier_chart(released, "cost_usd_2023", 2009, linear=linear).to_dict()
    assert spec["vconcat"][0]["layer"][0]["encoding"]["y"]["scale"]["type"] == kind
    assert drawn(resources.frontier_chart(released, "cost_usd_2023", 2009, linear=linear))


def test_rates_are_medians_with_n(released: pl.DataFrame) -> None:
    rates = resources.rates(released)
    assert rates.filter((pl.col("rate") == "FLOP per dollar") & (pl.col("year") == 2008)).row(0) == (
        "FLOP per dollar",
        2008,
        1,
        1e15,
    )
    frontier = pl.DataFrame({"year": [2008], "models": [1]})
    assert "FLOP per hour" in drawn(resources.rate_chart(rates, frontier))


def test_segmented_fit_goes_through_adjusted_points_that_lie_on_it() -> None:
    x = [18.0, 19.0, 20.0, 21.0, 22.0, 23.0]
    effects = {2020: 0.5, 2021: -0.25}
    years = [2020, 2021, 2020, 2021, 2020, 2021]
    y = [2.0 * v - 1.5 * max(v - 20.5, 0.0) + effects[year] for v, year in zip(x, years, strict=True)]
    rows = pl.DataFrame({"model": list("abcdef"), "year": years, "log10_flop": x, "y": y})
    fit = {"slope_below": 2.0, "slope_above": 0.5, "break_log10_flop": 20.5}
    points, line = returns.adjusted(rows, fit)
    level = sum(effects[year] for year in years) / 6
    expected = [2.0 * v - 1.5 * max(v - 20.5, 0.0) + level for v in x]
    assert points["y"].to_list() == pytest.approx(expected)
    assert line["log10_flop"].to_list() == [18.0, 20.5, 23.0]
    assert line["y"].to_list() == pytest.approx([36.0 + level, 41.0 + level, 42.25 + level])
    assert "break at 10^20.5" in drawn(returns.break_chart(points, line, "flop_per_joule", 20.5))


def test_both_versions_stand_in_one_chart_over_availability() -> None:
    lines = pl.DataFrame({"version": ["As published", "Corrected"], "year": [2021] * 2, "n": [9, 3]})
    available = pl.DataFrame({"year": [2021], "models": [10], "cost_per_flop": [3], "flop_per_joule": [5]})
    spec = returns.both_chart(
        lines.with_columns(composite=0.5), available, ("cost_per_flop", "flop_per_joule")
    ).to_dict()
    assert len(spec["vconcat"]) == 2
    assert spec["vconcat"][0]["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["As published", "Corrected"]


def test_trend_of_hardware_passes_through_its_mean() -> None:
    dates = [dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1)]
    points = pl.DataFrame({"precision": ["FP32"] * 3, "release_date": dates, "value": [1.0, 2.0, 4.0]})
    trends = pl.DataFrame({"precision": ["FP32"], "per_year": [1.0]})
    ends = hardware.trend_lines(points, trends)
    assert ends["value"].to_list() == pytest.approx([1.0, 4.0], rel=2e-3)
    both = points.with_columns(ratio=pl.lit("flop_per_s_per_w"), hardware=pl.lit("chip"), manufacturer=pl.lit("maker"))
    chart = hardware.hardware_chart(both, trends.with_columns(ratio=pl.lit("flop_per_s_per_w")), "flop_per_s_per_w")
    assert drawn(chart)
