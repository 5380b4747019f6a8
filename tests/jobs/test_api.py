"""The study's Python classes give what the engine gives."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.npv.spec import NpvSpec
from engine.spec import SpecError
from jobs import client
from jobs.api import APCDesigner, MarketAnalyzer, ScalingLawEstimator
from jobs.settings import settings


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    settings.cache_clear()
    client.store.cache_clear()
    yield
    settings.cache_clear()
    client.store.cache_clear()


def test_a_law_is_recovered_and_predicts() -> None:
    """Against NumPy's least squares; rows that are not positive are left out."""
    draw = np.random.default_rng(3)
    x = np.exp(draw.normal(20, 2, 200))
    y = np.exp(5 + 1.7 * np.log(x) + draw.normal(0, 0.3, 200))
    law = ScalingLawEstimator().fit_scaling_law([*x, 0.0, -1.0], [*y, 1.0, 1.0])
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    assert (law.gamma, law.intercept, law.n) == (pytest.approx(slope), pytest.approx(intercept), 200)
    assert law.ci_low < 1.7 < law.ci_high
    assert law.predict(1e9) == pytest.approx(math.exp(intercept) * 1e9**slope)


def test_only_power_laws() -> None:
    with pytest.raises(SpecError, match="power_law"):
        ScalingLawEstimator().fit_scaling_law([1.0], [1.0], method="magic")  # type: ignore[arg-type]


@pytest.mark.parametrize(("shares", "index"), [([1.0], 1.0), ([25, 25, 25, 25], 0.25), ([0.6, 0.4], 0.52)])
def test_concentration(shares: list[float], index: float) -> None:
    assert MarketAnalyzer().calculate_hhi(shares) == pytest.approx(index)


@pytest.mark.parametrize("shares", [[], [0.0], [-1.0, 2.0], [math.nan]])
def test_shares_that_are_none(shares: list[float]) -> None:
    with pytest.raises(SpecError, match="Market shares"):
        MarketAnalyzer().calculate_hhi(shares)


def test_lags_of_ones_own_and_of_the_study() -> None:
    data = pl.DataFrame({"months": [1.0, 2.0, 3.0, 4.0, 5.0], "event": [True] * 5})
    lag = MarketAnalyzer().estimate_diffusion_lag(data)
    assert (lag.median_months, lag.n) == (3.0, 5)
    study = MarketAnalyzer().estimate_diffusion_lag()
    assert study.n == 88
    assert study.median_months == pytest.approx(16.3, abs=0.05)
    with pytest.raises(SpecError, match="months"):
        MarketAnalyzer().estimate_diffusion_lag(pl.DataFrame({"event": [True]}))


def test_the_commitment_brings_the_expected_value_to_zero() -> None:
    """A cost above the expected revenue needs exactly the share that is missing, with a function or a number."""
    designer = APCDesigner()
    found = designer.calculate_optimal_commitment(lambda parameters: 2e9 * parameters / 1e12, 8.7, 4e7)
    assert found == designer.calculate_optimal_commitment(2e9, 8.7, 4e7)
    assert found.mean_npv_usd < 0
    assert found.usd == pytest.approx(-found.mean_npv_usd)
    assert found.share == pytest.approx(found.usd / 2e9)
    spec = NpvSpec(
        cost_basis="legacy",
        cost_multiple=2e9 / 2_360_172_224.71,
        exclusivity="constant",
        exclusivity_months=8.7,
        mu=math.log(4e7) - 0.5,
        parts="figures",
    )
    assert client.run(spec).summary["mean_usd"] == pytest.approx(found.mean_npv_usd)


def test_no_commitment_within_the_bound() -> None:
    found = APCDesigner().calculate_optimal_commitment(1e15, 8.7, 1e6)
    assert (found.share, found.usd) == (None, None)
