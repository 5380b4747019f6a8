"""Speed of the bootstraps, as ratios to what they are measured against."""

import functools
import statistics
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from engine.bootstrap import Bootstrap, BootstrapSpec, interval_table, ready
from engine.bootstrap.resample import Sample, replicates
from engine.regression import design
from engine.streams import REPLICATES_PER_BLOCK, blocks, stream
from engine.study import Work
from engine.wild_cluster import wild_cluster
from jobs.runner import Threads

ROWS, YEARS, REPLICATES = 1_094, 44, 10_000
FORMULA_REFITS, ARRAY_REFITS = 20, 200
CLUSTERS, CLUSTER_ROWS, CLUSTER_REPLICATES = 20, 850, 9_999
MANY_REPLICATES = 1_000_000
SMALL_BATCH = 50
REPEATS = 5
LIMITS = {
    "formula": 1_500.0,
    "array": 60.0,
    "scipy": 15.0,
    "scipy, vectorised": 1.0,
    "wild cluster": 50.0,
    "two workers": 1.8,
}


def benches() -> list[dict[str, Any]]:
    """A row a comparison: name, ours, baseline, limit, ratio; ours and baseline in seconds."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        return [*_pairs(), _wild_cluster(), _workers()]


def _pairs() -> list[dict[str, Any]]:
    """10,000 pairs replicates with year effects on one core, beside three ways to do it."""
    work = _work(REPLICATES)
    name = f"bootstrap: {REPLICATES:,} pairs replicates with year effects, N {ROWS:,}"
    baselines = {
        "formula": (f"statsmodels formula refits, {FORMULA_REFITS} timed and scaled", _formula_loop, FORMULA_REFITS),
        "array": (f"statsmodels array refits, {ARRAY_REFITS} timed and scaled", _array_loop, ARRAY_REFITS),
        "scipy": ("scipy.stats.bootstrap as called by default (BCa), and ours with BCa", _scipy, REPLICATES),
        "scipy, vectorised": (
            f"scipy.stats.bootstrap with a vectorised slope in batches of {SMALL_BATCH}, and ours with BCa",
            _scipy_vectorised,
            REPLICATES,
        ),
    }
    rows = []
    for key, (title, baseline, timed) in baselines.items():
        mine = _with_intervals if key.startswith("scipy") else _ours
        ours, theirs = _interleaved(functools.partial(mine, work), baseline(work.tables["scaling"]))
        rows.append(_row(f"{name}, to {title} (s)", ours, theirs * REPLICATES / timed, LIMITS[key]))
    return rows


def _ours(work: Work[BootstrapSpec]) -> tuple[Sample, np.ndarray]:
    prepared, _ = ready(work)
    drawn = [
        replicates(prepared, size, stream(work.spec.seed, work.spec.study, block))
        for block, size in blocks(work.spec.replicates, REPLICATES_PER_BLOCK)
    ]
    return prepared, np.concatenate(drawn)


def _with_intervals(work: Work[BootstrapSpec]) -> None:
    interval_table(*_ours(work))


def _formula_loop(table: pl.DataFrame) -> Callable[[], object]:
    """Each replicate a frame of drawn rows and a fit from a formula with a dummy a year."""
    import statsmodels.formula.api as smf

    frame = table.select(
        x=pl.col("parameters").log(), y=pl.col("training_compute_flop").log(), year=pl.col("year")
    ).to_pandas()

    def loop() -> None:
        rng = np.random.default_rng(1)
        for _ in range(FORMULA_REFITS):
            drawn = frame.iloc[rng.integers(0, ROWS, ROWS)]
            smf.ols("y ~ x + C(year)", data=drawn).fit()

    return loop


def _array_loop(table: pl.DataFrame) -> Callable[[], object]:
    """Each replicate drawn rows of a ready matrix with its dummies."""
    import statsmodels.api as sm

    d = design(
        table.select(x=pl.col("parameters").log(), y=pl.col("training_compute_flop").log(), year=pl.col("year")),
        "y",
        ["x"],
        ["year"],
    )

    def loop() -> None:
        rng = np.random.default_rng(1)
        for _ in range(ARRAY_REFITS):
            drawn = rng.integers(0, len(d.y), len(d.y))
            sm.OLS(d.y[drawn], d.x[drawn]).fit()

    return loop


def _scipy(table: pl.DataFrame) -> Callable[[], object]:
    """The slope of one resample, absorbed within its years; scipy calls it for each."""

    def slope(x: np.ndarray, y: np.ndarray, cell: np.ndarray) -> float:
        codes = cell.astype(np.int64)
        size, sx, sy = (np.bincount(codes, weights, YEARS) for weights in (None, x, y))
        size = np.maximum(size, 1)
        return float((x @ y - (sx * sy / size).sum()) / (x @ x - (sx * sx / size).sum()))

    return _scipy_call(table, slope, {"vectorized": False})


def _scipy_vectorised(table: pl.DataFrame) -> Callable[[], object]:
    """The same slope of many resamples at once."""
    return _scipy_call(table, _absorbed, {"vectorized": True, "batch": SMALL_BATCH})


def _scipy_call(table: pl.DataFrame, slope: Callable[..., Any], options: dict[str, Any]) -> Callable[[], object]:
    from scipy.stats import bootstrap

    x, y = (table[name].log().to_numpy() for name in ("parameters", "training_compute_flop"))
    sample = (x - x.mean(), y - y.mean(), (table["year"] - table["year"].min()).to_numpy())
    rng = np.random.default_rng(1)
    return lambda: bootstrap(sample, slope, paired=True, n_resamples=REPLICATES, rng=rng, **options)


def _absorbed(x: np.ndarray, y: np.ndarray, cell: np.ndarray, axis: int = -1) -> np.ndarray:
    """Slopes of a batch of resamples (batch, n), absorbed within their years."""
    x, y, cell = np.atleast_2d(x), np.atleast_2d(y), np.atleast_2d(cell)
    codes = (cell.astype(np.int64) + YEARS * np.arange(len(x))[:, None]).ravel()
    n, sx, sy = (
        np.bincount(codes, weights, minlength=len(x) * YEARS).reshape(-1, YEARS)
        for weights in (None, x.ravel(), y.ravel())
    )
    size = np.maximum(n, 1)
    return ((x * y).sum(axis) - (sx * sy / size).sum(-1)) / ((x * x).sum(axis) - (sx * sx / size).sum(-1))


def _wild_cluster() -> dict[str, Any]:
    """The restricted bootstrap of one coefficient and the package made for it, on the same regression."""
    import statsmodels.api as sm
    from wildboottest.wildboottest import wildboottest

    rng = np.random.default_rng(2)
    cluster = np.arange(CLUSTER_ROWS) % CLUSTERS
    x = rng.normal(size=CLUSTER_ROWS) + rng.normal(size=CLUSTERS)[cluster]
    y = 0.2 * x + rng.normal(size=CLUSTERS)[cluster] + rng.normal(size=CLUSTER_ROWS)
    frame = pl.DataFrame({"y": y, "x": x, "g": cluster, "year": rng.integers(2018, 2026, CLUSTER_ROWS)})
    d = design(frame, "y", ["x"], ["year"], "g")
    model = sm.OLS(d.y, d.x)
    options: dict[str, Any] = {"weights_type": "webb", "bootstrap_type": "11", "seed": 3, "show": False}

    def theirs() -> None:
        wildboottest(model, param="x1", cluster=d.clusters, B=CLUSTER_REPLICATES, **options)

    def ours() -> None:
        wild_cluster(d, "x", np.random.default_rng(4), CLUSTER_REPLICATES).p_value()

    name = f"wild cluster restricted bootstrap, {CLUSTER_REPLICATES:,} replicates, {CLUSTERS} clusters, to wildboottest"
    return _row(f"{name} (s)", *_interleaved(ours, theirs), LIMITS["wild cluster"])


def _workers() -> dict[str, Any]:
    """Two threads beside one on a million replicates."""
    work, study = _work(MANY_REPLICATES), Bootstrap()
    chunks = list(enumerate(study.chunks(work)))

    def through(workers: int) -> Callable[[], object]:
        return lambda: list(Threads(workers).run(study.name, work, chunks, threading.Event()))

    two, one = _interleaved(through(2), through(1))
    return _row(
        f"bootstrap of {MANY_REPLICATES:,} replicates on two workers to one (s)", two, one, LIMITS["two workers"]
    )


def _work(wanted: int) -> Work[BootstrapSpec]:
    rng = np.random.default_rng(0)
    year = np.sort(rng.integers(2025 - YEARS + 1, 2026, ROWS))
    x = rng.normal(20, 4, ROWS)
    y = 1.2 * x + 0.5 * (year - 2000) + 20 + rng.normal(0, 3, ROWS)
    named = pl.lit(None, pl.String)
    table = pl.DataFrame(
        {"year": year, "parameters": np.exp(x), "training_compute_flop": np.exp(y), "cost_usd_2023": np.exp(y - 45)}
    ).with_columns(
        *(named.alias(n) for n in ("model", "organization", "organization_type", "domain", "architecture", "access")),
        publication_date=pl.lit(None, pl.Date),
    )
    return Work(BootstrapSpec(effects="year", replicates=wanted), {"scaling": table})


def _interleaved(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, run in turns after one warm-up of both."""
    first()
    second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for taken, call in zip(times, (first, second), strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _row(name: str, ours: float, baseline: float, limit: float) -> dict[str, Any]:
    return {"name": name, "ours": ours, "baseline": baseline, "limit": limit, "ratio": baseline / ours}
