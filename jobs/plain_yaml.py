"""Plain YAML: values of YAML 1.2's core, no tags, no aliases, a size limit, and a list of keys given twice."""

import re
from pathlib import Path
from typing import Any

import yaml

from engine.spec import SpecError

MAX_BYTES = 16 * 2**20
_CORE = {
    "null": (r"~|null|Null|NULL|", ("~", "n", "N", "")),
    "bool": (r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", tuple("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        tuple("-+.0123456789"),
    ),
}


def load(path: Path, kind: str, max_bytes: int = MAX_BYTES) -> tuple[Any, list[str]]:
    """The values of a file, and the keys it gives more than once (the last one counts).

    `kind` says in words what the file is. Raises `SpecError`, one sentence that names the file.
    """
    try:
        if path.exists() and not path.is_file():
            raise SpecError(f"{path.name} is no file; name a {kind}.")
        if path.stat().st_size > max_bytes:
            raise SpecError(f"{path.name} is larger than {max_bytes // 2**10:,} KiB; a {kind} is a few lines.")
        return values(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        raise SpecError(f"There is no file {path}; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name} can't be read ({error}).") from None


def values(text: str, name: str) -> tuple[Any, list[str]]:
    """The values of a text, and the keys given more than once. Raises `SpecError` that starts with `name`."""
    try:
        loader = PlainLoader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.YAMLError as error:
        raise SpecError(f"{name} is not plain YAML ({' '.join(str(error).split())}).") from None
    except (RecursionError, ValueError):
        raise SpecError(f"{name} is not plain YAML (it is nested too deep, or a number can't be).") from None


class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values only: no tags that make objects, no aliases that could blow up. `5e-11` is a number."""

    yaml_implicit_resolvers: dict[Any, Any] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        self.repeated += dict.fromkeys(name for name in names if names.count(name) > 1)
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: Any) -> int:
        text = str(self.construct_scalar(node))
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


for _name, (_pattern, _first) in _CORE.items():
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), list(_first))
PlainLoader.add_constructor("tag:yaml.org,2002:int", PlainLoader.construct_yaml_int)
