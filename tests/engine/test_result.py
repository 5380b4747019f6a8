import datetime as dt
import math

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.result import Result, ResultDamaged, canonical_bytes, difference, fingerprint, jsonable

FRAME = pl.DataFrame(
    {
        "name": ["a", None, "ü"],
        "x": [1.5, None, math.nan],
        "n": [1, 2, None],
        "day": [dt.date(2024, 2, 29), None, dt.date(1950, 1, 1)],
        "yes": [True, False, None],
        "many": [["x", "y"], [], None],
    }
)


def test_arrow_round_trip_keeps_everything() -> None:
    result = Result("s", {"a": 1, "b": [1.5, 2]}, {"t": FRAME, "empty": FRAME.head(0)}, ("careful",), {"f": 1}, "k")
    again = Result.from_arrow(result.to_arrow())
    assert again.sha256() == result.sha256()
    assert again.tables["t"].equals(FRAME, null_equal=True)
    assert (again.summary, again.warnings, again.key) == ({"a": 1, "b": [1.5, 2]}, ("careful",), "k")


def test_a_changed_table_is_noticed() -> None:
    stored = Result("s", {}, {"t": FRAME}).to_arrow()
    other = Result("s", {}, {"t": FRAME.with_columns(n=pl.col("n") + 1)}).to_arrow()
    forged = pa.table({"name": other["name"], "ipc": other["ipc"]}).replace_schema_metadata(stored.schema.metadata)
    with pytest.raises(ResultDamaged):
        Result.from_arrow(forged)
    with pytest.raises(ResultDamaged):
        Result.from_arrow(stored.replace_schema_metadata({}))


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True)), min_size=1, max_size=20), st.data())
def test_canonical_bytes_see_every_value_and_no_layout(values: list[float | None], data: st.DataObject) -> None:
    frame = pl.DataFrame({"v": values}, schema={"v": pl.Float64})
    cut = data.draw(st.integers(0, len(values)))
    pieces = pl.concat([frame[:cut], frame[cut:]], rechunk=False)
    assert canonical_bytes(pieces) == canonical_bytes(frame)
    changed = frame.with_columns(v=pl.when(pl.int_range(pl.len()) == 0).then(12345.678).otherwise("v"))
    if values[0] != 12345.678:
        assert fingerprint(changed) != fingerprint(frame)


def test_null_is_not_zero_nor_empty_text() -> None:
    assert fingerprint(pl.DataFrame({"v": [0.0]})) != fingerprint(pl.DataFrame({"v": [None]}, schema={"v": pl.Float64}))
    assert fingerprint(pl.DataFrame({"v": [""]})) != fingerprint(pl.DataFrame({"v": [None]}, schema={"v": pl.String}))
    assert fingerprint(pl.DataFrame({"v": ["ab", "c"]})) != fingerprint(pl.DataFrame({"v": ["a", "bc"]}))


def test_jsonable_has_no_nan() -> None:
    assert jsonable({"a": math.nan, "b": [math.inf, dt.date(2024, 1, 2)]}) == {"a": None, "b": [None, "2024-01-02"]}


def test_difference_lists_every_figure() -> None:
    left = Result("s", {"rows": 576, "edges": [1, 2.0], "text": "x"})
    right = Result("s", {"rows": 936, "edges": [0]})
    assert difference(left, right).rows() == [
        ("rows", 576.0, 936.0, 360.0),
        ("edges[0]", 1.0, 0.0, -1.0),
        ("edges[1]", 2.0, None, None),
    ]
