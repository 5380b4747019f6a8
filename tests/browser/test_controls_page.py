"""Tabs of the export-control page in a real browser: linked interactions, narrow and dark, accessibility."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import assert_legible

pytestmark = pytest.mark.browser
TABS = ("Measures in force", "Countries compared", "World map", "Chips", "Association", "Explorer")
BARS = ".mark-rect.role-mark path"
SHAPES = ".mark-shape.role-mark path"


def opened(app: Any, tab: str, more: str = "") -> None:
    app.open(f"export_controls?controls={tab.replace(' ', '+')}{more}")


@pytest.mark.parametrize("tab", TABS)
def test_tabs_light_dark_and_narrow(app: Any, tab: str) -> None:
    opened(app, tab)
    assert_legible(app)


def test_tabs_are_reached_by_click_and_kept_in_the_url(app: Any) -> None:
    app.open("export_controls")
    app.page.get_by_role("tab", name="World map").click()
    app.settle()
    assert "controls=World+map" in app.page.url or "controls=World%20map" in app.page.url
    app.page.reload()
    app.settle()
    expect(app.page.get_by_role("tab", name="World map")).to_have_attribute("aria-selected", "true")


def strengths(app: Any, marks: str) -> Counter[str]:
    app.page.wait_for_timeout(400)
    return Counter(app.chart(0).locator(marks).evaluate_all("marks => marks.map(m => m.getAttribute('opacity'))"))


@pytest.mark.parametrize(("clicked", "place"), [(BARS, 1), (SHAPES, None)])
def test_a_click_on_map_or_bars_highlights_both(app: Any, clicked: str, place: int | None) -> None:
    opened(app, "World map")
    assert set(strengths(app, BARS)) == {"1"}
    marks = app.chart(0).locator(clicked)
    if place is None:
        names = marks.evaluate_all("marks => marks.map(m => m.getAttribute('aria-label') || '')")
        place = next(i for i, name in enumerate(names) if "China" in name)
    marks.nth(place).click(force=True)
    assert strengths(app, BARS) == {"1": 1, "0.2": 9}
    shapes = strengths(app, SHAPES)
    assert shapes["1"] == 1
    assert shapes["0.2"] > 150


def test_countries_without_models_are_grey(app: Any) -> None:
    opened(app, "World map")
    shapes = app.chart(0).locator(SHAPES)
    fills = shapes.evaluate_all("marks => marks.map(m => [m.getAttribute('aria-label'), m.getAttribute('fill')])")
    grey = {fill for name, fill in fills if "Models: 0" in name}
    assert grey == {"#e3e6ea"}
    assert not any(fill in grey for name, fill in fills if "Models: 0" not in name)


def test_a_click_in_the_ledger_lists_the_acts_and_sets_the_url(app: Any) -> None:
    opened(app, "Measures in force")
    cells = app.chart(0).locator(".mark-rect.role-mark path")
    names = cells.evaluate_all("marks => marks.map(m => m.getAttribute('aria-label') || '')")
    place = next(i for i, name in enumerate(names) if "Russia" in name and "2022" in name)
    cells.nth(place).click(force=True)
    app.settle()
    expect(app.page.get_by_role("heading", name="Russia, ")).to_be_visible()
    assert "ledger_country=Russia" in app.page.url
    link = app.page.get_by_role("region", name="State acts in force").get_by_role("link").first
    expect(link).to_have_attribute("href", "https://globaltradealert.org/state-act/" + str(link.text_content()))


def test_the_ledger_can_be_read_by_keyboard(app: Any) -> None:
    opened(app, "Measures in force")
    box = app.page.get_by_role("combobox", name="Country of the ledger")
    box.click()
    box.fill("Taiwan")
    box.press("Enter")
    app.settle()
    expect(app.page.get_by_role("heading", name="Taiwan, ")).to_be_visible()


def test_both_ends_of_the_year_range_move(app: Any) -> None:
    app.open("export_controls?release_years=2019&release_years=2022")
    thumbs = app.page.get_by_test_id("stSliderThumbValue")
    assert thumbs.all_text_contents() == ["2019", "2022"]
    for place, key in ((0, "ArrowRight"), (1, "ArrowLeft")):
        thumb = app.page.get_by_role("slider").nth(place)
        thumb.focus()
        thumb.press(key)
        app.settle()
    assert thumbs.all_text_contents() == ["2020", "2021"]
    expect(app.page.locator("code").last).to_contain_text("--year-low 2020 --year-high 2021")
    assert "release_years=2020&release_years=2021" in app.page.url


def test_countries_are_added_to_the_comparison(app: Any) -> None:
    opened(app, "Countries compared")
    app.page.get_by_role("button", name="Germany").click()
    app.settle()
    expect(app.chart(0)).to_contain_text("Germany")
    assert "compare=Germany" in app.page.url
