"""Where vintages lie and what a vintage's manifest says."""

import functools
import json
import re
from pathlib import Path
from typing import Any

from engine.tables import TableError
from jobs.settings import settings

BUNDLED = "2025-10"
TABLES = ("models", "interventions", "publications", "hardware", "benchmark_scores")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def vintage_dir(name: str) -> Path:
    """Folder of a vintage. Raises `TableError` for a name that can't be one."""
    if not NAME.fullmatch(name):
        raise TableError(f"A vintage can't be called '{name}': use 1 to 40 letters, digits, '.', '_' or '-'.")
    return settings().bundled / name if name == BUNDLED else settings().home / "vintages" / name


def vintages() -> tuple[str, ...]:
    """The bundled vintage, then the imported ones in name order."""
    root = settings().home / "vintages"
    names = sorted(p.parent.name for p in root.glob("*/manifest.json")) if root.is_dir() else []
    return (BUNDLED, *(name for name in names if NAME.fullmatch(name) and name != BUNDLED))


def lent(vintage: str, table: str) -> str:
    """What to say of a table that a vintage takes from the bundled one."""
    return f"Vintage {vintage} has no {table} of its own; the bundled {BUNDLED} table is used."


def manifest(vintage: str | None = None) -> dict[str, Any]:
    """The manifest of a vintage (the settings' own when None). Raises `TableError` when there is none."""
    name = vintage or settings().vintage
    path = vintage_dir(name) / "manifest.json"
    try:
        return _parsed(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise TableError(f"There is no vintage '{name}'; there are {', '.join(vintages())}.") from None
    except (OSError, ValueError) as error:
        raise TableError(f"The manifest of vintage '{name}' can't be read ({error}).") from None


@functools.lru_cache(maxsize=32)
def _parsed(path: Path, mtime_ns: int) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed
