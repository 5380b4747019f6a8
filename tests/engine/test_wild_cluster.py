"""The wild cluster bootstrap against the package wildboottest and against refits written out."""

import itertools

import numpy as np
import polars as pl
import pytest

from engine.regression import Design, design, fit
from engine.wild_cluster import webb, wild_cluster


def invented(groups: int, n: int = 240, effect: float = 0.25, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    cluster = np.arange(n) % groups
    shock = rng.normal(size=groups)[cluster]
    x = rng.normal(size=n) + rng.normal(size=groups)[cluster]
    y = effect * x + shock + rng.normal(size=n)
    return pl.DataFrame({"y": y, "x": x, "z": rng.normal(size=n), "g": cluster, "t": rng.integers(0, 4, n)})


def designed(groups: int, **more: float) -> Design:
    return design(invented(groups, **more), "y", ["x", "z"], ["t"], "g")


def written_out(d: Design, value: float) -> float:
    """p-value by refitting every replicate with the formulas of the textbook (CR1 t-statistics)."""
    j = d.names.index("x")
    others = np.delete(d.x, j, axis=1)
    shifted = d.y - value * d.x[:, j]
    restricted = others @ np.linalg.lstsq(others, shifted, rcond=None)[0]
    residual = shifted - restricted
    observed = fit(d, "cluster").term("x")
    t = abs((observed["coef"] - value) / observed["se"])
    exceed = []
    assert d.clusters is not None
    for signs in itertools.product((-1.0, 1.0), repeat=int(d.clusters.max()) + 1):
        y = restricted + value * d.x[:, j] + residual * np.array(signs)[d.clusters]
        term = fit(Design(y, d.x, d.names, d.clusters), "cluster").term("x")
        exceed.append(abs((term["coef"] - value) / term["se"]) >= t * (1 - 1e-9))
    return float(np.mean(exceed))


@pytest.mark.parametrize("value", [0.0, 0.3, -0.2])
def test_equals_the_bootstrap_written_out(value: float) -> None:
    d = designed(7)
    prepared = wild_cluster(d, "x", np.random.default_rng(0))
    assert prepared.p_value(value) == written_out(d, value)
    assert (prepared.coef, prepared.se) == pytest.approx(tuple(fit(d, "cluster").term("x").values())[:2], rel=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("groups", [9, 20])
def test_agrees_with_wildboottest(groups: int) -> None:
    """Both have Monte Carlo error of about sqrt(p(1-p)/9,999) = .005; four of these each way."""
    import statsmodels.api as sm
    from wildboottest.wildboottest import wildboottest

    d = designed(groups)
    model = sm.OLS(d.y, d.x)
    kind = "rademacher" if groups <= 12 else "webb"
    theirs = wildboottest(
        model, param="x1", cluster=d.clusters, B=9_999, weights_type=kind, bootstrap_type="11", seed=3, show=False
    )
    ours = wild_cluster(d, "x", np.random.default_rng(4)).p_value()
    assert ours == pytest.approx(float(theirs["p-value"].iloc[0]), abs=0.02)


def test_confidence_set_holds_what_the_test_does_not_reject() -> None:
    prepared = wild_cluster(designed(9), "x", np.random.default_rng(0))
    low, high = prepared.confidence_set()
    assert low is not None
    assert high is not None
    assert low < prepared.coef < high
    assert prepared.p_value(low + 1e-3) > 0.05 >= prepared.p_value(low - 1e-6)
    assert prepared.p_value(high - 1e-3) > 0.05 >= prepared.p_value(high + 1e-6)


def test_few_clusters_leave_the_set_unbounded() -> None:
    """Four clusters have 16 patterns: the smallest possible p is 2/16 > .05, so nothing can be rejected."""
    assert wild_cluster(designed(4), "x", np.random.default_rng(0)).confidence_set() == (None, None)


def test_size_is_right_without_an_effect() -> None:
    """Of 200 samples without an effect, about 5 % reject at 5 %; the binomial 99.9 % bound is 10.5 %."""
    rejected = [
        wild_cluster(designed(9, effect=0.0, seed=s), "x", np.random.default_rng(0)).p_value() <= 0.05
        for s in range(200)
    ]
    assert np.mean(rejected) < 0.105


def test_webb_weights_have_mean_zero_and_variance_one() -> None:
    drawn = webb(np.random.default_rng(0), (200_000,))
    assert drawn.mean() == pytest.approx(0, abs=4 / np.sqrt(200_000))
    assert drawn.var() == pytest.approx(1, abs=0.01)
