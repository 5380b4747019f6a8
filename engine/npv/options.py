"""What a project may have beyond the plain model, all off by default: fields of the investment study's question."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from engine.spec import Spec, parameter

RevenueKind = Literal["lognormal", "triangular", "pert", "uniform", "empirical"]
Sampling = Literal["plain", "sobol", "conditional"]
Parts = Literal["all", "figures"]
GoalFigure = Literal["mean_usd", "p_positive", "var5_usd", "cvar5_usd", "breakeven_cost_multiple"]
Varied = Literal[
    "mu",
    "sigma",
    "cost_multiple",
    "overhead_multiple",
    "price_usd_per_flop",
    "training_compute_flop",
    "parameters_count",
    "scaling_exponent",
    "annual_discount_rate",
    "horizon_months",
    "drop",
    "exclusivity_multiple",
    "exclusivity_months",
    "exclusivity_median_months",
    "exclusivity_sigma",
    "correlation",
    "revenue_ramp_months",
    "revenue_growth_annual",
    "inference_cost_share",
    "upfront_share",
    "spend_months",
    "price_decline_rate_annual",
    "tier_iv_cost_multiple",
    "mu_shift",
    "target_mean_usd",
]
Confidence = Literal["Confident", "Likely", "Speculative", "Unknown"]
RANGE = ("revenue_low_usd", "revenue_mode_usd", "revenue_high_usd")
PERCENTILES = ("revenue_p5_usd", "revenue_p50_usd", "revenue_p95_usd")
HIGHEST_REVENUE_USD = 1e20


def _canonical_values(given: Any) -> Any:
    """Numbers joined by commas, spelled one way; text that holds anything else is refused."""
    items = given.replace(";", ",").split(",") if isinstance(given, str) else given
    if not isinstance(items, list | tuple):
        raise ValueError("give numbers joined by commas")
    try:
        return ",".join(repr(float(item)) for item in items if str(item).strip())
    except (TypeError, ValueError):
        raise ValueError("give numbers joined by commas") from None


def _money(title: str, about: str) -> Any:
    return parameter(None, title, unit="USD a month", group="Revenue", gt=0, le=HIGHEST_REVENUE_USD, description=about)


class Options(Spec):
    """Revenue, spending and sampling options; each at its default changes nothing."""

    revenue: RevenueKind = parameter(
        "lognormal",
        "Distribution of first-month revenue",
        group="Revenue",
        description="lognormal follows mu and sigma, or the percentiles; the others are given by low, mode and high, "
        "by percentiles, or (empirical) by values",
    )
    revenue_low_usd: float | None = _money("Lowest revenue", "of a triangular, pert or uniform revenue")
    revenue_mode_usd: float | None = _money("Most likely revenue", "of a triangular or pert revenue")
    revenue_high_usd: float | None = _money("Highest revenue", "of a triangular, pert or uniform revenue")
    revenue_p5_usd: float | None = _money("Revenue, 5th percentile", "fitted, with the 50th and 95th")
    revenue_p50_usd: float | None = _money("Revenue, median", "fitted, with the 5th and 95th")
    revenue_p95_usd: float | None = _money("Revenue, 95th percentile", "fitted, with the 5th and 50th")
    revenue_values_usd: Annotated[str, BeforeValidator(_canonical_values)] = parameter(
        "",
        "Observed revenues",
        unit="USD a month",
        group="Revenue",
        description="of an empirical revenue: numbers joined by commas, each as likely as the next",
    )
    revenue_ramp_months: int = parameter(
        1, "Months to full revenue", unit="months", group="Revenue", ge=1, le=600, description="in a straight line"
    )
    revenue_growth_annual: float = parameter(
        0.0, "Revenue growth", unit="a year", group="Revenue", ge=-0.99, le=5, description="compounding monthly"
    )
    inference_cost_share: float = parameter(
        0.0, "Inference cost", unit="share of revenue", group="Revenue", ge=0, le=0.99
    )
    correlation: float = parameter(
        0.0,
        "Correlation of revenue and exclusivity",
        group="Exclusivity",
        ge=-1,
        le=1,
        description="of the normal variables behind both (Gaussian copula); simulated",
    )
    upfront_share: float = parameter(
        1.0, "Share of the cost spent at once", unit="share of cost", group="Cost", ge=0, le=1
    )
    spend_months: int = parameter(
        12,
        "Months of later spending",
        unit="months",
        group="Cost",
        ge=1,
        le=600,
        description="over which what is not spent at once is spread evenly",
    )
    price_declines: bool = parameter(False, "Prices decline", group="Cost", description="for later spending")
    price_decline_rate_annual: float = parameter(
        0.35, "Price decline", unit="a year", group="Cost", ge=0, lt=1, description="used when prices decline"
    )
    sampling: Sampling = parameter(
        "plain",
        "Sampling",
        group="Run",
        description="plain: independent paths; sobol: scrambled Sobol points; conditional: Sobol points for "
        "exclusivity and drop, revenue integrated in closed form; errors of the last two from replicates",
    )
    data_confidence: Confidence = parameter(
        "Unknown", "Confidence of the compute data", group="Uncertainty", description="the publisher's tier"
    )
    log10_sd_confident: float = parameter(
        0.15, "Error of Confident data", unit="log10", group="Uncertainty", ge=0, le=3, description="your own judgement"
    )
    log10_sd_likely: float = parameter(0.3, "Error of Likely data", unit="log10", group="Uncertainty", ge=0, le=3)
    log10_sd_speculative: float = parameter(
        0.6, "Error of Speculative data", unit="log10", group="Uncertainty", ge=0, le=3
    )
    log10_sd_unknown: float = parameter(0.6, "Error of other data", unit="log10", group="Uncertainty", ge=0, le=3)
    uncertain_data: bool = parameter(
        True, "Carry the error of the data", group="Uncertainty", description="into the table `uncertainty`"
    )
    uncertain_law: bool = parameter(
        True,
        "Carry the law's prediction interval",
        group="Uncertainty",
        description="into the table `uncertainty`, where the law sets the compute",
    )
    uncertain_price: bool = parameter(
        True,
        "Carry the spread of prices",
        group="Uncertainty",
        description="into the table `uncertainty`: the observed 5-95 % range of the price of compute",
    )

    goal_input: Varied | None = parameter(
        None,
        "Goal seek: input",
        group="Goal seek",
        description="looked for within its bounds, the others as they are and mu where the calibration put it",
    )
    goal_figure: GoalFigure = parameter("mean_usd", "Goal seek: figure", group="Goal seek")
    goal_value: float = parameter(
        0.0, "Goal seek: target", unit="USD, or a share", group="Goal seek", ge=-1e18, le=1e18
    )
    grid_x: Varied = parameter("cost_multiple", "Two-way grid: across", group="Two-way grid")
    grid_y: Varied = parameter("annual_discount_rate", "Two-way grid: up", group="Two-way grid")
    grid_change: float = parameter(
        0.5,
        "Range of grid and spider",
        unit="share",
        group="Two-way grid",
        gt=0,
        lt=1,
        description="either way of each input, within its bounds",
    )
    sobol_samples: int = parameter(
        256,
        "Samples of the Sobol table",
        group="Decision",
        ge=0,
        le=65_536,
        description="a power of 2; 0: no table. Inputs vary by the change in the tornado, mean NPV answers",
    )
    parts: Parts = parameter(
        "all", "Tables", group="Run", description="figures: the figures, tiers and distribution alone, in a blink"
    )

    @model_validator(mode="after")
    def _questions_can_be_asked(self) -> Self:
        if self.grid_x == self.grid_y:
            raise ValueError("grid_x and grid_y must be two inputs")
        if self.sobol_samples & (self.sobol_samples - 1):
            raise ValueError("sobol_samples must be a power of 2, or 0")
        return self

    @model_validator(mode="after")
    def _revenue_is_given_once(self) -> Self:
        fault = _revenue_fault(self)
        if fault:
            raise ValueError(fault)
        return self

    @property
    def typed_percentiles(self) -> bool:
        """Whether revenue is given by its 5th, 50th and 95th percentile."""
        return self.revenue_p5_usd is not None

    @property
    def decline(self) -> float:
        """Yearly decline of the price that later spending pays."""
        return self.price_decline_rate_annual if self.price_declines else 0.0

    @property
    def log10_sd_data(self) -> float:
        """The error that stands for the data's confidence tier."""
        return float(getattr(self, f"log10_sd_{self.data_confidence.lower()}"))


def _revenue_fault(spec: Options) -> str:
    """Why the revenue fields don't fit together; empty when they do."""
    ranged = [name for name in RANGE if getattr(spec, name) is not None]
    percentiles = [name for name in PERCENTILES if getattr(spec, name) is not None]
    if spec.revenue == "empirical":
        return _empirical_fault(spec, [*ranged, *percentiles])
    if spec.revenue_values_usd:
        return "revenue_values_usd is used with revenue empirical only"
    if percentiles:
        return _percentile_fault(spec, ranged, percentiles)
    needed = {"lognormal": (), "uniform": (RANGE[0], RANGE[2])}.get(spec.revenue, RANGE)
    if sorted(ranged) != sorted(needed):
        return f"revenue {spec.revenue} takes {', '.join(needed) or 'mu and sigma'}, or all of {', '.join(PERCENTILES)}"
    values = [getattr(spec, name) for name in needed]
    if values and (values != sorted(values) or values[0] == values[-1]):
        return f"{', '.join(needed)} must rise from one to the next"
    return ""


def _percentile_fault(spec: Options, ranged: list[str], percentiles: list[str]) -> str:
    if ranged:
        return f"give {', '.join(percentiles)} or {', '.join(ranged)}, not both"
    if len(percentiles) < len(PERCENTILES):
        return f"percentiles need all of {', '.join(PERCENTILES)}"
    low, middle, high = (getattr(spec, name) for name in PERCENTILES)
    if not low < middle < high:
        return f"the percentiles must rise: 5 % is {low:g}, 50 % is {middle:g}, 95 % is {high:g}"
    return ""


def _empirical_fault(spec: Options, given: list[str]) -> str:
    values = [float(v) for v in spec.revenue_values_usd.split(",") if v]
    if given:
        return f"revenue empirical takes revenue_values_usd, not {', '.join(given)}"
    if len(values) < 2:
        return "revenue empirical needs at least two values in revenue_values_usd"
    if not all(0 < value <= HIGHEST_REVENUE_USD for value in values):
        return f"every value in revenue_values_usd must be above 0 and at most {HIGHEST_REVENUE_USD:g}"
    return ""
