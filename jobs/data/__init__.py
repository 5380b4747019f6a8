"""Data of the workbench: vintages, loading, import, refresh and the bundled tables."""

from jobs.data.bundled import build_bundled
from jobs.data.importing import import_files
from jobs.data.layout import BUNDLED, TABLES, manifest, vintages
from jobs.data.loading import Inputs, load_tables
from jobs.data.refreshing import refresh
from jobs.data.status import status

__all__ = [
    "BUNDLED",
    "TABLES",
    "Inputs",
    "build_bundled",
    "import_files",
    "load_tables",
    "manifest",
    "refresh",
    "status",
    "vintages",
]
