"""The scaling pages in a real browser: every tab light, dark and narrow, and a file of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import assert_legible

pytestmark = pytest.mark.browser
TABS = ("Law", "Slopes", "Growth", "Checks", "Missing+data")
OWN = "Source: a file of your own (my table.csv)."
NOTE = "The table does not say which models are derivatives; none could be left out."


def table() -> bytes:
    rows = (
        f"{10 ** (6 + i / 8)},{8e4 * 10 ** (9 + i / 5) * (1 + i % 3)},{2016 + i % 4},lab {i % 5}" for i in range(40)
    )
    return "\n".join(["Params,compute,Year,Developer", *rows]).encode()


def give(app: Any, content: bytes, name: str = "my table.csv") -> None:
    app.page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


@pytest.mark.parametrize("tab", TABS)
def test_tabs_light_dark_and_narrow(app: Any, tab: str) -> None:
    app.open(f"scaling?tab={tab}")
    assert_legible(app)


def test_a_file_of_ones_own_is_used_in_every_tab_until_it_is_removed(app: Any) -> None:
    app.open("scaling")
    give(app, table())
    expect(app.page.get_by_text(OWN).first).to_be_visible(timeout=60_000)
    for tab in TABS[1:4]:
        app.page.get_by_role("tab", name=tab).click()
        app.settle()
        expect(app.page.get_by_text(OWN).first).to_be_visible()
    assert "my table" not in app.page.url
    app.page.get_by_role("button", name="Remove my table.csv").click()
    expect(app.page.get_by_text("Source: Epoch AI").first).to_be_visible(timeout=60_000)
    expect(app.page.get_by_text(OWN)).to_have_count(0)


def test_a_file_that_will_not_do_is_a_sentence(app: Any) -> None:
    app.open("bootstrap")
    give(app, b"Params,Year\n1,2020\n")
    said = "my table.csv has no column 'training_compute_flop' (or train_compute_flops, "
    expect(app.page.get_by_text(said)).to_be_visible(timeout=60_000)


def test_accepted_columns_and_template_open_beside_the_uploader(app: Any) -> None:
    app.open("bootstrap")
    app.page.get_by_role("button", name="Columns and template").click()
    expect(app.page.get_by_role("region", name="Accepted columns")).to_be_visible()
    with app.page.expect_download() as found:
        app.page.get_by_role("button", name="Empty template (CSV)").click()
    assert Path(found.value.path()).read_text().startswith("model,organization,")


def test_imputation_report_is_downloaded_with_the_name_of_ones_own_file(app: Any) -> None:
    app.open("scaling?tab=Missing+data")
    give(app, table())
    expect(app.page.get_by_text(NOTE)).to_be_visible(timeout=60_000)
    app.settle()
    with app.page.expect_download() as found:
        app.page.get_by_role("button", name="Imputation report (JSON)").click()
    assert json.loads(Path(found.value.path()).read_text())["source"].startswith(OWN)


def test_effects_are_chosen_and_what_the_address_asks_in_vain_is_told(app: Any) -> None:
    app.open("bootstrap?effects=year&replicates=0")
    said = app.page.get_by_text("The address asks for 0 as Replicates, which must be a whole number from 1 to")
    expect(said).to_have_count(1)
    app.page.get_by_text("Settings", exact=True).click()
    app.page.get_by_role("combobox", name="Effects").click()
    app.page.get_by_role("option", name="domain").click()
    app.settle()
    expect(app.page).to_have_url(f"{app.address}/bootstrap?effects=year%2Cdomain")
    app.page.keyboard.press("Escape")
    replicates = app.page.get_by_role("spinbutton", name="Replicates")
    replicates.fill("500")
    replicates.press("Enter")
    expect(said).to_have_count(0)
    expect(app.page.get_by_text("500 pairs replicates of")).to_be_visible()
    expect(app.page).to_have_url(f"{app.address}/bootstrap?effects=year%2Cdomain&replicates=500")


def test_a_million_replicates_leave_the_page_can_be_cancelled_and_run_again(app: Any) -> None:
    app.page.goto(f"{app.address}/bootstrap?effects=year,domain&replicates=1000000&seed=99")
    app.page.get_by_role("button", name="Cancel the run").click(timeout=60_000)
    expect(app.page.get_by_text("The run is cancelled.")).to_be_visible(timeout=60_000)
    app.page.get_by_role("button", name="Run this (about").click()
    expect(app.page.get_by_text("1,000,000 pairs replicates of")).to_be_visible(timeout=120_000)
