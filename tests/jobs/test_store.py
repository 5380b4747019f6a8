import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.result import Result
from engine.spec import SpecError
from jobs.store import LOST_SECONDS, Status, Store

FRAME = pl.DataFrame({"x": [1.0, 2.0], "name": ["a", None]})
RESULT = Result("s", {"n": 2}, {"t": FRAME}, key="k")


def the_file(store: Store, name: str) -> Path:
    return Path(store.root) / "runs" / "k" / name


def test_what_is_saved_comes_back(store: Store) -> None:
    store.save_chunk("k", 3, FRAME)
    store.save_result(RESULT)
    store.save_spec("k", {"study": "s"})
    kept = store.chunk("k", 3)
    assert kept is not None
    assert kept.equals(FRAME)
    result = store.result("k")
    assert result is not None
    assert result.sha256() == RESULT.sha256()
    assert store.spec("k") == {"study": "s"}
    assert store.run_keys() == ["k"]
    store.drop_chunks("k")
    assert store.chunk("k", 3) is None


def test_absent_things_are_none(store: Store) -> None:
    assert (store.result("k"), store.chunk("k", 0), store.status("k"), store.spec("k")) == (None, None, None, None)
    assert store.run_keys() == []


@pytest.mark.parametrize("name", ["result.parquet", "chunks/000000.parquet"])
def test_every_flipped_bit_and_every_cut_is_noticed(store: Store, name: str) -> None:
    """A damaged file reads as absent, and is removed so that it is computed again."""
    store.save_chunk("k", 0, FRAME)
    store.save_result(RESULT)
    whole = the_file(store, name).read_bytes()
    damaged = [whole[: len(whole) // 2], whole[:-1], b""]
    for place in range(len(whole)):
        damaged.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for data in damaged:
        the_file(store, name).write_bytes(data)
        found = store.result("k") if name.startswith("result") else store.chunk("k", 0)
        assert found is None
        assert not the_file(store, name).exists()


def test_nothing_half_written_is_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save_result(RESULT)
    before = the_file(store, "result.parquet").read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jobs.store.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        store.save_result(replace(RESULT, summary={"n": 3}))
    assert the_file(store, "result.parquet").read_bytes() == before
    assert [p.name for p in the_file(store, "").iterdir() if p.name.endswith(".tmp")] == []


def test_one_of_many_gets_the_lease(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        attempts = list(pool.map(lambda _: store.claim("k"), range(32)))
    assert sorted(a for a in attempts if a is not None) == [1]


def test_a_lost_run_can_be_taken_over_once(store: Store) -> None:
    long_ago = time.time() - LOST_SECONDS - 1
    store.save_status("k", Status("running", attempt=1, heartbeat=long_ago))
    status = store.status("k")
    assert status is not None
    assert status.state == "lost"
    assert [store.claim("k"), store.claim("k")] == [2, None]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_of_the_clock_does_not_bury_a_live_run(store: Store, jump: float) -> None:
    """Another process, whose clock is an hour off, goes on writing heartbeats: nobody takes its run."""
    beating = threading.Event()

    def beat() -> None:
        while not beating.is_set():
            store.save_status("k", Status("running", attempt=1, heartbeat=time.time() + jump))
            time.sleep(0.3)

    thread = threading.Thread(target=beat)
    thread.start()
    time.sleep(0.2)
    try:
        assert store.claim("k") is None
        time.sleep(0.5)
        status = store.status("k")
        assert status is not None
        assert status.state == "running"
    finally:
        beating.set()
        thread.join()


def test_a_dead_run_with_a_heartbeat_in_the_future_can_be_taken(store: Store) -> None:
    store.save_status("k", Status("running", attempt=1, heartbeat=time.time() + 3600))
    assert store.claim("k") == 2


def test_a_live_run_cannot_be_taken(store: Store) -> None:
    store.save_status("k", Status("running", attempt=1, heartbeat=time.time()))
    assert store.claim("k") is None
    store.save_status("k", Status("failed", attempt=1))
    assert store.claim("k") == 2


def test_cancel_is_heard_and_withdrawn(store: Store) -> None:
    assert not store.cancel_requested("k")
    store.request_cancel("k")
    assert store.cancel_requested("k")
    store.clear_cancel("k")
    assert not store.cancel_requested("k")


@pytest.mark.parametrize("name", ["status.json", "spec.json"])
def test_a_flipped_bit_of_a_record_is_no_trap(store: Store, name: str) -> None:
    """A record that is no longer one is as if there was none; a status that still is one can be read."""
    store.save_spec("k", {"study": "s", "spec": {"a": 1}, "files": {}})
    store.save_status("k", Status("running", 3, 12, "It goes on.", "inline", 2, 1.0, 2.0, 300))
    path = the_file(store, name)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert (store.spec("k") is None) == (name == "spec.json")
        status = store.status("k")
        assert status is None or status.state in ("running", "lost")
    path.write_bytes(whole[: len(whole) // 2])
    assert (store.status("k") is None, store.spec("k") is None) == (name == "status.json", name == "spec.json")


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("s3:/bucket/runs", "neither a folder nor of the form s3://BUCKET/PREFIX"),
        ("gs://bucket/runs", "neither a folder nor"),
        ("file:///tmp/runs", "neither a folder nor"),
        ("s3://", "neither a folder nor"),
        ("s3://bucket/runs", "needs credentials in the environment"),
        ("/proc/runs", "can't be used as a folder"),
        (__file__, "can't be used as a folder"),
    ],
)
def test_an_address_that_is_none_is_one_sentence(root: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(SpecError, match=said) as caught:
        Store(root)
    assert root in str(caught.value)
