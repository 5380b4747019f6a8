"""What the driver, the submitter and the workers of a cluster agree on."""

import os
import platform
from importlib.metadata import version

from jobs.tasks import RunError

NOT_SHIPPED = [
    ".git",
    ".venv",
    ".workbench",
    ".github",
    ".env",
    ".streamlit/secrets.toml",
    "tests",
    "artifacts",
    "academic_outputs",
    "*.tmp",
]
SUBMITTER = "WORKBENCH_SUBMITTER"


def versions() -> str:
    """Ray and Python of this process."""
    return f"Ray {version('ray')} on Python {python()}"


def python() -> str:
    """Python's version without its patch level."""
    return ".".join(platform.python_version_tuple()[:2])


def submitted() -> bool:
    """Whether another process submitted the run of this one, and may have asked it to stop before it began."""
    return SUBMITTER in os.environ


def check_submitter() -> None:
    """Whether a job runs on the versions it was submitted from; raises `RunError` when not."""
    asked = os.environ.get(SUBMITTER, versions())
    if asked != versions():
        raise RunError(f"The cluster runs {versions()} and this was submitted from {asked}; use the same on both.")
