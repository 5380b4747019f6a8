"""The question of the investment study, and the figures it takes for granted."""

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from engine.lead import LeadSpec
from engine.npv.options import Options
from engine.spec import parameter

Tier = Literal["III", "IV"]
CostBasis = Literal["legacy", "readme", "data"]

TIERS: tuple[Tier, ...] = ("III", "IV")
LEGACY_COST_USD = 2_360_172_224.71
PRICES_USD_PER_FLOP = {"readme": 5e-11, "data": 1.19e-18}
OBSERVED_PRICE_USD_PER_FLOP = (6.4e-19, 2.9e-18)
HIGHEST_PRICE_USD_PER_FLOP = 2.2e-15
PUBLISHED_COMPUTE_FLOP = 4.769132e25
PUBLISHED_EXPONENT = 1.697
PUBLISHED_ANCHOR_FLOP = 1e20
ANCHOR_PARAMETERS = 1e9


class NpvSpec(Options, LeadSpec):
    """One project: what it costs, what it earns, how long its lead lasts, and how to compute the answer."""

    study: ClassVar[str] = "npv"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "published": {
            "cost_basis": "readme",
            "training_compute_flop": PUBLISHED_COMPUTE_FLOP,
            "mu": 15.0,
            "sigma": 1.0,
            "drop": 0.7,
            "exclusivity": "published",
            "n_paths": 10_000,
        }
    }

    engine: Literal["auto", "exact", "simulation"] = parameter(
        "auto",
        "Engine",
        group="Run",
        description="exact: a mixture of log-normals in closed form; simulation: random paths; "
        "auto: exact whenever the question allows it",
    )
    n_paths: int = parameter(
        1_000_000,
        "Simulated paths",
        unit="paths",
        group="Run",
        ge=100,
        le=2_000_000_000,
        description="used by the simulation only",
    )
    tier: Tier = parameter(
        "III", "Tier", group="Project", description="IV costs more (1.8 times) and earns less (mu - .15) than III"
    )
    parameters_count: float = parameter(
        1e12, "Parameters of the model", unit="parameters", group="Project", ge=1e6, le=1e16
    )
    cost_basis: CostBasis = parameter(
        "data",
        "Cost basis",
        group="Cost",
        description="data: compute x 1.19e-18 USD a FLOP, the 2023-25 median; readme: compute x 5e-11; "
        "legacy: 2,360,172,224.71 USD whatever the compute",
    )
    law: Literal["reference", "fitted"] = parameter(
        "reference",
        "Scaling law",
        group="Cost",
        description="reference: the pooled fit on the study's own 1,094 models, 9.2086e25 FLOP at 1e12 parameters; "
        "fitted: the pooled fit on the scaling table in use",
    )
    training_compute_flop: float | None = parameter(
        None,
        "Training compute",
        unit="FLOP",
        group="Cost",
        gt=0,
        le=1e40,
        description="empty: median of the scaling law at the model's parameters",
    )
    scaling_exponent: float | None = parameter(
        None,
        "Exponent of the scaling law",
        group="Cost",
        ge=0,
        le=5,
        description="compute grows with parameters to this power, from its value at 1e9; empty: the law's",
    )
    compute_at_1b_flop: float | None = parameter(
        None, "Compute at 1e9 parameters", unit="FLOP", group="Cost", gt=0, le=1e40, description="empty: the law's"
    )
    price_usd_per_flop: float | None = parameter(
        None, "Price of compute", unit="USD/FLOP", group="Cost", gt=0, le=1, description="empty: as the basis says"
    )
    min_price_usd_per_flop: float = parameter(
        0.0, "Floor of the price", unit="USD/FLOP", group="Cost", ge=0, le=1, description="0: no floor"
    )
    overhead_multiple: float = parameter(
        1.0, "Overhead", unit="x", group="Cost", gt=0, le=1000, description="other cost, as a multiple of compute cost"
    )
    cost_multiple: float = parameter(
        1.0,
        "Cost multiple",
        unit="x",
        group="Cost",
        gt=0,
        le=1e12,
        description="scales the upfront cost after mu has been calibrated, beside the tier's own multiple",
    )
    tier_iv_cost_multiple: float = parameter(1.8, "Cost of tier IV", unit="x tier III", group="Cost", gt=0, le=1000)
    sigma: float = parameter(
        1.0, "Revenue sigma", group="Revenue", ge=0.05, le=5, description="standard deviation of ln revenue"
    )
    mu_shift: float = parameter(-0.15, "Shift of mu in tier IV", group="Revenue", ge=-10, le=10)
    drop: float | None = parameter(
        None,
        "Revenue drop, fixed",
        group="Revenue drop",
        ge=0,
        le=1,
        description="share of revenue lost once the lead is lost; empty: uniform between the two ends",
    )
    exclusivity_median_months: float = parameter(
        8.0, "Exclusivity, median", unit="months", group="Exclusivity", gt=0, le=1200, description="used with lognormal"
    )
    exclusivity_sigma: float = parameter(
        0.6, "Exclusivity, sigma", group="Exclusivity", gt=0, le=5, description="used with lognormal"
    )
    apc_max_share: float = parameter(
        0.9, "Largest purchase commitment", unit="share of cost", group="Decision", ge=0, le=1
    )
    tornado_change: float = parameter(
        0.10,
        "Change in the tornado",
        unit="share",
        group="Decision",
        gt=0,
        lt=1,
        description="either way of each input",
    )

    @model_validator(mode="after")
    def _engine_holds_the_options(self) -> Self:
        if self.mu is not None and (self.revenue != "lognormal" or self.typed_percentiles):
            raise ValueError("mu can't be given beside a revenue of its own; leave mu empty")
        if self.engine == "exact" and self.beyond_the_mixture:
            raise ValueError(f"the exact engine can't hold {self.beyond_the_mixture}; choose simulation or auto")
        if self.sampling == "conditional" and (self.revenue != "lognormal" or abs(self.correlation) == 1):
            raise ValueError("conditional sampling needs a log-normal revenue and a correlation between -1 and 1")
        return self

    @property
    def drop_is_uniform(self) -> bool:
        """Whether the drop lies between the two ends: no fixed one is given."""
        return self.drop is None

    @property
    def beyond_the_mixture(self) -> str:
        """What no finite mixture of log-normals holds; empty when it holds everything."""
        if self.correlation:
            return "revenue and exclusivity that are correlated"
        return "" if self.revenue == "lognormal" else f"a revenue that is {self.revenue}"

    @property
    def chosen_engine(self) -> Literal["exact", "simulation"]:
        """The engine that answers: auto takes exact where the mixture holds everything asked."""
        return "simulation" if self.engine == "simulation" or self.beyond_the_mixture else "exact"

    @property
    def engine_reason(self) -> str:
        """Why that engine, for people."""
        if self.engine != "auto":
            return f"The {self.engine} engine was asked for."
        if self.beyond_the_mixture:
            return f"Simulated: no mixture of log-normals holds {self.beyond_the_mixture}."
        return "Exact: a mixture of log-normals holds everything asked."
