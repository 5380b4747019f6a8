"""Chunks on Ray: a local cluster started on demand, or an existing one named by RAY_ADDRESS."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pyarrow as pa

from engine.study import Work
from jobs.runner import IN_FLIGHT_PER_WORKER, POLL_SECONDS, Chunks, Packed, Parts, compute, pack, unpack
from jobs.settings import ROOT

NOT_SHIPPED = [".git", ".venv", ".workbench", ".github", "tests", "artifacts", "academic_outputs", "*.tmp", ".env"]


class RayRunner:
    """Ray tasks, a bounded number in flight, retried when a worker or node is lost. Tables travel as Arrow."""

    name = "ray"

    def __init__(self, workers: int, address: str = "") -> None:
        self.workers = workers
        self.address = address

    def run(self, study: str, work: Work[Any], chunks: Chunks, stop: threading.Event) -> Parts:
        with _connected(self.address, self.workers) as ray:
            task = ray.remote(num_cpus=1, max_retries=3)(_task)
            packed = ray.put(pack(work))
            limit = IN_FLIGHT_PER_WORKER * max(int(ray.cluster_resources().get("CPU", 1)), 1)
            waiting, running = list(reversed(chunks)), dict[Any, int]()
            while (waiting or running) and not stop.is_set():
                while waiting and len(running) < limit:
                    index, chunk = waiting.pop()
                    running[task.remote(study, packed, chunk)] = index
                done, _ = ray.wait(list(running), timeout=POLL_SECONDS)
                for reference in done:
                    yield running.pop(reference), pl.DataFrame(ray.get(reference))
            for reference in running:
                ray.cancel(reference, force=True)


def _task(study: str, packed: Packed, chunk: Any) -> pa.Table:
    return compute(study, unpack(study, packed), chunk).to_arrow()


@contextmanager
def _connected(address: str, workers: int) -> Iterator[Any]:
    """Ray for the length of a run: joined where there is one, else started, and stopped if we started it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    ray.init(**_arguments(address, workers))
    try:
        yield ray
    finally:
        ray.shutdown()


def _arguments(address: str, workers: int) -> dict[str, Any]:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        runtime = {"working_dir": str(ROOT), "excludes": NOT_SHIPPED}
        return {**quiet, "address": address, "runtime_env": runtime}
    return {**quiet, "address": "local", "num_cpus": workers, "include_dashboard": False}
