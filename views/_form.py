"""Widgets made from a spec's fields, bound to the URL: one declaration gives flag, widget and key."""

import json
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import streamlit as st
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from engine.scaling_law import EFFECTS, POOLED, canonical_effects, parse_effects
from engine.spec import Preset, Spec, SpecError
from views import _address

S = TypeVar("S", bound=Spec)
AUTOMATIC = "automatic"
RADIO_OPTIONS = 3
LARGEST_INTEGER = 2**53 - 1


Own = Callable[[Mapping[str, Any]], dict[str, Any]]


def spec_form(
    spec_type: type[S], presets: Sequence[Preset], hide: Iterable[str] = (), own: Own | None = None
) -> list[S]:
    """The specs the widgets ask for, one a preset; a preset that can't be asked so is told and keeps its last spec.

    Widgets start from the URL, else from the preset; what the URL asks for and a field can't have is told. Changing
    the preset refills the fields it sets. With two presets, fields that either sets are not offered. `hide` names
    fields the page sets itself; `own` draws them above the settings, from the preset's values, and gives what they say.
    """
    names = shown_fields(spec_type, presets, hide)
    defaults = spec_type.parse({"preset": presets[0]}).model_dump()
    _refuse(spec_type, [*names, *(hide if own else ())], defaults)
    _refill(spec_type, presets, defaults)
    set_by_page = own(defaults) if own else {}
    with st.expander("Settings"):
        if len(presets) > 1:
            st.caption("Side by side keeps what the presets set; choose one preset to change those fields.")
        given = _groups(spec_type, names, defaults)
    _address.tell(spec_type.study, {**set_by_page, **given}, defaults)
    asked = [_spec(spec_type, {"preset": preset, **set_by_page, **given}) for preset in presets]
    return [spec for spec in asked if spec is not None]


def shown_fields(spec_type: type[Spec], presets: Sequence[Preset], hide: Iterable[str] = ()) -> list[str]:
    """Fields a form offers, in the spec's order."""
    hidden = {"preset", *hide}
    if len(presets) > 1:
        hidden |= {name for values in spec_type.presets.values() for name in values}
    return [name for name in spec_type.model_fields if name not in hidden]


def _refuse(spec_type: type[Spec], names: Iterable[str], defaults: Mapping[str, Any]) -> None:
    """Take out of the URL what the fields of those names can't have, and remember to tell it."""
    fields = {name: spec_type.model_fields[name] for name in names}
    wanted = {name: (label(name, field), _fault(name, field)) for name, field in fields.items()}
    _address.refuse(spec_type.study, wanted, defaults)


def _fault(name: str, field: FieldInfo) -> str | None:
    """What a field must be, where the URL asks for something else."""
    text, kind = _address.asked(name), kind_of(field.annotation)[0]
    if not several(field):
        return _address.fault(text, kind, _ends(kind, field))
    try:
        canonical_effects(text)
    except ValueError:
        return f"{POOLED}, or some of {', '.join(EFFECTS)} joined by commas"
    return None


def _refill(spec_type: type[Spec], presets: Sequence[Preset], defaults: Mapping[str, Any]) -> None:
    """Give the fields that a preset sets their new defaults once the preset has changed; what else was set stays."""
    mark, now = _mark(spec_type), tuple(presets)
    if st.session_state.get(mark, now) != now:
        for name in {name for values in spec_type.presets.values() for name in values}:
            st.session_state[name] = defaults[name]
    st.session_state[mark] = now


def _mark(spec_type: type[Spec]) -> str:
    """Where the presets are kept that last filled the form."""
    return f"presets of {spec_type.study}"


def _spec(spec_type: type[S], given: dict[str, Any]) -> S | None:
    mark = f"valid {spec_type.study} {given['preset']}"
    try:
        st.session_state[mark] = spec_type.parse(given)
    except SpecError as error:
        st.error(str(error))
    kept: S | None = st.session_state.get(mark)
    return kept


def _groups(spec_type: type[Spec], names: Sequence[str], defaults: dict[str, Any]) -> dict[str, Any]:
    grouped: dict[str, list[str]] = {}
    for name in names:
        grouped.setdefault(_extra(spec_type.model_fields[name], "group"), []).append(name)
    values: dict[str, Any] = {}
    for group in sorted(grouped, key=lambda g: g == "Run"):
        if group:
            st.markdown(f"**{group}**")
        columns = st.columns(min(3, max(2, len(grouped[group]))))
        for index, name in enumerate(grouped[group]):
            with columns[index % len(columns)]:
                values[name] = widget(name, spec_type.model_fields[name], defaults[name])
    return values


def widget(name: str, field: FieldInfo, default: Any, bind: Literal["query-params"] | None = "query-params") -> Any:
    """Draw one field and return its value; `name` is both its key and, where it is bound, its URL parameter."""
    kind, optional = kind_of(field.annotation)
    common: dict[str, Any] = {
        "label": label(name, field),
        "key": name,
        "help": field.description,
        "bind": bind,
    }
    if get_origin(kind) is Literal:
        return _choice(list(get_args(kind)), default, optional, common)
    if kind is bool:
        return st.toggle(value=bool(default), **common)
    if kind in (int, float):
        return _number(field, kind, default, optional, common)
    if several(field):
        return _several(default, common)
    return _text(default, optional, common)


def label(name: str, field: FieldInfo) -> str:
    """Title and unit."""
    unit = _extra(field, "unit")
    title = field.title or name
    return f"{title} ({unit})" if unit else title


def _choice(options: list[Any], default: Any, optional: bool, common: dict[str, Any]) -> Any:
    index = options.index(default) if default in options else None
    if optional or len(options) > RADIO_OPTIONS:
        return st.selectbox(options=options, index=index, placeholder=AUTOMATIC, **common)
    return st.radio(options=options, index=index, horizontal=True, **common)


def _text(default: Any, optional: bool, common: dict[str, Any]) -> Any:
    """Text as it is, anything else as JSON; an untouched field keeps its default, an empty one is None if it may be."""
    shown = default if isinstance(default, str) else "" if default is None else json.dumps(default)
    typed = st.text_input(value=shown, placeholder=AUTOMATIC if optional else None, **common)
    return default if typed == shown else typed or (None if optional else "")


def several(field: FieldInfo) -> bool:
    """Whether a field takes some of the known effects, as their names joined by commas."""
    return any(isinstance(rule, BeforeValidator) and rule.func is canonical_effects for rule in field.metadata)


def _several(default: str, common: dict[str, Any]) -> str:
    """Some of the known effects, joined by commas as the flag takes them."""
    key, bound = common["key"], common["bind"] is not None
    if bound:
        st.session_state[key] = list(parse_effects(_effects_asked(key, default)))
    elif key not in st.session_state:
        st.session_state[key] = list(parse_effects(canonical_effects(default)))
    chosen = st.multiselect(
        common["label"],
        EFFECTS,
        key=key,
        help=common["help"],
        placeholder=POOLED,
        format_func=lambda name: name.replace("_", " "),
        on_change=_keep_effects if bound else None,
        args=(key, default),
    )
    return canonical_effects(chosen)


def _effects_asked(key: str, default: str) -> str:
    """The effects in the URL, else, on coming back to a page, those it had, else the default.

    The URL is written here and in `_keep_effects`: Streamlit's own binding would repeat the parameter.
    """
    text = _address.asked(key)
    kept = st.session_state.get(_kept(key), default)
    if not text and key not in st.session_state and kept != default:
        text = st.query_params[key] = kept
    st.session_state[_kept(key)] = found = canonical_effects(text or default)
    return found


def _keep_effects(key: str, default: str) -> None:
    """Put the effects chosen into the URL, where the default isn't written."""
    text = canonical_effects(st.session_state[key])
    if text != default:
        st.query_params[key] = text
    elif key in st.query_params:
        del st.query_params[key]


def _kept(key: str) -> str:
    return f"kept {key}"


def _number(field: FieldInfo, kind: type, default: Any, optional: bool, common: dict[str, Any]) -> Any:
    low, high = _ends(kind, field)
    if kind is int:
        return st.number_input(
            value=default, min_value=int(low), max_value=int(high), step=1, placeholder=AUTOMATIC, **common
        )
    ends: dict[str, Any] = {
        "min_value": None if math.isinf(low) else float(low),
        "max_value": None if math.isinf(high) else float(high),
    }
    value = None if default is None else float(default)
    return st.number_input(value=value, step=step(value), format="%g", placeholder=AUTOMATIC, **ends, **common)


def _ends(kind: Any, field: FieldInfo) -> tuple[float, float]:
    """The bounds a widget has: those of the field, and of whole numbers those that a browser can hold."""
    low, high = bounds(field)
    return (max(low, -LARGEST_INTEGER), min(high, LARGEST_INTEGER)) if kind is int else (low, high)


def bounds(field: FieldInfo) -> tuple[float, float]:
    """Lowest and highest value of a numeric field; infinite where it has none."""
    low, high = -math.inf, math.inf
    for rule in field.metadata:
        if isinstance(rule, Ge | Gt):
            low = float(rule.ge if isinstance(rule, Ge) else rule.gt)  # type: ignore[arg-type]
        elif isinstance(rule, Le | Lt):
            high = float(rule.le if isinstance(rule, Le) else rule.lt)  # type: ignore[arg-type]
    return low, high


def step(value: float | None) -> float:
    """A step of about a tenth of the value's leading digit."""
    return 0.1 if not value else 10.0 ** (math.floor(math.log10(abs(value))) - 1)


def kind_of(annotation: Any) -> tuple[Any, bool]:
    """The type behind an annotation, and whether None is allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [part for part in get_args(annotation) if part is not type(None)]
        return (kinds[0] if len(kinds) == 1 else str), len(kinds) < len(get_args(annotation))
    return annotation, False


def _extra(field: FieldInfo, name: str) -> str:
    extra = field.json_schema_extra
    return str(extra.get(name, "")) if isinstance(extra, dict) else ""


def fill(spec: Spec) -> None:
    """Put a spec's fields into the form and its preset into the sidebar, from a callback.

    Raises `SpecError` for a number that no field of the form can hold.
    """
    values = spec.model_dump()
    for name, value in values.items():
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise SpecError(f"Field '{name}' is {value}; the form holds whole numbers up to {LARGEST_INTEGER}.")
    st.session_state.update(values)
    st.session_state[_mark(type(spec))] = (spec.preset,)
