"""Memory of a run: how much its processes have, and the end of one that takes too much (measured on Linux)."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 2**20
LOOK_SECONDS = 0.1
_most: dict[str, int] = {"seen": 0}


def resident_mb() -> int:
    """Resident memory of this process and its descendants in MiB; 0 where it can't be told."""
    return sum(_pages(pid) for pid in (os.getpid(), *descendants())) * os.sysconf("SC_PAGE_SIZE") // MIB


def descendants(pid: int | None = None) -> list[int]:
    """Processes that a process has started, and those that they have; by default those of this one."""
    tasks = Path("/proc") / str(pid or os.getpid()) / "task"
    try:
        children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [found for child in children for found in (child, *descendants(child))]


def _pages(pid: int) -> int:
    try:
        return int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def peak_mb() -> int:
    """The most memory this process and its descendants have had, in MiB, as far as it was seen; 0 if unknown."""
    if sys.platform != "linux":
        return 0
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB
    return max(own, note())


def note() -> int:
    """Look at the memory now, and give the most that was seen."""
    _most["seen"] = max(_most["seen"], resident_mb())
    return _most["seen"]


@contextmanager
def bounded(most_mb: int, over: Callable[[int], None]) -> Iterator[None]:
    """Look at this process and its descendants ten times a second, and call `over` once with the MiB they have when
    that is more than `most_mb`; 0 means no bound."""
    end = threading.Event()
    watch = threading.Thread(target=_watch, args=(most_mb, over, end), daemon=True)
    if most_mb:
        watch.start()
    try:
        yield
    finally:
        end.set()


def _watch(most_mb: int, over: Callable[[int], None], end: threading.Event) -> None:
    while not end.wait(LOOK_SECONDS):
        note()
        if (now := resident_mb()) > most_mb:
            over(now)
            return
