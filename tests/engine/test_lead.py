"""The leads that the investment and the policy study rest on: which diffusion run they name, and what they take."""

from typing import Any, get_args

import pytest

from engine import registry
from engine.diffusion.spec import Measure
from engine.lead import Curve, Task, lead_atoms, lead_figures, lead_source, lead_table, lead_warnings, needed_curve
from engine.npv import NpvSpec
from engine.result import Result
from engine.spec import SpecError
from engine.welfare import WelfareSpec
from tests.engine.npv_cases import diffusion_result

SPECS = (NpvSpec, WelfareSpec)
SHARED = {"annual_discount_rate", "horizon_months", "mu", "target_mean_usd", "drop_low", "drop_high"}


def curve_run(**asked: Any) -> dict[str, Any]:
    return {"diffusion": registry.study("diffusion").spec_type.parse({"parts": "curve", **asked})}


def counted(subjects: int, events: int) -> Result:
    return Result("diffusion", {"subjects": subjects, "events": events}, diffusion_result().tables, key="abc")


def test_every_clock_of_the_diffusion_study_can_be_chosen_and_no_other() -> None:
    clocks = [measure for measure in get_args(Measure) if measure != "capability"]
    assert list(get_args(Curve)) == [*clocks, *get_args(Task)]


@pytest.mark.parametrize("spec_type", SPECS)
@pytest.mark.parametrize("clock", ["compute", "effective_compute", "parameters"])
def test_a_clock_with_domains_is_asked_for_the_domain_threshold_and_lead(spec_type: Any, clock: str) -> None:
    spec = spec_type.parse(
        {
            "exclusivity_curve": clock,
            "exclusivity_domain": "Vision",
            "exclusivity_theta": 0.5,
            "exclusivity_min_lead_months": 4.8,
        }
    )
    assert needed_curve(spec) == curve_run(measure=clock, domain="Vision", theta=0.5, min_lead_months=4.8)
    assert lead_source(spec).endswith(f"{clock.replace('_', ' ')}, Vision, theta 0.5, leads beyond 4.8 months")


@pytest.mark.parametrize("spec_type", SPECS)
@pytest.mark.parametrize("task", get_args(Task))
def test_a_benchmark_has_neither_domain_nor_threshold(spec_type: Any, task: str) -> None:
    spec = spec_type.parse({"exclusivity_curve": task, "exclusivity_domain": "Vision", "exclusivity_theta": 0.5})
    assert needed_curve(spec) == curve_run(measure="capability", task=task)
    assert lead_source(spec) == f"the diffusion study's curve by {task}"


def test_both_studies_ask_the_same_run_by_default() -> None:
    assert needed_curve(NpvSpec()) == needed_curve(WelfareSpec()) == curve_run(domain="Language")
    fields = [{name: spec.model_fields[name].default for name in SHARED} for spec in SPECS]
    assert fields[0] == fields[1]


def test_the_curves_drops_are_the_atoms_and_the_rest_never_ends() -> None:
    spec, curve = NpvSpec(), counted(40, 30)
    table, figures = lead_table(spec, curve), lead_figures(spec, curve)
    assert table["months"].to_list() == [2.5, 8.0, 15.9, 40.0, 58.0]
    assert table["weight"].to_list() == pytest.approx([0.1, 0.35, 0.15, 0.15, 0.05], abs=1e-15)
    assert figures["exclusivity_residual"] == pytest.approx(0.2, abs=1e-15)
    assert [figures[f"exclusivity_{name}"] for name in ("key", "subjects", "events")] == ["abc", 40, 30]
    assert lead_warnings(curve) == []


@pytest.mark.parametrize(
    ("kind", "rows", "residual"),
    [
        ("constant", [(8.7, 1.0)], 0.0),
        ("published", [(4.96, 0.5), (5.06, 0.5)], 0.0),
        ("lognormal", [], None),
    ],
)
def test_leads_that_follow_no_curve_name_no_run(kind: str, rows: list[Any], residual: float | None) -> None:
    spec = NpvSpec.parse({"exclusivity": kind})
    assert needed_curve(spec) == {}
    assert lead_table(spec, None).rows() == rows
    figures = lead_figures(spec, None)
    assert (figures["exclusivity_source"], figures["exclusivity_key"]) == (kind, None)
    assert figures["exclusivity_residual"] == residual
    assert lead_warnings(None) == []


def test_leads_on_a_curve_that_was_not_run_are_refused() -> None:
    with pytest.raises(ValueError, match="need the diffusion study's result"):
        lead_atoms(WelfareSpec(), None)


@pytest.mark.parametrize(("subjects", "events"), [(4, 4), (9, 0)])
def test_a_thin_curve_is_said_to_be_thin(subjects: int, events: int) -> None:
    (warning,) = lead_warnings(counted(subjects, events))
    assert f"rests on {subjects} leads, of which {events} ended" in warning


@pytest.mark.parametrize("spec_type", SPECS)
def test_an_unknown_clock_is_told_with_the_choices(spec_type: Any) -> None:
    with pytest.raises(SpecError, match=r"'exclusivity_curve' can't be 'elo'.*'effective_compute'.*'OTIS Mock AIME'"):
        spec_type.parse({"exclusivity_curve": "elo"})


def test_a_fixed_drop_leaves_the_ends_alone_in_the_investment_study() -> None:
    ends = {"drop_low": 0.9, "drop_high": 0.1}
    assert NpvSpec.parse({"drop": 0.5, **ends}).drop == 0.5
    for spec_type in SPECS:
        with pytest.raises(SpecError, match=r"drop_low 0\.9 must not exceed drop_high 0\.1"):
            spec_type.parse(ends)
