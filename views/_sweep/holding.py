"""What the editor can hold: a design it can't is shown as it is, since widgets would change it unseen."""

from collections.abc import Iterator

import streamlit as st
from pydantic.fields import FieldInfo

from engine import registry
from engine.sweep import SweepSpec
from jobs import client
from views import _form
from views._sweep import axes

NO_WIDGETS = ("sobol", "report")
TARGETS = tuple(name for name in registry.names() if name not in (*NO_WIDGETS, SweepSpec.study))


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
    for value in (spec.seed, *spec.base.values()):
        if isinstance(value, int) and abs(value) > _form.LARGEST_INTEGER:
            yield f"the whole number {value}"
    for name, axis in spec.axes.items():
        for place, value in enumerate(axis.values or (), 1):
            if not _holds(axes.fields(spec.target)[name], value):
                yield f"value {place} of axis '{name}'"


def _holds(field: FieldInfo, value: object) -> bool:
    """Whether a listed value comes back as it was: as one of the choices, or from its text."""
    given = axes.choices(field) or axes.listed(axes.text(value))
    return any(value == each and type(value) is type(each) for each in given)
