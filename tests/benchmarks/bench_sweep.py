"""Sweeps: Ray against plain processes, the gap a dead node leaves, the automatic choice, the first points, growth."""

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engine import registry
from engine.spec import Spec
from engine.study import Work
from engine.sweep import SweepSpec
from jobs.execute import execute
from jobs.question import prepare
from jobs.runner import RunnerName
from jobs.settings import settings
from jobs.store import Store
from jobs.worker import compute, pack, unpack
from tests.jobs.ray_cluster import ray_cluster
from tests.jobs.sweep_cases import ROOT

CEILING, GAP_SECONDS, SLOWER, FIRST_SECONDS = 0.95, 1.5, 1.3, 5.0
ROUNDS = 3
WARM, MEASURED = 6, {0.1: 80, 1.0: 16}
KILLS = 3
SHORT, LONG = 160, 1_600
SIZES = (1_000, 10_000, 100_000, 1_000_000)
GROWTH, MEMORY = 1.5, 1.5
BASE = {"exclusivity": "lognormal", "training_compute_flop": 9e25}
AXES = {"sigma": {"low": 0.4, "high": 1.6}, "annual_discount_rate": {"low": 0.05, "high": 0.25}}


def benches() -> list[dict[str, Any]]:
    """A row a comparison: name, ours, baseline, limit, ratio; the ratio is to be at least the limit."""
    return [*_ceilings(), *_gap(), *_automatic(), _first(), *_growth()]


def _row(name: str, ours: float, baseline: float, limit: float) -> dict[str, Any]:
    return {"name": name, "ours": ours, "baseline": baseline, "limit": limit, "ratio": baseline / ours}


def diffusion(points: int) -> SweepSpec:
    """A sweep whose points are asked one by one, some hundredths of a second each."""
    axes = {"theta": {"low": 0.2, "high": 2.0, "n": points}}
    return SweepSpec.parse({"target": "diffusion", "base": {"parts": "curve"}, "axes": axes})


def _ceilings() -> list[dict[str, Any]]:
    """Chunks a second of two Ray workers and of two plain processes, in turns, once all are warm."""
    spec = diffusion(4_000)
    work = prepare(spec).work({})
    each = _seconds_a_point(work)
    rows = []
    for seconds, count in MEASURED.items():
        step = max(round(seconds / each), 1)
        chunks = [[i * step, (i + 1) * step] for i in range(WARM + count)]
        rounds = [(_on_ray(work, chunks), _plainly(work, chunks)) for _ in range(ROUNDS)]
        ours, ceiling = (statistics.median(column) for column in zip(*rounds, strict=True))
        rows.append(_row(f"sweep, two Ray workers, chunks of {seconds:g} s (s a chunk)", ours, ceiling, CEILING))
    return rows


def _seconds_a_point(work: Work[Any]) -> float:
    compute("sweep", work, [0, 4])
    start = time.perf_counter()
    compute("sweep", work, [4, 24])
    return (time.perf_counter() - start) / 20


def _on_ray(work: Work[Any], chunks: Sequence[Any]) -> float:
    """Seconds a chunk between the last warming result and the last of all."""
    from jobs.ray_runner import RayRunner

    arrived = []
    for _ in RayRunner(2).run("sweep", work, list(enumerate(chunks)), threading.Event()):
        arrived.append(time.perf_counter())
    return (arrived[-1] - arrived[WARM - 1]) / (len(arrived) - WARM)


def _plainly(work: Work[Any], chunks: Sequence[Any]) -> float:
    """Seconds a chunk of two processes that do nothing but compute every other one."""
    context = get_context("spawn")
    begin = context.Barrier(2, timeout=120)
    with ProcessPoolExecutor(2, mp_context=context, initializer=_hold, initargs=(begin, pack(work))) as pool:
        halves = [pool.submit(_half, chunks[:WARM][i::2], chunks[WARM:][i::2]) for i in range(2)]
        spans = [half.result() for half in halves]
    return (max(end for _, end in spans) - min(start for start, _ in spans)) / (len(chunks) - WARM)


_held: list[Any] = []


def _hold(begin: Any, packed: Any) -> None:
    _held[:] = begin, unpack("sweep", packed)


def _half(warm: Sequence[Any], measured: Sequence[Any]) -> tuple[float, float]:
    """When the measured chunks began, the other process being ready too, and when they were done."""
    begin, work = _held
    for chunk in warm:
        compute("sweep", work, chunk)
    begin.wait()
    start = time.perf_counter()
    for chunk in measured:
        compute("sweep", work, chunk)
    return start, time.perf_counter()


def _gap() -> list[dict[str, Any]]:
    """The longest time without a result once a node of three was killed, against a second and a half."""
    gaps = []
    with ray_cluster(3) as cluster, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "RAY_ADDRESS": cluster.address, "RAY_AUTH_MODE": "disabled"}
        for attempt in range(KILLS):
            store = Path(folder) / f"store {attempt}"
            asked = [*_sweep(Path(folder), LONG), "--store", str(store), "--runner", "ray", "--json"]
            driver = subprocess.Popen(asked, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            while len(_written(store)) < 10 and driver.poll() is None:
                time.sleep(0.02)
            os.kill(cluster.nodes[1 + attempt % 2]["raylet"], signal.SIGKILL)
            killed = time.time()
            assert driver.wait() == 0
            later = [killed, *(t for t in _written(store) if t > killed)]
            gaps.append(max(b - a for a, b in itertools.pairwise(later)))
            cluster.restart()
            environment["RAY_ADDRESS"] = cluster.address
    return [_row(f"sweep, longest gap after a node is killed, of {KILLS} kills (s)", max(gaps), GAP_SECONDS, 1.0)]


def _sweep(folder: Path, points: int) -> list[str]:
    """The command that sweeps diffusion."""
    file = folder / f"{points}.yaml"
    axes = f"{{theta: {{low: 0.2, high: 2.0, n: {points}}}}}"
    file.write_text(f"study: diffusion\nbase: {{parts: curve}}\ndesign: {{kind: grid, axes: {axes}}}", encoding="utf-8")
    return [sys.executable, "-m", "jobs", "sweep", str(file)]


def _written(store: Path) -> list[float]:
    return sorted(path.stat().st_mtime for path in store.glob("runs/*/chunks/*.parquet"))


def _automatic() -> list[dict[str, Any]]:
    """What `auto` takes against the best of inline and pool, from nothing stored."""
    npv = {"target": "npv", "base": BASE, "kind": "sobol", "axes": AXES}
    bootstrap = registry.study("bootstrap").spec_type
    questions: dict[str, Spec] = {
        "10 points one by one": diffusion(10),
        "60 points one by one": diffusion(60),
        "200 points one by one": diffusion(200),
        "700 points one by one": diffusion(700),
        "2,000 points in blocks": SweepSpec.parse({**npv, "points": 2_000}),
        "100,000 points in blocks": SweepSpec.parse({**npv, "points": 100_000}),
        "65,536 correlated points": SweepSpec.parse({**npv, "base": {"correlation": 0.3}, "points": 2**16}),
        "bootstrap of 2,000": bootstrap.parse({"replicates": 2_000, "effects": "year"}),
        "bootstrap of 200,000": bootstrap.parse({"replicates": 200_000, "effects": "year"}),
    }
    alone = [_chosen(name, spec, ("auto", "inline", "pool")) for name, spec in questions.items()]
    with _cluster_there():
        return [
            *alone,
            *(
                _chosen(f"{name}, a cluster there", questions[name], ("auto", "inline", "pool", "ray"))
                for name in ("60 points one by one", "700 points one by one", "bootstrap of 200,000")
            ),
        ]


@contextmanager
def _cluster_there() -> Iterator[None]:
    """A warm cluster of two nodes that this process joins where a runner wants it."""
    before = dict(os.environ)
    with ray_cluster(2) as cluster:
        os.environ.update(RAY_ADDRESS=cluster.address, RAY_AUTH_MODE="disabled")
        settings.cache_clear()
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()


def _chosen(name: str, spec: Spec, runners: Sequence[RunnerName]) -> dict[str, Any]:
    _asked(spec, "inline")
    rounds = [[_asked(spec, runner) for runner in runners] for _ in range(ROUNDS)]
    auto, *others = (statistics.median(column) for column in zip(*rounds, strict=True))
    return _row(f"auto against the best runner, {name} (s)", auto, min(others), 1 / SLOWER)


def _asked(spec: Spec, runner: RunnerName) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        execute(prepare(spec), Store(folder), runner)
        return time.perf_counter() - start


def _first() -> dict[str, Any]:
    """From the command to the first points in the store, interpreter and imports included, against five seconds."""
    times = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "store"
            start = time.time()
            asked = [*_sweep(Path(folder), SHORT), "--store", str(store), "--json"]
            driver = subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.DEVNULL)
            while not _written(store) and driver.poll() is None:
                time.sleep(0.01)
            times.append(_written(store)[0] - start)
            assert driver.wait() == 0
    return _row("sweep, command to first points (s)", statistics.median(times), FIRST_SECONDS, 1.0)


def _growth() -> list[dict[str, Any]]:
    """Wall and memory of the driver from a thousand to a million points, each against a tenth of them."""
    measured = {points: _grown(points) for points in SIZES}
    rows = []
    for fewer, more in itertools.pairwise(SIZES):
        name = f"sweep, {more:,} points against 10x {fewer:,}"
        seconds, before = measured[more]["wall_s"], 10 * measured[fewer]["wall_s"]
        rows.append(_row(f"{name}, wall (s)", seconds, before, 1 / GROWTH))
        rows.append(
            _row(f"{name}, driver's own time (s)", measured[more]["cpu_s"], 10 * measured[fewer]["cpu_s"], 1 / GROWTH)
        )
    least, most = measured[SIZES[0]]["peak_mb"], measured[SIZES[-1]]["peak_mb"]
    return [*rows, _row("sweep, driver's peak memory at 1,000,000 against 1,000 points (MB)", most, least, 1 / MEMORY)]


def _grown(points: int) -> dict[str, float]:
    """Wall, processor time and peak memory of the command in a process of its own, whose pool computes the points."""
    asked = {"study": "npv", "base": BASE, "design": {"kind": "sobol", "axes": AXES, "points": points}}
    code = (
        "import json, resource, sys, time\n"
        "from jobs.cli import main\n"
        "if __name__ == '__main__':\n"
        "    wall, cpu = time.perf_counter(), time.process_time()\n"
        "    assert main(['sweep', sys.argv[1], '--store', sys.argv[2], '--runner', 'pool']) == 0\n"
        "    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu\n"
        "    print(json.dumps(dict(wall_s=wall, cpu_s=cpu, peak_mb=peak)))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(json.dumps(asked), encoding="utf-8")
        command = [sys.executable, "-c", code, str(file), str(Path(folder) / "store")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
