import datetime as dt
import io
import zipfile

import polars as pl
import pytest

from engine.tables import TableError, ingest, ingest_together, kind_of_file
from engine.tables.benchmarks import task_name

EXPECTED = [
    ("GPQA diamond", "sample-1-large", "Sample One", dt.date(2024, 2, 1), 0.5, 0.1, dt.date(2025, 1, 27)),
    ("GPQA diamond", "sample-1-large", "Sample One Plus", dt.date(2024, 6, 1), 0.25, 0.05, dt.date(2025, 2, 27)),
    ("MATH level 5", "sample-2", "Sample Two", dt.date(2025, 3, 1), 0.75, 0.01, dt.date(2025, 3, 1)),
]
SHOWN = ("task", "model_version", "model", "version_release_date", "score", "score_stderr", "run_date")


def zipped(folder, prefix="") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        for path in sorted(folder.iterdir()):
            out.write(path, prefix + path.name)
    return stream.getvalue()


def test_runs_scores_and_versions_are_joined_through_the_run(samples):
    made = ingest(samples / "benchmarks")
    assert (made.kind, made.rows_read, made.columns_read) == ("benchmark_scores", 4, 9)
    assert made.frame.select(SHOWN).rows() == EXPECTED
    assert dict(made.dropped.iter_rows()) == {
        "no task or model version": 0,
        "score not known": 1,
        "score above 1": 0,
    }
    assert made.versions is not None
    assert made.versions["model"].to_list() == ["Sample One", "Sample One Plus", "Sample Two"]


@pytest.mark.parametrize("prefix", ["", "benchmark_data/"])
def test_a_zip_and_single_files_give_the_same(samples, prefix):
    assert ingest(zipped(samples / "benchmarks", prefix), "b.zip").frame.select(SHOWN).rows() == EXPECTED
    together = ingest_together(sorted((samples / "benchmarks").iterdir()), "benchmark_scores")
    assert together.frame.select(SHOWN).rows() == EXPECTED


def test_runs_alone_have_scores_without_release_dates(samples):
    made = ingest(samples / "benchmarks" / "benchmarks_runs.csv")
    assert made.frame["score"].to_list() == [0.5, 0.25, 0.75]
    assert made.frame["version_release_date"].null_count() == 3
    assert made.warnings == ("benchmarks_runs.csv: runs without a version release date, kept: 3.",)


@pytest.mark.parametrize("part", ["benchmarks_scores.csv", "benchmarks_tasks.csv"])
def test_a_part_alone_says_what_to_give(samples, part):
    with pytest.raises(TableError, match=rf"^{part} is one part of the benchmark tables; give their folder or zip\.$"):
        ingest(samples / "benchmarks" / part)


def test_the_newer_layout_has_one_file_a_benchmark(samples):
    made = ingest(zipped(samples / "benchmarks_2026"), "benchmark_data.zip", "benchmark_scores")
    assert (made.kind, made.rows_read) == ("benchmark_scores", 4)
    assert made.frame.select("task", "model_version", "model", "organization", "score").rows() == [
        ("Example Puzzle v2", "sample-9", "Sample Nine", "Other Lab", 0.1),
        ("GPQA diamond", "sample-8_high", "Sample Eight", "Example Lab", 0.82),
        ("OTIS Mock AIME 2024-2025", "sample-8_high", "Sample Eight", "Example Lab", 0.9),
    ]
    assert made.frame["version_release_date"].to_list() == [
        dt.date(2026, 6, 1),
        dt.date(2026, 5, 1),
        dt.date(2026, 4, 28),
    ]
    assert dict(made.dropped.iter_rows())["score not known"] == 1
    assert made.warnings == ("benchmark_data.zip: files without runs by Epoch itself, left out: 1.",)


def test_one_benchmark_file_can_be_given_alone(samples):
    made = ingest(samples / "benchmarks_2026" / "gpqa_diamond.csv", expect="benchmark_scores")
    assert made.frame.select("task", "score", "score_stderr").rows() == [("GPQA diamond", 0.82, 0.02)]


def test_a_benchmark_is_named_after_its_file_where_no_metadata_says_more():
    assert task_name("MATH_level_5.csv") == "MATH level 5"
    assert task_name("some_new_thing.csv") == "some new thing"


def test_a_canonical_table_is_read_back_as_it_was(samples, tmp_path):
    frame = ingest(samples / "benchmarks").frame
    frame.write_parquet(tmp_path / "b.parquet")
    assert ingest(tmp_path / "b.parquet").frame.equals(frame)


def test_the_kind_of_a_single_file_is_told_by_its_header(samples, tmp_path):
    kinds = {path.stem: kind_of_file(path) for path in (samples / "benchmarks").iterdir()}
    assert kinds == {
        "benchmarks_runs": "benchmark_scores",
        "benchmarks_scores": "scores",
        "benchmarks_tasks": "tasks",
        "model_versions": "model_versions",
    }
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    assert kind_of_file(tmp_path / "x.parquet") is None
    assert kind_of_file(samples / "benchmarks_2026" / "gpqa_diamond.csv") == "board"
