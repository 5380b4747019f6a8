import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables import TableError
from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Match


def read(column: Column, values: list[Any] | pl.Series) -> tuple[list[Any], list[str]]:
    raw = pl.DataFrame({"Cell": values})
    sheet = Sheet("f.csv", raw, Match({column.name: "Cell"}))
    return sheet.column(column).to_list(), sheet.warnings


NUMBER = Column("n", "number")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("7", 7.0),
        ("1.2e+22", 1.2e22),
        ("1,281,167", 1_281_167.0),
        ("1,000.5", 1000.5),
        (" 3.5 ", 3.5),
        ("", None),
        ("N/A", None),
        ("Unknown", None),
    ],
)
def test_numbers_are_read_from_text(cell, number):
    assert read(NUMBER, [cell])[0] == [number]


def test_words_for_nothing_are_counted():
    assert read(NUMBER, ["unknown", "1", "n/a", None])[1] == [
        "f.csv: cells of 'Cell' that say 'unknown' or the like, read as empty: 2."
    ]


@pytest.mark.parametrize("cell", ["7B", "about 3", "1,2", "12,34,56", "1_000", "0x10", "$5"])
def test_text_in_a_numeric_column_is_refused_with_file_column_row_and_value(cell):
    with pytest.raises(TableError) as error:
        read(NUMBER, ["1", None, cell])
    assert str(error.value) == f"f.csv, column 'Cell', data row 3: '{cell}' is not a number."


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e400", "Infinity"])
def test_an_infinite_number_is_refused(cell):
    with pytest.raises(TableError, match=r"data row 1: '.*' is not a finite number"):
        read(NUMBER, [cell])


def test_a_negative_number_is_refused_unless_the_column_is_signed():
    with pytest.raises(TableError, match=r"^f\.csv, column 'Cell', data row 2: '-1' is negative\.$"):
        read(NUMBER, ["1", "-1"])
    with pytest.raises(TableError, match=r"data row 1: -1\.0 is negative"):
        read(NUMBER, pl.Series([-1.0]))
    assert read(Column("n", "number", signed=True), ["-1"])[0] == [-1.0]


def test_a_whole_number_column_refuses_a_fraction():
    with pytest.raises(TableError, match=r"'2019\.5' is not a whole number"):
        read(Column("n", "number", whole=True), ["2019.0", "2019.5"])


def test_a_list_of_numbers_gives_the_largest_where_the_column_allows_lists():
    column = Column("n", "number", lists=True)
    values, warnings = read(column, ["300, 4e5", "1,000", "5"])
    assert values == [4e5, 1000.0, 5.0]
    assert warnings == ["f.csv: cells of 'Cell' that list several numbers, of which the largest is taken: 1."]
    with pytest.raises(TableError, match="'3, many' is not a number"):
        read(column, ["3, many"])


def test_typed_numbers_are_taken_as_they_are_and_nan_is_empty():
    assert read(NUMBER, pl.Series([1.0, float("nan"), None]))[0] == [1.0, None, None]
    assert read(NUMBER, pl.Series([1, 2], dtype=pl.UInt16))[0] == [1.0, 2.0]
    with pytest.raises(TableError, match="column 'Cell' holds Date, not numbers"):
        read(NUMBER, pl.Series([dt.date(2020, 1, 1)]))


@given(st.lists(st.floats(min_value=0, allow_infinity=False, allow_nan=False), min_size=1))
def test_a_number_written_out_is_read_back(numbers):
    assert read(NUMBER, [repr(n) for n in numbers])[0] == numbers


@given(st.integers(min_value=0, max_value=10**15))
def test_thousands_commas_change_nothing(number):
    assert read(NUMBER, [f"{number:,}"])[0] == [float(number)]


def test_dates_are_read_and_bad_ones_counted_and_empty():
    values, warnings = read(Column("d", "date"), ["2024-03-01", "2025-01-27T10:11:12.5Z", "spring", "", "2024-13-01"])
    assert values == [dt.date(2024, 3, 1), dt.date(2025, 1, 27), None, None, None]
    assert warnings == ["f.csv: dates of 'Cell' that can't be read, the first 'spring': 2."]


def test_typed_dates_are_taken_as_they_are():
    assert read(Column("d", "date"), pl.Series([dt.datetime(2017, 8, 11, 5)]))[0] == [dt.date(2017, 8, 11)]


def test_flags_in_every_spelling():
    cells = ["True", "FALSE", "checked", "", "1", "0", "Yes", "No", None, "unknown"]
    values = read(Column("f", "flag"), cells)[0]
    assert values == [True, False, True, None, True, False, True, False, None, False]
    with pytest.raises(TableError, match="'maybe' is neither true nor false"):
        read(Column("f", "flag"), ["maybe"])
    assert read(Column("f", "flag"), pl.Series([True, None]))[0] == [True, None]


def test_text_has_its_white_space_made_plain():
    cells = ["Cosmos-1.0-\nDiffusion ", " \t", "a\u00a0\u00a0b", None]
    assert read(Column("t", "text"), cells)[0] == ["Cosmos-1.0- Diffusion", None, "a b", None]


def test_lists_are_split_and_repeats_removed_in_order():
    values = read(Column("l", "list"), ["Vision, Language,Vision", "", None])[0]
    assert values == [["Vision", "Language"], None, None]


def test_an_absent_column_is_null_of_its_type():
    sheet = Sheet("f.csv", pl.DataFrame({"x": ["1", "2"]}), Match({}))
    assert sheet.column(NUMBER).dtype == pl.Float64
    assert sheet.column(Column("d", "date")).to_list() == [None, None]


def test_dropped_rows_are_counted_by_the_first_reason_that_fits():
    frame = pl.DataFrame({"a": [1, None, 3], "b": [None, None, 1]})
    kept, dropped = drop_rows(
        frame, {"no a": pl.col("a").is_null(), "no b": pl.col("b").is_null(), "big": pl.col("a") > 9}
    )
    assert kept.rows() == [(3, 1)]
    assert dropped == {"no a": 1, "no b": 1, "big": 0}
