"""Faults of a real Ray cluster of three nodes: the bytes of an undisturbed inline run, and a status to understand."""

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.store import Store
from tests.jobs.ray_cluster import RayCluster, ray_cluster
from tests.jobs.sweep_cases import ROOT, THETAS, assert_whole, command, finished

pytestmark = pytest.mark.ray
LONGEST_GAP_SECONDS = 8.0
SOME = 6
THETAS_TO_LOSE_A_HEAD_IN = 300


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hash of an undisturbed inline run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return str(finished(folder, folder / "store", "--runner", "inline")["summary"]["result_sha256"])


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster(3) as running:
        yield running


@pytest.fixture(autouse=True)
def joined(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of these tests join the cluster."""
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")


def started(folder: Path, store: Path, thetas: int = THETAS) -> "subprocess.Popen[str]":
    """The sweep on the cluster, some chunks of which are done."""
    asked = command(folder, store, "--runner", "ray", thetas=thetas)
    driver = subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 120
    while len(list(store.glob("runs/*/chunks/*.parquet"))) < SOME:
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < end, "the run never got that far"
        time.sleep(0.02)
    return driver


def longest_gap(store: Path, since: float) -> float:
    """Longest time between two results after a moment, and from it to the first; Unix times."""
    written = sorted(path.stat().st_mtime for path in store.glob("runs/*/chunks/*.parquet"))
    return max(b - a for a, b in itertools.pairwise([since, *(t for t in written if t > since)]))


def answer(driver: "subprocess.Popen[str]") -> dict[str, object]:
    """What the driver printed."""
    out, complaint = driver.communicate(timeout=200)
    assert driver.returncode == 0, complaint
    return dict(json.loads(out))


def test_a_killed_worker_is_replaced(cluster: RayCluster, tmp_path: Path, digest: str, fault_repeats: int) -> None:
    for attempt in range(fault_repeats):
        store = tmp_path / f"store {attempt}"
        driver = started(tmp_path, store)
        for worker in cluster.workers(1):
            os.kill(worker, signal.SIGKILL)
        assert_whole(answer(driver), digest)


def test_a_killed_node_costs_a_moment(cluster: RayCluster, tmp_path: Path, digest: str, fault_repeats: int) -> None:
    """Ray's own health checks would leave a gap of twelve seconds; the strict limit is a benchmark's."""
    for attempt in range(fault_repeats):
        store = tmp_path / f"store {attempt}"
        driver = started(tmp_path, store)
        os.kill(cluster.nodes[1 + attempt % 2]["raylet"], signal.SIGKILL)
        killed = time.time()
        assert_whole(answer(driver), digest)
        assert longest_gap(store, killed) < LONGEST_GAP_SECONDS
        cluster.restart()


def test_a_killed_head_is_told_and_the_run_resumes(cluster: RayCluster, tmp_path: Path, fault_repeats: int) -> None:
    """Long enough for the loss to be noticed: the other nodes go on with what they hold, and may finish a short one."""
    thetas = THETAS_TO_LOSE_A_HEAD_IN
    undisturbed = finished(tmp_path, tmp_path / "undisturbed", "--runner", "inline", thetas=thetas)
    for attempt in range(fault_repeats):
        store = tmp_path / f"store {attempt}"
        driver = started(tmp_path, store, thetas)
        for process in cluster.nodes[0].values():
            os.kill(process, signal.SIGKILL)
        _, complaint = driver.communicate(timeout=120)
        assert driver.returncode == 1
        assert "stopped answering; start the run again when it is back" in complaint
        assert complaint.count("\n") == 1
        kept = Store(str(store))
        key = next(key for key in kept.run_keys() if kept.chunk_count(key))
        status = kept.status(key)
        assert status is not None
        assert status.state == "failed"
        assert "stopped answering" in status.message
        cluster.restart()
        resumed = finished(tmp_path, store, "--runner", "ray", "--resume", thetas=thetas)
        assert_whole(resumed, undisturbed["summary"]["result_sha256"], thetas)
