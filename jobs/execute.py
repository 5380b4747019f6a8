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
from jobs.question import BAD_INPUT, Question
from jobs.runner import Runner, RunnerName, choose, named
from jobs.settings import settings
from jobs.store import HEARTBEAT_SECONDS, Status, Store, StoredChunks
from jobs.submit import answer_by_job
from jobs.tasks import RunError
from jobs.worker import one_blas_thread

Progress = Callable[[Status], None]
TOLD_SECONDS = 0.1
WAIT_SECONDS = 0.1


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
    stop: threading.Event | None = None,
) -> Answer:
    """Answer a question: from the store, by waiting for whoever is at it, or by running it, what it needs first.

    `fresh` recomputes everything and compares with what the store holds; `stop` is that of the run that needs this one.
    Raises `Cancelled`, and whatever error the study raises (its status is then `failed`, with the message).
    """
    if fresh:
        return _afresh(question, store, runner, progress)
    stored = question.stored(store)
    if stored is not None:
        return Answer(stored, True)
    if settings().jobs_address and named(runner, question) == "ray":
        return Answer(answer_by_job(question, store, progress), False)
    attempt = store.claim(question.key)
    while attempt is None:
        waited = _waited(question, store, stop)
        if waited is not None:
            return Answer(waited, True)
        attempt = store.claim(question.key)
    try:
        return Answer(_attempt(question, store, runner, attempt, progress, stop), False)
    finally:
        quota.enforce(store)


def _waited(question: Question, store: Store, stop: threading.Event | None) -> Result | None:
    """The result of a run that another process is at, if it is there by now.

    Raises `Cancelled` when that run was, unless another run needs it, which then runs it itself.
    """
    time.sleep(WAIT_SECONDS)
    status = store.status(question.key)
    if (stop is None and status is not None and status.state == "cancelled") or (stop is not None and stop.is_set()):
        raise Cancelled(status.message if status else "")
    return None if status is not None and status.state == "running" else question.stored(store)


def _afresh(question: Question, store: Store, runner: RunnerName, progress: Progress | None) -> Answer:
    if settings().jobs_address and named(runner, question) == "ray":
        raise SpecError("A fresh run can't be handed to a cluster; leave --fresh away, or name another runner.")
    for need in question.needs.values():
        execute(need, store, runner, fresh=True, progress=progress)
    return Answer(_recomputed(question, store, runner, progress), False)


def _recomputed(question: Question, store: Store, runner: RunnerName, progress: Progress | None) -> Result:
    """Everything anew in a store of its own; says so when the stored result was another, and puts it right."""
    stored = question.stored(store)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Store(folder)
        for need in question.needs.values():
            scratch.save_result(execute(need, store, runner).result)
        result = _attempt(question, scratch, runner, 1, progress)
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
    question: Question,
    store: Store,
    runner: RunnerName,
    attempt: int,
    progress: Progress | None,
    stop: threading.Event | None = None,
) -> Result:
    """Answer what is needed, run what chunks are missing, keep each as it arrives, combine, keep the result."""
    key = question.key
    store.save_spec(key, question.record())
    if not submitted():
        store.clear_cancel(key)
    with _Heart(store, key, Status("running", attempt=attempt, started=time.time()), progress, stop) as heart:
        work = question.work(_needed(question, store, runner, progress, heart.stop))
        heart.beat(started=time.time())
        total = _computed(question, work, store, choose(runner, question), heart)
        result = _combined(question, work, StoredChunks(store, key, total), heart.status)
        store.save_result(result)
        if not question.study.keeps_chunks:
            store.drop_chunks(key)
    return result


def _needed(
    question: Question, store: Store, runner: RunnerName, progress: Progress | None, stop: threading.Event
) -> dict[str, Result]:
    """The answers to what a question needs first."""
    found: dict[str, Result] = {}
    for name, need in question.needs.items():
        try:
            found[name] = execute(need, store, runner, progress=progress, stop=stop).result
        except Cancelled:
            stop.set()
        if stop.is_set():
            raise Cancelled(f"Of the runs it needs, {len(found)} of {len(question.needs)} are done and kept.")
    return found


def _computed(question: Question, work: Work[Any], store: Store, runner: Runner, heart: "_Heart") -> int:
    """Run the chunks that are missing; how many there are in all."""
    key, chunks = question.key, list(question.study.chunks(work))
    kept = store.kept_chunks(key)
    heart.beat(done=len(kept), total=len(chunks), runner=runner.name)
    missing = [(i, chunk) for i, chunk in enumerate(chunks) if i not in kept]
    for index, frame in runner.run(question.study.name, work, missing, heart.stop):
        store.save_chunk(key, index, frame)
        kept.add(index)
        heart.done(len(kept), runner.name)
    if len(kept) < len(chunks):
        raise Cancelled(f"{len(kept)} of {len(chunks)} parts are done and kept.")
    return len(chunks)


def _combined(question: Question, work: Work[Any], parts: Sequence[pl.DataFrame], status: Status) -> Result:
    one_blas_thread()
    result = question.study.combine(work, parts)
    return replace(
        result,
        spec=question.spec.model_dump(mode="json"),
        key=question.key,
        inputs=_inputs(question),
        warnings=(*question.notes, *result.warnings),
        provenance=_provenance(question, status),
    )


def _inputs(question: Question) -> dict[str, str]:
    """Fingerprints of the tables the study and its needs were asked of."""
    inputs = dict(question.fingerprints)
    for need in question.needs.values():
        inputs |= _inputs(need)
    return inputs


def _provenance(question: Question, status: Status) -> dict[str, Any]:
    return {
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "runner": status.runner,
        "wall_s": round(time.time() - status.started, 3),
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
    """Keeps a run's status alive in the store, and hears the request to stop.

    A run that another one needs shares its `stop`: who cancels one cancels both.
    """

    def __init__(
        self, store: Store, key: str, status: Status, progress: Progress | None, stop: threading.Event | None
    ) -> None:
        self._store, self._key, self.status, self._progress = store, key, status, progress
        self._lock, self._over = threading.Lock(), threading.Event()
        self._needed, self.stop = stop is not None, stop or threading.Event()
        self._thread = threading.Thread(target=self._pulse, daemon=True)

    def beat(self, **changes: Any) -> None:
        """Write the status with a new heartbeat, and tell whoever watches."""
        with self._lock:
            self.status = replace(self.status, heartbeat=time.time(), peak_mb=memory.peak_mb(), **changes)
            self._store.save_status(self._key, self.status)
        if self._progress:
            self._progress(self.status)

    def done(self, chunks: int, runner: str) -> None:
        """Count the chunks that are done, and say by whom; written now and then: a short chunk costs one write."""
        if time.time() - self.status.heartbeat >= TOLD_SECONDS:
            self.beat(done=chunks, runner=runner)
        else:
            with self._lock:
                self.status = replace(self.status, done=chunks, runner=runner)

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
            self._stopped(str(error))
        elif isinstance(error, KeyboardInterrupt):
            self.beat(state="cancelled", message="It was stopped from the keyboard; its finished parts are kept.")
        else:
            plain = isinstance(error, (RunError, *BAD_INPUT))
            self.beat(state="failed", message=str(error) if plain else f"{type(error).__name__}: {error}")

    def _stopped(self, message: str) -> None:
        """A run that was asked to stop is cancelled; one whose asker was is nobody's any more, to be taken up again."""
        if self._needed and not self._store.cancel_requested(self._key):
            self.beat(state="lost", message=f"The run that needed it was cancelled; {message}")
        else:
            self.beat(state="cancelled", message=message)
            self._store.clear_cancel(self._key)
