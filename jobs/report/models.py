"""Saved models: JSON parameters that can be read again and predict the same. Nothing is pickled."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from math import exp, log
from pathlib import Path
from typing import Any

import polars as pl

from engine import registry
from jobs.report.material import Material, write_json

LAW, CURVE, INVESTMENT = "log-log law", "survival curve", "investment"


def saved_models(material: Material) -> dict[str, dict[str, Any]]:
    """Every model by name: the pooled laws, the survival curve and the investment, each version of them."""
    found: dict[str, dict[str, Any]] = {}
    for preset in material.spec.presets_asked:
        found |= {f"{row['name']}_{preset}": _law(material, row, preset) for row in _pooled(material, preset)}
        if f"diffusion/{preset}" in material.runs:
            found[f"survival_{preset}"] = _curve(material, preset)
        found[f"investment_{preset}"] = _investment(material, preset)
    return found


def write_models(material: Material, folder: Path) -> None:
    """A file a model."""
    for name, model in saved_models(material).items():
        write_json(folder / f"{name}.json", model)


def load_model(path: Path) -> dict[str, Any]:
    """A saved model."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def predict(model: Mapping[str, Any], value: float) -> float:
    """What a model says at a value: a law's median response, a curve's share at that many months, an investment's mean
    net present value (USD) at that many parameters, in its version's own question.
    """
    if model["form"] == LAW:
        return exp(model["intercept"] + model["slope"] * log(value))
    if model["form"] == CURVE:
        passed = bisect_right(model["months"], value)
        return 1.0 if passed == 0 else float(model["survival"][passed - 1])
    spec = registry.study("npv").spec_type.parse({**model["spec"], "parameters_count": value})
    from jobs import client  # which imports the report

    return float(client.run(spec).summary["mean_usd"])


def _pooled(material: Material, preset: str) -> list[dict[str, Any]]:
    fits = material.runs[f"scaling/{preset}"].tables["fits"]
    return fits.filter(pl.col("effects") == "pooled").to_dicts()


def _law(material: Material, row: Mapping[str, Any], preset: str) -> dict[str, Any]:
    response, _, regressor = row["name"].partition("_on_")
    figures = {name: row[name] for name in ("intercept", "slope", "se", "residual_sd", "n")}
    named = {"form": LAW, "reads": f"ln {response} = intercept + slope x ln {regressor}, natural units"}
    return {**named, **figures, **_origin(material, "scaling", preset)}


def _curve(material: Material, preset: str) -> dict[str, Any]:
    survival = material.runs[f"diffusion/{preset}"].tables["survival"].sort("months")
    columns = {name: survival[name].to_list() for name in ("months", "survival")}
    return {"form": CURVE, **columns, **_origin(material, "diffusion", preset)}


def _investment(material: Material, preset: str) -> dict[str, Any]:
    run = material.runs[f"npv/{preset}"]
    return {
        "form": INVESTMENT,
        "spec": dict(run.spec),
        "mean_usd": run.summary["mean_usd"],
        **_origin(material, "npv", preset),
    }


def _origin(material: Material, kind: str, preset: str) -> dict[str, str]:
    return {"key": material.runs[f"{kind}/{preset}"].key, "source": material.caption(kind, preset)}
