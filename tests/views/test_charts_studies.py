"""Charts of scaling, diffusion and investment: the numbers they add to the frames they are given."""

import math

import polars as pl
import pytest
import statsmodels.api as sm
import vl_convert
from scipy.stats import linregress

from engine.scaling.fits import line as engine_line
from views.charts import diffusion, npv, scaling, theme

NOISE = (0.4, -0.7, 0.2, 0.5, -0.1, -0.3)


@pytest.fixture
def points() -> pl.DataFrame:
    x = [math.log(10.0**i) for i in range(6, 12)]
    y = [3 + 2 * v + e for v, e in zip(x, NOISE, strict=True)]
    return pl.DataFrame({"model": list("abcdef"), "organization": ["o"] * 6, "year": [2020] * 6, "x": x, "y": y})


@pytest.fixture
def line(points: pl.DataFrame) -> pl.DataFrame:
    return engine_line(points, "HC3")


@pytest.fixture
def fits(points: pl.DataFrame) -> pl.DataFrame:
    oracle = linregress(points["x"], points["y"])
    shared = {"name": "compute_on_parameters", "direction": "compute_on_parameters", "n": 6, "residual_sd": 0.5}
    shared |= {"se": 0.1, "ci_low": 1.8, "ci_high": 2.2, "r2": 0.9, "aic": 10.0}
    return pl.DataFrame(
        [
            {**shared, "effects": "pooled", "slope": oracle.slope, "intercept": oracle.intercept},
            {**shared, "effects": "year", "slope": 1.5, "intercept": 0.0},
        ]
    )


def test_the_pooled_line_is_least_squares_over_the_range_of_the_points(
    points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame
) -> None:
    lines = scaling.law_lines(points, fits, line, "compute_on_parameters")
    pooled = lines.filter(pl.col("law").str.starts_with("Pooled"))
    oracle = linregress(points["x"], points["y"])
    assert (pooled["regressor"].min(), pooled["regressor"].max()) == pytest.approx((1e6, 1e11))
    expected = oracle.intercept + oracle.slope * pooled["regressor"].log().to_numpy()
    assert pooled["response"].log().to_list() == pytest.approx(expected)


def test_bands_are_the_engines_intervals_by_name_the_wide_one_first(points: pl.DataFrame, line: pl.DataFrame) -> None:
    """Against statsmodels: confidence with HC3 and the normal, prediction with the classic variance and t."""
    x = points["x"].to_numpy()
    grid = sm.add_constant(line["x"].to_numpy())
    model = sm.OLS(points["y"].to_numpy(), sm.add_constant(x))
    classic = model.fit().get_prediction(grid).summary_frame(alpha=0.05)
    robust = model.fit(cov_type="HC3").get_prediction(grid).summary_frame(alpha=0.05)
    bands = scaling.law_bands(line)
    assert bands["band"].unique(maintain_order=True).to_list() == list(scaling.BANDS)
    wide, narrow = (bands.filter(pl.col("band") == name) for name in scaling.BANDS)
    assert wide["low"].log().to_list() == pytest.approx(classic["obs_ci_lower"].to_list())
    assert wide["high"].log().to_list() == pytest.approx(classic["obs_ci_upper"].to_list())
    assert narrow["low"].log().to_list() == pytest.approx(robust["mean_ci_lower"].to_list())
    assert narrow["high"].log().to_list() == pytest.approx(robust["mean_ci_upper"].to_list())


def test_the_law_within_years_goes_through_the_centre(
    points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame
) -> None:
    lines = scaling.law_lines(points, fits, line, "compute_on_parameters")
    within = lines.filter(pl.col("law").str.starts_with("Within"))
    x, y = within["regressor"].log(), within["response"].log()
    expected = [points["y"].mean() + 1.5 * (v - points["x"].mean()) for v in x]
    assert y.to_list() == pytest.approx(expected)
    assert within["law"].unique().to_list() == ["Within release year: slope 1.50"]


def test_the_legend_names_both_bands(points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame) -> None:
    columns = ("training_compute_flop", "parameters")
    chart = scaling.law_chart(points, fits, line, "compute_on_parameters", columns)
    opacity = chart.to_dict()["layer"][0]["encoding"]["opacity"]
    assert opacity["scale"]["domain"] == list(scaling.BANDS)
    assert opacity["legend"]["orient"] == "bottom"
    drawn = vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: test."))
    for name in scaling.BANDS:
        assert name in drawn


@pytest.mark.parametrize(
    ("effects", "name"),
    [("pooled", "Pooled"), ("year", "Within release year"), ("year,domain", "Within release year and domain")],
)
def test_effects_are_named_in_words(effects: str, name: str) -> None:
    assert scaling.effects_name(effects) == name


def test_scaling_charts_draw(points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame) -> None:
    by_year = pl.DataFrame({"year": [2020, 2021], "n": [50, 3], "slope": [1.1, None]}).with_columns(
        ci_low=pl.col("slope") - 0.2, ci_high=pl.col("slope") + 0.2
    )
    columns = ("training_compute_flop", "parameters")
    for chart in (
        scaling.law_chart(points, fits, line, "compute_on_parameters", columns),
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
