"""Upfront cost by hand, the scaling law against statsmodels-free algebra, and the recovery table."""

import math

import numpy as np
import polars as pl
import pytest

from engine.npv import Npv, NpvSpec
from engine.npv.cost import law_from
from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from tests.engine.npv_cases import INTERCEPT, RESIDUAL_SD, SLOPE, row, run, scaling_result


def test_gpt4_by_hand() -> None:
    spec = NpvSpec(training_compute_flop=2.1e25, price_usd_per_flop=1.19e-18, overhead_multiple=1.5)
    assert run(spec).summary["upfront_cost_usd"] == pytest.approx(37_485_000.0, rel=1e-12)


def test_reference_law_gives_the_stated_compute_at_one_trillion_parameters() -> None:
    summary = run(NpvSpec()).summary
    assert summary["training_compute_flop"] == pytest.approx(9.2086e25, rel=1e-5)
    assert summary["upfront_cost_usd"] == pytest.approx(9.2086e25 * 1.19e-18, rel=1e-5)


def test_cost_is_the_laws_median_compute_times_the_price() -> None:
    summary = run(NpvSpec(law="fitted")).summary
    compute = math.exp(INTERCEPT + SLOPE * math.log(1e12))
    assert summary["training_compute_flop"] == pytest.approx(compute, rel=1e-12)
    assert summary["upfront_cost_usd"] == pytest.approx(compute * 1.19e-18, rel=1e-12)
    assert run(NpvSpec(law="fitted", cost_basis="readme")).summary["upfront_cost_usd"] == pytest.approx(
        compute * 5e-11, rel=1e-12
    )


def test_every_multiple_counts_and_the_legacy_cost_ignores_compute() -> None:
    spec = NpvSpec(cost_basis="legacy", tier="IV", cost_multiple=3.0, overhead_multiple=1.25, mu=20.0)
    assert run(spec).summary["upfront_cost_usd"] == pytest.approx(2_360_172_224.71 * 1.8 * 3 * 1.25, rel=1e-15)


def test_exponent_and_anchor_replace_the_fit() -> None:
    spec = NpvSpec(scaling_exponent=1.697, compute_at_1b_flop=1e20)
    assert run(spec).summary["training_compute_flop"] == pytest.approx(1e20 * 1000**1.697, rel=1e-12)
    steeper = run(NpvSpec(law="fitted", scaling_exponent=2.0)).summary["training_compute_flop"]
    assert steeper == pytest.approx(math.exp(INTERCEPT + SLOPE * math.log(1e9)) * 1000**2.0, rel=1e-12)


def test_prediction_interval_is_the_textbook_one() -> None:
    from scipy import stats

    law = law_from(scaling_result())
    x = np.linspace(14.0, 26.0, 100)
    design = np.column_stack([np.ones(100), x])
    new = np.array([1.0, math.log(1e12)])
    leverage = new @ np.linalg.inv(design.T @ design) @ new
    half = stats.t.ppf(0.975, 98) * RESIDUAL_SD * math.sqrt(1 + leverage)
    assert math.log(law.prediction_factor(1e12)) == pytest.approx(half, rel=1e-10)


def test_routes_to_compute_stand_side_by_side() -> None:
    routes = run(NpvSpec(law="fitted")).tables["compute_routes"]
    fitted = row(routes, route="law fitted on the data (100 models), median")
    assert fitted["training_compute_flop"] == pytest.approx(math.exp(INTERCEPT + SLOPE * math.log(1e12)), rel=1e-12)
    assert fitted["low_flop"] < fitted["training_compute_flop"] < fitted["high_flop"]
    assert "reference law (1,094 models), median" in routes["route"].to_list()
    mean = row(routes, route="law fitted on the data (100 models), mean")["training_compute_flop"]
    assert mean / fitted["training_compute_flop"] == pytest.approx(math.exp(RESIDUAL_SD**2 / 2))
    published = routes.filter(pl.col("route").str.starts_with("published"))["training_compute_flop"]
    assert published.to_list() == pytest.approx([1e20 * 1000**1.697, 4.769132e25])


def test_recovery_is_cost_over_the_median_exclusivity_at_each_size() -> None:
    spec = NpvSpec(law="fitted", exclusivity="constant", exclusivity_months=8.7)
    table = run(spec).tables["recovery"]
    assert table["parameters"].to_list() == [1e9, 1e10, 1e11, 1e12]
    for parameters, cost, monthly in table.select(
        "parameters", "upfront_cost_usd", "required_monthly_revenue_usd"
    ).iter_rows():
        assert cost == pytest.approx(
            run(spec.changed(parameters_count=parameters)).summary["upfront_cost_usd"], rel=1e-12
        )
        assert monthly == pytest.approx(cost / 8.7, rel=1e-12)
    quoted = table.filter(pl.col("quoted_upfront_cost_usd").is_not_null())
    assert quoted["parameters"].to_list() == [1e12]
    assert quoted["quoted_upfront_cost_usd"][0] / quoted["quoted_exclusivity_months"][0] == pytest.approx(
        quoted["quoted_monthly_revenue_usd"][0], rel=1e-3
    )


def test_recovery_without_a_law_is_the_project_alone() -> None:
    table = run(NpvSpec(cost_basis="legacy", exclusivity="lognormal")).tables["recovery"]
    assert table["upfront_cost_usd"].to_list() == [2_360_172_224.71]
    assert table["exclusivity_months"].to_list() == [8.0]


def test_a_law_that_could_not_be_fitted_is_one_sentence() -> None:
    full = scaling_result()
    empty = Result("scaling", {}, {**full.tables, "fits": full.tables["fits"].filter(pl.col("effects") == "year")})
    work = Work(NpvSpec(law="fitted", exclusivity="constant"), {}, {"scaling": empty})
    with pytest.raises(SpecError, match="give training_compute_flop"):
        Npv().combine(work, [])


def test_own_exponent_and_anchor_are_a_route() -> None:
    routes = run(NpvSpec(scaling_exponent=1.697, compute_at_1b_flop=1e20)).tables["compute_routes"]
    own = row(routes, route="own exponent or anchor")["training_compute_flop"]
    assert own == pytest.approx(1e20 * 1000**1.697, rel=1e-12)
