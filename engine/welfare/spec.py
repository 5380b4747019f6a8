"""The question of the policy study."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from engine.lead import LeadSpec
from engine.spec import parameter


class WelfareSpec(LeadSpec):
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
    exclusivity: Literal["survival", "constant"] = parameter(
        "survival",
        "Exclusivity",
        group="Exclusivity",
        description="survival: the diffusion study's curve, what never falls lasting to the horizon; constant",
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
    def _extensions_in_order(self) -> Self:
        if self.extension_months >= self.long_extension_months:
            raise ValueError(
                f"extension_months {self.extension_months:g} must be less than "
                f"long_extension_months {self.long_extension_months:g}"
            )
        return self
