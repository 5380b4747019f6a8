"""Studies that raise, hang, eat memory or end their process at some points: those points fail, each with its reason."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.sweep_cases import ROOT
from tests.jobs.unruly import EATS, ENDS, HANGS, RAISES

POINTS = 60
REASONS = {
    RAISES: "ZeroDivisionError: nothing can be divided by this",
    HANGS: "took longer than 2 s (WORKBENCH_CHUNK_SECONDS)",
    EATS: "MemoryError: Unable to allocate 64.0 MiB",
    ENDS: "killed its worker 3 times, as a lack of memory does (WORKBENCH_WORKER_MB)",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of processes that know the unruly studies, and give a chunk two seconds and two GiB."""
    site = tmp_path / "site"
    site.mkdir()
    site.joinpath("sitecustomize.py").write_text("import tests.jobs.unruly as u; u.register()", encoding="utf-8")
    return {
        **os.environ,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "WORKBENCH_CHUNK_SECONDS": "2",
        "WORKBENCH_WORKER_MB": "2048",
        "WORKBENCH_WORKERS": "2",
    }


def asked(folder: Path, environment: dict[str, str], study: str, runner: str, avoid: set[int]) -> dict[str, Any]:
    """A sweep over the study at all points but some."""
    points = [x for x in range(POINTS) if x not in avoid]
    file = folder / "sweep.yaml"
    file.write_text(f"study: {study}\ndesign: {{kind: grid, axes: {{x: {{values: {points}}}}}}}", encoding="utf-8")
    command = [sys.executable, "-m", "jobs", "sweep", str(file), "--store", str(folder / runner), "--json"]
    done = subprocess.run(
        [*command, "--runner", runner],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def assert_only_the_guilty_fail(answer: dict[str, Any], avoided: set[int]) -> None:
    """Every other point has its square."""
    rows = {row["x"]: row for row in answer["tables"]["points"]}
    assert list(rows) == [x for x in range(POINTS) if x not in avoided]
    failed = {x: reason for x, reason in REASONS.items() if x not in avoided}
    assert {x: row["error"][: len(failed[x])] for x, row in rows.items() if row["error"]} == failed
    assert all(row["square"] == x * x for x, row in rows.items() if x not in failed)
    assert answer["summary"]["failed"] == len(failed)
    assert f"{len(failed)} of {len(rows)} points failed" in answer["warnings"][0]


@pytest.mark.parametrize("study", ["unruly", "unruly-blocks"])
def test_a_pool_outlives_what_its_points_do(tmp_path: Path, environment: dict[str, str], study: str) -> None:
    assert_only_the_guilty_fail(asked(tmp_path, environment, study, "pool", set()), set())


@pytest.mark.parametrize("runner", ["inline", "auto"])
def test_without_a_pool_points_may_hang_and_eat_memory(
    tmp_path: Path, environment: dict[str, str], runner: str
) -> None:
    """The life of the asking process can't be held from inside it; a point that takes it is the pool's."""
    answer = asked(tmp_path, environment, "unruly", runner, {ENDS})
    assert_only_the_guilty_fail(answer, {ENDS})
    pooled = asked(tmp_path, environment, "unruly", "pool", {ENDS})
    assert pooled["summary"]["result_sha256"] == answer["summary"]["result_sha256"]


def test_native_code_that_never_returns_ends_its_worker() -> None:
    """It can't be interrupted from Python, so the process goes; who gave it the chunk sees that."""
    code = (
        "import itertools, jobs.worker as w\n"
        "w.GRACE_SECONDS, w.compute = 0.5, lambda *_: sum(itertools.repeat(0))\n"
        "w.compute_within(w.Limits(0.5, 0, 1), 'npv', None, None)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"Error" not in done.stderr


@pytest.mark.ray
def test_ray_outlives_what_its_points_do(tmp_path: Path, environment: dict[str, str]) -> None:
    on_ray = asked(tmp_path, environment, "unruly", "ray", set())
    assert_only_the_guilty_fail(on_ray, set())
    pooled = asked(tmp_path, environment, "unruly", "pool", set())
    assert pooled["summary"]["result_sha256"] == on_ray["summary"]["result_sha256"]
