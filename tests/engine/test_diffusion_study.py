"""The whole study on invented models: its tables agree with each other, and thin or odd input ends in words."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.diffusion import Diffusion
from engine.diffusion.curves import at_risk
from engine.diffusion.episodes import cluster_bootstrap, episodes, time_varying_sets
from engine.diffusion.leads import leads
from engine.result import Result
from engine.spec import SpecError
from engine.streams import stream
from engine.study import Work
from engine.survival import DurationError, kaplan_meier, median
from jobs.question import prepare
from tests.engine.diffusion_cases import many_models, many_scores, model, models, run, score, scores, spec

TABLE = many_models()
SCORES = many_scores(TABLE)
COLUMNS = {
    "survival": ["months", "survival", "ci_low", "ci_high", "at_risk"],
    "groups": ["group", "level", "n", "events", "median_months", "ci_low", "ci_high"],
    "cox": ["model", "term", "hr", "ci_low", "ci_high", "p", "ph_p"],
    "cox_time_varying": ["term", "hr", "ci_low", "ci_high", "p"],
    "cumulative_incidence": ["dimension", "cause", "months", "cif", "ci_low", "ci_high"],
    "sensitivity": ["theta", "frontier", "subjects", "events", "median_months", "ci_low", "ci_high"],
    "subjects": ["model", "follower", "organization", "release_date", "months", "event", "status", "gap_to_open_ratio"],
    "clocks": ["measure", "task", "median_months", "ci_low", "ci_high", "unknown_access"],
    "disclosure": ["year", "accessibility", "models", "known", "share"],
    "at_risk": ["months", "at_risk", "events", "censored"],
    "log_rank": ["group", "chi2", "df", "p"],
    "checks": ["name", "status", "evidence"],
}


@pytest.fixture(scope="module")
def whole() -> Result:
    return run(TABLE, SCORES)


def test_the_contracts_fields_and_tables_are_there(whole: Result) -> None:
    names = ["near_frontier", "already_matched", "subjects", "events", "median_months", "ci_low", "ci_high", "finding"]
    assert list(whole.summary)[:7] == names[:7]
    assert names[7] in whole.summary
    for table, columns in COLUMNS.items():
        assert set(columns) <= set(whole.tables[table].columns), table
        assert not whole.tables[table].is_empty(), table


def test_the_curve_is_the_estimate_of_the_subjects_listed(whole: Result) -> None:
    subjects = whole.tables["subjects"].filter(~pl.col("already_matched"))
    found = kaplan_meier(subjects["months"], subjects["event"])
    assert found.equals(whole.tables["survival"].select(found.columns))
    assert median(found) == whole.summary["median_months"]
    assert (subjects.height, int(subjects["event"].sum())) == (whole.summary["subjects"], whole.summary["events"])
    assert whole.tables["subjects"].height == whole.summary["near_frontier"]


def test_asking_again_gives_the_same_bytes(whole: Result) -> None:
    assert run(TABLE.sample(fraction=1.0, shuffle=True, seed=1), SCORES).sha256() == whole.sha256()


def test_the_curve_alone_is_the_same_curve(whole: Result) -> None:
    alone = run(TABLE, parts="curve")
    assert alone.tables["survival"].equals(whole.tables["survival"])
    assert set(alone.tables) == {"survival", "subjects"}
    assert Diffusion().inputs_for(spec(parts="curve")) == ("models",)
    assert Diffusion().inputs_for(spec(parts="curve", measure="capability")) == ("models", "benchmark_scores")


def test_the_sweep_passes_through_the_question_asked(whole: Result) -> None:
    own = whole.tables["sensitivity"].filter("default")
    assert own.height == 1
    row = own.row(0, named=True)
    names = ("near_frontier", "already_matched", "subjects", "events", "median_months", "ci_low", "ci_high")
    assert {name: row[name] for name in names} == {name: whole.summary[name] for name in names}


@pytest.mark.parametrize(
    "fields", [{"theta": 0.7}, {"frontier": "factor"}, {"min_lead_months": 3.0, "window_months": 24}]
)
def test_a_row_of_the_sweep_is_what_asking_for_it_gives(whole: Result, fields: dict[str, Any]) -> None:
    asked = run(TABLE, SCORES, parts="curve", **fields).summary
    theirs = run(TABLE, SCORES, **fields).tables["sensitivity"].filter("default").row(0, named=True)
    assert theirs["median_months"] == asked["median_months"]
    assert theirs["not_beyond_lead"] == asked["not_beyond_lead"]
    assert theirs["events"] == asked["events"]


def test_every_group_covers_all_subjects(whole: Result) -> None:
    counts = whole.tables["groups"].group_by("group").agg(pl.col("n").sum())
    assert set(counts["n"]) == {whole.summary["subjects"]}
    small = whole.tables["groups"].filter(pl.col("n") < 5)
    assert not small.is_empty()
    assert small.select(pl.exclude("group", "level", "n")).null_count().row(0) == (small.height,) * 7


def test_incidences_add_up_to_one_minus_survival(whole: Result) -> None:
    ends = 1 - whole.tables["survival"]["survival"][-1]
    last = whole.tables["cumulative_incidence"].group_by("dimension", "cause", maintain_order=True).last()
    total = dict(last.group_by("dimension").agg(pl.col("cif").sum()).iter_rows())
    for dimension in ("country", "organization_type", "licence"):
        assert total[dimension] == pytest.approx(ends, abs=1e-12)
    assert set(last.filter(pl.col("dimension") == "access")["cause"]) == {"open", "closed", "unknown"}


def test_the_log_of_checks_covers_every_term(whole: Result) -> None:
    checks = whole.tables["checks"]
    assert checks.filter(pl.col("name").str.starts_with("Kaplan-Meier"))["status"].to_list() == ["green"]
    assert checks.filter(pl.col("name").str.starts_with("Proportional")).height == whole.tables["cox"].height
    assert checks.filter(pl.col("name").str.starts_with("Events per")).height == whole.tables["cox_models"].height


def test_the_model_that_is_not_proportional_is_stratified_by_era(whole: Result) -> None:
    smallest = dict(whole.tables["cox_models"].select("model", "smallest_ph_p").iter_rows())
    for name in ("main", "with size and organization type"):
        assert (f"{name}, stratified by era" in smallest) == (smallest[name] < 0.05)
        told = any(f"({name}): hazards are not proportional" in warning for warning in whole.warnings)
        assert told == (smallest[name] < 0.05)


def test_a_minimum_lead_is_delayed_entry(whole: Result) -> None:
    late = run(TABLE, SCORES, min_lead_months=6.0)
    leading = whole.tables["subjects"].filter(~pl.col("already_matched"))
    held = leading.filter(pl.col("months") > 6)
    assert late.summary["subjects"] == leading.height
    assert late.summary["not_beyond_lead"] == leading.height - held.height > 0
    assert late.summary["events"] == held["event"].sum()
    curve = late.tables["survival"]
    assert curve.select("months", "survival", "at_risk").head(2).rows() == [(0.0, 1.0, 0), (6.0, 1.0, held.height)]
    whole_curve = whole.tables["survival"]
    reached = whole_curve.filter(pl.col("months") <= 6)["survival"][-1]
    expected = whole_curve.filter(pl.col("months") > 6)["survival"].to_numpy() / reached
    np.testing.assert_allclose(curve["survival"][2:].to_numpy(), expected, atol=1e-12)
    assert any("did not last beyond 6 months" in warning for warning in late.warnings)


def test_both_clocks_are_in_the_headline(whole: Result) -> None:
    assert "matched in compute by an open-weight model within" in whole.summary["finding"]
    assert "By capability half are matched within" in whole.summary["finding"]
    by_score = run(TABLE, SCORES, measure="capability")
    row = (
        whole.tables["clocks"]
        .filter((pl.col("task") == "GPQA diamond") & pl.col("derived_versions"))
        .row(0, named=True)
    )
    assert by_score.summary["median_months"] == row["median_months"] == whole.summary["capability_median_months"]
    assert "By compute half are matched within" in by_score.summary["finding"]
    assert by_score.tables["cox_time_varying"].is_empty()
    assert any(warning.startswith("No time-varying Cox") for warning in by_score.warnings)


def test_disclosure_counts_closed_models_of_known_compute(whole: Result) -> None:
    closed = TABLE.filter(pl.col("access") == "closed")
    table = whole.tables["disclosure"]
    assert (table["models"].sum(), table["known"].sum()) == (closed.height, closed["training_compute_flop"].count())
    recent = closed.filter((pl.col("accessibility") != "Unreleased") & (pl.col("release_date") >= dt.date(2023, 1, 1)))
    assert whole.summary["recent_since"] == 2023
    assert whole.summary["recent_released"] == recent.height
    assert whole.summary["recent_compute_known"] == recent["training_compute_flop"].count()


def test_monthly_episodes_know_only_what_was_out_by_the_start_of_the_month() -> None:
    table = models(
        model("Old", "2019-06-01", 1e22, "open", organization="A,B"),
        model("Subject", "2020-01-01", 1e23),
        model("Bigger", "2020-02-10", 2e23),
        model("Near", "2020-02-20", 5e22, "open", organization="B,C"),
        model("Tiny", "2020-02-20", 1e21, "open", organization="D"),
        model("Equal", "2020-04-10", 1e23, "open"),
    )
    asked = spec(domain="Language", frontier_rank=1)
    subjects = at_risk(leads(asked, table), 0.0).filter(pl.col("model") == "Subject")
    found = episodes(asked, table, subjects)
    assert found["start_months"].to_list() == [0.0, 1.0, 2.0, 3.0]
    assert found["stop_months"].to_list() == [1.0, 2.0, 3.0, pytest.approx(100 / 30.4375)]
    assert found["event"].to_list() == [False, False, False, True]
    assert found["day"].to_list() == [
        dt.date(2020, 1, 1),
        dt.date(2020, 1, 31),
        dt.date(2020, 3, 1),
        dt.date(2020, 4, 1),
    ]
    np.testing.assert_allclose(np.exp(found["gap_to_open_ln"]), [10, 10, 2, 2])
    np.testing.assert_allclose(np.expm1(found["ln_open_organizations"]), [2, 2, 3, 3])
    np.testing.assert_allclose(np.exp(found["frontier_distance_ln"]), [1, 1, 2, 2])


def test_a_bootstrap_block_does_not_depend_on_the_others() -> None:
    asked = spec()
    sets, codes = time_varying_sets(episodes(asked, TABLE, at_risk(leads(asked, TABLE), 0.0)))
    first = cluster_bootstrap(sets, codes, 20, stream(1, "diffusion", 0))
    assert first.equals(cluster_bootstrap(sets, codes, 20, stream(1, "diffusion", 0)))
    assert not first.equals(cluster_bootstrap(sets, codes, 20, stream(1, "diffusion", 1)))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"first_year": 2030}, "no closed model meets the rule"),
        ({"min_lead_months": 119.0}, "No subject leads for more than 119 months"),
        ({"domain": "Audio"}, "No subject is left"),
    ],
)
def test_no_subject_left_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        run(TABLE, SCORES, **fields)


def test_all_matched_before_release_is_one_sentence() -> None:
    table = models(model("Open", "2019-01-01", 1e24, "open"), model("Closed", "2020-01-01", 1e23))
    with pytest.raises(SpecError, match="all 1 were matched before release"):
        run(table)


def test_an_empty_table_is_one_sentence() -> None:
    with pytest.raises(SpecError, match="No subject is left"):
        run(TABLE.clear(), SCORES)


def test_nothing_ended_gives_a_flat_curve_and_reasons() -> None:
    closed = TABLE.with_columns(access=pl.lit("closed"), accessibility=pl.lit("API access"))
    found = run(closed, SCORES)
    assert (found.summary["events"], found.summary["median_months"]) == (0, None)
    assert found.tables["survival"].height == 1
    assert "Fewer than half of the leads" in found.summary["finding"]
    assert found.tables["cox"].is_empty()
    assert found.tables["cumulative_incidence"].filter(pl.col("dimension") != "access").is_empty()
    told = " ".join(found.warnings)
    assert "No Cox regression (main): No subject has every covariate." in told
    assert "(with size and organization type): It needs at least 5 events for its covariates, and there are 0." in told
    assert "No time-varying Cox regression" in told
    assert found.tables["checks"].filter(pl.col("status") == "red")["name"].to_list() == ["Cox regression"]


def test_fewer_than_five_subjects_are_counted_only() -> None:
    table = models(
        model("One", "2020-01-01", 1e23),
        model("Two", "2020-02-01", 2e23),
        model("Follower", "2021-01-01", 2e23, "open"),
    )
    found = run(table)
    assert (found.summary["subjects"], found.summary["events"], found.summary["median_months"]) == (2, 2, None)
    assert found.summary["finding"] == "No headline: it needs 20 subjects at risk, and there are 2."
    assert found.tables["groups"]["median_months"].null_count() == found.tables["groups"].height
    assert found.tables["sensitivity"]["median_months"].null_count() == found.tables["sensitivity"].height


def test_a_release_in_the_future_is_left_out_and_told(whole: Result) -> None:
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    table = pl.concat([TABLE, models(model("Tomorrow", str(day), 1e30, "open"))])
    found = run(table, SCORES)
    assert found.sha256() == whole.sha256()
    assert f"models: 1 left out for a release date in the future, first 'Tomorrow' ({day})." in found.warnings


def test_without_scores_the_clock_by_capability_says_so() -> None:
    found = run(TABLE)
    assert "By capability there is no median" in found.summary["finding"]
    assert found.summary["capability_subjects"] == 0
    with pytest.raises(SpecError, match="No subject is left"):
        run(TABLE, measure="capability")


def test_few_scores_have_counts_only() -> None:
    runs = scores(score("v1", "2020-01-01", 0.5, TABLE.filter(pl.col("access") == "closed")["model"][0]))
    clocks = run(TABLE, runs).tables["clocks"].filter(pl.col("task") == "GPQA diamond")
    assert clocks["subjects"].to_list() == [1, 1]
    assert clocks["median_months"].null_count() == 2


PAIRS = pl.DataFrame(
    {
        "innovator_date": [dt.date(2016, 12, 5)] * 3 + [dt.date(2017, 8, 11)] * 2,
        "follower_date": [
            dt.date(2016, 12, 20),
            dt.date(2017, 5, 8),
            dt.date(2023, 1, 1),
            dt.date(2017, 9, 1),
            dt.date(2018, 1, 9),
        ],
        "innovator_organization": ["Lab"] * 5,
        "follower_organization": ["A", "B", "C", "D", None],
        "lag_months": [0.5, 5.06, 73.0, 0.7, 4.96],
    }
)


def published(pairs: pl.DataFrame | None, **fields: Any) -> Result:
    tables = {} if pairs is None else {"diffusion_pairs": pairs}
    return Diffusion().combine(Work(spec(preset="published", **fields), tables), [])


def test_published_takes_the_first_follower_beyond_the_lead_of_each_innovator() -> None:
    found = published(PAIRS)
    assert found.summary["first_lags_months"] == [4.96, 5.06]
    assert found.tables["survival"]["survival"].to_list() == [1.0, 0.5, 0.0]
    assert (found.summary["pairs"], found.summary["innovators"], found.summary["lag_mean_months"]) == (
        4,
        2,
        pytest.approx((0.5 + 5.06 + 0.7 + 4.96) / 4),
    )
    assert found.summary["finding"].startswith("Degenerate: 4 pairs of 2 innovators")
    assert "Of 5 pairs 1 lie beyond the follow-up of 60 months" in found.warnings[1]
    assert published(PAIRS, window_months=100).summary["pairs"] == 5


def test_published_needs_its_file() -> None:
    with pytest.raises(SpecError, match="--pairs FILE"):
        published(None)
    asked = prepare(spec(preset="published"))
    assert (dict(asked.tables), list(asked.study.chunks(asked.work({})))) == ({}, [])


def test_published_with_impossible_pairs() -> None:
    with pytest.raises(DurationError, match="negative"):
        published(PAIRS.with_columns(lag_months=-pl.col("lag_months")))
    with pytest.raises(SpecError, match="No pair of the file"):
        published(PAIRS, min_lead_months=80)


def test_estimated_time_follows_the_parts_and_the_replicates() -> None:
    study = Diffusion()
    times = [study.seconds(Work(spec(**f), {})) for f in ({"parts": "curve"}, {}, {"replicates": 100_000})]
    assert times[0] < 0.1 < times[1] < times[2]
