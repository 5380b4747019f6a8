"""The scaling study as asked: headline, side by side, groups that sum to the points, units, predictions, sentences."""

import math
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.bootstrap import Bootstrap
from engine.regression import DesignError
from engine.scaling import Scaling, ScalingSpec
from engine.scaling.fits import all_fits, comparison, finding, line, predictions, verdict
from engine.scaling.groups import MIN_ROWS, TIERS, by_tier, by_type, by_year, equality_tests, grouped, with_tier
from engine.scaling_law import fit_law, points, with_origin
from engine.spec import SpecError
from engine.study import Work
from engine.tables.derive import FLOP_PER_UNIT
from jobs.data import load_tables
from tests.engine.scaling_cases import SLOPE, answered, bootstrapped, table

DIRECTION = "compute_on_parameters"


def owned(frame: pl.DataFrame) -> pl.DataFrame:
    return with_origin({"scaling": frame})


def test_summary_is_the_headline_fit_and_its_bootstrap() -> None:
    found = answered(table(), effects="domain,year")
    fitted = fit_law(table(), DIRECTION, "year,domain")
    boot = bootstrapped(table(), effects="year,domain").summary
    s = found.summary
    assert (s["direction"], s["effects"], s["n"]) == (DIRECTION, "year,domain", 400)
    assert (s["slope"], s["se"]) == (fitted.term("x")["coef"], fitted.term("x")["se"])
    assert (s["boot_low"], s["boot_high"]) == (boot["ci_low"], boot["ci_high"])
    assert s["boot_low"] < s["slope"] < s["boot_high"]
    assert (s["within_effects"], s["within_slope"], s["within_n"]) == ("year,domain", s["slope"], 400)
    headline = found.tables["fits"].filter((pl.col("name") == DIRECTION) & (pl.col("effects") == "year,domain"))
    assert headline["slope"].item() == s["slope"]


def test_every_direction_is_fitted_with_every_set_of_effects() -> None:
    fits, failures = all_fits(table(), "year,domain,organization_type", "HC3")
    assert failures == []
    assert fits.height == 3 * 4
    assert fits.select("name", "effects").n_unique() == 12
    assert (fits["name"] == fits["direction"]).all()
    for row in fits.iter_rows(named=True):
        assert row["slope"] == fit_law(table(), row["name"], row["effects"]).term("x")["coef"]


def test_a_direction_without_rows_is_said_and_the_others_stay() -> None:
    fits, failures = all_fits(table().with_columns(cost_usd_2023=pl.lit(None, pl.Float64)), "pooled", "HC3")
    assert set(fits["name"]) == {DIRECTION, "parameters_on_compute"}
    assert failures
    assert all("cost_usd_2023" in text for text in failures)


def test_published_stands_next_to_corrected() -> None:
    """Published: pooled on all rows. Corrected: year and domain effects on originals."""
    based = owned(table()).with_columns(
        base_model=pl.when(pl.int_range(400) < 50).then(pl.lit("a base")),
        training_compute_flop=pl.when(pl.int_range(400) < 50).then(1e27).otherwise(pl.col("training_compute_flop")),
    )
    row = comparison(based, "HC3").row(0, named=True)
    assert (row["published_n"], row["corrected_n"], row["corrected_effects"]) == (400, 350, "year,domain")
    assert row["published_slope"] == fit_law(based, DIRECTION, "pooled").term("x")["coef"]
    originals = based.filter(pl.col("base_model").is_null())
    assert row["corrected_slope"] == fit_law(originals, DIRECTION, "year,domain").term("x")["coef"]
    assert row["change"] == pytest.approx(row["corrected_slope"] - row["published_slope"])
    assert row["corrected_slope"] == pytest.approx(SLOPE, abs=0.1)


def test_presets_differ_by_the_derivatives() -> None:
    assert (ScalingSpec().derivatives, ScalingSpec(preset="published").derivatives) == (False, True)
    assert (ScalingSpec().effects, ScalingSpec(preset="published").effects) == ("pooled", "pooled")


@pytest.mark.parametrize("direction", [DIRECTION, "cost_on_parameters", "parameters_on_compute"])
def test_year_and_tier_tables_sum_to_the_points(direction: str) -> None:
    frame = table().with_columns(year=pl.when(pl.int_range(400) > 5).then(pl.col("year")))
    found = answered(frame, direction=direction).tables
    n = found["points"].height
    assert found["by_year"]["n"].sum() == found["by_tier"]["n"].sum() == n
    assert found["by_tier"]["tier"].to_list() == list(TIERS)
    assert found["points"]["tier"].value_counts().sort("tier").rows() == [
        (tier, count) for tier, count in sorted(found["by_tier"].select("tier", "n").iter_rows()) if count
    ]
    for group in ("by_year", "by_tier"):
        assert (found[group]["slope"].is_null() == (found[group]["note"] != "")).all()


def test_a_slope_by_group_is_the_fit_of_the_group_alone() -> None:
    rows = points(table(), DIRECTION)
    for row in by_year(rows, "HC3").drop_nulls("slope").iter_rows(named=True):
        alone = fit_law(table().filter(pl.col("year") == row["year"]), DIRECTION, "pooled").term("x")
        assert (row["slope"], row["se"]) == pytest.approx((alone["coef"], alone["se"]), rel=1e-8)


def test_tier_slopes_come_from_the_points() -> None:
    """Slopes of 2, 1 and .5 in the three tiers are found, and their equality is rejected; one slope is not."""
    rng = np.random.default_rng(3)
    x = np.log(10.0) * rng.uniform(6, 12, 900)
    tier = np.digitize(np.exp(x), [1e8, 1e10])
    slope = np.array([2.0, 1.0, 0.5])[tier]
    base = points(table(900), DIRECTION).with_columns(parameters=pl.Series(np.exp(x)), x=pl.Series(x))
    bent = base.with_columns(y=pl.Series(slope * x + 0.3 * rng.normal(size=900)))
    found = by_tier(bent, "HC3")
    assert found["slope"].to_list() == pytest.approx([2.0, 1.0, 0.5], abs=0.1)
    assert _p(equality_tests(bent, "HC3"), "equal slopes by tier", "pooled") < 1e-6
    straight = base.with_columns(y=pl.Series(1.5 * x + 0.3 * rng.normal(size=900)))
    assert _p(equality_tests(straight, "HC3"), "equal slopes by tier", "pooled") > 0.01


def _p(tests: pl.DataFrame, name: str, effects: str) -> float:
    return float(tests.filter((pl.col("test") == name) & (pl.col("effects") == effects))["p"].item())


def test_tier_bounds_belong_to_the_tier_above() -> None:
    rows = pl.DataFrame({"parameters": [9.9e7, 1e8, 9.9e9, 1e10]})
    assert with_tier(rows)["tier"].to_list() == ["< 1e8", "1e8-1e10", "1e8-1e10", ">= 1e10"]


@pytest.mark.filterwarnings("ignore")
def test_equality_of_slopes_is_statsmodels_wald_test() -> None:
    import statsmodels.formula.api as smf

    rows = points(table(), DIRECTION)
    theirs = smf.ols("y ~ C(organization_type) * x", rows.to_pandas()).fit(cov_type="HC3")
    names = [n for n in theirs.params.index if n.startswith("C(organization_type)") and n.endswith(":x")]
    test = theirs.wald_test(", ".join(f"{n} = 0" for n in names), use_f=True, scalar=True)
    found = equality_tests(rows, "HC3").filter(
        (pl.col("test") == "equal slopes by organization_type") & (pl.col("effects") == "pooled")
    )
    assert found["statistic"].item() == pytest.approx(float(test.statistic), rel=1e-8)
    assert found["p"].item() == pytest.approx(float(test.pvalue), rel=1e-8)


def test_a_drift_of_the_slope_is_found() -> None:
    """The slope rises by .1 a year."""
    rows = points(table(1_500), DIRECTION)
    year, x = rows["year"].to_numpy(), rows["x"].to_numpy()
    drifting = rows.with_columns(
        y=pl.Series((1 + 0.1 * (year - 2019)) * x + np.random.default_rng(1).normal(size=1_500))
    )
    row = equality_tests(drifting, "HC3").filter(pl.col("test") == "slope drifts with release year").row(0, named=True)
    assert row["p"] < 1e-6
    assert float(row["note"].split()[3]) == pytest.approx(0.1, abs=0.02)


def test_organization_types_differ_as_they_were_made() -> None:
    """Academia: slope .4 lower than industry's, and 3 lower at the mean; government the same as industry."""
    rows = points(table(1_500), DIRECTION)
    x, kind = rows["x"].to_numpy(), rows["organization_type"].to_numpy()
    academia, noise = kind == "Academia", np.random.default_rng(2).normal(size=1_500)
    y = 1.5 * x + np.where(academia, -0.4 * (x - x.mean()) - 3, 0) + noise
    found, failures = by_type(rows.with_columns(y=pl.Series(y)), "HC3")
    assert failures == []
    pooled = {r["organization_type"]: r for r in found.filter(pl.col("effects") == "pooled").iter_rows(named=True)}
    assert next(iter(pooled)) == "Industry"
    assert pooled["Industry"]["slope_difference"] is None
    assert pooled["Academia"]["slope_difference"] == pytest.approx(-0.4, abs=0.06)
    assert pooled["Academia"]["level_difference"] == pytest.approx(-3, abs=0.2)
    assert pooled["Government"]["slope_difference_ci_low"] < 0 < pooled["Government"]["slope_difference_ci_high"]
    assert pooled["Academia"]["level_difference_ci_high"] < -2.5
    assert found.filter(pl.col("effects") == "year").height == 3


def test_groups_with_few_rows_or_one_size_say_so() -> None:
    frame = table().with_columns(
        organization_type=pl.when(pl.int_range(400) == 0)
        .then(pl.lit("Other"))
        .when(pl.int_range(400) < 20)
        .then(pl.lit("Academia, Industry"))
        .otherwise(pl.col("organization_type")),
        parameters=pl.when(pl.int_range(400).is_between(1, 19)).then(pl.lit(1e9)).otherwise(pl.col("parameters")),
    )
    found, _ = by_type(points(frame, DIRECTION), "HC3")
    notes = dict(found.filter(pl.col("effects") == "pooled").select("organization_type", "note").iter_rows())
    assert notes["Other"] == f"1 row; a slope takes {MIN_ROWS}"
    assert notes["Academia, Industry"] == "the regressor is constant"
    assert found.filter(pl.col("effects") == "pooled")["n"].sum() == 400


def test_no_group_at_all_is_one_sentence() -> None:
    with pytest.raises(DesignError, match="No group of organization_type"):
        grouped(points(table(9), DIRECTION), "organization_type", "pooled", "HC3")


@pytest.mark.parametrize("unit", ["PF-day", "TFLOP-day", "GFLOP-day"])
@pytest.mark.parametrize("declared", ["auto", "named"])
def test_units_change_nothing(unit: str, declared: str) -> None:
    """The same table in another unit of compute, and in billions of parameters and thousands of USD."""
    middle = 2e22 / math.exp(points(table(), DIRECTION)["y"].median() or 0.0)
    plain = table().with_columns(pl.col("training_compute_flop") * middle)
    other = plain.with_columns(
        pl.col("training_compute_flop") / FLOP_PER_UNIT[unit], pl.col("parameters") / 1e9, pl.col("cost_usd_2023") / 1e3
    )
    scales = {"params_scale": 1e9, "cost_scale": 1e3, "compute_unit": unit if declared == "named" else "auto"}
    expected, found = answered(plain), answered(other, **scales)
    assert any(f"read as {unit}" in warning for warning in found.warnings)
    assert not any("read as" in warning for warning in expected.warnings)
    for name in ("slope", "intercept", "se", "aic"):
        np.testing.assert_allclose(found.tables["fits"][name], expected.tables["fits"][name], rtol=1e-7)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("at", [1e9, 1e12])
def test_predictions_are_statsmodels(at: float) -> None:
    import statsmodels.formula.api as smf

    found, failures = predictions(table(), at)
    assert failures == []
    by_route = {row["route"]: row for row in found.iter_rows(named=True)}
    rows = points(table(), DIRECTION).to_pandas()
    formulas = {"pooled": "y ~ x", "within the last release year": "y ~ x + C(year)"}
    for route, formula in formulas.items():
        theirs = smf.ols(formula, rows).fit().get_prediction({"x": [math.log(at)], "year": [2025]})
        frame = theirs.summary_frame(alpha=0.05)
        ours = by_route[f"fitted law, {route}"]
        assert math.log(ours["training_compute_flop"]) == pytest.approx(frame["mean"][0], rel=1e-8)
        assert math.log(ours["low_flop"]) == pytest.approx(frame["obs_ci_lower"][0], rel=1e-8)
        assert math.log(ours["high_flop"]) == pytest.approx(frame["obs_ci_upper"][0], rel=1e-8)


def test_the_published_route_is_its_configuration() -> None:
    found, _ = predictions(table(), 1e12)
    assert found["training_compute_flop"][0] == pytest.approx(1e20 * 1000**1.697)
    assert found.select("n", "low_flop", "high_flop", "mean_flop").row(0) == (None, None, None, None)


def test_the_inverse_route_inverts_its_law() -> None:
    found, _ = predictions(table(), 1e12)
    fitted = fit_law(table(), "parameters_on_compute", "pooled")
    compute = math.log(found["training_compute_flop"][-1])
    assert fitted.coef[0] + fitted.coef[1] * compute == pytest.approx(math.log(1e12))
    assert found["low_flop"][-1] < found["training_compute_flop"][-1] < found["high_flop"][-1]


def test_a_weak_law_is_not_inverted_and_the_rest_stays() -> None:
    """Noise on noise: the inverse would divide by a slope that may be 0, and e to that power be no number."""
    noise = np.exp(np.random.default_rng(8).normal(50, 1, 400))
    found, failures = predictions(table().with_columns(training_compute_flop=pl.Series(noise)), 1e12)
    assert found.height == 3
    assert len(failures) == 1
    assert "too near 0 to be inverted" in failures[0]


def test_a_prediction_off_the_numbers_is_left_empty_with_a_sentence() -> None:
    """Compute rises as the 40th power of parameters within a narrow range; 1e18 parameters are far outside it."""
    x = np.random.default_rng(1).normal(20, 0.5, 400)
    steep = table().with_columns(parameters=pl.Series(np.exp(x)), training_compute_flop=pl.Series(np.exp(40 * x - 750)))
    found, failures = predictions(steep, 1e18)
    direct = found.filter(pl.col("route") == "fitted law, pooled").row(0, named=True)
    assert direct["training_compute_flop"] is None
    assert "The prediction by fitted law, pooled goes beyond any number of FLOP" in failures[0]


def test_a_constant_cost_costs_only_its_own_fits() -> None:
    found = answered(table().with_columns(cost_usd_2023=pl.lit(1e6)))
    assert found.summary["n"] == 400
    assert any("Column 'cost_usd_2023' is constant" in text for text in found.warnings)


def test_points_on_one_line_are_answered() -> None:
    """Powers of two make residuals of exactly 0: nothing to test, and nothing to divide by."""
    exact = table(64).with_columns(parameters=pl.Series([2.0**i for i in range(20, 84)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = answered(exact.with_columns(training_compute_flop=pl.col("parameters")))
    assert found.summary["slope"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("fields", [{"covariance": "cluster"}, {"effects": "year"}, {"effects": "year,domain"}])
def test_the_account_of_lost_rows_ends_at_the_fit(fields: dict[str, Any]) -> None:
    i = pl.int_range(400)
    holed = table().with_columns(
        year=pl.when(i == 0).then(pl.lit(1980, pl.Int64)).when(i > 3).then(pl.col("year")),
        organization=pl.when(i < 390).then(pl.col("organization")),
    )
    found = answered(holed, **fields)
    lost = found.tables["attrition"]
    assert lost["rows"][-1] == found.summary["n"] < 400
    assert (lost["rows"].diff().drop_nulls() == -lost["lost"][1:]).all()
    assert any("left out of the fit" in text for text in found.warnings)
    apart = any("bootstrap interval is of 400 rows, the fit of 390" in text for text in found.warnings)
    assert apart == ("covariance" in fields)


def test_tiers_that_cut_the_response_say_so() -> None:
    def said(direction: str) -> bool:
        return any(text.startswith("Tiers are of") for text in answered(table(), direction=direction).warnings)

    assert [said(direction) for direction in (DIRECTION, "parameters_on_compute")] == [False, True]


@pytest.mark.filterwarnings("ignore")
def test_the_line_has_statsmodels_bands() -> None:
    import statsmodels.formula.api as smf

    rows = points(table(), DIRECTION)
    ours = line(rows, "HC3")
    data, at = rows.to_pandas(), {"x": ours["x"].to_numpy()}
    robust = smf.ols("y ~ x", data).fit(cov_type="HC3").get_prediction(at).summary_frame(alpha=0.05)
    plain = smf.ols("y ~ x", data).fit().get_prediction(at).summary_frame(alpha=0.05)
    np.testing.assert_allclose(ours["ci_low"], robust["mean_ci_lower"], rtol=1e-8)
    np.testing.assert_allclose(ours["pi_high"], plain["obs_ci_upper"], rtol=1e-8)


@pytest.mark.parametrize(
    ("slope", "word"),
    [
        (1.3, "grows faster than"),
        (0.7, "grows more slowly than"),
        (1.0, "can't be told from growing in proportion"),
        (0.0, "can't be told from not changing with parameters"),
        (-1.3, "falls as parameters grow"),
    ],
)
def test_verdict_follows_the_interval_against_one(slope: float, word: str) -> None:
    x = points(table(), DIRECTION)["x"].to_numpy()
    y = slope * (x - x.mean()) + 50 + np.random.default_rng(4).normal(size=400)
    fits, _ = all_fits(table().with_columns(training_compute_flop=pl.Series(np.exp(y))), "year", "HC3")
    assert word in verdict(fits, DIRECTION)
    assert "within release year" in verdict(fits, DIRECTION, "year")
    assert word in finding(fits, DIRECTION)


def test_a_falling_law_is_not_called_growth() -> None:
    x = points(table(), DIRECTION)["x"].to_numpy()
    y = 50 - 1.3 * x + 0.1 * np.random.default_rng(4).normal(size=400)
    fits, _ = all_fits(table().with_columns(training_compute_flop=pl.Series(np.exp(y))), "pooled", "HC3")
    assert finding(fits, DIRECTION).startswith("1 % more parameters goes with a change in compute of -1.30 %")
    assert "scale" not in finding(fits, DIRECTION)
    assert verdict(fits, "parameters_on_compute") == "parameters fall as compute grows pooled over years"


def test_parameters_grow_in_the_plural() -> None:
    fits, _ = all_fits(table(), "pooled", "HC3")
    assert verdict(fits, "parameters_on_compute").startswith("parameters grow more slowly than compute")


def test_the_finding_is_withheld_when_thin() -> None:
    fits, _ = all_fits(table(15), "pooled", "HC3")
    assert finding(fits, DIRECTION).startswith("No headline: 15 rows")
    assert verdict(fits, DIRECTION).startswith("No verdict")


def test_the_law_of_npv_comes_from_the_study() -> None:
    from engine.npv.cost import law_from

    found = answered(table())
    law, fitted = law_from(found), fit_law(table(), DIRECTION, "pooled")
    assert (law.n, law.slope, law.intercept) == (400, float(fitted.coef[1]), float(fitted.coef[0]))
    assert law.residual_sd == pytest.approx(fitted.residual_sd())


def test_same_question_same_bytes() -> None:
    first, second = (answered(table(), seed=3).sha256() for _ in range(2))
    assert first == second


def test_bundled_models_lose_their_derivatives() -> None:
    """The table of lost rows ends at the headline fit, and the derivatives are its first loss."""
    tables = load_tables(("scaling", "models")).tables
    study, spec = Scaling(), ScalingSpec(replicates=200)
    need = study.needs(spec)["bootstrap"]
    boot_study = Bootstrap()
    boot_work: Any = Work(need, tables)
    boot = boot_study.combine(boot_work, [boot_study.run_chunk(boot_work, c) for c in boot_study.chunks(boot_work)])
    found = study.combine(Work(spec, tables, {"bootstrap": boot}), [])
    lost = found.tables["attrition"]
    assert lost["rows"][-1] == found.summary["n"] == boot.summary["n"] == found.tables["points"].height
    assert lost["step"][1] == "not a derivative"
    assert lost["lost"][1] == tables["models"]["base_model"].count()


@pytest.mark.parametrize(
    ("frame", "fields", "word"),
    [
        (table().with_columns(parameters=pl.lit(1e9)), {}, "constant"),
        (table().with_columns(training_compute_flop=pl.lit(7e22)), {}, "'training_compute_flop' is constant"),
        (table().with_columns(training_compute_flop=pl.lit(None, pl.Float64)), {}, "training_compute_flop"),
        (table(), {"first_year": 2090}, "No row is from 2090 or later: the last year is 2025"),
        (table().with_columns(domain=pl.col("year").cast(pl.String)), {"effects": "year,domain"}, "collinear"),
    ],
)
def test_bad_tables_are_one_sentence(frame: pl.DataFrame, fields: dict[str, Any], word: str) -> None:
    with pytest.raises(DesignError, match=word):
        answered(frame, **fields)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"replicates": 0}, "'replicates' can't be 0"),
        ({"compute_unit": "EFLOP"}, "'compute_unit' can't be 'EFLOP'"),
        ({"params_scale": 0}, "'params_scale' can't be 0"),
        ({"first_year": 1800}, "'first_year' can't be 1800"),
        ({"covariance": "HC9"}, "'covariance' can't be 'HC9'"),
    ],
)
def test_bad_questions_are_one_sentence(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(SpecError, match=word):
        ScalingSpec.parse(fields)


def test_a_small_table_still_answers_and_says_what_it_lacks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = answered(table(12))
    assert found.summary["status"] == "amber"
    assert found.summary["n"] == 12
    checks = found.tables["diagnostics"]
    assert ((checks["statistic"].is_not_null()) | (checks["note"].str.contains("not run"))).all()
