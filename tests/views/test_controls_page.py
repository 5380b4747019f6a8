"""Tabs of the export-control page on the bundled tables, without a browser."""

import datetime as dt

import polars as pl
import pytest

from engine import registry
from engine.export_controls.counts import in_force
from jobs import client
from tests.views.test_pages import opened, written
from views._controls import association, chips, compare, explorer, ledger, world
from views._results import Answer
from views.charts.geography import countries_on_the_map

PAGE = "views/export_controls.py"
TABS = {
    "Dashboard": 3,
    "Measures in force": 1,
    "Countries compared": 1,
    "World map": 1,
    "Chips": 3,
    "Association": 3,
    "Explorer": 2,
}


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview, which is opened first, starts no run of its own."""
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: "")


@pytest.fixture(scope="module")
def answer() -> Answer:
    spec = registry.study("export-controls").spec_type.parse({})
    return Answer(spec, "2025-10", client.run(spec, "2025-10"))


@pytest.mark.parametrize(("tab", "charts"), TABS.items())
def test_only_the_open_tab_is_drawn(tab: str, charts: int) -> None:
    app = opened(PAGE, controls=tab)
    assert not app.exception
    assert not app.error
    assert len(app.get("vega_lite_chart")) == charts


@pytest.mark.parametrize("preset", ["published", "both"])
@pytest.mark.parametrize("tab", TABS)
def test_tabs_in_the_other_presets(tab: str, preset: str) -> None:
    app = opened(PAGE, controls=tab, preset=preset)
    assert not app.exception
    if tab == "Association" and preset == "published":
        assert "ran no regression" in written(app)


def test_head_says_whether_anything_is_identified() -> None:
    app = opened(PAGE, controls="Chips")
    reading = [text for text in written(app).splitlines() if text.startswith("**Reading.**")]
    assert len(reading) == 1
    assert "not identified by these data" in reading[0]


def test_year_range_reaches_spec_and_command_and_full_range_asks_for_nothing() -> None:
    app = opened(PAGE)
    slider = app.slider(key="release_years")
    assert "--year" not in app.code[0].value
    slider.set_value((2019, 2022)).run()
    assert not app.exception
    assert "--year-low 2019 --year-high 2022" in app.code[0].value


def test_a_thin_range_withholds_the_headline_and_an_empty_one_says_so() -> None:
    app = opened(PAGE, controls="Dashboard", country="All countries")
    app.slider(key="release_years").set_value((1950, 1952)).run()
    assert not app.exception
    text = written(app)
    assert "No headline" in text or "No model" in text


def test_ledger_lists_the_acts_behind_a_cell_with_links() -> None:
    app = opened(PAGE, controls="Measures in force", ledger_country="China", ledger_quarter="2022 Q4")
    assert not app.exception
    assert app.subheader[0].value == "China, 31 December 2022: 11 state acts"
    text = written(app)
    assert 'href="https://globaltradealert.org/state-act/44941"' in text
    for note in ("never implemented", "removed", "rescission announced", "liberalising only"):
        assert note in text
    app.radio(key="ledger_measure").set_value("imposed").run()
    assert not app.exception


def test_ledger_counts_as_the_engine_does_and_lists_as_many_acts(answer: Answer) -> None:
    spells = answer.result.tables["spells"]
    cells = ledger.ledger(spells, ["China", "Spain", "Atlantis"], "faced")
    assert set(cells["country"]) == {"China", "Spain"}
    for country, quarter, day, measures in cells.filter(pl.col("quarter").str.ends_with("Q4")).iter_rows():
        moment = pl.DataFrame({"country": [country], "date": [day]})
        assert in_force(spells, moment)["faced"][0] == measures, quarter
        assert ledger.acts_behind(answer, "faced", country, day).height == measures


def test_quarters_end_where_the_data_end() -> None:
    ends = ledger.quarter_ends(dt.date(2022, 8, 15), dt.date(2023, 2, 3))
    assert ends.rows() == [
        ("2022 Q3", dt.date(2022, 9, 30)),
        ("2022 Q4", dt.date(2022, 12, 31)),
        ("2023 Q1", dt.date(2023, 2, 3)),
    ]


def test_comparison_needs_two_countries() -> None:
    app = opened(PAGE, controls="Countries compared")
    (pills,) = [group for group in app.get("button_group") if group.key == "compare"]
    assert pills.value == ["United States", "China", "United Kingdom"]
    pills.set_value(["China"]).run()
    assert "Choose 2 to 6 countries; 1 are chosen." in written(app)


def test_steps_start_at_zero_and_reach_the_last_release() -> None:
    stock = pl.DataFrame({"country": ["A", "A"], "date": [dt.date(2020, 1, 1), dt.date(2021, 1, 1)], "faced": [1, 3]})
    models = pl.DataFrame({"publication_date": [dt.date(2022, 5, 5)]})
    line = compare.steps(stock, models, ["A", "B"], "faced")
    assert line.filter(pl.col("country") == "A")["measures"].to_list() == [0, 1, 3, 3]
    assert line.filter(pl.col("country") == "B").rows() == [
        ("B", dt.date(2015, 1, 1), 0),
        ("B", dt.date(2022, 5, 5), 0),
    ]


def test_every_country_with_models_is_on_the_map(answer: Answer) -> None:
    models = client.table("models", "2025-10").with_columns(country=pl.col("country_first"))
    ranked = world.ranking(models)
    assert ranked["n"].is_sorted(descending=True)
    assert set(ranked["country"]) <= countries_on_the_map()
    assert ranked["n"].sum() + models.filter(pl.col("country") == world.NO_COUNTRY).height == models.height


def test_falling_disclosure_in_words() -> None:
    table = pl.DataFrame({"country": ["A"] * 3, "year": [2020, 2021, 2022], "models": [20, 20, 5]}).with_columns(
        with_hardware=pl.Series([10, 5, 5]), share=pl.Series([0.5, 0.25, 1.0])
    )
    assert chips.falling(table, "A") == (
        "A: 50% of the models of 2020 report their hardware (10 of 20), but 25% of those of 2021 (5 of 20)."
    )


def test_regression_has_headings_for_people(answer: Answer) -> None:
    table = association.regression_table(answer.result.tables["regression"])
    assert table.columns[-2:] == ["p, wild cluster restricted", "95 % confidence set"]
    assert table["Measures"].to_list() == ["Imposed", "Faced", "Faced, from the US"]
    open_ended = answer.result.tables["regression"].with_columns(ci_low=pl.lit(None, pl.Float64))
    assert association.regression_table(open_ended)["95 % confidence set"][0].startswith("no bound")


def test_organisations_and_countries_make_a_full_grid() -> None:
    models = client.table("models", "2025-10").with_columns(country=pl.col("country_first"))
    grid = explorer.cells(models, 7)
    assert grid["organization"].n_unique() == 7
    assert grid.height == 7 * grid["country"].n_unique()
    assert grid.filter((pl.col("n") == 0) != pl.col("log10_compute_flop").is_null()).is_empty()
