"""Small summaries that several studies share."""

import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

MIN_HEADLINE_ROWS = 20
LARGEST_LOG = math.log(sys.float_info.max)


def quantile_edges(values: pl.Series, parts: int) -> list[float]:
    """Edges of `parts` bins of equal count, by linear interpolation; duplicates kept. Empty for no values."""
    if values.len() == 0:
        return []
    return [float(e) for e in np.quantile(values.to_numpy(), np.linspace(0, 1, parts + 1))]


def binned(column: str, edges: Sequence[float], labels: Sequence[str], *, right_closed: bool) -> pl.Expr:
    """Label each value by the inner edges; right-closed puts a value equal to an edge in the lower bin.

    The outer edges do not cut anything off: the lowest value is in the first bin, and tied or repeated
    edges only leave a bin empty.
    """
    value = pl.col(column)
    expression = pl.lit(labels[0])
    for edge, label in zip(edges[1:-1], labels[1:], strict=True):
        above = value > edge if right_closed else value >= edge
        expression = pl.when(above).then(pl.lit(label)).otherwise(expression)
    return pl.when(value.is_not_null()).then(expression)


def counts_of(column: pl.Series, labels: Sequence[str]) -> list[int]:
    """Number of rows with each label, zeros kept."""
    return [int((column == label).sum()) for label in labels]


def attrition(frame: pl.DataFrame, steps: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Apply filters one after the other; return the rows that remain and the account of the loss.

    The account's columns: step, rows (left after the step), lost (by the step), failing (rows of the
    whole frame that the step alone would drop).
    """
    account = [{"step": "all rows", "rows": frame.height, "lost": 0, "failing": 0}]
    left = frame
    for step, keep in steps.items():
        after = left.filter(keep)
        failing = frame.height - frame.filter(keep).height
        account.append({"step": step, "rows": after.height, "lost": left.height - after.height, "failing": failing})
        left = after
    return left, pl.DataFrame(account)


def quartiles_by(frame: pl.DataFrame, by: Sequence[str], value: str) -> pl.DataFrame:
    """Columns of `by`, n, q1, median, q3 of `value`; quartiles by linear interpolation."""
    column = pl.col(value)
    return (
        frame.group_by(by)
        .agg(
            n=pl.len(),
            q1=column.quantile(0.25, "linear"),
            median=column.median(),
            q3=column.quantile(0.75, "linear"),
        )
        .sort(by)
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the singular for one: '1 row', '1,094 rows'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def exp_or_none(log: float) -> float | None:
    """The number whose natural log is given; none where it is too large to be written."""
    return math.exp(log) if log < LARGEST_LOG else None


def in_words(number: float) -> str:
    """A positive number to two digits, in thousands, millions or billions where it is that large."""
    for size, word in ((1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if number >= size:
            return f"{number / size:.2g}{word}"
    return f"{float(f'{number:.2g}'):g}"
