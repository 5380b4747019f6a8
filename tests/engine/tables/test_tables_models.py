import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.tables import SCHEMAS, TableError, ingest

VINTAGES = {
    "epoch_all_2025-03.csv": (7, 43, 3),
    "epoch_notable_2025-09.csv": (2, 42, 2),
    "epoch_large_scale_2025-09.csv": (1, 31, 1),
    "epoch_clean_2025-10.csv": (3, 40, 3),
    "dashboards_models_final.csv": (3, 42, 3),
    "epoch_all_unseen.csv": (2, 41, 2),
}


def one(samples, file, model):
    return ingest(samples / file).frame.row(by_predicate=pl.col("model") == model, named=True)


@pytest.mark.parametrize(("file", "shape"), VINTAGES.items())
def test_every_vintage_becomes_the_one_schema(samples, file, shape):
    made = ingest(samples / file)
    assert made.kind == "models"
    assert (made.rows_read, made.columns_read, made.frame.height) == shape
    assert made.frame.columns == SCHEMAS["models"].column_names()
    SCHEMAS["models"].validate(made.frame)


@pytest.mark.parametrize(
    ("file", "renamed"),
    [
        (
            "epoch_all_2025-03.csv",
            {
                "countries": "Country (from Organization)",
                "dataset_size_gradients": "Training dataset size (datapoints)",
                "utilisation_mfu": "Hardware utilization",
            },
        ),
        ("epoch_large_scale_2025-09.csv", {"organization_type": "Organization categorization (from Organization)"}),
        ("epoch_all_unseen.csv", {"dataset_size_gradients": "Training dataset size (total)"}),
        ("epoch_clean_2025-10.csv", {}),
    ],
)
def test_the_drift_report_lists_renamed_columns(samples, file, renamed):
    drift = ingest(samples / file).drift.filter(pl.col("action").str.starts_with("renamed"))
    found = dict(drift.select("column", "found").iter_rows())
    assert renamed.items() <= found.items()
    assert bool(found) == bool(renamed)


def test_the_drift_report_lists_unknown_and_missing_columns(samples):
    drift = ingest(samples / "epoch_all_unseen.csv").drift
    assert drift.filter(pl.col("action").str.starts_with("unknown"))["found"].to_list() == [
        "Hardware acquisition cost",
        "Reasoning model",
    ]
    assert "approach" in drift.filter(pl.col("action").str.starts_with("missing"))["column"].to_list()


def test_derived_columns_of_the_dashboards_table_are_recomputed_not_used(samples):
    final, clean = (ingest(samples / name) for name in ("dashboards_models_final.csv", "epoch_clean_2025-10.csv"))
    recomputed = final.drift.filter(pl.col("action").str.starts_with("recomputed"))["column"].to_list()
    assert recomputed == ["year", "era", "domain_group", "export_controls_sum", "publication_count"]
    assert final.frame.equals(clean.frame)


def test_dropped_rows_are_counted_by_reason(samples):
    made = ingest(samples / "epoch_all_2025-03.csv")
    assert dict(made.dropped.iter_rows()) == {
        "no model name": 1,
        "no publication date": 1,
        "publication date can't be read": 1,
        "model name repeated": 1,
    }
    assert dict(ingest(samples / "epoch_notable_2025-09.csv").dropped.iter_rows())["no publication date"] == 0


def test_values_of_a_raw_vintage(samples):
    row = one(samples, "epoch_all_2025-03.csv", "Sample One")
    assert row["parameters"] == 7e9
    assert row["training_compute_flop"] == 1.2e22
    assert (row["training_compute_low_flop"], row["training_compute_high_flop"]) == (1e22, 1.5e22)
    assert row["dataset_size_gradients"] == 3e11
    assert row["utilisation_mfu"] == 0.42
    assert row["cloud_vendor"] == "AWS"
    assert (row["country"], row["country_first"], row["countries"]) == ("United States",) * 2 + (["United States"],)
    assert (row["foundation"], row["frontier"], row["notable"]) == (True, False, True)
    assert (row["access"], row["accessibility"]) == ("open", "Open weights (unrestricted)")
    assert row["publication_date"] == row["release_date"] == dt.date(2024, 3, 1)


def test_several_countries_types_and_domains(samples):
    row = one(samples, "epoch_all_2025-03.csv", "Sample Two")
    assert row["countries"] == ["United States", "Canada"]
    assert (row["country_first"], row["country"]) == ("United States", "Multinational")
    assert row["organization_type"] == "Academia, Industry"
    assert row["domains"] == ["Vision", "Image generation"]
    assert (row["domain_group"], row["primary_domain"]) == ("Vision", "Vision")
    assert (row["parameters"], row["dataset_size_gradients"]) == (6e7, 1_281_167.0)
    assert row["confidence"] == "Unknown"


def test_the_era_parts_at_2010(samples):
    assert one(samples, "epoch_all_2025-03.csv", "Sample Two")["era"] == "Pre deep learning era"
    assert one(samples, "epoch_all_2025-03.csv", "Sample Three")["era"] == "Deep learning era"


def test_a_repeated_country_is_one_country_and_a_list_of_sizes_gives_the_largest(samples):
    row = one(samples, "epoch_all_2025-03.csv", "Sample Three")
    assert (row["country"], row["country_first"]) == ("South Korea", "South Korea")
    assert row["dataset_size_gradients"] == 4e5
    assert row["organization_type"] == "Other"
    assert (row["epochs"], row["confidence"], row["base_model"]) == (None, "Unknown", "Sample One")


def test_a_collapsed_table_keeps_its_two_country_columns_and_has_no_list(samples):
    rows = ingest(samples / "epoch_clean_2025-10.csv").frame
    assert rows["countries"].null_count() == rows.height
    assert rows.select("country_first", "country").rows() == [
        ("United States", "United States"),
        ("United Kingdom", "Multinational"),
        ("South Korea", "South Korea"),
    ]


def test_names_that_differ_in_spaces_only_are_kept_and_reported(samples):
    made = ingest(samples / "epoch_clean_2025-10.csv")
    assert made.frame["model"].to_list() == ["Sample One", "Sample Two", "Sample Two"]
    assert made.warnings == (
        "epoch_clean_2025-10.csv: model names that differ from another only in spaces, all kept: 1.",
    )


def test_flags_written_as_text_become_booleans(samples):
    frame = ingest(samples / "epoch_clean_2025-10.csv").frame
    assert frame["notable"].to_list() == [True, False, False]
    assert frame["possibly_over_1e23_flop"].to_list() == [False, False, True]
    assert all(frame[name].null_count() == 0 for name in ("frontier", "foundation", "notable", "confidence"))


def test_a_notable_flag_alone_is_read_as_a_flag(csv_of):
    data = csv_of(
        {"Model": "A", "Publication date": "2024-01-01", "notable_model": "False"},
        {"Model": "B", "Publication date": "2024-01-01", "notable_model": "True"},
    )
    assert ingest(data, "f.csv").frame["notable"].to_list() == [False, True]


def test_open_weights_decide_where_accessibility_is_unknown(samples):
    assert one(samples, "epoch_all_unseen.csv", "Sample Nine")["access"] == "open"
    assert one(samples, "epoch_all_unseen.csv", "Sample Eight")["access"] == "closed"


def test_three_costs_and_two_utilisations_of_a_newer_vintage(samples):
    row = one(samples, "epoch_all_unseen.csv", "Sample Eight")
    assert (row["cost_usd_2023"], row["cost_cloud_usd"], row["cost_upfront_usd"]) == (1e8, 3e8, 1e9)
    assert (row["utilisation_mfu"], row["utilisation_hfu"]) == (0.4, 0.5)
    assert row["frontier"] is True


def test_a_lone_country_column_counts_as_a_listing(csv_of):
    data = csv_of({"Model": "A", "Publication date": "2024-01-01", "Country": "France,Germany"})
    row = ingest(data, "f.csv").frame.row(0, named=True)
    assert (row["countries"], row["country"]) == (["France", "Germany"], "Multinational")


@pytest.mark.parametrize("column", ["Parameters", "Training compute (FLOP)", "Training compute cost (2023 USD)"])
def test_negative_amounts_are_refused_with_file_column_and_row(csv_of, column):
    data = csv_of(
        {"Model": "A", "Publication date": "2024-01-01", column: "1"},
        {"Model": "B", "Publication date": "2024-01-01", column: "-2"},
    )
    with pytest.raises(TableError) as error:
        ingest(data, "f.csv")
    assert str(error.value) == f"f.csv, column '{column}', data row 2: '-2' is negative."


@pytest.mark.parametrize("column", ["Model", "Publication date"])
def test_a_file_without_a_required_column_is_named(sample_rows, as_csv, column):
    header, rows = sample_rows("epoch_notable_2025-09.csv")
    at = header.index(column)
    cut = as_csv([*header[:at], *header[at + 1 :]], [[*row[:at], *row[at + 1 :]] for row in rows])
    with pytest.raises(TableError, match=rf"^f\.csv has no column '{column}', which the models table needs\.$"):
        ingest(cut, "f.csv")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_order_and_case_of_columns_change_nothing(sample_rows, as_csv, data):
    header, rows = sample_rows("epoch_all_2025-03.csv")
    order = data.draw(st.permutations(range(len(header))))
    style = data.draw(st.sampled_from([str.upper, str.lower, lambda text: text.replace(" ", "_"), str.title]))
    shuffled = as_csv([style(header[i]) for i in order], [[row[i] for i in order] for row in rows])
    assert ingest(shuffled, "f.csv").frame.equals(ingest(as_csv(header, rows), "f.csv").frame)


@pytest.mark.parametrize("file", VINTAGES)
def test_a_canonical_table_is_read_back_as_it_was(samples, tmp_path, file):
    frame = ingest(samples / file).frame
    frame.write_parquet(tmp_path / "models.parquet")
    again = ingest(tmp_path / "models.parquet")
    assert again.frame.equals(frame)
    assert again.drift.filter(~pl.col("action").str.starts_with("recomputed")).is_empty()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kenya, DPR Korea, Republic of Korea, Kuwait", ["Kenya", "North Korea", "South Korea", "Kuwait"]),
        ("Kenya, Korea, Republic of, Kuwait", ["Kenya", "South Korea", "Kuwait"]),
        ("Korea, Republic of", ["South Korea"]),
    ],
)
def test_the_two_koreas_are_told_apart(text: str, expected: list[str]) -> None:
    from engine.tables.vocabulary import countries

    assert countries(text) == expected
