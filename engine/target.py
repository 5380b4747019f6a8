"""Another study asked at many points: its fields, its base and its spec at a point. Shared by sweep and sobol."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from engine import registry
from engine.spec import Spec, SpecError, shown


class Asking(Protocol):
    """A spec that asks another study, with some fields that stay the same."""

    @property
    def target(self) -> str: ...
    @property
    def base(self) -> Mapping[str, Any]: ...
    @property
    def preset(self) -> str: ...
    @property
    def seed(self) -> int: ...


def point_spec(asking: Asking, values: Mapping[str, Any]) -> Spec:
    """The asked study's spec at a point. Raises `SpecError` where there can be none."""
    given = {"preset": asking.preset, "seed": asking.seed, **asking.base, **values}
    return registry.study(asking.target).spec_type.parse(given)


def rounded_spec(asking: Asking, values: Mapping[str, Any]) -> Spec:
    """As `point_spec`, with whole numbers where the study takes no others: an axis may end between two."""
    whole = {name: round(v) for name, v in values.items() if isinstance(v, float) and is_whole(asking.target, name)}
    return point_spec(asking, {**values, **whole})


def base_spec(asking: Asking) -> Spec:
    """The asked study's spec with the fields that stay the same."""
    return point_spec(asking, {})


def typed_base(given: Mapping[str, Any], target: Any) -> dict[str, Any]:
    """The `base` among given fields, as the asked study types it, so that '5e-11' and 5e-11 are one question.

    Raises `SpecError` for a study that isn't there, an unknown field, or values that can't be.
    """
    spec_type, base = target_spec(target), given.get("base", {})
    if not isinstance(base, Mapping):
        raise SpecError(f"base can't be {shown(base)}; give fields and their values.")
    check_fields(target, base)
    for name, value in base.items():
        if isinstance(value, bool):
            spec_type.typed(name, value)
    preset = {"preset": given["preset"]} if "preset" in given else {}
    typed = spec_type.parse({**preset, **base}).model_dump(mode="json")
    return {name: typed[name] for name in base}


def target_spec(target: Any) -> type[Spec]:
    """The type of the spec of the study of that name. Raises `SpecError` where none is called so."""
    if not isinstance(target, str) or target not in registry.names():
        raise SpecError(f"There is no study {shown(target)}; the studies are {', '.join(registry.names())}.")
    return registry.study(target).spec_type


def check_fields(target: str, names: Iterable[Any]) -> None:
    """Raise `SpecError` for a name that is no field of the study."""
    fields = target_spec(target).model_fields
    for name in names:
        if name not in fields:
            raise SpecError(f"{target} has no field {shown(name)}; it has {', '.join(fields)}.")


def is_whole(target: str, name: str) -> bool:
    """Whether a field takes whole numbers."""
    return target_spec(target).model_fields[name].annotation in (int, int | None)
