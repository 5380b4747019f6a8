"""Goal seek, break-even, payback, financing, uncertainty and catalogue against closed forms and direct runs."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from engine.cashflow import annuity
from engine.npv import NpvSpec
from engine.npv.catalogue import catalogue
from engine.npv.explore import bounds, numeric_inputs
from engine.spec import SpecError
from tests.engine.npv_cases import RESIDUAL_SD, row, run

COST_USD = 2_360_172_224.71
ONE = NpvSpec(
    cost_basis="legacy", mu=18.5, sigma=0.8, drop=0.5, exclusivity="constant", exclusivity_months=9, sobol_samples=0
)
FACTOR = 0.5 * float(annuity(0.2, 9)) + 0.5 * float(annuity(0.2, 72))


def test_goal_seek_on_cost_is_the_closed_form() -> None:
    asked = ONE.changed(goal_input="cost_multiple", goal_figure="mean_usd", goal_value=1e9, parts="figures")
    found = run(asked).summary["goal_solution"]
    assert found == pytest.approx((FACTOR * math.exp(18.5 + 0.32) - 1e9) / COST_USD, rel=1e-9)


def test_goal_seek_on_revenue_for_a_chance_is_the_closed_form() -> None:
    asked = ONE.changed(goal_input="mu", goal_figure="p_positive", goal_value=0.8, parts="figures")
    expected = math.log(COST_USD / FACTOR) + 0.8 * stats.norm.ppf(0.8)
    assert run(asked).summary["goal_solution"] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", [n for n in numeric_inputs() if n not in ("target_mean_usd", "correlation")])
def test_what_a_goal_seek_finds_is_a_run_that_meets_it(name: str) -> None:
    spec = NpvSpec(training_compute_flop=None, mu=19.2, exclusivity="lognormal", cost_multiple=8.0, parts="figures")
    spec = spec.changed(tier="IV") if name in ("mu_shift", "tier_iv_cost_multiple") else spec
    over = bounds(name)
    aim = float(over.at(np.array([0.4]))[0])
    target = run(spec.changed(**{name: aim}, price_declines=name.startswith("price_decline"))).summary["mean_usd"]
    summary = run(spec.changed(goal_input=name, goal_value=max(min(target, 1e18), -1e18))).summary
    assert over.low <= aim <= over.high
    assert summary["goal_sentence"]
    if summary["goal_solution"] is not None and not over.whole:
        met = run(spec.changed(**{name: summary["goal_solution"]}, price_declines=name.startswith("price_decline")))
        assert met.summary["mean_usd"] == pytest.approx(target, rel=1e-6, abs=1e-6 * abs(target) + 1.0)


def test_a_simulated_goal_is_met_on_the_same_paths() -> None:
    spec = ONE.changed(correlation=0.5, exclusivity="lognormal", n_paths=20_000, parts="figures")
    asked = spec.changed(goal_input="correlation", goal_figure="p_positive", goal_value=0.7)
    assert "No solution within bounds" in run(asked).summary["goal_sentence"]
    asked = spec.changed(goal_input="cost_multiple", goal_figure="p_positive", goal_value=0.7)
    solved = run(spec.changed(cost_multiple=run(asked).summary["goal_solution"])).summary
    assert solved["p_positive"] == pytest.approx(0.7, abs=1e-4)


def test_no_solution_is_a_sentence_and_a_null() -> None:
    result = run(ONE.changed(goal_input="drop", goal_value=1e15, parts="figures"))
    assert result.summary["goal_solution"] is None
    assert result.summary["goal_sentence"].startswith("No solution within bounds: for drop from 0 to 1")
    assert result.tables["goal"]["value"].to_list() == [None]


def test_break_even_values_bring_the_mean_to_zero() -> None:
    table = run(ONE).tables["break_even"]
    solved = table.filter(pl.col("break_even_value").is_not_null() & (pl.col("input") != "horizon_months"))
    assert solved.height >= 6
    for tier, name, value in solved.select("tier", "input", "break_even_value").iter_rows():
        low, there, high = (
            run(ONE.changed(tier=tier, parts="figures", **{name: value * by})).summary["mean_usd"]
            for by in (1 - 1e-9, 1, 1 + 1e-9)
        )
        assert low * high <= 0, name
        assert name == "exclusivity_multiple" or there == pytest.approx(0, abs=1e-6 * COST_USD), name


def test_whole_months_make_the_mean_jump_and_it_is_said() -> None:
    table = run(ONE).tables["break_even"].filter(input="exclusivity_multiple")
    assert "jumps past the target" in table["sentence"][1]


@pytest.mark.parametrize("engine", ["exact", "simulation"])
def test_payback_by_a_month_is_the_chance_that_revenue_so_far_covers_the_cost(engine: str) -> None:
    table = run(ONE.changed(engine=engine)).tables["payback"]
    assert table["month"].to_list() == list(range(1, 73))
    assert table["probability"].sum() == pytest.approx(table["cumulative"][-1])
    for month in (1, 5, 9, 10, 30, 72):
        kept = min(month, 9)
        factor = 0.5 * float(annuity(0.2, kept)) + 0.5 * float(annuity(0.2, month))
        expected = stats.norm.sf((math.log(COST_USD / factor) - 18.5) / 0.8)
        tolerance = 1e-9 if engine == "exact" else 4 * math.sqrt(0.25 / 16_384)
        assert table["cumulative"][month - 1] == pytest.approx(expected, abs=tolerance)


def test_financing_is_a_consistent_triple() -> None:
    result = run(ONE.changed(cost_multiple=2.5, parts="figures"))
    table = result.tables["financing"]
    star = 1 - FACTOR * math.exp(18.5 + 0.32) / (2.5 * COST_USD)
    assert table["share"].to_list() == pytest.approx([0, star / 2, star, min(1.5 * star, 1)])
    assert row(table.with_columns(m=pl.col("apc_star_multiple").cast(pl.String)), m="1.0")["mean_usd"] == pytest.approx(
        0, abs=1e-6 * COST_USD
    )
    assert (table["apc_usd"] + table["own_cost_usd"]).to_list() == pytest.approx(table["project_cost_usd"].to_list())
    assert table["leverage"][2] == pytest.approx(1 / star)
    expected = [stats.norm.sf((math.log(own / FACTOR) - 18.5) / 0.8) for own in table["own_cost_usd"]]
    assert table["p_positive"].to_list() == pytest.approx(expected, rel=1e-9)
    assert table["p_positive"].is_sorted()


def test_uncertainty_is_carried_from_data_to_npv() -> None:
    spec = NpvSpec(law="fitted", mu=18.5, data_confidence="Likely", n_paths=65_536, sobol_samples=0)
    table = run(spec).tables["uncertainty"]
    assert row(table, part="compute data")["log10_sd"] == pytest.approx(0.3)
    x = np.linspace(14.0, 26.0, 100)
    leverage = 1 + 1 / 100 + (math.log(1e12) - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    assert row(table, part="scaling law")["log10_sd"] == pytest.approx(RESIDUAL_SD * math.sqrt(leverage) / math.log(10))
    parts = table.filter(~pl.col("part").is_in(["none", "all carried"]))
    assert (parts["log10_sd"] ** 2).sum() == pytest.approx(row(table, part="all carried")["log10_sd"] ** 2)
    assert parts["log_variance_share"].sum() == pytest.approx(1)
    assert parts.sort("log_variance_share")["part"][-1] == "scaling law"


def test_uncertain_chances_are_those_of_two_log_normals() -> None:
    spec = ONE.changed(cost_basis="data", training_compute_flop=1.9e27, price_usd_per_flop=1.2e-18, n_paths=65_536)
    result = run(spec.changed(data_confidence="Speculative", log10_sd_speculative=0.25))
    table, cost = result.tables["uncertainty"], result.summary["upfront_cost_usd"]
    assert row(table, part="scaling law")["log10_sd"] == row(table, part="price of compute")["log10_sd"] == 0
    sd = 0.25 * math.log(10)
    found = row(table, part="all carried")
    chance = stats.norm.sf((math.log(cost / FACTOR) - 18.5) / math.hypot(0.8, sd))
    assert abs(found["p_positive"] - chance) < 4 * found["p_positive_se"]
    mean = FACTOR * math.exp(18.82) - cost * math.exp(sd**2 / 2)
    assert abs(found["mean_usd"] - mean) < 4 * found["mean_usd_se"]
    draws = cost * np.exp(sd * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000))
    assert found["expected_npv_sd_usd"] == pytest.approx(draws.std(), rel=2e-3)
    assert found["p_expected_npv_positive"] == pytest.approx(np.mean(FACTOR * math.exp(18.82) > draws), abs=1e-5)


def test_switched_off_parts_are_shown_but_not_carried() -> None:
    off = {"uncertain_data": False, "uncertain_law": False, "uncertain_price": False}
    table = run(NpvSpec(sobol_samples=0, **off)).tables["uncertainty"]
    assert row(table, part="all carried")["log10_sd"] == 0
    assert row(table, part="scaling law")["log10_sd"] > 1
    assert row(table, part="all carried")["mean_usd"] == row(table, part="none")["mean_usd"]


def test_spider_grid_and_sobol_stand_around_the_same_project() -> None:
    result = run(ONE.changed(sobol_samples=64))
    spider = result.tables["spider"].filter(pl.col("input") == "cost_multiple")
    assert spider["mean_usd"].to_list() == pytest.approx(
        [FACTOR * math.exp(18.82) - m * COST_USD for m in np.linspace(0.5, 1.5, 11)], rel=1e-9
    )
    grid = result.tables["grid"]
    assert grid.height == 15 * 15
    corner = run(ONE.changed(cost_multiple=1.5, annual_discount_rate=0.3, parts="figures")).summary
    assert (grid["mean_usd"][-1], grid["p_positive"][-1]) == pytest.approx(
        (corner["mean_usd"], corner["p_positive"]), rel=1e-9
    )
    sobol = result.tables["sobol"]
    assert sobol["input"].to_list() == [*sobol["input"].unique(maintain_order=True)]
    assert sobol["first"].sum() == pytest.approx(1, abs=0.15)
    assert "sobol" not in run(ONE).tables


def test_a_grid_over_what_plays_no_part_is_one_sentence() -> None:
    with pytest.raises(SpecError, match="'price_usd_per_flop' plays no part"):
        run(ONE.changed(grid_x="price_usd_per_flop"))


def models() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "model": ["GPT-4", "Llama 3.1-405B", "Other"],
            "parameters": [1.8e12, None, 1e9],
            "training_compute_flop": [2e25, 4e25, 1e20],
            "cost_usd_2023": [4e7, 5e7, 1.0],
            "cost_cloud_usd": [None, 1.6e8, None],
            "cost_upfront_usd": pl.Series([None, None, None], dtype=pl.Float64),
            "confidence": ["Likely", "Confident", "Unknown"],
        }
    )


def test_the_catalogue_gives_questions_with_the_reported_costs() -> None:
    found = catalogue(models())
    specs = {name: NpvSpec.parse({**fields, "parts": "figures"}) for name, fields in found.scenarios.items()}
    costs = {name: run(spec).summary["upfront_cost_usd"] for name, spec in specs.items()}
    assert costs["GPT-4, amortised cost"] == pytest.approx(37e6)
    assert costs["GPT-4, cloud cost"] == pytest.approx(81e6)
    assert costs["GPT-4, upfront cost"] == pytest.approx(806e6)
    assert costs["Llama 3.1-405B, cloud cost"] == pytest.approx(1.6e8)
    assert costs["Tier IV, legacy basis"] == pytest.approx(1.8 * COST_USD)
    assert specs["GPT-4, cloud cost"].data_confidence == "Likely"
    assert f"{run(specs['Study as published']).summary['mean_usd']:.6e}" == "-2.384566e+15"
    assert found.missing == (
        "Llama 3.1-405B has no upfront cost in the models table.",
        "Grok 3 is not in the models table.",
    )


def test_the_catalogue_without_models_says_what_is_missing() -> None:
    found = catalogue()
    assert len(found.scenarios) == 7
    assert len(found.missing) == 3
