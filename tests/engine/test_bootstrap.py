"""The bootstrap's algebra against refits on the same resamples, its errors against closed forms, BCa against scipy."""

import subprocess
import sys
import threading
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bootstrap import Bootstrap, BootstrapSpec
from engine.bootstrap.intervals import acceleration, bca, histogram, percentile
from engine.bootstrap.resample import SLICE, Sample, jackknife, replicates, sample, weighted
from engine.regression import DesignError, fit
from engine.scaling_law import law_design, points
from engine.spec import SpecError
from engine.streams import stream
from engine.study import Work
from jobs.runner import Inline, Runner, Threads
from tests.engine.scaling_cases import bootstrapped, table

EFFECTS = ["pooled", "year", "year,domain", "year,domain,organization_type"]


def rows(n: int = 200) -> pl.DataFrame:
    return points(table(n), "compute_on_parameters", "year")


def refit(frame: pl.DataFrame, weight: np.ndarray, effects: str) -> float:
    """The slope by statsmodels, with every row as often as its weight says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    d = law_design(frame, effects)
    return float(sm.WLS(d.y, d.x, weights=weight).fit().params[d.names.index("x")])


def bytes_of(counts: np.ndarray) -> np.ndarray:
    """Counts (replicates, units) as the kernel has them."""
    return np.ascontiguousarray(counts.T.astype(np.uint8))


@pytest.mark.parametrize("effects", EFFECTS)
def test_replicates_are_refits(effects: str) -> None:
    frame = rows()
    prepared = sample(frame, effects)
    counts = np.random.default_rng(2).multinomial(frame.height, np.full(frame.height, 1 / frame.height), size=5)
    order = frame.sort(effects.split(",")[0], maintain_order=True) if effects != "pooled" else frame
    for weight, slope in zip(counts, weighted(prepared, bytes_of(counts)), strict=True):
        assert slope == pytest.approx(refit(order, weight, effects), rel=1e-10)


@pytest.mark.parametrize("effects", EFFECTS)
def test_cluster_replicates_are_refits(effects: str) -> None:
    frame = rows()
    prepared = sample(frame, effects, "cluster")
    counts = np.random.default_rng(2).multinomial(40, np.full(40, 1 / 40), size=4)[:, : prepared.units]
    codes = frame["organization"].rank("dense").cast(pl.Int64).to_numpy() - 1
    for count, slope in zip(counts, weighted(prepared, bytes_of(counts)), strict=True):
        assert slope == pytest.approx(refit(frame, count[codes], effects), rel=1e-9)


def test_draws_are_with_replacement_and_even() -> None:
    """Each resample has n draws; over 4,000 of them the counts of 101 units pass a chi-squared test at .1 %."""
    from engine.bootstrap.kernel import count_draws

    counts = count_draws(stream(3, "test", 0).bit_generator.state["state"]["state"].copy(), 101, 4_000)
    assert (counts.sum(axis=0) == 101).all()
    total = counts.sum(axis=1)
    assert ((total - 4_000) ** 2 / 4_000).sum() < 149.4


@pytest.mark.parametrize("units", [1, 2, 101])
def test_the_kernel_draws_what_the_stream_draws(units: int) -> None:
    """Counts written out from NumPy's own words: low half, then high half, each scaled to the units."""
    from engine.bootstrap.kernel import count_draws

    state = stream(3, "test", 0).bit_generator.state["state"]["state"].copy()
    counts = np.hstack([count_draws(state, units, size) for size in (2, 3)])
    words = stream(3, "test", 0).bit_generator.random_raw(5 * -(-units // 2)).reshape(5, -1)
    for replicate, row in enumerate(words.tolist()):
        draws = [(half * units) >> 32 for word in row for half in (word & (2**32 - 1), word >> 32)][:units]
        assert counts[:, replicate].tolist() == np.bincount(draws, minlength=units).tolist()


@pytest.mark.parametrize("effects", EFFECTS)
def test_pairs_have_the_spread_of_hc0(effects: str) -> None:
    """6,000 replicates put the bootstrap's error within 8 % of HC0's (Monte Carlo 1 %, finite sample the rest)."""
    frame = rows(600)
    slopes = replicates(sample(frame, effects), 6_000, stream(1, "bootstrap", 0))
    expected = fit(law_design(frame, effects), "HC0").term("x")
    assert slopes.mean() == pytest.approx(expected["coef"], abs=0.1 * expected["se"])
    assert slopes.std() == pytest.approx(expected["se"], rel=0.08)


@pytest.mark.parametrize("wild_weights", ["rademacher", "webb"])
def test_wild_has_the_spread_of_hc3(wild_weights: Any) -> None:
    """Its variance given the data is the sum of squared pulls, which is HC3's exactly; 8,000 replicates reach it."""
    frame = rows()
    prepared = sample(frame, "year,domain", "wild")
    expected = fit(law_design(frame, "year,domain"), "HC3").term("x")
    assert np.sqrt((prepared.pull**2).sum()) == pytest.approx(expected["se"], rel=1e-10)
    slopes = replicates(prepared, 8_000, stream(1, "bootstrap", 0), wild_weights)
    assert slopes.std() == pytest.approx(expected["se"], rel=0.03)
    assert slopes.mean() == pytest.approx(expected["coef"], abs=4 * expected["se"] / np.sqrt(8_000))


def test_clusters_have_the_spread_of_cluster_errors() -> None:
    """40 clusters: within 15 % of the cluster-robust error."""
    frame = points(table(2_000), "compute_on_parameters")
    slopes = replicates(sample(frame, "year,domain", "cluster"), 2_000, stream(1, "bootstrap", 0))
    assert slopes.std() == pytest.approx(
        fit(law_design(frame, "year,domain", "cluster"), "cluster").term("x")["se"], rel=0.15
    )


@pytest.mark.parametrize(("kind", "effects"), [("pairs", "year,domain"), ("cluster", "year"), ("cluster", "pooled")])
def test_jackknife_is_leaving_out(kind: Any, effects: str) -> None:
    frame = rows()
    prepared = sample(frame, effects, kind)
    codes = np.arange(frame.height) if kind == "pairs" else frame["organization"].rank("dense").to_numpy() - 1
    order = frame.sort(effects.split(",")[0], maintain_order=True) if kind == "pairs" else frame
    left = jackknife(prepared)
    for unit in (0, 3, 17):
        assert left[unit] == pytest.approx(refit(order, (codes != unit).astype(float), effects), rel=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_bca_is_scipys() -> None:
    """scipy's interval from our replicates and its own jackknife: equal but for rounding."""
    from scipy.stats import bootstrap

    frame = rows(80)
    prepared = sample(frame, "pooled")
    slopes = replicates(prepared, 3_000, stream(4, "bootstrap", 0))
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()

    def slope(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        x, y = x - x.mean(axis=axis, keepdims=True), y - y.mean(axis=axis, keepdims=True)
        return np.asarray((x * y).sum(axis=axis) / (x * x).sum(axis=axis))

    options: dict[str, Any] = {"paired": True, "vectorized": True, "method": "BCa"}
    first = bootstrap((x, y), slope, n_resamples=2, **options)
    first.bootstrap_distribution = slopes
    theirs = bootstrap((x, y), slope, n_resamples=0, bootstrap_result=first, **options).confidence_interval
    assert bca(slopes, prepared.slope, jackknife(prepared)) == pytest.approx(tuple(theirs), rel=1e-9)
    assert percentile(slopes) == tuple(np.quantile(slopes, [0.025, 0.975]))


def test_bca_without_skew_or_bias_is_the_percentile() -> None:
    slopes = np.linspace(-1, 1, 2_001)
    assert acceleration(np.array([1.0, 2.0, 3.0])) == 0
    assert acceleration(np.ones(4)) == 0
    assert bca(slopes, 0.0, np.array([-1.0, 0.0, 1.0])) == pytest.approx(percentile(slopes), abs=1e-9)
    assert bca(slopes, 2.0, np.array([-1.0, 0.0, 1.0])) is None


@pytest.mark.parametrize("runner", [Threads(2), Threads(3)], ids=lambda r: f"{r.name}-{r.workers}")
@pytest.mark.parametrize("fields", [{"kind": "wild"}, {"kind": "cluster"}, {"kind": "pairs", "effects": "year,domain"}])
def test_runners_and_chunks_give_the_same_bits(
    runner: Runner, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Bootstrap()
    work = Work(BootstrapSpec(replicates=5_000, **fields), {"scaling": table()})

    def digest(who: Runner) -> str:
        chunks = list(enumerate(study.chunks(work)))
        parts = dict(who.run("bootstrap", work, chunks, threading.Event()))
        return study.combine(work, [parts[i] for i in sorted(parts)]).sha256()

    expected = digest(Inline())
    assert digest(runner) == expected
    monkeypatch.setattr("engine.bootstrap.BLOCKS_PER_CHUNK", 3)
    assert digest(Inline()) == expected


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 1_000_000))
def test_chunks_cover_the_replicates_once_in_whole_blocks(asked: int) -> None:
    work = Work(BootstrapSpec(replicates=asked), {"scaling": table(3)})
    chunks = Bootstrap().chunks(work)
    listed = [block for chunk in chunks for block in chunk]
    assert [index for index, _ in listed] == list(range(len(listed)))
    assert sum(size for _, size in listed) == asked
    assert all(size == 256 for _, size in listed[:-1])
    assert len(chunks) <= 24


@pytest.mark.parametrize("asked", [1, 2, 255, 257])
def test_any_number_of_replicates_works(asked: int) -> None:
    summary = bootstrapped(table(), replicates=asked).summary
    assert summary["replicates"] == asked
    assert summary["ci_low"] <= summary["ci_high"]
    assert (summary["se"] is None) == (asked == 1)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"replicates": 0}, "'replicates' can't be 0"),
        ({"replicates": 1_000_001}, "'replicates' can't be 1000001"),
        ({"kind": "blocks"}, "'kind' can't be"),
    ],
)
def test_bad_questions_are_one_sentence(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(SpecError, match=word):
        BootstrapSpec.parse(fields)


@pytest.mark.parametrize(
    ("frame", "fields", "word"),
    [
        (table().with_columns(parameters=pl.lit(1e9)), {}, "constant"),
        (table().with_columns(training_compute_flop=pl.lit(7e22)), {}, "'training_compute_flop' is constant"),
        (table().with_columns(organization=pl.lit("one")), {"kind": "cluster"}, "two organizations"),
        (table().with_columns(training_compute_flop=pl.lit(None, pl.Float64)), {}, "training_compute_flop"),
        (
            table().with_columns(organization=pl.lit(None, pl.String)),
            {"kind": "cluster"},
            "'organization' has no value",
        ),
    ],
)
def test_bad_tables_are_one_sentence(frame: pl.DataFrame, fields: dict[str, Any], word: str) -> None:
    with pytest.raises(DesignError, match=word):
        bootstrapped(frame, **fields)


def test_resamples_without_spread_are_counted_and_left_out() -> None:
    """Of two distinct regressors among four rows, one in eight resamples has only one."""
    four = table(4).with_columns(parameters=pl.Series([1e9, 1e9, 1e10, 1e10]))
    found = bootstrapped(four, replicates=2_000)
    assert found.summary["replicates"] == pytest.approx(2_000 * 7 / 8, abs=60)
    assert any("no spread" in warning for warning in found.warnings)


def test_rows_without_an_organization_leave_the_cluster_bootstrap() -> None:
    frame = table().with_columns(organization=pl.when(pl.col("year") > 2015).then(pl.col("organization")))
    found = bootstrapped(frame, kind="cluster")
    assert found.summary["n"] == frame["organization"].count()
    assert found.summary["units"] == frame["organization"].n_unique() - 1
    assert any("have no organization and are left out" in text for text in found.warnings)


def test_intervals_of_every_kind_have_both_methods() -> None:
    for kind in ("pairs", "wild", "cluster"):
        intervals = bootstrapped(table(), kind=kind).tables["intervals"]
        assert intervals["method"].to_list() == ["percentile", "BCa"]
        assert intervals.null_count().sum_horizontal().item() == 0
        assert set(intervals["kind"]) == {kind}


@pytest.mark.parametrize("spread", [0.0, 1e-16, 3e-16])
def test_replicates_that_all_but_agree_still_have_bars(spread: float) -> None:
    """Points on one line: every resample has the line's slope, but for rounding."""
    bars = histogram(1.5 + spread * np.arange(500))
    assert bars["count"].sum() == 500
    assert (bars["slope_high"] > bars["slope_low"]).all()


@pytest.mark.parametrize(
    ("n", "asked", "word"),
    [
        (19, 500, "No headline: 19 rows, and it needs 20."),
        (20, 99, "No headline: 99 replicates, and it needs 100."),
        (20, 1, "No headline: 1 replicate, and it needs 100."),
        (20, 100, "The slope is"),
    ],
)
def test_the_headline_is_withheld_when_thin_and_the_figures_stay(n: int, asked: int, word: str) -> None:
    summary = bootstrapped(table(n), replicates=asked).summary
    assert summary["finding"].startswith(word)
    assert summary["ci_low"] <= summary["slope"] or asked == 1
    assert summary["replicates"] == asked


def test_the_published_preset_says_what_the_original_ran() -> None:
    said = "Published preset: the original's text says 10,000 replicates and its code ran 1,000; this is over 500."
    assert said in bootstrapped(table(), preset="published").warnings
    assert said not in bootstrapped(table()).warnings


def test_distribution_holds_every_replicate() -> None:
    found = bootstrapped(table())
    assert found.tables["distribution"]["count"].sum() == found.summary["replicates"]


def test_importing_the_studies_does_not_load_numba() -> None:
    code = "import sys, engine.bootstrap, engine.scaling; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_memory_is_of_a_slice_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel, run uncompiled, never counts more than a slice of resamples at once."""
    from engine.bootstrap import kernel

    seen: list[int] = []
    count_draws = kernel.count_draws

    def counted(state: Any, units: int, size: int) -> Any:
        seen.append(size)
        return count_draws(state, units, size)

    def start() -> Any:
        return stream(1, "bootstrap", 0).bit_generator.state["state"]["state"].copy()

    p: Sample = sample(rows(), "pooled")
    drawn, state = replicates(p, 250, stream(1, "bootstrap", 0)), start()
    slices = [weighted(p, count_draws(state, p.units, size)) for size in (SLICE, 250 - SLICE)]
    assert np.concatenate(slices).tobytes() == drawn.tobytes()
    monkeypatch.setattr(kernel, "count_draws", counted)
    again = kernel.drawn_slopes.py_func(start(), p.units, 250, SLICE, p.unit, p.starts, p.columns)
    assert seen == [SLICE, 250 - SLICE]
    assert again.tobytes() == drawn.tobytes()
