"""A pool of processes, each with a pipe of its own: a worker that dies or hangs takes nothing along but its chunk."""

import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

import polars as pl

from engine.study import Work
from jobs.settings import ROOT, settings
from jobs.tasks import IN_FLIGHT_PER_WORKER, POLL_SECONDS, Chunks, Parts, RunError, Task, Tasks
from jobs.worker import GRACE_SECONDS, Limits, Overdue, Packed, pack

STARTS = 3


class Processes:
    """Fresh processes. One that dies is replaced and its chunk computed again."""

    name = "processes"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        tasks = Tasks(study, work, chunks)
        limits = Limits(settings().chunk_seconds, settings().worker_mb, self.workers)
        pool = _Pool(min(self.workers, len(tasks)), study, pack(work), limits)
        try:
            while (tasks or pool.busy()) and not stop.is_set():
                pool.feed(tasks)
                yield from pool.collect(tasks)
        finally:
            pool.end()


class _Pool:
    def __init__(self, size: int, study: str, packed: Packed, limits: Limits) -> None:
        self._arguments = study, packed, limits
        self._workers = [_Worker(*self._arguments) for _ in range(size)]
        self._stillborn = 0

    def busy(self) -> bool:
        """Whether a worker has a task."""
        return any(worker.held for worker in self._workers)

    def feed(self, tasks: Tasks) -> None:
        """Give each worker a task, then each a second one to begin without waiting for us."""
        for depth in range(1, IN_FLIGHT_PER_WORKER + 1):
            for worker in self._workers:
                if tasks and len(worker.held) < depth:
                    worker.give(tasks.take())

    def collect(self, tasks: Tasks) -> Parts:
        """Chunks that became whole within a poll, and the deaths among the workers."""
        heard = wait([worker.connection for worker in self._workers], timeout=POLL_SECONDS)
        for place, worker in enumerate(self._workers):
            if worker.connection in heard:
                answer = worker.receive()
                if isinstance(answer, Exception):
                    raise answer
                if answer is None:
                    yield from self._replace(place, tasks)
                elif isinstance(answer, Overdue):
                    yield from tasks.late(worker.held.popleft())
                elif isinstance(answer, pl.DataFrame):
                    yield from tasks.done(worker.held.popleft(), answer)

    def _replace(self, place: int, tasks: Tasks) -> Parts:
        worker = self._workers[place]
        worker.kill()
        self._stillborn += not worker.ready
        if self._stillborn >= STARTS:
            raise RunError(f"Worker processes end before they begin (code {worker.exitcode}); try --runner inline.")
        self._workers[place] = _Worker(*self._arguments)
        begun = worker.held.popleft() if worker.ready and worker.held else None
        for task in reversed(worker.held):
            tasks.put_back(task)
        if begun is not None:
            overdue = time.monotonic() - worker.since >= settings().chunk_seconds + GRACE_SECONDS
            yield from tasks.late(begun) if overdue else tasks.died(begun)

    def end(self) -> None:
        """Free the workers at once: those still at work have nothing to give that is wanted."""
        for worker in self._workers:
            worker.kill()


class _Worker:
    """One process, the tasks it was given, and when it began the first of them."""

    def __init__(self, study: str, packed: Packed, limits: Limits) -> None:
        self.connection, theirs = Pipe()
        # Not multiprocessing's Process: that runs the asking program's main script again, be it a page or a notebook.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jobs.pool_worker", str(theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self._send((study, packed, limits))
        self.held = deque[Task]()
        self.since = time.monotonic()
        self.ready = False

    @property
    def exitcode(self) -> int | None:
        return self._process.returncode

    def give(self, task: Task) -> None:
        """Send a task."""
        if not self.held:
            self.since = time.monotonic()
        self.held.append(task)
        self._send(task.chunk)

    def _send(self, value: Any) -> None:
        """A dead worker shows when it is listened to."""
        with suppress(OSError):
            self.connection.send(value)

    def receive(self) -> pl.DataFrame | str | Exception | Overdue | None:
        """What came of the first task held, the word that it is ready, or None for its death."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            return None
        self.ready = True
        self.since = time.monotonic()
        return answer

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
