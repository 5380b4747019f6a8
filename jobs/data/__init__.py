"""Data of the workbench: vintages, loading, import, refresh and the bundled tables."""

from jobs.data.bundled import build_bundled
from jobs.data.changes import changes
from jobs.data.importing import import_files
from jobs.data.layout import BUNDLED, TABLES, manifest, vintages
from jobs.data.loading import Inputs, load_tables
from jobs.data.refreshing import refresh
from jobs.data.status import status
from jobs.data.uploads import keep_upload

__all__ = [
    "BUNDLED",
    "TABLES",
    "Inputs",
    "build_bundled",
    "changes",
    "import_files",
    "keep_upload",
    "load_tables",
    "manifest",
    "refresh",
    "status",
    "vintages",
]
