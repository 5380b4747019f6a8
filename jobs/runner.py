"""Runners: who computes the chunks. All give the same frames; only the order of arrival differs."""

import functools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any, Literal, Protocol

from engine.study import Work
from jobs import limits
from jobs.pool import Processes
from jobs.question import Question
from jobs.settings import settings
from jobs.tasks import IN_FLIGHT_PER_WORKER, POLL_SECONDS, Chunks, Parts, Tasks
from jobs.worker import Limits, Overdue, compute, hold_memory, time_limit

RunnerName = Literal["auto", "inline", "pool", "ray"]
THREADS_FROM, PROCESSES_FROM = 0.5, 12.0
POOL_STARTS_IN = 2.5


class Runner(Protocol):
    """Computes chunks of a study and yields (index, frame) as each is done.

    A runner stops soon after `stop` is set, frees its workers, and yields no more.
    """

    name: str

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        """Frames of the chunks, in order of completion."""
        ...


class Inline:
    """In the asking thread, one chunk after the other; what takes the life of the process takes the run's."""

    name = "inline"

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        if threading.current_thread() is threading.main_thread():
            hold_memory(Limits(settings().chunk_seconds, settings().worker_mb, 1))
        tasks = Tasks(study, work, chunks)
        while tasks and not stop.is_set():
            task = tasks.take()
            try:
                with time_limit(settings().chunk_seconds):
                    frame = compute(study, work, task.chunk)
            except Overdue:
                yield from tasks.late(task)
            else:
                yield from tasks.done(task, frame)


class Threads:
    """A pool of threads, for kernels that release the interpreter lock."""

    name = "threads"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        with ThreadPoolExecutor(self.workers) as pool:
            yield from _bounded(pool, functools.partial(compute, study, work), chunks, self.workers, stop)


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


class Measured:
    """In the asking thread first; by `many` from the moment the chunks' pace tells that they would end sooner.

    `many` makes a runner of that many workers or more.
    """

    def __init__(self, workers: int, many: Callable[[], Runner]) -> None:
        self.name = "inline"
        self.workers, self.many = workers, many

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        paces = list[float]()
        for place in range(len(chunks)):
            if stop.is_set():
                return
            # The first chunk also loads libraries and compiles; it tells nothing of the others.
            if len(paces) > 1 and pool_pays(min(paces) * (len(chunks) - place), self.workers):
                runner = self.many()
                self.name = runner.name
                yield from runner.run(study, work, chunks[place:], stop)
                return
            start = time.perf_counter()
            yield from Inline().run(study, work, chunks[place : place + 1], stop)
            paces.append(time.perf_counter() - start)


def pool_pays(seconds: float, workers: int) -> bool:
    """Whether work of that time on one core ends sooner on a pool, the start of its processes included."""
    return seconds * (1 - 1 / workers) > POOL_STARTS_IN


def workers() -> int:
    """Workers of a pool: the setting, else one a core."""
    return settings().workers or os.cpu_count() or 1


def choose(name: RunnerName, question: Question) -> Runner:
    """The runner of that name; `auto` picks by the size of the work, the cores and the settings."""
    chosen, joined = named(name, question), bool(settings().joined_address)
    if chosen == "inline":
        by_pace = name == "auto" and question.study.parallel == "processes"
        several = max(workers(), 1 + joined)
        return Measured(several, _ray if joined else _processes) if by_pace and several > 1 else Inline()
    if chosen == "ray":
        return _ray()
    return Threads(workers()) if question.study.parallel == "threads" else _processes()


def _processes() -> Runner:
    return Processes(workers())


def _ray() -> Runner:
    limits.refuse_ray()
    from jobs.ray_runner import RayRunner

    return RayRunner(workers(), settings().ray_address)


def named(name: RunnerName, question: Question) -> RunnerName:
    """That name, or for `auto` the one it stands for."""
    return _automatic(question) if name == "auto" else name


def _automatic(question: Question) -> RunnerName:
    """Inline for work said to be short or on one core; Ray for long work where a cluster is set.

    What a study says it takes is often more or less than it does: see `Measured`.
    """
    threads, seconds = question.study.parallel == "threads", question.seconds()
    if seconds <= (THREADS_FROM if threads else PROCESSES_FROM):
        return "inline"
    if settings().ray_address and seconds > PROCESSES_FROM:
        return "ray"
    return "inline" if workers() == 1 else "pool"
