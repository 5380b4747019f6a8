"""The tables that ship with the project, rebuilt from the publishers' files by one function."""

from pathlib import Path

from engine.result import Result
from engine.tables import TableError, ingest
from jobs.data.layout import BUNDLED
from jobs.data.provenance import provenance_page
from jobs.data.status import report
from jobs.data.writing import Part, dated, replace_file, write_vintage

SOURCES = {
    "models": ("epoch/all_models_clean_2025-10.csv", "2025-10-20"),
    "interventions": ("gta/interventions_2025-10.csv", "2025-10"),
    "publications": ("oecd/oecd-ai-data.zip", "2025-10-19"),
    "hardware": ("epoch/ml_hardware_2025-09.csv", "2025-09"),
    "benchmark_scores": ("epoch/benchmarks", "2025-07 or later"),
}


def build_bundled(source_dir: str | Path, out_dir: str | Path) -> Result:
    """Rebuild OUT_DIR/2025-10 from the publishers' files under SOURCE_DIR; the same files give the same bytes.

    Raises `TableError` when a file is absent or can't be used; then nothing is changed. Returns what
    `status` says of the new tables.
    """
    source = Path(source_dir)
    if not source.is_dir():
        raise TableError(f"There is no folder {source} to build the tables from.")
    parts = {name: Part(ingest(source / path, expect=name), day) for name, (path, day) in SOURCES.items()}
    written = write_vintage(Path(out_dir) / BUNDLED, BUNDLED, dated(parts))
    replace_file(Path(out_dir) / "PROVENANCE.md", provenance_page(written).encode())
    return report(written, written)
