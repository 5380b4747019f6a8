"""Designs by their defining properties, and sweeps against asking each point alone."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import registry
from engine.spec import SpecError
from engine.sweep import Axis, SweepSpec, design
from jobs import client
from jobs.execute import execute
from jobs.question import prepare
from jobs.store import Store

BASE = {"exclusivity": "lognormal", "training_compute_flop": 9e25}


def swept(**fields: Any) -> SweepSpec:
    return SweepSpec.parse({"target": "npv", "base": BASE, **fields})


def points(spec: SweepSpec, store: Store) -> pl.DataFrame:
    answer = execute(prepare(spec), store, "inline")
    return client.points(answer.result.key, store.root)


def test_grid_is_the_product() -> None:
    spec = swept(axes={"sigma": {"low": 0.5, "high": 1.5, "n": 3}, "tier": {"values": ["III", "IV"]}})
    frame = design(spec)
    assert frame.height == spec.size() == 6
    assert sorted(frame.rows()) == [(s, t) for s in (0.5, 1.0, 1.5) for t in ("III", "IV")]


def test_log_axis_has_equal_ratios() -> None:
    values = np.array(Axis(low=1e-3, high=1e3, n=7, scale="log").grid(), dtype=float)
    assert values[1:] / values[:-1] == pytest.approx(10.0)


@given(n=st.integers(2, 200), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_latin_hypercube_has_one_point_a_stratum(n: int, seed: int) -> None:
    axes = {"drop": {"low": 0.0, "high": 1.0}, "apc_max_share": {"low": 0.0, "high": 1.0}}
    frame = design(swept(kind="lhs", points=n, seed=seed, axes=axes))
    for column in frame.get_columns():
        assert sorted(np.minimum((column.to_numpy() * n).astype(int), n - 1)) == list(range(n))


def test_sobol_fills_space_better_than_chance() -> None:
    from scipy.stats import qmc

    axes = {"drop": {"low": 0.0, "high": 1.0}, "apc_max_share": {"low": 0.0, "high": 1.0}}
    sobol = design(swept(kind="sobol", points=256, axes=axes)).to_numpy()
    random = np.random.default_rng(1).random((256, 2))
    assert qmc.discrepancy(sobol) < qmc.discrepancy(random) / 5


def test_integer_fields_get_integers() -> None:
    frame = design(swept(kind="lhs", points=9, axes={"horizon_months": {"low": 12, "high": 120}}))
    assert frame["horizon_months"].dtype == pl.Int64


def test_text_and_number_in_base_are_one_question() -> None:
    typed = swept(axes={"sigma": {"values": [1.0]}})
    text = SweepSpec.parse(
        {"target": "npv", "base": {**BASE, "training_compute_flop": "9e25"}, "axes": {"sigma": {"values": [1.0]}}}
    )
    assert text.key() == typed.key()


def test_a_point_equals_asking_it_alone(tmp_path: Any) -> None:
    """The block path of the exact engine against single runs, to the last digits."""
    store = Store(str(tmp_path))
    axes = {"sigma": {"values": [0.4, 1.2]}, "cost_multiple": {"values": [1, 30]}}
    for row in points(swept(axes=axes), store).iter_rows(named=True):
        spec = registry.study("npv").spec_type.parse(
            {**BASE, "sigma": row["sigma"], "cost_multiple": row["cost_multiple"]}
        )
        alone = execute(prepare(spec), store, "inline").result.summary
        for figure in ("mean_usd", "p_positive", "var5_usd", "upfront_cost_usd"):
            assert row[figure] == pytest.approx(alone[figure], rel=1e-9)


def test_studies_without_a_block_path_are_asked_one_by_one(tmp_path: Any) -> None:
    spec = SweepSpec.parse(
        {"target": "diffusion", "base": {"parts": "curve"}, "axes": {"theta": {"values": [0.5, 1.0]}}}
    )
    frame = points(spec, Store(str(tmp_path)))
    assert frame.filter(pl.col("theta") == 1.0)["subjects"].item() == 88
    assert frame["key"].n_unique() == 2


def test_failing_points_are_rows_and_not_the_end(tmp_path: Any) -> None:
    axes = {"drop_low": {"values": [0.3, 0.9, 0.5]}, "annual_discount_rate": {"values": [0.1, 0.2]}}
    store = Store(str(tmp_path))
    answer = execute(prepare(swept(axes=axes)), store, "inline").result
    frame = client.points(answer.key, store.root)
    assert (answer.summary["points"], answer.summary["done"], answer.summary["failed"]) == (6, 4, 2)
    assert frame.filter(pl.col("error").is_not_null())["drop_low"].to_list() == [0.9, 0.9]
    assert "drop_low" in str(frame["error"].drop_nulls()[0])
    assert frame["point"].to_list() == list(range(6))


def test_needs_shared_by_points_are_run_once() -> None:
    spec = SweepSpec.parse(
        {
            "target": "npv",
            "axes": {"exclusivity_domain": {"values": ["All", "Language"]}, "sigma": {"low": 0.5, "high": 1, "n": 20}},
        }
    )
    assert len(registry.study("sweep").needs(spec)) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": "nothing", "axes": {"a": {"values": [1]}}}, "no study 'nothing'"),
        ({"axes": {"sigmas": {"values": [1]}}}, "no field 'sigmas'"),
        ({"axes": {}}, "axes"),
        ({"axes": {"sigma": {"low": 1}}}, "low and high, or values"),
        ({"axes": {"sigma": {"low": 2, "high": 1, "n": 3}}}, "low must not be above high"),
        ({"axes": {"sigma": {"low": 0, "high": 1, "n": 3, "scale": "log"}}}, "log axis needs low above 0"),
        ({"axes": {"sigma": {"low": 1, "high": 2}}}, "needs n"),
        ({"kind": "sobol", "axes": {"sigma": {"low": 1, "high": 2}}}, "needs points"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "n": 1001}, "mu": {"low": 0, "high": 1, "n": 1000}}}, "at most"),
        ({"base": {"sigma": 1}, "axes": {"sigma": {"values": [1]}}}, "both in base and an axis"),
        ({"base": {"sigma": "much"}, "axes": {"mu": {"values": [1]}}}, "'sigma'"),
    ],
)
def test_bad_designs_are_one_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        SweepSpec.parse({"target": "npv", **fields})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
