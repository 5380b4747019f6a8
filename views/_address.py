"""What the page's address asks of a form's fields: taken out and told in a sentence where a field can't have it."""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from streamlit.errors import StreamlitAPIException

LONG, EXACT = 10_000, 1e16
SHOWN = 60
PLAIN = "[A-Za-z0-9 ]+|[-+0-9.,e]+"


def refuse(study: str, wanted: Mapping[str, tuple[str, str | None]], defaults: Mapping[str, Any]) -> None:
    """Take out of the address what its fields can't have, and keep a sentence on each.

    `wanted`: field to its label and to what it must be, None where the address's value will do. Before any widget
    reads the address: widgets leave out such values unsaid, and infinity makes one of whole numbers fail.
    """
    refused = {name: why for name, why in wanted.items() if why[1] is not None}
    if not refused:
        return
    kept = st.session_state.setdefault(_mark(study), {})
    for name, (label, must_be) in refused.items():
        kept[name] = (
            f"The address asks for {_quoted(asked(name))} as {label}, which must be {must_be}; the default, "
            f"{plain(defaults[name])}, is used."
        )
    try:
        for name in refused:
            del st.query_params[name]
    except StreamlitAPIException:
        return
    st.rerun()


def tell(study: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Say what of the address was refused, as long as the field has its default."""
    kept = st.session_state.get(_mark(study), {})
    for name in [name for name in kept if given.get(name, defaults[name]) != defaults[name]]:
        del kept[name]
    for sentence in kept.values():
        st.warning(sentence)


def _mark(study: str) -> str:
    return f"refused by {study}"


def asked(name: str) -> str:
    """What the address gives for a field; empty for nothing."""
    return str(st.query_params.get(name, ""))


def _quoted(text: str) -> str:
    """A stranger's text, short; as code where Markdown could read it as something else."""
    short = textwrap.shorten(text, SHOWN, placeholder="...")
    return short if re.fullmatch(PLAIN, short) else f"`{short.replace('`', '')}`"


def fault(text: str, kind: Any, ends: tuple[float, float]) -> str | None:
    """What a field of that kind and those bounds must be, where the address's text is not; None where it will do."""
    if not text:
        return None
    if get_origin(kind) is Literal:
        return _unknown(text, get_args(kind))
    if kind is bool:
        return _unknown(text.lower(), ("true", "false"))
    return _no_number(text, kind, ends) if kind in (int, float) else None


def _unknown(text: str, known: Sequence[Any]) -> str | None:
    names = [str(name) for name in known]
    return None if text in names else f"{', '.join(names[:-1])} or {names[-1]}"


def _no_number(text: str, kind: Any, ends: tuple[float, float]) -> str | None:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    whole = kind is not int or value.is_integer()
    if math.isfinite(value) and ends[0] <= value <= ends[1] and whole:
        return None
    return f"a {'whole ' if kind is int else ''}number{_within(*ends)}"


def _within(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {plain(low)}"
    return f" of at most {plain(high)}" if math.isinf(low) else f" from {plain(low)} to {plain(high)}"


def plain(value: Any) -> str:
    """A value as a person writes it: 10,000, 0.05, 1e+18, automatic for none."""
    if value is None:
        return "automatic"
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if abs(value) >= EXACT or not float(value).is_integer():
        return f"{value:g}"
    return f"{value:,.0f}" if abs(value) >= LONG else f"{value:.0f}"
