"""Options of a project: copula, staging, ramp, typed revenue, price floor, against closed forms and quadrature."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from engine.cashflow import annuity, revenue_annuity, spending_factor
from engine.npv import NpvSpec
from engine.npv.many import evaluate as evaluate_many
from engine.npv.revenue import Revenue, typed_revenue
from engine.npv.scenarios import evidence, scenarios
from engine.spec import SpecError
from tests.engine.npv_cases import evaluate, row, run, work

COST_USD = 2_360_172_224.71
FIGURES = ("mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd")
PARAMETERS = {"revenue_low_usd": 1e8, "revenue_mode_usd": 2e8, "revenue_high_usd": 9e8}


@settings(max_examples=60, deadline=None)
@given(rate=st.floats(0, 2), months=st.integers(1, 120), ramp=st.integers(1, 150), growth=st.floats(-0.9, 3))
def test_ramp_and_growth_are_the_months_added_up(rate: float, months: int, ramp: int, growth: float) -> None:
    t = np.arange(1, months + 1)
    by_hand = math.fsum(np.minimum(1, t / ramp) * (1 + growth) ** ((t - 1) / 12) * (1 + rate) ** (-t / 12))
    assert float(revenue_annuity(rate, months, ramp, growth)) == pytest.approx(by_hand, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(rate=st.floats(0, 2), share=st.floats(0, 1), months=st.integers(1, 600), decline=st.floats(0, 0.9))
def test_staged_spending_is_the_months_added_up(rate: float, share: float, months: int, decline: float) -> None:
    t = np.arange(1, months + 1)
    later = math.fsum(((1 - decline) / (1 + rate)) ** (t / 12)) / months
    assert float(spending_factor(rate, share, months, decline)) == pytest.approx(share + (1 - share) * later, rel=1e-9)


def test_staging_and_decline_are_off_by_default_and_then_lower_the_cost() -> None:
    base = NpvSpec(cost_basis="legacy", parts="figures")
    costs = [
        run(base.changed(**given)).summary["upfront_cost_usd"]
        for given in ({}, {"spend_months": 40}, {"upfront_share": 0.4}, {"upfront_share": 0.4, "price_declines": True})
    ]
    assert costs[0] == costs[1] == COST_USD
    assert costs[0] > costs[2] > costs[3]
    assert costs[2] == pytest.approx(COST_USD * (0.4 + 0.6 / 12 * float(annuity(0.2, 12))), rel=1e-12)


def test_the_exact_engine_holds_what_is_not_random() -> None:
    spec = NpvSpec(
        cost_basis="legacy",
        exclusivity="constant",
        exclusivity_months=9,
        drop=0.6,
        mu=18.5,
        revenue_ramp_months=6,
        revenue_growth_annual=0.3,
        inference_cost_share=0.25,
        upfront_share=0.5,
        parts="figures",
    )
    t = np.arange(1, 73)
    cash = 0.75 * np.minimum(1, t / 6) * 1.3 ** ((t - 1) / 12) * np.where(t <= 9, 1, 0.4)
    factor = math.fsum(cash * 1.2 ** (-t / 12))
    summary = run(spec).summary
    cost = COST_USD * (0.5 + 0.5 / 12 * float(annuity(0.2, 12)))
    assert summary["engine"] == "exact"
    assert summary["mean_usd"] == pytest.approx(factor * math.exp(18.5 + 0.5) - cost, rel=1e-9)
    assert summary["p_positive"] == pytest.approx(stats.norm.sf(math.log(cost / factor) - 18.5), rel=1e-9)


def question(rng: np.random.Generator) -> NpvSpec:
    """A scenario drawn from the field bounds, sigma up to 1.5."""
    low, high = sorted(rng.uniform(0, 1, 2))
    return NpvSpec(
        engine="simulation",
        parts="figures",
        cost_basis="legacy",
        n_paths=120_000,
        sigma=rng.uniform(0.05, 1.5),
        annual_discount_rate=rng.uniform(0, 5),
        horizon_months=int(rng.integers(1, 601)),
        drop_low=low,
        drop_high=high,
        exclusivity=str(rng.choice(["survival", "lognormal", "constant", "published"])),
        exclusivity_multiple=rng.uniform(0.1, 20),
        cost_multiple=rng.uniform(0.1, 100),
        revenue_ramp_months=int(rng.integers(1, 61)),
        revenue_growth_annual=rng.uniform(-0.5, 1),
        inference_cost_share=rng.uniform(0, 0.9),
        upfront_share=rng.uniform(0, 1),
        spend_months=int(rng.integers(1, 49)),
        price_declines=bool(rng.integers(2)),
        correlation=float(rng.choice([0.0, 0.0, -0.7, 0.3, 0.95])),
        seed=int(rng.integers(2**40)),
    )


@pytest.mark.parametrize("scenario", range(200))
def test_simulation_agrees_with_quadrature_on_random_scenarios(scenario: int) -> None:
    """Standard errors come from the mixture's moments. The scenarios are fixed: a thousand figures at four standard
    errors would else fail one run in sixteen by chance alone."""
    spec = question(np.random.default_rng([20_251_020, scenario]))
    for figure, exact, simulated, se, _ in run(spec).tables["agreement"].iter_rows():
        assert abs(simulated - exact) <= 4 * se + 1e-9 * abs(exact), figure


@pytest.mark.parametrize("rho", [-0.8, 0.5, 0.99])
def test_the_copula_is_numerical_integration(rho: float) -> None:
    spec = NpvSpec(cost_basis="legacy", mu=18.0, sigma=0.8, drop=0.9, correlation=rho, n_paths=400_000, parts="figures")
    kept, edges = [2, 8, 15, 40, 58, 72], stats.norm.ppf(np.cumsum([0.1, 0.35, 0.15, 0.15, 0.05]))
    factor = 0.9 * annuity(0.2, kept) + 0.1 * float(annuity(0.2, 72))
    own = math.sqrt(1 - rho**2)

    def over(z: float) -> np.ndarray:
        chances = np.diff(np.concatenate([[0], stats.norm.cdf((edges - rho * z) / own), [1]]))
        return stats.norm.pdf(z) * chances

    mean = integrate.quad(lambda z: over(z) @ factor * math.exp(18 + 0.8 * z), -9, 9, epsrel=1e-9, limit=400)[0]
    gain = integrate.quad(
        lambda z: float(over(z) @ (factor * math.exp(18 + 0.8 * z) > COST_USD)), -9, 9, epsrel=1e-6, limit=2000
    )[0]
    result = run(spec)
    summary = result.summary
    assert summary["engine"] == "simulation"
    assert "correlated" in summary["engine_reason"]
    assert row(result.tables["agreement"], figure="mean_usd")["exact"] == pytest.approx(mean - COST_USD, rel=1e-7)
    assert row(result.tables["agreement"], figure="p_positive")["exact"] == pytest.approx(gain, abs=2e-4)
    assert abs(summary["mean_usd"] - (mean - COST_USD)) < 4 * summary["mean_usd_se"]
    assert abs(summary["p_positive"] - gain) < 4 * summary["p_positive_se"] + 2e-4


@pytest.mark.parametrize("rho", [-1.0, 1.0])
def test_full_correlation_is_one_variable(rho: float) -> None:
    spec = NpvSpec(cost_basis="legacy", mu=18.0, drop=0.9, correlation=rho, n_paths=400_000, parts="figures")
    z = stats.norm.ppf((np.arange(400_000) + 0.5) / 400_000)
    edges = stats.norm.ppf(np.cumsum([0.1, 0.35, 0.15, 0.15, 0.05]))
    kept = np.array([2, 8, 15, 40, 58, 72])[np.searchsorted(edges, rho * z, "right")]
    npv = np.exp(18 + z) * (0.9 * annuity(0.2, kept) + 0.1 * float(annuity(0.2, 72))) - COST_USD
    summary = run(spec).summary
    assert abs(summary["mean_usd"] - npv.mean()) < 4 * summary["mean_usd_se"]
    assert abs(summary["var5_usd"] - np.quantile(npv, 0.05)) < 4 * summary["var5_usd_se"]


@pytest.mark.parametrize("correlation", [0.0, 0.5])
@pytest.mark.parametrize("sampling", ["sobol", "conditional"])
def test_replicates_agree_with_quadrature_and_err_less_than_paths(sampling: str, correlation: float) -> None:
    spec = NpvSpec(engine="simulation", parts="figures", cost_basis="legacy", correlation=correlation, n_paths=2**17)
    plain, other = run(spec), run(spec.changed(sampling=sampling))
    for figure in FIGURES:
        oracle = row(other.tables["agreement"], figure=figure)
        slack = 1e-5 * abs(oracle["exact"])
        assert abs(oracle["simulated"] - oracle["exact"]) <= 5 * oracle["se"] + slack, figure
        assert oracle["se"] < 0.8 * row(plain.tables["agreement"], figure=figure)["se"]
    assert set(other.tables["intervals"]["method"]) == {"replicates"}
    assert other.summary["n_paths"] == 2**17


def test_replicate_errors_are_the_spread_over_seeds() -> None:
    spec = NpvSpec(engine="simulation", parts="figures", cost_basis="legacy", sigma=0.6, n_paths=4096, sampling="sobol")
    runs = [run(spec.changed(seed=seed)).summary for seed in range(60)]
    for name in ("mean_usd", "var5_usd"):
        spread = np.std([r[name] for r in runs], ddof=1)
        assert np.mean([r[f"{name}_se"] for r in runs]) == pytest.approx(spread, rel=0.4), name


@pytest.mark.parametrize(
    ("kind", "oracle"),
    [
        ("triangular", stats.triang(0.125, 1e8, 8e8)),
        ("pert", stats.beta(1.5, 4.5, 1e8, 8e8)),
        ("uniform", stats.uniform(1e8, 8e8)),
    ],
)
def test_a_typed_revenue_is_scipys(kind: str, oracle: stats.rv_continuous) -> None:
    given = {k: v for k, v in PARAMETERS.items() if kind != "uniform" or k != "revenue_mode_usd"}
    spec = NpvSpec(cost_basis="legacy", revenue=kind, drop=0.5, exclusivity="constant", n_paths=200_000, **given)
    made = typed_revenue(spec)
    assert made is not None
    shares = np.array([0.001, 0.05, 0.5, 0.95, 0.999])
    assert made.quantile(shares).tolist() == pytest.approx(oracle.ppf(shares).tolist(), rel=1e-9)
    assert made.mean == pytest.approx(oracle.mean(), rel=1e-12)
    factor = 0.5 * float(annuity(0.2, 8)) + 0.5 * float(annuity(0.2, 72))
    result = run(spec)
    summary = result.summary
    assert abs(summary["mean_usd"] - (oracle.mean() * factor - COST_USD)) < 4 * summary["mean_usd_se"]
    assert abs(summary["p_positive"] - oracle.sf(COST_USD / factor)) < 4 * summary["p_positive_se"]
    assert abs(summary["var5_usd"] - (oracle.ppf(0.05) * factor - COST_USD)) < 4 * summary["var5_usd_se"]
    assert "revenue sigma" not in result.tables["tornado"]["input"].to_list()
    assert "calibration" not in result.tables


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(["lognormal", "triangular", "pert", "uniform"]),
    low=st.floats(1e6, 1e9),
    below=st.floats(0.1, 1),
    above=st.floats(0.1, 1),
)
def test_percentiles_of_a_distribution_give_it_back(kind: str, low: float, below: float, above: float) -> None:
    points = (math.log(low), above) if kind == "lognormal" else (low, low * (1 + below), low * (1 + below + above))
    if kind == "uniform":
        points = (low, low * (1 + above / 2), low * (1 + above))
    asked = Revenue(kind, points).quantile(np.array([0.05, 0.5, 0.95]))
    names = ("revenue_p5_usd", "revenue_p50_usd", "revenue_p95_usd")
    made = typed_revenue(NpvSpec(revenue=kind, **dict(zip(names, asked.tolist(), strict=True))))
    assert made is not None
    assert made.quantile(np.array([0.05, 0.5, 0.95])).tolist() == pytest.approx(asked.tolist(), rel=2e-3)


def test_empirical_values_are_drawn_as_they_are() -> None:
    spec = NpvSpec(
        cost_basis="legacy",
        revenue="empirical",
        revenue_values_usd="3e8; 1e8,2e8",
        drop=0.0,
        n_paths=90_000,
        parts="figures",
    )
    summary = run(spec).summary
    assert spec.revenue_values_usd == "300000000.0,100000000.0,200000000.0"
    whole = float(annuity(0.2, 72))
    assert abs(summary["mean_usd"] - (2e8 * whole - COST_USD)) < 4 * summary["mean_usd_se"]
    assert summary["var5_usd"] == pytest.approx(1e8 * whole - COST_USD, rel=2e-3)


def test_log_normal_percentiles_stay_exact_and_set_mu() -> None:
    percentiles = {"revenue_p5_usd": 1e8, "revenue_p50_usd": 2e8, "revenue_p95_usd": 4e8}
    typed = run(NpvSpec(cost_basis="legacy", **percentiles))
    sigma = math.log(4) / (2 * 1.6448536269514722)
    plain = run(NpvSpec(cost_basis="legacy", mu=math.log(2e8), sigma=sigma))
    assert typed.summary["engine"] == "exact"
    assert typed.summary["mu_rule"] == "typed revenue"
    assert typed.summary["mean_usd"] == pytest.approx(plain.summary["mean_usd"], rel=1e-12)
    assert typed.tables["revenue"]["fitted_usd"].to_list() == pytest.approx([1e8, 2e8, 4e8])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"engine": "exact", "correlation": 0.2}, "exact engine can't hold"),
        ({"engine": "exact", "revenue": "pert", **PARAMETERS}, "exact engine can't hold a revenue that is pert"),
        ({"revenue": "triangular", "revenue_low_usd": 1.0}, "takes revenue_low_usd, revenue_mode_usd"),
        ({"revenue": "uniform", "revenue_low_usd": 5.0, "revenue_high_usd": 2.0}, "must rise"),
        ({"revenue_p5_usd": 3.0, "revenue_p50_usd": 2.0, "revenue_p95_usd": 9.0}, "percentiles must rise: 5 % is 3"),
        ({"revenue_p5_usd": 3.0}, "percentiles need all of"),
        ({"revenue": "empirical", "revenue_values_usd": "1,two"}, "numbers joined by commas"),
        ({"revenue": "empirical", "revenue_values_usd": "1"}, "at least two values"),
        ({"revenue": "empirical", "revenue_values_usd": "1,-2"}, "must be above 0"),
        ({"revenue_values_usd": "1,2"}, "empirical only"),
        ({"revenue": "pert", "mu": 3.0, **PARAMETERS}, "mu can't be given"),
        ({"correlation": 1.1}, "'correlation' can't be 1.1"),
        ({"correlation": 1.0, "sampling": "conditional"}, "conditional sampling needs"),
        ({"sobol_samples": 100}, "power of 2"),
        ({"grid_x": "sigma", "grid_y": "sigma"}, "two inputs"),
        ({"sigma": 0.0}, "'sigma' can't be 0"),
        ({"overhead_multiple": 0.0}, "'overhead_multiple' can't be 0"),
        ({"cost_multiple": 0.0}, "'cost_multiple' can't be 0"),
        ({"horizon_months": 0}, "'horizon_months' can't be 0"),
    ],
)
def test_bad_options_are_one_sentence(given: dict[str, float | str], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence) as caught:
        NpvSpec.parse(given)
    assert "\n" not in str(caught.value)


def test_percentiles_no_distribution_has_are_refused_when_fitted() -> None:
    spec = NpvSpec(revenue="uniform", revenue_p5_usd=1.0, revenue_p50_usd=2.0, revenue_p95_usd=1000.0)
    with pytest.raises(SpecError, match="percentiles"):
        typed_revenue(spec)


@pytest.mark.parametrize("engine", ["exact", "simulation"])
@pytest.mark.parametrize("given", [{"drop": 0.0}, {"drop": 1.0}, {"horizon_months": 1}, {"horizon_months": 600}])
def test_ends_of_the_bounds_are_answered(engine: str, given: dict[str, float]) -> None:
    summary = run(NpvSpec(cost_basis="legacy", engine=engine, n_paths=5_000, parts="figures", **given)).summary
    assert all(math.isfinite(summary[name]) for name in FIGURES)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_many_projects_on_common_paths_are_the_paths_one_by_one(correlation: float) -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", correlation=correlation, n_paths=20_000, mu=19.0)
    points = {
        "sigma": [0.5, 1.0, 1.0],
        "cost_multiple": [1.0, 8.0, 8.0],
        "horizon_months": [72, 72, 30],
        "annual_discount_rate": [0.2, 0.1, 0.1],
    }
    found = evaluate(spec, points)
    for i in range(3):
        own = run(spec.changed(parts="figures", **{name: values[i] for name, values in points.items()})).summary
        for name in ("mean_usd", "sd_usd", "p_positive"):
            assert found[name][i] == pytest.approx(own[name], rel=1e-9), name
        for name in ("var5_usd", "cvar5_usd"):
            assert found[name][i] == pytest.approx(own[name], abs=5e-3 * (own["upfront_cost_usd"] + own["sd_usd"]))
        assert found["mean_usd_se"][i] == pytest.approx(own["mean_usd_se"], rel=1e-9)


def test_common_paths_do_not_depend_on_the_company_a_project_keeps() -> None:
    spec = NpvSpec(cost_basis="legacy", correlation=0.3, exclusivity="lognormal")
    found = evidence(spec, {})
    points = pl.DataFrame({"exclusivity_median_months": [4.0, 8.0, 8.0], "sigma": [0.6, 0.7, 0.8]})
    whole = evaluate_many(scenarios(spec, found, points), 1, 2_000)
    alone = evaluate_many(scenarios(spec, found, points[1:2]), 1, 2_000)
    assert {k: v[1] for k, v in whole.items()} == pytest.approx({k: v[0] for k, v in alone.items()}, rel=1e-12)


def test_the_price_floor_shows_when_it_binds_and_never_otherwise() -> None:
    spec = NpvSpec(training_compute_flop=1e25, parts="figures")
    off, slack, binding = (run(spec.changed(min_price_usd_per_flop=floor)) for floor in (0.0, 1e-18, 2e-18))
    assert off.summary["price_usd_per_flop"] == slack.summary["price_usd_per_flop"] == 1.19e-18
    assert binding.summary["price_usd_per_flop"] == 2e-18
    assert [any("floor" in w for w in r.warnings) for r in (off, slack, binding)] == [False, False, True]


def test_a_simulated_question_has_one_answer_whatever_the_chunks() -> None:
    spec = NpvSpec(cost_basis="legacy", correlation=0.4, sampling="sobol", n_paths=2**14, parts="figures")
    assert run(spec).sha256() == run(spec).sha256()
    assert work(spec).spec.chosen_engine == "simulation"
