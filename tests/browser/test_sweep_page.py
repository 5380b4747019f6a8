"""Sweeps in a real browser on real runs: progress, a second browser, cancel and going on, and a server that dies."""

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from jobs.store import Store
from tests.browser.conftest import App
from tests.browser.serving import free_port, started
from tests.browser.test_every_page import serious_faults

pytestmark = pytest.mark.browser
RUN_MS = 120_000
START = re.compile("^Start ")


def path(n: int, base: dict[str, Any]) -> str:
    """Address of a design of n x 40 points."""
    axes = {
        "cost_multiple": {"low": 1, "high": 1000, "n": n, "scale": "log"},
        "sigma": {"low": 0.5, "high": 2.0, "n": 40},
    }
    design = {"study": "npv", "base": base, "design": {"kind": "grid", "axes": axes}}
    return f"sweep?design={urllib.parse.quote(json.dumps(design))}"


def run_of(page: Page) -> str:
    (key,) = urllib.parse.parse_qs(urllib.parse.urlparse(page.url).query)["run"]
    return key


def points(page: Page, count: int) -> None:
    """Wait until all points of a run are there."""
    expect(page.get_by_text(f"{count:,} of {count:,} points are there")).to_be_visible(timeout=RUN_MS)


def progress(page: Page) -> Any:
    return page.get_by_test_id("stProgress")


@contextmanager
def visit(browser: Browser, address: str) -> Iterator[App]:
    """Another browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    context.set_default_timeout(30_000)
    yield App(context.new_page(), address, set())
    context.close()


def test_a_sweep_runs_shows_progress_and_a_second_browser_sees_the_same(app: Any, browser: Browser) -> None:
    app.open(path(50, {}))
    expect(app.page.get_by_text("2,000 points, about")).to_be_visible()
    app.page.get_by_role("button", name=START).click()
    expect(progress(app.page)).to_be_visible()
    points(app.page, 2_000)
    app.settle()
    assert app.page.get_by_role("button", name=START).count() == 0
    expect(app.chart(0)).to_be_visible()
    assert serious_faults(app) == []
    with visit(browser, app.address) as other:
        other.open(app.page.url.removeprefix(f"{app.address}/"))
        points(other.page, 2_000)
        assert run_of(other.page) == run_of(app.page)


def test_a_run_is_cancelled_keeps_its_points_and_goes_on(app: Any) -> None:
    app.open(path(2_000, {"correlation": 0.3}))
    app.page.get_by_role("button", name=START).click()
    expect(progress(app.page)).to_contain_text(re.compile(r"Running: [1-9]"), timeout=RUN_MS)
    app.page.get_by_role("button", name="Cancel the run").click()
    expect(app.page.get_by_text("The run is cancelled.")).to_be_visible(timeout=RUN_MS)
    expect(app.page.get_by_text("Partial: these are the points that are done so far.")).to_be_visible()
    app.page.get_by_role("button", name=re.compile(r"^Go on \([1-9]\d* of \d+ parts are done\)")).click()
    points(app.page, 80_000)


def test_the_server_dies_and_the_run_goes_on_and_is_found(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    server, address = started(tmp_path, port)
    try:
        with visit(browser, address) as app:
            app.open(path(2_000, {"correlation": 0.4}))
            app.page.get_by_role("button", name=START).click()
            expect(progress(app.page)).to_contain_text("Running:", timeout=RUN_MS)
            key, where = run_of(app.page), app.page.url.removeprefix(f"{address}/")
        server.kill()
        server.wait()
        before = Store(str(tmp_path / "store")).chunk_count(key)
        server, _ = started(tmp_path, port)
        with visit(browser, address) as app:
            app.open(where)
            assert run_of(app.page) == key
            assert app.page.get_by_role("button", name=START).count() == 0
            points(app.page, 80_000)
        assert Store(str(tmp_path / "store")).chunk_count(key) > before
    finally:
        end(server)


def end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    server.wait(timeout=20)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_view_of_the_example_is_accessible_and_fits_a_phone(app: Any, mode: str) -> None:
    for view in ("Heat map", "Response curves", "Parallel coordinates", "Failures", "Points"):
        app.open(f"sweep?sweep_view={view.replace(' ', '+')}")
        expect(app.page.get_by_role("heading", name="An example")).to_be_visible()
        assert app.page.get_by_test_id("stException").count() == 0
        assert serious_faults(app) == []
        app.page.set_viewport_size({"width": 390, "height": 1000})
        app.settle()
        assert app.page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        assert serious_faults(app) == []
        app.page.set_viewport_size({"width": 1280, "height": 1400})
