"""The report's tree from one command: every file it promised, whole or not at all."""

import csv
import json
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pypdf
import pytest
from pylatexenc.latexwalker import LatexWalker

from engine.report import ReportSpec
from jobs.cli import main
from jobs.config_file import Config
from jobs.report import How, gather
from jobs.report.layout import FIGURES, TABLES
from jobs.report.models import load_model, predict
from jobs.report.package import write_package
from jobs.report.tables import files, shown
from jobs.store import Store
from tests.jobs.report_cases import SMALL, run_report

NAMED = ("Figure_01", "Figure_02", "Figure_3", "Figure_4", "Figure_5", "Figure_6")
DOTS_PER_METRE = 11_811


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def answer(home: Path) -> dict[str, Any]:
    return run_report("--out", home / "new" / "out", "--store", home / "store", *SMALL)


@pytest.fixture(scope="module")
def tree(home: Path, answer: dict[str, Any]) -> Path:
    return Path(answer["summary"]["out_dir"])


def test_the_contract(answer: dict[str, Any]) -> None:
    summary = answer["summary"]
    assert (answer["study"], answer["preset"]) == ("report", "both")
    assert summary["status"] in ("green", "amber")
    assert (summary["figures"], summary["tables"]) == (2 * len(FIGURES), 2 * len(TABLES))
    assert {"name", "status", "evidence"} <= set(answer["tables"]["checks"][0])
    assert len(summary["result_sha256"]) == 64


def test_nothing_else_is_left_beside_the_tree(tree: Path, home: Path) -> None:
    assert [path.name for path in tree.parent.iterdir()] == ["out"]
    assert {path.name for path in home.iterdir()} == {"new", "store"}


def test_the_promised_folders_and_files_are_there(tree: Path) -> None:
    for folder in ("figures", "tables", "logs", "models"):
        assert any((tree / "artifacts" / folder).iterdir())
    for folder in ("figures", "tables", "replication", "validation"):
        assert any((tree / "academic_outputs" / folder).iterdir())
    wanted = (
        "validation/data_loading_report.csv",
        "validation/imputation_report.json",
        "validation/robustness_analysis_report.json",
        "validation/results_summary.json",
        "validation/cox_proportional_hazards_check.txt",
        "EXECUTIVE_SUMMARY.txt",
        "APPENDIX_SUMMARY.txt",
        "replication/CITATION.txt",
        "replication/citation.bib",
        "replication/replication_notebook.ipynb",
        "tables/Table_01_Summary_Statistics.txt",
        "tables/Table_02_Parameter_Estimates.txt",
        "tables/scaling_table_parameters_vs_training_compute.txt",
        "tables/scaling_table_parameters_vs_training_cost.txt",
    )
    assert [name for name in wanted if not (tree / "academic_outputs" / name).is_file()] == []


@pytest.mark.parametrize("start", NAMED)
def test_figures_are_pictures_of_300_dots_an_inch(tree: Path, start: str) -> None:
    """OUT-01: over 10 kB each; PNG, SVG and PDF, published and corrected."""
    found = sorted((tree / "academic_outputs" / "figures").glob(f"{start}_*.png"))
    assert len(found) == 2
    for png in found:
        data = png.read_bytes()
        assert len(data) > 10_000
        at = data.index(b"pHYs") + 4
        assert struct.unpack(">II", data[at : at + 8]) == (DOTS_PER_METRE, DOTS_PER_METRE)
        assert "Vintage 2025-10" in re.sub(r"<[^>]+>", " ", png.with_suffix(".svg").read_text(encoding="utf-8"))
        assert len(pypdf.PdfReader(png.with_suffix(".pdf")).pages) == 1


def test_the_caption_of_a_picture_carries_the_key_of_its_run(tree: Path, home: Path) -> None:
    plan = json.loads((tree / "artifacts" / "logs" / "figures.json").read_text(encoding="utf-8"))
    drawn = [picture for picture in plan if not picture["reason"]]
    assert len(drawn) >= len(plan) - 6
    for picture in drawn:
        assert picture["key"][:12] in picture["caption"]
        assert Store(str(home / "store")).result(picture["key"]) is not None
    paths = next(picture for picture in drawn if picture["name"].startswith("Figure_5"))
    assert re.search(r"Paths [0-9a-f]{16}\.", paths["caption"])


def test_one_picture_can_be_drawn_alone(tree: Path, home: Path, tmp_path: Path) -> None:
    """OUT-08, to the byte."""
    name = "Figure_3_Compute_Scaling_by_Tier"
    plan = tree / "artifacts" / "logs" / "figures.json"
    command = [sys.executable, "-m", "views.figures", "--plan", str(plan), "--store", str(home / "store")]
    done = subprocess.run([*command, "--out", str(tmp_path), name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.{ending}" for ending in ("png", "svg", "pdf")}
    assert (tmp_path / f"{name}.png").read_bytes() == (tree / "artifacts" / "figures" / f"{name}.png").read_bytes()
    bad = subprocess.run([*command, "--out", str(tmp_path), "Figure_9"], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert "no picture 'Figure_9'" in bad.stderr


def test_tables_come_in_four_forms_with_one_set_of_figures(tree: Path) -> None:
    folder = tree / "academic_outputs" / "tables"
    for table in TABLES:
        for ending in ("txt", "csv", "tex", "html"):
            assert (folder / f"{table.stem}.{ending}").is_file()
            assert (folder / f"{table.stem}_published.{ending}").is_file()
    csv_text = (folder / "Table_02_Parameter_Estimates.csv").read_text(encoding="utf-8")
    assert csv_text.startswith("# Table 2.")
    slope = pl.read_csv(csv_text.encode(), comment_prefix="#")["slope"][0]
    for ending in ("txt", "tex", "html"):
        assert f"{slope:.3f}" in (folder / f"Table_02_Parameter_Estimates.{ending}").read_text(encoding="utf-8")


def test_latex_compiles(tree: Path, tmp_path: Path) -> None:
    """By TeX where it is installed, each table by itself and all in the appendix; else by a parser."""
    outputs = tree / "academic_outputs"
    sources = sorted((outputs / "tables").glob("*.tex"))
    for source in sources:
        nodes, *_ = LatexWalker(source.read_text(encoding="utf-8"), tolerant_parsing=False).get_latex_nodes()
        assert nodes
    if shutil.which("pdflatex"):
        for source in (sources[0], sources[1], outputs / "APPENDIX.tex"):
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={tmp_path}"]
            done = subprocess.run([*command, source.name], cwd=source.parent, capture_output=True, check=False)
            assert done.returncode == 0, done.stdout[-2000:]
        assert len(pypdf.PdfReader(tmp_path / "APPENDIX.pdf").pages) >= len(sources)


def test_saved_models_predict_the_same(tree: Path, answer: dict[str, Any]) -> None:
    """OUT-03: the law at 1e12 parameters, the curve at its median, the investment in its own question."""
    folder = tree / "artifacts" / "models"
    assert {path.suffix for path in folder.iterdir()} == {".json"}
    rows = answer["tables"]["parameter_estimates"]
    row = next(r for r in rows if (r["preset"], r["law"], r["effects"]) == ("corrected", *LAW))
    law = load_model(folder / "compute_on_parameters_corrected.json")
    assert predict(law, 1e12) == pytest.approx(
        2.718281828459045 ** (row["intercept"] + row["slope"] * 27.631021115928547)
    )
    whole = next(r for r in answer["tables"]["diffusion"] if r["group"] == "all")
    curve = load_model(folder / "survival_corrected.json")
    assert predict(curve, whole["median_months"]) <= 0.5 < predict(curve, whole["median_months"] - 1e-6)
    assert predict(curve, 0.0) == 1.0
    investment = load_model(folder / "investment_published.json")
    assert predict(investment, investment["spec"]["parameters_count"]) == investment["mean_usd"]


LAW = ("compute_on_parameters", "pooled")


def test_data_loading_report(tree: Path) -> None:
    """VAL-01 and VAL-04."""
    with (tree / "academic_outputs/validation/data_loading_report.csv").open(encoding="utf-8") as file:
        rows = {row["input"]: row for row in csv.DictReader(file)}
    assert rows["ml_hardware"]["status"] == "success"
    assert rows["all_ai_models"]["rows"] == "3047"
    assert rows["diffusion_pairs"]["status"] == "not given"
    assert {"status", "rows", "columns", "quality", "missing_rate", "licence"} <= set(rows["ml_hardware"])


def test_reports_are_typed(tree: Path, answer: dict[str, Any]) -> None:
    """OUT-R02, VAL-02, VAL-03: numbers are numbers, and every section has a result or an amber status."""
    folder = tree / "academic_outputs" / "validation"
    summary = json.loads((folder / "results_summary.json").read_text(encoding="utf-8"))
    assert isinstance(summary["runs"]["scaling/corrected"]["summary"]["slope"], float)
    assert summary["report"]["key"] == answer["key"]
    robust = json.loads((folder / "robustness_analysis_report.json").read_text(encoding="utf-8"))
    assert len(robust["sections"]) == 6
    for section in robust["sections"].values():
        assert section["rows"] or section["status"] == "amber"
    imputed = json.loads((folder / "imputation_report.json").read_text(encoding="utf-8"))
    assert {row["column"] for row in imputed["missing_by_column"]} >= {"parameters", "training_compute_flop"}
    assert imputed["status"] == "multiple imputation was not asked for"


def test_cox_check_names_every_covariate(tree: Path) -> None:
    """VAL-05."""
    text = (tree / "academic_outputs/validation/cox_proportional_hazards_check.txt").read_text(encoding="utf-8")
    for term in ("gap_to_open_ln", "release_year", "language", "unreleased", "academia", "us"):
        assert re.search(rf"\| {term} +\|", text)


def test_session_and_configuration_are_kept(tree: Path, answer: dict[str, Any]) -> None:
    """OUT-R01 and OUT-09."""
    logs = tree / "artifacts" / "logs"
    session = json.loads((logs / "session_info.json").read_text(encoding="utf-8"))
    assert session["report_key"] == answer["key"]
    assert session["seed"] == answer["spec"]["seed"]
    assert session["data_sha256"] == answer["inputs"]
    assert 0 < session["wall_s"] < 600
    assert 50 < session["peak_memory_mib"] < 8_192
    assert session["versions"]["polars"] == pl.__version__
    (snapshot,) = logs.glob("config_snapshot_*.json")
    assert json.loads(snapshot.read_text(encoding="utf-8"))["spec"] == answer["spec"]


def test_bibtex_is_balanced_and_names_the_data(tree: Path) -> None:
    text = (tree / "academic_outputs/replication/citation.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@(\w+)\{(\w+),\n((?:  \w+ = \{.*\},\n)+)\}$", text, flags=re.MULTILINE)
    assert len(entries) == text.count("@") == 7
    assert len({key for _, key, _ in entries}) == len(entries)
    assert all(body.count("{") == body.count("}") for _, _, body in entries)
    assert "Epoch AI" in text
    assert "2025-10-20" in text


def test_words_are_computed(tree: Path, answer: dict[str, Any]) -> None:
    text = (tree / "academic_outputs/EXECUTIVE_SUMMARY.txt").read_text(encoding="utf-8")
    assert answer["summary"]["finding"] in text
    for row in answer["tables"]["runs"]:
        if row["run"].partition("/")[0] != "imputation":
            assert row["finding"] in text


def test_the_same_run_gives_the_same_package(tree: Path, home: Path, tmp_path: Path, answer: dict[str, Any]) -> None:
    """The same zip, byte for byte, from the stored runs."""
    spec = ReportSpec.parse(answer["spec"])
    again, material = gather(spec, Config(), None, {}, How(Store(str(home / "store"))))
    assert again.from_store is True
    write_package(material, tmp_path)
    package = tree / "academic_outputs" / "replication" / "replication_package.zip"
    assert (tmp_path / package.name).read_bytes() == package.read_bytes()
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("file", "is a file"),
        ("full", "is not empty"),
        ("below a file", "can't be"),
        ("circle", "in a circle"),
        ("/proc/report", "can't be"),
    ],
)
def test_a_folder_that_cannot_be_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: str, words: str
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("x")
    (tmp_path / "circle").symlink_to("circle")
    out = tmp_path / make.replace("below a file", "file/below/it") if not make.startswith("/") else Path(make)
    before = sorted(tmp_path.rglob("*"))
    code = main(["report", "--out", str(out), "--store", str(tmp_path / "store")])
    printed, said = capsys.readouterr()
    assert (code, printed) == (2, "")
    assert words in said
    assert said.count("\n") == 1
    assert sorted(path for path in tmp_path.rglob("*") if "store" not in path.name) == before


def test_a_report_that_fails_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs.csv").write_text("innov_date\n2020-01-01\n")
    arguments = ["--pairs", str(tmp_path / "pairs.csv"), "--store", str(tmp_path / "store")]
    code = main(["report", "--out", str(tmp_path / "deep" / "out"), *arguments])
    assert code == 2
    assert "pairs.csv" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"pairs.csv", "store"}


def test_cells_are_written_to_their_printed_digits() -> None:
    frame = pl.DataFrame(
        {
            "n": [1094],
            "slope": [1.69744],
            "p": [1e-9],
            "aic": [5909.84],
            "boot_low": [1.6225],
            "mean_usd": [-2384565913476075.0],
            "p_positive": [0.9999],
            "lag_months": [34.31],
            "empty": pl.Series([None], dtype=pl.Float64),
        }
    )
    texts = ["1,094", "1.697", "< 0.001", "5909.8", "1.62", "-2.384566e+15", "> 0.999", "34.3"]
    assert shown(frame).row(0) == tuple(texts)
    made = files(frame, "R&D at 100 %", "Source: a_b.")
    assert all(text in made["txt"] for text in texts)
    assert "R\\&D at 100 \\%" in made["tex"]
    assert "R&amp;D" in made["html"]
