"""Designing a sweep: the editor, the address that carries the design, and its file."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine import registry
from engine.spec import SpecError
from engine.sweep import SweepSpec
from jobs import client
from views import _choices, _form
from views._sweep import axes, holding, link
from views._sweep.holding import TARGETS
from views.content import STUDIES

Design = dict[str, Any]
ADDRESS = "design"
KINDS = {"grid": "Grid", "lhs": "Latin hypercube", "sobol": "Sobol sequence"}
POINTS = 1_000
# White on the dark theme's own colour of chosen values can't be read by all.
TAGS = "<style>[data-testid=stMultiSelect] span[data-tag]{background:#2b6cb8;color:#fff}</style>"
FIRST: dict[str, Design] = {
    "npv": {
        "base": {},
        "axes": {
            "cost_multiple": {"low": 1.0, "high": 1000.0, "n": 40, "scale": "log"},
            "sigma": {"low": 0.5, "high": 2.0, "n": 40},
        },
    },
    "welfare": {
        "base": {},
        "axes": {"cost_multiple": {"low": 0.5, "high": 20.0, "n": 12, "scale": "log"}, "rho": {"values": [0.0, 0.5]}},
    },
    "diffusion": {
        "base": {"parts": "curve"},
        "axes": {
            "theta": {"low": 0.2, "high": 2.0, "n": 10, "scale": "log"},
            "frontier_rank": {"values": [5, 10, 15, 20]},
        },
    },
    "scaling": {"base": {}, "axes": {"first_year": {"values": [2010, 2012, 2014, 2016, 2018]}}},
    "bootstrap": {"base": {}, "axes": {"first_year": {"values": [2010, 2012, 2014, 2016, 2018]}}},
    "export-controls": {
        "base": {},
        "axes": {
            "year_low": {"values": [2012, 2014, 2016, 2018, 2020]},
            "control_for_parameters": {"values": [False, True]},
        },
    },
    "efficiency": {
        "base": {},
        "axes": {"derivatives": {"values": [False, True]}, "multinational": {"values": [False, True]}},
    },
}


def first(target: str) -> Design:
    """The design a study starts from, as the values of a sweep file."""
    given = FIRST[target]
    return {"study": target, "base": given["base"], "design": {"kind": "grid", "axes": given["axes"]}}


def chosen() -> SweepSpec | None:
    """The design in the editor, or the one it can't hold; None, with the reason told, where it can't be asked."""
    _come_back()
    _take_address()
    if told := st.session_state.get("sweep preset told"):
        st.info(told)
    fixed: Design | None = st.session_state.get("sweep fixed")
    values = fixed or _edited()
    if values is None:
        return None
    try:
        spec = client.sweep_of_text(json.dumps({**values, "preset": _choices.presets()[-1]}), "The design")
    except SpecError as error:
        st.error(str(error))
        return None
    if fixed:
        holding.show(spec, holding.unheld(spec))
        st.button("Design another", on_click=_fill, args=(first("npv"),))
    _into_address(spec)
    return spec


def _edited() -> Design | None:
    """What the editor says; None, with the fault told, while it still says what a bad address left there."""
    values = st.session_state["sweep last"] = _editor(st.session_state.setdefault("sweep draft", first("npv")))
    told = st.session_state.get("sweep fault")
    if told and values == st.session_state.setdefault("sweep at fault", values):
        st.error(told)
        return None
    _forget_fault()
    return values


def take(spec: SweepSpec) -> None:
    """Put a design into the editor, or in its place where the editor can't hold it."""
    _fill(values_of(spec))
    if holding.unheld(spec):
        st.session_state["sweep fixed"] = st.session_state.pop("sweep draft")


def values_of(spec: SweepSpec) -> Design:
    """A design as the values of its file, without the preset, which the sidebar chooses."""
    return {name: value for name, value in client.sweep_as_values(spec).items() if name != "preset"}


def _fill(values: Design) -> None:
    st.session_state["sweep draft"] = values
    for mark in ("sweep last", "sweep fixed", "sweep preset told"):
        st.session_state.pop(mark, None)
    st.session_state["sweep edition"] = st.session_state.get("sweep edition", 0) + 1
    _forget_fault()


def _forget_fault() -> None:
    for mark in ("sweep fault", "sweep at fault"):
        st.session_state.pop(mark, None)


def _come_back() -> None:
    """Fill the editor with what it last said where its widgets have been left for another page."""
    edition = st.session_state.get("sweep edition", 0)
    if "sweep last" in st.session_state and f"sweep study {edition}" not in st.session_state:
        _fill(st.session_state["sweep last"])


def _take_address() -> None:
    """Take what the address says where this session didn't write it: its design, else the run it names."""
    text = st.query_params.get(ADDRESS, "")
    named = link.opened(text)
    if text and text != st.session_state.get("sweep address"):
        _take_text(text)
    elif not text and named is not None and named.spec is not None:
        take(named.spec)


def _take_text(text: str) -> None:
    st.session_state["sweep address"] = text
    try:
        spec = client.sweep_of_text(text, "The design in the address")
        take(spec)
        if '"preset"' in text and spec.preset != _choices.presets()[-1]:
            st.session_state["sweep preset told"] = (
                f"The design in the address says preset {spec.preset}; the one chosen in the sidebar counts, "
                f"{_choices.presets()[-1]}."
            )
    except SpecError as error:
        _fill(st.session_state.get("sweep draft", first("npv")))
        st.session_state["sweep fault"] = f"{error} The editor shows another design."


def _into_address(spec: SweepSpec) -> None:
    text = json.dumps(values_of(spec), separators=(",", ":"))
    st.session_state["sweep address"] = text
    if st.query_params.get(ADDRESS) != text:
        st.query_params[ADDRESS] = text


def _editor(draft: Design) -> Design:
    """The widgets, and what they say as the values of a sweep file."""
    st.html(TAGS)
    edition = st.session_state.get("sweep edition", 0)
    design: Design = draft["design"]
    left, right = st.columns([2, 3])
    target = left.selectbox(
        "Study",
        TARGETS,
        index=TARGETS.index(draft["study"]),
        format_func=lambda name: f"{STUDIES[name].title} ({name})",
        key=f"sweep study {edition}",
        on_change=_other_study,
        args=(f"sweep study {edition}",),
    )
    kind = right.radio(
        "Kind of design",
        list(KINDS),
        index=list(KINDS).index(design["kind"]),
        format_func=KINDS.__getitem__,
        key=f"sweep kind {edition}",
        horizontal=True,
        help="Grid: every combination. Latin hypercube and Sobol sequence: a number of points that fill the space.",
    )
    return {
        "study": target,
        "base": _base(str(target), draft.get("base", {}), edition),
        "design": _design(str(target), str(kind), design, edition),
    }


def _other_study(key: str) -> None:
    _fill(first(st.session_state[key]))


def _design(target: str, kind: str, design: Design, edition: int) -> Design:
    values: Design = {"kind": kind, "axes": axes.editor(target, design["axes"], kind, edition)}
    places = st.columns(2)
    if kind != "grid":
        values["points"] = places[0].number_input(
            "Points", value=design.get("points") or POINTS, min_value=1, step=100, key=f"sweep points {edition}"
        )
    values["seed"] = places[kind != "grid"].number_input(
        "Random seed",
        value=design.get("seed", _seed()),
        min_value=0,
        max_value=_form.LARGEST_INTEGER,
        key=f"sweep seed {edition}",
        help="Of the design's points, and of the study where base doesn't give it one.",
    )
    return values


def _seed() -> int:
    return int(SweepSpec.model_fields["seed"].default)


def _base(target: str, given: Mapping[str, Any], edition: int) -> Design:
    """Fields that stay the same at every point, by the form's own widgets."""
    fields = axes.fields(target)
    defaults = registry.study(target).spec_type.parse({"preset": _choices.presets()[-1]}).model_dump(mode="json")
    names = st.multiselect(
        "Fields that stay the same",
        list(fields),
        default=[name for name in given if name in fields],
        format_func=lambda name: _form.label(name, fields[name]),
        key=f"sweep base {target} {edition}",
        help="Fields named neither here nor as an axis have the preset's values.",
    )
    places = st.columns(3) if names else []
    values = {}
    for index, name in enumerate(names):
        with places[index % 3]:
            start = given.get(name, defaults[name])
            values[name] = _form.widget(f"sweep base {name} {edition}", fields[name], start, bind=None)
    return values
