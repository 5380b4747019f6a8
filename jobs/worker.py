"""What a worker does, in whatever process or node it is: one chunk at a time, within its time and memory."""

import faulthandler
import functools
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import polars as pl
import pyarrow as pa
from threadpoolctl import threadpool_limits

from engine import registry
from engine.result import Result
from engine.study import Work

Packed = tuple[str, dict[str, pa.Table], dict[str, pa.Table]]
MIB = 2**20
LEAST_MIB = 1024
GRACE_SECONDS = 20.0


def compute(study: str, work: Work[Any], chunk: Any) -> pl.DataFrame:
    """One chunk, on one BLAS thread: with more, sums would depend on the machine's cores."""
    one_blas_thread()
    return registry.study(study).run_chunk(work, chunk)


@functools.cache
def one_blas_thread() -> None:
    """Hold BLAS, NumPy's and SciPy's own, to one thread for the life of this process; it must be loaded to be held."""
    importlib.import_module("scipy.linalg")
    threadpool_limits(1)


@dataclass(frozen=True)
class Limits:
    """What a chunk may take: seconds, and MiB of memory of its worker, one of `sharing` on its machine."""

    seconds: float
    worker_mb: int
    sharing: int


class Overdue(BaseException):
    """A chunk took too long. Not an `Exception`: what it interrupts must not take it for a fault of its own."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `Overdue` in the body after that time; only the main thread can be interrupted so, others go on."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise Overdue

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def compute_within(limits: Limits, study: str, work: Work[Any], chunk: Any) -> pl.DataFrame:
    """One chunk in a worker process; raises `Overdue` when it takes too long.

    Native code that never returns can't be interrupted: then the process ends itself a little later.
    """
    hold_memory(limits)
    with _last_resort(limits.seconds + GRACE_SECONDS), time_limit(limits.seconds):
        return compute(study, work, chunk)


@contextmanager
def _last_resort(seconds: float) -> Iterator[None]:
    """End this process after that time, by a watch outside the interpreter."""
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@functools.cache
def hold_memory(limits: Limits) -> None:
    """Allocations beyond the limit fail in this process, instead of the machine running out (Linux only)."""
    if sys.platform != "linux":
        return
    import resource

    share = max(_machine_mib() // max(limits.sharing, 1), LEAST_MIB)
    soft = (limits.worker_mb or share) * MIB
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (soft if hard < 0 else min(soft, hard), hard))


def _machine_mib() -> int:
    """Memory of this machine, or of the container it is."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else ""
    return min(physical, int(text)) // MIB if text.isdigit() else physical // MIB


def pack(work: Work[Any]) -> Packed:
    """Work as plain text and Arrow tables, to cross to another process or node."""
    return (
        json.dumps(work.spec.model_dump(mode="json")),
        {name: frame.to_arrow() for name, frame in work.tables.items()},
        {name: result.to_arrow() for name, result in work.needs.items()},
    )


def unpack(study: str, packed: Packed) -> Work[Any]:
    """The work `pack` packed."""
    spec, tables, needs = packed
    frames = {name: pl.DataFrame(table) for name, table in tables.items()}
    results: Mapping[str, Result] = {name: Result.from_arrow(table) for name, table in needs.items()}
    return Work(registry.study(study).spec_type.parse(json.loads(spec)), frames, results)
