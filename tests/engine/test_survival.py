"""Our product-limit estimate against lifelines: same data, ties and delayed entry included, to 1e-12."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.survival import kaplan_meier, median, median_interval, restricted_mean

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter

durations = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=5, max_size=60)


@given(rows=durations)
@settings(max_examples=40, deadline=None)
def test_agrees_with_lifelines(rows: list[tuple[int, bool]]) -> None:
    months, event = [float(m) for m, _ in rows], [e for _, e in rows]
    ours = kaplan_meier(pl.Series(months), pl.Series(event))
    theirs = KaplanMeierFitter().fit(months, event)
    expected = theirs.survival_function_at_times(ours["months"].to_list()).to_numpy()
    np.testing.assert_allclose(ours["survival"].to_numpy(), expected, atol=1e-12)
    limits = theirs.confidence_interval_survival_function_
    inner = ours.filter((pl.col("survival") > 0) & (pl.col("survival") < 1))
    for row in inner.iter_rows(named=True):
        low, high = limits.loc[row["months"]]
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=1e-9)
    if (ours["survival"] - 0.5).abs().min() < 1e-9:
        return  # a curve that touches one half: lifelines' median depends on the rounding of its logarithms
    assert median(ours) == (None if np.isinf(theirs.median_survival_time_) else theirs.median_survival_time_)


def test_delayed_entry_agrees_with_lifelines() -> None:
    rng = np.random.default_rng(5)
    entry = np.where(np.arange(80) < 20, 0.0, rng.uniform(0, 3, 80))
    months = entry + rng.exponential(6, 80)
    event = rng.uniform(size=80) < 0.7
    ours = kaplan_meier(pl.Series(months), pl.Series(event), pl.Series(entry))
    theirs = KaplanMeierFitter().fit(months, event, entry=entry)
    expected = theirs.survival_function_at_times(ours["months"].to_list()).to_numpy()
    np.testing.assert_allclose(ours["survival"].to_numpy()[1:], expected[1:], atol=1e-12)


def test_without_censoring_it_is_the_empirical_survivor_function() -> None:
    curve = kaplan_meier(pl.Series([1.0, 2.0, 3.0, 4.0]), pl.Series([True] * 4))
    assert curve["survival"].to_list() == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert curve["at_risk"].to_list() == [4, 4, 3, 2, 1]
    assert restricted_mean(curve, 4.0) == pytest.approx(2.5)
    assert median(curve) == 2.0


def test_median_interval_is_open_when_the_upper_limit_never_falls_to_half() -> None:
    curve = kaplan_meier(pl.Series([1.0, 2.0, 3.0, 9.0]), pl.Series([True, True, False, False]))
    low, high = median_interval(curve)
    assert low is not None
    assert high is None
