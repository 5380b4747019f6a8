"""A real Chromium on a real server, both on this machine; the server's store starts empty."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.browser.install import chromium
from tests.browser.serving import FLAGS, serve

# A chart's code loads after the page, behind a skeleton; its picture stands empty until the first drawing.
DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
  && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
    .every(chart => chart.querySelector('canvas, svg [class*=role-mark]'))"""
LAST_HEADING = re.compile("^(The command that gives the same result|Licence)$")


@dataclass
class App:
    """The page of a browser that shows the app, with what tests look at in it."""

    page: Page
    address: str
    hosts: set[str]

    def open(self, path: str = "") -> None:
        """Go to a page of the app and wait until it has been drawn."""
        self.page.goto(f"{self.address}/{path}")
        expect(self.page.get_by_role("heading", name=LAST_HEADING)).to_be_visible(timeout=60_000)
        self.settle()

    def settle(self) -> None:
        """Wait until the server has finished and charts are drawn."""
        self.page.wait_for_timeout(120)
        expect(self.page.locator("[data-testid=stApp]")).to_have_attribute(
            "data-test-script-state", re.compile("notRunning"), timeout=60_000
        )
        self.page.wait_for_function(DRAWN, timeout=60_000)
        self.page.wait_for_timeout(250)

    def chart(self, index: int) -> Locator:
        """The chart at that place on the page."""
        return self.page.locator("[data-testid=stVegaLiteChart]").nth(index)

    def marks(self, index: int, kind: str = "symbol") -> Locator:
        """Marks of an SVG chart: symbol, rect or text."""
        return self.chart(index).locator(f".mark-{kind}.role-mark path, .mark-{kind}.role-mark text")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of the app; no traceback may be left in its log."""
    home = tmp_path_factory.mktemp("home")
    with serve(home) as address:
        yield address
    assert "Traceback" not in (home / "server.log").read_text(errors="replace")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """System Chromium where there is one, else Playwright's."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def app(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[App]:
    """A fresh visit, light and 1280 wide unless the test's parameters `mode` and `width` say otherwise."""
    given = getattr(getattr(request.node, "callspec", None), "params", {})
    context = browser.new_context(
        viewport={"width": given.get("width", 1280), "height": 1400},
        color_scheme=given.get("mode", "light"),
        accept_downloads=True,
    )
    context.set_default_timeout(30_000)
    page, hosts = context.new_page(), set[str]()
    page.on("request", lambda sent: hosts.add(sent.url.split("/")[2]) if sent.url.startswith("http") else None)
    yield App(page, server, hosts)
    context.close()
