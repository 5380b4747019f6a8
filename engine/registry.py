"""Name to study. A new study is one line here."""

import importlib
from typing import Any

from engine.spec import SpecError
from engine.study import Study

_STUDIES = {
    "export-controls": "engine.export_controls:ExportControls",
    "efficiency": "engine.efficiency:Efficiency",
    "scaling": "engine.scaling:Scaling",
    "bootstrap": "engine.bootstrap:Bootstrap",
    "diffusion": "engine.diffusion:Diffusion",
    "npv": "engine.npv:Npv",
    "welfare": "engine.welfare:Welfare",
    "sobol": "engine.sobol:Sobol",
    "report": "engine.report:Report",
    "sweep": "engine.sweep:Sweep",
}


def names() -> tuple[str, ...]:
    """Names of every study, in the order of the pages."""
    return tuple(_STUDIES)


def study(name: str) -> Study[Any]:
    """The study of that name, imported on first use; raises `SpecError` for an unknown one."""
    if name not in _STUDIES:
        raise SpecError(f"There is no study '{name}'; the studies are {', '.join(_STUDIES)}.")
    module, attribute = _STUDIES[name].split(":")
    made: Study[Any] = getattr(importlib.import_module(module), attribute)()
    return made
