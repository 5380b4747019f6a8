"""What a project costs at the start: training compute, its price, and what is put on top."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import stdtrit

from engine.cashflow import Floats
from engine.npv.spec import (
    ANCHOR_PARAMETERS,
    HIGHEST_PRICE_USD_PER_FLOP,
    OBSERVED_PRICE_USD_PER_FLOP,
    PRICES_USD_PER_FLOP,
    NpvSpec,
)
from engine.result import Result
from engine.spec import SpecError

LAW = "compute_on_parameters"


@dataclass(frozen=True)
class Law:
    """ln compute = intercept + slope ln parameters, fitted on n models whose ln parameters have this mean and spread.

    `x_squares` is the sum of squared deviations of ln parameters from their mean.
    """

    slope: float
    intercept: float
    residual_sd: float
    n: int
    x_mean: float
    x_squares: float

    def median_flop(self, parameters: Floats, exponent: Floats, anchor_flop: Floats) -> Floats:
        """Median training compute; NaN in exponent or anchor (compute at 1e9 parameters) stands for the fit's own."""
        fitted = np.exp(self.intercept + self.slope * np.log(ANCHOR_PARAMETERS))
        anchor = np.where(np.isnan(anchor_flop), fitted, anchor_flop)
        power = np.where(np.isnan(exponent), self.slope, exponent)
        return np.asarray(anchor * (parameters / ANCHOR_PARAMETERS) ** power)

    def prediction_factor(self, parameters: float) -> float:
        """The 95 % prediction interval of one model's compute is the median divided and multiplied by this.

        Least-squares prediction with normal errors: t quantile x s x sqrt(1 + 1/n + (x - mean)^2 / sum of squares).
        """
        leverage = 1 / self.n + (np.log(parameters) - self.x_mean) ** 2 / self.x_squares
        quantile = float(stdtrit(self.n - 2, 0.975))
        return float(np.exp(quantile * self.residual_sd * np.sqrt(1 + leverage)))


NO_LAW = Law(np.nan, np.nan, np.nan, 0, np.nan, np.nan)
REFERENCE_LAW = Law(
    slope=1.6974476612803153,
    intercept=12.882557143231345,
    residual_sd=3.6007835226344023,
    n=1094,
    x_mean=20.30567533363079,
    x_squares=19263.574955756085,
)


def law_from(result: Result) -> Law:
    """The pooled law of compute on parameters, from the scaling study's tables `fits` and `points`.

    Raises `SpecError` when that fit could not be run.
    """
    fit = result.tables["fits"].filter((pl.col("name") == LAW) & (pl.col("effects") == "pooled"))
    if fit.is_empty():
        raise SpecError("npv needs the fitted scaling law and it could not be fitted; give training_compute_flop.")
    row, x = fit.row(0, named=True), result.tables["points"]["x"].to_numpy()
    deviations = x - x.mean()
    return Law(
        row["slope"], row["intercept"], row["residual_sd"], row["n"], float(x.mean()), float(deviations @ deviations)
    )


def uses_law(spec: NpvSpec) -> bool:
    """Whether the upfront cost follows from the number of parameters."""
    return spec.cost_basis != "legacy" and spec.training_compute_flop is None


def needs_fit(spec: NpvSpec) -> bool:
    """Whether the cost takes something from the law fitted on the scaling table in use."""
    own_law = spec.scaling_exponent is not None and spec.compute_at_1b_flop is not None
    return spec.law == "fitted" and uses_law(spec) and not own_law


def compute_flop(spec: NpvSpec, law: Law | None, parameters: float) -> float | None:
    """Median compute the law gives for that many parameters; None when there is no law to ask."""
    exponent, anchor = (np.array(np.nan if v is None else v) for v in (spec.scaling_exponent, spec.compute_at_1b_flop))
    value = float((law or NO_LAW).median_flop(np.array(parameters), exponent, anchor))
    return None if np.isnan(value) else value


def price_warnings(spec: NpvSpec, price: float | None) -> list[str]:
    """Sentences about a price or compute that is outside what was seen, overruled, or not used."""
    if price is None:
        given = [n for n in ("training_compute_flop", "price_usd_per_flop") if getattr(spec, n) is not None]
        return [f"The legacy cost basis does not use {' and '.join(given)}."] if given else []
    low, high = OBSERVED_PRICE_USD_PER_FLOP
    warnings = []
    if not low <= price <= high:
        warnings.append(
            f"The price of {price:.3g} USD/FLOP is outside the observed range of {low:.2g} to {high:.2g} "
            f"(5-95 % of 2023-25); the highest in the data is {HIGHEST_PRICE_USD_PER_FLOP:.2g}."
        )
    asked = spec.price_usd_per_flop or PRICES_USD_PER_FLOP[spec.cost_basis]
    if price > asked:
        warnings.append(f"The floor min_price_usd_per_flop raises the price from {asked:.3g} to {price:.3g} USD/FLOP.")
    return warnings
