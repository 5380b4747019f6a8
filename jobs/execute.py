"""The one loop: chunks to a runner, frames to the store, combined in chunk order."""

import datetime as dt
import functools
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from types import TracebackType
from typing import Any

import polars as pl

from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from jobs import memory, quota
from jobs.cluster import submitted
from jobs.question import Question
from jobs.runner import Runner, RunnerName, choose, named
from jobs.settings import settings
from jobs.store import HEARTBEAT_SECONDS, Status, Store, StoredChunks
from jobs.submit import answer_by_job
from jobs.tasks import RunError
from jobs.worker import one_blas_thread

Progress = Callable[[Status], None]
TOLD_SECONDS = 0.1


class Cancelled(Exception):
    """The run was stopped on request; its finished chunks are kept."""


@dataclass(frozen=True)
class Answer:
    """A result, and whether it was served from the store."""

    result: Result
    from_store: bool


def execute(
    question: Question,
    store: Store,
    runner: RunnerName = "auto",
    *,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Answer:
    """Answer a question: from the store, by waiting for whoever is at it, or by running it.

    `fresh` recomputes everything and compares with what the store holds. Raises `Cancelled`, and whatever
    error the study raises (its status is then `failed`, with the message).
    """
    stored = store.result(question.key)
    if stored is not None and not fresh:
        return Answer(stored, True)
    if settings().jobs_address and named(runner, question) == "ray":
        if fresh:
            raise SpecError("A fresh run can't be handed to a cluster; leave --fresh away, or name another runner.")
        return Answer(answer_by_job(question, store, progress), False)
    needs = {
        name: execute(need, store, runner, fresh=fresh, progress=progress).result
        for name, need in question.needs.items()
    }
    work = question.work(needs)
    if fresh:
        return Answer(_recomputed(question, work, store, choose(runner, question), stored, progress), False)
    attempt = store.claim(question.key)
    while attempt is None:
        time.sleep(0.1)
        waited = store.result(question.key)
        if waited is not None:
            return Answer(waited, True)
        attempt = store.claim(question.key)
    result = _attempt(question, work, store, choose(runner, question), attempt, progress)
    quota.enforce(store)
    return Answer(result, False)


def _recomputed(
    question: Question,
    work: Work[Any],
    store: Store,
    runner: Runner,
    stored: Result | None,
    progress: Progress | None,
) -> Result:
    """Everything anew in a store of its own; says so when the stored result was another, and puts it right."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Store(folder)
        result = _attempt(question, work, scratch, runner, 1, progress)
        if stored is not None and stored.sha256() == result.sha256():
            return result
        _keep(question, result, scratch, store)
    if stored is None:
        return result
    note = f"The stored result differed (it had {stored.sha256()[:12]}); it was replaced."
    return replace(result, warnings=(*result.warnings, note))


def _keep(question: Question, result: Result, scratch: Store, store: Store) -> None:
    for index, chunk in enumerate(StoredChunks(scratch, question.key)) if question.study.keeps_chunks else ():
        store.save_chunk(question.key, index, chunk)
    store.save_spec(question.key, question.record())
    store.save_result(result)


def _attempt(
    question: Question, work: Work[Any], store: Store, runner: Runner, attempt: int, progress: Progress | None
) -> Result:
    """Run what chunks are missing, keep each as it arrives, combine, keep the result."""
    key, chunks = question.key, list(question.study.chunks(work))
    store.save_spec(key, question.record())
    if not submitted():
        store.clear_cancel(key)
    status = Status("running", 0, len(chunks), runner=runner.name, attempt=attempt, started=time.time())
    with _Heart(store, key, status, progress) as heart:
        kept = store.kept_chunks(key)
        heart.beat(done=len(kept))
        missing = [(i, chunk) for i, chunk in enumerate(chunks) if i not in kept]
        for index, frame in runner.run(question.study.name, work, missing, heart.stop):
            store.save_chunk(key, index, frame)
            kept.add(index)
            heart.done(len(kept), runner.name)
        if heart.stop.is_set():
            raise Cancelled(f"The run was cancelled with {len(kept)} of {len(chunks)} chunks done.")
        result = _combined(question, work, StoredChunks(store, key, len(chunks)), runner, time.time() - status.started)
        store.save_result(result)
        if not question.study.keeps_chunks:
            store.drop_chunks(key)
    return result


def _combined(
    question: Question, work: Work[Any], parts: Sequence[pl.DataFrame], runner: Runner, seconds: float
) -> Result:
    one_blas_thread()
    result = question.study.combine(work, parts)
    return replace(
        result,
        spec=question.spec.model_dump(mode="json"),
        key=question.key,
        inputs=_inputs(question),
        warnings=(*question.notes, *result.warnings),
        provenance=_provenance(question, runner, seconds),
    )


def _inputs(question: Question) -> dict[str, str]:
    """Fingerprints of the tables the study and its needs were asked of."""
    inputs = dict(question.fingerprints)
    for need in question.needs.values():
        inputs |= _inputs(need)
    return inputs


def _provenance(question: Question, runner: Runner, seconds: float) -> dict[str, Any]:
    return {
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "runner": runner.name,
        "wall_s": round(seconds, 3),
        "peak_mb": memory.peak_mb(),
        "engine": question.study.version(),
        "vintage": question.vintage,
        "needs": {name: need.key for name, need in question.needs.items()},
        **_versions(),
    }


@functools.cache
def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "polars", "pyarrow")}}


class _Heart:
    """Keeps a run's status alive in the store, and hears the request to stop."""

    def __init__(self, store: Store, key: str, status: Status, progress: Progress | None) -> None:
        self._store, self._key, self._status, self._progress = store, key, status, progress
        self._lock, self._over = threading.Lock(), threading.Event()
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._pulse, daemon=True)

    def beat(self, **changes: Any) -> None:
        """Write the status with a new heartbeat, and tell whoever watches."""
        with self._lock:
            self._status = replace(self._status, heartbeat=time.time(), peak_mb=memory.peak_mb(), **changes)
            self._store.save_status(self._key, self._status)
        if self._progress:
            self._progress(self._status)

    def done(self, chunks: int, runner: str) -> None:
        """Count the chunks that are done, and say by whom; written now and then: a short chunk costs one write."""
        if time.time() - self._status.heartbeat >= TOLD_SECONDS:
            self.beat(done=chunks, runner=runner)
        else:
            with self._lock:
                self._status = replace(self._status, done=chunks, runner=runner)

    def _pulse(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            self.beat()
            if self._store.cancel_requested(self._key):
                self.stop.set()

    def __enter__(self) -> "_Heart":
        self.beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self.beat(state="done")
        elif isinstance(error, Cancelled):
            self.beat(state="cancelled", message=str(error))
        else:
            message = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
            self.beat(state="failed", message=message)
