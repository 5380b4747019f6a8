"""How performance per watt and per dollar of AI hardware grows."""

import math
from typing import Any

import polars as pl

from engine.regression import DesignError, design, fit

PRECISIONS = {"FP32": "fp32_flop_per_s", "Tensor FP16": "tensor_fp16_flop_per_s"}
RATIOS = {"flop_per_s_per_w": "tdp_w", "flop_per_s_per_usd": "release_price_usd"}
TREND_FROM_YEAR = 2008
DAYS_PER_YEAR = 365.25
TREND_SCHEMA: dict[str, Any] = {
    "precision": pl.String,
    "ratio": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("per_year", "ci_low", "ci_high", "doubling_years"), pl.Float64),
}


def hardware_points(hardware: pl.DataFrame) -> pl.DataFrame:
    """Chips with a known ratio. Columns: hardware, manufacturer, release_date, precision, ratio, value
    (FLOP/s per W of thermal design power, or per USD at release)."""
    parts = [
        hardware.filter((pl.col(performance) > 0) & (pl.col(base) > 0) & pl.col("release_date").is_not_null()).select(
            "hardware",
            "manufacturer",
            "release_date",
            precision=pl.lit(precision),
            ratio=pl.lit(ratio),
            value=pl.col(performance) / pl.col(base),
        )
        for precision, performance in PRECISIONS.items()
        for ratio, base in RATIOS.items()
    ]
    return pl.concat(parts).filter(pl.col("release_date").dt.year() >= TREND_FROM_YEAR)


def hardware_trends(points: pl.DataFrame) -> pl.DataFrame:
    """Growth a year of each ratio: OLS of its log on the release date, HC3.

    Columns: precision, ratio, n, per_year (share: .3 is 30 % a year), ci_low, ci_high, doubling_years. A ratio with
    too few chips has no row.
    """
    found = []
    for (precision, ratio), chips in points.group_by(["precision", "ratio"], maintain_order=True):
        try:
            found.append({"precision": precision, "ratio": ratio, **_trend(chips)})
        except DesignError:
            continue
    return pl.DataFrame(found, schema=TREND_SCHEMA)


def _trend(chips: pl.DataFrame) -> dict[str, Any]:
    years = (pl.col("release_date") - pl.date(2020, 1, 1)).dt.total_days() / DAYS_PER_YEAR
    frame = chips.select(years=years, log_value=pl.col("value").log())
    fitted = fit(design(frame, "log_value", ["years"]), "HC3")
    term = fitted.term("years")
    return {
        "n": fitted.n,
        "per_year": math.expm1(term["coef"]),
        "ci_low": math.expm1(term["ci_low"]),
        "ci_high": math.expm1(term["ci_high"]),
        "doubling_years": math.log(2) / term["coef"],
    }
