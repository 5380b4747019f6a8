"""The exact engine against closed forms, quadrature and scipy's root finding, and exclusivity against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from engine.cashflow import annuity
from engine.exclusivity import months_kept_weights, survival_atoms
from engine.npv import NpvSpec
from engine.npv.scenarios import Evidence
from tests.engine.npv_cases import CURVE, diffusion_result, run

COST_USD = 2_360_172_224.71


def closed_form(mu: float, sigma: float, factor: float) -> dict[str, float]:
    """Figures of factor x LogNormal(mu, sigma) - C0."""
    x = stats.lognorm(sigma, scale=factor * math.exp(mu))
    q = x.ppf(0.05)
    tail = x.mean() * stats.norm.cdf(stats.norm.ppf(0.05) - sigma) / 0.05
    return {
        "mean_usd": x.mean() - COST_USD,
        "sd_usd": x.std(),
        "p_positive": x.sf(COST_USD),
        "var5_usd": q - COST_USD,
        "cvar5_usd": tail - COST_USD,
    }


@settings(max_examples=60, deadline=None)
@given(
    mu=st.floats(15, 23),
    sigma=st.floats(0.05, 2.5),
    rate=st.floats(0, 1),
    months=st.floats(0, 100),
    drop=st.floats(0, 1),
)
def test_constant_exclusivity_and_drop_is_one_lognormal(
    mu: float, sigma: float, rate: float, months: float, drop: float
) -> None:
    spec = NpvSpec(
        cost_basis="legacy",
        mu=mu,
        sigma=sigma,
        annual_discount_rate=rate,
        exclusivity="constant",
        exclusivity_months=months,
        drop=drop,
        parts="figures",
    )
    kept = min(max(math.floor(months), 1), 72)
    discount = [(1 + rate) ** (-t / 12) for t in range(1, 73)]
    factor = math.fsum(discount[:kept]) + (1 - drop) * math.fsum(discount[kept:])
    summary = run(spec).summary
    for name, value in closed_form(mu, sigma, factor).items():
        assert summary[name] == pytest.approx(value, rel=1e-8, abs=1e-8 * COST_USD if name != "p_positive" else 1e-12)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 1.6])
def test_a_uniform_drop_is_the_integral_scipy_finds(sigma: float) -> None:
    spec = NpvSpec(cost_basis="legacy", mu=18.5, sigma=sigma, exclusivity="constant", exclusivity_months=6.0)
    kept, whole = float(annuity(0.2, 6)), float(annuity(0.2, 72))

    def over_drop(figure: object) -> float:
        value, _ = integrate.quad(
            lambda d: figure(kept + (1 - d) * (whole - kept)) / 0.4, 0.3, 0.7, epsabs=0, epsrel=1e-12
        )
        return float(value)

    growth = math.exp(18.5 + sigma**2 / 2)
    first = growth * over_drop(lambda f: f)
    second = math.exp(2 * 18.5 + 2 * sigma**2) * over_drop(lambda f: f * f)

    def below(x: float) -> float:
        return over_drop(lambda f: stats.norm.cdf((math.log(x / f) - 18.5) / sigma))

    quantile = optimize.brentq(lambda x: below(x) - 0.05, 1e3, 1e12, xtol=1e-3, rtol=1e-13)
    tail = growth * over_drop(lambda f: f * stats.norm.cdf((math.log(quantile / f) - 18.5) / sigma - sigma)) / 0.05
    summary = run(spec).summary
    assert summary["mean_usd"] + COST_USD == pytest.approx(first, rel=1e-11)
    assert summary["sd_usd"] == pytest.approx(math.sqrt(second - first**2), rel=1e-9)
    assert summary["p_positive"] == pytest.approx(1 - below(COST_USD), rel=1e-9)
    assert summary["var5_usd"] + COST_USD == pytest.approx(quantile, rel=1e-9)
    assert summary["cvar5_usd"] + COST_USD == pytest.approx(tail, rel=1e-9)


def test_survival_curve_gives_the_mixture_by_hand() -> None:
    spec = NpvSpec(cost_basis="legacy", mu=18.0, sigma=0.9, drop=0.6)
    kept, weight = [2, 8, 15, 40, 58, 72], [0.1, 0.35, 0.15, 0.15, 0.05, 0.2]
    factor = 0.6 * annuity(0.2, kept) + 0.4 * annuity(0.2, 72)
    parts = [closed_form(18.0, 0.9, float(f)) for f in factor]
    summary = run(spec).summary
    for name in ("mean_usd", "p_positive"):
        assert summary[name] == pytest.approx(
            math.fsum(w * p[name] for w, p in zip(weight, parts, strict=True)), rel=1e-12
        )

    def excess(x: float) -> float:
        return float(np.dot(weight, stats.lognorm.cdf(x, 0.9, scale=factor * math.exp(18.0)))) - 0.05

    root = optimize.brentq(excess, 1e6, 1e12, xtol=1e-3, rtol=1e-13)
    assert summary["var5_usd"] + COST_USD == pytest.approx(root, rel=1e-10)
    assert summary["share_lasting_horizon"] == pytest.approx(0.2)
    assert summary["exclusivity_median_months"] == 15.9


def test_atoms_are_the_drops_of_the_curve_and_the_rest_never_ends() -> None:
    atoms = survival_atoms(diffusion_result().tables["survival"])
    assert atoms.months.tolist() == CURVE["months"][1:]
    assert atoms.weight.tolist() == pytest.approx([0.1, 0.35, 0.15, 0.15, 0.05])
    assert atoms.weight.sum() == pytest.approx(0.8)


def test_a_curve_without_a_row_at_zero_is_the_same() -> None:
    whole = diffusion_result().tables["survival"]
    assert survival_atoms(whole[1:]).weight.tolist() == survival_atoms(whole).weight.tolist()


def test_a_curve_that_never_falls_lasts_to_the_horizon() -> None:
    found = Evidence(None, survival_atoms(diffusion_result({"months": [0.0], "survival": [1.0]}).tables["survival"]))
    weight = months_kept_weights("survival", found.atoms, values(horizon_months=72.0))
    assert weight[0].tolist() == [0.0] * 71 + [1.0]


def values(**given: float) -> dict[str, np.ndarray]:
    base = {
        "horizon_months": 72.0,
        "exclusivity_multiple": 1.0,
        "exclusivity_months": 8.7,
        "exclusivity_median_months": 8.0,
        "exclusivity_sigma": 0.6,
    }
    return {name: np.array([value]) for name, value in {**base, **given}.items()}


@settings(deadline=None)
@given(median=st.floats(0.5, 100), sigma=st.floats(0.05, 2), horizon=st.integers(2, 120), stretch=st.floats(0.2, 5))
def test_lognormal_weights_are_scipys_probabilities(median: float, sigma: float, horizon: int, stretch: float) -> None:
    given = values(
        horizon_months=float(horizon),
        exclusivity_median_months=median,
        exclusivity_sigma=sigma,
        exclusivity_multiple=stretch,
    )
    weight = months_kept_weights("lognormal", None, given)[0]
    law = stats.lognorm(sigma, scale=median * stretch)
    assert weight[0] == pytest.approx(law.cdf(2), abs=1e-12)
    assert weight[-1] == pytest.approx(law.sf(horizon), abs=1e-12)
    assert weight[1:-1].tolist() == pytest.approx(np.diff(law.cdf(np.arange(2, horizon + 1))).tolist(), abs=1e-12)
    assert weight.sum() == pytest.approx(1, abs=1e-12)


def test_published_atoms_keep_four_and_five_months() -> None:
    spec = NpvSpec(preset="published")
    factor = [0.7 * float(annuity(0.2, k)) + 0.3 * float(annuity(0.2, 72)) for k in (4, 5)]
    assert run(spec).summary["revenue_factor_mean"] == pytest.approx(sum(factor) / 2, rel=1e-12)


def test_short_horizons_count_every_month_once() -> None:
    spec = NpvSpec(cost_basis="legacy", mu=18.0, horizon_months=1)
    assert run(spec).summary["revenue_factor_mean"] == pytest.approx(float(annuity(0.2, 1)), rel=1e-12)
