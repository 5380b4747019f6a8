"""Goal seek against closed forms, and tables of one and two inputs at a time against direct evaluation."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sensitivity import Range, goal_seek, samples_for, sobol_design, sobol_indices, spider, two_way


@settings(deadline=None)
@given(target=st.floats(-50, 50), slope=st.floats(0.1, 9), rising=st.booleans())
def test_a_line_is_solved(target: float, slope: float, rising: bool) -> None:
    sign = 1 if rising else -1
    found = goal_seek(lambda x: sign * slope * x, Range("x", -1e4, 1e4), target, "f")
    assert found.value is not None
    assert found.value == pytest.approx(sign * target / slope, rel=1e-9, abs=1e-8)
    assert found.monotone


def test_a_wide_range_is_gone_through_by_ratios() -> None:
    found = goal_seek(np.log10, Range("x", 1e-12, 1e12, log=True), -7.5, "f")
    assert found.value == pytest.approx(10**-7.5, rel=1e-9)


def test_no_solution_is_a_sentence_with_both_ends() -> None:
    found = goal_seek(lambda x: x**2, Range("x", 1, 3), 20.0, "the square")
    assert (found.value, found.crossings) == (None, 0)
    assert found.sentence.startswith("No solution within bounds: for x from 1 to 3, the square lies between 1 and 9")


def test_several_solutions_are_said_and_the_lowest_given() -> None:
    found = goal_seek(np.sin, Range("x", 0.1, 12), 0.5, "f")
    assert found.value == pytest.approx(math.pi / 6, rel=1e-9)
    assert not found.monotone
    assert "lowest of 4 solutions" in found.sentence


def test_a_whole_input_gives_the_nearest() -> None:
    found = goal_seek(lambda x: x * 10.0, Range("n", 1, 600, whole=True), 1234.0, "f")
    assert (found.value, found.achieved) == (123.0, 1230.0)


def model(points: pl.DataFrame) -> pl.DataFrame:
    return points.select(f=pl.col("a") * 10 + pl.col("b"))


def test_spider_and_grid_are_the_model() -> None:
    ranges = [Range("a", 0, 2), Range("b", 1, 3)]
    found = spider(model, {"a": 1.0, "b": 2.0}, ranges, 3, ["f"])
    assert found["f"].to_list() == [2.0, 12.0, 22.0, 11.0, 12.0, 13.0]
    grid = two_way(model, {}, *ranges, 2, ["f"])
    assert grid["f"].to_list() == [1.0, 3.0, 21.0, 23.0]
    assert grid["y_value"].to_list() == [1.0, 3.0, 1.0, 3.0]


def test_ishigami_has_its_known_indices() -> None:
    ranges = [Range(f"x{i}", -math.pi, math.pi) for i in range(3)]
    x = sobol_design(ranges, 4096, 1).to_numpy().T
    a, b = 7.0, 0.1
    found = sobol_indices(ranges, np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0]), 1)
    variance = a**2 / 8 + b * math.pi**4 / 5 + b**2 * math.pi**8 / 18 + 0.5
    first = [0.5 * (1 + b * math.pi**4 / 5) ** 2 / variance, a**2 / 8 / variance, 0.0]
    both = 8 * b**2 * math.pi**8 / 225 / variance
    assert found["first"].to_list() == pytest.approx(first, abs=0.02)
    assert found["total"].to_list() == pytest.approx([first[0] + both, first[1], both], abs=0.02)
    assert ((found["first_ci_low"] < found["first"]) & (found["first"] < found["first_ci_high"])).all()


def test_g_function_has_its_known_indices() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    ranges = [Range(f"x{i}", 0, 1) for i in range(4)]
    x = sobol_design(ranges, 4096, 2).to_numpy()
    found = sobol_indices(ranges, np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=1), 2)
    alone = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + alone) - 1
    total = alone * np.prod(1 + alone) / (1 + alone) / variance
    assert found["first"].to_list() == pytest.approx((alone / variance).tolist(), abs=0.02)
    assert found["total"].to_list() == pytest.approx(total.tolist(), abs=0.02)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    ranges = [Range("x", 0, 1), Range("y", 0, 1)]
    held = 0
    for seed in range(1, 41):
        x = sobol_design(ranges, 128, seed).to_numpy()
        row = sobol_indices(ranges, 3 * x[:, 0] + x[:, 1], seed).row(0, named=True)
        held += row["total_ci_low"] <= 0.9 <= row["total_ci_high"]
    assert held >= 34


def test_a_constant_has_no_indices() -> None:
    ranges = [Range("x", 0, 1)]
    assert sobol_indices(ranges, np.full(3 * 64, 5.0), 1)["total"].to_list() == [None]


def test_samples_grow_with_the_inputs() -> None:
    sizes = [samples_for(n) for n in (1, 4, 8, 20)]
    assert sizes == sorted(sizes)
    assert all(size & (size - 1) == 0 for size in sizes)
    assert sizes[-1] >= 128 * 20


def test_the_seed_decides_the_design_and_the_intervals() -> None:
    ranges = [Range("x", 0, 1), Range("y", 0, 1)]
    one, again, other = (sobol_design(ranges, 64, seed) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)
    values = one["x"].to_numpy() ** 2
    assert sobol_indices(ranges, values, 1).equals(sobol_indices(ranges, values, 1))
