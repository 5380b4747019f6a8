"""The investment page in a real browser: tabs by address, narrow and dark, scenarios saved, compared and shared."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import assert_legible, serious_faults

pytestmark = pytest.mark.browser
RUN_SECONDS = 90_000
TABS = {
    "npv=Tiers": "What recovers the cost",
    "npv=Risk&goal_input=Cost+multiple": "Payback",
    "npv=Cost": "Bars: 95 % prediction interval",
    "npv=Sensitivity": "Each input 10% either way",
    "npv=Sensitivity&sensitivity_view=Spider": "The axis is the input over its base",
    "npv=Sensitivity&sensitivity_view=Two+inputs": "The mean NPV runs from",
    "npv=Sensitivity&sensitivity_view=Sobol+indices": "First indices add up to",
    "npv=Uncertainty": "of the variance of its logarithm",
    "npv=Scenarios": "Nothing is saved yet",
    "npv=Tiers&preset=both": "Difference",
}


def tab(app: Any, rest: str, said: str) -> None:
    """Open a tab by its address and wait for what it shows."""
    app.open(f"npv?{rest}")
    expect(app.page.get_by_text(said).first).to_be_visible(timeout=RUN_SECONDS)
    app.settle()


@pytest.mark.parametrize(("rest", "said"), TABS.items())
def test_tabs_light_dark_and_narrow(app: Any, rest: str, said: str) -> None:
    tab(app, rest, said)
    assert app.page.get_by_test_id("stException").count() == 0
    assert_legible(app)


def test_a_scenario_from_the_menu_fills_the_form(app: Any) -> None:
    app.open("npv")
    app.page.get_by_role("combobox", name="Scenario").click()
    app.page.get_by_role("option", name="GPT-4, upfront cost").click()
    app.settle()
    expect(app.page.get_by_text("For an upfront cost of 806 million USD")).to_be_visible()
    assert "training_compute_flop=" in app.page.url
    expect(app.page.locator("code").last).to_contain_text("--training-compute-flop 2.1e+25")


def save(app: Any, name: str) -> None:
    app.page.get_by_role("textbox", name="Name of the scenario").fill(name)
    app.page.get_by_role("button", name="Save the settings above").click()
    expect(app.page.get_by_text(f"Saved '{name}'.")).to_be_visible()
    app.settle()


def test_scenarios_are_saved_compared_shared_and_taken_away(app: Any, tmp_path: Path) -> None:
    app.open("npv?npv=Scenarios")
    save(app, "Base")
    app.page.get_by_text("published", exact=True).click()
    app.settle()
    save(app, "=1+1")
    table = app.page.get_by_role("region", name="Inputs that differ")
    expect(table).to_contain_text("Revenue mu")
    expect(table.get_by_role("columnheader")).to_contain_text(["input", "Base", "=1+1"])
    expect(app.page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    assert serious_faults(app) == []
    with app.page.expect_download() as taken:
        app.page.get_by_role("button", name="Scenarios (XLSX)").click()
    taken.value.save_as(tmp_path / "set.xlsx")
    shared = app.page.url
    assert "scenarios=" in shared
    app.page.goto(shared)
    app.settle()
    expect(app.page.get_by_role("region", name="Figures of the scenarios")).to_contain_text("-2,385 trillion USD")
    for _ in range(2):
        app.page.get_by_role("button", name="Remove", exact=True).click()
        app.settle()
    expect(app.page.get_by_text("Nothing is saved yet")).to_be_visible()
    app.page.locator("input[type=file]").set_input_files(tmp_path / "set.xlsx")
    app.settle()
    app.page.get_by_role("button", name="Import", exact=True).click()
    expect(app.page.get_by_text("Imported 2 scenarios")).to_be_visible()
    expect(app.page.get_by_role("region", name="Inputs that differ")).to_contain_text("=1+1")


def test_saved_scenarios_survive_a_visit_to_another_page(app: Any) -> None:
    app.open("npv?npv=Scenarios")
    save(app, "Base")
    app.page.get_by_role("link", name="Scaling").click()
    app.settle()
    app.page.get_by_role("link", name="Investment").click()
    app.settle()
    app.page.get_by_role("tab", name="Scenarios").click()
    app.settle()
    expect(app.page.get_by_role("region", name="Figures of the scenarios")).to_contain_text("Base")
    assert "scenarios=" in app.page.url


def test_two_inputs_are_chosen_and_travel_in_the_address(app: Any) -> None:
    tab(app, "npv=Sensitivity&sensitivity_view=Two+inputs", "The mean NPV runs from")
    app.page.get_by_role("combobox", name="Across").click()
    app.page.get_by_role("option", name="Revenue sigma").click()
    expect(app.page.locator("code").last).to_contain_text("--grid-x sigma", timeout=RUN_SECONDS)
    app.settle()
    assert "grid_x=Revenue+sigma" in app.page.url
    expect(app.chart(0).get_by_text("Revenue sigma")).to_be_visible()
    assert not set("()") & set(app.page.url)


def test_a_long_sobol_run_shows_progress_and_is_cancelled(app: Any) -> None:
    tab(app, "npv=Sensitivity&sensitivity_view=Sobol+indices", "First indices add up to")
    app.page.get_by_role("combobox", name="Base samples").click()
    app.page.get_by_role("option", name="65,536").click()
    app.page.get_by_role("button", name="Run this (about").click()
    app.page.get_by_role("button", name="Cancel the run").click(timeout=RUN_SECONDS)
    expect(app.page.get_by_text("The run is cancelled.")).to_be_visible(timeout=RUN_SECONDS)
    expect(app.page.get_by_text("The figures below answer the previous settings.")).to_be_visible()
