"""The study's README configuration with the README's command, on the study's own files: its figures in its tables."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.report_cases import CONFIGS, run_report

pytestmark = pytest.mark.figures


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """The tree of one run, as the README has it: `--config README.yaml`, data beside the file."""
    home = tmp_path_factory.mktemp("readme")
    (home / "data").mkdir()
    for name in ("scaling_dataset", "diffusion_pairs"):
        shutil.copyfile(data_dir / "ai_cliff" / f"{name}.parquet", home / "data" / f"{name}.parquet")
    shutil.copyfile(CONFIGS / "readme.yaml", home / "README.yaml")
    run_report("--config", home / "README.yaml", "--out", home / "out", "--store", home / "store", "--imputations", 0)
    return home / "out" / "academic_outputs"


def rows(tree: Path, stem: str) -> dict[str, list[str]]:
    """Cells of a published table as printed, by the first cell of each row (the first row of that name)."""
    lines = (tree / "tables" / f"{stem}_published.txt").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    found: dict[str, list[str]] = {}
    for row in cells:
        found.setdefault(row[0], row[1:])
    return found


def test_table_1_has_the_studys_counts(tree: Path) -> None:
    """OUT-02."""
    table = rows(tree, "Table_01_Summary_Statistics")
    assert [row[0] for row in list(table.values())[2:5]] == ["1,974", "1,094", "176"]


def test_table_2_has_the_studys_laws(tree: Path) -> None:
    """SCL-04 and SCL-05."""
    table = rows(tree, "Table_02_Parameter_Estimates")
    header = table["law"]
    law = dict(zip(header, table["compute_on_parameters"], strict=True))
    wanted = {"effects": "pooled", "n": "1,094", "slope": "1.697", "se": "0.038", "r2": "0.797", "aic": "5909.8"}
    assert {name: law[name] for name in wanted} == wanted
    assert (law["boot_low"], law["boot_high"], law["replicates"]) == ("1.62", "1.77", "10,000")
    cost = dict(zip(header, table["cost_on_parameters"], strict=True))
    assert [cost[n] for n in ("n", "slope", "se", "r2", "aic")] == ["176", "0.702", "0.065", "0.449", "803.7"]


def test_the_scaling_tables_have_the_same_laws(tree: Path) -> None:
    assert rows(tree, "scaling_table_parameters_vs_training_compute")["compute_on_parameters"][1:4] == [
        "1,094",
        "1.697",
        "0.038",
    ]
    assert rows(tree, "scaling_table_parameters_vs_training_cost")["cost_on_parameters"][1:4] == [
        "176",
        "0.702",
        "0.065",
    ]


def test_the_investment_table_has_the_studys_value(tree: Path) -> None:
    """NPV-R04."""
    table = rows(tree, "Table_05_Investment")
    tier = dict(zip(table["tier"], table["III"], strict=True))
    assert (tier["mean_usd"], tier["p_positive"], tier["mu"]) == ("-2.384566e+15", "0.000", "15")


def test_the_diffusion_table_has_the_studys_lags(tree: Path) -> None:
    """DIF-R04."""
    table = rows(tree, "Table_03_Diffusion")
    lags = dict(zip(table["innovator"], table["all"], strict=True))
    assert [lags[f"{name}_months"] for name in ("mean", "median", "sd")] == ["34.3", "35.6", "17.4"]
    assert lags["pairs"] == "1,322"


def test_no_check_is_red_and_the_printed_figures_are_green(tree: Path) -> None:
    found: dict[str, Any] = json.loads((tree / "validation" / "results_summary.json").read_text(encoding="utf-8"))
    assert found["report"]["summary"]["checks_red"] == 0
    text = (tree / "validation" / "checks.csv").read_text(encoding="utf-8")
    printed = [line for line in text.splitlines() if " as printed" in line]
    assert len(printed) == 5
    assert all(",green," in line for line in printed)
