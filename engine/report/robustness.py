"""How far the answers move: by row, year, threshold, organization, sample size and missing data.

Each section has rows (columns ROW_SCHEMA) and a verdict; one that can't be had says why and is amber.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.report.evidence import Check, Evidence, passed
from engine.streams import stream

ROW_SCHEMA = {
    "section": pl.String,
    "item": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("estimate", "ci_low", "ci_high"), pl.Float64),
    "note": pl.String,
}
NOTABLE_SE = 2.0
ALPHA = 0.05
SHOWN = 10
SHARES = (0.25, 0.5, 0.75, 1.0)
DRAWS = 400
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Section:
    """What a section found: its rows without the name of the section, whether the answer holds, and in words."""

    rows: pl.DataFrame
    stable: bool
    detail: str
    source: str
    table: str


class NotAvailable(ValueError):
    """A section that can't be had; the message says why."""


def robustness(found: Evidence) -> tuple[pl.DataFrame, list[Check]]:
    """Rows of every section, and a check a section: green (holds), amber (moves, or can't be had)."""
    frames, checks = [pl.DataFrame(schema=ROW_SCHEMA)], []
    for name, build in SECTIONS.items():
        title = f"Robustness: {name}"
        try:
            section = build(found)
        except NotAvailable as error:
            checks.append(Check(title, "amber", "no result", str(error)))
            continue
        frames.append(section.rows.select(pl.lit(name).alias("section"), pl.all()).select(*ROW_SCHEMA))
        status = passed(section.stable)
        checks.append(found.check(title, status, section.source, section.table, section.detail))
    return pl.concat(frames, how="vertical_relaxed"), checks


def _scaling(found: Evidence, name: str) -> tuple[str, pl.DataFrame]:
    source = f"scaling/{found.spec.primary}"
    frame = found.runs[source].tables[name]
    if frame.is_empty():
        raise NotAvailable(f"the run {source} has no rows in its table {name}")
    return source, frame


def _left_out(found: Evidence, kinds: tuple[str, ...]) -> Section:
    source, frame = _scaling(found, "leave_out")
    mine = frame.filter(pl.col("kind").is_in(kinds) & pl.col("slope").is_not_null())
    if mine.is_empty():
        raise NotAvailable(f"no {' or '.join(kinds)} could be left out")
    ordered = mine.sort(pl.col("change_in_se").abs(), descending=True, maintain_order=True)
    top = ordered.row(0, named=True)
    rows = ordered.head(SHOWN).select(
        item=pl.format("without {}", "left_out"),
        n=pl.col("rows").cast(pl.Int64),
        estimate="slope",
        ci_low=pl.lit(None, pl.Float64),
        ci_high=pl.lit(None, pl.Float64),
        note=pl.format("change {} standard errors; n is the rows left out", pl.col("change_in_se").round(2)),
    )
    detail = (
        f"Largest change of the slope: {top['change']:+.3f} ({top['change_in_se']:+.2f} standard errors) without "
        f"{top['left_out']}."
    )
    return Section(rows, abs(top["change_in_se"]) <= NOTABLE_SE, detail, source, "leave_out")


def outliers(found: Evidence) -> Section:
    """The slope without the influential rows."""
    return _left_out(found, ("influential rows",))


def organizations(found: Evidence) -> Section:
    """The slope without any one organization."""
    return _left_out(found, ("organization",))


def years(found: Evidence) -> Section:
    """The slope by release year, and the test that they are equal."""
    source, frame = _scaling(found, "by_year")
    known = frame.drop_nulls("slope")
    if known.is_empty():
        raise NotAvailable("no release year has enough rows for a slope of its own")
    test = found.runs[source].tables["tests"].filter(pl.col("test") == "equal slopes by year")
    p = test["p"][0] if test.height else None
    if p is None:
        raise NotAvailable("the slopes by year could not be tested for equality")
    rows = known.select(
        item=pl.col("year").cast(pl.String), n="n", estimate="slope", ci_low="ci_low", ci_high="ci_high", note="note"
    )
    return Section(rows, p >= ALPHA, f"Slopes by year: p = {p:.3g} for equality.", source, "by_year and tests")


def thresholds(found: Evidence) -> Section:
    """The median lead by theta, all else as asked."""
    preset = found.spec.primary
    source, frame = f"diffusion/{preset}", found.table("diffusion", "sensitivity", preset)
    if frame.is_empty():
        raise NotAvailable("the leads' sensitivity to the threshold is known for the corrected version alone")
    own = frame.filter(pl.col("default"))
    same = [name for name in RULES if name in frame.columns]
    mine = frame.join(own.select(same).unique(), on=same, how="semi", maintain_order="left").sort("theta")
    medians = mine["median_months"].drop_nulls()
    if medians.is_empty():
        raise NotAvailable("no threshold gives a median lead")
    rows = mine.select(
        item=pl.format("theta {}", "theta"),
        n=pl.col("subjects").cast(pl.Int64),
        estimate="median_months",
        ci_low="ci_low",
        ci_high="ci_high",
        note=pl.format("{} events", "events"),
    )
    low, high = own["ci_low"][0], own["ci_high"][0]
    inside = all(low <= value <= (high or np.inf) for value in medians)
    detail = f"Median lead from {medians.min():.1f} to {medians.max():.1f} months over {mine.height} thresholds."
    return Section(rows, inside, detail, source, "sensitivity")


RULES = ("frontier", "min_lead_months", "window_months", "closed_access", "open_weights")


def sizes(found: Evidence) -> Section:
    """The pooled slope in subsamples without replacement: middle 95 % of draws."""
    source, points = _scaling(found, "points")
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    whole = float(_slope(x, y))
    rows = [_subsample(found.spec.seed, block, x, y, share) for block, share in enumerate(SHARES[:-1])]
    rows.append(("all rows", len(x), whole, None, None, ""))
    frame = pl.DataFrame(rows, schema=[name for name in ROW_SCHEMA if name != "section"], orient="row")
    gap = max(abs(row[2] - whole) for row in rows)
    inside = all(low <= whole <= high for _, _, _, low, high, _ in rows if low is not None and high is not None)
    detail = f"Mean slope of {DRAWS} subsamples stays within {gap:.3f} of {whole:.3f}."
    return Section(frame, inside, detail, source, "points")


Row = tuple[str, int, float, float | None, float | None, str]


def _subsample(seed: int, block: int, x: np.ndarray, y: np.ndarray, share: float) -> Row:
    size = max(3, round(share * len(x)))
    generator = stream(seed, "report", block)
    drawn = [generator.choice(len(x), size, replace=False) for _ in range(DRAWS)]
    slopes = np.array([_slope(x[rows], y[rows]) for rows in drawn])
    low, high = np.percentile(slopes, [LOW, HIGH])
    return f"{share:.0%} of rows", size, float(slopes.mean()), float(low), float(high), f"{DRAWS} draws"


def _slope(x: np.ndarray, y: np.ndarray) -> np.floating:
    """Least-squares slope of y on x; infinite or NaN for x without spread."""
    centred = x - x.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.float64(centred @ y) / np.float64(centred @ centred)


def complete_cases(found: Evidence) -> Section:
    """The slope on complete rows, with inverse-probability weights, and over multiple imputations."""
    name = "imputation" if found.run("imputation") else "scaling"
    source = f"{name}/{found.spec.primary}"
    frame = found.runs[source].tables["missing_methods"]
    others = frame.filter(pl.col("method") != "complete case").drop_nulls("slope")
    if others.is_empty():
        raise NotAvailable("no other method than complete rows could be run")
    base = frame.filter(pl.col("method") == "complete case").row(0, named=True)
    rows = frame.select(
        item="method", n=pl.col("n").cast(pl.Int64), estimate="slope", ci_low="ci_low", ci_high="ci_high", note="note"
    )
    inside = others.select((pl.col("slope").is_between(base["ci_low"], base["ci_high"])).all()).item()
    listed = ", ".join(f"{row['method']} {row['slope']:.3f}" for row in others.iter_rows(named=True))
    detail = f"Complete rows {base['slope']:.3f} [{base['ci_low']:.3f}, {base['ci_high']:.3f}]; {listed}."
    return Section(rows, bool(inside), detail, source, "missing_methods")


SECTIONS: dict[str, Callable[[Evidence], Section]] = {
    "outlier sensitivity": outliers,
    "temporal stability": years,
    "threshold sensitivity": thresholds,
    "organization bias": organizations,
    "sample size": sizes,
    "complete cases": complete_cases,
}
