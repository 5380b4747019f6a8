"""Which input matters, and which value of one meets a target: shared mathematics, no study.

A model is a function of a frame of points (a column an input) that gives a frame of figures (a row a point).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Model = Callable[[pl.DataFrame], pl.DataFrame]

SCAN = 65
ROUNDS = 60
PRECISION = 1e-12
JUMP = 1e-7
RESAMPLES = 200
LEVEL = 0.95


@dataclass(frozen=True)
class Range:
    """An input and its range; `whole` for integers, `log` to go through it by ratios."""

    name: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, share: Floats) -> Floats:
        """Values at shares (0..1) of the range."""
        if self.log:
            value = np.exp(math.log(self.low) + share * math.log(self.high / self.low))
        else:
            value = self.low + share * (self.high - self.low)
        value = np.clip(value, self.low, self.high)
        return np.asarray(np.round(value) if self.whole else value, np.float64)


@dataclass(frozen=True)
class Goal:
    """What a goal seek found: the input's value (None where there is none), the figure there, and a sentence.

    `crossings` is how often the figure crosses the target on the scan of the range, and `monotone` whether it only
    rises or only falls.
    """

    value: float | None
    achieved: float | None
    monotone: bool
    crossings: int
    sentence: str


def goal_seek(figure: Callable[[Floats], Floats], over: Range, target: float, what: str) -> Goal:
    """The lowest value of an input at which a figure reaches a target, by a scan of the range and bisection.

    `figure` maps values (n,) to figures (n,); it must be deterministic, so a simulated one uses common random
    numbers. Whole inputs give the value whose figure is nearest. `what` names the figure in the sentence.
    """
    values = np.unique(over.at(np.linspace(0, 1, SCAN)))
    found = figure(values)
    steps = np.diff(found[np.isfinite(found)])
    slack = 1e-12 * float(np.nanmax(np.abs(found), initial=1.0))
    monotone = bool(np.all(steps >= -slack) or np.all(steps <= slack))
    excess = found - target
    crossings = np.flatnonzero(np.sign(excess[:-1]) * np.sign(excess[1:]) < 0)
    exact = np.flatnonzero(excess == 0)
    if not crossings.size and not exact.size:
        return Goal(None, None, monotone, 0, _no_solution(over, target, what, found))
    if exact.size and (not crossings.size or exact[0] <= crossings[0]):
        value = float(values[exact[0]])
    else:
        i = int(crossings[0])
        value = _bisect(figure, over, target, float(values[i]), float(values[i + 1]))
    achieved = float(figure(np.array([value]))[0])
    count = len(crossings) + len(exact)
    jump = not over.whole and abs(achieved - target) > JUMP * max(abs(target), float(np.ptp(found)))
    return Goal(value, achieved, monotone, count, _solution(over, what, value, achieved, count, jump))


def _bisect(figure: Callable[[Floats], Floats], over: Range, target: float, low: float, high: float) -> float:
    """Bracketing by 17 points at a time: a round narrows the bracket sixteen-fold."""
    for _ in range(ROUNDS):
        values = Range(over.name, low, high, over.log, over.whole).at(np.linspace(0, 1, 17))
        excess = figure(values) - target
        i = int(np.flatnonzero(np.sign(excess[:-1]) * np.sign(excess[1:]) <= 0)[0])
        low, high = float(values[i]), float(values[i + 1])
        if high - low <= max(PRECISION * max(abs(low), abs(high)), 1e-300) or (over.whole and high - low <= 1):
            ends = np.abs(figure(np.array([low, high])) - target)
            return low if ends[0] <= ends[1] else high
    return (low + high) / 2


def _no_solution(over: Range, target: float, what: str, found: Floats) -> str:
    return (
        f"No solution within bounds: for {over.name} from {over.low:g} to {over.high:g}, {what} lies between "
        f"{np.nanmin(found):.6g} and {np.nanmax(found):.6g}, and the target is {target:.6g}."
    )


def _solution(over: Range, what: str, value: float, achieved: float, count: int, jump: bool) -> str:
    more = f" It is the lowest of {count} solutions seen." if count > 1 else ""
    near = "nearest the target" if over.whole else "where it jumps past the target" if jump else "at the target"
    return f"With {over.name} at {value:.6g}, {what} is {achieved:.6g}, {near}.{more}"


def spider(model: Model, base: dict[str, float], ranges: Sequence[Range], steps: int, figures: Sequence[str]) -> Any:
    """One input at a time through its range, the others at base.

    Columns: input, value, base_value, then the figures. Rows: `steps` an input.
    """
    rows = [{**base, r.name: v} for r in ranges for v in r.at(np.linspace(0, 1, steps)).tolist()]
    found = model(pl.DataFrame(rows)).select(figures)
    names = [r.name for r in ranges for _ in range(steps)]
    values = [v for r in ranges for v in r.at(np.linspace(0, 1, steps)).tolist()]
    head = pl.DataFrame({"input": names, "value": values, "base_value": [base[n] for n in names]})
    return head.hstack(found)


def two_way(model: Model, base: dict[str, float], x: Range, y: Range, steps: int, figures: Sequence[str]) -> Any:
    """Two inputs on a grid, the others at base. Columns: x_input, x_value, y_input, y_value, then the figures."""
    xs, ys = (r.at(np.linspace(0, 1, steps)).tolist() for r in (x, y))
    rows = [{**base, x.name: a, y.name: b} for a in xs for b in ys]
    found = model(pl.DataFrame(rows)).select(figures)
    head = pl.DataFrame(
        {
            "x_input": [x.name] * len(rows),
            "x_value": [row[x.name] for row in rows],
            "y_input": [y.name] * len(rows),
            "y_value": [row[y.name] for row in rows],
        }
    )
    return head.hstack(found)


def sobol_design(ranges: Sequence[Range], samples: int, seed: int) -> pl.DataFrame:
    """Saltelli's design (SALib) of samples x (inputs + 2) points, a column an input. `samples` is a power of 2."""
    from SALib.sample import sobol

    shares = sobol.sample(_problem(len(ranges)), samples, calc_second_order=False, seed=_generator(seed))
    return pl.DataFrame({r.name: r.at(shares[:, i]) for i, r in enumerate(ranges)})


def sobol_indices(ranges: Sequence[Range], values: Floats, seed: int) -> pl.DataFrame:
    """First and total indices (Sobol 2001, Saltelli et al. 2010, by SALib) of one figure over `sobol_design`'s points.

    Columns: input, first, first_ci_low, first_ci_high, total, total_ci_low, total_ci_high; normal 95 % intervals
    with the spread of 200 resamples. Null where the figure does not vary or is not a number everywhere.
    """
    from SALib.analyze import sobol

    names = [r.name for r in ranges]
    columns = ("first", "first_ci_low", "first_ci_high", "total", "total_ci_low", "total_ci_high")
    if not np.all(np.isfinite(values)) or np.ptp(values) <= 1e-12 * float(np.abs(values).max(initial=1e-300)):
        return pl.DataFrame({"input": names, **dict.fromkeys(columns, [None] * len(names))}).cast(
            dict.fromkeys(columns, pl.Float64)
        )
    found = sobol.analyze(
        _problem(len(ranges)),
        values,
        calc_second_order=False,
        num_resamples=RESAMPLES,
        conf_level=LEVEL,
        seed=_generator(seed),
    )
    made: dict[str, Any] = {"input": names}
    for name, key in (("first", "S1"), ("total", "ST")):
        made[name] = found[key]
        made[f"{name}_ci_low"], made[f"{name}_ci_high"] = (found[key] + s * found[f"{key}_conf"] for s in (-1, 1))
    return pl.DataFrame(made)


def samples_for(inputs: int) -> int:
    """Base samples of a Sobol analysis sized to its inputs: the power of 2 next above 128 x inputs, at least 512."""
    return int(2 ** math.ceil(math.log2(max(512, 128 * inputs))))


def _problem(inputs: int) -> dict[str, Any]:
    return {"num_vars": inputs, "names": [f"x{i}" for i in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}


def _generator(seed: int) -> np.random.Generator:
    from engine.streams import stream

    return stream(seed, "sobol", 0)
