"""Charts of the investment page: the numbers they add to the frames they are given, and that they draw."""

import math
from typing import Any

import polars as pl
import pytest
import vl_convert

from views.charts import npv, npv_ranges, npv_sensitivity, theme


def drawn(chart: theme.Chart, mode: theme.Mode = "light") -> str:
    return str(vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: test.", mode)))


def bars(tier: str, start: float) -> pl.DataFrame:
    edges = [start, start + 1e9, start + 2e9, start + 9e9]
    return pl.DataFrame(
        {
            "tier": [tier] * 3,
            "npv_usd_low": edges[:-1],
            "npv_usd_high": edges[1:],
            "probability": [0.25, 0.5, 0.25],
            "cumulative": [0.25, 0.75, 1.0],
        }
    )


@pytest.fixture
def both() -> pl.DataFrame:
    return pl.concat([bars("III", -1e9), bars("IV", -0.5e9)])


MARKS = {"III": (0.5e9, -0.9e9), "IV": (1.0e9, -0.4e9)}


def test_tiers_share_an_axis_only_where_they_overlap(both: pl.DataFrame) -> None:
    spec = npv.tiers_chart(both, MARKS).to_dict()
    assert spec["resolve"]["scale"]["x"] == "shared"
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == ["Tier III", "Tier IV"]
    apart = pl.concat([bars("III", -1e9), bars("IV", -1e15)])
    assert npv.tiers_chart(apart, MARKS).to_dict()["resolve"]["scale"]["x"] == "independent"
    assert "Distribution of net present value by tier" in drawn(npv.tiers_chart(apart, MARKS), "dark")


def test_cumulative_curves_start_at_zero_and_leave_the_open_tail_out(both: pl.DataFrame) -> None:
    points = npv.cumulative_points(both)
    assert points.filter(pl.col("tier") == "III").rows() == [
        ("III", -1.0, 0.0),
        ("III", 0.0, 0.25),
        ("III", 1.0, 0.75),
    ]
    assert points.height == 6


def test_zero_is_marked_where_a_curve_reaches_it(both: pl.DataFrame) -> None:
    assert len(npv.cumulative_chart(both).to_dict()["layer"]) == 3
    gains = bars("III", 5e9)
    assert len(npv.cumulative_chart(gains).to_dict()["layer"]) == 2
    assert "Cumulative probability by tier" in drawn(npv.cumulative_chart(gains))


@pytest.fixture
def ranges() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": ["This scenario", "Observed", "Models since 2023"],
            "kind": ["This scenario", "Observed", "Observed"],
            "value": [1e-17, 1e-18, None],
            "low": [None, 5e-19, None],
            "high": [None, 3e-18, None],
        }
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_range_is_drawn_as_a_bar_and_every_model_as_a_tick(ranges: pl.DataFrame, mode: theme.Mode) -> None:
    dots = pl.DataFrame({"name": ["a", "b"], "row": ["Models since 2023"] * 2, "value": [1e-18, 2e-18]})
    chart = npv_ranges.range_chart(ranges, "Price of compute", "USD per FLOP", dots)
    spec: dict[str, Any] = chart.to_dict()
    assert spec["layer"][1]["encoding"]["x"]["scale"]["type"] == "log"
    picture = drawn(chart, mode)
    assert picture.count('aria-roledescription="tick"') == 2
    assert picture.count('aria-roledescription="point"') == 2
    assert picture.count('aria-roledescription="bar"') == 1
    assert len(npv_ranges.range_chart(ranges, "Price", "USD").to_dict()["layer"]) == 2


def test_long_names_break_into_lines() -> None:
    names = pl.Series(["Reference law (1,094 models), median", "Observed"])
    assert npv_ranges.broken(names).to_list() == ["Reference law (1,094|models), median", "Observed"]


def test_shares_of_the_parts_are_labelled() -> None:
    shares = pl.DataFrame({"part": ["compute data", "scaling law"], "share": [0.126, 0.874]})
    assert "87.4%" in drawn(npv_ranges.parts_chart(shares))


@pytest.fixture
def indices() -> pl.DataFrame:
    columns = {"input": ["sigma", "mu"], "first": [0.2, 0.7], "total": [0.3, 0.8]}
    ends = {
        f"{n}_ci_{e}": [v + s for v in columns[n]]
        for n in ("first", "total")
        for e, s in (("low", -0.1), ("high", 0.1))
    }
    return pl.DataFrame({**columns, **ends})


def test_indices_have_an_interval_each_and_the_largest_total_on_top(indices: pl.DataFrame) -> None:
    long = npv_ranges.long_indices(indices)
    row = long.filter((pl.col("input") == "mu") & (pl.col("kind") == npv_ranges.KINDS[1])).row(0, named=True)
    assert (row["value"], row["low"], row["high"]) == (0.8, pytest.approx(0.7), pytest.approx(0.9))
    chart = npv_ranges.indices_chart(indices, "Mean NPV")
    assert chart.to_dict()["layer"][1]["encoding"]["y"]["sort"] == ["mu", "sigma"]
    assert drawn(chart).count('aria-roledescription="point"') == 4


@pytest.fixture
def spider() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "input": ["Revenue mu (ln USD a month)", "Revenue sigma", "Correlation"],
            "value": [20.0 + math.log(2), 1.5, 0.1],
            "base_value": [20.0, 1.0, 0.0],
            "mean_usd": [3e9, 2e9, 1e9],
            "p_positive": [0.9, 0.8, 0.7],
        }
    )


def test_a_spider_measures_mu_by_revenue_and_leaves_out_a_base_of_zero(spider: pl.DataFrame) -> None:
    points = npv_sensitivity.spider_points(spider, "mean_usd")
    assert points["change"].to_list() == pytest.approx([2.0, 1.5])
    assert points["figure"].to_list() == [3.0, 2.0]
    assert npv_sensitivity.spider_points(spider, "p_positive")["figure"].to_list() == [0.9, 0.8]
    for figure in npv_sensitivity.FIGURES:
        assert "One input at a time" in drawn(npv_sensitivity.spider_chart(spider, figure))


@pytest.mark.parametrize(
    ("means", "range_"),
    [
        ([-1e9, 1e9], [npv_sensitivity.NEGATIVE, npv_sensitivity.MIDDLE, npv_sensitivity.POSITIVE]),
        ([1e9, 2e9], [npv_sensitivity.PALE, npv_sensitivity.POSITIVE]),
        ([-2e9, -1e9], [npv_sensitivity.NEGATIVE, npv_sensitivity.MIDDLE]),
    ],
)
def test_losses_and_gains_have_colours_of_their_own(means: list[float], range_: list[str]) -> None:
    grid = pl.DataFrame({"x_value": [1.0, 2.0], "y_value": [0.1, 0.1], "mean_usd": means, "p_positive": [0.2, 0.9]})
    scale = npv_sensitivity.heat_chart(grid, "mean_usd", "x", "y").to_dict()["layer"][0]["encoding"]["color"]["scale"]
    assert scale["range"] == range_
    assert scale.get("domainMid") == (0 if len(range_) == 3 else None)
    assert "Probability NPV" in drawn(npv_sensitivity.heat_chart(grid, "p_positive", "x", "y"))


def test_payback_is_a_step_with_a_rule_at_one_half() -> None:
    rows = pl.DataFrame({"month": [1, 2, 3], "probability": [0.2, 0.4, 0.1], "cumulative": [0.2, 0.6, 0.7]})
    chart = npv_sensitivity.payback_chart(rows)
    assert chart.to_dict()["layer"][0]["mark"]["interpolate"] == "step-after"
    assert "When the money is back" in drawn(chart)
