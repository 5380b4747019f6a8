"""How soon a warm page and its first chart are on the screen, and what importing the engine costs."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.install import chromium
from tests.browser.serving import FLAGS, serve

WARM_SECONDS = 3.0
IMPORT_SECONDS = 2.0
REPEATS = 5
PAGES = ("", "export_controls", "efficiency", "scaling", "diffusion", "npv")


def benches() -> list[dict[str, Any]]:
    """A row a page: seconds to its headline and first chart against three seconds; the ratio is limit over ours."""
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        rows = [_page(browser.new_page(), address, name) for name in PAGES]
        browser.close()
    return [*rows, _imports()]


def _page(page: Page, address: str, name: str) -> dict[str, Any]:
    _shown(page, address, name)
    seconds = statistics.median(_shown(page, address, name) for _ in range(REPEATS))
    return _row(f"warm page {name or 'overview'} (s)", seconds, WARM_SECONDS)


def _shown(page: Page, address: str, name: str) -> float:
    start = time.perf_counter()
    page.goto(f"{address}/{name}")
    expect(page.locator("h1").first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stAlert").or_(page.get_by_text("Finding")).first).to_be_visible(timeout=60_000)
    if name:
        chart = page.get_by_test_id("stVegaLiteChart").first
        expect(chart.locator("svg, canvas").first).to_be_visible(timeout=60_000)
    return time.perf_counter() - start


def _imports() -> dict[str, Any]:
    """Seconds to import every study, the interpreter's start included."""
    code = "import engine.registry as r; [r.study(n) for n in r.names()]"

    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    return _row("import of every study (s)", statistics.median(once() for _ in range(3)), IMPORT_SECONDS)


def _row(name: str, ours: float, limit: float) -> dict[str, Any]:
    return {"name": name, "ours": ours, "baseline": limit, "limit": 1.0, "ratio": limit / ours}
