"""Durations as they come in: arrays of times, checked, and who is at risk when."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import DesignError

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


class DurationError(DesignError):
    """Durations that can't be used; the message is one sentence that says why."""


@dataclass(frozen=True)
class Counted:
    """Counting processes at the distinct event times (J,): at risk and ended, one column a subject (J, n)."""

    times: Floats
    at_risk: Booleans
    ended: Booleans

    @property
    def n_at_risk(self) -> Floats:
        """Number at risk at each time (J,)."""
        return self.at_risk.sum(axis=1).astype(np.float64)

    @property
    def n_events(self) -> Floats:
        """Number of events at each time (J,)."""
        return self.ended.sum(axis=1).astype(np.float64)


def counted(months: pl.Series, event: pl.Series, entry: pl.Series | None = None) -> Counted:
    """Who is at risk and who ends at each event time. At risk at t: entry < t <= duration.

    Without `entry` everybody is under observation from the start. A duration not beyond its entry is never at risk.
    Raises `DurationError` for a negative or missing duration.
    """
    t, d = checked(months), event.to_numpy().astype(bool)
    start = np.full(len(t), -1.0) if entry is None else checked(entry)
    d = d & (t > start)
    times = np.unique(t[d])
    at_risk = (start < times[:, None]) & (t >= times[:, None])
    return Counted(times, at_risk, at_risk & d & (t == times[:, None]))


def checked(months: pl.Series) -> Floats:
    """Durations as numbers. Raises `DurationError` where one is negative, missing or infinite."""
    values = months.cast(pl.Float64).to_numpy()
    if not np.isfinite(values).all():
        raise DurationError("A duration is missing or infinite; every subject needs one, in months.")
    if len(values) and values.min() < 0:
        raise DurationError(f"A duration is negative ({values.min():.2f} months); an end can't come before its start.")
    return values


def start_stop(frame: pl.DataFrame, terms: list[str]) -> pl.DataFrame:
    """Episodes in start-stop format, checked: one row a subject and period (start, stop] of constant covariates.

    Columns needed: subject, start_months, stop_months, event (true where the subject's last period ends in it) and
    the covariates. Raises `DurationError` for a missing column, a period that ends before it starts, periods of one
    subject that overlap, and an event that is not the subject's last.
    """
    needed = ["subject", "start_months", "stop_months", "event", *terms]
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        raise DurationError(f"The episodes have no column '{absent[0]}'; they need {', '.join(needed)}.")
    rows = frame.drop_nulls(needed).sort("subject", "start_months")
    checked(rows["start_months"])
    checked(rows["stop_months"])
    faults = {
        "ends before it starts": pl.col("stop_months") <= pl.col("start_months"),
        "overlaps the one before": pl.col("start_months") < pl.col("stop_months").shift().over("subject"),
        "comes after an event": pl.col("event").shift().over("subject"),
    }
    for fault, found in faults.items():
        bad = rows.filter(found.fill_null(False))
        if not bad.is_empty():
            raise DurationError(f"An episode of '{bad['subject'][0]}' {fault}; correct its start or its stop.")
    return rows
