"""Speed of the investment mathematics, as ratios to what it is measured against."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from engine.exclusivity import Atoms
from engine.npv import NpvSpec
from engine.npv.exact import evaluate
from engine.npv.scenarios import Evidence, evidence, scenarios
from engine.npv.simulation import simulate
from engine.npv.study import setting
from engine.streams import PATHS_PER_BLOCK, blocks
from engine.study import Work
from tests.benchmarks.baseline_npv import simulate as simulate_plainly

PATHS, MONTHS = 10_000, 72
MINIMUM_RATIO = 300.0
MINIMUM_SCENARIOS_PER_S = 10_000.0
REPEATS = 7
BULK = 16 * PATHS_PER_BLOCK
SCENARIOS = 4_000


def benches() -> list[dict[str, Any]]:
    """A row a comparison: name, ours, baseline, limit, ratio; ours and baseline in the unit the name says."""
    published = NpvSpec(preset="published", engine="simulation", n_paths=PATHS)
    corrected = NpvSpec(engine="simulation", exclusivity="lognormal", training_compute_flop=9.2086e25)
    return [
        _simulation("npv simulation, runs of 10,000 paths, published question", published, PATHS),
        _simulation("npv simulation in bulk, published question", published, BULK),
        _simulation("npv simulation in bulk, drawn drop and log-normal exclusivity", corrected, BULK),
        _exact("npv exact engine, log-normal exclusivity", corrected, None),
        _exact("npv exact engine, survival curve of 60 steps", corrected.changed(exclusivity="survival"), _curve()),
    ]


def _simulation(name: str, spec: NpvSpec, paths: int) -> dict[str, Any]:
    """Nanoseconds a path on one core, the pure-Python double loop beside it, in turns."""
    asked = spec.changed(n_paths=paths)
    ready, chosen = setting(Work(asked, {}, {})), blocks(paths, PATHS_PER_BLOCK)
    runs = max(1, BULK // paths)

    def ours() -> None:
        for _ in range(runs):
            simulate(ready.projects, ready.mu, ready.centre, asked.seed, chosen)

    seconds, plain_seconds = _interleaved(ours, lambda: _plain(spec))
    per_path, plain_per_path = seconds / (runs * paths) * 1e9, plain_seconds / PATHS * 1e9
    return _row(f"{name} (ns a path)", per_path, plain_per_path, MINIMUM_RATIO, plain_per_path / per_path)


def _plain(spec: NpvSpec) -> None:
    table = [(4.96, 0.5), (5.06, 1.0)]
    simulate_plainly(PATHS, MONTHS, spec.annual_discount_rate, 15.0, spec.sigma, 0.7, 2.384566e15, table, spec.seed)


def _exact(name: str, spec: NpvSpec, atoms: Atoms | None) -> dict[str, Any]:
    """Scenarios a second on one core, each of a shape of its own, against the number asked for."""
    rng = np.random.default_rng(1)
    points = pl.DataFrame(
        {
            "sigma": rng.uniform(0.5, 1.5, SCENARIOS),
            "annual_discount_rate": rng.uniform(0.1, 0.3, SCENARIOS),
            "cost_multiple": rng.uniform(1, 50, SCENARIOS),
        }
    )
    found = evidence(spec, {}) if atoms is None else Evidence(None, atoms)
    projects = scenarios(spec, found, points)
    seconds, _ = _interleaved(lambda: evaluate(projects), lambda: None)
    rate = SCENARIOS / seconds
    return _row(f"{name} (scenarios/s)", rate, MINIMUM_SCENARIOS_PER_S, 1.0, rate / MINIMUM_SCENARIOS_PER_S)


def _curve() -> Atoms:
    return Atoms(np.linspace(0.5, 59.5, 60), np.full(60, 1 / 75))


def _interleaved(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, run in turns after one warm-up."""
    first()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for taken, call in zip(times, (first, second), strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _row(name: str, ours: float, baseline: float, limit: float, ratio: float) -> dict[str, Any]:
    return {"name": name, "ours": ours, "baseline": baseline, "limit": limit, "ratio": ratio}
