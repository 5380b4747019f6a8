"""A sweep's file as text, the pace of its points and what the estimate is made of."""

from typing import Any

import pytest

from engine.study import Work
from engine.sweep import SweepSpec
from jobs import sweeps
from jobs.question import prepare
from jobs.store import Store
from tests.jobs.sweep_cases import read

NPV = "study: npv\nbase: BASE\ndesign: {axes: {sigma: {low: 0.5, high: 2, n: COUNT}}}"


def npv(count: int = 40, base: str = "{exclusivity: lognormal}") -> SweepSpec:
    return read(NPV.replace("BASE", base).replace("COUNT", str(count)))


@pytest.mark.parametrize(
    "text",
    [
        NPV.replace("BASE", "{training_compute_flop: 5e25}").replace("COUNT", "3"),
        "study: npv\npreset: published\ndesign: {kind: lhs, points: 9, seed: 3, axes: {sigma: {low: 1, high: 2}}}",
        "study: npv\ndesign: {kind: sobol, points: 8, axes: {drop: {low: 1e-3, high: 0.5, scale: log}}}",
        "study: npv\ndesign: {axes: {drop: {values: [null, 0.5]}, tier: {values: [III, 'IV']}}}",
    ],
)
def test_a_design_as_text_is_the_same_design(text: str) -> None:
    spec = read(text)
    assert read(sweeps.written(spec)) == spec
    assert read(sweeps.written(spec)).key() == spec.key()


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the blocks that are asked, of a study that takes a tenth of a second a point by the clock."""
    asked, clock = [], [0.0]

    def run_chunk(self: Any, work: Work[Any], chunk: list[int]) -> None:
        asked.append(chunk[1] - chunk[0])
        clock[0] += 0.1 * asked[-1]

    monkeypatch.setattr("engine.sweep.Sweep.run_chunk", run_chunk)
    monkeypatch.setattr("jobs.sweeps.time.perf_counter", lambda: clock[0])
    return asked


def test_the_pace_is_measured_on_enough_points_and_the_first_is_not_counted(store: Store, sized: list[int]) -> None:
    pace = sweeps.pace(prepare(npv()), store, most_seconds=1.0)
    assert sized == [1, 2, 16]
    assert (pace.measured_on, pace.seconds) == (16, pytest.approx(0.1))


def test_a_small_design_is_measured_whole(store: Store, sized: list[int]) -> None:
    assert sweeps.pace(prepare(npv(1)), store, most_seconds=1.0).measured_on == 1
    assert sized == [1, 1]


def test_what_takes_long_to_measure_is_as_stated(store: Store, sized: list[int]) -> None:
    question = prepare(read("study: diffusion\ndesign: {axes: {theta: {low: 0.5, high: 2, n: 10}}}"))
    pace = sweeps.pace(question, store, most_seconds=1.0)
    assert sized == []
    assert (pace.measured_on, pace.seconds) == (0, question.seconds() / 10)


def test_an_estimate_counts_the_points_the_workers_and_what_is_needed_first(store: Store) -> None:
    alone = sweeps.estimate(prepare(npv()), sweeps.Pace(0.5, 16), store)
    assert (alone.workers, alone.before_seconds) == (1, 0.0)
    assert alone.seconds == pytest.approx(sweeps.START_SECONDS + 40 * 0.5 + sweeps.KEEPING_SECONDS)
    needing = prepare(npv(base="{}"))
    before = sweeps.estimate(needing, sweeps.Pace(0.5, 16), store)
    (need,) = needing.needs.values()
    assert before.before_seconds == need.seconds() > 0
    assert before.seconds == pytest.approx(alone.seconds + need.seconds())


def test_many_parts_are_shared_by_the_workers_of_the_pool(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.runner.workers", lambda: 4)
    question = prepare(npv(100_000))
    found = sweeps.estimate(question, sweeps.Pace(1e-3, 16), store)
    assert found.workers == 4
    parts = len(question.chunks())
    assert found.seconds == pytest.approx(sweeps.START_SECONDS + 25.0 + sweeps.KEEPING_SECONDS * parts)


def test_the_example_is_small_and_whole() -> None:
    result, points = sweeps.example()
    spec = SweepSpec.parse(dict(result.spec))
    assert points.height == spec.size() == result.summary["points"]
    assert points["error"].null_count() == points.height
    assert points.estimated_size() < 200_000
