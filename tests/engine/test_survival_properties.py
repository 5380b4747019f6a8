"""Identities of the estimators, faults of the records, and known hazards recovered from simulated leads."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.regression import DesignError
from engine.survival import (
    DurationError,
    aalen_johansen,
    cox,
    cox_coefficients,
    kaplan_meier,
    risk_sets,
    start_stop,
)

records = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([None, "x", "y", "z"])), min_size=3, max_size=50)


def columns(rows: list[tuple[int, str | None]]) -> tuple[pl.Series, pl.Series]:
    return pl.Series([float(m) for m, _ in rows]), pl.Series([c for _, c in rows], dtype=pl.String)


@given(rows=records)
@settings(max_examples=60, deadline=None)
def test_one_cause_is_one_minus_survival_ties_included(rows: list[tuple[int, str | None]]) -> None:
    months, cause = columns(rows)
    one = pl.select(pl.when(cause.is_not_null()).then(pl.lit("any"))).to_series()
    curve, found = kaplan_meier(months, cause.is_not_null()), aalen_johansen(months, one)
    if found.is_empty():
        assert curve.height == 1
        return
    np.testing.assert_allclose(found["cif"].to_numpy(), 1 - curve["survival"].to_numpy(), atol=1e-12)
    inner = curve["survival"].is_between(0, 1, closed="none")
    inside = curve.filter(inner)
    np.testing.assert_allclose(found.filter(inner)["ci_low"].to_numpy(), 1 - inside["ci_high"].to_numpy(), atol=1e-12)
    np.testing.assert_allclose(found.filter(inner)["ci_high"].to_numpy(), 1 - inside["ci_low"].to_numpy(), atol=1e-12)


@given(rows=records)
@settings(max_examples=60, deadline=None)
def test_causes_add_up_to_one_minus_survival(rows: list[tuple[int, str | None]]) -> None:
    months, cause = columns(rows)
    curve, found = kaplan_meier(months, cause.is_not_null()), aalen_johansen(months, cause)
    total = found.group_by("months").agg(pl.col("cif").sum()).sort("months")
    if not found.is_empty():
        np.testing.assert_allclose(total["cif"].to_numpy(), 1 - curve["survival"].to_numpy(), atol=1e-12)
    assert found.filter(~pl.col("cif").is_between(pl.col("ci_low") - 1e-12, pl.col("ci_high") + 1e-12)).is_empty()


@given(rows=records)
@settings(max_examples=60, deadline=None)
def test_clusters_of_one_give_greenwoods_interval(rows: list[tuple[int, str | None]]) -> None:
    months, cause = columns(rows)
    found = kaplan_meier(months, cause.is_not_null(), cluster=pl.Series(range(len(rows))))
    np.testing.assert_allclose(found["cluster_low"].to_numpy(), found["ci_low"].to_numpy(), atol=1e-12)
    np.testing.assert_allclose(found["cluster_high"].to_numpy(), found["ci_high"].to_numpy(), atol=1e-12)


@given(rows=records)
@settings(max_examples=40, deadline=None)
def test_counting_every_subject_twice_changes_no_clustered_interval(rows: list[tuple[int, str | None]]) -> None:
    """Copies carry no news: clustered by subject, twice the rows give the interval of one row each."""
    months, cause = columns(rows)
    own = pl.Series(range(len(rows)))
    once = kaplan_meier(months, cause.is_not_null(), cluster=own)
    twice = kaplan_meier(
        pl.concat([months, months]), pl.concat([cause, cause]).is_not_null(), cluster=pl.concat([own, own])
    )
    for name in ("survival", "cluster_low", "cluster_high"):
        np.testing.assert_allclose(twice[name].to_numpy(), once[name].to_numpy(), atol=1e-12)


def test_nothing_ends_gives_a_flat_curve_and_no_cause() -> None:
    curve = kaplan_meier(pl.Series([3.0, 9.0]), pl.Series([False, False]), cluster=pl.Series(["a", "b"]))
    assert curve.select("months", "survival", "at_risk").rows() == [(0.0, 1.0, 2)]
    assert aalen_johansen(pl.Series([3.0, 9.0]), pl.Series([None, None], dtype=pl.String)).is_empty()


@pytest.mark.parametrize(("months", "word"), [([1.0, -0.5], "negative"), ([1.0, None], "missing")])
def test_durations_that_cannot_be(months: list[float | None], word: str) -> None:
    with pytest.raises(DurationError, match=word):
        kaplan_meier(pl.Series(months), pl.Series([True, True]))


EPISODE = {"subject": "s", "start_months": 0.0, "stop_months": 1.0, "event": False, "x": 0.5}


@pytest.mark.parametrize(
    ("second", "word"),
    [
        ({"start_months": 2.0, "stop_months": 2.0}, "ends before it starts"),
        ({"start_months": 0.5, "stop_months": 2.0}, "overlaps"),
        ({"start_months": -1.0, "stop_months": 2.0}, "negative"),
        ({"start_months": 1.0, "stop_months": 2.0, "x": None}, None),
    ],
)
def test_start_stop_faults_are_named(second: dict[str, float], word: str | None) -> None:
    rows = pl.DataFrame([EPISODE, {**EPISODE, **second}])
    if word is None:
        assert start_stop(rows, ["x"]).height == 1
        return
    with pytest.raises(DurationError, match=word):
        start_stop(rows, ["x"])


def test_start_stop_needs_its_columns_and_ends_with_the_event() -> None:
    after = pl.DataFrame([{**EPISODE, "event": True}, {**EPISODE, "start_months": 1.0, "stop_months": 2.0}])
    with pytest.raises(DurationError, match="comes after an event"):
        start_stop(after, ["x"])
    with pytest.raises(DurationError, match="no column 'stop_months'"):
        start_stop(after.drop("stop_months"), ["x"])
    with pytest.raises(DesignError, match="No episode ends in an event"):
        risk_sets(pl.DataFrame([EPISODE]), ["x"])


def simulated(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Start-stop leads with log hazard ratios .8 (changes at month 6) and -.5 (fixed), entry late, censored at 24.

    Baseline hazard .06 a month. Drawn by inverting the cumulative hazard of the two periods; who would have ended
    before entering was never seen.
    """
    fixed, early, late = rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    first = 0.06 * np.exp(0.8 * early - 0.5 * fixed)
    second = 0.06 * np.exp(0.8 * late - 0.5 * fixed)
    drawn = rng.exponential(size=n)
    months = np.where(drawn < 6 * first, drawn / first, 6 + (drawn - 6 * first) / second)
    entry, stop = np.where(rng.uniform(size=n) < 0.5, 0.0, rng.uniform(0, 9, n)), np.minimum(months, 24.0)
    rows = []
    for i in np.flatnonzero(stop > entry):
        for low, high, state in ((0.0, 6.0, early[i]), (6.0, 24.0, late[i])):
            start, end = max(low, entry[i]), min(high, stop[i])
            if end > start:
                ended = bool(months[i] <= 24 and end == stop[i])
                rows.append((f"s{i:04d}", start, end, ended, float(state), fixed[i]))
    return pl.DataFrame(
        rows, schema=["subject", "start_months", "stop_months", "event", "state", "fixed"], orient="row"
    )


def test_known_hazards_with_delayed_entry_and_changing_covariates_are_recovered() -> None:
    rng = np.random.default_rng(20)
    sets = risk_sets(simulated(500, rng), ["state", "fixed"])
    number = len(sets.subjects)
    draws = rng.multinomial(number, np.full(number, 1 / number), size=99).astype(float)
    low, high = np.quantile(cox_coefficients(sets, draws), [0.025, 0.975], axis=0)
    assert low[0] < 0.8 < high[0]
    assert low[1] < -0.5 < high[1]
    assert (high - low < 0.8).all()


def test_known_survival_is_recovered_only_when_delayed_entry_is_heeded() -> None:
    """Exponential leads of mean 10 months, seen only if longer than a drawn entry time."""
    rng = np.random.default_rng(12)
    months, entry = rng.exponential(10, 1500), rng.uniform(0, 12, 1500)
    seen = months > entry
    event, series = pl.Series([True] * int(seen.sum())), pl.Series(months[seen])
    truth = np.exp(-1.5)
    heeded = kaplan_meier(series, event, pl.Series(entry[seen])).filter(pl.col("months") <= 15).row(-1, named=True)
    naive = kaplan_meier(series, event).filter(pl.col("months") <= 15).row(-1, named=True)
    assert heeded["ci_low"] < truth < heeded["ci_high"]
    assert naive["ci_low"] > truth


def test_known_hazard_ratio_and_incidence_are_recovered() -> None:
    rng = np.random.default_rng(13)
    x = rng.normal(size=600)
    first = rng.exponential(1 / (0.05 * np.exp(0.6 * x)))
    other, end = rng.exponential(20, 600), rng.uniform(5, 40, 600)
    months = np.minimum.reduce([first, other, end])
    rows = pl.DataFrame({"months": months, "event": first <= np.minimum(other, end), "x": x})
    row = cox(rows, ["x"]).row(0, named=True)
    assert row["ci_low"] < np.exp(0.6) < row["ci_high"]
    flat = rng.exponential(1 / 0.05, 600)
    soonest = np.minimum(flat, other)
    cause = pl.Series(np.where(flat < other, "first", "other"))
    found = aalen_johansen(pl.Series(soonest), cause).filter((pl.col("cause") == "first") & (pl.col("months") <= 10))
    truth = 0.5 * (1 - np.exp(-1.0))
    assert found["ci_low"][-1] < truth < found["ci_high"][-1]
