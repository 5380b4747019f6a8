"""Speed and accuracy of the investment mathematics, as ratios to what they are measured against."""

import hashlib
import resource
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from engine.cashflow import annuity
from engine.exclusivity import Atoms
from engine.npv import NpvSpec, exact, many
from engine.npv.kernel import block_paths, kernel
from engine.npv.replicates import sobol_paths
from engine.npv.scenarios import Evidence, Scenarios, evidence, scenarios
from engine.npv.simulation import Simulated, merge, simulate
from engine.npv.study import Setting, setting
from engine.streams import PATHS_PER_BLOCK, blocks
from engine.study import Work
from tests.benchmarks.baseline_npv import simulate as simulate_plainly

PATHS, MONTHS = 10_000, 72
REPEATS = 7
BULK = 16 * PATHS_PER_BLOCK
SCENARIOS = 4_000
MINIMUM_SCENARIOS_PER_S = 20_000.0
MANY_SCENARIOS, MANY_PATHS = 10_000, 10_000
LOOPED_SCENARIOS = 200
MOST_PATHS = 1_000_000_000
FEWER_PATHS = 6 * PATHS_PER_BLOCK + 77
ORIGINAL, NORMALS, THREADS, COMMON, SQUIGGLE = 400.0, 0.8, 1.8, 2.0, 2.0
SOBOL_MEAN, SOBOL_VAR = 150.0, 40.0

CORRELATED = NpvSpec(
    engine="simulation", exclusivity="lognormal", training_compute_flop=9.2086e25, correlation=0.5, parts="figures"
)


def benches() -> list[dict[str, Any]]:
    """A row a comparison: name, ours, baseline, limit, ratio; ours and baseline in the unit the name says."""
    published = NpvSpec(preset="published", engine="simulation", n_paths=PATHS)
    plain = CORRELATED.changed(engine="auto", correlation=0.0)
    return [
        _original("npv simulation, runs of 10,000 paths, published question", published, PATHS),
        _original("npv simulation in bulk, published question", published, BULK),
        _original("npv simulation in bulk, correlation and drawn drop", CORRELATED, BULK),
        _normals(),
        _threads(),
        *_squigglepy(),
        _exact("npv exact engine, log-normal exclusivity", plain, None),
        _exact("npv exact engine, survival curve of 60 steps", plain.changed(exclusivity="survival"), _curve()),
        _common(),
        *_sobol(),
        *_billion(MOST_PATHS),
    ]


def _original(name: str, spec: NpvSpec, paths: int) -> dict[str, Any]:
    """Nanoseconds a path on one core, the pure-Python double loop beside it, in turns."""
    run, runs = _bulk(spec, paths), max(1, BULK // paths)
    seconds, plain_seconds = _interleaved(lambda: _again(run, runs), lambda: _double_loop(spec))
    per_path, plain_per_path = seconds / (runs * paths) * 1e9, plain_seconds / PATHS * 1e9
    return _row(f"{name} (ns a path)", per_path, plain_per_path, ORIGINAL, plain_per_path / per_path)


def _bulk(spec: NpvSpec, paths: int) -> Callable[[], object]:
    ready, chosen = setting(Work(spec, {}, {})), blocks(paths, PATHS_PER_BLOCK)
    return lambda: simulate(ready.projects, ready.mu, ready.centre, spec.seed, chosen)


def _again(run: Callable[[], object], times: int) -> None:
    """Run and let go of each result, as one who asks once does."""
    for _ in range(times):
        run()


def _double_loop(spec: NpvSpec) -> None:
    table = [(4.96, 0.5), (5.06, 1.0)]
    simulate_plainly(PATHS, MONTHS, spec.annual_discount_rate, 15.0, spec.sigma, 0.7, 2.384566e15, table, spec.seed)


def _normals() -> dict[str, Any]:
    """The whole simulation with correlation, beside NumPy drawing the two normals of each path and nothing else."""
    generator, out = np.random.Generator(np.random.SFC64(1)), np.empty(PATHS_PER_BLOCK)
    draws = 2 * BULK // PATHS_PER_BLOCK
    ours, numpys = _interleaved(
        _bulk(CORRELATED, BULK), lambda: [generator.standard_normal(out=out) for _ in range(draws)]
    )
    name = "npv simulation with correlation, to NumPy drawing its normals (ns a path)"
    return _row(name, ours / BULK * 1e9, numpys / BULK * 1e9, NORMALS, numpys / ours)


def _threads() -> dict[str, Any]:
    """Two threads to one, the same blocks."""
    ready, every = setting(Work(CORRELATED, {}, {})), blocks(8 * BULK, PATHS_PER_BLOCK)
    with ThreadPoolExecutor(2) as pool:
        two, one = _interleaved(lambda: _parts(ready, every, 2, pool), lambda: _parts(ready, every, 1, pool))
    return _row("npv simulation, two threads to one (s)", two, one, THREADS, one / two)


def _parts(ready: Setting, every: list[tuple[int, int]], cut: int, pool: ThreadPoolExecutor) -> list[pl.DataFrame]:
    size = -(-len(every) // cut)
    pieces = [every[i : i + size] for i in range(0, len(every), size)]
    seed = CORRELATED.seed
    return list(pool.map(lambda some: simulate(ready.projects, ready.mu, ready.centre, seed, some).frame(), pieces))


def _squigglepy() -> list[dict[str, Any]]:
    """The same model by squigglepy's array idiom; no row where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import squigglepy as sq
    except ImportError:
        return []
    spec = CORRELATED.changed(correlation=0.0)
    whole = float(annuity(spec.annual_discount_rate, spec.horizon_months))

    def theirs() -> float:
        revenue = sq.sample(sq.lognorm(norm_mean=15, norm_sd=1), n=BULK)
        months = np.clip(np.floor(sq.sample(sq.lognorm(norm_mean=np.log(8.0), norm_sd=0.6), n=BULK)), 1, 72)
        kept = annuity(spec.annual_discount_rate, months)
        npv = revenue * (kept + (1 - sq.sample(sq.uniform(0.3, 0.7), n=BULK)) * (whole - kept)) - 1e9
        return float(npv.mean() + npv.std() + (npv > 0).mean() + np.quantile(npv, 0.05))

    ours, other = _interleaved(_bulk(spec, BULK), theirs)
    name = "npv simulation, to squigglepy on arrays (ns a path)"
    return [_row(name, ours / BULK * 1e9, other / BULK * 1e9, SQUIGGLE, other / ours)]


def _exact(name: str, spec: NpvSpec, atoms: Atoms | None) -> dict[str, Any]:
    """Scenarios a second on one core, each of a shape of its own, against the number asked for."""
    found = evidence(spec, {}) if atoms is None else Evidence(None, atoms)
    projects = scenarios(spec, found, _points(SCENARIOS))
    rate = SCENARIOS / _core_seconds(lambda: exact.evaluate(projects))
    return _row(f"{name} (scenarios/s)", rate, MINIMUM_SCENARIOS_PER_S, 1.0, rate / MINIMUM_SCENARIOS_PER_S)


def _points(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "sigma": rng.uniform(0.5, 1.5, n),
            "annual_discount_rate": rng.uniform(0.1, 0.3, n),
            "cost_multiple": rng.uniform(1, 50, n),
        }
    )


def _curve() -> Atoms:
    return Atoms(np.linspace(0.5, 59.5, 60), np.full(60, 1 / 75))


def _common() -> dict[str, Any]:
    """10,000 scenarios on 10,000 common paths, to a loop of NumPy calls (timed on 200 of them)."""
    spec = CORRELATED.changed(mu=20.0)
    projects = scenarios(spec, evidence(spec, {}), _points(MANY_SCENARIOS))
    looped = _numpy_loop(projects)
    ours, theirs = _interleaved(lambda: many.evaluate(projects, spec.seed, MANY_PATHS), looped, repeats=3)
    per, per_loop = ours / MANY_SCENARIOS * 1e6, theirs / LOOPED_SCENARIOS * 1e6
    name = "npv 10,000 scenarios x 10,000 common paths, to a loop of NumPy calls (us a scenario)"
    return _row(name, per, per_loop, COMMON, per_loop / per)


def _numpy_loop(projects: Scenarios) -> Callable[[], None]:
    rng = np.random.default_rng(1)
    z, e, d = rng.standard_normal(MANY_PATHS), rng.standard_normal(MANY_PATHS), rng.uniform(0.3, 0.7, MANY_PATHS)
    months = np.clip(np.floor(8 * np.exp(0.6 * (0.5 * z + np.sqrt(0.75) * e))), 1, 72).astype(int)

    def one(i: int) -> tuple[float, ...]:
        rate = (1 + projects.values["annual_discount_rate"][i]) ** (1 / 12) - 1
        table = (1 - (1 + rate) ** -np.arange(73.0)) / rate
        kept = table[months]
        x = np.exp(20.0 + projects.values["sigma"][i] * z) * (kept + (1 - d) * (table[72] - kept))
        npv = x - projects.values["cost_usd"][i]
        tail = np.partition(npv, 500)[:501]
        return float(npv.mean()), float(npv.std()), float((npv > 0).mean()), float(tail[-1]), float(tail.mean())

    return lambda: [one(i) for i in range(LOOPED_SCENARIOS)] and None


def _sobol() -> list[dict[str, Any]]:
    """Mean-square error of the mean and of the 5 % quantile at 65,536 points, plain over Sobol, correlation 0."""
    spec = CORRELATED.changed(correlation=0.0, mu=20.0, sigma=0.8)
    ready = setting(Work(spec, {}, {}))
    model, truth = kernel(ready.projects), exact.unit(ready.mix.take(np.array([0])))
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "sobol": []}
    for block in range(40):
        found["sobol"].append(_figures(sobol_paths(model, spec.seed, block, PATHS_PER_BLOCK)))
        found["plain"].append(_figures(block_paths(model, spec.seed, block, PATHS_PER_BLOCK)))
    rows = []
    for name, i, value, limit in (
        ("mean", 0, float(truth.mean[0]), SOBOL_MEAN),
        ("5 % quantile", 1, float(truth.quantile5[0]), SOBOL_VAR),
    ):
        errors = {k: float(np.mean([(f[i] / value - 1) ** 2 for f in v])) for k, v in found.items()}
        title = f"npv Sobol sampling at 65,536 points, {name} (relative mean-square error)"
        rows.append(_row(title, errors["sobol"], errors["plain"], limit, errors["plain"] / errors["sobol"]))
    return rows


def _figures(x: Any) -> tuple[float, float]:
    rank = int(0.05 * len(x))
    return float(x.mean()), float(np.partition(x, rank)[rank])


def _billion(paths: int) -> list[dict[str, Any]]:
    """A thousand million paths: time, growth of memory, rank error of the quantile; and one digest over 20 cuts."""
    ready, every = setting(Work(CORRELATED, {}, {})), blocks(paths, PATHS_PER_BLOCK)
    with ThreadPoolExecutor(2) as pool:
        merge(_waves(ready, every[:1024], pool), ready.centre)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        found = merge(_waves(ready, every, pool), ready.centre)
        seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    digests, rank_error = len(set(configurations(FEWER_PATHS))), found.var5_rank_error
    name = f"npv {paths:,} paths"
    return [
        _row(
            f"{name}, two threads, to their time at 100 ns a path (s)",
            seconds,
            paths * 1e-7,
            1.0,
            paths * 1e-7 / seconds,
        ),
        _row(f"{name}, growth of peak memory, to 64 allowed (MB)", grown, 64.0, 1.0, 64 / max(grown, 1)),
        _row(f"{name}, rank error of VaR, to 1e-3 allowed", rank_error, 1e-3, 1.0, 1e-3 / rank_error),
        _row(
            "npv digests over 24 cuts, orders and thread counts, to 1 wanted",
            digests,
            1.0,
            1.0,
            1.0 / digests,
        ),
    ]


def _waves(ready: Setting, every: list[tuple[int, int]], pool: ThreadPoolExecutor) -> Iterator[pl.DataFrame]:
    """Frames of chunks of 128 blocks, a few at a time, as a store gives them back."""
    for first in range(0, len(every), 512):
        yield from _parts(ready, every[first : first + 512], 4, pool)


def configurations(paths: int) -> list[str]:
    """Digests of one simulation over threads, sizes of chunks and orders of completion: 24 configurations."""
    ready, every = setting(Work(CORRELATED, {}, {})), blocks(paths, PATHS_PER_BLOCK)
    found = []
    for threads in (1, 2, 3, 5):
        with ThreadPoolExecutor(threads) as pool:
            for cut in (1, 2, len(every)):
                for backwards in (False, True):
                    parts = _parts(ready, every[::-1] if backwards else every, cut, pool)
                    found.append(digest(merge(parts, ready.centre)))
    return found


def digest(found: Simulated) -> str:
    """Hash of every figure and of the paths."""
    figures = [found.unit, found.unit_se, found.share.tolist(), found.paths_digest, found.histogram.counts.tolist()]
    return hashlib.sha256(repr(figures).encode()).hexdigest()


def _core_seconds(call: Callable[[], object]) -> float:
    """Median seconds of a core's time, for a rate that is no ratio: what else the machine does must not count."""
    call()
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def _interleaved(
    first: Callable[[], object], second: Callable[[], object], repeats: int = REPEATS
) -> tuple[float, float]:
    """Median seconds of each, run in turns after one warm-up."""
    first()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for taken, call in zip(times, (first, second), strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _row(name: str, ours: float, baseline: float, limit: float, ratio: float) -> dict[str, Any]:
    return {"name": name, "ours": ours, "baseline": baseline, "limit": limit, "ratio": ratio}
