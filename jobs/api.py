"""The study's Python classes: a scaling law, a market and a purchase commitment, by the verbs it sketched.

They are short names for the engine: what they return is what the studies compute.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from engine import registry
from engine.npv.spec import LEGACY_COST_USD
from engine.regression import design, fit
from engine.spec import SpecError
from engine.survival import kaplan_meier, median, median_interval
from jobs import client

TRILLION_PARAMETERS = 1e12


@dataclass(frozen=True)
class ScalingLaw:
    """ln y = intercept + gamma ln x by least squares, with HC3 errors and the 95 % interval of gamma."""

    gamma: float
    se: float
    ci_low: float
    ci_high: float
    intercept: float
    r2: float
    n: int

    def predict(self, x: float) -> float:
        """Median response at x."""
        return math.exp(self.intercept + self.gamma * math.log(x))


@dataclass(frozen=True)
class Lag:
    """Median months until a follower, with its 95 % log-log interval; None for an end that is not reached."""

    median_months: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


@dataclass(frozen=True)
class Commitment:
    """The smallest purchase commitment that brings the expected net present value to zero.

    `share` of the cost is None when none within the bound does.
    """

    share: float | None
    usd: float | None
    mean_npv_usd: float
    p_positive: float


class ScalingLawEstimator:
    """Fits power laws."""

    def fit_scaling_law(
        self, parameters: Sequence[float], compute: Sequence[float], method: Literal["power_law"] = "power_law"
    ) -> ScalingLaw:
        """The law of compute on parameters, on rows where both are positive. Raises `DesignError`, `SpecError`."""
        if method != "power_law":
            raise SpecError(f"There is no method '{method}'; there is power_law.")
        table = pl.DataFrame({"x": parameters, "y": compute}, schema={"x": pl.Float64, "y": pl.Float64})
        rows = table.filter((pl.col("x") > 0) & (pl.col("y") > 0)).select(pl.all().log())
        fitted = fit(design(rows, "y", ["x"], []))
        term = fitted.term("x")
        figures = {name: float(term[name]) for name in ("se", "ci_low", "ci_high")}
        intercept = float(fitted.coef[fitted.names.index("const")])
        return ScalingLaw(float(term["coef"]), **figures, intercept=intercept, r2=float(fitted.r2), n=fitted.n)


class MarketAnalyzer:
    """Concentration and the speed of diffusion."""

    def calculate_hhi(self, market_shares: Sequence[float]) -> float:
        """Herfindahl-Hirschman index: sum of squared shares, from 1/n to 1; shares are scaled to add up to one."""
        shares = np.asarray(market_shares, np.float64)
        if not shares.size or (shares < 0).any() or not np.isfinite(shares).all() or shares.sum() == 0:
            raise SpecError("Market shares must be numbers that are not negative, at least one of them positive.")
        return float(((shares / shares.sum()) ** 2).sum())

    def estimate_diffusion_lag(self, innovation_data: pl.DataFrame | None = None) -> Lag:
        """Kaplan-Meier median of `months` with `event` (False: not matched yet), or of the diffusion study's leads."""
        if innovation_data is None:
            summary = client.run(registry.study("diffusion").spec_type.parse({"parts": "curve"})).summary
            return Lag(summary["median_months"], summary["ci_low"], summary["ci_high"], summary["subjects"])
        for name in ("months", "event"):
            if name not in innovation_data.columns:
                raise SpecError(f"The data have no column '{name}'; give months and event.")
        curve = kaplan_meier(innovation_data["months"], innovation_data["event"])
        return Lag(median(curve), *median_interval(curve), n=innovation_data.height)


class APCDesigner:
    """Advance purchase commitments."""

    def calculate_optimal_commitment(
        self,
        cost_function: float | Callable[[float], float],
        diffusion_lag: float,
        innovation_value: float,
        **fields: Any,
    ) -> Commitment:
        """The commitment for a cost (USD, or a function of parameters asked at 1e12), a lead of that many months, and
        an expected first-month revenue in USD; `fields` are further fields of the npv study.
        """
        cost = cost_function(TRILLION_PARAMETERS) if callable(cost_function) else cost_function
        spec_type = registry.study("npv").spec_type
        sigma = float(fields.get("sigma", spec_type.model_fields["sigma"].default))
        asked = {
            "cost_basis": "legacy",
            "cost_multiple": cost / LEGACY_COST_USD,
            "exclusivity": "constant",
            "exclusivity_months": diffusion_lag,
            "mu": math.log(innovation_value) - sigma**2 / 2,
            "parts": "figures",
        }
        summary = client.run(spec_type.parse({**asked, **fields})).summary
        share = summary["apc_star_share"]
        usd = None if share is None else share * summary["upfront_cost_usd"]
        return Commitment(share, usd, summary["mean_usd"], summary["p_positive"])
