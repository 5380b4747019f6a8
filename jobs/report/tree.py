"""The tree of the report: pictures by a child process, tables, texts, models, logs and the replication package."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.report.paper import FIT
from jobs.report import texts
from jobs.report.layout import FOLDERS, PAPER_FIGURES, PAPER_TABLES, REPLICATION, VALIDATION, versioned
from jobs.report.material import Material, figure_plan, table_files, write_json, write_text
from jobs.report.models import write_models
from jobs.report.package import write_package
from jobs.report.session import session_info
from jobs.report.tables import files
from jobs.report.validation import (
    config_json,
    data_loading_csv,
    imputation_report,
    results_summary,
    robustness_report,
)
from jobs.settings import ROOT

DRAWERS = 2


class NotDrawn(RuntimeError):
    """A picture could not be drawn; the message is what the drawing process said."""


def write_tree(material: Material, folder: Path, started: float) -> dict[str, int]:
    """Write everything into a folder; how many pictures and tables there are."""
    places = {name: folder / material.config.folders.get(name, default) for name, default in FOLDERS.items()}
    plan = figure_plan(material)
    write_json(places["logs"] / "figures.json", plan)
    drawing = _start_drawing(material, places, [picture["name"] for picture in plan])
    _tables(material, folder, places["tables"])
    _texts(material, folder, places)
    write_models(material, places["models"])
    _validation(material, folder / VALIDATION)
    write_package(material, folder / REPLICATION)
    _wait(drawing)
    _paper_figures(material, places["figures"], folder / PAPER_FIGURES)
    _logs(material, places["logs"], started)
    return {"figures": len(plan), "tables": len(table_files(material))}


def _start_drawing(material: Material, places: dict[str, Path], names: list[str]) -> list[subprocess.Popen[str]]:
    """Two processes, each with every other picture; `views` is theirs alone."""
    command = [sys.executable, "-m", "views.figures", "--plan", str(places["logs"] / "figures.json")]
    root = material.store.root if "://" in material.store.root else str(Path(material.store.root).resolve())
    command += ["--store", root, "--out", str(places["figures"])]
    return [
        subprocess.Popen([*command, *names[part::DRAWERS]], cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True)
        for part in range(min(DRAWERS, len(names)))
    ]


def _wait(drawing: list[subprocess.Popen[str]]) -> None:
    said = [(process.communicate()[1], process.returncode) for process in drawing]
    for error, code in said:
        if code:
            raise NotDrawn(f"The pictures could not be drawn: {' '.join(error.split())[-500:]}")


def _tables(material: Material, folder: Path, artifacts: Path) -> None:
    for stem, title, frame, caption in table_files(material):
        for ending, text in files(frame, title, caption, material.watermark).items():
            write_text(folder / PAPER_TABLES / f"{stem}.{ending}", text)
            if ending in ("txt", "csv"):
                write_text(artifacts / f"{stem}.{ending}", text)
    for preset in reversed(material.spec.presets_asked):
        _named_tables(material, artifacts, preset)


def _named_tables(material: Material, artifacts: Path, preset: str) -> None:
    """The study's own CSV files: curve, Cox, investment, and the exponents with the direction of each."""
    exponents = material.table("parameter_estimates", preset).select(FIT)
    made = {
        "npv_summary": ("npv", material.table("investment", preset)),
        "cox_summary": ("diffusion", material.table("hazards", preset)),
        "scaling_exponents_summary": ("scaling", exponents),
    }
    if f"diffusion/{preset}" in material.runs:
        made["km_summary"] = ("diffusion", material.runs[f"diffusion/{preset}"].tables["survival"])
    for name, (kind, frame) in made.items():
        stem = versioned(material.name(name), preset, material.spec.primary)
        write_text(
            artifacts / f"{stem}.csv", files(frame, name, material.caption(kind, preset), material.watermark)["csv"]
        )


def _texts(material: Material, folder: Path, places: dict[str, Path]) -> None:
    scaling = ("summary_statistics", "parameter_estimates")
    write_text(folder / "academic_outputs" / "EXECUTIVE_SUMMARY.txt", texts.executive_summary(material))
    write_text(folder / "academic_outputs" / "APPENDIX_SUMMARY.txt", texts.appendix(material))
    write_text(folder / "academic_outputs" / "APPENDIX.tex", texts.appendix_tex(material))
    write_text(places["logs"] / "scaling_analysis_report.txt", texts.analysis(material, "scaling", scaling))
    write_text(
        places["logs"] / "diffusion_analysis_report.txt",
        texts.analysis(material, "diffusion", ("diffusion", "hazards")),
    )
    write_text(places["logs"] / "cox_check_assumptions.txt", texts.cox_check(material))
    write_json(places["tables"] / "results_summary.json", results_summary(material))


def _validation(material: Material, folder: Path) -> None:
    write_text(folder / "data_loading_report.csv", data_loading_csv(material))
    write_json(folder / "imputation_report.json", imputation_report(material))
    write_json(folder / "robustness_analysis_report.json", robustness_report(material))
    write_json(folder / "results_summary.json", results_summary(material))
    write_text(folder / "cox_proportional_hazards_check.txt", texts.cox_check(material))
    checks = material.result.tables["checks"]
    write_text(folder / "checks.csv", checks.write_csv())


def _paper_figures(material: Material, drawn: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for figure in material.figures:
        for preset in material.spec.presets_asked if figure.of_paper else ():
            for path in drawn.glob(f"{versioned(figure.stem, preset, material.spec.primary)}.*"):
                shutil.copyfile(path, target / path.name)


def _logs(material: Material, logs: Path, started: float) -> None:
    """The configuration as given and as understood, the session, and every note."""
    stamp = dt.datetime.fromtimestamp(started, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    if material.config.text:
        write_text(logs / f"config_snapshot_{stamp}.yaml", material.config.text)
    write_text(logs / f"config_snapshot_{stamp}.json", config_json(material))
    notes = [*material.config.notes, *material.result.warnings]
    write_text(logs / "report.log", "\n".join([f"report {material.result.key}", *notes, ""]))
    write_json(logs / "session_info.json", session_info(material, started))
