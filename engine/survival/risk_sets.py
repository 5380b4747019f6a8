"""Cox regression with covariates that change over time, for many sets of weights at once."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.regression import DesignError
from engine.survival.records import Booleans, Floats, start_stop

MAX_STEPS = 40
TOLERANCE = 1e-10
LARGEST_STEP = 2.0


@dataclass(frozen=True)
class RiskSets:
    """Subjects at risk and ended at each event time (J, S), with their covariates then (J, S, p), centred."""

    subjects: tuple[str, ...]
    terms: tuple[str, ...]
    at_risk: Booleans
    ended: Booleans
    x: Floats


def risk_sets(episodes: pl.DataFrame, terms: list[str]) -> RiskSets:
    """Risk sets of episodes in start-stop format (see `start_stop`): at risk at t where start < t <= stop.

    Raises `DurationError` for episodes that are not in that format, `DesignError` where none ends in an event.
    """
    rows = start_stop(episodes, terms)
    times = rows.filter("event")["stop_months"].unique().sort().to_numpy()
    if not len(times):
        raise DesignError("No episode ends in an event.")
    subjects = rows["subject"].unique().sort()
    code = rows["subject"].rank("dense").to_numpy().astype(np.int64) - 1
    start, stop = rows["start_months"].to_numpy(), rows["stop_months"].to_numpy()
    when, row = np.nonzero((start < times[:, None]) & (stop >= times[:, None]))
    shape = (len(times), len(subjects))
    at_risk, ended, x = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros((*shape, len(terms)))
    at_risk[when, code[row]] = True
    ended[when, code[row]] = rows["event"].to_numpy()[row] & (stop[row] == times[when])
    values = rows.select(terms).cast(pl.Float64).to_numpy()
    x[when, code[row]] = values[row] - values[row].mean(axis=0)
    return RiskSets(tuple(str(s) for s in subjects), tuple(terms), at_risk, ended, x)


def cox_coefficients(sets: RiskSets, weights: Floats) -> Floats:
    """Cox coefficients (B, p) with Efron's ties, for B sets of whole-number subject weights (B, S).

    A weight says how often a subject is in the sample, as in a bootstrap; copies tie. NaN where a sample doesn't
    carry the fit. Newton-Raphson on all samples together.
    """
    features = _features(sets)
    beta = np.zeros((len(weights), len(sets.terms)))
    moving = np.ones(len(weights), bool)
    for _ in range(MAX_STEPS):
        step = _newton_step(sets, features, weights[moving], beta[moving])
        beta[moving] += step
        with np.errstate(invalid="ignore"):
            moving[moving] = np.abs(step).max(axis=1) > TOLERANCE
        if not moving.any():
            break
    beta[moving] = np.nan
    return beta


def _features(sets: RiskSets) -> Floats:
    """1, x and the products of x (J, S, 1 + p + p^2), zero where nobody is at risk."""
    products = sets.x[..., :, None] * sets.x[..., None, :]
    flat = products.reshape(*sets.x.shape[:2], -1)
    ones = np.ones((*sets.x.shape[:2], 1))
    return np.concatenate([ones, sets.x, flat], axis=2) * sets.at_risk[..., None]


def _newton_step(sets: RiskSets, features: Floats, weights: Floats, beta: Floats) -> Floats:
    """The Newton step of each sample, shortened to at most `LARGEST_STEP`; NaN where the information is singular."""
    p = beta.shape[1]
    scores, information = np.zeros_like(beta), np.zeros((len(beta), p, p))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        relative = np.exp(beta @ sets.x.transpose(0, 2, 1)) * weights
        risk = relative @ features
        ending = (relative * sets.ended[:, None, :]) @ features
        number = weights @ sets.ended.T
        scores += (weights @ (sets.ended[..., None] * sets.x)).sum(axis=0)
        for tied in range(int(number.max())):
            _add_tie(tied, number.T, risk, ending, scores, information)
        length = _solved(information, scores)
        size = np.abs(length).max(axis=1, keepdims=True)
        return np.asarray(length * np.minimum(1.0, LARGEST_STEP / np.maximum(size, 1e-300)))


def _add_tie(tied: int, number: Floats, risk: Floats, ending: Floats, scores: Floats, information: Floats) -> None:
    """Take one of Efron's terms from every time with more than `tied` events: (J, B) counts, (J, B, q) moments."""
    counts = number > tied
    share = np.divide(tied, number, out=np.zeros_like(number), where=counts)
    moments = risk - share[..., None] * ending
    p = scores.shape[1]
    mean = moments[..., 1 : p + 1] / moments[..., :1]
    second = moments[..., p + 1 :] / moments[..., :1]
    outer = (mean[..., :, None] * mean[..., None, :]).reshape(*mean.shape[:2], -1)
    scores -= np.where(counts[..., None], mean, 0.0).sum(axis=0)
    information += np.where(counts[..., None], second - outer, 0.0).sum(axis=0).reshape(information.shape)


def _solved(information: Floats, scores: Floats) -> Floats:
    """Information^-1 scores, sample by sample; NaN where the information is singular or not finite."""
    steps = np.full_like(scores, np.nan)
    scale = np.einsum("bii->bi", information)
    usable = np.isfinite(information).all(axis=(1, 2)) & (scale > 1e-12).all(axis=1)
    ranks = np.zeros(len(scores), np.int64)
    if usable.any():
        ranks[usable] = np.linalg.matrix_rank(information[usable], hermitian=True)
    usable &= ranks == scores.shape[1]
    if usable.any():
        steps[usable] = np.linalg.solve(information[usable], scores[usable][..., None])[..., 0]
    return steps
