"""Welfare: the surplus identity, closed forms against quadrature, the whole table against a simulation of its own."""

import functools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from engine import registry
from engine.cashflow import LogNormalMixture, annuity
from engine.exclusivity import survival_atoms
from engine.npv import NpvSpec
from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from engine.welfare import Welfare, WelfareSpec
from engine.welfare.answers import instrument_table
from engine.welfare.commitment import apc_star_share
from engine.welfare.firms import Types
from engine.welfare.instruments import positions
from engine.welfare.project import Project, project
from engine.welfare.surplus import once_matched, present_value, streams, while_leading
from tests.engine import npv_cases
from tests.engine.npv_cases import CURVE, diffusion_result, row

COST_USD = 2_360_172_224.71
SPENDING = ("rd_subsidy", "tax_credit", "apc_floor")
FIGURES = ["p_invest", "ps", "cs", "dwl", "fiscal", "welfare"]


@functools.cache
def run(**fields: object) -> Result:
    """The study's answer on the hand-made curve."""
    spec = WelfareSpec.parse(fields)
    needs = {name: diffusion_result() for name in Welfare().needs(spec)}
    return Welfare().combine(Work(spec, {}, needs), [])


def made(spec: WelfareSpec) -> Project:
    """The project alone, without the tables."""
    return project(spec, survival_atoms(diffusion_result().tables["survival"]))[0]


def instrument(result: Result, name: str) -> dict[str, float]:
    return row(result.tables["instruments"], instrument=name)


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


def draws(spec: WelfareSpec, mu: float, more_months: float, n: int) -> dict[str, np.ndarray]:
    """Types, and discounted revenue and surplus of random projects, month by month."""
    random = np.random.default_rng(8)
    last = np.array([2.5, 8.0, 15.9, 40.0, 58.0, np.inf])[
        np.searchsorted(1 - np.array(CURVE["survival"][1:]), random.random(n), side="right")
    ]
    drop = random.uniform(spec.drop_low, spec.drop_high, n)
    own = random.normal(mu, spec.sigma * math.sqrt(spec.rho), n)
    revenue = np.exp(own + random.normal(0, 1, n) * spec.sigma * math.sqrt(1 - spec.rho))
    kept = np.clip(np.floor(last + more_months), 1, spec.horizon_months)
    parts = {"ps": np.zeros(n), "cs": np.zeros(n), "dwl": np.zeros(n)}
    price = 1 - np.sqrt(drop)
    for month in range(1, spec.horizon_months + 1):
        now = np.where(month <= kept, 1.0, price)
        discount = (1 + spec.annual_discount_rate) ** (-month / 12)
        parts["ps"] += discount * now * (2 - now)
        parts["cs"] += discount * (2 - now) ** 2 / 2
        parts["dwl"] += discount * now**2 / 2
    return {"type": own, "revenue": revenue, **{name: revenue * part for name, part in parts.items()}}


def payment(name: str, level: float, revenue: np.ndarray, cost: float) -> np.ndarray:
    """What the instrument pays on a project that was built."""
    if name == "rd_subsidy":
        return np.full(len(revenue), level * cost)
    if name == "tax_credit":
        return np.minimum(level * cost, 0.25 * np.maximum(revenue - cost, 0))
    return np.maximum(level * cost - revenue, 0) if name == "apc_floor" else np.zeros(len(revenue))


def close(sample: np.ndarray, expected: float) -> bool:
    """Within four standard errors."""
    return abs(sample.mean() - expected) <= 4 * sample.std() / math.sqrt(len(sample)) + 1e-9 * abs(expected)


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


def test_streams_discount_to_the_revenue_factor() -> None:
    monthly = run().tables["streams"]
    discount = 1.2 ** (-monthly["month"] / 12)
    theirs = npv_cases.run(NpvSpec(cost_basis="legacy")).summary["revenue_factor_mean"]
    assert (monthly["producer"] * discount).sum() == pytest.approx(theirs, rel=1e-12)
    assert (monthly["producer"] + monthly["consumer"] + monthly["deadweight"] - 2).abs().max() < 1e-12


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
