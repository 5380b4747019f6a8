"""The policy study: does support for training runs at the frontier raise welfare, or only hand over money?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from engine.exclusivity import Atoms, median_months
from engine.lead import LEAD_SCHEMA, lead_atoms, lead_figures, lead_table, lead_warnings, needed_curve
from engine.result import Result
from engine.spec import Spec
from engine.study import Study, Work
from engine.welfare import answers, notes
from engine.welfare.commitment import SCHEMA, apc_star_share, commitment_table
from engine.welfare.instruments import positions
from engine.welfare.project import Calibration, Project, kept_weights, project
from engine.welfare.spec import WelfareSpec
from engine.welfare.surplus import streams

SECONDS = 0.5
LANDMARKS = {"cost_multiple_99_percent": 0.99, "cost_multiple_half": 0.5, "cost_multiple_1_percent": 0.01}
STREAM_SCHEMA = {"month": pl.Int64, **dict.fromkeys(("producer", "consumer", "deadweight"), pl.Float64)}


class Welfare(Study[WelfareSpec]):
    """Welfare under no policy, subsidy, tax credit, purchase commitment and longer exclusivity (METHODS section 6).

    All in closed form: partial moments of the normal type and residual, a finite mixture over lead and drop.
    """

    spec_type = WelfareSpec
    parallel = "threads"

    def needs(self, spec: WelfareSpec) -> dict[str, Spec]:
        """The diffusion curve, when leads follow it and there is anything to answer."""
        return {} if spec.preset == "published" else needed_curve(spec)

    def seconds(self, work: Work[WelfareSpec]) -> float:
        """Half a second: most of it finds levels at other inputs."""
        return 0.0 if work.spec.preset == "published" else SECONDS

    def combine(self, work: Work[WelfareSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables instruments, sensitivity, curves, commitment, streams, exclusivity, parameters and
        assumptions.

        streams has, by month 1..H, the expected surplus a unit of first-month monopoly profit: month, producer,
        consumer, deadweight. assumptions has one sentence a row. The preset published has empty tables and
        says why.
        """
        spec = work.spec
        if spec.preset == "published":
            return _nothing_to_repeat(spec)
        curve = work.needs.get("diffusion")
        atoms = lead_atoms(spec, curve)
        firm, rules = project(spec, atoms)
        found = positions(spec, firm)
        table = answers.instrument_table(found, spec.mcpf)
        tables = {
            "instruments": table,
            "sensitivity": answers.sensitivity_table(spec, atoms, firm, found),
            "curves": answers.curve_table(spec, firm),
            "commitment": commitment_table(firm, spec.apc_max_share),
            "streams": _stream_table(spec, atoms),
            "exclusivity": lead_table(spec, curve),
            "parameters": notes.parameter_table(spec, firm, rules),
            "assumptions": pl.DataFrame({"assumption": notes.ASSUMPTIONS}),
        }
        summary = {
            **_figures(spec, firm, rules, atoms, table),
            **lead_figures(spec, curve),
            "finding": answers.finding(spec, firm, table),
        }
        return Result("welfare", summary, tables, (*lead_warnings(curve), *table["note"].drop_nulls()))


def _stream_table(spec: WelfareSpec, atoms: Atoms) -> pl.DataFrame:
    monthly = streams(kept_weights(spec, atoms), spec.drop_low, spec.drop_high)
    columns = {"producer": monthly.producer, "consumer": monthly.consumer, "deadweight": monthly.deadweight}
    return pl.DataFrame({"month": np.arange(1, spec.horizon_months + 1), **columns}, schema=STREAM_SCHEMA)


def _figures(spec: WelfareSpec, firm: Project, rules: Calibration, atoms: Atoms, table: pl.DataFrame) -> dict[str, Any]:
    share = apc_star_share(firm, "payment", spec.apc_max_share)
    spent = table.filter(pl.col("gain_per_dollar").is_not_null())
    median = median_months("survival", atoms, {"exclusivity_multiple": spec.exclusivity_multiple})
    return {
        "outlay_usd": spec.outlay_share * firm.cost,
        "cost_multiple": spec.cost_multiple,
        "upfront_cost_usd": firm.cost,
        "mean_revenue_usd": firm.mean_revenue,
        "mu": firm.types.mu,
        "mu_rule": rules.rule,
        "p_invest": firm.p_invest,
        "pure_transfer": bool(spent.height and spent["pure_transfer"].all()),
        **{name: firm.cost_at(p) / spec.reference_cost_usd for name, p in LANDMARKS.items()},
        "apc_star_share": share,
        "apc_star_usd": None if share is None else share * firm.cost,
        "apc_star_leverage": 1 / share if share else None,
        "apc_floor_star_share": apc_star_share(firm, "floor", spec.apc_max_share),
        "exclusivity_median_months": median,
    }


def _nothing_to_repeat(spec: WelfareSpec) -> Result:
    schemas: dict[str, Any] = {
        "instruments": answers.INSTRUMENT_SCHEMA,
        "sensitivity": answers.SENSITIVITY_SCHEMA,
        "curves": answers.CURVE_SCHEMA,
        "commitment": SCHEMA,
        "streams": STREAM_SCHEMA,
        "exclusivity": LEAD_SCHEMA,
        "parameters": notes.PARAMETER_SCHEMA,
        "assumptions": {"assumption": pl.String},
    }
    summary = {"outlay_usd": None, "cost_multiple": spec.cost_multiple, "finding": notes.NOTHING_TO_REPEAT}
    tables = {name: pl.DataFrame(schema=schema) for name, schema in schemas.items()}
    return Result("welfare", summary, tables, (notes.NOTHING_TO_REPEAT,))
