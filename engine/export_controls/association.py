"""Does training compute go with control counts? The regression, its few-cluster inference, and the event study."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from engine.export_controls.counts import MEASURES
from engine.regression import Design, Fit, design, fit, t_p_value
from engine.streams import stream
from engine.wild_cluster import wild_cluster

FIRST_YEAR = 2018
RESPONSE = "log10_compute_flop"
EVENT_DAY = dt.date(2022, 10, 7)
HALF_YEAR_DAYS = 365.25 / 2
PLACEBO_HALF_YEARS = range(-6, 5)
TREATED = "China"
LEVEL = 0.05
FEW_CLUSTERS = 20


def since_2018(models: pl.DataFrame) -> pl.DataFrame:
    """Models of the regression: released 2018 on."""
    return models.filter(pl.col("year") >= FIRST_YEAR)


def regression(models: pl.DataFrame, measure: str, *, parameters: bool, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """log10 compute on the count `measure`, publication share, log10 parameters, country and year effects.

    First frame, one row: measure, n, clusters, coef (log10 FLOP a measure), se_hc3, p_hc3, se_cluster, p_cluster (t
    with clusters - 1 degrees of freedom), p_wcr, ci_low, ci_high (wild cluster restricted, 95 %; null where unbounded).
    Second: the other terms (measure, term, coef, se_hc3, se_cluster). Rows alone in a country or year are dropped.
    """
    d = _designed(models, measure, parameters=parameters)
    robust, clustered = fit(d, "HC3"), fit(d, "cluster")
    boot = wild_cluster(d, measure, stream(seed, "export-controls", MEASURES.index(measure)))
    low, high = boot.confidence_set()
    main, by_cluster = robust.term(measure), clustered.term(measure)
    row = {
        "measure": measure,
        "n": robust.n,
        "clusters": boot.clusters,
        "coef": main["coef"],
        "se_hc3": main["se"],
        "p_hc3": t_p_value(main["coef"] / main["se"], robust.n - len(robust.coef)),
        "se_cluster": by_cluster["se"],
        "p_cluster": by_cluster["p"],
        "p_wcr": boot.p_value(),
        "ci_low": low,
        "ci_high": high,
    }
    return pl.DataFrame([row], schema=REGRESSION_SCHEMA), _other_terms(measure, robust, clustered)


REGRESSION_SCHEMA: dict[str, Any] = {
    "measure": pl.String,
    "n": pl.Int64,
    "clusters": pl.Int64,
    **dict.fromkeys(("coef", "se_hc3", "p_hc3", "se_cluster", "p_cluster", "p_wcr", "ci_low", "ci_high"), pl.Float64),
}


def _designed(models: pl.DataFrame, measure: str, *, parameters: bool) -> Design:
    regressors = [measure, "publication_share_percent", *(["log10_parameters"] if parameters else [])]
    return design(since_2018(models), RESPONSE, regressors, ["country", "year"], "country")


def _other_terms(measure: str, robust: Fit, clustered: Fit) -> pl.DataFrame:
    rows = []
    for term in robust.names:
        if term != measure:
            main = robust.term(term)
            errors = {"se_hc3": main["se"], "se_cluster": clustered.term(term)["se"]}
            rows.append({"measure": measure, "term": term, "coef": main["coef"], **errors})
    return pl.DataFrame(rows)


def event_study(models: pl.DataFrame, *, trend: bool) -> tuple[pl.DataFrame, dict[str, Any]]:
    """China against the rest by half-year around 7 October 2022, with or without a trend of China's own.

    Country and half-year effects, log10 parameters. Half-years with a single Chinese model are left out. The half-year
    before the event (and with a trend, the first of
    the window too) is the reference. Frame: trend, half_year (0 starts on the day), coef (log10 FLOP), se, ci_low,
    ci_high (HC3). The dictionary is the joint test that all coefficients before the event are zero: statistic (F),
    p, terms.
    """
    dated = _half_years(since_2018(models))
    dated = dated.filter(~_is_treated() | (pl.len().over("country", "half_year") > 1))
    treated = dated.filter(_is_treated())["half_year"].unique().sort().to_list()
    references = {-1, *(treated[:1] if trend else [])}
    names = {f"china_{h}": h for h in treated if h not in references}
    dummies = [(_is_treated() & (pl.col("half_year") == h)).cast(pl.Float64).alias(n) for n, h in names.items()]
    trended = [(_is_treated().cast(pl.Float64) * pl.col("half_year")).alias("china_trend")] if trend else []
    frame = dated.with_columns(*dummies, *trended)
    regressors = [*names, *(["china_trend"] if trend else []), "log10_parameters"]
    fitted = fit(design(frame, RESPONSE, regressors, ["country", "half_year"]), "HC3")
    rows = [{"trend": trend, "half_year": h, **fitted.term(name)} for name, h in names.items()]
    before = [name for name, h in names.items() if h < 0]
    return pl.DataFrame(rows), {"trend": trend, **joint_test(fitted, before)}


def joint_test(fitted: Fit, names: list[str]) -> dict[str, Any]:
    """Wald test that the named coefficients are all zero, as F with (terms, n - k) degrees of freedom.

    With a handful of models a half-year it rejects too often (15 % at 5 % in simulations of our design).
    """
    from scipy.special import fdtrc

    index = [fitted.names.index(name) for name in names]
    coef, covariance = fitted.coef[index], fitted.covariance[np.ix_(index, index)]
    statistic = float(coef @ np.linalg.solve(covariance, coef)) / len(index)
    p = float(fdtrc(len(index), fitted.n - len(fitted.coef), statistic))
    return {"statistic": statistic, "p": p, "terms": len(index)}


def event_tables(models: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """The exhibit: event_study (both with and without a trend), joint_pre_trend, pre_trend and placebos."""
    both = [event_study(models, trend=trend) for trend in (False, True)]
    return {
        "event_study": pl.concat(frame for frame, _ in both),
        "joint_pre_trend": pl.DataFrame([test for _, test in both]),
        "pre_trend": pl.DataFrame([pre_trend(models)]),
        "placebos": placebos(models, seed=seed),
    }


def placebos(models: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """China x after, for the event's day and for placebo days half-years before and after it.

    Days that don't split China's models in two are left out.
    Columns: date, half_years (from the event), event (the real one), coef (log10 FLOP), se_hc3, p_hc3, p_wcr.
    """
    released = since_2018(models).filter(_is_treated())["publication_date"]
    rows = []
    for shift in PLACEBO_HALF_YEARS:
        day = EVENT_DAY + dt.timedelta(days=round(shift * HALF_YEAR_DAYS))
        if 0 < (released >= day).sum() < released.len():
            rows.append({"date": day, "half_years": shift, "event": shift == 0, **_after(models, day, seed)})
    return pl.DataFrame(rows)


def _after(models: pl.DataFrame, day: dt.date, seed: int) -> dict[str, float]:
    after = (_is_treated() & (pl.col("publication_date") >= day)).cast(pl.Float64)
    frame = _half_years(since_2018(models)).with_columns(china_after=after)
    d = design(frame, RESPONSE, ["china_after", "log10_parameters"], ["country", "half_year"], "country")
    term = fit(d, "HC3").term("china_after")
    boot = wild_cluster(d, "china_after", stream(seed, "export-controls", len(MEASURES)))
    p_hc3 = t_p_value(term["coef"] / term["se"], len(d.y) - d.x.shape[1])
    return {"coef": term["coef"], "se_hc3": term["se"], "p_hc3": p_hc3, "p_wcr": boot.p_value()}


def pre_trend(models: pl.DataFrame) -> dict[str, float]:
    """China's own linear trend before the event, log10 FLOP a half-year: coef, se (HC3), p, n."""
    before = _half_years(since_2018(models)).filter(pl.col("half_year") < 0)
    frame = before.with_columns(china_trend=_is_treated().cast(pl.Float64) * pl.col("half_year"))
    fitted = fit(design(frame, RESPONSE, ["china_trend", "log10_parameters"], ["country", "half_year"]), "HC3")
    term = fitted.term("china_trend")
    p = t_p_value(term["coef"] / term["se"], fitted.n - len(fitted.coef))
    return {"coef": term["coef"], "se": term["se"], "p": p, "n": fitted.n}


def _is_treated() -> pl.Expr:
    return pl.col("country") == TREATED


def _half_years(models: pl.DataFrame) -> pl.DataFrame:
    """Adds half_year: whole half-years from the event's day to the release, negative before it."""
    days = (pl.col("publication_date") - pl.lit(EVENT_DAY)).dt.total_days()
    return models.with_columns(half_year=(days / HALF_YEAR_DAYS).floor().cast(pl.Int64))


def reading(table: pl.DataFrame, trend: dict[str, Any], placebo: pl.DataFrame) -> str:
    """One paragraph on what the association can and cannot say, from the figures alone."""
    parts = [_association(row) for row in table.iter_rows(named=True)]
    false_alarms = placebo.filter(~pl.col("event") & (pl.col("p_hc3") <= LEVEL)).height
    tried = placebo.filter(~pl.col("event")).height
    trend_text = (
        f"Before October 2022 China's models were already gaining {trend['coef']:+.2f} log10 FLOP a half-year on the "
        f"others' (p = {trend['p']:.3f})."
    )
    placebo_text = (
        f"With heteroskedasticity-robust errors {false_alarms} of {tried} placebo dates, on which nothing was "
        "imposed, show an 'effect' at 5 %."
    )
    return " ".join([*parts, trend_text, placebo_text, _identified(table, trend, false_alarms)])


def _association(row: dict[str, Any]) -> str:
    low, high = (f"{v:+.3f}" if v is not None else "no bound" for v in (row["ci_low"], row["ci_high"]))
    verdict = "can't be told from zero" if row["p_wcr"] > 0.05 else "differs from zero"
    return (
        f"One more measure {_WORDS[row['measure']]} goes with {row['coef']:+.3f} log10 FLOP "
        f"[{low}, {high}], which {verdict} (wild cluster p = {row['p_wcr']:.3f}, n = {row['n']}, "
        f"{row['clusters']} countries)."
    )


_WORDS = {"imposed": "imposed", "faced": "faced", "faced_us": "faced and imposed by the United States"}


def _identified(table: pl.DataFrame, trend: dict[str, Any], false_alarms: int) -> str:
    clusters = int(table.select(pl.col("clusters").min()).item())
    faults = {
        f"there are only {clusters} countries": clusters < FEW_CLUSTERS,
        "China's trend differed before the controls": trend["p"] <= LEVEL,
        "dates on which nothing happened show effects too": false_alarms > 0,
    }
    found = [fault for fault, holds in faults.items() if holds]
    if not found:
        return "Nothing here speaks against reading the association as an effect; nothing proves it either."
    return f"An effect of controls on training compute is not identified by these data: {', '.join(found)}."
