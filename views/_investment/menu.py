"""Scenarios to start from, in one menu that fills the form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from engine.npv import NpvSpec
from engine.npv.catalogue import Catalogue, catalogue
from views import _choices, _form, _results
from views._investment.asking import OF_SECTIONS

OWN = "Own settings"
CALIBRATED = {"Study as published, calibrated": {"preset": "published", "mu": None}}
NOTES = {"Tier III, data basis": "corrected", "Study as published": "published"}
OF_RUN = ("seed", "engine", "n_paths", "sampling", *OF_SECTIONS)


def offered(models: pl.DataFrame) -> Catalogue:
    """The catalogue on a models table, and the published run with its revenue calibrated as the study also did."""
    known = catalogue(models)
    return replace(known, scenarios={**known.scenarios, **CALIBRATED})


def _offered() -> Catalogue:
    return offered(_results.table("models", _choices.vintage()))


def show(specs: Sequence[NpvSpec]) -> None:
    """The menu at the scenario that the form now holds."""
    known = _offered()
    st.session_state["scenario"] = named(specs, known)
    st.selectbox(
        "Scenario",
        [*known.scenarios, OWN],
        key="scenario",
        format_func=lambda name: f"{name} ({NOTES[name]})" if name in NOTES else name,
        help=" ".join(["Fills the form below.", *known.missing]),
        on_change=_take,
    )


def named(specs: Sequence[NpvSpec], known: Catalogue) -> str:
    """The scenario's name; OWN where the form holds another project, or two presets."""
    if len(specs) != 1:
        return OWN
    asked = project(specs[0])
    return next((name for name, given in known.scenarios.items() if project(NpvSpec.parse(given)) == asked), OWN)


def project(spec: NpvSpec) -> dict[str, Any]:
    """What is asked about, without how it is computed."""
    return {name: value for name, value in spec.model_dump().items() if name not in OF_RUN}


def _take() -> None:
    given = _offered().scenarios.get(st.session_state["scenario"])
    if given is not None:
        _form.fill(NpvSpec.parse(given))
