"""Tables of the policy study: instruments, sensitivity, curves, and the plain-language reading."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.exclusivity import Atoms
from engine.welfare.instruments import Position, positions
from engine.welfare.project import Project, project
from engine.welfare.spec import WelfareSpec

RHOS = (0.0, 0.25, 0.5, 0.75, 1.0)
MCPFS = (0.0, 0.1, 0.25, 0.5, 1.0)
COST_MULTIPLES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
CURVE_POINTS = 25
FEWEST_PROJECTS = 0.005
TRANSFER_SHARE = 0.95
TRANSFER_CHANGE = 0.05
FIGURES = ("p_invest", "ps", "cs", "dwl", "fiscal", "welfare", "gain_per_dollar")
NULL_WITHOUT_LEVEL = ("p_invest", "ps", "cs", "dwl", "fiscal", "welfare", "welfare_change", "inframarginal_share")
INSTRUMENT_SCHEMA: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "level": pl.Float64,
    **dict.fromkeys(FIGURES, pl.Float64),
    "label": pl.String,
    "level_unit": pl.String,
    "welfare_change": pl.Float64,
    "inframarginal_share": pl.Float64,
    "pure_transfer": pl.Boolean,
    "note": pl.String,
}
SHOWN = ("instrument", "label", "level", "p_invest", "welfare", "welfare_change", "gain_per_dollar")
SENSITIVITY_SCHEMA = {"parameter": pl.String, "value": pl.Float64, **{n: INSTRUMENT_SCHEMA[n] for n in SHOWN}}
CURVE_SCHEMA = {"cost_multiple": pl.Float64, **{n: INSTRUMENT_SCHEMA[n] for n in SHOWN}}


def instrument_table(found: Sequence[Position], mcpf: float) -> pl.DataFrame:
    """A row an instrument; figures are expected of one project before its type is known.

    Columns: instrument; level (share of the upfront cost, or months: level_unit); p_invest (probability of
    investing); ps (producer surplus net of the upfront cost, before transfers), cs (consumer surplus), dwl (deadweight
    loss), fiscal (expected outlay) and welfare (PS + CS - MCPF x outlay), all in USD, present value; gain_per_dollar
    (USD of welfare over no policy a USD of outlay; null without outlay); label; level_unit; welfare_change (USD over
    no policy); inframarginal_share (of the outlay, to projects that would have gone ahead anyway); pure_transfer;
    note. Figures are null for an instrument that can't spend the outlay.

    Support is called a pure transfer when at least 95 % of it goes to projects that would have gone ahead
    anyway and a dollar changes producer and consumer surplus by less than five cents.
    """
    rows = [{"instrument": p.instrument, "label": p.label, "level": p.level, **_figures(p, mcpf)} for p in found]
    spent = pl.when(pl.col("fiscal") > 0).then("fiscal")
    frame = pl.DataFrame(rows, schema_overrides=INSTRUMENT_SCHEMA)
    frame = frame.with_columns(gain_per_dollar=pl.col("welfare_change") / spent)
    moved = (pl.col("gain_per_dollar") + mcpf).abs() < TRANSFER_CHANGE
    transfer = (pl.col("inframarginal_share") >= TRANSFER_SHARE) & moved
    return frame.with_columns(pure_transfer=transfer).select(*INSTRUMENT_SCHEMA)


def _figures(position: Position, mcpf: float) -> dict[str, float | str | None]:
    about = {"level_unit": position.level_unit, "note": position.note}
    outcome = position.outcome
    if outcome is None:
        return {**about, **dict.fromkeys(NULL_WITHOUT_LEVEL)}
    return {
        **about,
        "p_invest": outcome.p_invest,
        "ps": outcome.ps,
        "cs": outcome.cs,
        "dwl": outcome.dwl,
        "fiscal": position.fiscal,
        "welfare": outcome.ps + outcome.cs - mcpf * position.fiscal,
        "welfare_change": None if position.gained is None else position.gained - mcpf * position.fiscal,
        "inframarginal_share": position.inframarginal,
    }


def sensitivity_table(spec: WelfareSpec, atoms: Atoms, firm: Project, own: Sequence[Position]) -> pl.DataFrame:
    """One input changed at a time, levels found anew: rho, mcpf and cost_multiple, the spec's own value included.

    Columns: parameter, value, then those of SHOWN as in `instrument_table`. Calibration stays at multiple 1.
    """
    parts = [
        *(_labelled(_at_rho(spec, atoms, rho), parameter="rho", value=rho) for rho in _grid(RHOS, spec.rho)),
        *(_labelled(instrument_table(own, m), parameter="mcpf", value=m) for m in _grid(MCPFS, spec.mcpf)),
        *(
            _labelled(_at_multiple(spec, firm, m), parameter="cost_multiple", value=m)
            for m in _grid(COST_MULTIPLES, spec.cost_multiple)
        ),
    ]
    return pl.concat(parts).select(*SENSITIVITY_SCHEMA)


def curve_table(spec: WelfareSpec, firm: Project) -> pl.DataFrame:
    """Welfare by cost multiple, from 1 (or the spec's own) to where fewer than .5 % of projects go ahead unsupported.

    Columns: cost_multiple (evenly spaced in logs), then those of SHOWN as in `instrument_table`.
    """
    last = 1.1 * firm.cost_at(FEWEST_PROJECTS) / spec.reference_cost_usd
    ends = (1.0, spec.cost_multiple, last)
    multiples = np.geomspace(min(ends), max(ends), CURVE_POINTS)
    parts = [_labelled(_at_multiple(spec, firm, float(m)), cost_multiple=float(m)) for m in multiples]
    return pl.concat(parts).select(*CURVE_SCHEMA)


def _grid(values: Sequence[float], own: float) -> list[float]:
    return sorted({*values, own})


def _labelled(frame: pl.DataFrame, **columns: str | float) -> pl.DataFrame:
    return frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()})


def _at_rho(spec: WelfareSpec, atoms: Atoms, rho: float) -> pl.DataFrame:
    other = spec.changed(rho=rho)
    return instrument_table(positions(other, project(other, atoms)[0]), spec.mcpf)


def _at_multiple(spec: WelfareSpec, firm: Project, multiple: float) -> pl.DataFrame:
    other = firm.with_cost(spec.reference_cost_usd * multiple)
    return instrument_table(positions(spec, other), spec.mcpf)


def finding(spec: WelfareSpec, firm: Project, table: pl.DataFrame) -> str:
    """What the table says, in plain words."""
    sentences = [
        f"At {spec.cost_multiple:g} times the reference cost {100 * firm.p_invest:.4g} % of projects go ahead "
        "without support.",
        *_on_spending(spec, table),
        *_on_exclusivity(table),
        f"Without support half of the projects go ahead at {_multiple_at(spec, firm, 0.5):.3g} times the "
        f"reference cost and one in a hundred at {_multiple_at(spec, firm, 0.01):.3g} times.",
    ]
    return " ".join(sentences)


def _multiple_at(spec: WelfareSpec, firm: Project, p_invest: float) -> float:
    return firm.cost_at(p_invest) / spec.reference_cost_usd


def _on_spending(spec: WelfareSpec, table: pl.DataFrame) -> list[str]:
    spent = table.filter(pl.col("gain_per_dollar").is_not_null()).sort("gain_per_dollar", descending=True)
    if spent.is_empty():
        return ["No instrument can spend the outlay."]
    each = "; ".join(f"{label} {gain:.3g}" for label, gain in spent.select("label", "gain_per_dollar").iter_rows())
    sentences = [f"Change in welfare a dollar of outlay, in dollars: {each}."]
    transfers = spent.filter("pure_transfer")["label"].to_list()
    if len(transfers) == spent.height:
        sentences.append(
            "Support is a pure transfer: nearly all of it goes to projects that would have gone ahead anyway, and each "
            f"dollar loses about the {spec.mcpf:g} dollars it costs to raise it."
        )
    elif transfers:
        sentences.append(f"A pure transfer to projects that would have gone ahead anyway: {'; '.join(transfers)}.")
    return sentences


def _on_exclusivity(table: pl.DataFrame) -> list[str]:
    rows = table.filter(pl.col("level_unit") == "months").select("level", "welfare_change").iter_rows()
    each = " and ".join(f"{change / 1e9:+.3g} billion USD with {months:g} months more" for months, change in rows)
    return [f"Longer exclusivity, which costs the budget nothing, changes welfare by {each}."]
