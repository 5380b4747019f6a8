"""A sweep that takes a few seconds, asked in processes of its own, for the tests that break things."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from engine.sweep import SweepSpec
from jobs import client

ROOT = Path(__file__).resolve().parents[2]
THETAS, RANKS = 40, 4
SWEEP = """
study: diffusion
base: {{parts: curve}}
design:
  kind: grid
  axes:
    theta: {{low: 0.2, high: 2.0, n: {thetas}, scale: log}}
    frontier_rank: {{values: [5, 10, 15, 20]}}
"""


def sweep_file(folder: Path, thetas: int = THETAS) -> Path:
    """The sweep's file, of four points a theta."""
    path = folder / "sweep.yaml"
    path.write_text(SWEEP.format(thetas=thetas), encoding="utf-8")
    return path


def command(folder: Path, store: Path, *more: str, thetas: int = THETAS) -> list[str]:
    """The command line that runs the sweep."""
    file = sweep_file(folder, thetas)
    return [sys.executable, "-m", "jobs", "sweep", str(file), "--store", str(store), "--json", *more]


def finished(folder: Path, store: Path, *more: str, thetas: int = THETAS, timeout: float = 240) -> dict[str, Any]:
    """The sweep's answer, run to its end."""
    done = subprocess.run(
        command(folder, store, *more, thetas=thetas),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def assert_whole(answer: dict[str, Any], digest: str, thetas: int = THETAS) -> None:
    """Nothing lost, nothing twice, and the bytes of an undisturbed run."""
    assert [row["point"] for row in answer["tables"]["points"]] == list(range(RANKS * thetas))
    assert answer["summary"]["failed"] == 0
    assert answer["summary"]["result_sha256"] == digest


def read(text: str) -> SweepSpec:
    """The sweep of a file's text."""
    return client.sweep_of_text(text, "sweep.yaml")
