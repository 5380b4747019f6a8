"""Many projects side by side: a spec, changed in some fields from row to row, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from engine.cashflow import Floats, revenue_annuity, spending_factor
from engine.exclusivity import Atoms, Exclusivity
from engine.lead import lead_atoms
from engine.npv.cost import NO_LAW, REFERENCE_LAW, Law, law_from, needs_fit
from engine.npv.revenue import Revenue, typed_revenue
from engine.npv.spec import LEGACY_COST_USD, PRICES_USD_PER_FLOP, NpvSpec
from engine.result import Result
from engine.spec import SpecError

SHAPE = (
    "annual_discount_rate",
    "horizon_months",
    "sigma",
    "drop_low",
    "drop_high",
    "exclusivity_months",
    "exclusivity_median_months",
    "exclusivity_sigma",
    "exclusivity_multiple",
    "correlation",
    "revenue_ramp_months",
    "revenue_growth_annual",
    "inference_cost_share",
)
COST = (
    "parameters_count",
    "training_compute_flop",
    "scaling_exponent",
    "compute_at_1b_flop",
    "price_usd_per_flop",
    "min_price_usd_per_flop",
    "overhead_multiple",
    "cost_multiple",
    "tier_iv_cost_multiple",
    "upfront_share",
    "spend_months",
    "price_decline_rate_annual",
)
NUMBERS = (*SHAPE, *COST, "mu", "mu_shift", "target_mean_usd", "drop", "apc_max_share")
CHOICES = ("tier", "cost_basis")
VARIES = (*NUMBERS, *CHOICES)
WHOLE = ("horizon_months", "revenue_ramp_months", "spend_months")


@dataclass(frozen=True)
class Scenarios:
    """Projects as arrays, one value a project; all share where exclusivity comes from.

    `values` holds the fields of SHAPE, mu (of tier III; NaN to calibrate), mu_shift (0 in tier III),
    target_mean_usd, apc_max_share, compute_flop and price_usd_per_flop (NaN for the legacy basis),
    reference_cost_usd (tier III, cost multiple 1) and cost_usd: present values of all spending. `revenue` is a
    revenue that is not log-normal.
    """

    values: Mapping[str, Floats]
    exclusivity: Exclusivity
    atoms: Atoms | None
    revenue: Revenue | None = None

    def __len__(self) -> int:
        return len(self.values["sigma"])

    def take(self, rows: Any) -> "Scenarios":
        """Some of the projects, by index array or slice."""
        return replace(self, values={k: v[rows] for k, v in self.values.items()})

    def with_values(self, **values: Floats) -> "Scenarios":
        """These projects with some values replaced."""
        return replace(self, values={**self.values, **values})

    @property
    def in_the_mixture(self) -> bool:
        """Whether the exact engine holds every project."""
        return self.revenue is None and not np.any(self.values["correlation"])

    def annuity(self, months: Floats) -> Floats:
        """Discounted revenue of months 1..k, net of inference, per unit of first-month revenue: (projects, k).

        `months` has shape (k,), or (projects, k).
        """
        rate, ramp, growth, inference = (
            self.values[name][:, None]
            for name in (
                "annual_discount_rate",
                "revenue_ramp_months",
                "revenue_growth_annual",
                "inference_cost_share",
            )
        )
        return (1 - inference) * revenue_annuity(rate, months, ramp, growth)

    def distinct_shapes(self) -> tuple["Scenarios", Any]:
        """Projects that differ in the fields of SHAPE, and for each project the index of its own among them."""
        table = np.column_stack([self.values[name] for name in SHAPE])
        _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
        return self.take(first), inverse.ravel()


@dataclass(frozen=True)
class Evidence:
    """What the spec rests on: the law that sets the cost, the atoms of exclusivity, and the run they come from."""

    law: Law | None
    atoms: Atoms | None
    curve: Result | None = None


def evidence(spec: NpvSpec, needs: Mapping[str, Result]) -> Evidence:
    """Law and atoms, from the results of the specs this one needs or from the spec alone."""
    law = law_from(needs["scaling"]) if needs_fit(spec) else REFERENCE_LAW if spec.law == "reference" else None
    curve = needs.get("diffusion")
    return Evidence(law, lead_atoms(spec, curve), curve)


def scenarios(spec: NpvSpec, found: Evidence, points: pl.DataFrame) -> Scenarios:
    """One project a row of `points`, whose columns are fields of the spec (NUMBERS and CHOICES; null is empty).

    Bounds are the caller's to check (`check_points`). Raises `SpecError` for a row without a cost.
    """
    given = {name: _numbers(spec, points, name) for name in NUMBERS}
    revenue = typed_revenue(spec)
    if revenue is not None and "mu" not in points.columns:
        given["mu"] = np.full(points.height, np.log(revenue.median))
    if revenue is not None and revenue.kind == "lognormal":
        given["sigma"] = given["sigma"] if "sigma" in points.columns else np.full(points.height, revenue.points[1])
    if not spec.price_declines and "price_decline_rate_annual" not in points.columns:
        given["price_decline_rate_annual"] = np.zeros(points.height)
    tier_iv = _choices(spec, points, "tier") == "IV"
    fixed = ~np.isnan(given["drop"])
    kept = {name: given[name] for name in (*SHAPE, "mu", "target_mean_usd", "apc_max_share")}
    values = {
        **kept,
        "drop_low": np.where(fixed, given["drop"], given["drop_low"]),
        "drop_high": np.where(fixed, given["drop"], given["drop_high"]),
        "mu_shift": np.where(tier_iv, given["mu_shift"], 0.0),
        **_costs(given, _choices(spec, points, "cost_basis"), tier_iv, found.law or NO_LAW),
    }
    _check_rows(values)
    drawn = None if revenue is None or revenue.kind == "lognormal" else revenue
    return Scenarios(values, spec.exclusivity, found.atoms, drawn)


def _costs(given: Mapping[str, Floats], basis: Any, tier_iv: Any, law: Law) -> dict[str, Floats]:
    """Compute, price and upfront cost of each project."""
    fitted = law.median_flop(given["parameters_count"], given["scaling_exponent"], given["compute_at_1b_flop"])
    asked = given["training_compute_flop"]
    compute = np.where(np.isnan(asked), fitted, asked)
    listed = np.array([PRICES_USD_PER_FLOP.get(b, np.nan) for b in basis])
    price = np.where(np.isnan(given["price_usd_per_flop"]), listed, given["price_usd_per_flop"])
    price = np.where(np.isnan(listed), np.nan, np.maximum(price, given["min_price_usd_per_flop"]))
    bare = np.where(np.isnan(listed), LEGACY_COST_USD, compute * price)
    spread = spending_factor(
        given["annual_discount_rate"],
        given["upfront_share"],
        given["spend_months"],
        given["price_decline_rate_annual"],
    )
    reference = bare * given["overhead_multiple"] * spread
    tier = np.where(tier_iv, given["tier_iv_cost_multiple"], 1.0)
    return {
        "compute_flop": np.where(np.isnan(listed), np.nan, compute),
        "price_usd_per_flop": price,
        "reference_cost_usd": reference,
        "cost_usd": reference * tier * given["cost_multiple"],
    }


def _numbers(spec: NpvSpec, points: pl.DataFrame, name: str) -> Floats:
    if name in points.columns:
        return points[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    value = getattr(spec, name)
    return np.full(points.height, np.nan if value is None else float(value))


def _choices(spec: NpvSpec, points: pl.DataFrame, name: str) -> Any:
    return points[name].to_numpy() if name in points.columns else np.full(points.height, getattr(spec, name))


def check_points(points: pl.DataFrame) -> None:
    """Raise `SpecError`, one sentence, for a column that can't vary or a value its field does not take."""
    for name in points.columns:
        if name not in VARIES:
            raise SpecError(f"npv points can't vary '{name}'; they can vary {', '.join(VARIES)}.")
        column = points[name]
        if column.dtype.is_float() and column.is_nan().any():
            raise SpecError(f"npv field '{name}' can't be NaN; leave it empty or give a number.")
        extremes = column.unique().to_list() if name in (*CHOICES, *WHOLE) else [column.min(), column.max()]
        for value in [*extremes, *([None] if column.null_count() else [])]:
            NpvSpec.typed(name, value)


def _check_rows(values: Mapping[str, Floats]) -> None:
    if np.any(values["drop_low"] > values["drop_high"]):
        raise SpecError("npv points: drop_low must not exceed drop_high in any row.")
    if np.any(np.isnan(values["cost_usd"])):
        raise SpecError("npv points: a row has no training compute and no law was fitted; give training_compute_flop.")
