"""What the policy study takes for granted: parameters with unit, range and source, and assumptions in sentences."""

from typing import Any

import polars as pl

from engine.lead import lead_source
from engine.welfare.project import Calibration, Project
from engine.welfare.spec import WelfareSpec

STUDY = "the study's calibration"
ASSUMED = "assumed; no data bear on it"
SOURCES = {
    "reference_cost_usd": f"{STUDY} (cost basis legacy)",
    "cost_multiple": "chosen; the study's tier IV has 1.8",
    "annual_discount_rate": STUDY,
    "horizon_months": STUDY,
    "target_mean_usd": STUDY,
    "mu_shift": "the study's tier IV",
    "sigma": STUDY,
    "rho": ASSUMED,
    "drop_low": STUDY,
    "drop_high": STUDY,
    "exclusivity_multiple": "chosen",
    "outlay_share": "chosen, the same for all instruments that spend",
    "mcpf": "assumed; Ballard, Shoven and Whalley (1985) find .17 to .56 for the United States",
    "credit_rate": ASSUMED,
    "extension_months": "chosen",
    "long_extension_months": "chosen",
    "apc_max_share": "the study's bound",
}
PARAMETER_SCHEMA = {
    "name": pl.String,
    "title": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "range": pl.String,
    "source": pl.String,
}
ASSUMPTIONS = (
    "Demand is linear and serving it costs nothing, so revenue is profit.",
    "While the lead lasts the firm is a monopolist: of every dollar of profit a month consumers gain 50 cents, "
    "and 50 cents are lost.",
    "After that followers hold the price down until the firm has lost its share of revenue, the drop; consumers get "
    "(1 + sqrt(drop))^2 / 2 and (1 - sqrt(drop))^2 / 2 is lost, per unit of monopoly profit.",
    "The followers' own costs and profits are not counted, nor is anything others learn from a project.",
    "Demand does not change over time, and all amounts are present values over the horizon.",
    "Before it invests a firm knows its type, a share rho of the variance of ln revenue; it is neutral to risk and "
    "invests when the expected net present value, support included, is not negative.",
    "How long the lead lasts and how much revenue then drops do not depend on revenue, type or policy, but for longer "
    "exclusivity, which adds its months to every lead.",
    "Every instrument that spends is set so that its expected outlay on one potential project is the same share of the "
    "upfront cost.",
    "The R&D subsidy is a share of the cost paid on investing; the tax credit is a share of the cost, usable up to its "
    "cap times a positive profit; the APC floor tops discounted revenue up to a share of the cost.",
    "Taxes other than the credit are left out, and so are the cost of running a policy and any support misspent.",
    "Welfare is producer surplus net of the upfront cost and before transfers, plus consumer surplus, less the "
    "marginal cost of public funds times the outlay.",
)
NOTHING_TO_REPEAT = (
    "The study's figure 6 was drawn from arbitrary formulas, with no model or data behind it: there is nothing to "
    "reproduce. The corrected preset has a welfare analysis in its place."
)


def parameter_table(spec: WelfareSpec, project: Project, rules: Calibration) -> pl.DataFrame:
    """Every number the answer rests on. Columns: name, title, value, unit, range, source (the spec's fields in order,
    then what was worked out from them)."""
    names = [n for n in SOURCES if n != "exclusivity_multiple" or spec.exclusivity == "survival"]
    rows = [_field_row(name, getattr(spec, name), SOURCES[name]) for name in names]
    if spec.exclusivity == "constant":
        rows.append(_field_row("exclusivity_months", spec.exclusivity_months, "given"))
    return pl.DataFrame([*rows, *_worked_out(spec, project, rules)], schema=PARAMETER_SCHEMA, orient="row")


def _field_row(name: str, value: float, source: str) -> tuple[Any, ...]:
    field = WelfareSpec.model_fields[name]
    extra: Any = field.json_schema_extra
    return name, field.title, float(value), extra["unit"] or "none", _range(name), source


def _range(name: str) -> str:
    bounds = WelfareSpec.model_json_schema()["properties"][name]
    low = f"{bounds['minimum']:g}" if "minimum" in bounds else f"above {bounds['exclusiveMinimum']:g}"
    return f"{low} to {bounds['maximum']:g}"


def _worked_out(spec: WelfareSpec, project: Project, rules: Calibration) -> list[tuple[Any, ...]]:
    lead = lead_source(spec) if spec.exclusivity == "survival" else "given"
    source = {"given": "given", "mean": "calibrated: the rule on the mean NPV binds"}.get(
        rules.rule, "calibrated: the rule on the 5 % value at risk binds"
    )
    whole = float(project.surplus.producer + project.surplus.consumer + project.surplus.deadweight) / 2
    months = "months of first-month profit"
    return [
        ("mu", "Revenue mu, before the shift", rules.mu, "ln USD a month", "-50 to 100 when given", source),
        ("upfront_cost_usd", "Upfront cost", project.cost, "USD", "above 0", "reference cost x multiple"),
        ("mean_revenue_usd", "Mean discounted revenue", project.mean_revenue, "USD", "above 0", "from mu, sigma, E[F]"),
        ("annuity_horizon", "A(H)", whole, months, "above 0", "horizon and discount rate"),
        ("producer_factor", "E[F]", float(project.surplus.producer), months, "0 to A(H)", lead),
        ("consumer_factor", "E[H_cs]", float(project.surplus.consumer), months, "A(H) / 2 to 2 A(H)", lead),
        ("deadweight_factor", "E[H_dwl]", float(project.surplus.deadweight), months, "0 to A(H) / 2", lead),
    ]
