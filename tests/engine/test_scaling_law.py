"""Rows and fits of a law: statsmodels and pyfixest as oracles, effects by any spelling, one sentence for bad input."""

from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bootstrap import BootstrapSpec
from engine.regression import Covariance, DesignError
from engine.scaling import ScalingSpec
from engine.scaling_law import (
    EFFECTS,
    LawSpec,
    canonical_effects,
    fit_law,
    law_rows,
    left_out,
    origin_known,
    points,
    usable_effects,
    with_origin,
)
from engine.spec import SpecError
from engine.tables import scaling_table
from jobs.data import load_tables
from tests.engine.scaling_cases import SLOPE, rows_of, table

TOLERANCE = 1e-8


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("covariance", ["HC1", "HC3", "cluster"])
@pytest.mark.parametrize("effects", ["pooled", "year", "year,domain"])
def test_agrees_with_pyfixest(covariance: Covariance, effects: str) -> None:
    """Effects absorbed there, dummies here; HC3 is only defined there without absorption. Small-sample factors as ours:
    every coefficient counted, G / (G - 1)."""
    import pyfixest as pf

    names = [] if effects == "pooled" else effects.split(",")
    absorbed = " + ".join(names)
    dummies = " + ".join(f"C({name})" for name in names)
    formula = "y ~ x" + (f" | {absorbed}" if names and covariance != "HC3" else f" + {dummies}" if names else "")
    vcov: Any = {"CRV1": "organization"} if covariance == "cluster" else covariance
    ssc = pf.ssc(k_adj=covariance != "HC3", k_fixef="full", G_adj=True, G_df="conventional")
    theirs = pf.feols(formula, rows_of(table()).to_pandas(), vcov=vcov, ssc=ssc)
    ours = fit_law(table(), "compute_on_parameters", effects, covariance).term("x")
    assert ours["coef"] == pytest.approx(theirs.coef()["x"], rel=TOLERANCE)
    assert ours["se"] == pytest.approx(theirs.se()["x"], rel=TOLERANCE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("covariance", ["HC0", "HC1", "HC2", "HC3", "cluster"])
@pytest.mark.parametrize("direction", ["cost_on_parameters", "parameters_on_compute"])
def test_agrees_with_statsmodels_formulas(covariance: Covariance, direction: str) -> None:
    import statsmodels.formula.api as smf

    rows = points(table(), direction, "year,domain").to_pandas()
    kwds = {"cov_kwds": {"groups": rows["organization"]}} if covariance == "cluster" else {}
    theirs = smf.ols("y ~ x + C(year) + C(domain)", rows).fit(cov_type=covariance, **kwds)
    ours = fit_law(table(), direction, "year,domain", covariance)
    assert ours.term("x")["coef"] == pytest.approx(theirs.params["x"], rel=TOLERANCE)
    assert ours.term("x")["se"] == pytest.approx(theirs.bse["x"], rel=TOLERANCE)
    assert (ours.n, ours.aic) == (theirs.nobs, pytest.approx(theirs.aic, rel=1e-10))


def test_recovers_the_slope_within_two_errors() -> None:
    """Without effects the steps of the years go into the slope; with them it is the one the table was made by."""
    within = fit_law(table(2_000), "compute_on_parameters", "year,domain").term("x")
    assert abs(within["coef"] - SLOPE) < 2 * within["se"]
    assert fit_law(table(2_000), "compute_on_parameters", "pooled").term("x")["ci_low"] > SLOPE


@given(st.sets(st.sampled_from(EFFECTS)))
def test_effects_have_one_spelling(names: set[str]) -> None:
    spellings = {canonical_effects(", ".join(order)) for order in permutations(sorted(names))}
    spellings |= {canonical_effects(list(order)) for order in permutations(sorted(names))}
    assert len(spellings) == 1
    assert canonical_effects(spellings.pop()) == (",".join(n for n in EFFECTS if n in names) or "pooled")


@pytest.mark.parametrize("nothing", ["pooled", "none", "", None, [], " none "])
def test_no_effects_by_any_name(nothing: Any) -> None:
    assert BootstrapSpec.parse({"effects": nothing}).effects == "pooled"


@pytest.mark.parametrize("wrong", ["yaer", "year,team", 7])
def test_an_effect_that_is_none_is_one_sentence(wrong: Any) -> None:
    with pytest.raises(SpecError, match="field 'effects' can't be"):
        ScalingSpec.parse({"effects": wrong})


def test_an_effect_without_a_column_is_dropped_with_notice() -> None:
    kept, notices = usable_effects(table(), "compute_on_parameters", "year,architecture")
    assert kept == "year"
    assert len(notices) == 1
    assert "no architecture" in notices[0]


def test_derivatives_are_known_for_the_bundled_models_alone() -> None:
    tables = load_tables(("scaling", "models")).tables
    known, own = with_origin(tables), with_origin({**tables, "scaling": table()})
    assert (origin_known(known), origin_known(own)) == (True, False)
    assert known.height - law_rows(LawSpec(), known).height == tables["models"]["base_model"].is_not_null().sum()
    assert law_rows(LawSpec(), own).height == own.height
    assert law_rows(LawSpec(derivatives=True), known).height == known.height
    assert scaling_table(tables["models"]).equals(tables["scaling"])


def test_first_year() -> None:
    own = with_origin({"scaling": table()})
    assert law_rows(LawSpec(first_year=2020), own)["year"].min() == 2020


@pytest.mark.parametrize(
    ("frame", "direction", "effects", "word"),
    [
        (table().with_columns(cost_usd_2023=pl.lit(None, pl.Float64)), "cost_on_parameters", "pooled", "cost_usd_2023"),
        (table().with_columns(parameters=pl.lit(-1.0)), "compute_on_parameters", "pooled", "Column 'parameters'"),
        (
            table().with_columns(parameters=pl.lit(1e9)),
            "compute_on_parameters",
            "pooled",
            "Column 'parameters' is constant over the 400 rows used",
        ),
        (
            table().with_columns(training_compute_flop=pl.lit(7e22)),
            "compute_on_parameters",
            "pooled",
            "Column 'training_compute_flop' is constant over the 400 rows used",
        ),
        (
            table().with_columns(training_compute_flop=pl.col("year") * 1e20),
            "compute_on_parameters",
            "year",
            "Column 'training_compute_flop' and the effect of year are collinear",
        ),
        (
            table().with_columns(parameters=pl.col("year") * 1e6),
            "compute_on_parameters",
            "year",
            "Column 'parameters' and the effect of year are collinear",
        ),
        (table(12).with_columns(year=pl.int_range(12) + 2000), "compute_on_parameters", "year", "one row only"),
        (table(2), "compute_on_parameters", "pooled", "2 rows for 2 coefficients"),
        (
            table()
            .with_columns(cost_usd_2023=pl.col("cost_usd_2023").is_null().cast(pl.Float64))
            .with_columns(parameters=pl.when(pl.col("cost_usd_2023") == 0).then(pl.col("parameters"))),
            "cost_on_parameters",
            "pooled",
            "No row has both",
        ),
        (
            table().with_columns(domain=pl.col("year").cast(pl.String)),
            "compute_on_parameters",
            "year,domain",
            "The effects of year and domain are collinear: each year has one domain; drop the effect of domain",
        ),
        (
            table().with_columns(domain=pl.when(pl.col("year") > 2019).then(pl.lit("late")).otherwise(pl.lit("early"))),
            "compute_on_parameters",
            "year,domain",
            "drop the effect of domain",
        ),
        (
            table().with_columns(
                parameters=(pl.col("year") - 2000 + pl.col("domain").rank("dense") * pl.lit(0.3)).exp()
            ),
            "compute_on_parameters",
            "year,domain",
            "regressors parameters and the effects of year, domain are collinear",
        ),
        (
            table().with_columns(organization=pl.lit(None, pl.String)),
            "compute_on_parameters",
            "pooled",
            "'organization' has no value",
        ),
        (table().with_columns(organization=pl.lit("one")), "compute_on_parameters", "pooled", "at least two clusters"),
    ],
)
def test_bad_input_is_one_sentence(frame: pl.DataFrame, direction: str, effects: str, word: str) -> None:
    with pytest.raises(DesignError, match=word) as caught:
        fit_law(frame, direction, effects, "cluster" if "organization" in word or "clusters" in word else "HC3")
    assert str(caught.value).count(". ") == 0


def test_an_effect_with_one_level_is_not_collinear() -> None:
    found = fit_law(table().with_columns(domain=pl.lit("one")), "compute_on_parameters", "year,domain").term("x")
    assert found["coef"] == pytest.approx(fit_law(table(), "compute_on_parameters", "year").term("x")["coef"])


@pytest.mark.parametrize(
    ("year", "known"), [(pl.col("year"), "the last year is 2025"), (pl.lit(None, pl.Int64), "the year of no row")]
)
def test_a_first_year_that_leaves_nothing_says_so(year: pl.Expr, known: str) -> None:
    own = with_origin({"scaling": table()}).with_columns(year=year)
    with pytest.raises(DesignError, match=f"No row is from 2090 or later: {known}"):
        law_rows(LawSpec(first_year=2090), own)


def test_rows_that_an_effect_or_the_cluster_cannot_place_are_told() -> None:
    i = pl.int_range(400)
    holed = table().with_columns(
        year=pl.when(i > 2).then(pl.col("year")), organization=pl.when(i < 399).then(pl.col("organization"))
    )
    assert left_out(holed, "compute_on_parameters", "pooled") == []
    effects = left_out(holed, "compute_on_parameters", "year")
    assert effects == ["3 rows of 400 have no year and are left out of the fit, which needs it."]
    both = left_out(holed, "compute_on_parameters", "year", clustered=True)
    assert both == [*effects, "1 row of 400 has no organization and is left out of the fit, which needs it."]


def test_a_group_with_one_row_goes_before_hc3_and_is_told() -> None:
    odd = pl.concat([table(), table(1).with_columns(year=pl.lit(1980, pl.Int64))])
    (told,) = left_out(odd, "compute_on_parameters", "year")
    assert told.startswith("1 row is the only one in a level of year")
    assert left_out(table(), "compute_on_parameters", "year") == []
    found = fit_law(odd, "compute_on_parameters", "year")
    assert found.n == table().height
    assert np.isfinite(found.se()).all()
