"""Tabs of the efficiency page on the bundled tables, without a browser."""

import polars as pl
import pytest

from engine import registry
from engine.efficiency.index import with_metrics
from engine.efficiency.returns import sample
from jobs import client
from tests.views.test_pages import opened, written
from views._efficiency import explorer, returns, versions
from views.charts.returns import adjusted

PAGE = "views/efficiency.py"
TABS = {"Dashboard": 3, "Published beside corrected": 2, "Diminishing returns": 1, "Hardware": 2}
EXHIBITS = ("By year and size", "Open and closed", "Frontier and others", "Per dollar, watt and hour")


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview, which is opened first, starts no run of its own."""
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: "")


@pytest.mark.parametrize(("tab", "charts"), TABS.items())
@pytest.mark.parametrize("preset", ["corrected", "published"])
def test_only_the_open_tab_is_drawn(tab: str, charts: int, preset: str) -> None:
    app = opened(PAGE, efficiency=tab, preset=preset)
    assert not app.exception
    assert not app.error
    assert len(app.get("vega_lite_chart")) == charts


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_exhibits_of_the_explorer(exhibit: str) -> None:
    app = opened(PAGE, efficiency="Explorer", exhibit=exhibit)
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 1


def test_both_presets_open_every_tab() -> None:
    for tab in (*TABS, "Explorer"):
        app = opened(PAGE, efficiency=tab, preset="both")
        assert not app.exception


def test_weights_and_rows_reach_the_command_and_the_index() -> None:
    app = opened(PAGE)
    app.slider(key="weight_flop_per_joule").set_value(3.0).run()
    assert "--weight-flop-per-joule 3.0" in app.code[0].value
    app.radio(key="rows").set_value("available").run()
    assert not app.exception
    assert "--rows available" in app.code[0].value
    assert "Finding." in written(app)


def test_the_published_index_has_no_weights_and_side_by_side_no_rows() -> None:
    assert not [slider for slider in opened(PAGE, preset="published").slider if slider.key.startswith("weight")]
    assert not [radio for radio in opened(PAGE, preset="both").radio if radio.key == "rows"]


def test_published_and_corrected_lines_carry_their_n() -> None:
    app = opened(PAGE, efficiency="Published beside corrected")
    assert "rests on FLOP per watt alone" in written(app)
    spec = registry.study("efficiency").spec_type.parse({"preset": "published"})
    models = client.run(spec, "2025-10").tables["models"]
    early = models.filter(pl.col("year") == 2021).drop_nulls("composite")
    share = early["cost_per_flop"].count() / early.height
    assert f"{share:.0%} of the indexed models of 2021 (n = {early.height})" in versions.why(models)
    assert versions.why(models.head(3)).startswith("Too few models")


def test_answer_has_a_row_a_metric_with_a_verdict() -> None:
    app = opened(PAGE, efficiency="Diminishing returns")
    text = written(app)
    assert "**Answer.**" in text
    elasticity = client.run(registry.study("efficiency").spec_type.parse({}), "2025-10").tables["elasticity"]
    table = returns.table(elasticity)
    assert table.height == 4
    assert table["Verdict"].str.len_chars().min() > 20
    assert "First-stage F" in text


@pytest.mark.parametrize("metric", ["compute_per_dollar", "flop_per_joule"])
def test_adjusted_points_centre_on_the_fit(metric: str) -> None:
    elasticity = client.run(registry.study("efficiency").spec_type.parse({}), "2025-10").tables["elasticity"]
    fit = elasticity.filter(pl.col("metric") == metric).row(0, named=True)
    rows = sample(with_metrics(client.table("models", "2025-10")), metric)
    points, line = adjusted(rows, fit)
    assert points.height == fit["n"]
    bend = fit["slope_above"] - fit["slope_below"]
    kinked = fit["slope_below"] * pl.col("log10_flop") + bend * (pl.col("log10_flop") - fit["break_log10_flop"]).clip(0)
    rest = points.select(year="year", rest=pl.col("y") - kinked).group_by("year").agg(pl.col("rest").mean())
    assert rest["rest"].max() == pytest.approx(rest["rest"].min(), abs=1e-9)
    assert line.height == 3


def test_search_takes_text_as_it_stands() -> None:
    models = pl.DataFrame({"model": ["GPT-4 (March)", "gpt.4", "Claude"]})
    assert explorer.matching(models, " GPT-4 (m") == ["GPT-4 (March)"]
    assert explorer.matching(models, "t.4") == ["gpt.4"]
    assert explorer.matching(models, "(a+)+$") == []
    assert explorer.matching(models, "  ") == []


def test_search_says_how_many_it_found() -> None:
    app = opened(PAGE, efficiency="Explorer")
    app.text_input(key="search").set_value("gpt-3").run()
    assert not app.exception
    assert "of the models shown have 'gpt-3' in their name." in written(app)


def test_largest_model_by_openness() -> None:
    models = pl.DataFrame(
        {
            "model": ["a", "b", "c"],
            "organization": ["x"] * 3,
            "year": [2020] * 3,
            "accessibility": ["Unknown", "API access", "API access"],
            "training_compute_flop": [1.0, 2.0, 3.0],
        }
    )
    assert explorer.largest(models).select("Accessibility", "Models", "Largest").rows() == [
        ("API access", 2, "c"),
        ("Unknown", 1, "a"),
    ]
