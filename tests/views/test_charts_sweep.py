"""What a sweep's charts draw, against figures worked out by hand, and the charts as specifications and pictures."""

import io
import itertools
from typing import Any

import polars as pl
import pytest
import vl_convert

from views._sweep import results, shaping
from views.charts import sweep as charts
from views.charts import theme


@pytest.fixture
def points() -> pl.DataFrame:
    """A grid of 3 x 2 x 2 points whose figure is 10 a + b + 100 (kind is y); one of them failed."""
    rows = list(itertools.product([1.0, 2.0, 4.0], [5, 6], ["x", "y"]))
    frame = pl.DataFrame(rows, schema=["a", "b", "kind"], orient="row").with_row_index("point")
    figure = 10 * pl.col("a") + pl.col("b") + 100 * (pl.col("kind") == "y")
    failed = pl.when(pl.col("point") == 11).then(pl.lit("SpecError: too much"))
    return frame.with_columns(figure=figure, constant=pl.lit(3.0), nothing=pl.lit(None, pl.Float64)).with_columns(
        figure=pl.when(pl.col("point") != 11).then(pl.col("figure")), key=pl.lit("k"), error=failed
    )


def wide(n: int) -> pl.DataFrame:
    """A grid of n x n points with figure a + b."""
    values = [i / n for i in range(n)]
    frame = pl.DataFrame(list(itertools.product(values, values)), schema=["a", "b"], orient="row")
    return frame.with_row_index("point").with_columns(figure=pl.col("a") + pl.col("b"))


def test_figures_are_known_numbers_that_vary_first(points: pl.DataFrame) -> None:
    assert shaping.figures(points, ["a", "b", "kind"]) == ["figure", "constant"]


def test_cells_average_over_the_other_axes(points: pl.DataFrame) -> None:
    cells = shaping.cells(shaping.done(points), "a", "b", "figure")
    assert cells.height == 6
    at = {(row["x"], row["y"]): row for row in cells.to_dicts()}
    assert at["1", "5"]["value"] == pytest.approx((15 + 115) / 2)
    assert (at["1", "5"]["lowest"], at["1", "5"]["highest"], at["1", "5"]["n"]) == (15, 115, 2)
    assert (at["4", "6"]["value"], at["4", "6"]["n"]) == (46, 1)
    assert cells["n"].sum() == 11
    assert cells.filter(pl.col("y") == "5").sort("x_at")["x"].to_list() == ["1", "2", "4"]


@pytest.mark.parametrize("log", [False, True])
def test_many_values_are_put_into_at_most_forty_bins_and_none_is_lost(log: bool) -> None:
    points = wide(90).with_columns(a=pl.col("a") + 0.01)
    cells = shaping.cells(points, "a", "b", "figure", ["a"] if log else [])
    assert cells["x"].n_unique() <= shaping.MOST_LEVELS
    assert cells["y"].n_unique() == shaping.MOST_LEVELS
    assert cells["n"].sum() == 90 * 90
    mean = (cells["value"] * cells["n"]).sum() / cells["n"].sum()
    assert mean == pytest.approx(points["figure"].mean(), rel=1e-12)


def test_lines_follow_an_axis_and_part_by_another(points: pl.DataFrame) -> None:
    lines = shaping.lines(shaping.done(points), "a", "figure", "kind")
    assert lines["line"].unique().sort().to_list() == ["x", "y"]
    ours = lines.filter(pl.col("line") == "x").sort("x")
    assert ours["x"].to_list() == [1.0, 2.0, 4.0]
    assert ours["value"].to_list() == [15.5, 25.5, 45.5]
    assert shaping.lines(points, "a", "constant", None)["n"].to_list() == [4, 4, 4]
    assert shaping.lines(shaping.done(points), "kind", "figure", "a")["x"].unique().sort().to_list() == ["x", "y"]
    many = shaping.lines(wide(200), "a", "figure", "b")
    assert many["line"].n_unique() == shaping.MOST_LINES
    assert many["x"].n_unique() == shaping.MOST_POSITIONS
    assert many["n"].sum() == 200 * 200


def test_a_sample_is_spread_over_every_axis() -> None:
    """Of a grid of 60 x 60 every value of both axes is drawn, which a stride through the points misses."""
    points = wide(60)
    drawn = shaping.sample(points, ["a", "b", "figure"], "figure")
    assert drawn["point"].n_unique() == shaping.MOST_DRAWN
    shares = {name: drawn.filter(pl.col("column") == name)["share"] for name in ("a", "b")}
    for share in shares.values():
        counts = share.value_counts()["count"]
        assert len(counts) == 60
        assert counts.max() <= 2 * shaping.MOST_DRAWN / 60  # type: ignore[operator]
    assert drawn["share"].is_between(0, 1).all()


def test_columns_without_an_order_or_a_spread_can_be_drawn(points: pl.DataFrame) -> None:
    drawn = shaping.sample(shaping.done(points), ["kind", "constant"], "figure")
    assert drawn.filter(pl.col("column") == "kind")["share"].unique().sort().to_list() == [0.0, 1.0]
    assert drawn.filter(pl.col("column") == "constant")["share"].unique().to_list() == [0.5]
    ends = shaping.ranges(points, ["a", "kind", "nothing"]).rows()
    assert ends == [("a", "1", "4"), ("kind", "x", "y"), ("nothing", "", "")]


def test_failures_are_listed_by_point_and_counted_by_reason(points: pl.DataFrame) -> None:
    failed = shaping.failures(points, ["a", "b", "kind"])
    assert failed.rows() == [(11, 4.0, 6, "y", "SpecError: too much")]
    assert shaping.reasons(failed).rows() == [(1, "SpecError: too much")]


def test_labels_tell_different_values_apart() -> None:
    cells = shaping.cells(
        pl.DataFrame({"year": [2010.0, 2011.0, 2011.25], "b": [True, False, True], "figure": [1.0, 2.0, 3.0]}),
        "year",
        "b",
        "figure",
    )
    assert cells.sort("x_at")["x"].to_list() == ["2010", "2011", "2011.2"]


def drawn(points: pl.DataFrame, figure: str = "figure") -> dict[str, theme.Chart]:
    good = shaping.done(points)
    lines = shaping.lines(good, "a", figure, "kind")
    sample, ends = shaping.sample(good, ["a", figure], figure), shaping.ranges(good, ["a", figure])
    return {
        "heat": charts.heat_map(shaping.cells(good, "a", "b", figure), "A", "B", "Figure", "11 of 12 points"),
        "lines": charts.response_chart(lines, "A", "Figure", "Kind", "11 of 12 points", log=True),
        "parallel": charts.parallel_chart(sample, ends, ["a", figure], "Figure", "11 of 12 points drawn"),
    }


def test_charts_draw_and_say_how_many_points_they_show(points: pl.DataFrame) -> None:
    for chart in drawn(points).values():
        svg = vl_convert.vegalite_to_svg(theme.standalone(chart))
        assert "11 of 12 points" in svg
    assert "11 of 12" in str(drawn(points)["heat"].to_dict()["title"])


def test_axes_have_titles_and_a_log_axis_a_log_scale(points: pl.DataFrame) -> None:
    heat, lines = drawn(points)["heat"].to_dict()["layer"][0], drawn(points)["lines"].to_dict()["layer"][0]
    assert (heat["encoding"]["x"]["title"], heat["encoding"]["y"]["title"]) == ("A", "B")
    assert heat["encoding"]["x"]["sort"] == ["1", "2", "4"]
    assert heat["encoding"]["y"]["sort"] == ["6", "5"]
    assert lines["encoding"]["x"]["scale"]["type"] == "log"
    assert lines["encoding"]["color"]["title"] == "Kind"


def test_colours_part_at_zero_where_a_figure_has_both_signs(points: pl.DataFrame) -> None:
    def scale(frame: pl.DataFrame) -> Any:
        return drawn(frame)["heat"].to_dict()["layer"][0]["encoding"]["color"]["scale"]

    assert "domainMid" not in scale(points)
    assert scale(points.with_columns(figure=pl.col("figure") - 60))["domainMid"] == 0


def test_figures_have_titles_with_units() -> None:
    titles = {
        "p_positive": "Probability NPV > 0",
        "upfront_cost_usd": "Upfront cost (USD)",
        "median_months": "Median (months)",
        "mean_usd_se": "Mean usd, standard error",
        "slope": "Slope",
    }
    for name, title in titles.items():
        assert results.figure_title(name) == title


def test_points_leave_as_parquet_with_their_source(points: pl.DataFrame) -> None:
    data = results.parquet(points, "Source: somebody.")
    assert pl.read_parquet(io.BytesIO(data)).equals(points)
    assert pl.read_parquet_metadata(io.BytesIO(data))["source"] == "Source: somebody."
