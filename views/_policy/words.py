"""Figures of the policy page in words."""

from typing import Any

import polars as pl

BILLION = 1e9
NO_OUTLAY = "spends nothing"
CAN_NOT_SPEND = "no level spends the outlay"


def billions(value: float | None) -> str:
    """An amount in billions of USD."""
    return "none" if value is None else f"{value / BILLION:,.4g} billion USD"


def gain(row: dict[str, Any]) -> str:
    """The gain a dollar of outlay, or why there is none."""
    if row["gain_per_dollar"] is not None:
        return f"{row['gain_per_dollar']:+.3g} USD"
    return CAN_NOT_SPEND if row["welfare"] is None else NO_OUTLAY


def level(row: dict[str, Any]) -> str:
    """How far an instrument goes: a share of the cost, or months."""
    if row["level"] is None:
        return ""
    return f"{row['level']:g} months" if row["level_unit"] == "months" else f"{100 * row['level']:.4g}% of cost"


def unbroken(text: str) -> str:
    """Text that stays on one line of a table."""
    return text.replace(" ", "\u00a0").replace("-", "\u2011")


def shown(instruments: pl.DataFrame) -> pl.DataFrame:
    """The instruments with the column shown: their gain a dollar in words."""
    return instruments.with_columns(pl.Series("shown", [gain(row) for row in instruments.to_dicts()], pl.String))


def transfer(instruments: pl.DataFrame, mcpf: float) -> str:
    """Whether support only hands over money, plainly; empty where it does more."""
    spent = instruments.filter(pl.col("pure_transfer").is_not_null())
    pure = spent.filter("pure_transfer")
    if pure.is_empty():
        return ""
    share = pure["inframarginal_share"].min()
    which = "Support is" if pure.height == spent.height else f"{', '.join(pure['label'])}:"
    return (
        f"**{which} a pure transfer.** At least {share:.1%} of the money goes to projects that would have gone ahead "
        f"anyway. It changes hands and hardly anything else; what is lost is the {mcpf:g} USD it costs to raise each "
        "dollar."
    )
