"""The welfare study: calibration, instruments at equal outlay, extremes, commitments, its tables and its words."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from engine import registry
from engine.npv import NpvSpec
from engine.result import Result
from engine.spec import SpecError
from engine.welfare import Welfare, WelfareSpec
from engine.welfare.commitment import apc_star_share
from tests.engine import npv_cases
from tests.engine.welfare_cases import COST_USD, FIGURES, SPENDING, draws, instrument, made, run


def test_calibration_is_the_investment_studys_less_the_shift() -> None:
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy")).summary
    ours = run().summary
    assert ours["mu"] == pytest.approx(theirs["mu"] - 0.15, abs=1e-12)
    assert ours["mu_rule"] == theirs["mu_rule"] == "mean"
    assert ours["upfront_cost_usd"] == theirs["upfront_cost_usd"] == COST_USD
    assert run(cost_multiple=20).summary["mu"] == ours["mu"]


def test_calibration_by_the_value_at_risk_is_the_investment_studys_too() -> None:
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy", target_mean_usd=-1e9, sigma=0.4)).summary
    ours = run(target_mean_usd=-1e9, sigma=0.4).summary
    assert ours["mu_rule"] == theirs["mu_rule"] == "var5"
    assert ours["mu"] == pytest.approx(theirs["mu"] - 0.15, abs=1e-9)


def test_a_given_mu_is_shifted() -> None:
    summary = run(mu=20.0, mu_shift=-0.5).summary
    assert (summary["mu"], summary["mu_rule"]) == (19.5, "given")


def test_base_case_is_a_pure_transfer_and_says_so() -> None:
    result = run()
    assert result.summary["outlay_usd"] == pytest.approx(0.05 * COST_USD, rel=1e-15)
    assert result.summary["cost_multiple"] == 1.0
    assert result.summary["p_invest"] > 0.999
    assert result.summary["pure_transfer"] is True
    assert "pure transfer" in result.summary["finding"]
    for name in SPENDING:
        one = instrument(result, name)
        assert one["fiscal"] == pytest.approx(result.summary["outlay_usd"], rel=1e-9)
        assert one["gain_per_dollar"] == pytest.approx(-0.25, abs=0.02)


def test_support_matters_where_the_cost_is_high() -> None:
    result = run(cost_multiple=15)
    assert result.summary["pure_transfer"] is False
    assert "pure transfer" not in result.summary["finding"]
    alone = instrument(result, "no_policy")
    for name in SPENDING:
        one = instrument(result, name)
        assert one["p_invest"] > alone["p_invest"]
        assert one["gain_per_dollar"] == pytest.approx((one["welfare"] - alone["welfare"]) / one["fiscal"], rel=1e-12)
        assert 0 < one["inframarginal_share"] < 1


def test_rows_are_in_the_contracts_order_and_columns() -> None:
    table = run().tables["instruments"]
    names = ["no_policy", *SPENDING, "exclusivity_plus_6_months", "exclusivity_plus_12_months"]
    assert table["instrument"].to_list() == names
    assert table.columns[:9] == ["instrument", "level", *FIGURES, "gain_per_dollar"]


def test_longer_exclusivity_is_a_longer_lead_and_costs_nothing() -> None:
    fields = {"mu": 20.5, "cost_multiple": 10, "exclusivity": "constant"}
    longer = instrument(run(**fields, exclusivity_months=0.5, extension_months=6.2), "exclusivity_plus_6.2_months")
    same = instrument(run(**fields, exclusivity_months=6.7), "no_policy")
    assert [longer[name] for name in FIGURES] == pytest.approx([same[name] for name in FIGURES], rel=1e-12)
    assert (longer["level"], longer["level_unit"]) == (6.2, "months")
    assert (longer["fiscal"], longer["gain_per_dollar"]) == (0.0, None)


def test_an_unreachable_outlay_is_null_with_the_reason() -> None:
    result = run(cost_multiple=50)
    credit = instrument(result, "tax_credit")
    assert all(credit[name] is None for name in ("level", *FIGURES, "gain_per_dollar"))
    assert "no level spends 0.05 of the cost" in str(credit["note"])
    assert credit["note"] in result.warnings
    assert instrument(result, "rd_subsidy")["gain_per_dollar"] is not None


def test_a_credit_can_spend_up_to_its_cap_and_no_more() -> None:
    """A credit without end pays .25 of every positive profit: what the note calls the most it can spend."""
    spec = WelfareSpec(cost_multiple=30)
    result = run(cost_multiple=30)
    drawn, cost = draws(spec, result.summary["mu"], 0.0, 100_000), COST_USD * 30
    profit = drawn["ps"] - cost

    def private(own_type: float) -> float:
        mine = drawn["ps"] * np.exp(own_type - drawn["type"]) - cost
        return float((mine + 0.25 * np.maximum(mine, 0)).mean())

    floor = optimize.brentq(private, result.summary["mu"] - 3, result.summary["mu"] + 5)
    most = float(((drawn["type"] >= floor) * 0.25 * np.maximum(profit, 0)).mean()) / cost
    note = str(instrument(result, "tax_credit")["note"])
    assert float(note.split("it can spend is ")[1].split(" of it")[0]) == pytest.approx(most, rel=0.05)
    reached = run(cost_multiple=30, outlay_share=0.9 * most)
    assert instrument(reached, "tax_credit")["fiscal"] == pytest.approx(0.9 * most * cost, rel=1e-6)


def test_firms_that_know_nothing_are_all_in_or_all_out() -> None:
    cheap, dear = run(rho=0), run(rho=0, cost_multiple=20)
    assert (cheap.summary["p_invest"], dear.summary["p_invest"]) == (1.0, 0.0)
    assert instrument(cheap, "rd_subsidy")["level"] == pytest.approx(0.05, rel=1e-6)
    subsidy = instrument(dear, "rd_subsidy")
    assert subsidy["level"] is None
    assert "all come in at once" in str(subsidy["note"])
    assert dear.summary["finding"]


def test_firms_that_know_their_revenue_decide_on_it() -> None:
    result = run(rho=1, cost_multiple=10)
    mean_factor = npv_cases.run(NpvSpec(cost_basis="legacy")).summary["revenue_factor_mean"]
    expected = stats.norm.cdf(result.summary["mu"] - math.log(10 * COST_USD / mean_factor))
    assert result.summary["p_invest"] == pytest.approx(expected, rel=1e-12)


def test_a_guarantee_above_the_cost_brings_in_everybody() -> None:
    result = run()
    floor = instrument(result, "apc_floor")
    assert floor["level"] > 1
    assert floor["p_invest"] == 1.0
    assert any("nobody can lose" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "fields",
    [
        {"horizon_months": 1},
        {"horizon_months": 600, "annual_discount_rate": 0},
        {"drop_low": 0, "drop_high": 0},
        {"drop_low": 1, "drop_high": 1},
        {"drop_low": 0, "drop_high": 1, "sigma": 0.05, "rho": 1},
        {"sigma": 3, "cost_multiple": 1e6},
        {"cost_multiple": 1e-6, "outlay_share": 0.95},
        {"credit_rate": 0},
        {"credit_rate": 1, "cost_multiple": 40},
        {"target_mean_usd": -1e18},
        {"mu": -50, "cost_multiple": 3},
        {"rho": 1e-12, "cost_multiple": 14},
    ],
)
def test_extremes_give_finite_figures_or_a_reason(fields: dict[str, float]) -> None:
    result = run(**fields)
    for name in SPENDING:
        one = instrument(result, name)
        if one["level"] is None:
            assert one["note"]
        else:
            assert one["fiscal"] == pytest.approx(result.summary["outlay_usd"], rel=2e-6)
            assert all(math.isfinite(one[figure]) for figure in FIGURES)
    assert Result.from_arrow(result.to_arrow()).sha256() == result.sha256()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"drop_low": 0.8}, "welfare: drop_low 0.8 must not exceed drop_high 0.7"),
        ({"extension_months": 12}, "welfare: extension_months 12 must be less than long_extension_months 12"),
        ({"rho": 1.2}, "welfare field 'rho' can't be 1.2"),
        ({"sigma": 0}, "welfare field 'sigma' can't be 0"),
        ({"cost_multiple": 0}, "welfare field 'cost_multiple' can't be 0"),
        ({"outlay_share": 0}, "welfare field 'outlay_share' can't be 0"),
        ({"tier": "IV"}, "welfare has no field 'tier'"),
    ],
)
def test_bad_input_is_one_sentence(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError, match=f"^{sentence.replace('.', r'[.]')}[^\n]*[.]$"):
        WelfareSpec.parse(fields)


def test_sensitivity_holds_the_spec_itself_and_its_neighbours() -> None:
    result = run(cost_multiple=7, mcpf=0.3)
    table, own = result.tables["sensitivity"], instrument(result, "rd_subsidy")
    for parameter, value in (("rho", 0.5), ("mcpf", 0.3), ("cost_multiple", 7.0)):
        found = table.filter(parameter=parameter, value=value, instrument="rd_subsidy").row(0, named=True)
        assert found["welfare"] == pytest.approx(own["welfare"], rel=1e-12)
        assert found["gain_per_dollar"] == pytest.approx(own["gain_per_dollar"], rel=1e-9)
    dearer = table.filter(parameter="mcpf", value=1.0, instrument="rd_subsidy").row(0, named=True)
    assert dearer["gain_per_dollar"] == pytest.approx(own["gain_per_dollar"] - 0.7, rel=1e-9)
    other = table.filter(parameter="rho", value=0.75, instrument="apc_floor").row(0, named=True)
    asked = instrument(run(cost_multiple=7, mcpf=0.3, rho=0.75), "apc_floor")
    assert other["welfare"] == pytest.approx(asked["welfare"], rel=1e-12)


def test_curves_run_until_nobody_invests() -> None:
    result = run()
    alone = result.tables["curves"].filter(instrument="no_policy")
    assert alone["cost_multiple"][0] == 1
    assert alone["p_invest"].is_sorted(descending=True)
    assert alone["p_invest"][-1] < 0.005
    assert alone["welfare"].is_sorted(descending=True)
    half = run(cost_multiple=result.summary["cost_multiple_half"])
    assert half.summary["p_invest"] == pytest.approx(0.5, rel=1e-9)


def commitment(result: Result, version: str, multiple: float) -> dict[str, float]:
    return result.tables["commitment"].filter(version=version, multiple_of_apc_star=multiple).row(0, named=True)


def test_commitment_is_the_investment_studys() -> None:
    result = run(mu=20.5, mu_shift=0, cost_multiple=25)
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy", mu=20.5, cost_multiple=25)).summary
    payment, floor = commitment(result, "payment", 1.0), commitment(result, "floor", 1.0)
    assert payment["share_of_cost"] == pytest.approx(theirs["apc_star_share"], rel=1e-12)
    assert floor["share_of_cost"] == pytest.approx(theirs["apc_floor_star_share"], rel=1e-9)
    assert payment["commitment_usd"] * payment["leverage"] == pytest.approx(payment["project_cost_usd"], rel=1e-12)
    assert payment["share_of_cost"] + payment["private_share"] == 1
    for found in (payment, floor):
        assert found["mean_npv_usd"] == pytest.approx(0, abs=1e-6 * COST_USD)
        assert found["expected_outlay_usd"] == pytest.approx(payment["commitment_usd"], rel=1e-9)
    assert commitment(result, "payment", 0.0)["p_positive"] == pytest.approx(theirs["p_positive"], rel=1e-12)
    assert commitment(result, "payment", 0.0)["leverage"] is None


@pytest.mark.parametrize("multiple", [0.5, 1.0, 1.5])
def test_a_sure_payment_is_a_cheaper_project(multiple: float) -> None:
    found = commitment(run(mu=20.5, mu_shift=0, cost_multiple=25), "payment", multiple)
    left = 25 * (1 - found["share_of_cost"])
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy", mu=20.5, cost_multiple=left)).summary
    assert found["p_positive"] == pytest.approx(theirs["p_positive"], rel=1e-9)
    assert found["mean_npv_usd"] == pytest.approx(theirs["mean_usd"], rel=1e-9, abs=10.0)


def test_apc_star_rises_with_the_cost_and_may_not_exist() -> None:
    firms = [made(WelfareSpec(cost_multiple=m)) for m in (1, 16, 20, 40, 80)]
    for version in ("payment", "floor"):
        shares = [apc_star_share(firm, version, 1.0) for firm in firms]
        assert shares == sorted(shares)
        assert (shares[0], shares[1] == 0) == (0, False)
    dear, dearest = run(cost_multiple=80), run(cost_multiple=500)
    assert dearest.summary["apc_star_share"] is None
    assert commitment(dearest, "floor", 1.0)["share_of_cost"] is None
    capped = commitment(dear, "payment", 1.5)
    assert (capped["share_of_cost"], capped["private_share"], capped["p_positive"]) == (1, 0, 1)


@pytest.mark.parametrize("fields", [{}, {"exclusivity": "constant"}, {"mu": 20.0}])
def test_every_parameter_has_unit_range_and_source(fields: dict[str, object]) -> None:
    table = run(**fields).tables["parameters"]
    assert table.columns == ["name", "title", "value", "unit", "range", "source"]
    assert table.null_count().sum_horizontal().item() == 0
    assert table["name"].is_unique().all()
    assert (table["unit"].str.len_chars() > 0).all()


def test_assumptions_are_sentences() -> None:
    sentences = run().tables["assumptions"]["assumption"].to_list()
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)
    assert any("linear" in sentence for sentence in sentences)


def test_published_has_nothing_to_repeat_and_says_why() -> None:
    result, corrected = run(preset="published"), run()
    assert Welfare().needs(WelfareSpec(preset="published")) == {}
    assert all(frame.is_empty() for frame in result.tables.values())
    assert result.tables.keys() == corrected.tables.keys()
    assert all(frame.schema == corrected.tables[name].schema for name, frame in result.tables.items())
    assert "figure 6" in result.summary["finding"]
    assert result.summary["outlay_usd"] is None


def test_the_registry_has_the_study_and_it_needs_the_language_curve() -> None:
    study = registry.study("welfare")
    curve = registry.study("diffusion").spec_type.parse({"domain": "Language", "parts": "curve"})
    assert study.needs(WelfareSpec()) == {"diffusion": curve}
    assert study.needs(WelfareSpec(exclusivity="constant")) == {}


@pytest.mark.parametrize("fields", [{"mu": 100.0}, {"reference_cost_usd": 1e-3}])
def test_a_transfer_is_told_where_the_outlay_is_nothing_beside_welfare(fields: dict[str, float]) -> None:
    """The difference of two totals would lose it: a double holds sixteen digits."""
    result = run(**fields)
    assert result.summary["pure_transfer"] is True
    for name in SPENDING:
        assert instrument(result, name)["gain_per_dollar"] == pytest.approx(-0.25, rel=1e-9)
