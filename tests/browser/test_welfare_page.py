"""Tabs of the policy page in a real browser: narrow and dark, accessibility, and the way to the diffusion run."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_every_page import assert_legible

pytestmark = pytest.mark.browser
TABS = (
    "cost_multiple=15&as=Level",
    "cost_multiple=15&policy=As+cost+rises",
    "cost_multiple=20&policy=Sensitivity",
    "cost_multiple=15&policy=Purchase+commitment",
    "policy=Parameters",
)


@pytest.mark.parametrize("tab", TABS)
def test_tabs_light_dark_and_narrow(app: Any, tab: str) -> None:
    app.open(f"welfare?{tab}")
    assert_legible(app)


def test_a_higher_cost_turns_a_transfer_into_a_gain_and_travels_in_the_url(app: Any) -> None:
    app.open("welfare")
    expect(app.page.get_by_text("Support is a pure transfer.")).to_be_visible()
    field = app.page.get_by_role("spinbutton", name="Cost multiple (x)")
    field.fill("15")
    field.press("Enter")
    app.settle()
    expect(app.page.get_by_text("Support is a pure transfer.")).to_have_count(0)
    assert "cost_multiple=15" in app.page.url
    expect(app.page.locator("code").last).to_contain_text("--cost-multiple 15")


def test_the_curve_leads_to_its_run_on_the_diffusion_page(app: Any) -> None:
    app.open("welfare?policy=Parameters&exclusivity_curve=parameters")
    app.page.get_by_role("link", name="Look at this curve on the diffusion page").click()
    expect(app.page.get_by_role("heading", name="Diffusion", exact=True)).to_be_visible(timeout=60_000)
    app.settle()
    assert "measure=parameters" in app.page.url
    assert "domain=Language" in app.page.url
    expect(app.page.get_by_text("13 (9)")).to_be_visible(timeout=60_000)
