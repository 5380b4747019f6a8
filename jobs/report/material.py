"""All that is known when the tree is written: the report's answer, its runs, and what they were asked of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from engine.report import ReportSpec
from engine.result import Result, jsonable
from jobs.config_file import Config
from jobs.question import Question
from jobs.report.captions import caption
from jobs.report.layout import FIGURES, TABLES, Figure, versioned
from jobs.store import Store

WATERMARK = "SYNTHETIC"
SYNTHETIC_FILES = ("scaling", "diffusion_pairs")
TITLE = "Economics of frontier AI: scaling, diffusion, investment and policy"
NO_PAIRS = (
    "The published diffusion run needs the study's own file of pairs, which is not bundled; give it with --pairs FILE."
)


@dataclass(frozen=True)
class Material:
    """The report's result and runs by kind/preset, the question behind them, and the configuration."""

    spec: ReportSpec
    result: Result
    runs: Mapping[str, Result]
    question: Question
    config: Config
    vintage: str
    store: Store

    @property
    def watermark(self) -> str:
        return WATERMARK if self.spec.synthetic else ""

    @property
    def title(self) -> str:
        return f"{self.watermark} {self.config.title or TITLE}".strip()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The pictures, those that the configuration names under the names it gives them."""
        return tuple(
            Figure(self.name(figure.stem), figure.chart, figure.kind, figure.title, figure.of_paper)
            for figure in FIGURES
        )

    def name(self, known: str) -> str:
        """The name of a file, as the configuration has it."""
        return self.config.names.get(known, known)

    def caption(self, kind: str, preset: str) -> str:
        """Source, licence, vintage, preset and key of what a run shows."""
        drawn = SYNTHETIC_FILES if self.spec.synthetic else ()
        return self.mark(caption(self.runs.get(f"{kind}/{preset}"), self.vintage, self.question.files, drawn=drawn))

    def mark(self, text: str) -> str:
        """Text with the watermark in front, where there is one."""
        return f"{self.watermark}. {text}" if self.watermark else text

    def table(self, name: str, preset: str) -> pl.DataFrame:
        """A version of a table of the paper."""
        return self.result.tables[name].filter(pl.col("preset") == preset).drop("preset")


def keys_below(question: Question) -> dict[str, Question]:
    """Every question a question stands on, itself included, by key."""
    found = {question.key: question}
    for need in question.needs.values():
        found |= keys_below(need)
    return found


def figure_plan(material: Material) -> list[dict[str, str]]:
    """What `views.figures` draws: one entry a picture and version."""
    return [
        _picture(material, figure, preset)
        for figure in material.figures
        for preset in reversed(material.spec.presets_asked)
    ]


def _picture(material: Material, figure: Figure, preset: str) -> dict[str, str]:
    run = material.runs.get(f"{figure.kind}/{preset}")
    caption = material.caption(figure.kind, preset)
    if run is not None and run.summary.get("paths_digest"):
        caption += f" Paths {str(run.summary['paths_digest'])[:16]}."
    return {
        "name": versioned(figure.stem, preset, material.spec.primary),
        "chart": figure.chart,
        "preset": preset,
        "key": run.key if run else "",
        "title": f"{figure.title} ({preset}{_count(run)})",
        "caption": caption,
        "watermark": material.watermark,
        "reason": "" if run else material.spec.without.get(f"{figure.kind}/{preset}", NO_PAIRS),
    }


def _count(run: Result | None) -> str:
    """The number of rows a run rests on, where it has one."""
    n = next((run.summary[name] for name in ("n", "subjects", "rows") if name in run.summary), None) if run else None
    return f", n = {n:,}" if n else ""


def table_files(material: Material) -> list[tuple[str, str, pl.DataFrame, str]]:
    """Every version of every table of the paper: stem, title, frame, caption."""
    return [
        (
            versioned(table.stem, preset, material.spec.primary),
            f"{table.title} ({preset})",
            material.table(table.table, preset),
            material.caption(table.kind, preset),
        )
        for table in TABLES
        for preset in reversed(material.spec.presets_asked)
    ]


def write_json(path: Path, value: Any) -> None:
    """Plain JSON, sorted keys, no NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(jsonable(value), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_text(path: Path, text: str) -> None:
    """UTF-8 text with Unix line ends, in a folder made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
