"""Tabs of the efficiency page in a real browser: linked interactions, narrow and dark, accessibility."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import assert_legible

pytestmark = pytest.mark.browser
TABS = (
    "efficiency=Published+beside+corrected",
    "efficiency=Diminishing+returns",
    "efficiency=Hardware",
    "efficiency=Explorer&group=domain&era=true",
    "efficiency=Explorer&exhibit=Open+and+closed",
    "efficiency=Explorer&exhibit=Frontier+and+others",
    "efficiency=Explorer&exhibit=Per+dollar%2C+watt+and+hour",
)


@pytest.mark.parametrize("tab", TABS)
def test_tabs_light_dark_and_narrow(app: Any, tab: str) -> None:
    app.open(f"efficiency?{tab}")
    assert_legible(app)


def picture(app: Any) -> bytes:
    app.page.wait_for_timeout(500)
    return bytes(app.chart(0).locator("canvas").screenshot())


def test_search_finds_text_as_it_stands_and_rings_it(app: Any) -> None:
    app.open("efficiency?efficiency=Explorer")
    before = picture(app)
    field = app.page.get_by_role("textbox", name="Search models")
    field.fill("(a+)+$")
    field.press("Enter")
    app.settle()
    expect(app.page.get_by_text("0 of the models shown have '(a+)+$' in their name.")).to_be_visible()
    field.fill("gpt-3")
    field.press("Enter")
    app.settle()
    expect(app.page.get_by_text("of the models shown have 'gpt-3' in their name.")).to_be_visible()
    assert "search=gpt-3" in app.page.url
    assert picture(app) != before


def test_a_click_on_a_cell_and_a_drag_over_the_models_change_the_chart(app: Any) -> None:
    app.open("efficiency?efficiency=Explorer")
    app.chart(0).scroll_into_view_if_needed()
    plain, box = picture(app), app.chart(0).bounding_box()
    app.page.mouse.click(box["x"] + 0.93 * box["width"], box["y"] + 0.2 * box["height"])
    clicked = picture(app)
    assert clicked != plain
    app.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"])
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    app.page.mouse.up()
    assert picture(app) != clicked


def test_metric_and_weights_travel_in_the_url(app: Any) -> None:
    app.open("efficiency?efficiency=Explorer&metric=Training+cost+(USD+of+2023)&weight_flop_per_joule=2.5")
    expect(app.page.locator("code").last).to_contain_text("--weight-flop-per-joule 2.5")
    expect(app.page.get_by_role("combobox", name="Metric")).to_have_value("Training cost (USD of 2023)")


def test_years_dragged_over_filter_the_accessibility_bars(app: Any) -> None:
    app.open("efficiency?efficiency=Explorer&exhibit=Open+and+closed")
    app.chart(0).scroll_into_view_if_needed()
    plain, box = picture(app), app.chart(0).bounding_box()
    app.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.25 * box["height"])
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.3 * box["height"], steps=5)
    app.page.mouse.up()
    assert picture(app) != plain
