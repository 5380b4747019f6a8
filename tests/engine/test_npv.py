"""The investment study as a whole: presets, calibration, tiers, decisions, warnings, what it asks of other studies."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cashflow import annuity, revenue_factor
from engine.npv import Npv, NpvSpec
from engine.registry import study
from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from tests.engine.npv_cases import evaluate, row, run

LEGACY_COST_USD = 2_360_172_224.71


def test_published_run_is_repeated() -> None:
    summary = run(NpvSpec(preset="published")).summary
    assert f"{summary['mean_usd']:.6e}" == "-2.384566e+15"
    assert summary["p_positive"] == 0
    assert summary["upfront_cost_usd"] == pytest.approx(4.769132e25 * 5e-11, rel=1e-15)
    assert (summary["mu"], summary["mu_rule"], summary["apc_star_share"]) == (15.0, "given", None)


def test_published_run_by_simulation_agrees() -> None:
    summary = run(NpvSpec(preset="published", engine="simulation")).summary
    assert f"{summary['mean_usd']:.6e}" == "-2.384566e+15"
    assert (summary["p_positive"], summary["n_paths"]) == (0, 10_000)


def test_summary_has_the_contracts_fields() -> None:
    summary = run(NpvSpec()).summary
    assert {
        "engine",
        "mean_usd",
        "sd_usd",
        "p_positive",
        "var5_usd",
        "cvar5_usd",
        "upfront_cost_usd",
        "mu",
        "apc_star_share",
        "breakeven_cost_multiple",
    } <= summary.keys()
    assert summary["engine"] == "exact"
    assert summary["annuity_horizon"] == pytest.approx(43.443829, abs=5e-7)


def test_tables_have_the_contracts_columns() -> None:
    result = run(NpvSpec())
    wanted = ["tier", "upfront_cost_usd", "mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd"]
    assert {*wanted, "apc_star_share", "breakeven_cost_multiple"} <= set(result.tables["tiers"].columns)
    assert {"tornado", "distribution", "calibration", "compute_routes", "recovery"} <= result.tables.keys()


def test_a_result_survives_arrow() -> None:
    result = run(NpvSpec(preset="published", engine="simulation"))
    assert Result.from_arrow(result.to_arrow()).sha256() == result.sha256()


def test_needs_follow_the_question() -> None:
    assert set(Npv().needs(NpvSpec())) == {"diffusion"}
    asked = Npv().needs(NpvSpec(law="fitted", exclusivity_domain="Vision"))
    assert set(asked) == {"scaling", "diffusion"}
    assert asked["diffusion"] == study("diffusion").spec_type.parse({"domain": "Vision", "parts": "curve"})
    assert asked["scaling"] == study("scaling").spec_type.parse({})
    assert Npv().needs(NpvSpec(preset="published")) == {}
    assert set(Npv().needs(NpvSpec(cost_basis="legacy"))) == {"diffusion"}
    assert Npv().needs(NpvSpec(exclusivity="constant")) == {}
    assert set(Npv().needs(NpvSpec(law="fitted", exclusivity="constant"))) == {"scaling"}
    own_law = NpvSpec(law="fitted", exclusivity="constant", scaling_exponent=1.7, compute_at_1b_flop=1e20)
    assert Npv().needs(own_law) == {}


@pytest.mark.parametrize("basis", ["legacy", "readme", "data"])
def test_calibration_meets_the_target_at_a_non_negative_value_at_risk(basis: str) -> None:
    result = run(NpvSpec(cost_basis=basis, training_compute_flop=None if basis == "legacy" else 9.2086e25, sigma=0.8))
    calibration = result.tables["calibration"]
    binding = row(calibration.with_columns(pl.col("binds").cast(pl.String)), binds="true")
    assert result.summary["mu"] == max(calibration["mu"].to_list()) == binding["mu"]
    assert result.summary["var5_usd"] >= -1e-6 * result.summary["upfront_cost_usd"]
    assert result.summary["mean_usd"] >= 35.3e9 * (1 - 1e-12)
    if basis != "readme":
        assert result.summary["mean_usd"] == pytest.approx(35.3e9, rel=1e-12)
        assert result.summary["mu_rule"] == "mean"


def test_value_at_risk_rule_binds_when_cost_is_large_and_says_so() -> None:
    result = run(NpvSpec(cost_basis="readme", training_compute_flop=9.2086e25))
    assert result.summary["mu_rule"] == "var5"
    assert result.summary["var5_usd"] == pytest.approx(0, abs=1e-9 * result.summary["upfront_cost_usd"])
    assert result.tables["calibration"]["met"].to_list() == [False, True]
    assert any("can't meet both rules" in warning for warning in result.warnings)


def test_a_target_below_minus_the_cost_can_not_be_met() -> None:
    result = run(NpvSpec(cost_basis="legacy", target_mean_usd=-3e9))
    assert row(result.tables["calibration"], rule="mean NPV")["mu"] is None
    assert result.summary["mu_rule"] == "var5"
    assert any("can't meet both rules" in warning for warning in result.warnings)


def test_tier_iv_costs_exactly_1_8_times_and_earns_exp_minus_15_percent() -> None:
    tiers = run(NpvSpec(cost_basis="legacy")).tables["tiers"]
    three, four = row(tiers, tier="III"), row(tiers, tier="IV")
    assert three["upfront_cost_usd"] == LEGACY_COST_USD
    assert four["upfront_cost_usd"] == LEGACY_COST_USD * 1.8
    assert four["mu"] == three["mu"] - 0.15
    revenue = [tier["mean_usd"] + tier["upfront_cost_usd"] for tier in (three, four)]
    assert revenue[1] / revenue[0] == pytest.approx(math.exp(-0.15), rel=1e-12)


@pytest.mark.parametrize("engine", ["exact", "simulation"])
def test_the_chosen_tier_is_the_summary(engine: str) -> None:
    result = run(NpvSpec(tier="IV", engine=engine, n_paths=2000))
    own = row(result.tables["tiers"], tier="IV")
    assert all(result.summary[name] == value for name, value in own.items())


@settings(max_examples=40, deadline=None)
@given(multiple=st.floats(0.01, 1e5), sigma=st.floats(0.05, 3))
def test_commitment_and_break_even_bring_the_mean_to_zero(multiple: float, sigma: float) -> None:
    summary = run(NpvSpec(cost_basis="legacy", cost_multiple=multiple, sigma=sigma, parts="figures")).summary
    cost, mean = summary["upfront_cost_usd"], summary["mean_usd"]
    assert summary["breakeven_cost_multiple"] * cost == pytest.approx(mean + cost, rel=1e-9)
    share = summary["apc_star_share"]
    if share is None:
        assert mean + 0.9 * cost < 0
    elif mean < 0:
        assert mean + share * cost == pytest.approx(0, abs=1e-9 * cost)
        assert summary["net_upfront_cost_usd"] == pytest.approx(cost + mean, rel=1e-9)
    else:
        assert share == 0


def test_break_even_is_a_fixed_point_of_the_field() -> None:
    start = run(NpvSpec(cost_basis="legacy")).summary["breakeven_cost_multiple"]
    there = run(NpvSpec(cost_basis="legacy", cost_multiple=start)).summary
    assert there["mean_usd"] == pytest.approx(0, abs=1e-9 * there["upfront_cost_usd"])
    assert there["breakeven_cost_multiple"] == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(("multiple", "drop"), [(20.0, None), (17.0, 0.5), (40.0, 0.3)])
def test_a_guaranteed_floor_makes_the_mean_of_the_larger_cover_the_cost(multiple: float, drop: float | None) -> None:
    spec = NpvSpec(
        cost_basis="legacy", cost_multiple=multiple, drop=drop, exclusivity="constant", sigma=0.8, apc_max_share=1
    )
    summary = run(spec).summary
    cost, share = summary["upfront_cost_usd"], summary["apc_floor_star_share"]
    rng = np.random.default_rng(3)
    kept, whole = annuity(0.2, 8), annuity(0.2, 72)
    drawn = rng.uniform(0.3, 0.7, 400_000) if drop is None else drop
    x = np.exp(summary["mu"] + 0.8 * rng.standard_normal(400_000)) * revenue_factor(kept, whole, drawn)
    larger = np.maximum(x, share * cost)
    assert abs(larger.mean() - cost) < 4 * larger.std() / math.sqrt(len(larger))
    simulated = run(spec.changed(engine="simulation")).summary
    assert simulated["apc_floor_star_share"] == pytest.approx(share, abs=0.02)


def test_no_floor_is_needed_when_the_mean_is_positive_and_none_helps_without_revenue() -> None:
    assert run(NpvSpec(cost_basis="legacy")).summary["apc_floor_star_share"] == 0
    assert run(NpvSpec(cost_basis="legacy", mu=5.0)).summary["apc_floor_star_share"] is None


def test_a_given_mu_is_not_calibrated() -> None:
    result = run(NpvSpec(mu=19.0, cost_basis="legacy"))
    assert (result.summary["mu"], result.summary["mu_rule"]) == (19.0, "given")
    assert "calibration" not in result.tables


GRID = {
    "annual_discount_rate": [0.0, 0.05, 0.2, 0.6, 2.0],
    "drop": [0.0, 0.2, 0.5, 0.9, 1.0],
    "cost_multiple": [0.5, 1.0, 2.0, 20.0, 400.0],
    "exclusivity_multiple": [4.0, 2.0, 1.0, 0.5, 0.1],
    "horizon_months": [120, 72, 48, 12, 1],
    "overhead_multiple": [0.5, 1.0, 2.0, 5.0, 100.0],
}


@pytest.mark.parametrize("field", GRID)
def test_more_burden_is_worth_less(field: str) -> None:
    found = evaluate(NpvSpec(mu=20.0, cost_basis="legacy"), {field: GRID[field]})
    for figure in ("mean_usd", "p_positive", "var5_usd", "cvar5_usd"):
        steps = found[figure].diff().drop_nulls()
        assert (steps <= 1e-9 * found["sd_usd"].max()).all(), figure
    assert found["mean_usd"][0] > found["mean_usd"][-1]


def test_commitment_rises_with_cost() -> None:
    found = evaluate(NpvSpec(mu=19.0, cost_basis="legacy"), {"cost_multiple": list(np.geomspace(0.1, 50, 30))})
    shares = found["apc_star_share"].drop_nulls()
    assert shares.is_sorted()
    assert shares[0] == 0
    assert found["apc_star_share"].null_count() > 0


def test_points_are_the_runs_they_stand_for() -> None:
    points = {
        "sigma": [0.5, 1.3, 1.3],
        "tier": ["III", "IV", "IV"],
        "cost_basis": ["data", "legacy", "readme"],
        "mu": [None, None, 21.0],
        "horizon_months": [72, 36, 36],
    }
    found = evaluate(NpvSpec(), points)
    for i in range(3):
        alone = run(NpvSpec(**{name: values[i] for name, values in points.items()})).summary
        for figure in ("mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd", "upfront_cost_usd"):
            assert found[figure][i] == pytest.approx(alone[figure], rel=1e-9), figure
        assert found["mu_used"][i] == pytest.approx(alone["mu"], rel=1e-9)


def test_repeated_shapes_do_not_change_the_figures() -> None:
    spec = NpvSpec(cost_basis="legacy")
    multiples = [float(m) for m in np.geomspace(0.5, 50, 300)]
    both = evaluate(spec, {"cost_multiple": multiples, "sigma": [0.5, 1.0, 1.5] * 100})
    one = evaluate(spec, {"cost_multiple": multiples[7:8], "sigma": [1.0]})
    assert both["p_positive"][7] == pytest.approx(one["p_positive"][0], rel=1e-9)
    assert both["var5_usd"][7] == pytest.approx(one["var5_usd"][0], rel=1e-9)


def test_points_without_a_law_need_compute() -> None:
    asked = Work(NpvSpec(cost_basis="legacy", law="fitted", exclusivity="published"), {}, {})
    with pytest.raises(SpecError, match="no training compute"):
        Npv().evaluate(asked, pl.DataFrame({"cost_basis": ["data"]}))


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ({"engine": ["exact"]}, "can't vary 'engine'"),
        ({"sigma": [1.0, 9.0]}, "'sigma' can't be 9.0"),
        ({"sigma": [1.0, math.nan]}, "'sigma' can't be NaN"),
        ({"horizon_months": [12.0, 30.5, 40.0]}, "'horizon_months' can't be 30.5"),
        ({"sigma": [1.0, None]}, "'sigma' can't be None"),
        ({"tier": ["V"]}, "'tier' can't be 'V'"),
        ({"drop_low": [0.1, 0.8]}, "drop_low must not exceed drop_high"),
    ],
)
def test_a_bad_point_is_one_sentence(points: dict[str, list[float | str | None]], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence) as caught:
        evaluate(NpvSpec(cost_basis="legacy"), points)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"sigma": 0},
        {"n_paths": 10},
        {"drop_low": 0.8},
        {"horizon_months": 601},
        {"tier": "II"},
        {"cost_basis": "cheap"},
        {"drop": 1.2},
        {"price": 1},
    ],
)
def test_a_bad_spec_is_one_sentence(given: dict[str, float | str]) -> None:
    with pytest.raises(SpecError) as caught:
        NpvSpec.parse(given)
    assert "\n" not in str(caught.value)


def test_a_price_outside_the_observed_range_is_named_with_both_ends() -> None:
    for price, expected in ((5e-11, True), (1.19e-18, False), (4.4e-18, True), (6e-19, True)):
        spec = NpvSpec(training_compute_flop=1e25, price_usd_per_flop=price)
        found = [w for w in run(spec).warnings if "outside the observed range" in w]
        assert bool(found) == expected
        assert all("6.4e-19 to 2.9e-18" in w and "2.2e-15" in w for w in found)


def test_warnings_for_what_is_overruled_or_unused() -> None:
    floor = run(NpvSpec(training_compute_flop=1e25, min_price_usd_per_flop=2e-18))
    assert any("raises the price from 1.19e-18 to 2e-18" in w for w in floor.warnings)
    assert floor.summary["upfront_cost_usd"] == pytest.approx(2e7)
    unused = run(NpvSpec(cost_basis="legacy", training_compute_flop=1e25))
    assert any("does not use training_compute_flop" in w for w in unused.warnings)
    assert unused.summary["training_compute_flop"] is None


def test_a_commitment_beyond_the_bound_is_none_and_said() -> None:
    result = run(NpvSpec(mu=10.0, cost_basis="legacy"))
    assert result.summary["apc_star_share"] is None
    assert result.tables["tiers"]["apc_star_share"].null_count() == 2
    assert any("No purchase commitment within 90%" in w for w in result.warnings)


def test_the_finding_is_made_of_the_figures() -> None:
    summary = run(NpvSpec(cost_basis="legacy")).summary
    assert "2.36 billion USD" in summary["finding"]
    assert "35.3 billion USD" in summary["finding"]


def test_tornado_is_sorted_and_both_ends_are_runs_of_their_own() -> None:
    spec = NpvSpec(cost_basis="legacy")
    result = run(spec)
    tornado, mu = result.tables["tornado"], result.summary["mu"]
    assert tornado["swing_usd"].is_sorted(descending=True)
    assert set(tornado["input"]) == {
        "median first-month revenue",
        "horizon",
        "revenue drop (mean)",
        "upfront cost",
        "revenue sigma",
        "discount rate",
        "exclusivity",
    }
    rate = row(tornado, input="discount rate")
    assert (rate["low_value"], rate["base_value"], rate["high_value"]) == pytest.approx((0.18, 0.2, 0.22))
    high = run(spec.changed(mu=mu, annual_discount_rate=0.2 * 1.1)).summary["mean_usd"]
    assert rate["mean_usd_at_high"] == pytest.approx(high, rel=1e-12)
    drop = row(tornado, input="revenue drop (mean)")
    low = run(spec.changed(mu=mu, drop_low=0.27, drop_high=0.63)).summary["mean_usd"]
    assert (drop["low_value"], drop["mean_usd_at_low"]) == pytest.approx((0.45, low), rel=1e-12)


def test_tornado_has_the_exponent_when_the_law_sets_the_cost() -> None:
    spec = NpvSpec(tier="IV", sigma=0.7, law="fitted")
    result = run(spec)
    exponent = row(result.tables["tornado"], input="scaling exponent")
    assert exponent["base_value"] == 1.7
    mu = row(result.tables["tiers"], tier="III")["mu"]
    high = run(spec.changed(mu=mu, scaling_exponent=1.7 * 1.1)).summary["mean_usd"]
    assert exponent["mean_usd_at_high"] == pytest.approx(high, rel=1e-12)


def test_tornado_takes_a_fixed_drop_to_at_most_everything() -> None:
    drop = row(run(NpvSpec(cost_basis="legacy", drop=0.95)).tables["tornado"], input="revenue drop (mean)")
    assert (drop["low_value"], drop["base_value"], drop["high_value"]) == pytest.approx((0.855, 0.95, 1.0))
    assert drop["mean_usd_at_low"] > drop["mean_usd_at_high"]


@pytest.mark.parametrize("engine", ["exact", "simulation"])
def test_distribution_is_a_distribution(engine: str) -> None:
    result = run(NpvSpec(cost_basis="legacy", engine=engine, n_paths=200_000))
    for tier in ("III", "IV"):
        bars = result.tables["distribution"].filter(pl.col("tier") == tier)
        assert bars["probability"].sum() == pytest.approx(0.9999, abs=1e-5)
        assert bars["npv_usd_low"][0] == -row(result.tables["tiers"], tier=tier)["upfront_cost_usd"]
        assert bars["npv_usd_low"][1:].to_list() == bars["npv_usd_high"][:-1].to_list()
        assert bars["cumulative"].to_list() == pytest.approx(np.cumsum(bars["probability"]).tolist())
        area = (bars["density_per_usd"] * (bars["npv_usd_high"] - bars["npv_usd_low"])).sum()
        assert area == pytest.approx(0.9999, abs=1e-5)
