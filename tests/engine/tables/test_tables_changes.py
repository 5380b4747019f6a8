"""Rows added, removed and revised between two vintages of a table."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.tables.changes import table_changes

OLD = pl.DataFrame(
    {
        "hardware": ["A", "B", "C"],
        "manufacturer": ["x", "y", None],
        "tdp_w": [100.0, 200.0, 300.0],
        "foundry": [None, None, None],
        "die_size_mm2": [1.0, 2.0, None],
    },
    schema_overrides={"foundry": pl.String},
)
NEW = pl.DataFrame(
    {
        "hardware": ["C", "B", "D"],
        "manufacturer": ["z", "y", "w"],
        "tdp_w": [300.0 * (1 + 1e-12), 250.0, 400.0],
        "foundry": ["f", None, None],
        "die_size_mm2": [None, None, None],
    },
    schema_overrides={"die_size_mm2": pl.Float64},
)


def test_every_change_is_listed_once():
    found = table_changes("hardware", OLD, NEW)
    assert found["added"].rows() == [("hardware", "D")]
    assert found["removed"].rows() == [("hardware", "A")]
    assert found["revised"].rows() == [
        ("hardware", "C", "manufacturer", None, "z"),
        ("hardware", "B", "tdp_w", "200.0", "250.0"),
    ]
    assert found["counts"].row(0, named=True) == {
        "table": "hardware",
        "rows_old": 3,
        "rows_new": 3,
        "added": 1,
        "removed": 1,
        "revised": 2,
        "cells": 2,
    }


def test_a_column_that_one_vintage_does_not_record_is_no_revision():
    found = table_changes("hardware", OLD, NEW)
    assert found["columns"].rows() == [("hardware", "foundry", "new"), ("hardware", "die_size_mm2", "old")]


def test_rows_of_one_name_are_told_apart():
    old = pl.DataFrame({"country": ["A", "A"], "year": [1, 1], "publication_share_percent": [1.0, 2.0]})
    new = old.reverse().vstack(old.head(1).with_columns(publication_share_percent=pl.lit(3.0)))
    found = table_changes("publications", old, new)
    assert found["added"]["row"].to_list() == ["A, 1 (3)"]
    assert found["revised"].is_empty()
    assert found["removed"].is_empty()


ROWS = st.dictionaries(
    st.sampled_from([f"chip {i}" for i in range(6)]), st.one_of(st.none(), st.floats(0, 1e6)), max_size=6
)


def frame_of(rows: dict[str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"hardware": list(rows), "tdp_w": list(rows.values())}, schema={"hardware": pl.String, "tdp_w": pl.Float64}
    )


@given(ROWS, ROWS)
def test_counts_agree_with_sets_of_names(old, new):
    counts = table_changes("hardware", frame_of(old), frame_of(new))["counts"].row(0, named=True)
    assert counts["added"] == len(set(new) - set(old))
    assert counts["removed"] == len(set(old) - set(new))
    back = table_changes("hardware", frame_of(new), frame_of(old))["counts"].row(0, named=True)
    assert (back["added"], back["removed"], back["cells"]) == (counts["removed"], counts["added"], counts["cells"])


@given(ROWS)
def test_a_table_does_not_differ_from_itself(rows):
    found = table_changes("hardware", frame_of(rows), frame_of(rows).reverse())
    assert found["added"].height + found["removed"].height + found["revised"].height == 0
