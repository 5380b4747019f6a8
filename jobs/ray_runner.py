"""Chunks on Ray: a local cluster started on demand, or an existing one named by RAY_ADDRESS."""

import functools
import os
import secrets
import socket
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from engine.study import Work
from jobs.cluster import NOT_SHIPPED, check_submitter
from jobs.settings import ROOT, settings
from jobs.tasks import IN_FLIGHT_PER_WORKER, POLL_SECONDS, Chunks, Parts, RunError, Task, Tasks
from jobs.worker import GRACE_SECONDS, Limits, Overdue, Packed, compute_within, pack, unpack

LEAST_SILENCE_SECONDS = 0.6
SILENT_CHUNKS = 3.0
DOUBT_SECONDS = 15.0
COPIES = 2
LOOK_SECONDS = 2.0
REACH_SECONDS = 1.0
REACH_TRIES = 3
LEAVE_SECONDS = 5.0


class RayRunner:
    """Ray tasks, a bounded number a node. A chunk held by a node that fell silent is given to another as well."""

    name = "ray"

    def __init__(self, workers: int, address: str = "") -> None:
        self.workers = workers
        self.address = address

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        check_submitter()
        tasks = Tasks(study, work, chunks)
        with _connected(self.address, self.workers) as ray:
            fleet = _Fleet(ray, study, work)
            while (tasks or fleet.busy()) and not stop.is_set():
                fleet.look()
                fleet.feed(tasks)
                yield from fleet.collect(tasks)
            fleet.recall()


@dataclass(eq=False)
class _Node:
    """A node: its processors, the tasks it holds, when it last answered, and until when it is doubted."""

    id: str
    cpus: int
    held: dict[Any, Task] = field(default_factory=dict)
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
        self._function = ray.remote(num_cpus=1, max_retries=0)(_task)
        self._token, self._packed = secrets.token_hex(8), ray.put(pack(work))
        self._nodes: dict[str, _Node] = {}
        self._copies: dict[Task, int] = {}
        self._begun: dict[Task, float] = {}
        self._seconds = deque[float](maxlen=64)
        self._looked, self._unreached = 0.0, 0

    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._begun)

    def look(self) -> None:
        """Now and then: is the head there, and which nodes are. Raises `RunError` when the head is gone."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS / (1 + self._unreached):
            return
        self._looked = now
        address = self._ray.get_runtime_context().gcs_address
        if not _reachable(address):
            self._unreached += 1
            if self._unreached >= REACH_TRIES:
                raise RunError(f"The Ray cluster at {address} stopped answering; start the run again when it is back.")
            return
        self._unreached = 0
        self._know({n["NodeID"]: int(n["Resources"].get("CPU", 0)) for n in self._ray.nodes() if n["Alive"]})

    def _know(self, alive: dict[str, int]) -> None:
        for name, cpus in alive.items():
            if cpus:
                self._nodes.setdefault(name, _Node(name, cpus))
        for name in [name for name, node in self._nodes.items() if name not in alive and not node.held]:
            del self._nodes[name]

    def feed(self, tasks: Tasks) -> None:
        """Give tasks to the nodes that answer: first those of the silent ones, then new ones."""
        lively = self._lively()
        for task in [t for node in self._nodes.values() if node not in lively for t in node.held.values()]:
            if lively and self._copies[task] < COPIES:
                self._send(task, max(lively, key=_Node.room))
        while tasks and lively and (node := max(lively, key=_Node.room)).room() > 0:
            task = tasks.take()
            self._begun[task] = time.monotonic()
            self._send(task, node)

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

    def _send(self, task: Task, node: _Node) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        if not node.held:
            node.heard = time.monotonic()
        there = self._function.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=True))
        limits = Limits(settings().chunk_seconds, settings().worker_mb, node.cpus)
        reference = there.remote(limits, self._token, self._study, self._packed, task.chunk)
        node.held[reference] = task
        self._copies[task] = self._copies.get(task, 0) + 1

    def collect(self, tasks: Tasks) -> Parts:
        """Chunks that became whole within a poll, the first answer of each; deaths go back to the tasks."""
        under_way = [reference for node in self._nodes.values() for reference in node.held]
        if not under_way:
            time.sleep(POLL_SECONDS)
            return
        done, _ = self._ray.wait(under_way, timeout=POLL_SECONDS)
        for reference in done:
            node = next(node for node in self._nodes.values() if reference in node.held)
            yield from self._landed(tasks, node, reference)

    def _landed(self, tasks: Tasks, node: _Node, reference: Any) -> Parts:
        task = node.held.pop(reference)
        self._copies[task] -= 1
        try:
            seconds, table = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError:
            yield from self._died(tasks, task)
            return
        node.heard, node.doubted = time.monotonic(), 0.0
        self._seconds.append(seconds)
        if task in self._begun:
            self._forget(task)
            yield from tasks.late(task) if table is None else tasks.done(task, pl.DataFrame(table))

    def _died(self, tasks: Tasks, task: Task) -> Parts:
        """A worker or node died at a task: nothing, as long as another copy may still be answered in time."""
        if task in self._begun:
            overdue = time.monotonic() - self._begun[task] >= settings().chunk_seconds + GRACE_SECONDS
            if overdue or not self._copies[task]:
                self._forget(task)
                yield from tasks.late(task) if overdue else tasks.died(task)

    def _forget(self, task: Task) -> None:
        """Let go of a task and of its copies, wherever they are."""
        del self._begun[task]
        for node in self._nodes.values():
            for reference in [r for r, held in node.held.items() if held is task]:
                self._ray.cancel(reference)
                del node.held[reference]
        del self._copies[task]

    def recall(self) -> None:
        """Free the workers of a run that was told to stop."""
        for node in self._nodes.values():
            for reference in node.held:
                self._ray.cancel(reference, force=True)


_works: dict[str, Work[Any]] = {}


def _task(limits: Limits, token: str, study: str, packed: Packed, chunk: Any) -> tuple[float, pa.Table | None]:
    """A chunk's seconds and frame, no frame if it took too long; the work is unpacked once a worker and run."""
    start = time.perf_counter()
    if token not in _works:
        _works.clear()
        _works[token] = unpack(study, packed)
    try:
        table = compute_within(limits, study, _works[token], chunk).to_arrow()
    except Overdue:
        table = None
    return time.perf_counter() - start, table


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
    """Disconnect; a cluster whose head is gone must not hold us."""
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(timeout=LEAVE_SECONDS)


def _arguments(address: str, workers: int) -> dict[str, Any]:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        return {**quiet, "address": "local", "num_cpus": workers, "include_dashboard": False}
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        return {**quiet, "address": "auto"}
    return {**quiet, "address": address, "runtime_env": {"working_dir": str(ROOT), "excludes": NOT_SHIPPED}}
