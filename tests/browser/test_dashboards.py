"""The two dashboards in a real browser: every linked interaction (EXC-01 to EXC-13, EFF-07 to EFF-14, APP-01)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LEFT_OF_PLOT = 44  # pixels of the y axis of the line chart
YEARS_ON_AXIS = (2010.4, 2025.6)


def opacities(app: Any) -> Counter[str]:
    app.page.wait_for_timeout(300)
    return Counter(app.marks(0).evaluate_all("marks => marks.map(mark => mark.getAttribute('opacity'))"))


def choose_country(app: Any, name: str) -> None:
    app.page.get_by_role("combobox", name="Country").click()
    app.page.get_by_role("option", name=name, exact=True).click()
    app.settle()


def test_country_drives_three_charts_and_the_url(app: Any) -> None:
    app.open("export_controls?preset=published")
    expect(app.marks(0)).to_have_count(407)
    choose_country(app, "China")
    assert "country=China" in app.page.url
    expect(app.marks(0)).to_have_count(138)
    expect(app.chart(1).locator(".layer_1_marks.mark-symbol path")).to_have_count(138)
    bars = app.chart(2).locator(".role-mark.mark-text text").all_text_contents()
    assert bars == ["138", "0", "0"]
    app.page.reload()
    app.settle()
    expect(app.marks(0)).to_have_count(138)


def test_box_plot_keeps_its_levels_and_states_n(app: Any) -> None:
    app.open("export_controls?preset=published&country=China")
    for part in ("Low", "n = 138", "Medium", "High", "n = 0"):
        expect(app.chart(1)).to_contain_text(part)


def test_legend_isolates_a_second_click_clears_and_another_entry_replaces(app: Any) -> None:
    app.open("export_controls?preset=published")
    entry = app.chart(0).locator(".role-legend-label text", has_text="Academia").first
    entry.click()
    assert opacities(app) == {"0.9": 52, "0.2": 355}
    entry.click()
    assert opacities(app) == {"0.9": 407}
    entry.click()
    app.chart(0).locator(".role-legend-label text", has_text="Industry").first.click()
    assert opacities(app) == {"0.9": 262, "0.2": 145}


def test_tooltips_of_points_boxes_and_bars(app: Any) -> None:
    app.open("export_controls?preset=published")
    tooltip = app.page.locator("#vg-tooltip-element")
    app.marks(0).first.hover(force=True)
    expect(tooltip.locator("td.key")).to_have_count(8)
    app.chart(1).locator(".layer_1_marks.mark-symbol path").first.hover(force=True)
    expect(tooltip.locator("td.key")).to_have_count(5)
    app.chart(2).locator(".mark-rect.role-mark path").first.hover(force=True)
    expect(tooltip).to_contain_text("Models")
    expect(tooltip.locator("td.key")).to_have_count(2)


def years(app: Any) -> list[str]:
    found: list[str] = app.page.locator(".st-key-years").get_by_test_id("stSliderThumbValue").all_text_contents()
    return found


def pixel(app: Any, year: float) -> float:
    box = app.chart(0).bounding_box()
    first, last = YEARS_ON_AXIS
    share = (year - first) / (last - first)
    return float(box["x"] + LEFT_OF_PLOT + share * (box["width"] - LEFT_OF_PLOT))


def drag(app: Any, start: float, end: float) -> None:
    app.chart(0).scroll_into_view_if_needed()
    height = app.chart(0).bounding_box()["y"] + 150
    app.page.mouse.move(pixel(app, start), height)
    app.page.mouse.down()
    app.page.mouse.move(pixel(app, (start + end) / 2), height, steps=4)
    app.page.mouse.move(pixel(app, end), height, steps=4)
    app.page.mouse.up()
    app.settle()


def shown(app: Any) -> tuple[int, int]:
    """Bars and points drawn."""
    return app.marks(1, "rect").count(), app.marks(2).count()


def test_brush_starts_at_the_default_and_links_bars_and_scatter(app: Any) -> None:
    app.open("efficiency?preset=published")
    assert years(app) == ["2021", "2025"]
    assert shown(app) == (20, 467)
    app.page.mouse.click(pixel(app, 2014), app.chart(0).bounding_box()["y"] + 150)
    app.settle()
    assert years(app) == ["2021", "2025"], "a click without a drag changes nothing"
    drag(app, 2012.6, 2017.4)
    assert years(app) == ["2013", "2017"]
    assert "years=2013&years=2017" in app.page.url
    assert shown(app) == (19, 34)


def test_brush_moves_and_survives_the_checkbox_and_a_reload(app: Any) -> None:
    app.open("efficiency?preset=published&years=2013&years=2017")
    drag(app, 2015, 2017)
    assert years(app) == ["2015", "2019"]
    app.page.get_by_text("Show yearly percent change").click()
    app.settle()
    assert years(app) == ["2015", "2019"]
    assert shown(app) == (20, 91)
    app.page.reload()
    app.settle()
    assert years(app) == ["2015", "2019"]
    expect(app.page.get_by_role("checkbox", name="Show yearly percent change")).to_be_checked()
    drag(app, 2017, 2018)
    assert years(app) == ["2016", "2020"]


def test_slider_moves_the_years_from_the_keyboard_and_points_name_their_model(app: Any) -> None:
    app.open("efficiency?preset=published")
    thumb = app.page.locator(".st-key-years").get_by_role("slider").first
    thumb.focus()
    thumb.press("ArrowRight")
    app.settle()
    assert years(app) == ["2022", "2025"]
    assert shown(app)[0] == 16
    app.marks(2).first.hover(force=True)
    expect(app.page.locator("#vg-tooltip-element td.key")).to_have_text(
        ["Model", "Year", "Composite index", "Training compute (FLOP)"]
    )


def test_percent_changes_are_drawn_on_demand(app: Any) -> None:
    app.open("efficiency?preset=published")
    before = app.chart(0).locator("canvas").screenshot()
    box = app.page.get_by_text("Show yearly percent change")
    box.click()
    app.settle()
    assert app.chart(0).locator("canvas").screenshot() != before
    box.click()
    app.settle()
    expect(app.page.get_by_role("checkbox", name="Show yearly percent change")).not_to_be_checked()


def test_both_presets_are_brushed_together(app: Any) -> None:
    app.open("efficiency?preset=both")
    assert app.page.get_by_role("heading", name="As published").is_visible()
    app.chart(0).scroll_into_view_if_needed()
    app.settle()
    box = app.chart(0).bounding_box()
    height, reach = box["y"] + 150, box["width"] - LEFT_OF_PLOT
    app.page.mouse.move(box["x"] + LEFT_OF_PLOT + 0.15 * reach, height)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + LEFT_OF_PLOT + 0.45 * reach, height, steps=5)
    app.page.mouse.up()
    app.settle()
    assert years(app) == ["2013", "2017"]
    expect(app.marks(2)).to_have_count(34)
    expect(app.marks(5)).to_have_count(7)


def test_a_chart_can_be_taken_away(app: Any, tmp_path: Path) -> None:
    app.open("export_controls?preset=published")
    app.page.get_by_text("Download", exact=True).first.click()
    with app.page.expect_download() as waiting:
        app.page.get_by_text("Chart (Vega-Lite with data)").first.click()
    waiting.value.save_as(tmp_path / "chart.json")
    spec = json.loads((tmp_path / "chart.json").read_text(encoding="utf-8"))
    assert len(next(iter(spec["datasets"].values()))) == 407
    assert "Epoch AI (CC BY 4.0" in spec["usermeta"]["source"]
    with app.page.expect_download() as waiting:
        app.page.get_by_text("Data (CSV)").first.click()
    waiting.value.save_as(tmp_path / "data.csv")
    lines = (tmp_path / "data.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# Source: Epoch AI")
    assert len(lines) == 407 + 2
