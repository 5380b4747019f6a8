import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables import TableError
from engine.tables.columns import Column, Layout, header_key, match

LAYOUT = Layout(
    "example",
    (
        Column("name", "text", ("Model",), required=True),
        Column("size_gradients", "number", ("Size (gradients)", "Size (total)", "Size (datapoints)")),
        Column("cost_usd", "number", ("Cost (USD)",)),
        Column("open", "flag", stands_in=("name",)),
    ),
    recomputed=("era",),
    left_out=("Abstract",),
)


def actions(headers: list[str]) -> list[tuple[str, ...]]:
    return match(headers, LAYOUT, "f.csv").drift.rows()


@pytest.mark.parametrize(
    "header",
    ["Training compute (FLOP)", "training_compute_(flop)", "training_compute_flop", " TRAINING COMPUTE (flop) "],
)
def test_a_header_is_the_same_whatever_its_case_spaces_and_underscores(header):
    assert header_key(header) == "trainingcomputeflop"


def test_an_expected_header_is_not_drift():
    assert actions(["Model", "size_(GRADIENTS)", "cost_usd", "Abstract"]) == []


def test_a_renamed_header_is_read_and_reported_with_both_names():
    found = match(["Model", "Size (datapoints)", "Cost (USD)"], LAYOUT, "f.csv")
    assert found.headers["size_gradients"] == "Size (datapoints)"
    assert found.drift.rows() == [
        ("size_gradients", "Size (gradients)", "Size (datapoints)", "renamed: read as the expected column")
    ]


def test_a_missing_an_unknown_and_a_recomputed_column_are_reported():
    assert actions(["Model", "Size (gradients)", "Colour", "era"]) == [
        ("cost_usd", "Cost (USD)", "", "missing: left empty"),
        ("Colour", "", "Colour", "unknown: not used"),
        ("era", "", "era", "recomputed: the file's own values are not used"),
    ]


def test_of_two_names_of_one_column_the_newest_counts_and_the_other_is_reported():
    found = match(["Model", "Size (total)", "Size (gradients)", "Cost (USD)"], LAYOUT, "f.csv")
    assert found.headers["size_gradients"] == "Size (gradients)"
    assert found.drift["action"].to_list() == ["second name of a column already found: not used"]


def test_a_missing_required_column_is_named_with_its_file():
    with pytest.raises(TableError, match=r"^f\.csv has no column 'Model', which the example table needs\.$"):
        match(["Size (total)"], LAYOUT, "f.csv")


def test_one_header_serves_one_column_only():
    layout = Layout("x", (Column("version", "text", ("model",)), Column("model", "text")))
    assert match(["model"], layout, "f.csv").headers == {"version": "model"}
    assert match(["version", "model"], layout, "f.csv").headers == {"version": "version", "model": "model"}


@given(st.permutations(["Model", "Size (total)", "Cost (USD)", "Colour"]), st.booleans())
def test_matching_does_not_depend_on_order_or_case(headers, upper):
    shown = [header.upper() for header in headers] if upper else headers
    found = match(shown, LAYOUT, "f.csv")
    assert {name: header_key(header) for name, header in found.headers.items()} == {
        "name": "model",
        "size_gradients": "sizetotal",
        "cost_usd": "costusd",
    }
