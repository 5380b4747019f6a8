"""The store on a real S3-speaking server: the same contract as a directory, and a sweep with the local hash."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import polars as pl
import pytest

from engine.result import Result
from engine.spec import SpecError
from jobs.store import LOST_SECONDS, Status, Store
from tests.jobs.s3_server import BUCKET, s3_server
from tests.jobs.sweep_cases import ROOT, assert_whole, finished, sweep_file

FRAME = pl.DataFrame({"x": [1.0, 2.0], "name": ["a", None]})
RESULT = Result("s", {"n": 2}, {"t": FRAME}, key="k")
RACE = """
import sys
from jobs.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
for key in sys.stdin.readline().split():
    print(key if store.claim(key) else "", flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Mapping[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture
def url(server: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A store nobody used yet; the environment of this process and its children reaches it."""
    for name, value in server.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


def command(folder: Path, url: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "jobs", "sweep", str(sweep_file(folder)), "--store", url, "--json", *more]


def test_what_is_saved_comes_back(url: str) -> None:
    store = Store(url)
    assert (store.result("k"), store.chunk("k", 0), store.status("k"), store.spec("k")) == (None,) * 4
    assert (store.run_keys(), store.chunk_count("k"), store.kept_chunks("k")) == ([], 0, set())
    store.save_chunk("k", 3, FRAME)
    store.save_result(RESULT)
    store.save_spec("k", {"study": "s"})
    kept, result = store.chunk("k", 3), store.result("k")
    assert kept is not None
    assert kept.equals(FRAME)
    assert result is not None
    assert result.sha256() == RESULT.sha256()
    assert (store.spec("k"), store.run_keys(), store.kept_chunks("k")) == ({"study": "s"}, ["k"], {3})
    store.drop_chunks("k")
    assert store.chunk("k", 3) is None
    store.remove("k")
    assert store.run_keys() == []


def test_damage_is_noticed_and_removed(url: str) -> None:
    store = Store(url)
    store.save_chunk("k", 0, FRAME)
    address = f"{os.environ['AWS_ENDPOINT_URL']}/{url.removeprefix('s3://')}/runs/k/chunks/000000.parquet"
    whole = httpx.get(address).raise_for_status().content
    httpx.put(address, content=whole[: len(whole) // 2]).raise_for_status()
    assert store.chunk("k", 0) is None
    assert httpx.get(address).status_code == 404


def test_leases_go_to_one_of_two_processes(url: str) -> None:
    """Create-only puts: of two processes that race for fifty keys, each key has one winner."""
    keys = [f"key{i}" for i in range(50)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(" ".join(keys) + "\n")
        racer.stdin.flush()
    won = [key for racer in racers for key in racer.communicate(timeout=120)[0].split()]
    assert sorted(won) == sorted(keys)


def test_a_lost_run_can_be_taken_over_once(url: str) -> None:
    store = Store(url)
    store.save_status("k", Status("running", attempt=1, heartbeat=time.time() - LOST_SECONDS - 1))
    status = store.status("k")
    assert status is not None
    assert status.state == "lost"
    assert [store.claim("k"), store.claim("k")] == [2, None]


def test_cancel_is_heard_and_withdrawn(url: str) -> None:
    store = Store(url)
    assert not store.cancel_requested("k")
    store.request_cancel("k")
    assert store.cancel_requested("k")
    store.clear_cancel("k")
    store.clear_cancel("k")
    assert not store.cancel_requested("k")


@pytest.mark.parametrize("secret", ["s3://key:secret@runs/x", "s3://runs/x?secret_key=secret"])
def test_credentials_in_the_address_are_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(SpecError, match="must be named without credentials") as refused:
        Store(secret)
    assert "key:secret" not in str(refused.value)
    assert "=secret" not in str(refused.value)


def test_a_sweep_resumes_after_a_kill_and_has_the_local_hash(tmp_path: Path, url: str) -> None:
    local = finished(tmp_path, tmp_path / "local", "--runner", "inline")["summary"]["result_sha256"]
    driver = subprocess.Popen(command(tmp_path, url, "--runner", "inline"), cwd=ROOT, start_new_session=True)
    store, end = Store(url), time.monotonic() + 60
    while not (kept := [key for key in store.run_keys() if store.chunk_count(key)]):
        assert time.monotonic() < end, "the run never got that far"
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    done = store.chunk_count(kept[0])
    resumed = subprocess.run(command(tmp_path, url, "--resume"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert_whole(json.loads(resumed.stdout), local)
    assert 1 <= done < store.chunk_count(kept[0])
    assert resumed.stderr == ""


def test_cancelling_a_sweep_keeps_what_is_done(tmp_path: Path, url: str) -> None:
    asked = command(tmp_path, url, "--runner", "inline")
    driver = subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store, end = Store(url), time.monotonic() + 60
    while not (kept := [key for key in store.run_keys() if store.chunk_count(key)]):
        assert time.monotonic() < end, "the run never got that far"
        time.sleep(0.05)
    store.request_cancel(kept[0])
    _, complaint = driver.communicate(timeout=30)
    assert driver.returncode == 1
    assert "The run was cancelled: " in complaint
    status = store.status(kept[0])
    assert status is not None
    assert (status.state, status.done) == ("cancelled", store.chunk_count(kept[0]))


@pytest.mark.parametrize(
    ("bucket", "endpoint", "said"),
    [("absent", None, "The specified bucket does not exist"), (BUCKET, "http://127.0.0.1:1", "error sending request")],
)
def test_a_store_that_does_not_answer_is_one_sentence(
    url: str, monkeypatch: pytest.MonkeyPatch, bucket: str, endpoint: str | None, said: str
) -> None:
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(SpecError, match=f"The store s3://{bucket}/p does not answer \\(.*{said}\\); check") as caught:
        Store(f"s3://{bucket}/p")
    assert "\n" not in str(caught.value)


def test_a_plain_endpoint_needs_no_further_variable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    store = Store(url)
    assert (store.claim("k"), store.claim("k")) == (1, None)
