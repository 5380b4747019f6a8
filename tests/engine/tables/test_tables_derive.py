import datetime as dt
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables import SCHEMAS, TableError, derive, ingest


def models(**columns) -> pl.DataFrame:
    return pl.DataFrame(columns, schema_overrides={"publication_date": pl.Date})


@pytest.mark.parametrize(
    ("versions", "released"),
    [
        ([], dt.date(2024, 3, 4)),
        ([dt.date(2024, 2, 29)], dt.date(2024, 2, 29)),
        ([dt.date(2025, 1, 1)], dt.date(2024, 3, 4)),
        ([dt.date(2025, 1, 1), dt.date(2024, 2, 1), dt.date(2024, 2, 29)], dt.date(2024, 2, 1)),
        ([None], dt.date(2024, 3, 4)),
    ],
)
def test_the_effective_date_is_the_earliest_one_known(versions, released):
    table = models(model=["A"], publication_date=[dt.date(2024, 3, 4)])
    known = pl.DataFrame(
        {"model": ["A"] * len(versions), "version_release_date": versions},
        schema={"model": pl.String, "version_release_date": pl.Date},
    )
    assert derive.with_version_dates(table, known)["release_date"].to_list() == [released]


def test_version_dates_keep_rows_and_their_order():
    table = models(model=["B", "A", "B"], publication_date=[dt.date(2024, 1, d) for d in (3, 2, 1)])
    known = pl.DataFrame({"model": ["B", "Z"], "version_release_date": [dt.date(2024, 1, 2), dt.date(2020, 1, 1)]})
    assert derive.with_version_dates(table, known).select("model", pl.col("release_date").dt.day()).rows() == [
        ("B", 2),
        ("A", 2),
        ("B", 1),
    ]


@pytest.mark.parametrize(
    ("parameters", "tier"),
    [
        (0.0, "<1B"),
        (math.nextafter(1e9, 0), "<1B"),
        (1e9, "1-10B"),
        (math.nextafter(1e10, 0), "1-10B"),
        (1e10, "10-100B"),
        (math.nextafter(1e11, 0), "10-100B"),
        (1e11, ">=100B"),
        (1e13, ">=100B"),
        (None, None),
    ],
)
def test_capability_tiers_have_exact_bounds(parameters, tier):
    table = pl.DataFrame({"parameters": [parameters]}, schema={"parameters": pl.Float64})
    assert table.select(derive.capability_tier()).item() == tier


def test_the_readmes_numerals_are_mapped_and_others_refused():
    assert [derive.tier_number(n) for n in ("I", "II", "III", "IV")] == list(derive.TIERS)
    with pytest.raises(TableError, match="There is no tier 'V'; the tiers are I, II, III, IV"):
        derive.tier_number("V")


@given(
    st.lists(st.floats(min_value=18, max_value=26), min_size=5, max_size=40),
    st.sampled_from(list(derive.FLOP_PER_UNIT)),
)
def test_compute_in_any_unit_gives_the_same_flop(exponents, unit):
    flop = pl.Series([10.0**e for e in exponents])
    middle = flop.median()
    if not 7.8e20 <= middle <= 6.3e23:
        flop = flop / middle * 1e22
    given_ = flop / derive.FLOP_PER_UNIT[unit]
    for asked in (unit, "auto"):
        converted, found = derive.to_flop(given_, asked)
        assert found == unit
        assert (converted / flop - 1).abs().max() < 1e-12


def test_a_day_of_a_petaflop_a_second_is_8_64e19_flop():
    assert derive.to_flop(pl.Series([1.0, None]), "PF-day")[0].to_list() == [1e15 * 86_400, None]
    assert derive.to_flop(pl.Series([1.0]), "TFLOP-day")[0].to_list() == [1e12 * 86_400]
    assert derive.to_flop(pl.Series([1.0]), "GFLOP-day")[0].to_list() == [1e9 * 86_400]


def test_a_bad_unit_names_the_options_and_an_empty_column_is_flop():
    with pytest.raises(TableError, match="There is no compute unit 'EFLOP'; the units are auto, FLOP, PF-day"):
        derive.to_flop(pl.Series([1.0]), "EFLOP")
    assert derive.detect_unit(pl.Series([], dtype=pl.Float64)) == "FLOP"
    assert derive.detect_unit(pl.Series([0.0, None])) == "FLOP"


def test_log_columns_quarter_and_days_match_their_definitions():
    table = models(
        publication_date=[dt.date(2020, 1, 1), dt.date(2021, 3, 31), dt.date(2020, 12, 31)],
        parameters=[1e9, 0.0, None],
        training_compute_flop=[3e22, None, 1.0],
        cost_usd_2023=[1000.0, 10.0, None],
    )
    made = derive.with_logs(table)
    assert made["log10_parameters"].to_list() == pytest.approx([9.0, None, None], abs=1e-12)
    assert made["log10_compute_flop"].to_list() == pytest.approx([math.log10(3e22), None, 0.0], abs=1e-12)
    assert made["log10_cost_usd_2023"].to_list() == pytest.approx([3.0, 1.0, None], abs=1e-12)
    assert made["quarter"].to_list() == [1, 1, 4]
    assert made["days_since_start"].to_list() == [0, 455, 365]


def test_hardware_is_joined_by_name_and_unmatched_names_listed(samples):
    chips = ingest(samples / "epoch_ml_hardware_2025-09.csv").frame
    table = models(
        model=["A", "B", "C", "D"],
        publication_date=[dt.date(2024, 1, 1)] * 4,
        training_hardware=["Example Chip A, Lost Chip", "example  CHIP-a", None, "Lost Chip,Other Chip"],
    )
    joined, unmatched = derive.hardware_of(table, chips)
    assert joined.select("model", "training_hardware", "hardware", "tdp_w").rows() == [
        ("A", "Example Chip A", "Example Chip A", 400.0),
        ("A", "Lost Chip", None, None),
        ("B", "example  CHIP-a", "Example Chip A", 400.0),
        ("D", "Lost Chip", None, None),
        ("D", "Other Chip", None, None),
    ]
    assert unmatched.rows() == [("Lost Chip", 2), ("Other Chip", 1)]


def test_fractional_credit_sums_to_one_a_model():
    table = pl.DataFrame(
        {
            "model": ["A", "B", "C"],
            "publication_date": [dt.date(2024, 1, 1)] * 3,
            "countries": [["France", "Japan"], None, None],
            "country_first": ["France", "China", None],
        }
    )
    credit = derive.country_credit(table)
    assert credit.select("model", "country", "credit").rows() == [
        ("A", "France", 0.5),
        ("A", "Japan", 0.5),
        ("B", "China", 1.0),
    ]


def test_countries_other_sources_do_not_know_are_listed(samples):
    table = pl.DataFrame({"country_first": ["China", "France", "France", "Multinational", None]})
    acts = ingest(samples / "gta_interventions_2025-10.csv").frame
    shares = ingest(samples / "oecd" / "data.csv").frame
    assert derive.unmatched_countries(table, acts, shares).rows() == [
        ("France", 2, "interventions"),
        ("France", 2, "publications"),
    ]


def test_the_field_report_gives_unit_and_null_share(samples):
    frame = ingest(samples / "epoch_notable_2025-09.csv").frame
    report = derive.field_report(frame, "models")
    assert report["column"].to_list() == SCHEMAS["models"].column_names()
    row = report.row(by_predicate=pl.col("column") == "parameters", named=True)
    assert (row["unit"], row["null_share"]) == ("parameters", 0.5)
    assert report.row(by_predicate=pl.col("column") == "training_compute_flop", named=True)["unit"] == "FLOP"
