"""Real Ray: the same bytes as inline, from the command line and with several workers; started and stopped cleanly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.ray


def asked(store: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "jobs", *arguments, "--json", "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def ray_processes(mark: str) -> set[int]:
    """Process ids of Ray daemons on this machine whose environment bears a mark."""
    found = set()
    for entry in (path for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            line, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark.encode() in environment and (b"raylet" in line or b"gcs_server" in line):
            found.add(int(entry.name))
    return found


def test_npv_simulation_has_one_hash_inline_and_on_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STARTED_BY_TEST", str(tmp_path))
    question = ("npv", "--engine", "simulation", "--n-paths", "300000")
    on_ray = asked(tmp_path, *question, "--runner", "ray", "--fresh")["summary"]
    inline = asked(tmp_path, *question, "--runner", "inline", "--fresh")["summary"]
    stored = asked(tmp_path, *question)["summary"]
    assert on_ray["result_sha256"] == inline["result_sha256"] == stored["result_sha256"]
    assert [s["from_store"] for s in (on_ray, inline, stored)] == [False, False, True]
    assert ray_processes(str(tmp_path)) == set()


def test_bootstrap_on_ray_equals_the_pool(tmp_path: Path) -> None:
    question = ("bootstrap", "--replicates", "20000", "--effects", "year", "--fresh")
    digests = {asked(tmp_path, *question, "--runner", runner)["summary"]["result_sha256"] for runner in ("ray", "pool")}
    assert len(digests) == 1


def test_an_existing_cluster_is_joined_and_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A two-node cluster of this test's own, joined through RAY_ADDRESS."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    script = (
        "from ray.cluster_utils import Cluster; import sys\n"
        "c = Cluster(initialize_head=True, head_node_args={'num_cpus': 1, 'include_dashboard': False})\n"
        "c.add_node(num_cpus=1); print(c.address, flush=True); sys.stdin.read(); c.shutdown()\n"
    )
    cluster = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        monkeypatch.setenv("RAY_ADDRESS", address)
        question = ("bootstrap", "--replicates", "20000", "--fresh")
        on_cluster = asked(tmp_path, *question, "--runner", "ray")["summary"]["result_sha256"]
        os.environ.pop("RAY_ADDRESS")
        assert on_cluster == asked(tmp_path, *question, "--runner", "inline")["summary"]["result_sha256"]
        assert cluster.poll() is None
    finally:
        cluster.communicate(input="", timeout=60)
