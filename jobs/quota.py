"""The quota of a store on a directory: when runs and uploads outgrow it, the oldest finished ones go."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.settings import settings
from jobs.store import UNDER_WAY, Store

LOOKED_SECONDS = 600.0
NOTED_SECONDS = 30.0
SEEN = "seen"
MIB = 2**20


@dataclass(frozen=True)
class Held:
    """A folder that takes room: its size in bytes, and when it was last written or looked at (Unix time)."""

    folder: Path
    size: int
    used: float


def enforce(store: Store) -> list[Path]:
    """Remove what was used longest ago until the quota is kept, and say what was removed.

    Never a run that is under way or waits, nor the uploads it asks about, nor what was made or looked at in the last
    ten minutes: while all that is left is such, the quota is exceeded. Nothing happens without a quota, or on an
    object store.
    """
    if not settings().store_mb or "://" in store.root:
        return []
    held = [*_runs(store), *_uploads()]
    excess, removed = sum(each.size for each in held) - settings().store_mb * MIB, []
    busy = set(_busy(store)) if excess > 0 else set()
    for each in sorted(held, key=lambda one: one.used):
        if excess <= 0 or time.time() - each.used < LOOKED_SECONDS:
            break
        if each.folder.name not in busy:
            shutil.rmtree(each.folder, ignore_errors=True)
            (settings().home / "logs" / f"{each.folder.name}.log").unlink(missing_ok=True)
            excess -= each.size
            removed.append(each.folder)
    return removed


def look(store: Store, key: str) -> None:
    """Note that somebody is looking at a run, so that it stays."""
    folder = Path(store.root) / "runs" / key
    if not settings().store_mb or "://" in store.root or not folder.is_dir():
        return
    seen = folder / SEEN
    try:
        if not seen.exists() or time.time() - seen.stat().st_mtime > NOTED_SECONDS:
            seen.touch()
    except FileNotFoundError:
        return


def _runs(store: Store) -> Iterator[Held]:
    return _held(Path(store.root) / "runs")


def _uploads() -> Iterator[Held]:
    return _held(settings().home / "uploads")


def _held(parent: Path) -> Iterator[Held]:
    for folder in parent.iterdir() if parent.is_dir() else ():
        sizes, times = _files(folder)
        yield Held(folder, sum(sizes), max(times, default=0.0))


def _files(folder: Path) -> tuple[list[int], list[float]]:
    """Sizes and times of the files in a folder; one that goes meanwhile counts for nothing."""
    sizes, times = list[int](), list[float]()
    for path in folder.rglob("*"):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        sizes.append(found.st_size)
        times.append(found.st_mtime)
    return sizes, times


def _busy(store: Store) -> Iterator[str]:
    """Names of folders that must stay: runs under way or waiting, and the uploads they ask about."""
    for key in store.run_keys():
        status = store.status(key)
        if status is not None and status.state in UNDER_WAY:
            yield key
            yield from (Path(path).parent.name for path in (store.spec(key) or {}).get("files", {}).values())
