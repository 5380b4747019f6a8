"""Chunks on Ray: a local cluster started on demand, or an existing one named by RAY_ADDRESS."""

import atexit
import functools
import io
import os
import secrets
import socket
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.study import Work
from jobs.cluster import NOT_SHIPPED, check_submitter
from jobs.settings import ROOT, settings
from jobs.tasks import IN_FLIGHT_PER_WORKER, POLL_SECONDS, Chunks, Parts, RunError, Task, Tasks
from jobs.worker import GRACE_SECONDS, Limits, Overdue, Packed, compute_within, pack, unpack

LOAD_SECONDS = 0.4
LEAST_SILENCE_SECONDS = 0.6
SILENT_CHUNKS = 3.0
DOUBT_SECONDS = 15.0
COPIES = 2
LOOK_SECONDS = 1.0
REACH_SECONDS = 1.0
GONE_SECONDS = 5.0
LEAVE_SECONDS = 5.0


class RayRunner:
    """Ray tasks, a bounded number a node. A chunk held by a node that fell silent is given to another as well.

    Short chunks travel together, each answered as it is done: between two Ray tasks a worker waits some milliseconds.
    """

    name = "ray"

    def __init__(self, workers: int, address: str = "") -> None:
        self.workers = workers
        self.address = address

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        check_submitter()
        tasks = Tasks(study, work, chunks)
        with _connected(self.address, self.workers) as ray, _Watch(ray) as watch:
            fleet = _Fleet(ray, study, work)
            while (tasks or fleet.busy()) and not stop.is_set():
                fleet.know(watch.alive())
                fleet.feed(tasks)
                yield from fleet.collect(tasks)
            fleet.recall()


class _Watch:
    """Looks now and then which nodes there are, in a thread of its own: what asks a head that died may never return."""

    def __init__(self, ray: Any) -> None:
        self._ray, self._over = ray, threading.Event()
        self._address = ray.get_runtime_context().gcs_address
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._look()

    def alive(self) -> Mapping[str, int]:
        """Nodes that were there a moment ago, and their processors. Raises `RunError` when the head is gone."""
        if time.monotonic() - self._heard > GONE_SECONDS:
            raise RunError(
                f"The Ray cluster at {self._address} stopped answering; start the run again when it is back."
            )
        return self._alive

    def _look(self) -> None:
        self._alive = {n["NodeID"]: int(n["Resources"].get("CPU", 0)) for n in self._ray.nodes() if n["Alive"]}
        self._heard = time.monotonic()

    def _go_on(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with suppress(Exception):
                if _reachable(self._address):
                    self._look()

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=REACH_SECONDS)


@dataclass(eq=False)
class _Node:
    """A node: its processors, the loads it holds (Ray's generator of answers, and the tasks still to be answered, in
    order), when it last answered, and until when it is doubted."""

    id: str
    cpus: int
    held: dict[Any, deque[Task]] = field(default_factory=dict)
    heard: float = 0.0
    doubted: float = 0.0

    def room(self) -> float:
        """Free places a processor."""
        return IN_FLIGHT_PER_WORKER - len(self.held) / self.cpus


class _Fleet:
    """The nodes and what each was given.

    The driver places the tasks itself, so that it knows what a node that falls silent was at; Ray takes seconds to
    call a node dead, and goes on sending it work until then. A copy of a task is computed for nothing at worst: all
    give the same frame. Retries are the driver's too (`Tasks.died`), so that a chunk that kills its workers is cut up.
    """

    def __init__(self, ray: Any, study: str, work: Work[Any]) -> None:
        self._ray, self._study = ray, study
        self._function = ray.remote(num_cpus=1, max_retries=0, num_returns="streaming")(_answers)
        self._token, self._packed = secrets.token_hex(8), ray.put(pack(work))
        self._nodes: dict[str, _Node] = {}
        self._begun: dict[Task, float] = {}
        self._seconds = deque[float](maxlen=64)

    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._begun)

    def know(self, alive: Mapping[str, int]) -> None:
        """The nodes there are, with their processors; a node that left is kept while it holds something."""
        for name, cpus in alive.items():
            if cpus:
                self._nodes.setdefault(name, _Node(name, cpus))
        for name in [name for name, node in self._nodes.items() if name not in alive and not node.held]:
            del self._nodes[name]

    def feed(self, tasks: Tasks) -> None:
        """Give tasks to the nodes that answer: first those of the silent ones, then new ones."""
        lively = self._lively()
        silent = [load for node in self._nodes.values() if node not in lively for load in node.held.values()]
        for task in [task for load in silent for task in load if task in self._begun]:
            if lively and self._copies(task) < COPIES:
                self._send([task], max(lively, key=_Node.room))
        while tasks and lively and (node := max(lively, key=_Node.room)).room() > 0:
            load = [tasks.take() for _ in range(self._together(len(tasks)))]
            self._begun.update(dict.fromkeys(load, time.monotonic()))
            self._send(load, node)

    def _together(self, waiting: int) -> int:
        """Chunks of the next load: as many as fill its time, fewer near the end, so that none are left to one node."""
        if not self._seconds:
            return 1
        places = IN_FLIGHT_PER_WORKER * sum(node.cpus for node in self._nodes.values())
        return max(1, min(round(LOAD_SECONDS / statistics.median(self._seconds)), waiting // places))

    def _copies(self, task: Task) -> int:
        """Loads under way that hold the task."""
        return sum(task in load for node in self._nodes.values() for load in node.held.values())

    def _lively(self) -> list[_Node]:
        """The nodes that answer; one that fell silent is not trusted for as long as Ray may need to call it dead."""
        now = time.monotonic()
        answering = [node for node in self._nodes.values() if not self._silent(node, now)]
        return [node for node in answering if now >= node.doubted] or answering

    def _silent(self, node: _Node, now: float) -> bool:
        """Whether a node with work has given no answer for longer than several chunks take."""
        if not node.held or not self._seconds:
            return False
        silent = now - node.heard > max(LEAST_SILENCE_SECONDS, SILENT_CHUNKS * statistics.median(self._seconds))
        if silent:
            node.doubted = now + DOUBT_SECONDS
        return silent

    def _send(self, load: Sequence[Task], node: _Node) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        if not node.held:
            node.heard = time.monotonic()
        there = self._function.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=True))
        limits = Limits(settings().chunk_seconds, settings().worker_mb, node.cpus)
        chunks = [task.chunk for task in load]
        node.held[there.remote(limits, self._token, self._study, self._packed, chunks)] = deque(load)

    def collect(self, tasks: Tasks) -> Parts:
        """Chunks that became whole within a poll, the first answer of each; deaths go back to the tasks."""
        under_way = [answers for node in self._nodes.values() for answers in node.held]
        if not under_way:
            time.sleep(POLL_SECONDS)
            return
        done, _ = self._ray.wait(under_way, timeout=POLL_SECONDS)
        for answers in done:
            node = next((node for node in self._nodes.values() if answers in node.held), None)
            if node is not None:
                yield from self._landed(tasks, node, answers)

    def _landed(self, tasks: Tasks, node: _Node, answers: Any) -> Parts:
        """The next answer of a load."""
        try:
            seconds, table = self._ray.get(next(answers))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except (self._ray.exceptions.RayError, StopIteration):
            yield from self._died(tasks, node.held.pop(answers))
            return
        node.heard, node.doubted = time.monotonic(), 0.0
        self._seconds.append(seconds)
        task = node.held[answers].popleft()
        if task in self._begun:
            del self._begun[task]
            yield from tasks.late(task) if table is None else tasks.done(task, pl.read_ipc_stream(table))
        self._tidy()

    def _died(self, tasks: Tasks, load: deque[Task]) -> Parts:
        """A worker or node died at the first task of a load; those queued behind it are nobody's fault."""
        first, *queued = load
        for task in reversed(queued):
            if self._lost(task):
                tasks.put_back(task)
        if first in self._begun and time.monotonic() - self._begun[first] >= settings().chunk_seconds + GRACE_SECONDS:
            del self._begun[first]
            yield from tasks.late(first)
        elif self._lost(first):
            yield from tasks.died(first)
        self._tidy()

    def _lost(self, task: Task) -> bool:
        """Whether a task that was begun is in no other load; it is then begun no longer."""
        return not self._copies(task) and self._begun.pop(task, None) is not None

    def _tidy(self) -> None:
        """Let go of the loads that nothing is expected of any more."""
        for node in self._nodes.values():
            for answers in [a for a, load in node.held.items() if not any(task in self._begun for task in load)]:
                if node.held.pop(answers):
                    self._ray.cancel(answers)

    def recall(self) -> None:
        """Free the workers of a run that was told to stop."""
        for node in self._nodes.values():
            for answers in node.held:
                self._ray.cancel(answers, force=True)


_works: dict[str, Work[Any]] = {}


def _answers(
    limits: Limits, token: str, study: str, packed: Packed, chunks: Sequence[Any]
) -> Iterator[tuple[float, bytes | None]]:
    """Seconds and frame of each chunk, as an Arrow stream, no frame if it took too long; the work is unpacked once a
    worker and run."""
    if token not in _works:
        _works.clear()
        _works[token] = unpack(study, packed)
    for chunk in chunks:
        start = time.perf_counter()
        try:
            table = _arrow_stream(compute_within(limits, study, _works[token], chunk))
        except Overdue:
            table = None
        yield time.perf_counter() - start, table


def _arrow_stream(frame: pl.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.write_ipc_stream(held)
    return held.getvalue()


def _reachable(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS):
            return True
    except OSError:
        return False


@contextmanager
def _connected(address: str, workers: int) -> Iterator[Any]:
    """Ray for the length of a run: joined where there is one, else started, and stopped if we started it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if not address:
        os.environ.setdefault("RAY_worker_niceness", "0")
        _own_token()
    import ray

    if ray.is_initialized():
        yield ray
        return
    if ":" in address and not _reachable(address):
        raise RunError(f"No Ray cluster answers at {address}; start it, or correct RAY_ADDRESS.")
    _silence(ray)
    try:
        ray.init(**_arguments(address, workers))
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(f"Ray can't be used at {address or 'this machine'}: {' '.join(str(error).split())}") from error
    try:
        yield ray
    finally:
        _leave(ray)


@functools.cache
def _own_token() -> None:
    """A cluster we start ourselves asks for a token, and it is one that nobody else has and no file keeps."""
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))


def _silence(ray: Any) -> None:
    """Ray prints the deaths of nodes among our output and has no setting against it but what its debugger uses."""
    ray._private.worker._worker_logs_enabled = False


def _leave(ray: Any) -> None:
    """Disconnect; a cluster whose head is gone must not hold us, nor the end of this process."""
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(timeout=LEAVE_SECONDS)
    if leaving.is_alive():
        atexit.unregister(ray.shutdown)


def _arguments(address: str, workers: int) -> dict[str, Any]:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        return {**quiet, "address": "local", "num_cpus": workers, "include_dashboard": False}
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        return {**quiet, "address": "auto"}
    return {**quiet, "address": address, "runtime_env": {"working_dir": str(ROOT), "excludes": NOT_SHIPPED}}
