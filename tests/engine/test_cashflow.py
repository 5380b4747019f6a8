"""Discounting against sums by hand, mixtures against closed forms, scipy's log-normal, quadrature and root finding."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from engine.cashflow import (
    LogNormalMixture,
    annuity,
    monthly_rate,
    months_kept,
    panels_needed,
    revenue_factor,
    uniform_nodes,
)


def test_annuity_of_72_months_at_20_percent() -> None:
    assert float(annuity(0.20, 72)) == pytest.approx(43.443829, abs=5e-7)


def test_monthly_rate_compounds_to_the_annual_rate() -> None:
    assert (1 + monthly_rate(0.20)) ** 12 == pytest.approx(1.20, rel=1e-14)


@settings(deadline=None)
@given(rate=st.floats(1e-9, 5), months=st.integers(1, 600))
def test_annuity_is_the_sum_of_discounted_months(rate: float, months: int) -> None:
    by_hand = math.fsum((1 + rate) ** (-t / 12) for t in range(1, months + 1))
    assert float(annuity(rate, months)) == pytest.approx(by_hand, rel=1e-11)


def test_annuity_without_discounting_counts_months() -> None:
    assert annuity(0.0, [1, 72]).tolist() == [1.0, 72.0]


@pytest.mark.parametrize(
    ("exclusivity", "kept"), [(0.0, 1), (0.99, 1), (4.7, 4), (71.999, 71), (72.0, 72), (500.0, 72)]
)
def test_months_kept_are_whole_and_within_the_horizon(exclusivity: float, kept: int) -> None:
    assert float(months_kept(exclusivity, 72)) == kept


def test_factor_at_4_7_months_and_a_drop_of_70_percent() -> None:
    kept = annuity(0.20, months_kept(4.7, 72))
    assert float(revenue_factor(kept, annuity(0.20, 72), 0.7)) == pytest.approx(15.73, abs=0.005)


def test_no_drop_has_no_effect_and_a_total_drop_leaves_the_months_kept() -> None:
    whole = annuity(0.20, 72)
    assert float(revenue_factor(annuity(0.20, 5), whole, 0.0)) == float(whole)
    assert float(revenue_factor(annuity(0.20, 5), whole, 1.0)) == float(annuity(0.20, 5))


def single(scale: float, sigma: float) -> LogNormalMixture:
    return LogNormalMixture(np.array([[scale]]), np.array([[1.0]]), np.array([sigma]))


@settings(deadline=None)
@given(scale=st.floats(1e-3, 1e6), sigma=st.floats(0.05, 3), p=st.floats(1e-6, 1 - 1e-6))
def test_one_component_is_scipys_lognormal(scale: float, sigma: float, p: float) -> None:
    mix, oracle = single(scale, sigma), stats.lognorm(sigma, scale=scale)
    log_q = mix.log_quantile(p)
    assert math.exp(log_q[0]) == pytest.approx(oracle.ppf(p), rel=1e-9)
    assert mix.mean()[0] == pytest.approx(oracle.mean(), rel=1e-12)
    assert mix.sd()[0] == pytest.approx(oracle.std(), rel=1e-9)
    assert mix.cdf(log_q)[0] == pytest.approx(p, rel=1e-9)


@st.composite
def mixtures(draw: st.DrawFn) -> LogNormalMixture:
    n = draw(st.integers(1, 6))
    scale = draw(st.lists(st.floats(0.01, 1e4), min_size=n, max_size=n))
    weight = np.array(draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n)))
    return LogNormalMixture(np.array([scale]), (weight / weight.sum())[None], np.array([draw(st.floats(0.05, 3))]))


@settings(max_examples=150, deadline=None)
@given(mix=mixtures(), p=st.sampled_from([0.001, 0.05, 0.5, 0.99]))
def test_quantile_is_the_root_scipy_finds(mix: LogNormalMixture, p: float) -> None:
    scale, weight, sigma = mix.scale[0], mix.weight[0], mix.sigma[0]

    def excess(y: float) -> float:
        return float(weight @ stats.norm.cdf((y - np.log(scale)) / sigma)) - p

    root = optimize.brentq(excess, np.log(scale).min() - 10 * sigma, np.log(scale).max() + 10 * sigma, xtol=1e-13)
    assert abs(excess(float(mix.log_quantile(p)[0]))) < 1e-11
    if excess(root + 1e-6) - excess(root - 1e-6) > 1e-9:
        assert float(mix.log_quantile(p)[0]) == pytest.approx(root, abs=1e-6)


def test_partial_mean_is_the_integral_of_the_tail() -> None:
    mix = LogNormalMixture(np.array([[3.0, 20.0]]), np.array([[0.3, 0.7]]), np.array([0.8]))

    def density(x: float) -> float:
        return float(0.3 * stats.lognorm.pdf(x, 0.8, scale=3.0) + 0.7 * stats.lognorm.pdf(x, 0.8, scale=20.0))

    tail, _ = integrate.quad(lambda x: x * density(x), 0, 6.0, epsabs=1e-12)
    assert mix.partial_mean(np.log([6.0]))[0] == pytest.approx(tail, rel=1e-9)


def test_rows_are_independent_and_can_be_taken() -> None:
    both = LogNormalMixture(np.array([[1.0, 2.0], [5.0, 9.0]]), np.full((2, 2), 0.5), np.array([0.5, 1.5]))
    alone = both.take(np.array([1, 1]))
    assert alone.log_quantile(0.05).tolist() == [both.log_quantile(0.05)[1]] * 2


def uniform_drop_cdf(low: float, high: float, sigma: float, log_x: float) -> float:
    """P(F exp(sigma Z) <= x) for F uniform on [low, high]: the integral over F, by parts."""

    def term(f: float) -> float:
        tilted = stats.norm.cdf((math.log(f) - log_x - sigma**2) / sigma)
        return float(f * stats.norm.cdf((log_x - math.log(f)) / sigma) + math.exp(log_x + sigma**2 / 2) * tilted)

    return (term(high) - term(low)) / (high - low)


@settings(max_examples=60, deadline=None)
@given(
    kept=st.integers(1, 71),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda e: abs(e[0] - e[1]) > 1e-3),
    sigma=st.floats(0.05, 3),
    z=st.floats(-3, 3),
)
def test_nodes_integrate_a_uniform_drop(kept: int, ends: tuple[float, float], sigma: float, z: float) -> None:
    kept_annuity, whole = annuity(0.20, kept), annuity(0.20, 72)
    high, low = (float(revenue_factor(kept_annuity, whole, d)) for d in sorted(ends))
    panels = panels_needed(np.array([low]), np.array([high]), np.array([sigma]))
    nodes, weights = uniform_nodes(panels)
    factor = low + (high - low) * nodes
    mix = LogNormalMixture(factor[None], weights[None], np.array([sigma]))
    log_x = math.log((low + high) / 2) + sigma * z
    assert mix.cdf(np.array([log_x]))[0] == pytest.approx(uniform_drop_cdf(low, high, sigma, log_x), abs=1e-9)


def test_sixteen_nodes_serve_the_default_range() -> None:
    kept, whole = annuity(0.20, 1), annuity(0.20, 72)
    low, high = revenue_factor(kept, whole, [0.7]), revenue_factor(kept, whole, [0.3])
    assert panels_needed(low, high, np.array([1.0])) == 1
    assert len(uniform_nodes(1)[0]) == 16
