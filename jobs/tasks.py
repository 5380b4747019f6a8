"""What is left of a run: whole chunks, and the pieces of those that hung or killed their worker.

Runners take tasks from here and say how each ended; who computes them, and where, is theirs.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import polars as pl

from engine import registry
from engine.study import Study, Work
from jobs.settings import settings

TRIES = 3
IN_FLIGHT_PER_WORKER = 2
POLL_SECONDS = 0.2
WORKER_DIED = f"killed its worker {TRIES} times, as a lack of memory does (WORKBENCH_WORKER_MB)"
Chunks = Sequence[tuple[int, Any]]
Parts = Iterator[tuple[int, pl.DataFrame]]


class RunError(Exception):
    """A run that can't go on; the message is one sentence for the person who asked."""


@runtime_checkable
class Divisible(Protocol):
    """A study whose chunks can be cut, so that what hangs or kills a worker fails alone."""

    def pieces(self, work: Work[Any], chunk: Any) -> Sequence[Any]:
        """The chunk as the smallest chunks it is made of."""
        ...

    def failed(self, work: Work[Any], piece: Any, reason: str) -> pl.DataFrame:
        """What stands in the result for a piece that could not be computed."""
        ...

    def joined(self, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """The frame of a chunk, from those of its pieces."""
        ...


@dataclass(frozen=True, eq=False)
class Task:
    """A chunk to compute, or a piece of chunk `index`; `tries` counts the workers that died at it."""

    index: int
    chunk: Any
    piece: int | None = None
    tries: int = 0


class Tasks:
    """Tasks waiting to be computed, and the frames of the chunks that were cut."""

    def __init__(self, study: str, work: Work[Any], chunks: Chunks) -> None:
        self._study: Study[Any] = registry.study(study)
        self._work = work
        self._waiting = deque(Task(index, chunk) for index, chunk in chunks)
        self._cut: dict[int, list[pl.DataFrame | None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Task:
        """The next task; raises `IndexError` when none waits."""
        return self._waiting.popleft()

    def put_back(self, task: Task) -> None:
        """A task that was taken and never begun."""
        self._waiting.appendleft(task)

    def done(self, task: Task, frame: pl.DataFrame) -> Parts:
        """A task's frame: its chunk as soon as it is whole."""
        if task.piece is None:
            yield task.index, frame
            return
        parts = self._cut[task.index]
        parts[task.piece] = frame
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts):
            yield task.index, self._divisible(task, "its pieces can't be joined").joined(whole)

    def died(self, task: Task) -> Parts:
        """A worker died at a task: another may have better luck; a task that kills one after the other fails."""
        task = replace(task, tries=task.tries + 1)
        if task.tries < TRIES:
            self._waiting.appendleft(task)
        else:
            yield from self._failed(task, WORKER_DIED)

    def late(self, task: Task) -> Parts:
        """A task took longer than a chunk may."""
        seconds = settings().chunk_seconds
        yield from self._failed(task, f"took longer than {seconds:g} s (WORKBENCH_CHUNK_SECONDS)")

    def _failed(self, task: Task, reason: str) -> Parts:
        """Cut the chunk up, or list the piece as failed; raises `RunError` where chunks can't be cut."""
        study = self._divisible(task, reason)
        pieces = study.pieces(self._work, task.chunk)
        if len(pieces) > 1:
            self._cut[task.index] = [None] * len(pieces)
            self._waiting.extend(Task(task.index, piece, place) for place, piece in enumerate(pieces))
        else:
            yield from self.done(task, study.failed(self._work, task.chunk, reason))

    def _divisible(self, task: Task, reason: str) -> Divisible:
        if not isinstance(self._study, Divisible):
            raise RunError(f"Chunk {task.index} of {self._study.name} failed: {reason}.")
        return self._study
