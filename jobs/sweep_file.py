"""Sweep files: YAML with `study`, `base` and `design`."""

from pathlib import Path
from typing import Any

import yaml

from engine import registry
from engine.spec import SpecError
from engine.sweep import SweepSpec

MAX_BYTES = 16 * 2**20
TOP = ("study", "base", "design", "preset")
DESIGN = ("kind", "axes", "points", "seed")


def read_sweep(path: Path) -> SweepSpec:
    """The sweep a file asks for. Raises `SpecError`, one sentence that names the file and the key at fault."""
    found = _mapping(_load(path), f"{path.name}", TOP)
    design = _mapping(found.get("design", {}), f"{path.name}: design", DESIGN)
    if "study" not in found:
        raise SpecError(f"{path.name} has no 'study'; name one of {', '.join(registry.names())}.")
    registry.study(found["study"])
    given = {
        "target": found["study"],
        "base": found.get("base") or {},
        **{name: found[name] for name in ("preset",) if name in found},
        **design,
    }
    return SweepSpec.parse(given)


def _load(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpecError(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB; a sweep file is a few lines.")
        return _NoAliases(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError:
        raise SpecError(f"There is no file {path}; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name} can't be read ({error}).") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name} is not plain YAML ({' '.join(str(error).split())}).") from None


class _NoAliases(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values only: no tags that make objects, no aliases that could blow up."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def _mapping(value: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"{where} must be keys and values, with {', '.join(known)}.")
    unknown = [str(key) for key in value if key not in known]
    if unknown:
        raise SpecError(f"{where} has no key '{unknown[0]}'; it has {', '.join(known)}.")
    return value
