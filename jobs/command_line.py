"""The command line that gives the same result as a page."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from engine.report import ReportSpec
from engine.spec import Spec
from engine.sweep import SweepSpec
from jobs.settings import settings

FILES = {
    "models": "models",
    "interventions": "interventions",
    "publications": "publications",
    "hardware": "hardware",
    "benchmarks": "benchmark_scores",
    "table": "scaling",
    "pairs": "diffusion_pairs",
}
SWEEP_FILE = "sweep.yaml"
CONFIG_FILE = "configuration.yaml"
REPORT_NUMBERS = ("seed", "replicates", "diffusion_replicates", "imputations", "n_paths")


def command(spec: Spec, vintage: str | None = None, files: Mapping[str, str] | None = None, config: str = "") -> str:
    """The command line that gives the same result; files by their names alone, as they lie elsewhere for each user.

    A sweep is asked by its file, which is to be saved as sweep.yaml; a report by the configuration of that name, where
    one was given.
    """
    if isinstance(spec, SweepSpec):
        asked = ["sweep", SWEEP_FILE]
    elif isinstance(spec, ReportSpec):
        asked = ["report", *_report(spec, config), "--preset", spec.versions]
    else:
        asked = [spec.study, *_fields(spec)]
    if vintage and vintage != settings().vintage:
        asked += ["--vintage", vintage]
    drawn = isinstance(spec, ReportSpec) and spec.synthetic
    for flag, table_name in FILES.items():
        if files and table_name in files and not drawn:
            asked += [f"--{flag}", Path(files[table_name]).name]
    return shlex.join(["python", "-m", "jobs", *asked])


def _report(spec: ReportSpec, config: str) -> list[str]:
    """The configuration, if there is one, and flags: all numbers beside a configuration, which may set them too."""
    default = ReportSpec()
    set_by_file = spec.asked or spec.parameter_unit != 1 or spec.compute_unit_flop != 1 or spec.cost_unit_usd != 1
    named = config or (CONFIG_FILE if set_by_file else "")
    stated = [name for name in REPORT_NUMBERS if named or getattr(spec, name) != getattr(default, name)]
    flags = [part for name in stated for part in (f"--{name.replace('_', '-')}", str(getattr(spec, name)))]
    return [*([named] if named else []), *flags, *(["--smoketest"] if spec.synthetic else [])]


def _fields(spec: Spec) -> list[str]:
    """Flags of the preset and of the fields that differ from it."""
    defaults = type(spec).parse({"preset": spec.preset}).model_dump()
    flags = ["--preset", spec.preset]
    for name, value in spec.model_dump().items():
        if name != "preset" and value != defaults[name]:
            flags += [f"--{name.replace('_', '-')}", str(value).lower() if value in (None, True, False) else str(value)]
    return flags
