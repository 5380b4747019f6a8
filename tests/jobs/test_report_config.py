"""A configuration's whole way into the tree: synthetic data, names and folders, columns, and bad input by command."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.report.synthetic import COMPUTE_SLOPE, COST_SLOPE
from jobs.cli import main
from tests.jobs.report_cases import SMALL, run_report

SMOKE = """
meta: {smoketest: true, seed: 7, project_name: Smoke, author: A. Author}
exports: {fig_dir: ./mine/pictures, tab_dir: mine/numbers}
diffusion_spec: {km_fig: my_curve.png, km_table: my_curve.csv}
"""


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    home = tmp_path_factory.mktemp("smoke")
    (home / "smoke.yaml").write_text(SMOKE, encoding="utf-8")
    options = ("--preset", "published", *SMALL, "--store", home / "store")
    return run_report(home / "smoke.yaml", "--out", home / "out", *options), home / "out"


def test_the_smoke_test_recovers_its_slopes(smoke: tuple[dict[str, Any], Path]) -> None:
    """CFG-R03: within two standard errors."""
    rows = [row for row in smoke[0]["tables"]["parameter_estimates"] if row["effects"] == "pooled"]
    fitted = {row["law"]: row for row in rows}
    for law, true in (("compute_on_parameters", COMPUTE_SLOPE), ("cost_on_parameters", COST_SLOPE)):
        assert abs(fitted[law]["slope"] - true) <= 2 * fitted[law]["se"]
    recovered = [row for row in smoke[0]["tables"]["checks"] if row["name"].startswith("SYNTHETIC")]
    assert [row["status"] for row in recovered] == ["green", "green"]


def test_everything_synthetic_says_so(smoke: tuple[dict[str, Any], Path]) -> None:
    _, out = smoke
    outputs = out / "academic_outputs"
    texts = [
        *(outputs / "tables").glob("Table_0[12]*"),
        outputs / "EXECUTIVE_SUMMARY.txt",
        outputs / "APPENDIX_SUMMARY.txt",
    ]
    texts += [outputs / "replication" / "README.md", outputs / "replication" / "CITATION.txt"]
    texts += list((outputs / "figures").glob("*.svg"))
    assert len(texts) > 15
    assert [path.name for path in texts if "SYNTHETIC" not in path.read_text(encoding="utf-8")] == []
    summary = json.loads((outputs / "validation" / "results_summary.json").read_text(encoding="utf-8"))
    assert summary["synthetic"] is True


def test_folders_names_title_and_author_are_the_configurations(smoke: tuple[dict[str, Any], Path]) -> None:
    """CFG-R04."""
    _, out = smoke
    assert (out / "mine" / "pictures" / "my_curve.png").is_file()
    assert (out / "mine" / "pictures" / "Figure_01_Scaling_Laws.png").is_file()
    assert (out / "mine" / "numbers" / "my_curve.csv").is_file()
    assert not (out / "artifacts" / "figures").exists()
    assert "A. Author (" in (out / "academic_outputs/replication/CITATION.txt").read_text(encoding="utf-8")
    assert "SYNTHETIC Smoke" in (out / "academic_outputs/EXECUTIVE_SUMMARY.txt").read_text(encoding="utf-8")
    (snapshot,) = (out / "artifacts" / "logs").glob("config_snapshot_*.yaml")
    assert snapshot.read_text(encoding="utf-8") == SMOKE
    assert (out / "academic_outputs/replication/config.yaml").read_text(encoding="utf-8") == SMOKE


def test_one_version_has_the_plain_names(smoke: tuple[dict[str, Any], Path]) -> None:
    answer, out = smoke
    assert answer["preset"] == "published"
    assert not list((out / "academic_outputs").rglob("*_published.*"))
    assert (out / "academic_outputs" / "tables" / "Table_01_Summary_Statistics.txt").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list.yaml"], ["list.yaml", "keys and values"]),
        (["absent.yaml"], ["absent.yaml"]),
        (["paths.yaml"], ["paths.scaling_data", "nothing.csv"]),
        (["circle.yaml"], ["circle.yaml"]),
        (["loop.yaml"], ["paths.scaling_data"]),
        (["--preset", "best"], ["published", "corrected", "both"]),
        (["--replicates", "none"], ["replicates", "none"]),
        (["--imputations", "3"], ["imputations"]),
        (["--vintage", "1999-01"], ["1999-01"]),
        (["--models", "absent.csv"], ["absent.csv"]),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "paths.yaml").write_text("paths: {scaling_data: nothing.csv}\n")
    (tmp_path / "loop.yaml").write_text("paths: {scaling_data: loop.csv}\n")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    code = main(["report", "--out", "new/out", *arguments, "--store", "store"])
    out, said = capsys.readouterr()
    assert (code, out) == (2, "")
    assert all(word in said for word in words), said
    assert said.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} - before <= {"store"}


def test_a_table_that_is_no_table_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.csv").write_bytes(b"\xff\xfe\x00broken")
    (tmp_path / "mine.yaml").write_text("paths: {scaling_data: mine.csv}\nscaling_spec: {params_col: [a]}\n")
    code = main(["report", str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "out"), "--store", str(tmp_path / "s")])
    assert code == 2
    assert "mine.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_columns_by_alias_reach_the_figures(tmp_path: Path) -> None:
    """CFG-R01: the same table under other names gives the same result."""
    from engine.report.synthetic import synthetic_scaling
    from jobs.data import load_tables
    from jobs.report.inputs import renamed_file

    frame = synthetic_scaling(1)
    frame.write_parquet(tmp_path / "plain.parquet")
    frame.rename({"parameters": "size", "training_compute_flop": "work"}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "new").mkdir()
    aliases = {"parameters": ["n", "size"], "training_compute_flop": ["work"]}
    made, _ = renamed_file(tmp_path / "other.parquet", aliases, tmp_path / "new")
    plain, other = (load_tables(("scaling",), None, {"scaling": path}) for path in (tmp_path / "plain.parquet", made))
    assert plain.fingerprints == other.fingerprints
    assert plain.tables["scaling"]["parameters"].dtype == pl.Float64
