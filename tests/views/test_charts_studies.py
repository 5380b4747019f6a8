"""Charts of scaling, diffusion and investment: the numbers they add to the frames they are given."""

import math

import polars as pl
import pytest
import vl_convert

from views.charts import diffusion, npv, scaling, theme


@pytest.fixture
def points() -> pl.DataFrame:
    x = [math.log(10.0**i) for i in range(6, 12)]
    return pl.DataFrame(
        {"model": list("abcdef"), "organization": ["o"] * 6, "year": [2020] * 6, "x": x, "y": [3 + 2 * v for v in x]}
    )


@pytest.fixture
def fits() -> pl.DataFrame:
    shared = {"name": "compute_on_parameters", "direction": "compute_on_parameters", "n": 6, "residual_sd": 0.5}
    shared |= {"se": 0.1, "ci_low": 1.8, "ci_high": 2.2, "r2": 0.9, "aic": 10.0}
    return pl.DataFrame(
        [
            {**shared, "effects": "pooled", "slope": 2.0, "intercept": 3.0},
            {**shared, "effects": "year", "slope": 1.5, "intercept": 0.0},
        ]
    )


def test_pooled_line_is_the_fit_and_its_band_two_deviations(points: pl.DataFrame, fits: pl.DataFrame) -> None:
    lines = scaling.law_lines(points, fits, "compute_on_parameters")
    first = lines.filter(pl.col("law").str.starts_with("Pooled")).row(0, named=True)
    assert math.log(first["response"]) == pytest.approx(3 + 2 * math.log(1e6))
    assert math.log(first["high"] / first["response"]) == pytest.approx(1.959964 * 0.5, rel=1e-6)
    assert math.log(first["response"] / first["low"]) == pytest.approx(1.959964 * 0.5, rel=1e-6)


def test_the_law_within_years_goes_through_the_centre(points: pl.DataFrame, fits: pl.DataFrame) -> None:
    within = scaling.law_lines(points, fits, "compute_on_parameters").filter(pl.col("law").str.starts_with("Within"))
    centre = within.row(1, named=True)
    assert math.log(centre["regressor"]) == pytest.approx(points["x"].mean())
    assert math.log(centre["response"]) == pytest.approx(points["y"].mean())
    rise = math.log(within["response"][2] / within["response"][0])
    assert rise / math.log(within["regressor"][2] / within["regressor"][0]) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("effects", "name"),
    [("pooled", "Pooled"), ("year", "Within release year"), ("year,domain", "Within release year and domain")],
)
def test_effects_are_named_in_words(effects: str, name: str) -> None:
    assert scaling.effects_name(effects) == name


def test_scaling_charts_draw(points: pl.DataFrame, fits: pl.DataFrame) -> None:
    by_year = pl.DataFrame({"year": [2020, 2021], "n": [50, 3], "slope": [1.1, None], "se": [0.1, None]})
    columns = ("training_compute_flop", "parameters")
    for chart in (
        scaling.law_chart(points, fits, "compute_on_parameters", columns),
        scaling.slope_chart(fits),
        scaling.year_chart(by_year),
    ):
        assert "<svg" in vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: test."))
    drawn = scaling.year_chart(by_year).to_dict()["datasets"]
    assert [row["year"] for row in next(iter(drawn.values()))] == [2020]


@pytest.fixture
def survival() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "months": [2.0, 6.0, 7.5, 13.0],
            "survival": [0.8, 0.6, 0.4, 0.4],
            "ci_low": [0.4, 0.2, 0.1, 0.1],
            "ci_high": [0.95, 0.85, 0.7, 0.7],
            "at_risk": [5, 4, 3, 1],
        }
    )


def test_curve_starts_at_one(survival: pl.DataFrame) -> None:
    start = diffusion.from_the_start(survival).row(0, named=True)
    assert (start["months"], start["survival"], start["at_risk"]) == (0.0, 1.0, 5.0)
    assert diffusion.from_the_start(diffusion.from_the_start(survival)).height == 5


def test_number_at_risk_is_of_the_first_time_at_or_after_the_tick(survival: pl.DataFrame) -> None:
    assert diffusion.at_risk(survival).rows() == [(0.0, 5), (6.0, 4), (12.0, 1), (18.0, 0)]


def test_survival_chart_steps_and_draws(survival: pl.DataFrame) -> None:
    chart = diffusion.survival_chart(survival)
    curve = chart.to_dict()["vconcat"][0]["layer"]
    assert [layer["mark"].get("interpolate") for layer in curve[:2]] == ["step-after", "step-after"]
    assert "<svg" in vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: test."))


@pytest.fixture
def tornado() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "input": ["drop", "revenue"],
            "unit": ["", "USD"],
            "low_value": [0.45, 7.3e8],
            "high_value": [0.55, 8.9e8],
            "mean_usd_at_low": [37e9, 31e9],
            "mean_usd_at_high": [33e9, 39e9],
            "swing_usd": [4e9, 8e9],
        }
    )


def test_tornado_labels_both_ends_and_sorts_by_swing(tornado: pl.DataFrame) -> None:
    ends = npv.tornado_ends(tornado, 35e9)
    assert ends["value"].to_list() == ["0.45", "730 million USD", "0.55", "890 million USD"]
    assert ends["mean"].to_list() == pytest.approx([37.0, 31.0, 33.0, 39.0])
    spec = npv.tornado_chart(tornado, 35e9).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["revenue", "drop"]
    assert "<svg" in vl_convert.vegalite_to_svg(theme.standalone(npv.tornado_chart(tornado, 35e9)))


def test_distribution_leaves_out_the_open_tail_and_says_how_much() -> None:
    bins = pl.DataFrame(
        {
            "npv_usd_low": [-1e9, 0.0, 1e9],
            "npv_usd_high": [0.0, 1e9, 9e9],
            "probability": [0.3, 0.6, 0.1],
            "cumulative": [0.3, 0.9, 1.0],
        }
    )
    spec = npv.distribution_chart(bins, 0.5e9, -0.9e9).to_dict()
    assert spec["title"]["subtitle"] == [
        "Dashed: mean 0.5, 5 % value at risk -0.9 billion USD",
        "10% of outcomes lie beyond the right edge",
    ]
    assert [row["high"] for row in spec["datasets"][spec["layer"][0]["data"]["name"]]] == [0.0, 1.0]
