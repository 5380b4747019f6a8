"""Interventions, publication shares, hardware and the study's own inputs."""

import datetime as dt
import io
import zipfile

import polars as pl
import pytest

from engine.tables import SCHEMAS, TableError, ingest, scaling_table


def test_interventions_explode_their_lists_and_report_what_is_out_of_force(samples):
    made = ingest(samples / "gta_interventions_2025-10.csv")
    assert (made.kind, made.rows_read, made.columns_read, made.frame.height) == ("interventions", 3, 19, 3)
    assert made.drift.is_empty()
    assert made.frame["implementers"].to_list() == [["United States"], ["Austria", "Belgium"], ["South Korea"]]
    assert made.frame["affected"].to_list() == [["China", "Macao"], ["South Korea", "Taiwan"], []]
    assert made.frame["date_implemented"].to_list() == [dt.date(2022, 10, 7), dt.date(2021, 2, 1), None]
    assert made.frame["date_removed"].to_list() == [None, dt.date(2023, 9, 1), None]
    assert made.frame["in_force"].to_list() == [True, False, False]
    assert made.frame["state_act_id"].to_list() == [10, 10, 11]
    assert made.warnings == (
        "gta_interventions_2025-10.csv: interventions undated 1, not in force 2, removed 1; all 3 are kept.",
    )


def test_an_intervention_number_that_is_not_whole_and_an_unknown_evaluation_are_refused(csv_of):
    row = {
        "Intervention ID": "1",
        "State Act ID": "2",
        "GTA Evaluation": "Red",
        "Intervention Type": "Export ban",
        "Implementing Jurisdictions": "China",
        "Affected Jurisdictions": "",
        "Date Implemented": "2022-10-07",
    }
    assert ingest(csv_of(row), "f.csv").frame["affected"].to_list() == [[]]
    with pytest.raises(TableError, match=r"f\.csv, column 'State Act ID', data row 1: '2\.5' is not a whole number"):
        ingest(csv_of({**row, "State Act ID": "2.5"}), "f.csv")
    with pytest.raises(
        TableError, match=r"f\.csv does not fit the interventions table: column 'evaluation' breaks its rule"
    ):
        ingest(csv_of({**row, "GTA Evaluation": "Blue"}), "f.csv")


def archive(samples, *names) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for name in names:
            out.write(samples / "oecd" / name, name)
    return stream.getvalue()


@pytest.mark.parametrize("order", [("metadata.txt", "data.csv"), ("data.csv", "metadata.txt")])
def test_publication_shares_are_found_in_the_zip_by_name_not_position(samples, order):
    made = ingest(archive(samples, *order), "oecd.zip")
    assert (made.kind, made.rows_read, made.columns_read) == ("publications", 5, 7)
    assert made.frame.rows() == [("China", 2020, 30.25), ("United States", 2020, 20.5), ("United States", 2021, 19.75)]
    assert dict(made.dropped.iter_rows()) == {
        "group of countries (EU27)": 1,
        "part of the publications only": 1,
        "no country, year or share": 0,
        "country and year repeated": 0,
    }


def test_a_zip_without_the_member_names_it(samples):
    with pytest.raises(TableError, match=r"^oecd\.zip has no member data\.csv; it holds no CSV or Parquet file\.$"):
        ingest(archive(samples, "metadata.txt"), "oecd.zip", "publications")


def test_a_zip_whose_member_lacks_a_column_names_the_column():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        out.writestr("data.csv", "Country_label,year\nFrance,2020\n")
    with pytest.raises(
        TableError, match=r"oecd\.zip/data\.csv has no column 'publications', which the publications table needs"
    ):
        ingest(stream.getvalue(), "oecd.zip", "publications")


def test_publication_shares_as_a_plain_csv_and_canonical(samples, tmp_path):
    frame = ingest(samples / "oecd" / "data.csv").frame
    frame.write_csv(tmp_path / "p.csv")
    assert ingest(tmp_path / "p.csv").frame.equals(frame)


def test_hardware_has_units_in_its_names(samples):
    made = ingest(samples / "epoch_ml_hardware_2025-09.csv")
    assert (made.kind, made.rows_read, made.columns_read) == ("hardware", 2, 31)
    assert made.drift.is_empty()
    chip = made.frame.row(0, named=True)
    assert chip["hardware"] == "Example Chip A"
    assert chip["tensor_fp16_flop_per_s"] == 3.12e14
    assert (chip["memory_bytes"], chip["tdp_w"], chip["process_size_nm"]) == (8e10, 400.0, 7.0)
    assert made.frame.row(1, named=True)["manufacturer"] is None


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_studys_inputs_come_as_csv_and_parquet(samples, tmp_path, form):
    paths = {}
    for name in ("study_scaling", "study_diffusion_pairs"):
        paths[name] = samples / f"{name}.csv"
        if form == "parquet":
            paths[name] = tmp_path / f"{name}.parquet"
            pl.read_csv(samples / f"{name}.csv", try_parse_dates=True).write_parquet(paths[name])
    scaling, pairs = (ingest(path) for path in paths.values())
    assert (scaling.kind, pairs.kind) == ("scaling", "diffusion_pairs")
    assert scaling.frame.columns == SCHEMAS["scaling"].column_names()
    assert scaling.frame.row(0, named=True) == {
        **dict.fromkeys(SCHEMAS["scaling"].column_names()),
        "organization": "Example Lab",
        "year": 2024,
        "parameters": 7e9,
        "training_compute_flop": 1.2e22,
        "cost_usd_2023": 139_200.0,
    }
    assert pairs.frame.rows() == [(dt.date(2017, 8, 11), dt.date(2018, 2, 15), "Example Lab", "Other Lab", 6.176591)]


def test_an_architecture_and_a_licence_column_of_ones_own_are_used(csv_of):
    row = {"params": "1e9", "compute": "1e20", "arch": "Transformer", "licence": "proprietary", "date": "2024-05-01"}
    frame = ingest(csv_of(row, {**row, "licence": "open source"}), "mine.csv", "scaling").frame
    assert frame.select("architecture", "access", "year").rows() == [
        ("Transformer", "closed", 2024),
        ("Transformer", "open", 2024),
    ]


@pytest.mark.parametrize("compute", ["training_compute", "TrainCompute", "Training compute (FLOP)", "compute"])
@pytest.mark.parametrize("parameters", ["Parameters", "n_params", "parameter_count"])
def test_a_scaling_tables_columns_go_by_many_names(tmp_path, compute, parameters):
    file = tmp_path / "mine.csv"
    file.write_text(f"model,{parameters},{compute},year\nm,1e9,1e22,2024\n", encoding="utf-8")
    frame = ingest(file, expect="scaling").frame
    assert frame.select("parameters", "training_compute_flop").rows() == [(1e9, 1e22)]


def test_a_models_table_serves_as_scaling_table(samples):
    models = ingest(samples / "epoch_notable_2025-09.csv")
    made = ingest(samples / "epoch_notable_2025-09.csv", expect="scaling")
    assert made.kind == "scaling"
    assert made.frame.equals(scaling_table(models.frame))
    assert made.frame.select("model", "domain", "architecture", "access", "year").rows() == [
        ("Sample One", "Language", None, "closed", 2024),
        ("Sample Six", "Games/Robotics", None, "closed", 1998),
    ]


@pytest.mark.parametrize(
    ("file", "expect", "says"),
    [
        (
            "epoch_ml_hardware_2025-09.csv",
            "models",
            "has no column 'Model', which the models table needs; it looks like a",
        ),
        (
            "epoch_notable_2025-09.csv",
            "interventions",
            "has no column 'Intervention ID', which the interventions table",
        ),
        ("study_diffusion_pairs.csv", "scaling", "has no column 'parameters' (or params, n_params, num_params, "),
        ("oecd", "benchmark_scores", "oecd has no member benchmarks_runs.csv; it holds data.csv."),
        ("benchmarks", "publications", "benchmarks has no member data.csv; it holds benchmarks_runs.csv"),
        ("benchmarks", "hardware", "benchmarks has no member that is a hardware table; it holds"),
    ],
)
def test_a_file_of_another_kind_than_expected_says_so(samples, file, expect, says):
    with pytest.raises(TableError) as error:
        ingest(samples / file, expect=expect)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "header",
    ["num_params,compute_flops", "Number of Parameters,FLOPs used", "parameters,training_compute_flop"],
)
def test_a_scaling_table_is_read_by_the_names_people_use(header):
    frame = ingest(f"{header}\n1e9,1e20\n2e9,4e20\n".encode(), "mine.csv", expect="scaling").frame
    assert frame["parameters"].to_list() == [1e9, 2e9]
    assert frame["training_compute_flop"].to_list() == [1e20, 4e20]
