"""Every page in a real browser: no error, nothing from the web, no serious accessibility fault, narrow and dark."""

import itertools
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAGES = (
    "",
    "export_controls",
    "efficiency",
    "scaling",
    "bootstrap",
    "diffusion",
    "npv",
    "sweep",
    "welfare",
    "report",
    "provenance",
)
NARROW = 390
DARK = "rgb(20, 24, 31)"


def serious_faults(app: Any) -> list[Any]:
    found = Axe().run(app.page).response["violations"]
    return [
        (fault["id"], [node["html"] for node in fault["nodes"]][:3])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("page", PAGES)
def test_light_dark_and_narrow(app: Any, page: str) -> None:
    app.open(page)
    for summary in app.page.locator("[data-testid=stExpander] summary").all()[:1]:
        summary.click()
    app.settle()
    assert_legible(app)


def assert_legible(app: Any) -> None:
    """The page as it stands has no serious accessibility fault light or dark, fits 390 px, and asks no other host."""
    assert serious_faults(app) == []
    app.page.emulate_media(color_scheme="dark")
    app.settle()
    assert app.page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor") == DARK
    assert serious_faults(app) == []
    app.page.set_viewport_size({"width": NARROW, "height": 1000})
    app.settle()
    assert_stacked(app)
    assert app.hosts == {app.address.split("/")[2]}


def assert_stacked(app: Any) -> None:
    """Nothing scrolls sideways, and charts stand under each other."""
    main = app.page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    charts = [app.chart(i).bounding_box() for i in range(app.page.get_by_test_id("stVegaLiteChart").count())]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= NARROW for box in charts)
    assert all(above["y"] + above["height"] <= below["y"] for above, below in itertools.pairwise(charts))


def test_presets_and_settings_travel_in_the_url(app: Any) -> None:
    app.open("efficiency")
    app.page.get_by_text("published", exact=True).click()
    app.settle()
    assert "preset=published" in app.page.url
    app.page.get_by_role("link", name="Export controls").click()
    app.settle()
    assert "preset=published" in app.page.url
    expect(app.page.locator("code").last).to_contain_text("export-controls --preset published")


def test_a_changed_setting_reaches_url_command_and_a_second_visit(app: Any) -> None:
    app.open("diffusion")
    app.page.get_by_text("Settings", exact=True).click()
    field = app.page.get_by_role("spinbutton", name="Threshold theta")
    field.fill("0.5")
    field.press("Enter")
    app.settle()
    assert "theta=0.5" in app.page.url
    expect(app.page.locator("code").last).to_contain_text("--theta 0.5", timeout=60_000)
    app.page.goto(app.page.url)
    app.settle()
    expect(app.page.locator("code").last).to_contain_text("--theta 0.5")


def test_a_file_that_is_no_data_is_told_and_nothing_changes(app: Any) -> None:
    app.open("provenance")
    chooser = app.page.locator("input[type=file]")
    chooser.set_input_files({"name": "ducks.csv", "mimeType": "text/csv", "buffer": b"duck,pond\n1,2\n"})
    app.page.get_by_label("Name of the vintage").fill("ducks")
    app.settle()
    app.page.get_by_role("button", name="Import").click()
    app.settle()
    expect(app.page.get_by_test_id("stAlert").last).to_contain_text("ducks.csv")
    app.page.reload()
    app.settle()
    app.page.get_by_role("combobox", name="Data vintage").click()
    expect(app.page.get_by_role("option")).to_have_text(["2025-10"])


def test_a_long_run_shows_progress_and_ends_with_figures(app: Any) -> None:
    app.open("npv?engine=simulation&n_paths=20000000")
    expect(app.page.get_by_text("Monte Carlo standard error")).to_be_visible(timeout=120_000)
    assert "engine=simulation" in app.page.url
