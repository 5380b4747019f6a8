"""APC*: the smallest advance purchase commitment that makes a project drawn at random worth its cost on average."""

import math

import numpy as np
import polars as pl

from engine.cashflow import LogNormalMixture
from engine.welfare.project import Project

MULTIPLES = (0.0, 0.5, 1.0, 1.5)
VERSIONS = ("payment", "floor")
SCHEMA = {
    "version": pl.String,
    **dict.fromkeys(
        (
            "multiple_of_apc_star",
            "share_of_cost",
            "private_share",
            "commitment_usd",
            "project_cost_usd",
            "leverage",
            "expected_outlay_usd",
            "mean_npv_usd",
            "p_positive",
        ),
        pl.Float64,
    ),
}


def apc_star_share(project: Project, version: str, bound: float) -> float | None:
    """Smallest commitment with E[NPV] >= 0, as a share of the cost; None when it is beyond the bound.

    payment: max(0, 1 - E[X] / C0), paid for sure. floor: the K for which E[max(X, K)] = C0.
    """
    share = max(0.0, 1 - project.mean_revenue / project.cost)
    if version == "floor" and share > 0:
        share = _floor_share(project)
    return share if share <= bound else None


def _floor_share(project: Project) -> float:
    from scipy.optimize import brentq

    def mean_npv(share: float) -> float:
        return project.mean_revenue + _top_up(project, share) - project.cost

    return float(brentq(mean_npv, 1e-12, 1.0, rtol=1e-12)) if mean_npv(1.0) > 0 else 1.0


def _top_up(project: Project, share: float) -> float:
    """E[max(K - X, 0)] for a floor K at this share of the cost."""
    return project.types.shortfall_above(share * project.cost, -math.inf) if share > 0 else 0.0


def commitment_table(project: Project, bound: float) -> pl.DataFrame:
    """Each version of the commitment at 0, .5, 1 and 1.5 times APC*, and who finances the project.

    Columns: version (payment, floor), multiple_of_apc_star, share_of_cost (at most 1; null where there is no APC*
    within bound), private_share, commitment_usd, project_cost_usd, leverage (project cost a dollar committed; null for
    no commitment), expected_outlay_usd, mean_npv_usd and p_positive (of a project drawn at random, built whatever it
    promises). A floor below the cost softens losses but turns none into a gain.
    """
    rows = []
    for version in VERSIONS:
        star = apc_star_share(project, version, bound)
        for multiple in MULTIPLES:
            share = 0.0 if multiple == 0 else None if star is None else min(1.0, multiple * star)
            rows.append({"version": version, "multiple_of_apc_star": multiple, **_row(project, version, share)})
    return pl.DataFrame(rows, schema=SCHEMA)


def _row(project: Project, version: str, share: float | None) -> dict[str, float | None]:
    cost = project.cost
    if share is None:
        return {"project_cost_usd": cost}
    outlay = share * cost if version == "payment" else _top_up(project, share)
    to_recover = cost * (1 - share) if version == "payment" else cost
    return {
        "share_of_cost": share,
        "private_share": 1 - share,
        "commitment_usd": share * cost,
        "project_cost_usd": cost,
        "leverage": 1 / share if share > 0 else None,
        "expected_outlay_usd": outlay,
        "mean_npv_usd": project.mean_revenue + outlay - cost,
        "p_positive": _exceeds(project, to_recover),
    }


def _exceeds(project: Project, amount: float) -> float:
    """P(X > amount)."""
    if amount <= 0:
        return 1.0
    mix: LogNormalMixture = project.types.factor
    return 1 - float(mix.cdf(np.array([math.log(amount) - project.types.mu]))[0])
