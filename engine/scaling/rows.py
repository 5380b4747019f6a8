"""The table of a scaling question: units made plain, origin attached, rows chosen and counted."""

from collections.abc import Mapping

import polars as pl

from engine.regression import drop_singletons
from engine.scaling.spec import ScalingSpec
from engine.scaling_law import COLUMNS, labels, origin_known, parse_effects, with_origin
from engine.summaries import attrition
from engine.tables.derive import to_flop


def whole_table(spec: ScalingSpec, tables: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, list[str]]:
    """Every row, in parameters, FLOP and USD, with its origin, and sentences on what was read how.

    A models table is in FLOP; of a user's table, the unit is the spec's, or told from the values.
    """
    table = with_origin(tables)
    known = origin_known(table)
    unit = "FLOP" if known and spec.compute_unit == "auto" else spec.compute_unit
    compute, read_as = to_flop(table["training_compute_flop"], unit)
    scaled = table.with_columns(
        compute.alias("training_compute_flop"),
        pl.col("parameters") * spec.params_scale,
        pl.col("cost_usd_2023") * spec.cost_scale,
    )
    notes = [] if read_as == "FLOP" else [_unit_note(read_as, told=unit != "auto")]
    if not known and not spec.derivatives:
        notes.append("The table does not say which models are derivatives; none could be left out.")
    return scaled, notes


def _unit_note(unit: str, told: bool) -> str:
    made = f"Training compute was read as {unit} and made FLOP."
    return made if told else f"{made} The unit is guessed from the values; if they are FLOP, set the unit of compute."


def account(spec: ScalingSpec, table: pl.DataFrame, effects: str) -> pl.DataFrame:
    """Rows lost on the way to the headline fit with these effects. Columns: step, rows, lost, failing."""
    y, x = COLUMNS[spec.direction]
    steps = {"not a derivative": pl.col("base_model").is_null()} if not spec.derivatives else {}
    if spec.first_year is not None:
        steps[f"released {spec.first_year} or later"] = pl.col("year") >= spec.first_year
    steps |= {f"{name} known": pl.col(name) > 0 for name in (x, y)}
    steps |= {f"{name} known": pl.col(name).is_not_null() for name in labels(effects, spec.covariance == "cluster")}
    left, lost = attrition(table, {step: keep.fill_null(False) for step, keep in steps.items()})
    names = list(parse_effects(effects))
    return pl.concat([lost, _singletons(left, table, names)]) if names else lost


def _singletons(left: pl.DataFrame, table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The step that leaves out rows alone in their level of an effect."""
    rows, whole = drop_singletons(left, names).height, table.drop_nulls(names)
    failing = whole.height - drop_singletons(whole, names).height
    step = f"not alone in their {' or '.join(names)}"
    return pl.DataFrame({"step": step, "rows": rows, "lost": left.height - rows, "failing": failing})
