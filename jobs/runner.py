"""Runners: who computes the chunks. All give the same frames; only the order of arrival differs."""

import functools
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Literal, Protocol

import polars as pl
import pyarrow as pa
from threadpoolctl import threadpool_limits

from engine import registry
from engine.result import Result
from engine.study import Work
from jobs.question import Question
from jobs.settings import settings

RunnerName = Literal["auto", "inline", "pool", "ray"]
Chunks = Sequence[tuple[int, Any]]
Parts = Iterator[tuple[int, pl.DataFrame]]
IN_FLIGHT_PER_WORKER = 2
POLL_SECONDS = 0.2
MAX_RESTARTS = 3


class Runner(Protocol):
    """Computes chunks of a study and yields (index, frame) as each is done.

    A runner stops soon after `stop` is set, frees its workers, and yields no more.
    """

    name: str

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        """Frames of the chunks, in order of completion."""
        ...


def compute(study: str, work: Work[Any], chunk: Any) -> pl.DataFrame:
    """One chunk, on one BLAS thread: with more, sums would depend on the machine's cores."""
    one_blas_thread()
    return registry.study(study).run_chunk(work, chunk)


@functools.cache
def one_blas_thread() -> None:
    """Hold BLAS to one thread for the life of this process."""
    threadpool_limits(1)


class Inline:
    """In the asking thread, one chunk after the other."""

    name = "inline"

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        for index, chunk in chunks:
            if stop.is_set():
                return
            yield index, compute(study, work, chunk)


class Threads:
    """A pool of threads, for kernels that release the interpreter lock."""

    name = "threads"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        with ThreadPoolExecutor(self.workers) as pool:
            yield from _bounded(pool, functools.partial(compute, study, work), chunks, self.workers, stop)


class Processes:
    """A pool of fresh processes; a worker that dies is replaced and its chunks computed again."""

    name = "processes"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        waiting = dict(chunks)
        for restart in range(MAX_RESTARTS + 1):
            try:
                for index, frame in self._run_once(study, work, list(waiting.items()), stop):
                    del waiting[index]
                    yield index, frame
                return
            except BrokenProcessPool:
                if restart == MAX_RESTARTS:
                    raise

    def _run_once(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        pool = ProcessPoolExecutor(
            self.workers, mp_context=get_context("spawn"), initializer=_receive, initargs=(study, pack(work))
        )
        try:
            yield from _bounded(pool, _compute_received, chunks, self.workers, stop)
        finally:
            if stop.is_set():
                _end_workers(pool)
            pool.shutdown(wait=True, cancel_futures=True)


def _end_workers(pool: ProcessPoolExecutor) -> None:
    """A cancelled run must free its workers at once, not at the end of their chunks."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.terminate()


def _bounded(pool: Executor, function: Any, chunks: Chunks, workers: int, stop: threading.Event) -> Parts:
    """Submit a few chunks a worker at a time; yield as they finish; leave when told to stop."""
    waiting, running = list(reversed(chunks)), dict[Future[Any], int]()
    while (waiting or running) and not stop.is_set():
        while waiting and len(running) < IN_FLIGHT_PER_WORKER * workers:
            index, chunk = waiting.pop()
            running[pool.submit(function, chunk)] = index
        done, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), future.result()
    for future in running:
        future.cancel()


Packed = tuple[str, dict[str, pa.Table], dict[str, pa.Table]]


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


_received: dict[str, Any] = {}


def _receive(study: str, packed: Packed) -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    _received["study"], _received["work"] = study, unpack(study, packed)


def _compute_received(chunk: Any) -> pl.DataFrame:
    return compute(_received["study"], _received["work"], chunk)


def workers() -> int:
    """Workers of a pool: the setting, else one a core."""
    return settings().workers or os.cpu_count() or 1


def choose(name: RunnerName, question: Question) -> Runner:
    """The runner of that name; `auto` picks by the size of the work, the cores and the settings."""
    if name == "auto":
        name = _automatic(question)
    if name == "inline":
        return Inline()
    if name == "ray":
        from jobs.ray_runner import RayRunner

        return RayRunner(workers(), settings().ray_address)
    return Threads(workers()) if question.study.parallel == "threads" else Processes(workers())


def _automatic(question: Question) -> RunnerName:
    """Inline under a second (a process pool costs as much to start) or on one core; Ray where a cluster is set."""
    seconds = question.seconds()
    floor = 0.5 if question.study.parallel == "threads" else 2.0
    if seconds <= floor:
        return "inline"
    if settings().ray_address:
        return "ray"
    return "inline" if workers() == 1 else "pool"
