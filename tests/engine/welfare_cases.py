"""The welfare study on a curve made by hand, and a simulation of its model written out path by path."""

import functools
import math

import numpy as np

from engine.exclusivity import survival_atoms
from engine.result import Result
from engine.study import Work
from engine.welfare import Welfare, WelfareSpec
from engine.welfare.project import Project, project
from tests.engine.npv_cases import CURVE, diffusion_result, row

COST_USD = 2_360_172_224.71
SPENDING = ("rd_subsidy", "tax_credit", "apc_floor")
FIGURES = ["p_invest", "ps", "cs", "dwl", "fiscal", "welfare"]


@functools.cache
def run(**fields: object) -> Result:
    """The study's answer on the hand-made curve."""
    spec = WelfareSpec.parse(fields)
    needs = {name: diffusion_result() for name in Welfare().needs(spec)}
    return Welfare().combine(Work(spec, {}, needs), [])


def made(spec: WelfareSpec) -> Project:
    """The project alone, without the tables."""
    return project(spec, survival_atoms(diffusion_result().tables["survival"]))[0]


def instrument(result: Result, name: str) -> dict[str, float]:
    return row(result.tables["instruments"], instrument=name)


def draws(spec: WelfareSpec, mu: float, more_months: float, n: int) -> dict[str, np.ndarray]:
    """Types, and discounted revenue and surplus of random projects, month by month."""
    random = np.random.default_rng(8)
    last = np.array([2.5, 8.0, 15.9, 40.0, 58.0, np.inf])[
        np.searchsorted(1 - np.array(CURVE["survival"][1:]), random.random(n), side="right")
    ]
    drop = random.uniform(spec.drop_low, spec.drop_high, n)
    own = random.normal(mu, spec.sigma * math.sqrt(spec.rho), n)
    revenue = np.exp(own + random.normal(0, 1, n) * spec.sigma * math.sqrt(1 - spec.rho))
    kept = np.clip(np.floor(last + more_months), 1, spec.horizon_months)
    parts = {"ps": np.zeros(n), "cs": np.zeros(n), "dwl": np.zeros(n)}
    price = 1 - np.sqrt(drop)
    for month in range(1, spec.horizon_months + 1):
        now = np.where(month <= kept, 1.0, price)
        discount = (1 + spec.annual_discount_rate) ** (-month / 12)
        parts["ps"] += discount * now * (2 - now)
        parts["cs"] += discount * (2 - now) ** 2 / 2
        parts["dwl"] += discount * now**2 / 2
    return {"type": own, "revenue": revenue, **{name: revenue * part for name, part in parts.items()}}


def payment(name: str, level: float, revenue: np.ndarray, cost: float) -> np.ndarray:
    """What the instrument pays on a project that was built."""
    if name == "rd_subsidy":
        return np.full(len(revenue), level * cost)
    if name == "tax_credit":
        return np.minimum(level * cost, 0.25 * np.maximum(revenue - cost, 0))
    return np.maximum(level * cost - revenue, 0) if name == "apc_floor" else np.zeros(len(revenue))


def close(sample: np.ndarray, expected: float) -> bool:
    """Within four standard errors."""
    return abs(sample.mean() - expected) <= 4 * sample.std() / math.sqrt(len(sample)) + 1e-9 * abs(expected)
