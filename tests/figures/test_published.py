"""The published figures, reproduced on the publishers' own files through the command line.

Run by `make figures DATA=DIR`. Tolerances: counts and orders are exact, printed figures hold to their last digit.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytestmark = pytest.mark.figures


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = tmp_path_factory.mktemp("store")

    def asked(*arguments: object) -> dict[str, Any]:
        command = [sys.executable, "-m", "jobs", *map(str, arguments), "--json", "--store", str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    return asked


EXPORT_EDGES = {
    "rows": 576,
    "countries": ["United States", "China", "Germany", "France", "United Kingdom", "Spain", "Japan"],
    "bin_edges": [1, 2, 22, 31],
    "bin_counts": [201, 211, 164],
    "publication_bin_counts": [213, 178, 185],
}


@pytest.mark.parametrize("own_file", [True, False], ids=["models_final", "bundled"])
def test_export_controls_published(ask: Any, data_dir: Path, own_file: bool) -> None:
    files = ["--models", data_dir / "dashboards/models_final.csv"] if own_file else []
    found = ask("export-controls", "--preset", "published", *files)
    assert {name: found["summary"][name] for name in EXPORT_EDGES} == EXPORT_EDGES
    edges = [round(edge, 3) for edge in found["summary"]["publication_bin_edges"]]
    assert edges == [1.257, 12.025, 16.8, 34.845]
    assert [row["n"] for row in found["tables"]["countries"]] == [407, 138, 12, 9, 8, 1, 1]


def test_export_counts_equal_the_dashboards_own_columns(data_dir: Path) -> None:
    """Our count and share for every model equal those merged into the dashboards' file (null where it has none)."""
    from engine.export_controls.counts import published_counts
    from jobs.data import load_tables

    tables = load_tables(("interventions", "publications")).tables
    theirs = pl.read_csv(data_dir / "dashboards/models_final.csv", infer_schema_length=None)
    joined = theirs.join(
        published_counts(tables["interventions"]),
        left_on=["country_first", "year"],
        right_on=["country", "year"],
        how="left",
    ).join(tables["publications"], left_on=["country_first", "year"], right_on=["country", "year"], how="left")
    assert joined["controls"].cast(pl.Float64).equals(joined["export_controls_sum"], null_equal=True)
    gap = (joined["publication_share_percent"] - joined["publication_count"]).abs().max()
    assert gap is not None
    assert gap < 1e-12
    assert joined["publication_share_percent"].null_count() == joined["publication_count"].null_count() == 526


def test_export_controls_corrected(ask: Any, data_dir: Path) -> None:
    found = ask("export-controls", "--models", data_dir / "dashboards/models_final.csv")
    assert found["summary"]["rows"] == 936
    assert sum(found["summary"]["bin_counts"]) == 936
    assert found["summary"]["bin_edges"] == [0, 1, 10]
    since_2018 = [row for row in found["tables"]["models"] if row["year"] >= 2018]
    assert len(since_2018) == 850
    assert {row["measure"] for row in found["tables"]["regression"]} == {"imposed", "faced", "faced_us"}


def test_efficiency_published(ask: Any, data_dir: Path) -> None:
    found = ask("efficiency", "--preset", "published", "--models", data_dir / "dashboards/models_final.csv")
    years = found["tables"]["by_year"]
    assert found["summary"]["rows"] == 1337
    assert [row["year"] for row in years] == list(range(2011, 2026))
    complete = pl.DataFrame(found["tables"]["models"], infer_schema_length=None).drop_nulls(
        ["cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt"]
    )
    means = dict(complete.group_by("year").agg(pl.col("composite").mean()).iter_rows())
    assert (round(means[2021], 3), round(means[2025], 3)) == (0.520, 0.533)


def test_scaling_published(ask: Any, data_dir: Path) -> None:
    """SCL-04 and SCL-05 to their printed digits."""
    found = ask("scaling", "--preset", "published", "--table", data_dir / "ai_cliff/scaling_dataset.parquet")
    summary = found["summary"]
    assert summary["n"] == 1094
    assert (round(summary["slope"], 3), round(summary["se"], 3)) == (1.697, 0.038)
    assert (round(summary["r2"], 3), round(summary["aic"], 1)) == (0.797, 5909.8)
    assert (round(summary["boot_low"], 2), round(summary["boot_high"], 2)) == (1.62, 1.77)
    fits = {(row["name"], row["effects"]): row for row in found["tables"]["fits"]}
    cost = fits["cost_on_parameters", "pooled"]
    assert (cost["n"], round(cost["slope"], 3), round(cost["se"], 3)) == (176, 0.702, 0.065)
    assert (round(cost["r2"], 3), round(cost["aic"], 1)) == (0.449, 803.7)
    assert round(fits["compute_on_parameters", "year"]["slope"], 2) == 1.16
    assert round(fits["parameters_on_compute", "pooled"]["slope"], 3) == 0.469


def test_npv_published(ask: Any) -> None:
    """NPV-R04 to its printed digits."""
    found = ask("npv", "--preset", "published")["summary"]
    assert f"{found['mean_usd']:.6e}" == "-2.384566e+15"
    assert found["p_positive"] == 0


def test_diffusion_corrected(ask: Any, data_dir: Path) -> None:
    found = ask("diffusion", "--models", data_dir / "epoch/all_models_clean_2025-10.csv")["summary"]
    counts = [found[name] for name in ("near_frontier", "already_matched", "subjects", "events")]
    assert counts == [118, 30, 88, 75]
