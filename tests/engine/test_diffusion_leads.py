"""Who is a subject and what ends a lead: every rule of the spec on a table small enough to follow by eye."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from engine.diffusion.leads import leads, released
from engine.diffusion.spec import DiffusionSpec
from tests.engine.diffusion_cases import model, models

LEADER = model("Leader", "2020-01-01", 1e23, organization="North,East")
HALF = model("Half", "2020-07-01", 5e22, "open")
OWN = model("Own", "2020-09-01", 3e23, "open", organization="East,West")
DERIVED = model("Derived", "2020-10-01", 3e23, "open", base_model="Leader")
PICTURE = model("Picture", "2020-11-01", 3e23, "open", primary_domain="Vision")
EQUAL = model("Equal", "2021-01-01", 1e23, "open")
LATER = model("Later", "2021-06-01", 1e24, "open", accessibility="Open weights (non-commercial)")
LAST = model("Last", "2022-01-01", None, "unknown")
TABLE = models(LEADER, HALF, OWN, DERIVED, PICTURE, EQUAL, LATER, LAST)


def lead(table: pl.DataFrame = TABLE, name: str = "Leader", **fields: Any) -> dict[str, Any]:
    found = leads(DiffusionSpec.parse(fields), table).filter(pl.col("model") == name)
    assert found.height == 1
    return found.row(0, named=True)


def months(days: int) -> Any:
    return pytest.approx(days / 30.4375)


@pytest.mark.parametrize(
    ("fields", "follower", "days"),
    [
        ({}, "Equal", 366),
        ({"theta": 0.5}, "Half", 182),
        ({"theta": 2}, "Later", 517),
        ({"other_organization": False}, "Own", 244),
        ({"same_domain": False}, "Picture", 305),
        ({"measure": "parameters"}, "Equal", 366),
        ({"measure": "effective_compute", "theta": 0.8}, "Half", 182),
        ({"measure": "effective_compute", "effective_growth_per_year": 1}, "Equal", 366),
        ({"theta": 0.8}, "Equal", 366),
    ],
)
def test_the_first_follower_that_meets_the_rule_ends_the_lead(fields: dict[str, Any], follower: str, days: int) -> None:
    found = lead(**fields)
    assert (found["follower"], found["event"], found["already_matched"]) == (follower, True, False)
    assert found["months"] == months(days)
    assert found["status"] == f"Ended by {follower} on {found['follower_date']}"


def test_effective_compute_credits_later_models_with_progress() -> None:
    """Half a year at 2.83 x a year is 1.68 x: half the compute is not enough at theta 1, .6 is."""
    wait = model("Wait", "2020-07-01", 5.8e22, "open")
    assert lead(models(LEADER, HALF, EQUAL), measure="effective_compute")["follower"] == "Equal"
    assert lead(models(LEADER, wait, EQUAL), measure="effective_compute")["follower"] == "Equal"
    assert (
        lead(models(LEADER, model("Wait", "2020-07-01", 6.0e22, "open"), EQUAL), measure="effective_compute")[
            "follower"
        ]
        == "Wait"
    )


def test_licences_decide_what_is_open() -> None:
    assert lead(theta=2, open_weights="commercial")["follower"] is None
    assert lead(theta=2, open_weights="unrestricted")["follower"] is None


def test_a_lead_that_lasts_is_censored_at_the_last_day_of_the_data() -> None:
    found = lead(theta=10.0, open_weights="unrestricted")
    assert (found["event"], found["months"]) == (False, months(731))
    assert found["status"] == "Still leading on 2022-01-01, the last day of the data"


def test_a_lead_longer_than_the_follow_up_is_censored_there() -> None:
    found = lead(window_months=6.0)
    assert (found["event"], found["months"]) == (False, 6.0)
    assert found["status"] == "Still leading at the end of the follow-up of 6 months; Equal came on 2021-01-01"


@pytest.mark.parametrize("day", ["2019-12-31", "2020-01-01"])
def test_an_open_model_already_there_means_no_lead(day: str) -> None:
    """Also one of the subject's own makers: its weights are out."""
    early = model("Early", day, 1e23, "open", organization="North")
    found = lead(models(LEADER, early, EQUAL))
    assert (found["already_matched"], found["matched_by"], found["event"]) == (True, "Early", False)
    assert found["status"] == f"Matched before release by Early of {day}"


def test_the_gap_is_to_the_best_open_original_model_of_the_day() -> None:
    small, big = model("Small", "2019-01-01", 1e22, "open"), model("Big", "2019-06-01", 4e22, "open")
    derived = model("Copy", "2019-06-01", 9e22, "open", base_model="Big")
    found = lead(models(LEADER, small, big, derived, EQUAL))
    assert (found["best_open"], found["gap_to_open_ratio"]) == ("Big", pytest.approx(2.5))
    assert lead()["gap_to_open_ratio"] is None


def crowd(number: int, **other: Any) -> list[dict[str, Any]]:
    """Larger models out before the leader, of unknown access and derived: they only count in the ranking."""
    return [model(f"Crowd {i}", "2019-01-01", 2e23, "unknown", base_model="x", **other) for i in range(number)]


@pytest.mark.parametrize(("larger", "rank", "near"), [(9, 10, True), (10, 10, False), (0, 1, True), (1, 1, False)])
def test_frontier_rank_counts_every_model_of_the_domain_out_by_then(larger: int, rank: int, near: bool) -> None:
    table = models(LEADER, *crowd(larger), EQUAL)
    names = leads(DiffusionSpec(frontier_rank=rank), table)["model"].to_list()
    assert names == (["Leader"] if near else [])
    elsewhere = models(LEADER, *crowd(larger, primary_domain="Vision"), EQUAL)
    assert leads(DiffusionSpec(frontier_rank=rank), elsewhere)["model"].to_list() == ["Leader"]


@pytest.mark.parametrize(("factor", "near"), [(2.0, True), (1.9, False)])
def test_frontier_factor_measures_from_the_best(factor: float, near: bool) -> None:
    found = leads(DiffusionSpec(frontier="factor", frontier_factor=factor), models(LEADER, *crowd(30), EQUAL))
    assert (found.height == 1) == near


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"release_date": dt.date(2017, 12, 31)}, {}),
        ({"training_compute_flop": None}, {}),
        ({"training_compute_flop": 0.0}, {}),
        ({"base_model": "Something"}, {}),
        ({"access": "unknown", "accessibility": "Unknown"}, {}),
        ({}, {"domain": "Vision"}),
        ({}, {"first_year": 2021}),
        ({}, {"era": "since LLaMA"}),
        ({}, {"closed_access": "unreleased"}),
        ({"accessibility": "Unreleased"}, {"closed_access": "released"}),
        ({"accessibility": "Hosted access (no API)"}, {"closed_access": "api"}),
    ],
)
def test_who_is_not_a_subject(change: dict[str, Any], fields: dict[str, Any]) -> None:
    table = models({**LEADER, **change}, EQUAL)
    assert leads(DiffusionSpec.parse(fields), table).is_empty()


@pytest.mark.parametrize(
    ("accessibility", "closed_access"),
    [
        ("API access", "api"),
        ("Hosted access (no API)", "released"),
        ("Unreleased", "unreleased"),
        ("Unknown", "with_unknown"),
    ],
)
def test_what_counts_as_closed_is_a_choice(accessibility: str, closed_access: str) -> None:
    access = "unknown" if accessibility == "Unknown" else "closed"
    table = models({**LEADER, "accessibility": accessibility, "access": access}, EQUAL)
    assert leads(DiffusionSpec.parse({"closed_access": closed_access}), table).height == 1


def test_tiers_and_eras_of_subjects() -> None:
    rows = [
        model("a", "2023-02-23", 9.9e22),
        model("b", "2023-02-24", 1e23),
        model("c", "2023-02-25", 1e24),
        model("d", "2023-02-26", 1e25),
    ]
    found = leads(DiffusionSpec(), models(*rows))
    assert found["tier"].to_list() == [
        "below 1e23 FLOP",
        "1e23 to 1e24 FLOP",
        "1e24 to 1e25 FLOP",
        "1e25 FLOP and above",
    ]
    assert found["era"].to_list() == ["before 2023-02-24"] + ["from 2023-02-24"] * 3


def test_what_lies_in_the_future_is_left_out_and_told() -> None:
    today = dt.date(2021, 3, 1)
    kept, notes = released(TABLE, "release_date", today)
    assert kept["model"].to_list() == ["Leader", "Half", "Own", "Derived", "Picture", "Equal"]
    assert notes == ["2 left out for a release date in the future, first 'Later' (2021-06-01)."]
    assert released(kept, "release_date", today) == (kept, [])
