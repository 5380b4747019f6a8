"""Reading cells: text, numbers, dates, flags and lists, from text or typed columns, with named errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from engine.tables.columns import Column, Match
from engine.tables.errors import TableError, shortened

EMPTY = ("", "-", "--", "?", "n/a", "na", "nan", "none", "null", "unknown", "not available")
TRUE = ("true", "yes", "y", "1", "1.0", "checked", "x")
FALSE = ("false", "no", "n", "0", "0.0", "unchecked")
THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
NUMBER_LIST = r"^\s*[^,\s]+(\s*,\s*[^,\s]+)+\s*$"


@dataclass
class Sheet:
    """A file's raw frame with the columns found in it; `warnings` fills as cells are read."""

    file: str
    raw: pl.DataFrame
    match: Match
    warnings: list[str] = field(default_factory=list)

    def read(self, columns: tuple[Column, ...]) -> pl.DataFrame:
        """One parsed column for each of `columns`; absent ones are null."""
        return pl.DataFrame([self.column(column) for column in columns])

    def column(self, column: Column) -> pl.Series:
        """The parsed cells of one column. Raises `TableError` naming file, column, row and value."""
        header = self.match.headers.get(column.name)
        if header is None:
            return pl.Series(column.name, [None] * self.raw.height, dtype=_DTYPES[column.kind])
        series = _parse(self, self.raw[header], column)
        return series.rename(column.name)

    def fail(self, column: str, row: int, value: object, reason: str) -> TableError:
        """The error for one cell; `row` counts from 0."""
        shown = f"'{shortened(value)}'" if isinstance(value, str) else shortened(value)
        return TableError(f"{self.file}, column '{column}', data row {row + 1}: {shown} {reason}.")


_DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "flag": pl.Boolean(),
    "list": pl.List(pl.String),
}


def _parse(sheet: Sheet, series: pl.Series, column: Column) -> pl.Series:
    if column.kind == "text":
        return clean_text(series)
    if column.kind == "list":
        return split_list(clean_text(series))
    if column.kind == "flag":
        return _flags(sheet, series)
    if column.kind == "date":
        return _dates(sheet, series)
    return _numbers(sheet, series, column)


def drop_rows(frame: pl.DataFrame, steps: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows for which no step's expression is true, and the rows each step took, in step order."""
    dropped: dict[str, int] = {}
    for reason, bad in steps.items():
        kept = frame.filter(~bad.fill_null(False))
        dropped[reason], frame = frame.height - kept.height, kept
    return frame, dropped


def clean_text(series: pl.Series) -> pl.Series:
    """Text with runs of white space (newlines too) made one space and ends trimmed; blank is null."""
    if isinstance(series.dtype, pl.List):
        series = series.cast(pl.List(pl.String)).list.join(",")
    text = series.cast(pl.String).str.replace_all(r"[\s\u00a0]+", " ").str.strip_chars()
    return pl.select(pl.when(text != "").then(text)).to_series().rename(series.name)


def split_list(text: pl.Series) -> pl.Series:
    """Comma-separated text to a list of distinct trimmed parts in the order given; null stays null."""
    parts = text.str.split(",").list.eval(pl.element().str.strip_chars())
    return parts.list.eval(pl.element().filter(pl.element() != "").unique(maintain_order=True)).rename(text.name)


def _numbers(sheet: Sheet, series: pl.Series, column: Column) -> pl.Series:
    numbers = _typed_numbers(series) if series.dtype.is_numeric() else _text_numbers(sheet, series, column)
    _refuse(sheet, series, numbers.is_infinite().fill_null(False), "is not a finite number")
    if not column.signed:
        _refuse(sheet, series, (numbers < 0).fill_null(False), "is negative")
    if column.whole:
        _refuse(sheet, series, (numbers % 1 != 0).fill_null(False), "is not a whole number")
    return numbers


def _typed_numbers(series: pl.Series) -> pl.Series:
    return series.cast(pl.Float64).fill_nan(None)


def _text_numbers(sheet: Sheet, series: pl.Series, column: Column) -> pl.Series:
    if series.dtype not in (pl.String, pl.Null, pl.Categorical):
        raise TableError(f"{sheet.file}, column '{series.name}' holds {series.dtype}, not numbers.")
    text = _without_empty(sheet, series)
    grouped = text.str.contains(THOUSANDS).fill_null(False)
    plain = pl.select(pl.when(grouped).then(text.str.replace_all(",", "")).otherwise(text)).to_series()
    numbers = plain.cast(pl.Float64, strict=False).fill_nan(None)
    left = plain.is_not_null() & numbers.is_null()
    if column.lists and left.any():
        numbers = _largest_of_list(sheet, series.name, plain, numbers, left)
        left = plain.is_not_null() & numbers.is_null()
    _refuse(sheet, series, left, "is not a number")
    return numbers


def _without_empty(sheet: Sheet, series: pl.Series) -> pl.Series:
    text = clean_text(series)
    marks = text.str.to_lowercase().is_in(EMPTY).fill_null(False)
    if count := int(marks.sum()):
        sheet.warnings.append(
            f"{sheet.file}: cells of '{series.name}' that say 'unknown' or the like, read as empty: {count}."
        )
    return pl.select(pl.when(~marks).then(text)).to_series()


def _largest_of_list(sheet: Sheet, name: str, plain: pl.Series, numbers: pl.Series, left: pl.Series) -> pl.Series:
    parts = plain.str.split(",").list.eval(pl.element().str.strip_chars().cast(pl.Float64, strict=False))
    complete = ~parts.list.eval(pl.element().is_null()).list.any()
    whole = left & plain.str.contains(NUMBER_LIST).fill_null(False) & complete.fill_null(False)
    if count := int(whole.sum()):
        sheet.warnings.append(
            f"{sheet.file}: cells of '{name}' that list several numbers, of which the largest is taken: {count}."
        )
    return pl.select(pl.when(whole).then(parts.list.max()).otherwise(numbers)).to_series()


def _refuse(sheet: Sheet, series: pl.Series, bad: pl.Series, reason: str) -> None:
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise sheet.fail(series.name, row, series[row], reason)


def _dates(sheet: Sheet, series: pl.Series) -> pl.Series:
    if series.dtype.is_temporal():
        return series.cast(pl.Date)
    text = clean_text(series)
    dates = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    bad = text.is_not_null() & dates.is_null()
    if count := int(bad.sum()):
        row = int(bad.arg_max() or 0)
        sheet.warnings.append(
            f"{sheet.file}: dates of '{series.name}' that can't be read, the first '{shortened(text[row])}': {count}."
        )
    return dates


def _flags(sheet: Sheet, series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:
        return series
    text = clean_text(series).str.to_lowercase()
    true, false = text.is_in(TRUE).fill_null(False), text.is_in((*FALSE, *EMPTY)).fill_null(False)
    _refuse(sheet, series, text.is_not_null() & ~true & ~false, "is neither true nor false")
    return pl.select(pl.when(true).then(True).when(text.is_not_null()).then(False)).to_series()
