"""A small report that several tests look at: few draws, everything else as it is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SMALL = ("--replicates", "100", "--diffusion-replicates", "100", "--imputations", "0", "--n-paths", "5000")
CONFIGS = Path(__file__).parent / "configs"


def run_report(*arguments: object) -> dict[str, Any]:
    """The command's JSON object; fails with what it said."""
    command = [sys.executable, "-m", "jobs", "report", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
