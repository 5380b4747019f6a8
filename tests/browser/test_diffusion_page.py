"""The diffusion page in a real browser: sections by URL, rows that open, the heat map, accessibility (DIF-01 to 11)."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import serious_faults

pytestmark = pytest.mark.browser
IN_FULL = ("Clocks", "Groups", "Hazards", "Who follows", "Sensitivity", "Selection")
SECTIONS = ("Leads", "Subjects", *IN_FULL)
RUN_SECONDS = 90_000
NARROW = 390


def section(app: Any, name: str, rest: str = "") -> None:
    """Open a section by its address and wait for what it shows."""
    app.open(f"diffusion?section={name.replace(' ', '+')}{rest}")
    if name in IN_FULL:
        expect(app.page.get_by_text("By capability half are matched within")).to_be_visible(timeout=RUN_SECONDS)
        app.settle()


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_section_opens_by_its_address_without_serious_faults(app: Any, name: str, mode: str) -> None:
    section(app, name)
    expect(app.page.get_by_role("radio", name=name, exact=True)).to_be_checked()
    assert app.page.get_by_test_id("stException").count() == 0
    assert serious_faults(app) == []
    app.page.set_viewport_size({"width": NARROW, "height": 1000})
    app.settle()
    assert app.page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert serious_faults(app) == []


def test_a_section_chosen_by_hand_is_in_the_address(app: Any) -> None:
    app.open("diffusion")
    app.page.get_by_role("radio", name="Subjects", exact=True).click()
    app.settle()
    assert "section=Subjects" in app.page.url
    app.page.reload()
    expect(app.page.get_by_role("region", name="Leads")).to_be_visible()


def test_a_row_opens_by_mouse_and_keyboard_and_tells_the_story(app: Any) -> None:
    section(app, "Subjects", "&find=GPT-4")
    rows = app.page.locator(".leads details")
    expect(rows).to_have_count(4)
    story = rows.nth(0).locator("p")
    expect(story).to_be_hidden()
    rows.nth(0).locator("summary").click()
    expect(story).to_contain_text("on 2024-07-23, with Llama 3.1-405B")
    expect(story).to_be_visible()
    rows.nth(2).locator("summary").focus()
    app.page.keyboard.press("Enter")
    expect(rows.nth(2).locator("p")).to_contain_text("the lead is censored there")


def test_a_search_narrows_the_list_and_travels_in_the_address(app: Any) -> None:
    section(app, "Subjects")
    expect(app.page.locator(".leads details")).to_have_count(118)
    field = app.page.get_by_role("searchbox", name="Search").or_(app.page.get_by_role("textbox", name="Search")).first
    field.fill("Llama 3.1-405B")
    field.press("Enter")
    app.settle()
    assert "find=Llama" in app.page.url
    assert 0 < app.page.locator(".leads details").count() < 118


def test_the_heat_map_has_a_median_and_events_in_each_cell_and_outlines_the_rule(app: Any) -> None:
    section(app, "Sensitivity")
    words = app.marks(0, "text").all_text_contents()
    assert "16.3" in words
    assert "75 ev." in words
    assert len(words) == 2 * 24
    outlined = app.chart(0).locator('.mark-rect.role-mark path[stroke-width="4"]')
    expect(outlined).to_have_count(1)


def test_theta_is_a_control_and_the_heat_map_follows(app: Any) -> None:
    section(app, "Leads", "&theta=0.5")
    expect(app.page.get_by_test_id("stMetricValue").nth(3)).not_to_have_text("16.3")
    expect(app.page.locator("code").last).to_contain_text("--theta 0.5 --parts curve")


def test_a_bad_rule_is_told_in_a_sentence(app: Any) -> None:
    app.open("diffusion")
    app.page.get_by_text("Settings", exact=True).click()
    field = app.page.get_by_role("spinbutton", name="First release year")
    field.fill("2100")
    field.press("Enter")
    app.settle()
    expect(app.page.get_by_test_id("stAlert").first).to_contain_text("No subject is left")
    expect(app.page.get_by_test_id("stMetricValue").first).to_have_text("118")
