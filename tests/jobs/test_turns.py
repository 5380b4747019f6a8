"""Turns: the order of the queue by its rule, and runs that wait, hand over and are killed, as real processes."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import Spec
from jobs import children, client, turns
from jobs.execute import execute
from jobs.question import prepare
from jobs.settings import settings
from jobs.store import Status, Store
from jobs.turns import Ticket, in_order
from tests.jobs.sweep_cases import read

PATIENCE_SECONDS = 90.0
SHORT = "study: bootstrap\nbase: {replicates: 200}\ndesign: {axes: {first_year: {values: [YEAR]}}}"
LONG = "study: diffusion\nbase: {parts: curve}\ndesign: {axes: {theta: {low: 0.2, high: 2.0, n: 300}}}"


def ticket(visitor: str, asked: float) -> Ticket:
    return Ticket(f"{visitor}{asked}", "", (), visitor, asked)


def test_a_visitors_second_run_does_not_go_before_anothers_first() -> None:
    waiting = [ticket("a", 1), ticket("a", 2), ticket("a", 3), ticket("b", 4), ticket("c", 5)]
    assert [t.key for t in in_order(waiting, [])] == ["a1", "b4", "c5", "a2", "a3"]
    assert [t.key for t in in_order(waiting, ["a"])] == ["b4", "c5", "a1", "a2", "a3"]
    assert [t.key for t in in_order(waiting, ["b", "a"])] == ["c5", "b4", "a1", "a2", "a3"]


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=5))
def test_every_visitor_is_served_once_before_any_is_served_again(asking: list[str], past: list[str]) -> None:
    served = list(dict.fromkeys(past))
    order = in_order([ticket(visitor, place) for place, visitor in enumerate(asking)], served)
    assert len(order) == len(asking)
    for visitor in set(asking):
        own = [t.asked for t in order if t.visitor == visitor]
        assert own == sorted(own)
    for place, turn in enumerate(order):
        again = [t.visitor for t in order[:place]].count(turn.visitor)
        for other in set(asking) - {turn.visitor}:
            before = [t.visitor for t in order[:place]].count(other)
            assert before >= min(again, asking.count(other))


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A shared machine with a home that starts empty."""
    monkeypatch.setenv("WORKBENCH_MODE", "cloud")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for kept in (settings, client.store):
        kept.cache_clear()
    yield tmp_path
    for child in children.running():
        child.kill()
        child.wait()
    client.visitors(lambda: "")
    for kept in (settings, client.store):
        kept.cache_clear()


def ask(visitor: str, spec: Spec) -> str:
    client.visitors(lambda: visitor)
    return client.submit(spec)


def wait(key: str, *states: str) -> Status:
    """The status of a run once it has one of these states, read without moving the queue."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        status = client.store().status(key)
        if status is not None and status.state in states:
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {client.store().status(key)}")


def test_runs_wait_and_follow_each_other_one_at_a_time(cloud: Path) -> None:
    """Each run starts the next one itself: nobody looks meanwhile."""
    short = [read(SHORT.replace("YEAR", str(year))) for year in (2010, 2011, 2012)]
    first, second = ask("a", short[0]), ask("a", short[1])
    third = ask("b", short[2])
    assert {client.store().status(key).state for key in (second, third)} == {"waiting"}  # type: ignore[union-attr]
    done = {key: wait(key, "done") for key in (first, second, third)}
    began = sorted(done, key=lambda key: done[key].started)
    assert began == [first, third, second]
    for before, after in itertools.pairwise(began):
        assert done[before].heartbeat <= done[after].started
    assert all(status.peak_mb > 0 for status in done.values())
    assert turns.tickets() == []


def test_a_waiting_run_tells_its_place_and_can_be_cancelled(cloud: Path) -> None:
    first = ask("a", read(LONG))
    waiting = [ask("b", read(SHORT.replace("YEAR", str(year)))) for year in (2010, 2011)]
    told = [client.status(key) for key in waiting]
    assert [status.message for status in told if status] == ["It is next.", "1 run is before it in the queue."]
    assert ask("c", read(SHORT.replace("YEAR", "2010"))) == waiting[0]
    assert len(turns.tickets()) == 2
    for key in waiting:
        client.cancel(key)
    assert [client.store().status(key).state for key in waiting] == ["cancelled"] * 2  # type: ignore[union-attr]
    wait(first, "running")
    client.cancel(first)
    assert "are done and kept" in wait(first, "cancelled").message


def test_a_long_run_gives_way_to_another_visitor_and_ends_whole(cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The long run stops after its time, keeps its parts, goes on afterwards, and gives the bytes of an inline run."""
    monkeypatch.setenv("WORKBENCH_TURN_SECONDS", "1.5")
    spec = read(LONG)
    first = ask("a", spec)
    wait(first, "running")
    second = ask("b", read(SHORT.replace("YEAR", "2015")))
    short = wait(second, "done")
    kept = client.store().chunk_count(first)
    long = wait(first, "done")
    assert 0 < kept < long.total
    assert long.started > short.started
    assert long.attempt >= 2
    alone = execute(prepare(spec), Store(str(cloud / "alone")), "inline").result
    result = client.load(first)
    assert result is not None
    assert result.sha256() == alone.sha256()


def test_a_run_does_not_give_way_to_its_own_visitor(cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_TURN_SECONDS", "0.1")
    first, second = ask("a", read(LONG)), ask("a", read(SHORT.replace("YEAR", "2016")))
    wait(second, "done")
    assert wait(first, "done").attempt == 1


def test_a_killed_run_gives_its_turn_to_the_next_one_looked_at(cloud: Path) -> None:
    first, second = ask("a", read(LONG)), ask("b", read(SHORT.replace("YEAR", "2012")))
    wait(first, "running")
    (worker,) = {child.pid for child in children.running()}
    os.killpg(worker, signal.SIGKILL)
    end = time.monotonic() + PATIENCE_SECONDS
    while (status := client.status(second)) and status.state != "done" and time.monotonic() < end:
        time.sleep(0.2)
    assert status is not None
    assert status.state == "done"


def test_a_run_whose_process_never_began_is_lost_and_can_be_asked_again(cloud: Path) -> None:
    key = client.key(spec := read(SHORT.replace("YEAR", "2013")))
    client.store().save_status(key, Status("waiting"))
    status = client.status(key)
    assert status is not None
    assert (status.state, "start it again" in status.message) == ("lost", True)
    assert ask("a", spec) == key
    wait(key, "done")


def test_a_run_that_takes_too_much_memory_ends_with_a_sentence(cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_RUN_MB", "60")
    key = ask("a", read(LONG))
    status = wait(key, "failed")
    assert "MiB of memory, and a run may take 60 here" in status.message
    assert "on a laptop" in status.message
    assert status.peak_mb > 60


def test_peak_memory_is_in_the_provenance(cloud: Path) -> None:
    key = ask("a", read(SHORT.replace("YEAR", "2014")))
    wait(key, "done")
    result = client.load(key)
    assert result is not None
    assert 50 < result.provenance["peak_mb"] < 2_000
