"""Other forms of the law on the same rows, compared by AIC on one scale."""

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import DesignError, design, fit

Floats = NDArray[np.float64]
BREAK_SHARES = np.linspace(0.15, 0.85, 60)
EXPONENTS = (-2.0, 6.0)
SCHEMA: dict[str, Any] = {
    "form": pl.String,
    "n": pl.Int64,
    "coefficients": pl.Int64,
    **dict.fromkeys(("slope", "slope_above", "break_at", "aic", "delta_aic"), pl.Float64),
    "chosen": pl.Boolean,
    "note": pl.String,
}


def forms(rows: pl.DataFrame) -> pl.DataFrame:
    """The law as a line, a parabola and two lines in logs, and as a power law with errors in levels.

    AIC of the natural log of the response, coefficients counted as in `Fit.aic`, the place of a break among them; the
    power law's likelihood is carried to logs by the change of variable (its sum of ln y). Columns: SCHEMA; `break_at`
    is in the regressor's own unit, `slope` of the parabola is the one at the mean.
    """
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    found = []
    for form, fitted in _FORMS.items():
        try:
            found.append({"form": form, "n": len(x), "note": "", **fitted(x, y)})
        except DesignError as error:
            found.append({"form": form, "n": len(x), "note": f"not run: {error}"})
    frame = pl.DataFrame(found, schema=SCHEMA)
    least = pl.col("aic").min()
    return frame.with_columns(delta_aic=pl.col("aic") - least, chosen=(pl.col("aic") == least).fill_null(False))


def _line(x: Floats, y: Floats) -> dict[str, Any]:
    fitted = fit(design(pl.DataFrame({"x": x, "y": y}), "y", ["x"]), "HC0")
    return {"coefficients": 2, "slope": float(fitted.coef[1]), "aic": float(fitted.aic)}


def _parabola(x: Floats, y: Floats) -> dict[str, Any]:
    centred = x - x.mean()
    frame = pl.DataFrame({"x": centred, "x2": centred**2, "y": y})
    fitted = fit(design(frame, "y", ["x", "x2"]), "HC0")
    note = f"squared term {float(fitted.coef[2]):+.4f}"
    return {"coefficients": 3, "slope": float(fitted.coef[1]), "aic": float(fitted.aic), "note": note}


def _segments(x: Floats, y: Floats) -> dict[str, Any]:
    """Two lines that meet; the break is sought on 60 quantiles of x between 15 and 85 %."""
    if np.ptp(x) == 0:
        raise DesignError("the regressor is constant")
    candidates = np.unique(np.quantile(x, BREAK_SHARES))
    basis = np.linalg.qr(np.column_stack([np.ones(len(x)), x]))[0]
    hinges = np.maximum(x[:, None] - candidates[None, :], 0.0)
    hinges = hinges - basis @ (basis.T @ hinges)
    residual = y - basis @ (basis.T @ y)
    norms = (hinges**2).sum(axis=0)
    gained = np.divide((hinges.T @ residual) ** 2, norms, out=np.zeros(len(norms)), where=norms > 0)
    at = float(candidates[int(np.argmax(gained))])
    frame = pl.DataFrame({"x": x, "above": np.maximum(x - at, 0.0), "y": y})
    fitted = fit(design(frame, "y", ["x", "above"]), "HC0")
    below, bend = float(fitted.coef[1]), float(fitted.coef[2])
    ends = {"slope": below, "slope_above": below + bend, "break_at": math.exp(at)}
    return {"coefficients": 4, **ends, "aic": float(fitted.aic) + 2}


def _power(x: Floats, y: Floats) -> dict[str, Any]:
    """Nonlinear least squares of the response itself; for each exponent the factor has a closed form."""
    from scipy.optimize import minimize_scalar

    if np.ptp(x) == 0:
        raise DesignError("the regressor is constant")
    level, shape = np.exp(y - y.max()), x - x.max()

    def rss(exponent: float) -> float:
        power = np.exp(exponent * shape)
        return float(((level - power * (power @ level) / (power @ power)) ** 2).sum())

    start = min(np.linspace(*EXPONENTS, 81), key=rss)
    found = minimize_scalar(rss, bounds=(start - 0.1, start + 0.1), method="bounded", options={"xatol": 1e-10})
    n, top = len(x), float(y.max())
    aic = n * (math.log(2 * math.pi * max(found.fun, 1e-300) / n) + 2 * top + 1) + 2 * 2 - 2 * float(y.sum())
    return {"coefficients": 2, "slope": float(found.x), "aic": aic, "note": "errors in levels: the largest rows decide"}


_FORMS = {
    "line in logs": _line,
    "parabola in logs": _parabola,
    "two lines in logs": _segments,
    "power law in levels": _power,
}
