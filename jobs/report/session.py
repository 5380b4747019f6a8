"""What ran where: versions, platform, seed, revision, hashes of the data, and the time and memory it took."""

import datetime as dt
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import distributions
from typing import Any

from jobs.report.material import Material
from jobs.settings import ROOT

KIBIBYTE = 1024


def session_info(material: Material, started: float) -> dict[str, Any]:
    """Session info; `started` is Unix time in seconds."""
    return {
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": sys.version,
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "versions": {dist.metadata["Name"]: dist.version for dist in distributions()},
        "git_revision": _revision(),
        "seed": material.spec.seed,
        "vintage": material.vintage,
        "data_sha256": dict(material.result.inputs),
        "report_key": material.result.key,
        "runs": {row["run"]: row["key"] for row in material.result.tables["runs"].iter_rows(named=True)},
        "wall_s": round(time.time() - started, 1),
        "peak_memory_mib": _peak_mib(),
    }


def _peak_mib() -> int:
    """Largest memory of this process and of any of its children, in MiB."""
    unit = 1 if sys.platform == "darwin" else KIBIBYTE
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(max(peaks) * unit / KIBIBYTE**2)


def _revision() -> str | None:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None
