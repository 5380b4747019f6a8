"""The compiled inner loops: a stream to counts, counts to slopes.

Imported only where they run, for numba takes half a second to load. Replicates lie side by side, so that the processor
adds up many at once while each one's own sums run in a fixed order: neither the width of its vectors nor the runner
changes a bit.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

NO_SPREAD = 1e-10
PLAIN_COLUMNS = 2
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)

# A count is one byte: that a unit is drawn 256 times where one time is expected has probability 1e-507.
Counts = NDArray[np.uint8]
Words = NDArray[np.uint64]
Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def count_draws(state: Words, units: int, replicates: int) -> Counts:
    """How often each unit is drawn in each replicate, (units, replicates), from the words that follow `state`.

    `state` (4,) is that of NumPy's SFC64 and is advanced, so that a stream of `engine.streams` goes on here. A
    replicate is `units` draws with replacement, two from each word by multiplication and shift (Lemire 2019); their
    probabilities are equal within units / 2^32.
    """
    size = np.uint64(units)
    counts = np.zeros((units, replicates), np.uint8)
    a, b, c, steps = state
    for replicate in range(replicates):
        for _ in range(units // 2):
            word, a, b, c, steps = next_word(a, b, c, steps)
            counts[((word & _LOW) * size) >> _HALF, replicate] += 1
            counts[((word >> _HALF) * size) >> _HALF, replicate] += 1
        if units % 2:
            word, a, b, c, steps = next_word(a, b, c, steps)
            counts[((word & _LOW) * size) >> _HALF, replicate] += 1
    state[:] = a, b, c, steps
    return counts


@njit(cache=True, nogil=True)
def next_word(
    a: np.uint64, b: np.uint64, c: np.uint64, steps: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """The next word of SFC64, as NumPy gives it (O'Neill 2018), and the state after it.

    The state goes by value: kept in an array beside the counts it would be read and written anew with every word.
    """
    word = a + b + steps
    turned = (c << np.uint64(24)) | (c >> np.uint64(40))
    return word, b ^ (b >> np.uint64(11)), c + (c << np.uint64(3)), turned + word, steps + np.uint64(1)


@njit(cache=True, nogil=True)
def simple_slopes(counts: Counts, unit: Indices, starts: Indices, columns: Floats) -> Floats:
    """As `slopes`, where there are two columns alone."""
    replicates = counts.shape[1]
    weight, size = np.empty(replicates), np.empty(replicates)
    x, y = np.empty(replicates), np.empty(replicates)
    xx, xy = np.zeros(replicates), np.zeros(replicates)
    between_xx, between_xy = np.zeros(replicates), np.zeros(replicates)
    for cell in range(len(starts) - 1):
        size[:], x[:], y[:] = 0.0, 0.0, 0.0
        for i in range(starts[cell], starts[cell + 1]):
            _weigh(weight, counts[unit[i]])
            _add(size, weight, 1.0)
            _add(x, weight, columns[i, 0])
            _add(y, weight, columns[i, 1])
            _add(xx, weight, columns[i, 0] * columns[i, 0])
            _add(xy, weight, columns[i, 0] * columns[i, 1])
        _add_between(between_xx, x, x, size)
        _add_between(between_xy, x, y, size)
    return _ratio(xy - between_xy, xx - between_xx, xx)


@njit(cache=True, nogil=True)
def swept_slopes(counts: Counts, unit: Indices, starts: Indices, columns: Floats) -> Floats:
    """As `slopes`, with the columns before the last two (dummies) swept out.

    Cross products within cells, then Gaussian elimination; a dummy absent from the resample is passed over.
    """
    replicates, width = counts.shape[1], columns.shape[1]
    weight, size = np.empty(replicates), np.empty(replicates)
    sums = np.empty((width, replicates))
    products, between = np.zeros((width, width, replicates)), np.zeros((width, width, replicates))
    for cell in range(len(starts) - 1):
        size[:], sums[:] = 0.0, 0.0
        for i in range(starts[cell], starts[cell + 1]):
            _weigh(weight, counts[unit[i]])
            _add(size, weight, 1.0)
            for a in range(width):
                if columns[i, a] != 0.0:
                    _add(sums[a], weight, columns[i, a])
                    for b in range(a, width):
                        if columns[i, b] != 0.0:
                            _add(products[a, b], weight, columns[i, a] * columns[i, b])
        for a in range(width):
            for b in range(a, width):
                _add_between(between[a, b], sums[a], sums[b], size)
    within = products - between
    for k in range(width - 2):
        for replicate in range(replicates):
            pivot = within[k, k, replicate]
            if pivot > NO_SPREAD * products[k, k, replicate]:
                for a in range(k + 1, width):
                    ratio = within[k, a, replicate] / pivot
                    for b in range(a, width):
                        within[a, b, replicate] -= ratio * within[k, b, replicate]
    x = width - 2
    return _ratio(within[x, x + 1], within[x, x], products[x, x])


@njit(cache=True, nogil=True)
def drawn_slopes(
    state: Words, units: int, replicates: int, slice_size: int, unit: Indices, starts: Indices, columns: Floats
) -> Floats:
    """Slopes (replicates,) of as many resamples, counted and fitted a slice at a time.

    One call holds the interpreter lock once: with two threads a wait for it costs more than the arithmetic of a slice.
    """
    out = np.empty(replicates)
    for first in range(0, replicates, slice_size):
        end = min(first + slice_size, replicates)
        out[first:end] = slopes(count_draws(state, units, end - first), unit, starts, columns)
    return out


@njit(cache=True, nogil=True)
def slopes(counts: Counts, unit: Indices, starts: Indices, columns: Floats) -> Floats:
    """Slope of the last column on the one before it, within cells, for each replicate of counts (units, replicates).

    `unit` (n,) is the unit of each row, `starts` the first row of each cell and the end; rows are sorted by cell. NaN
    where the resample leaves the regressor no spread.
    """
    if columns.shape[1] == PLAIN_COLUMNS:
        return simple_slopes(counts, unit, starts, columns)
    return swept_slopes(counts, unit, starts, columns)


@njit(cache=True, nogil=True)
def _weigh(weight: Floats, counts: Counts) -> None:
    for replicate in range(len(weight)):
        weight[replicate] = float(counts[replicate])


@njit(cache=True, nogil=True)
def _add(total: Floats, weight: Floats, value: float) -> None:
    for replicate in range(len(total)):
        total[replicate] += weight[replicate] * value


@njit(cache=True, nogil=True)
def _add_between(total: Floats, left: Floats, right: Floats, size: Floats) -> None:
    for replicate in range(len(total)):
        total[replicate] += left[replicate] * right[replicate] / max(size[replicate], 1.0)


@njit(cache=True, nogil=True)
def _ratio(numerator: Floats, denominator: Floats, raw: Floats) -> Floats:
    out = np.empty(len(raw))
    for replicate in range(len(out)):
        spread = denominator[replicate] > NO_SPREAD * raw[replicate]
        out[replicate] = numerator[replicate] / denominator[replicate] if spread else np.nan
    return out
