"""Does the headline fit hold what it assumes? Every check gives a figure, or says why it could not run."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import Covariance, Design, DesignError, Fit, complete_rows, fit, leverages
from engine.scaling_law import law_design, parse_effects
from engine.summaries import counted

Floats = NDArray[np.float64]
LEVEL = 0.05
LAGS = 10
MOST_NAMED = 20
RANK_KEPT, IDENTIFIED = 1e-9, 1e-6
SCHEMA: dict[str, Any] = {
    "check": pl.String,
    "statistic": pl.Float64,
    "df": pl.Float64,
    "p": pl.Float64,
    "status": pl.String,
    "note": pl.String,
}
LEFT_OUT_SCHEMA: dict[str, Any] = {
    "left_out": pl.String,
    "kind": pl.String,
    "rows": pl.Int64,
    "slope": pl.Float64,
    "change": pl.Float64,
    "change_in_se": pl.Float64,
}


class Examined:
    """The headline fit taken apart: rows in the design's order, residuals, leverage, Cook's distance."""

    def __init__(self, rows: pl.DataFrame, effects: str, covariance: Covariance) -> None:
        extra = ["organization"] if covariance == "cluster" else []
        self.rows = complete_rows(rows, ["y", "x", *extra], list(parse_effects(effects)))
        self.design: Design = law_design(self.rows, effects, covariance)
        self.fit: Fit = fit(self.design, covariance)
        self.leverage = leverages(self.design.x)
        n, k = self.design.x.shape
        spare = np.maximum(1 - self.leverage, 1e-12)
        variance = self.fit.residuals @ self.fit.residuals / (n - k)
        scale = k * variance * spare**2
        pull = self.fit.residuals**2 * self.leverage
        self.cooks = np.divide(pull, scale, out=np.zeros(n), where=scale > 0)

    def points(self) -> pl.DataFrame:
        """The rows with fitted, residual, leverage, cooks_distance and influential (above 4 / n)."""
        return self.rows.with_columns(
            fitted=self.design.y - self.fit.residuals,
            residual=self.fit.residuals,
            leverage=self.leverage,
            cooks_distance=self.cooks,
            influential=self.cooks > 4 / self.fit.n,
        )


def diagnostics(examined: Examined, tests: pl.DataFrame, left_out: pl.DataFrame) -> pl.DataFrame:
    """One row a check. Columns: check, statistic, df, p, status ('green', or 'amber' where it fails or could not run),
    note (what it means, or the reason)."""
    found = [_run(name, check, examined) for name, check in _CHECKS.items()]
    found += [_leave_out_check(examined, left_out)]
    found += [_of_test(row) for row in tests.iter_rows(named=True)]
    return pl.DataFrame(found, schema=SCHEMA)


def _run(name: str, check: Callable[[Examined], dict[str, Any]], examined: Examined) -> dict[str, Any]:
    try:
        if not examined.fit.residuals.any():
            raise DesignError("the fit leaves no residual")
        found = check(examined)
    except DesignError as error:
        return {"check": name, "status": "amber", "note": f"not run: {error}"}
    status = "amber" if found.get("p", 1.0) < LEVEL else "green"
    return {"check": name, "status": status, **found}


def _of_test(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table of tests as a check."""
    fine = row["p"] is not None and row["p"] >= LEVEL
    name = f"{row['test']} ({row['effects']})"
    kept = {column: row[column] for column in ("statistic", "df", "p", "note")}
    return {"check": name, "status": "green" if fine else "amber", **kept}


def breusch_pagan(examined: Examined) -> dict[str, Any]:
    """Koenker's (1981) studentised test: n R^2 of squared residuals on the regressors, chi-squared."""
    from scipy.special import chdtrc

    squares, x = examined.fit.residuals**2, examined.design.x
    basis = np.linalg.qr(x)[0]
    centred = squares - squares.mean()
    if not centred.any():
        raise DesignError("all residuals are of one size")
    explained = basis @ (basis.T @ squares) - squares.mean()
    statistic = len(squares) * float(explained @ explained) / float(centred @ centred)
    df = x.shape[1] - 1
    note = "the spread of residuals varies with the regressors; robust errors allow for it"
    return _told(statistic, df, float(chdtrc(df, statistic)), note)


def jarque_bera(examined: Examined) -> dict[str, Any]:
    """Skewness and kurtosis of the residuals against a normal's (Jarque and Bera 1987), chi-squared with 2."""
    from scipy.special import chdtrc

    e = examined.fit.residuals - examined.fit.residuals.mean()
    variance = float((e**2).mean())
    skew, kurtosis = float((e**3).mean()) / variance**1.5, float((e**4).mean()) / variance**2
    statistic = len(e) / 6 * (skew**2 + (kurtosis - 3) ** 2 / 4)
    note = (
        f"residuals are not normal: skewness {skew:.2f}, kurtosis {kurtosis:.2f}; prediction intervals assume they are"
    )
    return _told(statistic, 2, float(chdtrc(2, statistic)), note)


def reset(examined: Examined) -> dict[str, Any]:
    """Ramsey's (1969) test: squares and cubes of the fitted values added, F."""
    from scipy.special import fdtrc

    d = examined.design
    fitted = d.y - examined.fit.residuals
    if np.ptp(fitted) == 0:
        raise DesignError("the fitted values are constant")
    scaled = (fitted - fitted.mean()) / fitted.std()
    wider = np.column_stack([d.x, scaled**2, scaled**3])
    if np.linalg.matrix_rank(wider) < wider.shape[1]:
        raise DesignError("powers of the fitted values are collinear with the regressors")
    residuals = d.y - wider @ np.linalg.lstsq(wider, d.y, rcond=None)[0]
    rss, wider_rss = float(examined.fit.residuals @ examined.fit.residuals), float(residuals @ residuals)
    spare = len(d.y) - wider.shape[1]
    statistic = (rss - wider_rss) / 2 / (wider_rss / spare)
    return _told(statistic, 2, float(fdtrc(2, spare, statistic)), "a straight line in logs misses a bend")


def ljung_box(examined: Examined) -> dict[str, Any]:
    """Autocorrelation of the residuals in order of publication over ten lags (Ljung and Box 1978), chi-squared."""
    from scipy.special import chdtrc

    dates = examined.rows["publication_date"]
    if dates.null_count():
        raise DesignError(f"{dates.null_count()} of {dates.len()} rows have no publication date to order them by")
    if dates.len() <= LAGS + 1:
        raise DesignError(f"{counted(dates.len(), 'row')}; {LAGS} lags take {LAGS + 2}")
    order = examined.rows.with_row_index("place").sort("publication_date", "place")["place"].to_numpy()
    e = examined.fit.residuals[order]
    e = e - e.mean()
    n, total = len(e), float(e @ e)
    shares = [float(e[lag:] @ e[:-lag]) / total for lag in range(1, LAGS + 1)]
    statistic = n * (n + 2) * sum(r**2 / (n - lag) for lag, r in enumerate(shares, start=1))
    note = "models released close together share residuals; clustered errors or effects allow for part of it"
    return _told(statistic, LAGS, float(chdtrc(LAGS, statistic)), note)


def cooks_distance(examined: Examined) -> dict[str, Any]:
    """Largest Cook's distance, and how many exceed 4 / n (Cook 1977). A share above a tenth is amber."""
    share = float((examined.cooks > 4 / examined.fit.n).mean())
    count = int((examined.cooks > 4 / examined.fit.n).sum())
    status = "amber" if share > 0.1 or examined.cooks.max() > 1 else "green"
    note = f"{count} of {examined.fit.n} rows above 4 / n; see the table of influential rows"
    return {"statistic": float(examined.cooks.max()), "status": status, "note": note}


def _told(statistic: float, df: float, p: float, meaning: str) -> dict[str, Any]:
    return {"statistic": statistic, "df": float(df), "p": p, "note": meaning if p < LEVEL else ""}


_CHECKS = {
    "Breusch-Pagan": breusch_pagan,
    "Jarque-Bera": jarque_bera,
    "RESET": reset,
    "Ljung-Box": ljung_box,
    "Cook's distance": cooks_distance,
}


def influential(examined: Examined) -> pl.DataFrame:
    """The rows with the largest Cook's distance above 4 / n, by name. Columns: model, organization, year, x, y, fitted,
    residual, leverage, cooks_distance."""
    rows = examined.points().filter(pl.col("influential")).sort("cooks_distance", descending=True).head(MOST_NAMED)
    return rows.select("model", "organization", "year", "x", "y", "fitted", "residual", "leverage", "cooks_distance")


def leave_out(examined: Examined) -> pl.DataFrame:
    """Slope without each organization, year and domain in turn, and without the influential rows.

    Columns: left_out, kind, rows (left out), slope, change, change_in_se; largest change of a kind first. Where the
    rest can't carry the fit, the slope is null.
    """
    parts = [_without(examined, kind, examined.rows[kind]) for kind in ("organization", "year", "domain")]
    flagged = pl.Series(["all above 4 / n" if above else None for above in examined.cooks > 4 / examined.fit.n])
    return pl.concat([_without(examined, "influential rows", flagged), *parts])


def _without(examined: Examined, kind: str, groups: pl.Series) -> pl.DataFrame:
    d, term = examined.design, examined.fit.term("x")
    inverse = np.asarray(np.linalg.inv(d.x.T @ d.x))
    codes = groups.cast(pl.String)
    found = []
    for level in codes.drop_nulls().unique(maintain_order=True).to_list():
        gone = (codes == level).fill_null(False).to_numpy()
        slope = slope_without(d, examined.fit, inverse, gone)
        change = None if slope is None else slope - term["coef"]
        in_se = None if change is None or not term["se"] else change / term["se"]
        found.append((level, kind, int(gone.sum()), slope, change, in_se))
    frame = pl.DataFrame(found, schema=LEFT_OUT_SCHEMA, orient="row")
    return frame.sort(pl.col("change").abs(), descending=True, nulls_last=True, maintain_order=True)


def slope_without(d: Design, fitted: Fit, inverse: Floats, gone: NDArray[np.bool_]) -> float | None:
    """Slope of x without the rows `gone` (n,); none where the others don't identify it. `inverse` is that of X'X.

    By the rows' joint influence (Cook and Weisberg 1982, section 3.5) when they are fewer than the coefficients and
    leave the design its rank, else from the cross products of what stays.
    """
    j, x = d.names.index("x"), d.x[gone]
    hat = np.eye(len(x)) - x @ inverse @ x.T if len(x) < d.x.shape[1] else np.zeros((1, 1))
    if np.linalg.eigvalsh(hat)[0] > RANK_KEPT:
        return float(fitted.coef[j] - inverse[j] @ x.T @ np.linalg.solve(hat, fitted.residuals[gone]))
    return _from_rest(d, j, ~gone)


def _from_rest(d: Design, j: int, rest: NDArray[np.bool_]) -> float | None:
    """Coefficient j on some of the rows, by a generalised inverse: dummies may have lost their rows or their base."""
    x, y = d.x[rest].copy(), d.y[rest]
    if not len(y):
        return None
    x[:, j] -= x[:, j].mean()
    gram = x.T @ x
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scale[np.diag(gram) < RANK_KEPT] = 1.0
    scaled = gram / np.outer(scale, scale)
    inverse = np.linalg.pinv(scaled, rcond=RANK_KEPT, hermitian=True)
    if abs(float(inverse[j] @ scaled[:, j]) - 1) > IDENTIFIED:
        return None
    return float(inverse[j] @ (x.T @ y / scale) / scale[j])


def _leave_out_check(examined: Examined, left_out: pl.DataFrame) -> dict[str, Any]:
    """Amber when one organization, year or domain moves the slope by more than a standard error."""
    single = left_out.filter((pl.col("kind") != "influential rows") & pl.col("change").is_not_null())
    name = "leave-out sensitivity"
    if single.is_empty():
        return {"check": name, "status": "amber", "note": "not run: there is no group to leave out"}
    worst = single.sort(pl.col("change").abs(), descending=True).row(0, named=True)
    note = f"without {worst['kind']} {worst['left_out']} ({worst['rows']} rows) the slope is {worst['slope']:.3f}"
    moved = worst["change_in_se"]
    status = "green" if moved is not None and abs(moved) <= 1 else "amber"
    return {"check": name, "statistic": worst["change_in_se"], "status": status, "note": note}
