"""The study's configuration file, read as it is: each key becomes a field, a file or a name, or is reported as unused.

Known are the keys of the study's README, of its published configuration and of the one its script wrote.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import registry
from engine.report.spec import KINDS, ReportSpec
from engine.spec import SpecError
from jobs import plain_yaml

MAX_BYTES = 2**20
UNITS = {"FLOPs": "FLOP", "PF-days": "PF-day", "TFLOP-days": "TFLOP-day", "GFLOP-days": "GFLOP-day"}
TIERS = {"TierIII": "III", "TierIV": "IV", "III": "III", "IV": "IV"}
PUBLISHED_EXPONENT = 1.697
PUBLISHED_PARAMETERS = 1e12
FOLDER = re.compile(r"(?:\./)?[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,7}/?")
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
SHOWN_CHARACTERS = 60
Read = Callable[[Any], Any]


class _Bad(ValueError):
    """A value that can't be; the message goes behind the name of its key."""


@dataclass(frozen=True)
class Key:
    """Where a key goes: `place` is a kind of run, report, file, column, folder, name, title, author or unused.

    `to` is the field, table or name there (several kinds of runs may share it); for an unused key it says why.
    """

    place: str
    to: str = ""
    read: Read = lambda value: value


@dataclass(frozen=True)
class Config:
    """What a configuration asks for, and a sentence on each key that changes nothing or was given twice."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    author: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Bad("give a number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Bad("give true or false")
    return value


def _choice(choices: Mapping[str, str]) -> Read:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _Bad(f"choose one of {', '.join(choices)}")
        return choices[value]

    return read


def _errors(value: Any) -> str:
    """`robust_se` is a covariance, or true for the default one."""
    if value is True:
        return "HC3"
    if not isinstance(value, str):
        raise _Bad("choose HC0, HC1, HC2, HC3 or cluster")
    return value


def _scaled(factor: float) -> Read:
    return lambda value: None if value is None else float(_number(value)) * factor


def _perhaps(value: Any) -> Any:
    return None if value is None else _number(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Bad("give text")
    return value


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _Bad("give the path of a file")
    return value


def _listed(value: Any) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(name, str) for name in found):
        raise _Bad("give a column's name, or a list of names")
    return tuple(found)


def _folder(value: Any) -> str:
    if not isinstance(value, str) or not FOLDER.fullmatch(value):
        raise _Bad("give a folder inside the output folder, such as artifacts/figures")
    return value.removeprefix("./").rstrip("/")


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or not FILE_NAME.fullmatch(value):
        raise _Bad("give a plain file name")
    return value.rsplit(".", 1)[0]


_UNITS = _choice({"auto": "auto", **UNITS, **{name: name for name in UNITS.values()}})
_NO_COLUMN = Key("unused", "no analysis takes this column from the file")
KEYS: dict[str, Key] = {
    "meta.project_name": Key("title", read=_text),
    "meta.author": Key("author", read=_text),
    "meta.seed": Key("report", "seed", _number),
    "meta.smoketest": Key("report", "synthetic", _flag),
    "paths.scaling_data": Key("file", "scaling", _path),
    "paths.diffusion_data": Key("file", "diffusion_pairs", _path),
    "exports.fig_dir": Key("folder", "figures", _folder),
    "exports.tab_dir": Key("folder", "tables", _folder),
    "exports.log_dir": Key("folder", "logs", _folder),
    "exports.model_dir": Key("folder", "models", _folder),
    "scaling_spec.dep": Key("unused", "the formulas say which side is which, and every law is fitted both ways"),
    "scaling_spec.compute_col": Key("column", "scaling.training_compute_flop", _listed),
    "scaling_spec.params_col": Key("column", "scaling.parameters", _listed),
    "scaling_spec.cost_col": Key("column", "scaling.cost_usd_2023", _listed),
    "scaling_spec.year_col": Key("column", "scaling.year", _listed),
    "scaling_spec.arch_col": Key("column", "scaling.architecture", _listed),
    "scaling_spec.org_type_col": Key("column", "scaling.organization_type", _listed),
    "scaling_spec.tier_col": _NO_COLUMN,
    "scaling_spec.compute_unit": Key("scaling+cost", "compute_unit", _UNITS),
    "scaling_spec.params_scale": Key("report", "parameter_unit", _number),
    "scaling_spec.compute_scale": Key("report", "compute_unit_flop", _number),
    "scaling_spec.cost_scale": Key("report", "cost_unit_usd", _number),
    "scaling_spec.form_params_vs_compute": Key("scaling", "formula", _text),
    "scaling_spec.form_cost_vs_params": Key("cost", "formula", _text),
    "scaling_spec.robust_se": Key("scaling+cost", "covariance", _errors),
    "diffusion_spec.window_months": Key("diffusion", "window_months", _number),
    "diffusion_spec.min_lead_months": Key("diffusion", "min_lead_months", _number),
    "diffusion_spec.innov_date_col": Key("column", "diffusion_pairs.innovator_date", _listed),
    "diffusion_spec.follower_date_col": Key("column", "diffusion_pairs.follower_date", _listed),
    "diffusion_spec.tier_col": _NO_COLUMN,
    "diffusion_spec.org_type_col": _NO_COLUMN,
    "diffusion_spec.openness_col": _NO_COLUMN,
    "diffusion_spec.km_fig": Key("name", "survival_km", _file_name),
    "diffusion_spec.cox_fig": Key("name", "cox_diagnostics", _file_name),
    "diffusion_spec.km_table": Key("name", "km_summary", _file_name),
    "diffusion_spec.cox_table": Key("name", "cox_summary", _file_name),
    "investment_spec.target_params_billion": Key("npv", "parameters_count", _scaled(1e9)),
    "investment_spec.gamma_compute": Key("npv", "scaling_exponent", _number),
    "investment_spec.gamma_cost": Key("unused", "cost is compute times price; the law of cost is fitted, not set"),
    "investment_spec.compute_at_1b_params": Key("npv", "compute_at_1b_flop", _perhaps),
    "investment_spec.price_per_flop_now": Key("npv", "price_usd_per_flop", _number),
    "investment_spec.min_price_per_flop": Key("npv", "min_price_usd_per_flop", _number),
    "investment_spec.price_decline_rate_annual": Key(
        "unused", "all of the cost is spent at once, at today's price; switch on later spending in the npv study"
    ),
    "investment_spec.target_mean_npv": Key("npv", "target_mean_usd", _number),
    "investment_spec.enforce_var5p_nonneg": Key("unused", "the calibration always asks for a 5 % value at risk >= 0"),
    "investment_spec.revenue_lognorm_mu": Key("npv", "mu", _perhaps),
    "investment_spec.revenue_lognorm_sigma": Key("npv", "sigma", _number),
    "investment_spec.post_competition_drop": Key("npv", "drop", _number),
    "investment_spec.annual_discount_rate": Key("npv", "annual_discount_rate", _number),
    "investment_spec.horizon_months": Key("npv", "horizon_months", _number),
    "investment_spec.n_sims": Key("report", "n_paths", _number),
    "investment_spec.max_apc_share": Key("npv", "apc_max_share", _number),
    "investment_spec.tol_apc": Key("unused", "the smallest commitment has a closed form; no tolerance is needed"),
    "investment_spec.npv_hist_fig": Key("name", "npv_hist", _file_name),
    "investment_spec.npv_summary_table": Key("name", "npv_summary", _file_name),
    "investment_spec.tornado_fig": Key("name", "tornado_sensitivity", _file_name),
    "apc_spec.scenario": Key("npv", "tier", _choice(TIERS)),
    "apc_spec.tiers.TierIV.cost_multiplier": Key("npv", "tier_iv_cost_multiple", _number),
    "apc_spec.tiers.TierIV.mu_shift": Key("npv", "mu_shift", _number),
    "apc_spec.tiers.TierIII.cost_multiplier": Key("unused", "tier III is the one the others are measured by"),
    "apc_spec.tiers.TierIII.mu_shift": Key("unused", "tier III is the one the others are measured by"),
    "apc_spec.tiers.TierIII.params_billion": Key("npv", "parameters_count", _scaled(1e9)),
    "apc_spec.tiers.TierIV.params_billion": Key("npv", "parameters_count", _scaled(1e9)),
}

BROUGHT = {
    "file": "it names a file of another machine; choose the file beside the configuration",
    "column": "the columns of a file chosen beside the configuration are found by their known names",
}


def read_config(path: Path, *, brought: bool = False) -> Config:
    """The configuration in a file. Raises `SpecError`, one sentence that names the file and the key at fault.

    One that was `brought` from another machine opens no file here: what it says of files is noted as unused.
    """
    found, repeated = plain_yaml.load(path, "configuration file", MAX_BYTES)
    if not isinstance(found, dict):
        raise SpecError(f"{path.name} must be keys and values, such as investment_spec: {{horizon_months: 72}}.")
    given = _flat(found)
    config = Config(
        text=path.read_text(encoding="utf-8"),
        notes=tuple(f"{path.name}: {key} is given twice; the last value counts." for key in repeated),
    )
    scenario = TIERS.get(str(given.get("apc_spec.scenario", "III")), "III")
    for name, value in given.items():
        why = BROUGHT.get(KEYS[name].place) if brought and name in KEYS else None
        config = _noted(config, path, name, why) if why else _with(config, path, name, value, scenario)
    return _finished(config, path)


def _flat(tree: Mapping[Any, Any], above: str = "") -> dict[str, Any]:
    """Values by dotted name; tiers have one spelling."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{above}{key}"
        if above == "apc_spec.tiers.":
            name = f"{above}Tier{str(key).removeprefix('Tier')}"
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def _with(config: Config, path: Path, name: str, value: Any, scenario: str) -> Config:
    """The configuration with one more key."""
    key = KEYS.get(name)
    if key is None:
        return _noted(config, path, name, "it is not a key of the study")
    if key.place == "unused":
        return _noted(config, path, name, key.to)
    if name.endswith(".params_billion") and f"Tier{scenario}." not in name:
        return _noted(config, path, name, f"the scenario is tier {scenario}")
    try:
        return _placed(config, path, key, key.read(value))
    except _Bad as error:
        raise SpecError(f"{path.name}: {name} can't be {_short(value)}: {error}.") from None
    except SpecError as error:
        raise SpecError(f"{path.name}: {name} can't be {_reason(str(error))}") from None


def _reason(told: str) -> str:
    """What a study said of a field's value, without the names that only the study knows."""
    return told.partition(" can't be ")[2] or f"used: {told.partition(': ')[2]}"


def _noted(config: Config, path: Path, name: str, why: str) -> Config:
    return replace(config, notes=(*config.notes, f"{path.name}: {name} is unused: {why}."))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _placed(config: Config, path: Path, key: Key, value: Any) -> Config:
    if key.place in ("title", "author"):
        return replace(config, **{key.place: value})
    if key.place == "report":
        ReportSpec.parse({key.to: value})
        return replace(config, fields={**config.fields, key.to: value})
    if key.place == "file":
        return replace(config, files={**config.files, key.to: _file(path, value)})
    if key.place == "column":
        table, _, column = key.to.partition(".")
        return replace(config, columns={**config.columns, table: {**config.columns.get(table, {}), column: value}})
    if key.place in ("folder", "name"):
        named: dict[str, Any] = {f"{key.place}s": {**getattr(config, f"{key.place}s"), key.to: value}}
        return replace(config, **named)
    return replace(config, fields={**config.fields, "asked": _asked(config, key, value)})


def _asked(config: Config, key: Key, value: Any) -> dict[str, dict[str, Any]]:
    """The fields asked of the runs, with one more; its study checks the value."""
    asked: dict[str, dict[str, Any]] = dict(config.fields.get("asked", {}))
    for kind in key.place.split("+"):
        registry.study(KINDS[kind]).spec_type.parse({key.to: value})
        asked[kind] = {**asked.get(kind, {}), key.to: value}
    return asked


def _file(config_path: Path, value: str) -> Path:
    """A file named relative to the configuration."""
    return config_path.resolve().parent / value


def _finished(config: Config, path: Path) -> Config:
    """What only the whole tells: files that are absent, folders that clash, and the published run's compute."""
    if config.fields.get("synthetic"):
        notes = [f"{path.name}: paths are unused: the smoke test draws its own data." for _ in config.files][:1]
        config = replace(config, files={}, columns={}, notes=(*config.notes, *notes))
    for table, file in config.files.items():
        if not file.is_file():
            name = next(n for n, key in KEYS.items() if key.place == "file" and key.to == table)
            raise SpecError(f"{path.name}: {name} names {file}, which is no file; paths are relative to {path.name}.")
    folders = list(config.folders.values())
    if len(set(folders)) < len(folders):
        raise SpecError(f"{path.name}: two of the folders in exports are the same; give each its own.")
    npv = config.fields.get("asked", {}).get("npv", {})
    if "mu" in npv and npv["mu"] is not None and "target_mean_usd" in npv:
        why = "revenue_lognorm_mu is given, so nothing is calibrated"
        config = _noted(config, path, "investment_spec.target_mean_npv", why)
    return replace(config, fields=_published_compute(config.fields))


def _published_compute(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The published run has its compute printed; another exponent, anchor or size lets it follow the law instead."""
    npv = fields.get("asked", {}).get("npv", {})
    another = (
        npv.get("scaling_exponent", PUBLISHED_EXPONENT) != PUBLISHED_EXPONENT
        or npv.get("compute_at_1b_flop") is not None
        or npv.get("parameters_count", PUBLISHED_PARAMETERS) != PUBLISHED_PARAMETERS
    )
    if not another:
        return fields
    return {**fields, "asked": {**fields["asked"], "npv/published": {"training_compute_flop": None}}}
