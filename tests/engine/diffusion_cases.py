"""Small invented tables of models and scores, and the study run on them in this process."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from engine.diffusion import Diffusion, DiffusionSpec
from engine.result import Result
from engine.study import Work

ACCESS = {"open": "Open weights (unrestricted)", "closed": "API access", "unknown": "Unknown"}
MODEL_SCHEMA: dict[str, Any] = {
    "model": pl.String,
    "organization": pl.String,
    "organization_type": pl.String,
    "country_first": pl.String,
    "primary_domain": pl.String,
    "accessibility": pl.String,
    "access": pl.String,
    "release_date": pl.Date,
    "training_compute_flop": pl.Float64,
    "parameters": pl.Float64,
    "base_model": pl.String,
}
SCORE_SCHEMA: dict[str, Any] = {
    "task": pl.String,
    "model_version": pl.String,
    "model": pl.String,
    "version_release_date": pl.Date,
    "score": pl.Float64,
    "run_date": pl.Date,
}
NO_SCORES = pl.DataFrame(schema=SCORE_SCHEMA)


def model(name: str, date: str, compute: float | None, access: str = "closed", **other: Any) -> dict[str, Any]:
    """One model: a language model of a maker of its own name unless told otherwise."""
    row = {
        "model": name,
        "organization": f"{name} Lab",
        "organization_type": "Industry",
        "country_first": "United States",
        "primary_domain": "Language",
        "accessibility": ACCESS[access],
        "access": access,
        "release_date": dt.date.fromisoformat(date),
        "training_compute_flop": compute,
        "parameters": None if compute is None else compute**0.5,
    }
    return {**row, **other}


def models(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in MODEL_SCHEMA} for row in rows], schema=MODEL_SCHEMA)


def score(version: str, date: str, points: float, name: str | None = None, run: str = "2024-12-31") -> dict[str, Any]:
    """One run on GPQA diamond."""
    day, run_day = dt.date.fromisoformat(date), dt.date.fromisoformat(run)
    values = ("GPQA diamond", version, name or version, day, points, run_day)
    return dict(zip(SCORE_SCHEMA, values, strict=True))


def scores(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCORE_SCHEMA)


def many_models(number: int = 400, seed: int = 7) -> pl.DataFrame:
    """Invented models over six years: compute grows, four in ten are open, a few are derived or of no known size."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(number):
        days = int(rng.integers(0, 6 * 365))
        access = str(rng.choice(["closed", "open", "unknown"], p=[0.55, 0.38, 0.07]))
        growth = 21.0 + days / 365 * 0.6 - (0.5 if access == "open" else 0.0)
        row = model(
            f"model {i:03d}",
            str(dt.date(2018, 3, 1) + dt.timedelta(days=days)),
            float(10 ** rng.normal(growth, 0.6)),
            access,
            organization=f"lab {rng.integers(0, 30)}",
            organization_type=str(rng.choice(["Industry", "Academia", "Academia, Industry"], p=[0.7, 0.1, 0.2])),
            country_first=str(rng.choice(["United States", "China", "France"], p=[0.6, 0.3, 0.1])),
            primary_domain=str(rng.choice(["Language", "Vision"], p=[0.6, 0.4])),
            base_model="model 000" if rng.uniform() < 0.05 else None,
            parameters=float(10 ** rng.normal(9, 1)),
        )
        if access == "closed":
            row["accessibility"] = str(rng.choice(["API access", "Hosted access (no API)", "Unreleased"]))
        if rng.uniform() < 0.05:
            row["training_compute_flop"] = None
        rows.append(row)
    return models(*rows)


def many_scores(table: pl.DataFrame, seed: int = 8) -> pl.DataFrame:
    """Scores of every second model on the three benchmarks, rising over time."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in table.gather_every(2).iter_rows(named=True):
        years = (row["release_date"] - dt.date(2018, 1, 1)).days / 365
        for task in ("GPQA diamond", "MATH level 5", "OTIS Mock AIME 2024-2025"):
            lead = 0.06 if row["access"] == "closed" else 0.0
            points = float(np.clip(0.1 + 0.12 * years + lead + rng.normal(0, 0.06), 0, 1))
            rows.append({**score(row["model"], str(row["release_date"]), points), "task": task})
    return scores(*rows)


def spec(**fields: Any) -> DiffusionSpec:
    return DiffusionSpec.parse({"replicates": 100, **fields})


def run(table: pl.DataFrame, scored: pl.DataFrame = NO_SCORES, **fields: Any) -> Result:
    """The study's answer, chunk after chunk."""
    study, work = Diffusion(), Work(spec(**fields), {"models": table, "benchmark_scores": scored})
    return study.combine(work, [study.run_chunk(work, chunk) for chunk in study.chunks(work)])
