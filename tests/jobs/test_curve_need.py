"""The diffusion curve as a named need of the investment and policy studies, on the bundled tables."""

from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from engine import registry
from engine.lead import Curve
from engine.result import Result
from jobs.cli import main
from jobs.execute import execute
from jobs.question import prepare
from jobs.store import Store

STUDIES: dict[str, dict[str, Any]] = {"npv": {"parts": "figures"}, "welfare": {}}


def ask(store: Store, study: str, **fields: Any) -> Result:
    spec = registry.study(study).spec_type.parse({**STUDIES[study], **fields})
    return execute(prepare(spec), store, "inline").result


def stored(store: Store, key: str) -> Result:
    found = store.result(key)
    assert found is not None
    return found


def drops(curve: pl.DataFrame) -> np.ndarray:
    """Months and sizes of the falls of a survival curve."""
    fall = -np.diff(curve["survival"].to_numpy(), prepend=1.0)
    return np.column_stack([curve["months"].to_numpy(), fall])[fall > 0]


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("clock", get_args(Curve))
def test_atoms_are_the_drops_of_the_run_whose_key_is_named(store: Store, study: str, clock: str) -> None:
    result = ask(store, study, exclusivity_curve=clock)
    summary, atoms = result.summary, result.tables["exclusivity"]
    curve = stored(store, summary["exclusivity_key"])
    assert (curve.study, curve.spec["parts"]) == ("diffusion", "curve")
    assert clock in (curve.spec["measure"], curve.spec["task"])
    np.testing.assert_allclose(atoms.to_numpy(), drops(curve.tables["survival"]), rtol=1e-12)
    assert summary["exclusivity_residual"] == pytest.approx(1 - atoms["weight"].sum(), abs=1e-12)
    assert summary["exclusivity_residual"] == pytest.approx(curve.tables["survival"]["survival"].min(), abs=1e-12)
    assert summary["exclusivity_subjects"] == curve.summary["subjects"] >= 13
    assert summary["exclusivity_median_months"] == curve.summary["median_months"]
    assert summary["exclusivity_key"] == result.provenance["needs"]["diffusion"]


def test_by_default_the_curve_is_compute_in_language(store: Store) -> None:
    summary = ask(store, "npv").summary
    assert summary["exclusivity_source"] == "the diffusion study's curve by compute, Language"
    assert (summary["exclusivity_subjects"], summary["exclusivity_events"]) == (45, 39)


def test_a_minimum_lead_leaves_short_leads_out(store: Store) -> None:
    months = ask(store, "npv", exclusivity_min_lead_months=4.8).tables["exclusivity"]["months"]
    assert months.len() > 0
    assert (months > 4.8).all()


@pytest.mark.parametrize("study", STUDIES)
def test_leads_none_of_which_ended_last_to_the_horizon_with_a_warning(store: Store, study: str) -> None:
    result = ask(store, study, exclusivity_curve="parameters", exclusivity_domain="Biology")
    assert result.tables["exclusivity"].is_empty()
    assert result.summary["exclusivity_residual"] == 1
    assert result.summary["exclusivity_median_months"] is None
    assert any("rests on 3 leads, of which 0 ended" in warning for warning in result.warnings)


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--exclusivity-theta", "0.01"], "No subject is left: all 57 were matched before release; raise theta."),
        (
            ["--exclusivity-min-lead-months", "100"],
            "No subject leads for more than 100 months; lower the minimum lead.",
        ),
    ],
)
def test_a_curve_that_can_not_be_had_is_one_sentence(
    store: Store, capsys: pytest.CaptureFixture[str], study: str, flags: list[str], sentence: str
) -> None:
    assert main([study, *flags, "--store", store.root]) == 2
    assert capsys.readouterr() == ("", f"{sentence}\n")


@pytest.mark.parametrize("study", STUDIES)
def test_help_lists_the_clocks(capsys: pytest.CaptureFixture[str], study: str) -> None:
    assert main([study, "--help"]) == 0
    lines = [line.strip("│ ").removesuffix("│") for line in capsys.readouterr().out.splitlines()]
    text = " ".join(" ".join(lines).split())
    assert "--exclusivity-curve" in text
    assert all(clock in text for clock in get_args(Curve))
