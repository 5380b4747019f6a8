"""Sweep files: YAML with `study`, `base` and `design`."""

from pathlib import Path
from typing import Any

from engine import registry
from engine.spec import SpecError, shown
from engine.sweep import SweepSpec
from jobs import plain_yaml

MAX_BYTES = plain_yaml.MAX_BYTES
TOP = ("study", "base", "design", "preset")
DESIGN = ("kind", "axes", "points", "seed")


def read_sweep(path: Path) -> SweepSpec:
    """The sweep a file asks for. Raises `SpecError`, one sentence that names the file and the key at fault."""
    return sweep_of(_load(path), path.name)


def sweep_of(value: Any, name: str) -> SweepSpec:
    """The sweep of a file's plain values; `name` is what errors call the file."""
    found = mapping(value, name, TOP)
    design = mapping(found.get("design", {}), f"{name}: design", DESIGN)
    if "study" not in found:
        raise SpecError(f"{name} has no 'study'; name one of {', '.join(registry.names())}.")
    base = {} if found.get("base") is None else found["base"]
    preset = {"preset": found["preset"]} if "preset" in found else {}
    if preset and isinstance(base, dict) and base.get("preset", found["preset"]) != found["preset"]:
        raise SpecError(f"{name} has preset {shown(found['preset'])} and in base {shown(base['preset'])}; keep one.")
    try:
        return SweepSpec.parse({"target": found["study"], "base": base, **preset, **design})
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None


def _load(path: Path) -> Any:
    return _once(*plain_yaml.load(path, "sweep file", MAX_BYTES), path.name)


def load_yaml(text: str, name: str) -> Any:
    """The plain values of a YAML text. Raises `SpecError`, one sentence that starts with the file's name."""
    return _once(*plain_yaml.values(text, name), name)


def _once(value: Any, repeated: list[str], name: str) -> Any:
    if repeated:
        raise SpecError(f"{name} is not plain YAML ('{repeated[0]}' is given twice).")
    return value


def mapping(value: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    """A value that must be a mapping of known keys. Raises `SpecError` naming where it stands."""
    if not isinstance(value, dict):
        raise SpecError(f"{where} must be keys and values, with {', '.join(known)}.")
    unknown = [key for key in value if key not in known]
    if unknown:
        raise SpecError(f"{where} has no key {shown(unknown[0])}; it has {', '.join(known)}.")
    return value
