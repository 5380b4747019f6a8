"""The tables that ship with the project, rebuilt from the publishers' files by one function."""

from dataclasses import replace
from pathlib import Path

from engine.result import Result
from engine.tables import TableError, ingest
from engine.tables.derive import with_version_dates
from jobs.data.layout import BUNDLED
from jobs.data.status import report
from jobs.data.writing import Part, write_vintage

SOURCES = {
    "models": ("epoch/all_models_clean_2025-10.csv", "2025-10-20"),
    "interventions": ("gta/interventions_2025-10.csv", "2025-10"),
    "publications": ("oecd/oecd-ai-data.zip", "2025-10-19"),
    "hardware": ("epoch/ml_hardware_2025-09.csv", "2025-09"),
    "benchmark_scores": ("epoch/benchmarks", "2025-10"),
}
VERSIONS = "epoch/benchmarks/model_versions.csv"


def build_bundled(source_dir: str | Path, out_dir: str | Path) -> Result:
    """Rebuild OUT_DIR/2025-10 from the publishers' files under SOURCE_DIR; the same files give the same bytes.

    Raises `TableError` when a file is absent or can't be used; then nothing is changed. Returns what
    `status` says of the new tables.
    """
    source = Path(source_dir)
    if not source.is_dir():
        raise TableError(f"There is no folder {source} to build the tables from.")
    parts = {name: Part(ingest(source / path, expect=name), day) for name, (path, day) in SOURCES.items()}
    versions = ingest(source / VERSIONS, expect="model_versions").frame
    models = parts["models"].made
    parts["models"] = replace(parts["models"], made=replace(models, frame=with_version_dates(models.frame, versions)))
    written = write_vintage(Path(out_dir) / BUNDLED, BUNDLED, parts)
    return report(written, written)
