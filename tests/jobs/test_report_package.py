"""The replication package: checks itself, names what was changed, runs again in an empty environment."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

from engine.report import ReportSpec
from engine.result import Result
from jobs.config_file import Config
from jobs.report import How, gather
from jobs.report.package import write_package
from jobs.report.verify import NotReplicated, compared, require_same, stored
from jobs.store import Store

SPEC = {"replicates": 100, "diffusion_replicates": 100, "imputations": 0, "n_paths": 5_000, "versions": "published"}
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package unpacked, of the published version alone: its runs take few seconds."""
    home = tmp_path_factory.mktemp("package")
    _, material = gather(ReportSpec.parse(SPEC), Config(), None, {}, How(Store(str(home / "store")), "inline"))
    write_package(material, home / "written")
    with zipfile.ZipFile(home / "written" / "replication_package.zip") as archive:
        archive.extractall(home / "unpacked")
    return home / "unpacked"


@pytest.fixture
def copy(package: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "copy"))


def verify(folder: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The package's own script, in an environment that has nothing of this one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [python, "verify.py", *arguments], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )


def test_everything_to_start_from_is_in_it(package: Path) -> None:
    wanted = ["verify.py", "README.md", "LICENSE", "CITATION.txt", "citation.bib", "requirements.txt", "report.json"]
    assert [name for name in wanted if not (package / name).is_file()] == []
    assert (package / "data" / "2025-10" / "models.parquet").is_file()
    assert "--hash=sha256:" in (package / "requirements.txt").read_text(encoding="utf-8")


def test_no_place_or_time_of_this_machine_is_in_it(package: Path) -> None:
    from jobs.settings import ROOT

    for path in (p for p in package.rglob("*") if p.is_file() and p.suffix != ".parquet"):
        assert str(ROOT).encode() not in path.read_bytes(), path


def test_an_untouched_package_passes(package: Path) -> None:
    done = verify(package, "--hashes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Every file is as it was packed" in done.stdout


@pytest.mark.parametrize("name", ["data/2025-10/models.parquet", "engine/result.py", "README.md"])
def test_a_changed_file_is_named(copy: Path, name: str) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    done = verify(copy)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"CHANGED {name}", "1 of the listed files were changed."]


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "engine" / "cashflow.py").unlink()
    done = verify(copy, "--hashes")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "CHANGED engine/cashflow.py")


def test_the_package_verifies_itself_in_an_empty_environment(copy: Path, tmp_path: Path) -> None:
    """A new environment with the pinned requirements alone; every run again, the same or (other BLAS kernels) close."""
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv")], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", str(python), "-r", str(copy / "requirements.txt")]
    subprocess.run(install, check=True)
    done = verify(copy, python=str(python))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    runs = len(lines) - 2
    assert lines[-1].startswith(f"{runs} of {runs} runs agree")
    assert {line.split()[0] for line in lines[1:-1]} <= {"same", "close"}


def test_the_notebooks_run_and_match(copy: Path) -> None:
    """Top to bottom; the replication raises where a figure differs."""
    for name in ("replication_notebook.ipynb", "data_preparation.ipynb"):
        notebook = nbformat.read(copy / name, as_version=4)
        nbformat.validate(notebook)
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assert not any(word in text for text in code for word in ("def ", "for ", "if ", "lambda"))
        client = NotebookClient(
            notebook, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(copy)}}
        )
        client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("parameters" in str(output) for output in shown)


def changed(result: Result, by: float) -> Result:
    frame = result.tables["tiers"]
    return replace(result, tables={**result.tables, "tiers": frame.with_columns(pl.col("mean_usd") * (1 + by))})


@pytest.mark.parametrize(("by", "verdict"), [(0.0, "same"), (1e-12, "close"), (1e-6, "different")])
def test_the_comparison_names_what_differs(package: Path, by: float, verdict: str) -> None:
    """Rounding of another processor is within the tolerance of 1e-7; a change that matters is not."""
    old: dict[str, Any] = stored(package)
    found = compared(old, {**old, "npv/published": changed(old["npv/published"], by)})
    row = found.filter(pl.col("run") == "npv/published").row(0, named=True)
    assert row["verdict"] == verdict
    if verdict == "different":
        assert row["differing"] == ["tiers mean_usd[0]", "tiers mean_usd[1]"]
        with pytest.raises(NotReplicated, match="npv/published"):
            require_same(found)
    else:
        assert require_same(found).height == len(old)


def test_a_run_without_a_result_is_different(package: Path) -> None:
    old = stored(package)
    found = compared(old, {name: result for name, result in old.items() if name != "report"})
    assert found.row(0, named=True)["differing"] == ["the run has no result"]


def test_a_damaged_stored_result_is_told(copy: Path) -> None:
    key = json.loads((copy / "report.json").read_text(encoding="utf-8"))["key"]
    (copy / "store" / "runs" / key / "result.parquet").write_bytes(b"nothing")
    with pytest.raises(NotReplicated, match="damaged or missing"):
        stored(copy)
