"""Slopes by release year, by size tier and by organization type, and the tests that they are one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.regression import Covariance, Design, DesignError, Fit, contrast, design, fit, wald
from engine.scaling_law import POOLED, parse_effects
from engine.summaries import counted

MIN_ROWS = 10
TIER_EDGES = (1e8, 1e10)
TIERS = ("< 1e8", "1e8-1e10", ">= 1e10")
REFERENCE_TYPE = "Industry"
_ENDS = ("ci_low", "ci_high")
_SLOPE = ("slope", "se", *_ENDS)
_DIFFERENCES = tuple(
    f"{kind}_difference{end}" for kind in ("slope", "level") for end in ("", "_ci_low", "_ci_high", "_p")
)
TEST_SCHEMA: dict[str, Any] = {
    "test": pl.String,
    "effects": pl.String,
    "statistic": pl.Float64,
    "df": pl.Float64,
    "df_residual": pl.Float64,
    "p": pl.Float64,
    "note": pl.String,
}


@dataclass(frozen=True)
class Grouped:
    """One fit with a slope and a level a group: the fit, the groups in it, and why the others are not."""

    fitted: Fit
    groups: tuple[Any, ...]
    centre: float

    def slope(self, group: Any) -> np.ndarray:
        """Weights that pick the group's slope out of the coefficients."""
        return _unit(self.fitted, f"slope={group}")

    def level(self, group: Any) -> np.ndarray:
        """Weights that pick the group's level at the mean regressor, less the first group's."""
        return _unit(self.fitted, f"level={group}")


def _unit(fitted: Fit, name: str) -> np.ndarray:
    return np.array([float(n == name) for n in fitted.names])


def too_few(rows: pl.DataFrame, column: str) -> dict[Any, str]:
    """Groups whose slope can't be fitted, and why."""
    reasons: dict[Any, str] = {}
    for (group,), frame in rows.group_by(column, maintain_order=True):
        if group is None:
            reasons[group] = f"{column} not known"
        elif frame.height < MIN_ROWS:
            reasons[group] = f"{counted(frame.height, 'row')}; a slope takes {MIN_ROWS}"
        elif frame["x"].n_unique() < 2:
            reasons[group] = "the regressor is constant"
    return reasons


def grouped(rows: pl.DataFrame, column: str, effects: str, covariance: Covariance, first: Any = None) -> Grouped:
    """Fit y with a slope and a level for each group of `column` that has enough rows, beside the effects.

    Groups are in sorted order, `first` (the reference) before them. Raises `DesignError` with fewer than one group.
    """
    left_out = too_few(rows, column)
    kept = rows.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in([g for g in left_out if g is not None]))
    found = kept[column].unique().sort().to_list()
    groups = [*(g for g in found if g == first), *(g for g in found if g != first)]
    if not groups:
        raise DesignError(f"No group of {column} has {MIN_ROWS} rows.")
    names = [name for name in parse_effects(effects) if name != column]
    centre = float(kept.select(pl.col("x").mean()).item())
    return Grouped(fit(_design(kept, column, groups, names, centre, covariance), covariance), tuple(groups), centre)


def _design(
    rows: pl.DataFrame, column: str, groups: Sequence[Any], effects: list[str], centre: float, covariance: Covariance
) -> Design:
    member = {group: (pl.col(column) == group).cast(pl.Float64) for group in groups}
    levels = {f"level={g}": member[g] for g in groups[1:]}
    slopes = {f"slope={g}": member[g] * (pl.col("x") - centre) for g in groups}
    frame = rows.with_columns(**levels, **slopes)
    return design(frame, "y", [*levels, *slopes], effects, "organization" if covariance == "cluster" else None)


def group_table(rows: pl.DataFrame, column: str, order: Sequence[Any], covariance: Covariance) -> pl.DataFrame:
    """Each group of `order` with its rows and slope, from the rows themselves; sums to the rows.

    Columns: <column>, n, slope, se, ci_low, ci_high, note (why there is no slope).
    """
    counts = dict(rows.group_by(column).len().iter_rows())
    notes = too_few(rows, column)
    found: list[dict[str, Any]] = []
    joint = _or_none(rows, column, POOLED, covariance)
    for group in order:
        row: dict[str, Any] = {column: group, "n": counts.get(group, 0), "note": notes.get(group, "")}
        if joint is not None and group in joint.groups:
            term = contrast(joint.fitted, joint.slope(group))
            row |= {"slope": term["coef"], **{name: term[name] for name in ("se", *_ENDS)}}
        elif not row["n"]:
            row["note"] = "no rows"
        found.append(row)
    schema: dict[str, Any] = {
        column: rows.schema[column],
        "n": pl.Int64,
        **dict.fromkeys(_SLOPE, pl.Float64),
        "note": pl.String,
    }
    return pl.DataFrame(found, schema=schema)


def _or_none(rows: pl.DataFrame, column: str, effects: str, covariance: Covariance) -> Grouped | None:
    """The grouped fit, or none where it can't be run (the table of tests says why)."""
    try:
        return grouped(rows, column, effects, covariance)
    except DesignError:
        return None


def by_year(rows: pl.DataFrame, covariance: Covariance) -> pl.DataFrame:
    """Slope per release year; a year with fewer than ten rows says so. Columns as in `group_table`, the year first."""
    years = rows["year"].unique().sort(nulls_last=True).to_list()
    return group_table(rows, "year", years, covariance)


def with_tier(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds tier: < 1e8, 1e8-1e10 or >= 1e10 parameters; a bound belongs to the tier above."""
    count = pl.col("parameters")
    tier = pl.when(count < TIER_EDGES[0]).then(pl.lit(TIERS[0])).when(count < TIER_EDGES[1]).then(pl.lit(TIERS[1]))
    return rows.with_columns(tier=tier.otherwise(pl.lit(TIERS[2])))


def by_tier(rows: pl.DataFrame, covariance: Covariance) -> pl.DataFrame:
    """Slope per size tier, from the rows of the tier. Columns as in `group_table`, the tier first."""
    return group_table(with_tier(rows), "tier", TIERS, covariance)


def by_type(rows: pl.DataFrame, covariance: Covariance) -> tuple[pl.DataFrame, list[str]]:
    """Organization types against Industry, pooled and with year effects, and a sentence for what can't be compared.

    Columns: effects, organization_type, n, slope, se, ci_low, ci_high, slope_difference and level_difference (natural
    logs, at the mean regressor) with _ci_low, _ci_high, _p, note. The reference has no differences.
    """
    known = rows.filter(pl.col("organization_type").is_not_null())
    found, failures = [], []
    for effects in (POOLED, "year"):
        try:
            joint = grouped(known, "organization_type", effects, covariance, REFERENCE_TYPE)
            found += [{"effects": effects, **row} for row in _type_rows(known, joint)]
        except DesignError as error:
            failures.append(f"No comparison of organization types ({effects}): {error}")
    names = {"effects": pl.String, "organization_type": pl.String, "n": pl.Int64}
    schema = {**names, **dict.fromkeys((*_SLOPE, *_DIFFERENCES), pl.Float64), "note": pl.String}
    return pl.DataFrame(found, schema=schema), failures


def _type_rows(rows: pl.DataFrame, joint: Grouped) -> list[dict[str, Any]]:
    counted = rows.group_by("organization_type").len().sort("len", "organization_type", descending=[True, False])
    counts = dict(counted.iter_rows())
    notes = too_few(rows, "organization_type")
    others = [group for group in counts if group not in joint.groups]
    found = []
    for group in (*joint.groups, *others):
        row = {"organization_type": group, "n": counts[group], "note": notes.get(group, "")}
        found.append(row | (_type_figures(joint, group) if group in joint.groups else {}))
    return found


def _type_figures(joint: Grouped, group: str) -> dict[str, float]:
    own = contrast(joint.fitted, joint.slope(group))
    figures = {"slope": own["coef"], **{name: own[name] for name in ("se", *_ENDS)}}
    reference = joint.groups[0]
    if group == reference:
        return figures
    weights = {"slope": joint.slope(group) - joint.slope(reference), "level": joint.level(group)}
    for kind, weight in weights.items():
        term = contrast(joint.fitted, weight)
        ends = {f"{kind}_difference_{name}": term[name] for name in (*_ENDS, "p")}
        figures |= {f"{kind}_difference": term["coef"], **ends}
    return figures


def equality_tests(rows: pl.DataFrame, covariance: Covariance) -> pl.DataFrame:
    """Are the slopes of years, tiers and organization types one? And do they drift with the release year?

    Wald tests on the joint fit, pooled and with year effects. Columns: TEST_SCHEMA; the note says why one is missing.
    """
    tiered = with_tier(rows)
    asked = [("year", "year"), ("tier", POOLED), ("tier", "year"), ("organization_type", POOLED)]
    asked.append(("organization_type", "year"))
    found = [_equality(tiered, column, effects, covariance) for column, effects in asked]
    return pl.DataFrame([*found, _drift(rows, covariance)], schema=TEST_SCHEMA)


def _equality(rows: pl.DataFrame, column: str, effects: str, covariance: Covariance) -> dict[str, Any]:
    row: dict[str, Any] = {"test": f"equal slopes by {column}", "effects": effects, "note": ""}
    try:
        joint = grouped(rows, column, effects, covariance)
        if len(joint.groups) < 2:
            raise DesignError(f"only one group of {column} has {MIN_ROWS} rows")
        first = joint.slope(joint.groups[0])
        return row | wald(joint.fitted, np.array([joint.slope(g) - first for g in joint.groups[1:]]))
    except DesignError as error:
        return row | {"note": f"not run: {error}"}


def _drift(rows: pl.DataFrame, covariance: Covariance) -> dict[str, Any]:
    """Change of the slope a release year, with a dummy a year: statistic is the coefficient's F."""
    row: dict[str, Any] = {"test": "slope drifts with release year", "effects": "year", "note": ""}
    try:
        known = rows.drop_nulls("year")
        if known["year"].n_unique() < 2:
            raise DesignError("the rows are of one release year" if known.height else "no row has a release year")
        drift = (pl.col("x") - pl.col("x").mean()) * (pl.col("year") - pl.col("year").mean())
        cluster = "organization" if covariance == "cluster" else None
        fitted = fit(design(known.with_columns(drift=drift), "y", ["x", "drift"], ["year"], cluster), covariance)
        term = fitted.term("drift")
        note = f"slope changes by {term['coef']:+.3f} a year [{term['ci_low']:+.3f}, {term['ci_high']:+.3f}]"
        return row | wald(fitted, _unit(fitted, "drift")[None, :]) | {"note": note}
    except DesignError as error:
        return row | {"note": f"not run: {error}"}
