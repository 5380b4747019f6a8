"""Missing data: Rubin's rules by hand, weights against statsmodels, imputation against the truth it hides."""

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.missing import Imputer, completeness, masked_error, much_missing, patterns, pooled, shares
from engine.missing.weights import FLOOR, logistic
from engine.regression import DesignError, design, fit, weighted
from engine.scaling.spec import ScalingSpec
from engine.spec import SpecError
from engine.streams import stream
from tests.engine.scaling_cases import answered, table

TRUTH = 0.8


def complete(n: int = 600, seed: int = 1) -> pl.DataFrame:
    """y = .8 x + z + noise, with x correlated with z."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = 0.6 * z + rng.normal(size=n)
    return pl.DataFrame({"y": TRUTH * x + z + 0.5 * rng.normal(size=n), "x": x, "z": z})


def holed(seed: int = 1) -> pl.DataFrame:
    """x and y missing at random, more often where z is large."""
    rng = np.random.default_rng(seed + 100)
    frame = complete(seed=seed)
    chance = 1 / (1 + np.exp(-1.5 * frame["z"].to_numpy()))
    lost = {name: pl.Series(rng.random(frame.height) < 0.5 * chance) for name in ("x", "y")}
    return frame.with_columns(pl.when(~hole).then(pl.col(name)).alias(name) for name, hole in lost.items())


def slope(frame: pl.DataFrame) -> tuple[float, float]:
    term = fit(design(frame, "y", ["x", "z"])).term("x")
    return term["coef"], term["se"]


def test_shares_and_patterns_add_up() -> None:
    frame = holed()
    counted, listed = shares(frame, ["x", "y", "z"]), patterns(frame, ["x", "y", "z"])
    assert counted["missing"].to_list() == [frame[name].null_count() for name in ("x", "y", "z")]
    assert listed["rows"].sum() == frame.height
    assert listed["share"].sum() == pytest.approx(1)
    both = listed.filter(pl.col("missing") == "x, y")["rows"].item()
    assert both == frame.filter(pl.col("x").is_null() & pl.col("y").is_null()).height
    assert listed.filter(pl.col("missing") == "nothing")["rows"].item() == frame.drop_nulls().height


def test_much_missing_is_told_above_eighty_percent() -> None:
    frame = pl.DataFrame({"a": [None] * 8 + [1.0] * 2, "b": [None] * 9 + [1.0]})
    assert [text.split(" is missing")[0] for text in much_missing(frame, ["a", "b"])] == ["90% of b"]


def test_rubins_rules_by_hand() -> None:
    """Three imputations: mean 2, within .25, between 1, total .25 + 4/3; degrees and fraction written out."""
    found = pooled([1.0, 2.0, 3.0], [0.5, 0.5, 0.5], 97.0)
    total = 0.25 + 4 / 3
    share = (4 / 3) / total
    observed = 98 / 100 * 97 * (1 - share)
    degrees = 1 / (share**2 / 2 + 1 / observed)
    ratio = share / (1 - share)
    assert (found.estimate, found.se) == pytest.approx((2.0, np.sqrt(total)))
    assert found.degrees == pytest.approx(degrees)
    assert found.fmi == pytest.approx((ratio + 2 / (degrees + 3)) / (ratio + 1))
    assert found.interval()[0] < 0 < 2 < found.interval()[1]


def test_equal_imputations_have_no_missing_information() -> None:
    found = pooled([1.5] * 5, [0.2] * 5, 50.0)
    assert (found.estimate, found.se, found.fmi) == pytest.approx((1.5, 0.2, 0.0))


@pytest.mark.parametrize("ulps", [0, 1, 4])
def test_slopes_that_differ_by_rounding_alone_have_no_missing_information(ulps: int) -> None:
    noisy = pooled([1.5 + ulps * i * np.spacing(1.5) for i in range(20)], [0.2] * 20, 117.0)
    assert noisy.fmi == 0
    assert noisy.degrees == pytest.approx(118 / 120 * 117)
    assert pooled([1.5, 1.5001], [0.2] * 2, 117.0).fmi > 0


def test_one_imputation_is_too_few() -> None:
    with pytest.raises(DesignError, match="too few to pool"):
        pooled([1.0], [0.1], 10.0)


def test_logistic_is_statsmodels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    frame = complete()
    x = np.column_stack([np.ones(frame.height), frame["x"], frame["z"]])
    y = (np.random.default_rng(5).random(frame.height) < 1 / (1 + np.exp(-x @ [0.3, 1.0, -0.7]))).astype(float)
    np.testing.assert_allclose(logistic(x, y), sm.Logit(y, x).fit(disp=False, tol=1e-12).params, rtol=1e-8)


def test_perfect_separation_is_said() -> None:
    x = np.column_stack([np.ones(40), np.arange(40) - 19.5])
    with pytest.raises(DesignError, match="parts complete from incomplete"):
        logistic(x, (np.arange(40) > 19).astype(float))


@pytest.mark.parametrize("covariance", ["HC0", "HC3"])
def test_weighted_fit_is_statsmodels(covariance: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    d = design(complete(), "y", ["x", "z"])
    w = np.random.default_rng(2).uniform(1, 5, len(d.y))
    ours, theirs = fit(weighted(d, w), covariance), sm.WLS(d.y, d.x, weights=w).fit(cov_type=covariance)
    np.testing.assert_allclose(ours.coef, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(ours.se(), theirs.bse, rtol=1e-8)


def test_weights_undo_a_known_selection() -> None:
    """Two groups with slopes 1 and 2 in equal parts; a tenth and nine tenths of them are complete. The complete cases'
    slope is near 1.9, the weighted one near 1.5 (20,000 rows: standard error .02)."""
    rng = np.random.default_rng(0)
    group, x = rng.integers(0, 2, 20_000), rng.normal(size=20_000)
    kept = pl.Series(rng.random(20_000) < np.where(group == 1, 0.9, 0.1))
    frame = pl.DataFrame({"y": (1 + group) * x, "x": x, "group": group.astype(str)})
    model = completeness(frame, kept, [], ["group"])
    assert np.unique(model.probability).round(2) == pytest.approx([0.1, 0.9], abs=0.02)
    used = frame.with_columns(w=pl.Series(model.weights())).filter(kept)
    d = design(used, "y", ["x"])
    assert fit(d).term("x")["coef"] > 1.85
    assert fit(weighted(d, used["w"].to_numpy())).term("x")["coef"] == pytest.approx(1.5, abs=0.06)


def test_small_probabilities_are_floored_and_counted() -> None:
    frame = pl.DataFrame({"group": ["a"] * 1_000 + ["b"] * 1_000})
    kept = pl.Series([i == 0 or i >= 1_500 for i in range(2_000)])
    model = completeness(frame, kept, [], ["group"])
    assert (model.probability.min(), model.floored) == (FLOOR, 1)


@pytest.mark.parametrize(
    ("kept", "numbers", "word"),
    [([True] * 20, ["x"], "every row"), ([False] * 20, ["x"], "no row"), ([True, False] * 10, [], "nothing else")],
)
def test_weights_that_cannot_be_say_why(kept: list[bool], numbers: list[str], word: str) -> None:
    with pytest.raises(DesignError, match=word):
        completeness(complete(20), pl.Series(kept), numbers, [])


def test_imputation_repeats_with_its_stream_and_only_with_it() -> None:
    imputer = Imputer(holed())
    np.random.seed(1)
    first = imputer.draw(stream(7, "test", 0))
    np.random.seed(2)
    assert imputer.draw(stream(7, "test", 0)).equals(first)
    assert not imputer.draw(stream(7, "test", 1)).equals(first)
    assert first.null_count().sum_horizontal().item() == 0


def test_known_cells_stay_and_imputed_ones_are_among_the_known() -> None:
    frame = holed()
    filled = Imputer(frame).draw(stream(1, "test", 0))
    for name in ("x", "y"):
        known = frame[name].is_not_null()
        assert filled[name].filter(known).equals(frame[name].filter(known))
        assert set(filled[name].filter(~known)) <= set(frame[name].drop_nulls())


def test_imputation_recovers_the_slope() -> None:
    """Within three pooled errors of the truth, with a fraction of missing information between none and all."""
    imputer = Imputer(holed())
    found = [slope(imputer.draw(stream(3, "test", i))) for i in range(20)]
    result = pooled([b for b, _ in found], [s for _, s in found], 597.0)
    assert result.estimate == pytest.approx(TRUTH, abs=3 * result.se)
    assert 0.1 < result.fmi < 0.9
    assert result.se > np.mean([s for _, s in found])


def test_masked_cells_beat_the_mean() -> None:
    found = masked_error(holed(), "y", stream(1, "test", 0))
    assert found["cells"] == round(0.1 * holed()["y"].count())
    assert float(found["rmse"]) < 0.7 * float(found["baseline_rmse"])
    assert abs(float(found["mean_error"])) < 0.3


def test_a_column_without_values_cannot_be_imputed() -> None:
    with pytest.raises(DesignError, match="'x' has 0 values"):
        Imputer(holed().with_columns(x=pl.lit(None, pl.Float64)))


def test_too_few_imputations_are_refused() -> None:
    with pytest.raises(SpecError, match="0 or at least 20"):
        ScalingSpec.parse({"imputations": 19})


def test_the_study_reports_all_three_methods() -> None:
    """A third of the compute hidden at random: every method's slope is within three of its errors of the truth."""
    hidden = np.random.default_rng(8).random(400) < 1 / 3
    frame = table().with_columns(
        training_compute_flop=pl.when(pl.Series(~hidden)).then(pl.col("training_compute_flop"))
    )
    found = answered(frame, effects="year,domain", imputations=20)
    methods = found.tables["missing_methods"]
    assert methods["method"].to_list() == ["complete case", "inverse-probability weights", "multiple imputation"]
    assert methods["note"].to_list() == [""] * 3
    for row in methods.iter_rows(named=True):
        assert row["slope"] == pytest.approx(1.3, abs=3 * row["se"])
    last = methods.row(-1, named=True)
    assert (last["n"], last["imputations"]) == (400, 20)
    assert 0 < last["fmi"] < 1
    imputed = {row["column"]: row for row in found.tables["imputed"].iter_rows(named=True)}
    assert imputed["training_compute_flop"]["imputed"] == hidden.sum()
    assert imputed["parameters"]["imputed"] == 0
    masked = found.tables["masked_error"]
    assert (masked["rmse_ln"] < masked["baseline_rmse_ln"]).all()
    assert found.tables["missing_columns"].filter(pl.col("column") == "training_compute_flop")["missing"].item() == sum(
        hidden
    )


def test_mostly_missing_variables_warn_and_unimputable_ones_say_why() -> None:
    few = table().with_columns(cost_usd_2023=pl.when(pl.int_range(400) % 15 == 0).then(pl.col("cost_usd_2023")))
    found = answered(few, direction="cost_on_parameters", imputations=20)
    assert any("93% of cost_usd_2023 is missing" in warning for warning in found.warnings)
    fewer = table().with_columns(cost_usd_2023=pl.when(pl.int_range(400) < 45).then(pl.col("cost_usd_2023")))
    notes = answered(fewer, direction="cost_on_parameters", imputations=20).tables["missing_methods"]["note"]
    assert "takes 20" in notes[-1]
