"""One question, every runner: the same bytes; kept chunks are not computed twice; cancelling keeps them."""

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine import registry
from engine.bootstrap import Bootstrap
from engine.spec import SpecError
from engine.sweep import SweepSpec
from jobs import memory, runner
from jobs.execute import Cancelled, execute
from jobs.question import Question, from_record, prepare
from jobs.runner import Inline, Measured, Processes, Runner, Threads, choose, pool_pays
from jobs.settings import settings
from jobs.store import Status, Store


def question(**fields: Any) -> Question:
    given = {"replicates": 9_000, "effects": "year", **fields}
    return prepare(registry.study("bootstrap").spec_type.parse(given))


def digest(asked: Question, runner: Runner) -> str:
    work = asked.work({})
    chunks = list(enumerate(asked.study.chunks(work)))
    parts = dict(runner.run("bootstrap", work, chunks, threading.Event()))
    return asked.study.combine(work, [parts[i] for i in sorted(parts)]).sha256()


@pytest.fixture(scope="module")
def expected() -> str:
    return digest(question(), Inline())


@pytest.mark.parametrize("runner", [Threads(2), Threads(5), Processes(2)], ids=lambda r: f"{r.name}-{r.workers}")
def test_pools_give_the_inline_bytes(runner: Runner, expected: str) -> None:
    assert digest(question(), runner) == expected


def test_chunk_size_does_not_matter(expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bootstrap.BLOCKS_PER_CHUNK", 3)
    assert digest(question(), Inline()) == expected


def test_second_asking_is_served_from_the_store(store: Store) -> None:
    asked = question()
    first, second = execute(asked, store, "inline"), execute(asked, store, "inline")
    assert (first.from_store, second.from_store) == (False, True)
    assert first.result.sha256() == second.result.sha256()
    assert execute(asked, store, "inline", fresh=True).from_store is False


def test_any_change_misses(store: Store) -> None:
    keys = {question(**change).key for change in ({}, {"seed": 1}, {"replicates": 9_001}, {"effects": "pooled"})}
    assert len(keys) == 4


def test_fresh_names_a_stored_result_that_differs(store: Store) -> None:
    asked = question()
    good = execute(asked, store, "inline").result
    store.save_result(replace(good, summary={**good.summary, "slope": 0.0}))
    again = execute(asked, store, "inline", fresh=True).result
    assert again.sha256() == good.sha256()
    assert any("stored result differed" in warning for warning in again.warnings)


def test_a_stopped_run_goes_on_from_its_chunks(store: Store, monkeypatch: pytest.MonkeyPatch, expected: str) -> None:
    asked, computed = question(), []
    real = Bootstrap.run_chunk

    def counted(self: Bootstrap, work: Any, chunk: Any) -> Any:
        if len(computed) == 1 and not store.cancel_requested(asked.key):
            raise KeyboardInterrupt
        computed.append(chunk)
        return real(self, work, chunk)

    monkeypatch.setattr(Bootstrap, "run_chunk", counted)
    with pytest.raises(KeyboardInterrupt):
        execute(asked, store, "inline")
    status = store.status(asked.key)
    assert status is not None
    assert (status.state, status.done) == ("cancelled", 1)
    monkeypatch.setattr(Bootstrap, "run_chunk", lambda *a: (computed.append(a[2]), real(*a))[1])
    execute(asked, store, "inline")
    assert len(computed) == len(asked.study.chunks(asked.work({})))
    result = store.result(asked.key)
    assert result is not None
    assert result.sha256() == expected


def test_cancel_stops_within_two_seconds_and_keeps_chunks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = question(replicates=100_000), Bootstrap.run_chunk
    monkeypatch.setattr(Bootstrap, "run_chunk", lambda *a: (time.sleep(0.2), real(*a))[1])
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            execute(asked, store, "inline")
        except Cancelled as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not (status := store.status(asked.key)) or status.done < 1:
        time.sleep(0.05)
    store.request_cancel(asked.key)
    thread.join(timeout=4)
    assert not thread.is_alive()
    assert "parts are done and kept" in str(errors[0])
    status = store.status(asked.key)
    assert status is not None
    assert status.state == "cancelled"
    assert store.chunk(asked.key, 0) is not None


def test_two_askers_compute_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real, computed = question(), Bootstrap.run_chunk, []
    monkeypatch.setattr(Bootstrap, "run_chunk", lambda *a: (computed.append(1), time.sleep(0.1), real(*a))[2])
    threads = [threading.Thread(target=execute, args=(asked, store, "inline")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(computed) == len(asked.study.chunks(asked.work({})))


def test_a_failing_study_leaves_its_message(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise SpecError("Nothing to resample.")

    monkeypatch.setattr(Bootstrap, "run_chunk", broken)
    asked = question()
    with pytest.raises(SpecError):
        execute(asked, store, "inline")
    status = store.status(asked.key)
    assert status is not None
    assert (status.state, status.message) == ("failed", "Nothing to resample.")


def test_a_record_makes_the_same_question() -> None:
    asked = question()
    assert from_record(asked.record()).key == asked.key


def test_needs_are_answered_first_and_kept(store: Store) -> None:
    asked = prepare(registry.study("scaling").spec_type.parse({}))
    seen: list[Status] = []
    result = execute(asked, store, "inline", progress=seen.append).result
    assert store.result(asked.needs["bootstrap"].key) is not None
    assert result.summary["boot_low"] < result.summary["slope"] < result.summary["boot_high"]
    assert seen[-1].state == "done"


def in_background(asked: Question, store: Store) -> tuple[threading.Thread, list[BaseException]]:
    """A run in a thread, and what it raised."""
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            execute(asked, store, "inline")
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, raised


def state(store: Store, key: str) -> tuple[str, int]:
    status = store.status(key)
    return (status.state, status.done) if status else ("", 0)


def until(store: Store, key: str, done: int) -> None:
    end = time.monotonic() + 30
    while state(store, key) < ("running", done):
        assert time.monotonic() < end
        time.sleep(0.02)


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Bootstrap.run_chunk
    monkeypatch.setattr(Bootstrap, "run_chunk", lambda *a: (time.sleep(0.2), real(*a))[1])


def test_a_run_is_under_way_while_what_it_needs_is_and_cancelling_it_stops_both(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = prepare(registry.study("scaling").spec_type.parse({"replicates": 100_000}))
    need = asked.needs["bootstrap"].key
    with monkeypatch.context() as patch:
        slow(patch)
        thread, raised = in_background(asked, store)
        until(store, need, 1)
        assert state(store, asked.key) == ("running", 0)
        store.request_cancel(asked.key)
        thread.join(timeout=3)
        assert not thread.is_alive()
    assert str(raised[0]) == "Of the runs it needs, 0 of 1 are done and kept."
    assert (state(store, asked.key)[0], state(store, need)[0]) == ("cancelled", "lost")
    assert not store.cancel_requested(asked.key)
    assert store.kept_chunks(need)
    assert execute(asked, store, "inline").result.summary["n"] > 0


def test_who_waits_for_a_run_that_is_cancelled_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    asked = question(replicates=100_000)
    both = [in_background(asked, store) for _ in range(2)]
    until(store, asked.key, 1)
    store.request_cancel(asked.key)
    for thread, raised in both:
        thread.join(timeout=5)
        assert not thread.is_alive()
        assert "parts are done and kept" in str(raised[0])
    assert state(store, asked.key)[0] == "cancelled"


def test_who_needs_a_run_that_another_asker_cancels_takes_it_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    asked = prepare(registry.study("scaling").spec_type.parse({"replicates": 50_000}))
    need = asked.needs["bootstrap"]
    first, _ = in_background(need, store)
    until(store, need.key, 1)
    second, raised = in_background(asked, store)
    until(store, asked.key, 0)
    store.request_cancel(need.key)
    first.join(timeout=5)
    second.join(timeout=60)
    assert raised == []
    assert (state(store, asked.key)[0], state(store, need.key)[0]) == ("done", "done")


def test_automatic_choice_follows_the_size() -> None:
    assert choose("auto", question(replicates=1_000)).name == "inline"
    assert choose("auto", question(replicates=200_000)).name in {"threads", "inline"}


@pytest.mark.parametrize(
    ("address", "replicates", "name"),
    [
        ("127.0.0.1:1", 1_000, "inline"),
        ("127.0.0.1:1", 1_000_000, "threads"),
        ("127.0.0.1:1", None, "ray"),
        ("http://127.0.0.1:1", None, "processes"),
        ("", None, "processes"),
    ],
)
def test_long_work_goes_to_a_cluster_that_is_there(
    monkeypatch: pytest.MonkeyPatch, address: str, replicates: int | None, name: str
) -> None:
    """Short work does not: threads end sooner than a cluster begins. What turns out to be long is handed on there."""
    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setenv("WORKBENCH_WORKERS", "2")
    settings.cache_clear()
    try:
        if replicates:
            assert choose("auto", question(replicates=replicates)).name == name
        else:
            measured = choose(
                "auto", prepare(SweepSpec.parse({"target": "diffusion", "axes": {"theta": {"values": [0.5, 1.0]}}}))
            )
            assert isinstance(measured, Measured)
            assert measured.many().name == name
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize(("pays", "name"), [(True, "processes"), (False, "inline")])
def test_the_pace_of_the_first_chunks_decides(
    expected: str, monkeypatch: pytest.MonkeyPatch, pays: bool, name: str
) -> None:
    """The start of a pool is worth it or not; the bytes are the same."""
    told = list[float]()
    monkeypatch.setattr(runner, "pool_pays", lambda seconds, workers: told.append(seconds) or pays)
    measured = Measured(2, lambda: Processes(2))
    assert digest(question(), measured) == expected
    assert measured.name == name
    assert all(seconds > 0 for seconds in told)


def test_a_pool_pays_from_its_start_on() -> None:
    assert [pool_pays(seconds, 2) for seconds in (0.0, 4.9, 5.1, 100.0)] == [False, False, True, True]
    assert not pool_pays(1e9, 1)


def pool_workers() -> list[int]:
    """Processes of the pools of this one."""
    return [pid for pid in memory.descendants() if b"jobs.pool_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_pool_does_not_run_the_asking_program_again(
    expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, notebooks and scripts without a guard ask for pools too."""
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit('the main script ran again')", encoding="utf-8")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert digest(question(), Processes(2)) == expected


def test_a_killed_pool_worker_is_replaced(expected: str) -> None:
    """One worker is killed from outside while chunks are running; the answer is the same."""
    asked, work = question(), question().work({})
    chunks = list(enumerate(asked.study.chunks(work)))
    parts, killed = {}, False
    for index, frame in Processes(2).run("bootstrap", work, chunks, threading.Event()):
        parts[index] = frame
        if not killed:
            os.kill(pool_workers()[0], signal.SIGKILL)
            killed = True
    assert asked.study.combine(work, [parts[i] for i in sorted(parts)]).sha256() == expected
