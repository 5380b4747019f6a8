"""The kinds of file there are, and telling them apart by their header."""

from collections.abc import Callable, Sequence

import polars as pl

from engine.tables import benchmarks, hardware, interventions, models, publications, study_inputs
from engine.tables.cells import Sheet
from engine.tables.columns import Column, Layout, header_key, known_share
from engine.tables.schemas import SCHEMAS

Build = Callable[[Sheet], tuple[pl.DataFrame, dict[str, int]]]
LAYOUTS: dict[str, Layout] = {
    "models": models.LAYOUT,
    "interventions": interventions.LAYOUT,
    "publications": publications.LAYOUT,
    "hardware": hardware.LAYOUT,
    "benchmark_scores": benchmarks.RUNS,
    "board": benchmarks.BOARD,
    "scores": benchmarks.SCORES,
    "names": benchmarks.BOARD_NAMES,
    "tasks": benchmarks.TASKS,
    "model_versions": benchmarks.VERSIONS,
    "scaling": study_inputs.SCALING,
    "diffusion_pairs": study_inputs.PAIRS,
}
BUILDS: dict[str, Build] = {
    "models": models.build,
    "interventions": interventions.build,
    "publications": publications.build,
    "hardware": hardware.build,
    "benchmark_scores": benchmarks.build,
    "model_versions": benchmarks.build_versions,
    "scaling": study_inputs.build_scaling,
    "diffusion_pairs": study_inputs.build_pairs,
}
KINDS = tuple(BUILDS)
_PARTLY = 4


def kind_of(headers: Sequence[str]) -> str | None:
    """The kind a header has most known columns of, complete ones before others; None when it has few of any.

    A header that lacks a required column still counts when it has four known ones, so that the error can
    name the column.
    """
    fits = []
    for kind, layout in LAYOUTS.items():
        required = sum(column.required for column in layout.columns)
        present, known = known_share(headers, layout)
        fits.append((known, present == required, kind))
    likely = [fit for fit in fits if fit[1] or fit[0] >= _PARTLY]
    return max(likely, key=lambda fit: fit[:2])[2] if likely else None


def layout_report(kind: str) -> pl.DataFrame:
    """The columns a file of that kind may have: column, also (other names it may go by), unit, needed ('yes' or '')."""
    units = {name: (column.metadata or {}).get("unit", "") for name, column in SCHEMAS[kind].columns().items()}
    rows = [
        (column.name, ", ".join(_others(column)), units.get(column.name, ""), "yes" if column.required else "")
        for column in LAYOUTS[kind].columns
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("column", "also", "unit", "needed"), pl.String), orient="row")


def _others(column: Column) -> list[str]:
    """Names a column may go by beside its own, which counts in any case and spacing."""
    return [name for name in column.seen_as if header_key(name) != header_key(column.name)]
