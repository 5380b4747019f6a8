"""The question of the policy study."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from engine.spec import Spec, parameter

Domain = Literal["All", "Language", "Biology", "Vision", "Audio", "Games/Robotics", "Other"]


class WelfareSpec(Spec):
    """A kind of project, what the firm knows before it invests, and the policies compared at equal outlay."""

    study: ClassVar[str] = "welfare"

    cost_multiple: float = parameter(
        1.0,
        "Cost multiple",
        unit="x",
        group="Cost",
        gt=0,
        le=1e6,
        description="upfront cost over the reference cost; revenue stays as calibrated at multiple 1",
    )
    reference_cost_usd: float = parameter(
        2_360_172_224.71,
        "Reference cost",
        unit="USD",
        group="Cost",
        gt=0,
        le=1e15,
        description="upfront cost at multiple 1, on which revenue is calibrated",
    )
    annual_discount_rate: float = parameter(0.20, "Discount rate", unit="a year", group="Discounting", ge=0, le=5)
    horizon_months: int = parameter(72, "Horizon", unit="months", group="Discounting", ge=1, le=600)
    mu: float | None = parameter(
        None,
        "Revenue mu",
        unit="ln USD a month",
        group="Revenue",
        ge=-50,
        le=100,
        description="ln of the median first-month revenue before the shift; empty: calibrated to the target",
    )
    target_mean_usd: float = parameter(
        35.3e9,
        "Target of the calibration",
        unit="USD",
        group="Revenue",
        ge=-1e18,
        le=1e18,
        description="mean NPV at cost multiple 1 before the shift; the 5 % value at risk must not be negative either",
    )
    mu_shift: float = parameter(
        -0.15, "Shift of mu", unit="ln USD a month", group="Revenue", ge=-10, le=10, description="added to mu"
    )
    sigma: float = parameter(
        1.0, "Revenue sigma", group="Revenue", ge=0.05, le=3, description="standard deviation of ln revenue"
    )
    rho: float = parameter(
        0.5,
        "What the firm knows (rho)",
        unit="share of the variance of ln revenue",
        group="Revenue",
        ge=0,
        le=1,
        description="0: all firms see the same prospects; 1: a firm knows its first-month revenue before it invests",
    )
    drop_low: float = parameter(
        0.3, "Revenue drop, from", unit="share of revenue", group="After the lead is lost", ge=0, le=1
    )
    drop_high: float = parameter(
        0.7, "Revenue drop, to", unit="share of revenue", group="After the lead is lost", ge=0, le=1
    )
    exclusivity: Literal["survival", "constant"] = parameter(
        "survival",
        "Exclusivity",
        group="After the lead is lost",
        description="survival: the diffusion study's curve, what never falls lasting to the horizon; constant",
    )
    exclusivity_domain: Domain = parameter(
        "Language", "Domain of the curve", group="After the lead is lost", description="used with survival"
    )
    exclusivity_months: float = parameter(
        8.7,
        "Exclusivity, constant",
        unit="months",
        group="After the lead is lost",
        ge=0,
        le=1200,
        description="used with constant",
    )
    exclusivity_multiple: float = parameter(
        1.0,
        "Exclusivity multiple",
        unit="x",
        group="After the lead is lost",
        gt=0,
        le=100,
        description="stretches every lead",
    )
    outlay_share: float = parameter(
        0.05,
        "Expected outlay",
        unit="share of cost",
        group="Policy",
        ge=1e-4,
        le=0.95,
        description="what each instrument that spends may spend on average, the same for all of them",
    )
    mcpf: float = parameter(
        0.25,
        "Marginal cost of public funds",
        unit="USD a USD",
        group="Policy",
        ge=0,
        le=5,
        description="welfare lost in raising a dollar, beside the dollar",
    )
    credit_rate: float = parameter(
        0.25,
        "Cap of the tax credit",
        unit="share of positive profit",
        group="Policy",
        ge=0,
        le=1,
        description="the credit can't be refunded: it is usable up to this share of a positive profit",
    )
    extension_months: float = parameter(6.0, "Longer exclusivity, shorter", unit="months", group="Policy", gt=0, le=600)
    long_extension_months: float = parameter(
        12.0, "Longer exclusivity, longer", unit="months", group="Policy", gt=0, le=600
    )
    apc_max_share: float = parameter(
        0.9,
        "Largest APC*",
        unit="share of cost",
        group="Policy",
        ge=0,
        le=1,
        description="bound on the smallest purchase commitment that brings the expected NPV to zero",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.drop_low > self.drop_high:
            raise ValueError(f"drop_low {self.drop_low:g} must not exceed drop_high {self.drop_high:g}")
        if self.extension_months >= self.long_extension_months:
            raise ValueError(
                f"extension_months {self.extension_months:g} must be less than "
                f"long_extension_months {self.long_extension_months:g}"
            )
        return self
