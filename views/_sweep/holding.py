"""What the editor can hold: a design it can't is shown as it is, since widgets would change it unseen."""

from collections.abc import Iterator

import streamlit as st
from pydantic.fields import FieldInfo

from engine import registry
from engine.sweep import Axis, SweepSpec
from jobs import client
from views import _form
from views._sweep import axes

NO_WIDGETS = ("sobol", "report", "sweep")
TARGETS = tuple(name for name in registry.names() if name not in NO_WIDGETS)


def unheld(spec: SweepSpec) -> str:
    """What of a design the editor can't hold, in words; empty where it holds all.

    Every study that the command takes is taken here. Those of NO_WIDGETS have fields that are mappings, which no
    widget holds, and answer with many runs of their own: they are shown and run, and designed in a file.
    """
    return next(_unheld(spec), "")


def show(spec: SweepSpec, reason: str) -> None:
    """A design that can be run and not be changed here."""
    st.info(
        f"The editor can't hold {reason}: the design is shown as it is. It can be run; to change it, change its file."
    )
    st.code(client.sweep_as_text(spec), language="yaml")


def _unheld(spec: SweepSpec) -> Iterator[str]:
    if spec.target in NO_WIDGETS:
        yield f"the fields of {spec.target}"
        return
    if spec.kind == "grid" and spec.points is not None:
        yield "a number of points beside a grid"
    for value in (spec.seed, *spec.base.values()):
        if isinstance(value, int) and abs(value) > _form.LARGEST_INTEGER:
            yield f"the whole number {value}"
    for name, axis in spec.axes.items():
        yield from _of_axis(axes.fields(spec.target)[name], name, axis, spec.kind)


def _of_axis(field: FieldInfo, name: str, axis: Axis, kind: str) -> Iterator[str]:
    if axis.values is None:
        if axes.choices(field):
            yield f"bounds of '{name}', which is one of a few values"
        if kind != "grid" and axis.n is not None:
            yield f"n of axis '{name}', which has no meaning in a {kind} design"
        return
    if axis.scale != "linear":
        yield f"a scale of axis '{name}', whose values are listed"
    if axes.choices(field) and len(set(axis.values)) < len(axis.values):
        yield f"a value that axis '{name}' has twice"
    for place, value in enumerate(axis.values, 1):
        if not _holds(field, value):
            yield f"value {place} of axis '{name}'"


def _holds(field: FieldInfo, value: object) -> bool:
    """Whether a listed value comes back as it was: as one of the choices, or from its text."""
    given = axes.choices(field) or axes.listed(axes.text(value))
    return any(value == each and type(value) is type(each) for each in given)
