"""The publishers' own files: shapes, rows kept, and the figures of the October 2025 vintage."""

import polars as pl
import pytest

from engine.tables import derive, ingest, kind_of_file
from jobs import data
from jobs.settings import ROOT

pytestmark = pytest.mark.figures

SHAPES = {
    "epoch/all_ai_models_2025-03.csv": ("models", 2228, 43, 2186),
    "epoch/notable_ai_models_2025-09.csv": ("models", 953, 42, 953),
    "epoch/large_scale_ai_models_2025-09.csv": ("models", 420, 31, 420),
    "epoch/all_models_clean_2025-10.csv": ("models", 3047, 40, 3047),
    "dashboards/models_final.csv": ("models", 3047, 42, 3047),
    "epoch/ml_hardware_2025-09.csv": ("hardware", 161, 31, 161),
    "gta/interventions_2025-10.csv": ("interventions", 77, 19, 77),
    "oecd/oecd-ai-data.zip": ("publications", 260, 7, 234),
    "epoch/benchmarks": ("benchmark_scores", 418, 9, 418),
    "ai_cliff/scaling_dataset.parquet": ("scaling", 1974, 5, 1974),
    "ai_cliff/diffusion_pairs.parquet": ("diffusion_pairs", 1322, 5, 1322),
}


@pytest.fixture(scope="module")
def clean(data_dir):
    return ingest(data_dir / "epoch" / "all_models_clean_2025-10.csv").frame


@pytest.fixture(scope="module")
def raw(data_dir):
    return pl.read_csv(data_dir / "epoch" / "all_models_clean_2025-10.csv", infer_schema=False)


@pytest.mark.parametrize(("file", "expected"), SHAPES.items())
def test_every_file_is_recognised_with_its_shape(data_dir, file, expected):
    made = ingest(data_dir / file)
    assert (made.kind, made.rows_read, made.columns_read, made.frame.height) == expected
    assert not made.drift["action"].str.starts_with("unknown").any()
    assert made.rows_read - made.dropped["rows"].sum() == made.frame.height


def test_every_benchmark_file_has_a_kind(data_dir):
    kinds = {path.name: kind_of_file(path) for path in (data_dir / "epoch" / "benchmarks").glob("*.csv")}
    assert None not in kinds.values()


def test_the_rows_dropped_from_the_raw_table_of_march(data_dir):
    dropped = dict(ingest(data_dir / "epoch" / "all_ai_models_2025-03.csv").dropped.iter_rows())
    assert dropped == {
        "no model name": 3,
        "no publication date": 37,
        "publication date can't be read": 0,
        "model name repeated": 2,
    }


def test_our_rules_give_the_cleaned_tables_own_columns(clean, raw):
    assert clean["domain_group"].equals(raw["domain_group"], check_names=False)
    assert clean["notable"].equals(raw["notable_model"] == "True", check_names=False)
    assert clean["notable"].sum() == 847
    assert clean["era"].equals(raw["era"], check_names=False)
    assert clean["year"].equals(raw["year"].cast(pl.Int64), check_names=False)
    assert clean["organization_type"].equals(raw["organization_categorization"], check_names=False)
    assert clean["frontier"].equals(raw["frontier_model"] == "True", check_names=False)


def test_the_dashboards_table_has_the_cleaned_tables_facts(data_dir, clean):
    final = ingest(data_dir / "dashboards" / "models_final.csv").frame
    assert final.drop("training_compute_flop").equals(clean.drop("training_compute_flop"))
    apart = (final["training_compute_flop"] / clean["training_compute_flop"] - 1).abs()
    assert apart.max() < 1e-15


def test_countries_of_the_cleaned_table_are_those_of_the_dashboards_in_one_spelling(clean, data_dir):
    shown = pl.read_csv(data_dir / "dashboards" / "models_final.csv", infer_schema=False)
    iran = shown["country_first"].str.replace(r"Iran \(.*\)", "Iran")
    assert clean["country_first"].equals(iran, check_names=False)


def test_organisation_types_of_the_raw_table_collapse_to_eight(data_dir):
    file = data_dir / "epoch" / "all_ai_models_2025-03.csv"
    written = pl.read_csv(file, infer_schema=False)["Organization categorization"].n_unique()
    assert written == 105
    assert ingest(file).frame["organization_type"].drop_nulls().n_unique() <= 8


def test_raw_vintages_agree_with_the_cleaned_one_on_class_and_first_country(data_dir, clean):
    for file in ("notable_ai_models_2025-09.csv", "large_scale_ai_models_2025-09.csv"):
        both = ingest(data_dir / "epoch" / file).frame.join(clean, on="model", suffix="_october")
        assert both.height > 400
        same = both.filter(pl.col("country_first") == pl.col("country_first_october")).height / both.height
        assert same > 0.97
        assert (both["domain_group"] == both["domain_group_october"]).sum() / both["domain_group"].count() > 0.95


def test_the_bundled_tables_are_rebuilt_byte_for_byte(data_dir, tmp_path):
    data.build_bundled(data_dir, tmp_path)
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert names == sorted(["PROVENANCE.md", "2025-10/manifest.json", *(f"2025-10/{t}.parquet" for t in data.TABLES)])
    for name in names:
        assert (tmp_path / name).read_bytes() == (ROOT / "data" / name).read_bytes(), name


def test_interventions_in_full(data_dir):
    made = ingest(data_dir / "gta" / "interventions_2025-10.csv")
    assert made.frame["state_act_id"].n_unique() == 52
    assert made.warnings == (
        "interventions_2025-10.csv: interventions undated 3, not in force 4, removed 1; all 77 are kept.",
    )
    by_us = made.frame.filter(pl.col("implementers").list.contains("United States")).height
    assert by_us == 39


def test_publication_shares_cover_nine_countries_and_26_years(data_dir):
    frame = ingest(data_dir / "oecd" / "oecd-ai-data.zip").frame
    assert frame["country"].n_unique() == 9
    assert (frame["year"].min(), frame["year"].max()) == (2000, 2025)
    assert "United States" in frame["country"].to_list()
    assert "China" in frame["country"].to_list()


def test_every_benchmark_run_has_its_error_and_its_versions_date(data_dir):
    frame = ingest(data_dir / "epoch" / "benchmarks").frame
    assert frame.select("score_stderr", "version_release_date", "model").null_count().row(0) == (0, 0, 0)
    top = frame.filter(pl.col("model_version") == "mistral-large-2407")
    assert top["model"].unique().to_list() == ["Mistral Large 2"]
    assert top.height == 3


def test_hardware_joins_to_models_and_the_unmatched_are_listed(data_dir, clean):
    chips = ingest(data_dir / "epoch" / "ml_hardware_2025-09.csv").frame
    joined, unmatched = derive.hardware_of(clean, chips)
    names = joined["training_hardware"].n_unique()
    assert (names, unmatched.height) == (102, 31)
    assert joined["hardware"].count() / joined.height > 0.95


@pytest.mark.parametrize("unit", derive.FLOP_PER_UNIT)
def test_the_unit_of_epochs_compute_is_detected_in_every_vintage(data_dir, unit):
    for file, (kind, *_) in SHAPES.items():
        if kind in ("models", "scaling"):
            flop = ingest(data_dir / file).frame["training_compute_flop"]
            assert derive.to_flop(flop / derive.FLOP_PER_UNIT[unit])[1] == unit, file


def test_the_studys_inputs_have_their_documented_counts(data_dir):
    scaling = ingest(data_dir / "ai_cliff" / "scaling_dataset.parquet").frame
    assert scaling["training_compute_flop"].count() == 1094
    assert scaling["cost_usd_2023"].count() == 176
    pairs = ingest(data_dir / "ai_cliff" / "diffusion_pairs.parquet").frame
    assert pairs["innovator_organization"].unique().to_list() == ["OpenAI"]
    assert pairs["lag_months"].median() == pytest.approx(35.5946, abs=1e-4)
