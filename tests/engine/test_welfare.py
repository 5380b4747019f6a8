"""Welfare: the surplus identity, closed forms against quadrature, the whole table against a simulation of its own."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from engine.cashflow import LogNormalMixture, annuity
from engine.npv import NpvSpec
from engine.welfare import WelfareSpec
from engine.welfare.answers import instrument_table
from engine.welfare.firms import Types
from engine.welfare.instruments import positions
from engine.welfare.surplus import once_matched, present_value, streams, while_leading
from tests.engine import npv_cases
from tests.engine.welfare_cases import COST_USD, SPENDING, close, draws, made, payment, run


@settings(max_examples=200, deadline=None)
@given(
    mass=st.lists(st.floats(0, 1), min_size=1, max_size=120),
    rate=st.floats(0, 5),
    drops=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_what_a_market_yields_adds_up_to_twice_the_annuity(
    mass: list[float], rate: float, drops: tuple[float, float]
) -> None:
    assume(sum(mass) > 0)
    kept = np.array(mass) / sum(mass)
    found = present_value(streams(kept, min(drops), max(drops)), rate)
    total = float(found.producer + found.consumer + found.deadweight)
    assert total == pytest.approx(2 * float(annuity(rate, len(mass))), rel=1e-12)


def test_each_part_is_the_expectation_by_hand() -> None:
    kept, rate, low, high = np.array([0.2, 0.0, 0.5, 0.0, 0.3]), 0.2, 0.3, 0.7
    discount = [1.2 ** (-t / 12) for t in range(1, 6)]

    def by_hand(before: float, after: object) -> float:
        mean = integrate.quad(lambda d: after(d) / (high - low), low, high, epsabs=0, epsrel=1e-12)[0]
        return math.fsum(
            kept[k - 1] * (before * math.fsum(discount[:k]) + mean * math.fsum(discount[k:])) for k in range(1, 6)
        )

    found = present_value(streams(kept, low, high), rate)
    assert float(found.producer) == pytest.approx(by_hand(1, lambda d: 1 - d), rel=1e-12)
    assert float(found.consumer) == pytest.approx(by_hand(0.5, lambda d: (1 + math.sqrt(d)) ** 2 / 2), rel=1e-12)
    assert float(found.deadweight) == pytest.approx(by_hand(0.5, lambda d: (1 - math.sqrt(d)) ** 2 / 2), rel=1e-12)


@pytest.mark.parametrize("drop", [0.0, 0.3, 0.7, 1.0])
def test_surplus_is_that_of_a_linear_demand_curve_at_the_limit_price(drop: float) -> None:
    """P = 2 - q: the monopoly sells 1 at 1 and earns 1."""
    price = optimize.brentq(lambda p: p * (2 - p) - (1 - drop), 0, 1)
    consumer = integrate.quad(lambda q: 2 - q - price, 0, 2 - price)[0]
    lost = integrate.quad(lambda q: 2 - q, 2 - price, 2)[0]
    found = once_matched(drop, drop)
    assert float(found.producer) == pytest.approx(price * (2 - price), abs=1e-9)
    assert float(found.consumer) == pytest.approx(consumer, abs=1e-9)
    assert float(found.deadweight) == pytest.approx(lost, abs=1e-9)
    if drop == 0:
        assert found == while_leading()


@settings(max_examples=40, deadline=None)
@given(
    rho=st.floats(0.02, 0.98),
    sigma=st.floats(0.2, 2),
    cap_z=st.floats(-4, 4),
    floor_z=st.floats(-4, 4),
)
def test_partial_moments_are_the_integrals_over_types_and_residuals(
    rho: float, sigma: float, cap_z: float, floor_z: float
) -> None:
    scale, weight = np.array([0.7, 2.0]), np.array([0.4, 0.6])
    types = Types(1.3, sigma, rho, LogNormalMixture(scale[None], weight[None], np.array([sigma])))
    cap, floor = math.exp(1.3 + sigma * cap_z), 1.3 + types.type_sd * floor_z

    def of_type(m: float) -> float:
        def paid(e: float) -> float:
            return float(weight @ np.minimum(scale * math.exp(m + types.residual_sd * e), cap)) * stats.norm.pdf(e)

        kinks = [(math.log(cap / f) - m) / types.residual_sd for f in scale]
        return integrate.quad(paid, -9, 9, points=[k for k in kinks if abs(k) < 9] or None, epsrel=1e-10)[0]

    probe = 1.3 + types.type_sd * cap_z / 2
    assert types.capped_mean_of(cap, probe) == pytest.approx(of_type(probe), rel=1e-7)

    def over_types(z: float) -> float:
        return types.capped_mean_of(cap, 1.3 + types.type_sd * z) * stats.norm.pdf(z)

    expected = integrate.quad(over_types, floor_z, 10, epsabs=0, epsrel=1e-10, limit=200)[0]
    assert types.capped_mean_above(cap, floor) == pytest.approx(expected, rel=1e-7)
    short = cap * stats.norm.sf(floor_z) - expected
    assert types.shortfall_above(cap, floor) == pytest.approx(short, rel=1e-6, abs=1e-8 * cap)


@pytest.mark.parametrize(("multiple", "rho"), [(1.0, 0.5), (15.0, 0.5), (12.0, 1.0), (8.0, 0.1)])
def test_the_table_is_what_a_simulation_gives(multiple: float, rho: float) -> None:
    result = run(cost_multiple=multiple, rho=rho)
    spec, cost, mu = WelfareSpec(cost_multiple=multiple, rho=rho), COST_USD * multiple, result.summary["mu"]
    for one in result.tables["instruments"].filter(pl.col("p_invest").is_not_null()).iter_rows(named=True):
        months = one["level"] if one["level_unit"] == "months" else 0.0
        drawn = draws(spec, mu, months, 100_000)
        floor = mu - spec.sigma * math.sqrt(rho) * stats.norm.ppf(one["p_invest"])
        paid = payment(one["instrument"], one["level"], drawn["ps"], cost)
        built = drawn["type"] >= floor
        assert close(built * (drawn["ps"] - cost), one["ps"])
        assert close(built * drawn["cs"], one["cs"])
        assert close(built * drawn["dwl"], one["dwl"])
        assert close(built * paid, one["fiscal"])
        if one["p_invest"] < 1:
            marginal = drawn["ps"] * np.exp(floor - drawn["type"])
            assert close(marginal + payment(one["instrument"], one["level"], marginal, cost) - cost, 0.0)


@settings(max_examples=40, deadline=None)
@given(
    multiple=st.floats(0.05, 60),
    rho=st.floats(0.05, 1),
    sigma=st.floats(0.1, 1.6),
    share=st.floats(0.001, 0.5),
    mcpf=st.floats(0, 2),
    rate=st.floats(0, 1),
    horizon=st.integers(1, 120),
)
def test_every_row_adds_up(
    multiple: float, rho: float, sigma: float, share: float, mcpf: float, rate: float, horizon: int
) -> None:
    spec = WelfareSpec(
        cost_multiple=multiple,
        rho=rho,
        sigma=sigma,
        outlay_share=share,
        mcpf=mcpf,
        annual_discount_rate=rate,
        horizon_months=horizon,
    )
    firm = made(spec)
    cost, whole = COST_USD * multiple, 2 * float(annuity(rate, horizon))
    table = instrument_table(positions(spec, firm), mcpf)
    for one in table.filter(pl.col("p_invest").is_not_null()).iter_rows(named=True):
        threshold = -stats.norm.ppf(one["p_invest"])
        growth = math.exp(firm.types.mu + sigma**2 / 2)
        first_month = growth * stats.norm.sf(threshold - sigma * math.sqrt(rho))
        gross = one["ps"] + cost * one["p_invest"] + one["cs"] + one["dwl"]
        assert gross == pytest.approx(whole * first_month, rel=1e-5, abs=1e-6 * whole * growth)
        assert one["welfare"] == pytest.approx(one["ps"] + one["cs"] - mcpf * one["fiscal"], rel=1e-12, abs=1e-6 * cost)
        if one["instrument"] in SPENDING:
            assert one["fiscal"] == pytest.approx(share * cost, rel=1e-6)


def test_streams_discount_to_the_revenue_factor() -> None:
    monthly = run().tables["streams"]
    discount = 1.2 ** (-monthly["month"] / 12)
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy")).summary["revenue_factor_mean"]
    assert (monthly["producer"] * discount).sum() == pytest.approx(theirs, rel=1e-12)
    assert (monthly["producer"] + monthly["consumer"] + monthly["deadweight"] - 2).abs().max() < 1e-12


@pytest.mark.parametrize("ends", [(-9.0, -8.5), (-0.3, 0.4), (8.0, 8.1), (0.5, math.inf)])
def test_types_between_two_bounds_are_integrals_of_the_normal(ends: tuple[float, float]) -> None:
    """Against quadrature, also far out, where a difference of totals has no digits left; twelve deviations are all."""
    types = Types(20.0, 1.2, 0.4, LogNormalMixture(np.ones((1, 1)), np.ones((1, 1)), np.array([1.2])))

    def integral(earned: object) -> float:
        top = min(ends[1], 12.0)
        return integrate.quad(lambda z: earned(z) * stats.norm.pdf(z), ends[0], top, epsabs=0, epsrel=1e-11)[0]

    low, high = (20 + types.type_sd * end for end in ends)
    assert types.share_between(low, high) == pytest.approx(integral(lambda z: 1.0), rel=1e-9)
    mean = integral(lambda z: math.exp(20 + types.type_sd * z + types.residual_sd**2 / 2))
    assert types.mean_between(low, high) == pytest.approx(mean, rel=1e-9)
