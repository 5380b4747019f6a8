"""The simulation against the exact engine, plain loops and other generators; and that its cut leaves no trace."""

import hashlib
import math
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.npv import Npv, NpvSpec, fused
from engine.npv.kernel import Draws, Kernel, Scratch, block_paths, kernel
from engine.npv.simulation import Histogram, merge, simulate, wilson
from engine.npv.study import setting
from engine.streams import PATHS_PER_BLOCK, blocks, stream
from tests.benchmarks.baseline_npv import simulate as simulate_plainly
from tests.benchmarks.bench_npv import configurations
from tests.engine.npv_cases import row, run, work

FIGURES = ("mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd")
PATHS = 3 * PATHS_PER_BLOCK + 12_345


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sigma=st.floats(0.1, 1.5),
    rate=st.floats(0, 0.6),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    exclusivity=st.sampled_from(["survival", "lognormal", "constant", "published"]),
    multiple=st.floats(0.2, 60),
    seed=st.integers(0, 2**40),
)
def test_agrees_with_the_exact_engine(
    sigma: float, rate: float, ends: tuple[float, float], exclusivity: str, multiple: float, seed: int
) -> None:
    spec = NpvSpec(
        engine="simulation",
        cost_basis="legacy",
        n_paths=PATHS,
        sigma=sigma,
        annual_discount_rate=rate,
        drop_low=min(ends),
        drop_high=max(ends),
        exclusivity=exclusivity,
        cost_multiple=multiple,
        seed=seed,
        parts="figures",
    )
    simulated, exact = run(spec).summary, run(spec.changed(engine="exact")).summary
    assert simulated["engine"] == "simulation"
    for name in FIGURES:
        assert abs(simulated[name] - exact[name]) <= 4 * simulated[f"{name}_se"], name


def test_standard_errors_are_the_spread_over_seeds() -> None:
    runs = [
        run(
            NpvSpec(
                engine="simulation",
                cost_basis="legacy",
                sigma=0.6,
                cost_multiple=9.0,
                n_paths=20_000,
                seed=s,
                parts="figures",
            )
        ).summary
        for s in range(200)
    ]
    for name in FIGURES:
        spread = np.std([r[name] for r in runs], ddof=1)
        stated = np.mean([r[f"{name}_se"] for r in runs])
        assert stated == pytest.approx(spread, rel=0.25), name


def test_moments_do_not_depend_on_where_they_are_centred() -> None:
    ready, every = setting(work(NpvSpec(cost_basis="legacy"))), blocks(100_000, PATHS_PER_BLOCK)
    found = [
        merge([simulate(ready.projects, ready.mu, centre, 1, every).frame()], centre)
        for centre in (ready.centre, 0.0, 2 * ready.centre)
    ]
    for other in found[1:]:
        assert float(other.unit.mean[0]) == pytest.approx(float(found[0].unit.mean[0]), rel=1e-11)
        assert float(other.unit.sd[0]) == pytest.approx(float(found[0].unit.sd[0]), rel=1e-9)
        assert float(other.unit_se.sd[0]) == pytest.approx(float(found[0].unit_se.sd[0]), rel=1e-7)


def test_agreement_table_is_the_difference_in_standard_errors() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=50_000, parts="figures", sigma=0.6)
    result, exact = run(spec), run(spec.changed(engine="exact"))
    table = result.tables["agreement"]
    mean = row(table, figure="mean_usd")
    assert mean["exact"] == exact.summary["mean_usd"]
    assert mean["se"] == pytest.approx(exact.summary["sd_usd"] / math.sqrt(50_000), rel=1e-9)
    assert mean["z"] == pytest.approx((result.summary["mean_usd"] - mean["exact"]) / mean["se"])
    for name in FIGURES:
        assert row(table, figure=name)["se"] == pytest.approx(result.summary[f"{name}_se"], rel=0.15), name


def _normals(generator: np.random.Generator, size: int) -> np.ndarray:
    """NumPy's normals of a stream; in the ziggurat's tail, beyond 3.654, the sign is the engine's own."""
    state = np.array(generator.bit_generator.state["state"]["state"], dtype=np.uint64)
    ours, numpys = np.empty(size), generator.standard_normal(size)
    fused.normals(state, ours)
    tail = np.abs(numpys) > fused.EDGE
    assert tail.mean() < 1e-3
    return np.where(tail, np.copysign(numpys, ours), numpys)


def by_hand(spec: NpvSpec) -> np.ndarray:
    """NPV of every path, from the same draws, month by month."""
    ready, paths = setting(work(spec)), []
    for block, size in blocks(spec.n_paths, PATHS_PER_BLOCK):
        z, u, d = (stream(spec.seed, f"npv {v}", block) for v in ("revenue", "exclusivity", "drop"))
        months = np.array([2, 8, 15, 40, 58, 72])
        first = _normals(z, size)
        latent = spec.correlation * first + math.sqrt(1 - spec.correlation**2) * _normals(u, size)
        edges = stats.norm.ppf(np.cumsum([0.1, 0.35, 0.15, 0.15, 0.05]))
        kept = months[np.searchsorted(edges, latent, "right")]
        revenue = np.exp(ready.mu[0] + spec.sigma * first)
        left = 1 - (spec.drop_low + (spec.drop_high - spec.drop_low) * d.random(size))
        month = np.arange(1, 73)
        cash = np.where(month <= kept[:, None], 1.0, left[:, None]) * revenue[:, None]
        paths.append(cash @ (1.2 ** (-month / 12)) - ready.projects.values["cost_usd"][0])
    return np.concatenate(paths)


@pytest.mark.parametrize("correlation", [0.0, 0.6, -1.0])
def test_paths_are_the_months_added_up(correlation: float) -> None:
    spec = NpvSpec(
        engine="simulation",
        cost_basis="legacy",
        n_paths=PATHS_PER_BLOCK + 999,
        cost_multiple=12.0,
        correlation=correlation,
    )
    npv, summary = by_hand(spec), run(spec).summary
    ordered = np.sort(npv)
    rank = 0.05 * len(npv)
    assert summary["mean_usd"] == pytest.approx(npv.mean(), rel=1e-10)
    assert summary["sd_usd"] == pytest.approx(npv.std(ddof=1), rel=1e-10)
    assert summary["p_positive"] == np.count_nonzero(npv > 0) / len(npv)
    assert summary["mean_usd_se"] == pytest.approx(npv.std(ddof=1) / math.sqrt(len(npv)), rel=1e-10)
    slack = math.ceil(summary["var5_rank_error"] * len(npv))
    assert ordered[math.floor(rank) - slack] <= summary["var5_usd"] <= ordered[math.ceil(rank) + slack]
    tail = ordered[: math.ceil(rank)].mean()
    cost = summary["upfront_cost_usd"]
    assert summary["cvar5_usd"] + cost == pytest.approx(tail + cost, rel=1e-3)


def test_agrees_with_the_pure_python_double_loop() -> None:
    spec = NpvSpec(preset="published", cost_basis="legacy", training_compute_flop=None, mu=18.5, sigma=0.7)
    table = [(4.96, 0.5), (5.06, 1.0)]
    plain = np.array(simulate_plainly(4_000, 72, 0.2, 18.5, 0.7, 0.7, 2_360_172_224.71, table, 5))
    exact = run(spec).summary
    assert abs(plain.mean() - exact["mean_usd"]) < 4 * plain.std(ddof=1) / math.sqrt(len(plain))
    share = np.mean(plain > 0)
    assert abs(share - exact["p_positive"]) < 4 * math.sqrt(share * (1 - share) / len(plain))


def digest(spec: NpvSpec, cut: list[list[tuple[int, int]]], threads: int = 1) -> str:
    ready = setting(work(spec))

    def part(chosen: list[tuple[int, int]]) -> pl.DataFrame:
        return simulate(ready.projects, ready.mu, ready.centre, spec.seed, chosen).frame()

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(part, cut))
    merged = merge(parts, ready.centre)
    figures = [
        merged.unit,
        merged.unit_se,
        merged.share.tolist(),
        merged.paths_digest,
        merged.histogram.quantile(0.05),
    ]
    return hashlib.sha256(repr(figures).encode()).hexdigest()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_no_cut_into_chunks_and_no_number_of_threads_shows(threads: int) -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=6 * PATHS_PER_BLOCK + 77)
    every = blocks(spec.n_paths, PATHS_PER_BLOCK)
    whole = digest(spec, [every])
    rng = random.Random(threads)
    for _ in range(3):
        inner = sorted(rng.sample(range(1, len(every)), rng.randint(1, len(every) - 1)))
        cut = [every[a:b] for a, b in zip([0, *inner], [*inner, len(every)], strict=True)]
        assert digest(spec, cut, threads) == whole


def test_chunks_are_whole_blocks_in_order_and_cover_the_paths() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=300 * PATHS_PER_BLOCK + 1)
    chunks = Npv().chunks(work(spec))
    assert chunks == [[0, 128], [128, 256], [256, 301]]
    assert Npv().chunks(work(spec.changed(engine="auto"))) == ()


def paths(spec: NpvSpec, count: int) -> np.ndarray:
    """X at mu = 0 of the first paths of block 0."""
    return block_paths(kernel(setting(work(spec)).projects), spec.seed, 0, count)


def test_path_i_does_not_depend_on_the_number_of_paths() -> None:
    spec = NpvSpec(cost_basis="legacy")
    assert np.array_equal(paths(spec, 100), paths(spec, 40_000)[:100])


def test_fixing_one_input_leaves_the_other_draws_alone() -> None:
    base = NpvSpec(cost_basis="legacy", exclusivity="constant", drop=0.0)
    whole = paths(base, 5_000)
    drawn = paths(base.changed(exclusivity="survival"), 5_000)
    assert drawn == pytest.approx(whole, rel=1e-12)


def test_exclusivity_is_drawn_with_the_curves_chances() -> None:
    spec = NpvSpec(cost_basis="legacy", drop=1.0, sigma=0.05)
    model = kernel(setting(work(spec)).projects)
    draws = Draws(3, 0, Scratch())
    gaps = np.concatenate([drawn_gaps(model, draws, 0.7) for _ in range(2)])
    levels, counts = np.unique(-gaps, return_counts=True)
    assert levels.tolist() == pytest.approx(sorted((-model.gaps).tolist()))
    assert stats.chisquare(counts, np.array([0.1, 0.35, 0.15, 0.15, 0.05, 0.2]) * len(gaps)).pvalue > 1e-4


def drawn_gaps(model: Kernel, draws: Draws, rho: float) -> np.ndarray:
    z, gaps = np.empty(PATHS_PER_BLOCK), np.empty(PATHS_PER_BLOCK)
    fused.normals(draws.revenue, z)
    fused.normals(draws.exclusivity, gaps)
    fused.gaps_of(gaps, z, rho, model.guide, model.edges, model.gaps)
    return gaps


@pytest.mark.parametrize("median", [0.5, 8.0, 500.0])
def test_guide_table_is_inversion(median: float) -> None:
    spec = NpvSpec(cost_basis="legacy", exclusivity="lognormal", exclusivity_median_months=median)
    model = kernel(setting(work(spec)).projects)
    latent = np.concatenate([np.linspace(-12, 12, 30_001), model.edges, np.nextafter(model.edges, -np.inf)])
    gaps = latent.copy()
    fused.gaps_of(gaps, np.zeros(len(latent)), 0.0, model.guide, model.edges, model.gaps)
    assert np.array_equal(gaps, model.gaps[np.searchsorted(model.edges, latent, "right")])


def test_digest_names_the_paths() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=1_000)
    mixed = 0xCBF29CE484222325
    for word in paths(spec, 1_000).view(np.uint64).tolist():
        mixed = (mixed ^ word) * 0x100000001B3 % 2**64
    expected = hashlib.sha256(np.array([mixed], "<u8").tobytes()).hexdigest()
    assert run(spec).summary["paths_digest"] == expected


@pytest.mark.parametrize("block", [0, 7])
def test_normals_and_uniforms_are_numpys(block: int) -> None:
    state = np.array(stream(1, "npv revenue", block).bit_generator.state["state"]["state"], dtype=np.uint64)
    ours, uniform = np.empty(2_000_000), np.empty(1_000)
    fused.normals(state, ours)
    fused.uniforms(state, uniform)
    numpys = stream(1, "npv revenue", block)
    assert np.allclose(np.abs(ours), np.abs(numpys.standard_normal(len(ours))), rtol=1e-13, atol=0)
    assert np.array_equal(uniform, numpys.random(1_000))
    tail = ours[np.abs(ours) > fused.EDGE]
    assert stats.binomtest(int((tail > 0).sum()), len(tail)).pvalue > 1e-4
    assert stats.kstest(ours[:500_000], "norm").pvalue > 1e-4


def test_histogram_quantile_and_tail_are_close_to_the_paths() -> None:
    x = np.sort(np.random.default_rng(0).lognormal(0, 1, 100_000))
    edges = np.arange(x[0].view(np.int64) >> 42, (x[-1].view(np.int64) >> 42) + 2)
    counts = np.bincount((x.view(np.int64) >> 42) - edges[0], minlength=len(edges) - 1)
    made = Histogram((edges << 42).view(np.float64), counts)
    for p in (0.001, 0.05, 0.5, 0.99):
        assert made.quantile(p) == pytest.approx(x[int(p * len(x))], rel=2e-3)
        assert made.cdf(made.quantile(p)) == pytest.approx(p, abs=1e-9)
    mean, spread = made.below(0.05)
    q = made.quantile(0.05)
    assert mean == pytest.approx(x[:5_000].mean(), rel=2e-4)
    assert spread == pytest.approx(np.maximum(q - x, 0).std(), rel=2e-3)


@settings(deadline=None)
@given(n=st.integers(1, 10**8), share=st.floats(0, 1))
def test_wilson_interval_solves_its_quadratic(n: int, share: float) -> None:
    successes = round(share * n)
    low, high = wilson(successes, n)
    observed = successes / n
    assert 0 <= low <= observed + 1e-12
    assert observed - 1e-12 <= high <= 1
    for end in (low, high):
        if 1e-12 < end < 1 - 1e-12:
            z_squared = (observed - end) ** 2 * n / (end * (1 - end))
            assert z_squared == pytest.approx(1.959963984540054**2, rel=1e-3)


def test_intervals_hold_wilson_and_order_statistics() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=10_000)
    intervals = run(spec).tables["intervals"]
    assert intervals["figure"].to_list() == list(FIGURES)
    assert ((intervals["ci_low"] <= intervals["estimate"]) & (intervals["estimate"] <= intervals["ci_high"])).all()
    assert row(intervals, figure="p_positive")["method"] == "Wilson"


def test_no_gain_in_any_path_still_has_an_error() -> None:
    summary = run(NpvSpec(preset="published", engine="simulation", n_paths=1_000)).summary
    assert summary["p_positive"] == 0
    assert 0 < summary["p_positive_se"] < 2e-3


def test_tornado_uses_common_paths() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", n_paths=30_000)
    simulated, exact = (run(s).tables["tornado"] for s in (spec, spec.changed(engine="exact")))
    errors = run(spec).summary["mean_usd_se"]
    for name in simulated["input"]:
        ours, oracle = row(simulated, input=name), row(exact, input=name)
        assert abs(ours["swing_usd"] - oracle["swing_usd"]) <= 4.5 * ours["swing_usd_se"] + 1e-6 * oracle["swing_usd"]
        assert ours["swing_usd_se"] < errors / 2 or name == "revenue sigma"
    cost = row(simulated, input="upfront cost")
    assert cost["swing_usd"] == pytest.approx(0.2 * 2_360_172_224.71, rel=1e-9)


def test_wide_revenue_is_called_unreliable_when_simulated() -> None:
    spec = NpvSpec(engine="simulation", cost_basis="legacy", sigma=1.8, n_paths=1_000)
    assert any("unreliable" in warning for warning in run(spec).warnings)
    assert not any("unreliable" in warning for warning in run(spec.changed(engine="exact")).warnings)


def test_one_digest_over_cuts_orders_and_threads() -> None:
    digests = configurations(3 * PATHS_PER_BLOCK + 77)
    assert len(digests) >= 20
    assert len(set(digests)) == 1
