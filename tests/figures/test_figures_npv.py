"""The investment figures that METHODS states, on the source files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.npv.cost import REFERENCE_LAW

pytestmark = pytest.mark.figures


def test_reference_law_is_the_fit_on_the_studys_own_input(data_dir: Path) -> None:
    frame = pl.read_parquet(data_dir / "ai_cliff" / "scaling_dataset.parquet")
    used = frame.drop_nulls(["parameters", "train_compute_flops"])
    x, y = (np.log(used[name].to_numpy()) for name in ("parameters", "train_compute_flops"))
    slope, intercept = np.polyfit(x, y, 1)
    residuals = y - intercept - slope * x
    assert len(x) == REFERENCE_LAW.n == 1094
    assert REFERENCE_LAW.slope == pytest.approx(slope, rel=1e-10)
    assert REFERENCE_LAW.intercept == pytest.approx(intercept, rel=1e-10)
    assert REFERENCE_LAW.residual_sd == pytest.approx(np.sqrt(residuals @ residuals / (len(x) - 2)), rel=1e-10)
    assert REFERENCE_LAW.x_mean == pytest.approx(x.mean(), rel=1e-12)
    assert REFERENCE_LAW.x_squares == pytest.approx(((x - x.mean()) ** 2).sum(), rel=1e-10)
