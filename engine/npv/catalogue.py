"""Scenarios to start from: name to fields of the question."""

from dataclasses import dataclass
from typing import Any, get_args

import polars as pl

from engine.npv.spec import TIERS, CostBasis

AMORTISED, CLOUD, UPFRONT = "amortised", "cloud", "upfront"
COLUMNS = {AMORTISED: "cost_usd_2023", CLOUD: "cost_cloud_usd", UPFRONT: "cost_upfront_usd"}
RUNS = ("GPT-4", "Llama 3.1-405B", "Grok 3")
PUBLISHED_COSTS_USD = {"GPT-4": {AMORTISED: 37e6, CLOUD: 81e6, UPFRONT: 806e6}}


@dataclass(frozen=True)
class Catalogue:
    """Named scenarios, and a sentence for each that the data can't give."""

    scenarios: dict[str, dict[str, Any]]
    missing: tuple[str, ...]


def catalogue(models: pl.DataFrame | None = None) -> Catalogue:
    """Both tiers on every cost basis, the run as published, and real training runs by three definitions of cost.

    `models` is the canonical table. A real run's price is its cost over its training compute, so that its upfront
    cost is the one reported: Epoch's published estimates for GPT-4 (amortised hardware and energy, cloud rental,
    upfront hardware), the table's columns for the others.
    """
    found = {
        f"Tier {tier}, {basis} basis": {"tier": tier, "cost_basis": basis}
        for basis in get_args(CostBasis)
        for tier in TIERS
    }
    found["Study as published"] = {"preset": "published"}
    missing = []
    for run in RUNS:
        made, reasons = _real_run(run, models)
        found |= made
        missing += reasons
    return Catalogue(found, tuple(missing))


def _real_run(run: str, models: pl.DataFrame | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
    row = None if models is None else models.filter(pl.col("model") == run)
    if row is None or row.is_empty():
        return {}, [f"{run} is not in the models table."]
    own = row.row(0, named=True)
    compute = own["training_compute_flop"]
    if compute is None:
        return {}, [f"{run} has no training compute in the models table."]
    made, missing = {}, []
    for definition, column in COLUMNS.items():
        cost = PUBLISHED_COSTS_USD.get(run, {}).get(definition, own.get(column))
        if cost is None:
            missing.append(f"{run} has no {definition} cost in the models table.")
        else:
            made[f"{run}, {definition} cost"] = _fields(own, compute, cost)
    return made, missing


def _fields(own: dict[str, Any], compute: float, cost: float) -> dict[str, Any]:
    fields = {
        "cost_basis": "data",
        "training_compute_flop": compute,
        "price_usd_per_flop": cost / compute,
        "data_confidence": own["confidence"],
    }
    return fields if own["parameters"] is None else {**fields, "parameters_count": own["parameters"]}
