"""The question of the efficiency study."""

from typing import Any, ClassVar, Literal

from engine.spec import Spec, parameter


class EfficiencySpec(Spec):
    """Weights and rows of the composite index."""

    study: ClassVar[str] = "efficiency"
    presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"rows": "available", "derivatives": True}}

    rows: Literal["complete", "available"] = parameter(
        "complete",
        "Rows in the index",
        description="complete: only models with every metric; available: whatever metrics a model has",
        group="Index",
    )
    derivatives: bool = parameter(
        False,
        "Include derivatives",
        description="models built on a base model, whose compute may be the base model's",
        group="Index",
    )
    multinational: bool = parameter(
        True,
        "'Multinational' as a country",
        description="as in the original dashboard; off credits a model to its first-listed country",
        group="Groups",
    )
    weight_compute_per_dollar: float = parameter(1.0, "Weight of FLOP per USD", ge=0, le=100, group="Weights")
    weight_cost_per_parameter: float = parameter(1.0, "Weight of cost per parameter", ge=0, le=100, group="Weights")
    weight_flop_per_joule: float = parameter(1.0, "Weight of FLOP per joule", ge=0, le=100, group="Weights")
