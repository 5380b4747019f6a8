"""Global Trade Alert interventions to the canonical table: one row an intervention."""

import polars as pl

from engine.tables import vocabulary
from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout

LAYOUT = Layout(
    "interventions",
    (
        Column("intervention_id", "number", ("Intervention ID",), required=True, whole=True),
        Column("state_act_id", "number", ("State Act ID",), required=True, whole=True),
        Column("evaluation", "text", ("GTA Evaluation",), required=True),
        Column("intervention_type", "text", ("Intervention Type",), required=True),
        Column("implementation_level", "text", ("Implementation Level",)),
        Column("eligible_firm", "text", ("Eligible Firm",)),
        Column("implementers", "text", ("Implementing Jurisdictions",), required=True),
        Column("affected", "text", ("Affected Jurisdictions",), required=True),
        Column("date_announced", "date", ("Date Announced",)),
        Column("date_implemented", "date", ("Date Implemented",), required=True),
        Column("date_removed", "date", ("Date Removed",)),
        Column("in_force", "flag", ("Is In Force",)),
    ),
    left_out=(
        "Intervention URL",
        "State Act URL",
        "State Act Title",
        "Mast Chapter",
        "Affected Sectors",
        "Affected Products",
        "Is Horizontal",
    ),
)


def build(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows and the count of rows dropped by reason."""
    frame = sheet.read(LAYOUT.columns)
    steps = {
        "no intervention or act number": pl.any_horizontal(pl.col("intervention_id", "state_act_id").is_null()),
        "no implementing country": pl.col("implementers").is_null(),
        "intervention number repeated": ~pl.col("intervention_id").is_first_distinct(),
    }
    frame, dropped = drop_rows(frame, steps)
    frame = _typed(frame)
    _report(sheet, frame)
    return frame, dropped


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    listed = [
        vocabulary.mapped(frame[name], vocabulary.countries, pl.List(pl.String)).fill_null([])
        for name in ("implementers", "affected")
    ]
    return frame.with_columns(
        pl.col("intervention_id", "state_act_id").cast(pl.Int64),
        *listed,
        in_force=pl.col("in_force").fill_null(False),
    )


def _report(sheet: Sheet, frame: pl.DataFrame) -> None:
    undated = frame["date_implemented"].null_count()
    removed = frame.height - frame["date_removed"].null_count()
    idle = int((~frame["in_force"]).sum())
    sheet.warnings.append(
        f"{sheet.file}: interventions undated {undated}, not in force {idle}, removed {removed}; "
        f"all {frame.height} are kept."
    )
