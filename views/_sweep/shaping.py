"""From points to what charts draw: cells, lines and samples, aggregated so that marks stay few."""

from collections.abc import Sequence

import polars as pl

MOST_LEVELS = 40
MOST_LINES = 6
MOST_POSITIONS = 60
MOST_DRAWN = 300
FEW_DIGITS = 3
END_DIGITS = 4
GOLDEN = 0.6180339887498949
NOT_FIGURES = ("point", "key", "error")


def figures(points: pl.DataFrame, axes: Sequence[str]) -> list[str]:
    """Columns that can be drawn: numbers and truths that are known somewhere, those that differ first."""
    found = [
        name
        for name, kind in points.schema.items()
        if (kind.is_numeric() or kind == pl.Boolean) and name not in (*axes, *NOT_FIGURES)
    ]
    known = [name for name in found if points[name].null_count() < points.height]
    return sorted(known, key=lambda name: points[name].n_unique() == 1)


def done(points: pl.DataFrame) -> pl.DataFrame:
    """Points that went well."""
    return points.filter(pl.col("error").is_null()) if "error" in points.columns else points


def cells(points: pl.DataFrame, x: str, y: str, figure: str, logs: Sequence[str] = ()) -> pl.DataFrame:
    """Mean of a figure in each cell of two axes, the other axes averaged over.

    Columns: x, y (text), x_at, y_at (their order), value, lowest, highest, n.
    """
    placed = points.with_columns(
        *_level(points[x], "x", MOST_LEVELS, x in logs), *_level(points[y], "y", MOST_LEVELS, y in logs)
    )
    value = pl.col(figure).cast(pl.Float64)
    return (
        placed.filter(value.is_finite())
        .group_by("x", "x_at", "y", "y_at")
        .agg(value=value.mean(), lowest=value.min(), highest=value.max(), n=pl.len())
        .sort("y_at", "x_at")
    )


def lines(points: pl.DataFrame, x: str, figure: str, colour: str | None, logs: Sequence[str] = ()) -> pl.DataFrame:
    """Mean of a figure along an axis, one line for each level of another one.

    Columns: x (a number, or text), line (text), line_at (its order), value, lowest, highest, n.
    """
    if colour is None:
        level = [pl.lit("all points").alias("line"), pl.lit(0).alias("line_at")]
    else:
        level = [pl.lit(column) for column in _level(points[colour], "line", MOST_LINES, colour in logs)]
    value = pl.col(figure).cast(pl.Float64)
    placed = points.with_columns(*level, _position(points[x], x in logs))
    return (
        placed.filter(value.is_finite())
        .group_by("x", "line", "line_at")
        .agg(value=value.mean(), lowest=value.min(), highest=value.max(), n=pl.len())
        .sort("line_at", "x")
    )


def sample(points: pl.DataFrame, columns: Sequence[str], colour: str) -> pl.DataFrame:
    """Points spread evenly over the design, one row a point and column, for parallel coordinates.

    The points are those with the lowest fractional part of their number times the golden ratio, which no regular
    design can be in step with. Columns: point, colour (the figure's value), column, share (0..1 between lowest and
    highest), value (text).
    """
    whole = points.filter(pl.col(colour).is_not_null())
    some = whole.sort((pl.col("point") * GOLDEN) % 1.0).head(MOST_DRAWN).sort("point")
    parts = [
        some.select(
            pl.col("point").cast(pl.Int64),
            pl.col(colour).cast(pl.Float64).alias("colour"),
            column=pl.lit(name),
            share=_share(whole[name], some[name]),
            value=_texts(some[name]),
        )
        for name in columns
    ]
    return pl.concat(parts)


def ranges(points: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Ends of each column of parallel coordinates. Columns: column, low, high (text)."""
    ends = [(name, points[name].drop_nulls().unique().sort()) for name in columns]
    rows = [(name, _end(values.head(1)), _end(values.tail(1))) for name, values in ends]
    return pl.DataFrame(rows, schema={"column": pl.String, "low": pl.String, "high": pl.String}, orient="row")


def _end(value: pl.Series) -> str:
    found = value.to_list()
    return "" if not found else _short(found[0], END_DIGITS) if isinstance(found[0], float) else str(found[0])


def failures(points: pl.DataFrame, axes: Sequence[str]) -> pl.DataFrame:
    """Points that failed: point, axes, error."""
    if "error" not in points.columns:
        return pl.DataFrame(schema={"point": pl.Int64, "error": pl.String})
    return points.filter(pl.col("error").is_not_null()).select("point", *axes, "error")


def reasons(failed: pl.DataFrame) -> pl.DataFrame:
    """How many points failed for each reason, most first. Columns: points, reason."""
    return (
        failed.group_by(pl.col("error").alias("reason"), maintain_order=True)
        .agg(points=pl.len())
        .sort("points", descending=True, maintain_order=True)
        .select("points", "reason")
    )


def _level(values: pl.Series, name: str, most: int, log: bool) -> tuple[pl.Series, pl.Series]:
    """Values as text, and their order; where there are more than `most`, as bins of equal width (or ratio)."""
    distinct = values.unique()
    if not values.dtype.is_numeric() or distinct.len() <= most:
        rank = values.rank("dense") if values.dtype != pl.Boolean else values.cast(pl.Int8).rank("dense")
        return _texts(values).alias(name), rank.cast(pl.Int64).alias(f"{name}_at")
    bins = _bins(values, most, log)
    middles = pl.DataFrame({"bin": bins, "value": values}).select(pl.col("value").mean().over("bin"))["value"]
    return _texts(middles).alias(name), bins.alias(f"{name}_at")


def _bins(values: pl.Series, most: int, log: bool) -> pl.Series:
    number = values.cast(pl.Float64).log() if log else values.cast(pl.Float64)
    low, high = number.min(), number.max()
    assert isinstance(low, float)
    assert isinstance(high, float)
    return ((number - low) / (high - low) * most).floor().clip(0, most - 1).cast(pl.Int64)


def _position(values: pl.Series, log: bool) -> pl.Series:
    """Where a point stands on a horizontal axis: its value, or the middle of its bin where values are many."""
    if not values.dtype.is_numeric():
        return _texts(values).alias("x")
    if values.n_unique() <= MOST_POSITIONS:
        return values.cast(pl.Float64).alias("x")
    frame = pl.DataFrame({"bin": _bins(values, MOST_POSITIONS, log), "x": values.cast(pl.Float64)})
    return frame.select(pl.col("x").mean().over("bin"))["x"]


def _share(whole: pl.Series, some: pl.Series) -> pl.Series:
    """Place of values between the lowest and the highest of their column; .5 where there is one value only."""
    if whole.dtype.is_numeric():
        ranked, all_ranked = some.cast(pl.Float64), whole.cast(pl.Float64)
    else:
        order = {text: float(i) for i, text in enumerate(whole.cast(pl.String).unique().sort().to_list())}
        ranked = some.cast(pl.String).replace_strict(order, default=None, return_dtype=pl.Float64)
        all_ranked = pl.Series([0.0, float(len(order) - 1)])
    low, high = all_ranked.min(), all_ranked.max()
    if low is None or high is None or low == high:
        return pl.Series("share", [0.5] * some.len())
    assert isinstance(low, float)
    assert isinstance(high, float)
    return ((ranked - low) / (high - low)).alias("share")


def _texts(values: pl.Series) -> pl.Series:
    """Values as short text that tells different values apart."""
    if not values.dtype.is_float():
        return values.cast(pl.String).fill_null("none")
    distinct = values.drop_nulls().unique()
    digits = _digits(distinct.to_list())
    texts = [_short(value, digits) for value in distinct.to_list()]
    return values.replace_strict(distinct, texts, default="none", return_dtype=pl.String)


def _short(value: float, digits: int) -> str:
    """A number of so many significant digits, with a power of ten only from a million on."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.{max(digits, 6)}g}"


def _digits(distinct: Sequence[float]) -> int:
    """Fewest significant digits, at least three, at which different values differ."""
    for digits in range(FEW_DIGITS, 17):
        if len({_short(value, digits) for value in distinct}) == len(distinct):
            return digits
    return 17
