"""The axes of a design: which fields, and the values of each."""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from engine import registry
from engine.spec import SpecError
from views import _form

Axis = dict[str, Any]
SCALES = {"linear": "Linear", "log": "Logarithmic", "listed": "Listed"}
VALUES = 10
TIMES = 2.0
INSET = 0.1


def fields(target: str) -> dict[str, FieldInfo]:
    """Fields of a study: a sweep may vary or fix any of them, its seed and preset too."""
    return registry.study(target).spec_type.model_fields


def label(target: str, name: str) -> str:
    """A field's title and unit; the name itself for a column that is no field."""
    field = fields(target).get(name)
    return name if field is None else _form.label(name, field)


def editor(target: str, given: Mapping[str, Axis], kind: str, edition: int) -> dict[str, Axis]:
    """Widgets of the axes, and what they say: field to its axis, as in a sweep file."""
    known = fields(target)
    names = st.multiselect(
        "Axes",
        list(known),
        default=[name for name in given if name in known],
        format_func=lambda name: _form.label(name, known[name]),
        key=f"sweep axes {target} {edition}",
    )
    return {name: _axis(target, name, given.get(name), kind, edition) for name in names}


def _axis(target: str, name: str, given: Axis | None, kind: str, edition: int) -> Axis:
    """One axis: scale, ends and number of values, or a list of values."""
    field, title = fields(target)[name], label(target, name)
    axis = given or started(target, name)
    with st.container(border=True):
        options = choices(field)
        if options:
            return {"values": _options(title, options, axis, f"{name} {edition}")}
        places = st.columns(4 if kind == "grid" else 3, vertical_alignment="bottom")
        with places[0]:
            scale = _scale(title, axis, f"sweep scale {name} {edition}")
        if scale == "listed":
            return _listed(title, axis, f"sweep list {name} {edition}")
        return _range(title, axis, str(scale), places[1:], f"{name} {edition}")


def _scale(title: str, axis: Axis, key: str) -> str:
    now = "listed" if "values" in axis else axis.get("scale", "linear")
    scale = st.selectbox(
        f"{title}: scale", list(SCALES), index=list(SCALES).index(now), format_func=SCALES.__getitem__, key=key
    )
    return str(scale)


def _options(title: str, options: list[Any], axis: Axis, key: str) -> list[Any]:
    now = [value for value in axis.get("values", options) if value in options]
    return st.multiselect(f"{title}: values", options, default=now, key=f"sweep options {key}")


def _range(title: str, axis: Axis, scale: str, places: Any, key: str) -> Axis:
    first = {**axis} if "values" not in axis else ends([v for v in axis["values"] if isinstance(v, int | float)])
    low = places[0].number_input(
        f"{title}: from", value=float(first["low"]), step=None, format="%g", key=f"sweep low {key}"
    )
    high = places[1].number_input(f"{title}: to", value=float(first["high"]), format="%g", key=f"sweep high {key}")
    found: Axis = {"low": low, "high": high}
    if len(places) > 2:
        found["n"] = places[2].number_input(
            f"{title}: number of values", value=int(first.get("n") or VALUES), min_value=1, key=f"sweep n {key}"
        )
    return {**found, "scale": "log"} if scale == "log" else found


def _listed(title: str, axis: Axis, key: str) -> Axis:
    shown = ", ".join(text(value) for value in axis.get("values", [axis.get("low"), axis.get("high")]))
    return {"values": listed(st.text_input(f"{title}: values, separated by commas", value=shown, key=key))}


def text(value: Any) -> str:
    """A value as it is typed in a list; `listed` reads it."""
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def listed(text: str) -> list[Any]:
    """Values of a text like '1, 2.5, none': numbers where they are, nothing for none, else text."""
    return [_value(part.strip()) for part in text.split(",") if part.strip()]


def _value(word: str) -> Any:
    if word.lower() == "none":
        return None
    try:
        number = float(word)
    except ValueError:
        return word
    if not math.isfinite(number):
        return word
    return int(number) if word.lstrip("+-").isdigit() else number


def choices(field: FieldInfo) -> list[Any]:
    """The values a field may have where they are few; empty for numbers and text."""
    kind, optional = _form.kind_of(field.annotation)
    if get_origin(kind) is Literal:
        return [*get_args(kind), *([None] if optional else [])]
    return [False, True] if kind is bool else []


def started(target: str, name: str) -> Axis:
    """The axis a field begins with: half to twice its default within its bounds, or its default alone."""
    field = fields(target)[name]
    kind, _ = _form.kind_of(field.annotation)
    span = _span(field) if kind in (int, float) else None
    for inset in (0.0, INSET) if span else ():
        low, high = (kind(end) for end in _within(span, inset))
        if _takes(target, name, low) and _takes(target, name, high):
            return {"low": float(low), "high": float(high), "n": VALUES}
    return {"values": [field.default]}


def _span(field: FieldInfo) -> tuple[float, float] | None:
    """Half to twice the default, or the bounds where there is none; None where those are open."""
    low, high = _form.bounds(field)
    if isinstance(field.default, int | float):
        around = sorted((field.default / TIMES, field.default * TIMES)) if field.default else (0.0, 1.0)
        low, high = max(around[0], low), min(around[1], high)
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _within(span: Any, inset: float) -> tuple[float, float]:
    """A span without that share of it at both ends, which may themselves be excluded."""
    low, high = span
    return low + inset * (high - low), high - inset * (high - low)


def _takes(target: str, name: str, value: float) -> bool:
    try:
        registry.study(target).spec_type.typed(name, value)
    except SpecError:
        return False
    return True


def ends(values: list[float]) -> Axis:
    """Lowest and highest of some values; 1 and 10 of none."""
    return {"low": float(min(values, default=1.0)), "high": float(max(values, default=10.0)), "n": VALUES}
