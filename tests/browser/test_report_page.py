"""The report in a real browser on real runs: made, seen by a second browser, its package taken away and checked."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_every_page import NARROW, assert_stacked, serious_faults
from tests.browser.test_sweep_page import RUN_MS, progress, run_of, visit

pytestmark = pytest.mark.browser
SMALL = "report?replicates=100&diffusion_replicates=100&imputations=0&n_paths=5000&versions=corrected"
VIEWS = ("Summary", "Figures", "Tables", "Runs", "Checks")


def test_a_report_is_made_looked_at_and_its_package_checks_itself(app: Any, browser: Browser, tmp_path: Path) -> None:
    app.open(SMALL)
    app.page.get_by_role("button", name=re.compile("^Make the report")).click()
    expect(progress(app.page)).to_contain_text("runs are done", timeout=RUN_MS)
    expect(app.page.get_by_role("heading", name="Status: amber")).to_be_visible(timeout=RUN_MS)
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name="Replication package (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "verify.py", "--hashes"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "Every file is as it was packed.\n")
    with visit(browser, app.address) as other:
        other.open(app.page.url.removeprefix(f"{app.address}/"))
        expect(other.page.get_by_role("heading", name="Status: amber")).to_be_visible()
        assert run_of(other.page) == run_of(app.page)
    for view in VIEWS:
        app.page.get_by_role("tab", name=view).click()
        app.settle()
        assert app.page.get_by_test_id("stException").count() == 0
        assert serious_faults(app) == []
        app.page.set_viewport_size({"width": NARROW, "height": 1000})
        app.settle()
        assert_stacked(app)
        app.page.set_viewport_size({"width": 1280, "height": 1400})
    app.page.get_by_role("tab", name="Runs").click()
    app.page.get_by_role("link", name="scaling/corrected, run ").click()
    expect(app.page.get_by_role("heading", name="Scaling", exact=True)).to_be_visible()
    app.settle()
    assert "replicates=100" in app.page.url
