"""Runs handed to the Jobs API of a real Ray head that asks for a token: submitted, followed in the store, cancelled."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine import registry
from jobs import cluster
from jobs.cluster import SUBMITTER, check_submitter, versions
from jobs.question import Question, prepare
from jobs.store import Store
from jobs.tasks import RunError
from tests.jobs.sweep_cases import ROOT, assert_whole, command, finished

pytestmark = pytest.mark.ray
TOKEN = "0123456789abcdef" * 4
SLOW = {
    "target": "diffusion",
    "base": {"parts": "curve"},
    "axes": {"theta": {"low": 0.2, "high": 2.0, "n": 20_000}},
}


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on."""
    found = [socket.socket() for _ in range(count)]
    for one in found:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in found]
    for one in found:
        one.close()
    return ports


@pytest.fixture(scope="module")
def folder() -> Iterator[str]:
    """A folder for Ray with a short path: those of its sockets may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as made:
        yield made


@pytest.fixture(scope="module")
def head(folder: str) -> Iterator[Mapping[str, str]]:
    """Environment of a client of a head with dashboard, on loopback and with a token; stopped by its own process."""
    names = ("port", "dashboard-port", "dashboard-agent-listen-port", "dashboard-agent-grpc-port")
    ports = dict(zip((*names, "runtime-env-agent-port", "ray-client-server-port"), free_ports(6), strict=True))
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_USAGE_STATS_ENABLED": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    ray = Path(sys.executable).with_name("ray")
    flags = [f"--{name}={port}" for name, port in ports.items()]
    flags += ["--num-cpus=2", "--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1"]
    flags += [f"--temp-dir={folder}"]
    process = subprocess.Popen(
        [str(ray), "start", "--head", "--block", *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_for_port(ports["dashboard-port"], process)
    yield {**environment, "RAY_ADDRESS": f"http://127.0.0.1:{ports['dashboard-port']}"}
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def wait_for_port(port: int, process: "subprocess.Popen[str]") -> None:
    """Until something listens there."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)
    raise AssertionError("the dashboard never listened")


def python(code: str, environment: Mapping[str, str]) -> str:
    """What a piece of Python prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_sweep_by_the_jobs_api_has_the_local_hash(tmp_path: Path, head: Mapping[str, str]) -> None:
    local = finished(tmp_path, tmp_path / "local", "--runner", "inline")["summary"]["result_sha256"]
    asked = command(tmp_path, tmp_path / "shared", "--runner", "ray")
    done = subprocess.run(asked, env=head, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert_whole(answer, local)
    assert answer["summary"]["runner"] == "ray"


def test_cancelling_in_the_store_ends_the_job(tmp_path: Path, head: Mapping[str, str]) -> None:
    """What a page does: it submits, polls the store, and asks there for an end."""
    store = Store(str(tmp_path))
    question = slow_question()
    submitting = (
        "from jobs.store import Store; from jobs.submit import submit; from tests.jobs.test_jobs_api import *\n"
        f"print(submit(slow_question(), Store({str(tmp_path)!r}), 'ray'))"
    )
    assert python(submitting, head) == question.key
    end = time.monotonic() + 120
    while store.chunk_count(question.key) < 2:
        assert time.monotonic() < end, store.status(question.key)
        time.sleep(0.1)
    store.request_cancel(question.key)
    listing = (
        "from ray.job_submission import JobSubmissionClient; import os, time\n"
        "client = JobSubmissionClient(os.environ['RAY_ADDRESS']); job = %r\n"
        "while not client.get_job_status(job).is_terminal(): time.sleep(0.2)\n"
        "print(client.get_job_status(job).value)"
    )
    assert python(listing % f"{question.key[:32]}-1", head) == "FAILED"
    status = store.status(question.key)
    assert status is not None
    assert status.state == "cancelled"
    assert 0 < store.chunk_count(question.key) < status.total


def slow_question() -> Question:
    """A sweep of several minutes."""
    return prepare(registry.study("sweep").spec_type.parse(SLOW))


def test_without_the_token_a_sentence_says_what_to_set(tmp_path: Path, head: Mapping[str, str]) -> None:
    stranger = {**head, "RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": ""}
    asked = command(tmp_path, tmp_path / "store", "--runner", "ray")
    done = subprocess.run(asked, env=stranger, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "asks for a token; set RAY_AUTH_MODE=token" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_head_listens_on_loopback_only(head: Mapping[str, str]) -> None:
    """Dashboard and Jobs API, by the kernel's own table of listening sockets."""
    port = int(head["RAY_ADDRESS"].rpartition(":")[2])
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    listening = [line.split()[1] for table in tables for line in table if line.split()[3] == "0A"]
    hosts = {at.split(":")[0] for at in listening if int(at.split(":")[1], 16) == port}
    assert hosts == {"0100007F"}


def test_no_cluster_there_is_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "RAY_ADDRESS": f"http://127.0.0.1:{free_ports(1)[0]}"}
    asked = command(tmp_path, tmp_path / "store", "--runner", "ray")
    done = subprocess.run(asked, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "No Jobs API answers at" in done.stderr
    assert done.stderr.count("\n") == 1


def test_another_python_or_ray_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUBMITTER, versions())
    check_submitter()
    monkeypatch.setattr(cluster, "python", lambda: "3.99")
    with pytest.raises(RunError, match=r"The cluster runs Ray .* on Python 3\.99 and this was submitted from Ray"):
        check_submitter()
