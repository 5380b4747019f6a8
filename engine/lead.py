"""The lead and the money that depends on it: the fields the investment and the policy question share."""

from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

import numpy as np
import polars as pl
from pydantic import model_validator

from engine import registry
from engine.exclusivity import PUBLISHED_ATOMS, Atoms, Exclusivity, survival_atoms
from engine.result import Result
from engine.spec import Spec, parameter

Domain = Literal["All", "Language", "Biology", "Vision", "Audio", "Games/Robotics", "Other"]
Task = Literal["GPQA diamond", "MATH level 5", "OTIS Mock AIME"]
Curve = Literal["compute", "effective_compute", "parameters", "GPQA diamond", "MATH level 5", "OTIS Mock AIME"]

FEWEST_LEADS = 5
LEAD_SCHEMA = {"months": pl.Float64, "weight": pl.Float64}


class LeadSpec(Spec):
    """How long a lead lasts, what revenue is lost with it, and how later money is discounted."""

    annual_discount_rate: float = parameter(0.20, "Discount rate", unit="a year", group="Discounting", ge=0, le=5)
    horizon_months: int = parameter(72, "Horizon", unit="months", group="Discounting", ge=1, le=600)
    mu: float | None = parameter(
        None,
        "Revenue mu",
        unit="ln USD a month",
        group="Revenue",
        ge=-50,
        le=100,
        description="ln of the median first-month revenue, before any shift; empty: calibrated to the target",
    )
    target_mean_usd: float = parameter(
        35.3e9,
        "Target of the calibration",
        unit="USD",
        group="Revenue",
        ge=-1e18,
        le=1e18,
        description="mean NPV at cost multiple 1, before any shift of mu; its 5 % value at risk must not be negative "
        "either",
    )
    drop_low: float = parameter(0.3, "Revenue drop, from", unit="share of revenue", group="Revenue drop", ge=0, le=1)
    drop_high: float = parameter(0.7, "Revenue drop, to", unit="share of revenue", group="Revenue drop", ge=0, le=1)
    exclusivity: Exclusivity = parameter(
        "survival",
        "Exclusivity",
        group="Exclusivity",
        description="survival: the diffusion study's curve, what never falls lasting to the horizon; lognormal; "
        "constant; published: the original's two observations, 4.96 and 5.06 months",
    )
    exclusivity_curve: Curve = parameter(
        "compute",
        "Clock of the curve",
        group="Exclusivity",
        description="what a follower must match to end a lead in the diffusion study: compute, effective_compute "
        "(credited with algorithmic progress), parameters, or the score on GPQA diamond, MATH level 5 or OTIS Mock "
        "AIME; used with survival",
    )
    exclusivity_domain: Domain = parameter(
        "Language",
        "Domain of the curve",
        group="Exclusivity",
        description="All, Language, Biology, Vision, Audio, Games/Robotics or Other; used with survival, ignored by "
        "benchmarks, which have no domain",
    )
    exclusivity_theta: float = parameter(
        1.0,
        "Threshold of the curve",
        unit="share of the leader's level",
        group="Exclusivity",
        ge=0.01,
        le=10,
        description="what a follower must reach to end a lead; used with survival, ignored by benchmarks",
    )
    exclusivity_min_lead_months: float = parameter(
        0.0,
        "Minimum lead of the curve",
        unit="months",
        group="Exclusivity",
        ge=0,
        le=120,
        description="leads not beyond it are left out; used with survival",
    )
    exclusivity_months: float = parameter(
        8.7,
        "Exclusivity, constant",
        unit="months",
        group="Exclusivity",
        ge=0,
        le=1200,
        description="used with constant",
    )
    exclusivity_multiple: float = parameter(
        1.0, "Exclusivity multiple", unit="x", group="Exclusivity", gt=0, le=100, description="stretches every lead"
    )

    @model_validator(mode="after")
    def _drops_in_order(self) -> Self:
        if self.drop_is_uniform and self.drop_low > self.drop_high:
            raise ValueError(f"drop_low {self.drop_low:g} must not exceed drop_high {self.drop_high:g}")
        return self

    @property
    def drop_is_uniform(self) -> bool:
        """Whether the drop lies between the two ends."""
        return True

    @property
    def by_benchmark(self) -> bool:
        """Whether the clock is a benchmark."""
        return self.exclusivity_curve in get_args(Task)


def needed_curve(spec: LeadSpec) -> dict[str, Spec]:
    """The diffusion run whose curve the leads follow, under the name `diffusion`; nothing when they follow none."""
    if spec.exclusivity != "survival":
        return {}
    asked: dict[str, Any] = {"parts": "curve", "min_lead_months": spec.exclusivity_min_lead_months}
    if spec.by_benchmark:
        asked |= {"measure": "capability", "task": spec.exclusivity_curve}
    else:
        asked |= {
            "measure": spec.exclusivity_curve,
            "domain": spec.exclusivity_domain,
            "theta": spec.exclusivity_theta,
        }
    return {"diffusion": registry.study("diffusion").spec_type.parse(asked)}


def lead_atoms(spec: LeadSpec, curve: Result | None) -> Atoms:
    """Durations with their probabilities, before the multiple: the curve's drops, or what the spec says.

    A log-normal lead has none. `curve` is the result of `needed_curve`.
    """
    if spec.exclusivity == "survival":
        if curve is None:
            raise ValueError("leads that follow a curve need the diffusion study's result")
        return survival_atoms(curve.tables["survival"])
    if spec.exclusivity == "published":
        return PUBLISHED_ATOMS
    constant = np.array([spec.exclusivity_months] if spec.exclusivity == "constant" else [])
    return Atoms(constant, np.ones(len(constant)))


def lead_table(spec: LeadSpec, curve: Result | None) -> pl.DataFrame:
    """The atoms of exclusivity, before the multiple. Columns: months, weight; what is missing to 1 never ends."""
    atoms = lead_atoms(spec, curve)
    return pl.DataFrame({"months": atoms.months, "weight": atoms.weight}, schema=LEAD_SCHEMA)


def lead_figures(spec: LeadSpec, curve: Result | None) -> dict[str, Any]:
    """Summary figures: where the leads come from, the key of the diffusion run and its counts, and the residual mass.

    exclusivity_residual is the probability of a lead that never ends (None for log-normal leads).
    """
    known: Mapping[str, Any] = {} if curve is None else curve.summary
    residual = max(0.0, 1.0 - float(lead_atoms(spec, curve).weight.sum()))
    return {
        "exclusivity_source": lead_source(spec),
        "exclusivity_key": None if curve is None else curve.key,
        "exclusivity_subjects": known.get("subjects"),
        "exclusivity_events": known.get("events"),
        "exclusivity_residual": None if spec.exclusivity == "lognormal" else residual,
    }


def lead_source(spec: LeadSpec) -> str:
    """Where the leads come from, in words."""
    if spec.exclusivity != "survival":
        return spec.exclusivity
    parts = ["the diffusion study's curve by " + spec.exclusivity_curve.replace("_", " ")]
    if not spec.by_benchmark:
        parts.append(spec.exclusivity_domain)
        parts += [f"theta {spec.exclusivity_theta:g}"] if spec.exclusivity_theta != 1 else []
    least = spec.exclusivity_min_lead_months
    return ", ".join([*parts, f"leads beyond {least:g} months"] if least else parts)


def lead_warnings(curve: Result | None) -> list[str]:
    """A sentence when the curve rests on very few leads, or on none that ended."""
    subjects, events = (None if curve is None else curve.summary.get(name) for name in ("subjects", "events"))
    if subjects is None or (subjects >= FEWEST_LEADS and events):
        return []
    return [
        f"The curve of exclusivity rests on {subjects} leads, of which {events} ended: too few to lean on; choose "
        "another exclusivity_curve or exclusivity_domain."
    ]
