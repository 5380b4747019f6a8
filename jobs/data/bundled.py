"""The tables that ship with the project, rebuilt from the publishers' files by one function."""

from dataclasses import replace
from pathlib import Path

from engine.tables import Ingested, TableError, ingest
from engine.tables.derive import with_version_dates
from jobs.data.layout import BUNDLED
from jobs.data.writing import write_vintage

SOURCES = {
    "models": "epoch/all_models_clean_2025-10.csv",
    "interventions": "gta/interventions_2025-10.csv",
    "publications": "oecd/oecd-ai-data.zip",
    "hardware": "epoch/ml_hardware_2025-09.csv",
    "benchmark_scores": "epoch/benchmarks",
}
VERSIONS = "epoch/benchmarks/model_versions.csv"
RETRIEVED = "2025-10-20"


def build_bundled(source_dir: str | Path, out_dir: str | Path) -> dict[str, Ingested]:
    """Rebuild OUT_DIR/2025-10 from the publishers' files under SOURCE_DIR; the same files give the same bytes.

    Raises `TableError` when a file is absent or can't be used; then nothing is changed.
    """
    source, out = Path(source_dir), Path(out_dir)
    if not source.is_dir():
        raise TableError(f"There is no folder {source} to build the tables from.")
    made = {name: ingest(source / path, expect=name) for name, path in SOURCES.items()}
    versions = ingest(source / VERSIONS, expect="model_versions").frame
    made["models"] = replace(made["models"], frame=with_version_dates(made["models"].frame, versions))
    write_vintage(out / BUNDLED, BUNDLED, RETRIEVED, made)
    return made
