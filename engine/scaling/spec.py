"""The question of the scaling study."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from engine.regression import Covariance
from engine.scaling_law import LawSpec
from engine.spec import parameter

ComputeUnit = Literal["auto", "FLOP", "PF-day", "TFLOP-day", "GFLOP-day"]
FEWEST_IMPUTATIONS = 20


class ScalingSpec(LawSpec):
    """Which law is the headline, how its errors are computed, and what is asked beside it."""

    study: ClassVar[str] = "scaling"

    covariance: Covariance = parameter(
        "HC3", "Standard errors", description="heteroskedasticity-robust, or clustered by organization", group="Fit"
    )
    compute_unit: ComputeUnit = parameter(
        "auto", "Unit of compute", description="of your own table; auto tells it from the values", group="Units"
    )
    params_scale: float = parameter(
        1.0,
        "Scale of parameters",
        unit="parameters",
        description="what one unit of the table's parameter column stands for: 1e9 for billions",
        group="Units",
        gt=0,
        le=1e18,
    )
    cost_scale: float = parameter(
        1.0,
        "Scale of cost",
        unit="USD of 2023",
        description="what one unit of the table's cost column stands for",
        group="Units",
        gt=0,
        le=1e18,
    )
    replicates: int = parameter(10_000, "Bootstrap replicates", ge=1, le=1_000_000, group="Bootstrap")
    growth_from: int = parameter(2010, "Growth from", unit="year", ge=1950, le=2100, group="Growth")
    top_n: int = parameter(
        10,
        "Running top",
        unit="models",
        description="largest so far, on the day of release",
        group="Growth",
        ge=1,
        le=1000,
    )
    backtest_year: int = parameter(
        2022,
        "Back-test: fit up to",
        unit="year",
        description="the forecast is fitted up to this year and scored on the three after it",
        group="Growth",
        ge=1960,
        le=2100,
    )
    forecast_to: int = parameter(2030, "Forecast to", unit="year", ge=1990, le=2060, group="Growth")
    parameters_count: float = parameter(
        1e12, "Predict compute at", unit="parameters", group="Prediction", ge=1e3, le=1e18
    )
    imputations: int = parameter(
        0,
        "Multiple imputations",
        description=f"0 for none, else {FEWEST_IMPUTATIONS} or more; each takes about a fifth of a second",
        group="Missing data",
        ge=0,
        le=200,
    )

    @model_validator(mode="after")
    def _enough_imputations(self) -> Self:
        if 0 < self.imputations < FEWEST_IMPUTATIONS:
            raise ValueError(f"imputations must be 0 or at least {FEWEST_IMPUTATIONS}, not {self.imputations}")
        return self
