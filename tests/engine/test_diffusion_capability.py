"""The clock by capability: which version leads on a benchmark, and which open one ends it."""

from typing import Any

import polars as pl
import pytest

from engine.diffusion.capability import capability_leads, last_run, unknown_access, versions
from engine.diffusion.spec import DiffusionSpec
from tests.engine.diffusion_cases import model, models, score, scores

MODELS = models(
    model("Closed", "2024-01-01", 1e25),
    model("Open", "2024-01-01", 1e24, "open"),
    model("Tuned", "2024-01-01", None, "open", base_model="Open"),
)
RUNS = scores(
    score("open-1", "2024-01-10", 0.30, "Open"),
    score("closed-1", "2024-02-01", 0.50, "Closed"),
    score("closed-weak", "2024-02-01", 0.30, "Closed"),
    score("stranger", "2024-03-01", 0.99, "Nobody knows"),
    score("tuned-1", "2024-05-01", 0.55, "Tuned"),
    score("open-2", "2024-06-01", 0.50, "Open"),
    score("closed-2", "2024-08-01", 0.90, "Closed"),
    {**score("other task", "2024-03-01", 0.99, "Open"), "task": "MATH level 5"},
)


def leading(**fields: Any) -> dict[str, dict[str, Any]]:
    found = capability_leads(DiffusionSpec.parse({"measure": "capability", **fields}), "GPQA diamond", RUNS, MODELS)
    return {row["model"]: row for row in found.iter_rows(named=True)}


def test_the_first_later_open_version_with_at_least_the_score_ends_the_lead() -> None:
    found = leading()
    assert list(found) == ["closed-1", "closed-weak", "closed-2"]
    first = found["closed-1"]
    assert (first["follower"], first["event"], first["best_open"]) == ("tuned-1", True, "open-1")
    assert first["months"] == pytest.approx(90 / 30.4375)
    assert first["gap_to_open_score"] == pytest.approx(0.2)
    assert first["training_compute_flop"] == 1e25


def test_derived_models_count_unless_told_otherwise() -> None:
    found = leading(derived_versions=False)["closed-1"]
    assert (found["follower"], found["months"]) == ("open-2", pytest.approx(121 / 30.4375))


def test_a_version_that_does_not_beat_an_open_one_out_has_no_lead() -> None:
    found = leading()["closed-weak"]
    assert (found["already_matched"], found["matched_by"]) == (True, "open-1")


def test_a_lead_that_lasts_is_censored_on_the_last_day_of_runs() -> None:
    found = leading()["closed-2"]
    assert (found["event"], found["months"]) == (False, pytest.approx(152 / 30.4375))
    assert found["status"] == "Still leading on 2024-12-31, the last day of the data"
    assert str(last_run("GPQA diamond", RUNS)) == "2024-12-31"


def test_a_version_of_a_model_that_is_not_in_the_table_neither_leads_nor_follows() -> None:
    assert unknown_access("GPQA diamond", RUNS, MODELS) == 1
    assert "stranger" not in leading()
    assert leading(closed_access="with_unknown")["stranger"]["event"] is False


def test_a_versions_level_is_its_best_run() -> None:
    again = pl.concat([RUNS, scores(score("open-1", "2024-01-10", 0.60, "Open"))])
    best = dict(versions("GPQA diamond", again, MODELS).select("model", "level").iter_rows())
    assert best["open-1"] == 0.6


def test_tasks_are_found_by_the_start_of_their_name() -> None:
    runs = RUNS.with_columns(task=pl.lit("OTIS Mock AIME 2024-2025"))
    assert versions("OTIS Mock AIME", runs, MODELS).height == 8
    assert versions("GPQA diamond", runs, MODELS).is_empty()
