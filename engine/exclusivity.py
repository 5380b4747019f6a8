"""How long revenue stays whole: the distribution of exclusivity, in whole months of the horizon."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import ndtr

from engine.cashflow import Floats, months_kept

Exclusivity = Literal["survival", "lognormal", "constant", "published"]


@dataclass(frozen=True)
class Atoms:
    """Durations in months with their probabilities; what is missing to 1 never ends within the horizon."""

    months: Floats
    weight: Floats


PUBLISHED_ATOMS = Atoms(np.array([4.96, 5.06]), np.array([0.5, 0.5]))


def survival_atoms(curve: pl.DataFrame) -> Atoms:
    """Atoms of a survival curve (columns months, survival): its drops. The curve is never rescaled to end at zero."""
    ordered = curve.sort("months")
    levels = np.concatenate([[1.0], ordered["survival"].to_numpy()])
    fall = levels[:-1] - levels[1:]
    return Atoms(ordered["months"].to_numpy()[fall > 0], fall[fall > 0])


def months_kept_weights(kind: Exclusivity, atoms: Atoms | None, values: Mapping[str, Floats]) -> Floats:
    """Probability that revenue stays whole for k months: shape (scenarios, longest horizon), column k - 1.

    `values` holds, one a scenario, horizon_months and the exclusivity fields of the spec.
    """
    horizon, stretch = values["horizon_months"], values["exclusivity_multiple"]
    if kind == "constant":
        return _from_atoms((values["exclusivity_months"] * stretch)[:, None], np.ones(1), horizon)
    if kind == "lognormal":
        return _from_lognormal(values["exclusivity_median_months"] * stretch, values["exclusivity_sigma"], horizon)
    if atoms is None:
        raise ValueError("a survival curve is needed")
    return _from_atoms(np.outer(stretch, atoms.months), atoms.weight, horizon)


def _from_atoms(months: Floats, weight: Floats, horizon: Floats) -> Floats:
    """Weights from durations (scenarios, atoms) with common probabilities; the rest lasts to the horizon."""
    scenarios, width = len(months), int(horizon.max())
    never = max(0.0, 1.0 - float(weight.sum()))
    kept = np.column_stack([months_kept(months, horizon[:, None]), horizon]).astype(np.int64)
    cell = kept - 1 + width * np.arange(scenarios)[:, None]
    mass = np.broadcast_to(np.append(weight, never), kept.shape)
    total = np.bincount(cell.ravel(), mass.ravel(), scenarios * width)
    return np.asarray(total, np.float64).reshape(scenarios, width)


def _from_lognormal(median: Floats, sigma: Floats, horizon: Floats) -> Floats:
    """Weights of clip(floor(T), 1, H) for log-normal T: differences of its distribution function."""
    k = np.arange(1, int(horizon.max()) + 1)
    upper = ndtr((np.log(k + 1.0) - np.log(median)[:, None]) / sigma[:, None])
    upper = np.where(k >= horizon[:, None], 1.0, upper)
    return np.diff(upper, axis=1, prepend=0.0)


def median_months(kind: Exclusivity, atoms: Atoms | None, values: Mapping[str, float]) -> float | None:
    """Median exclusivity in months; None when more than half never ends within the horizon."""
    stretch = values["exclusivity_multiple"]
    if kind == "constant":
        return values["exclusivity_months"] * stretch
    if kind == "lognormal":
        return values["exclusivity_median_months"] * stretch
    if atoms is None:
        raise ValueError("a survival curve is needed")
    reached = np.flatnonzero(np.cumsum(atoms.weight) >= 0.5 - 1e-12)
    return float(atoms.months[reached[0]] * stretch) if reached.size else None
