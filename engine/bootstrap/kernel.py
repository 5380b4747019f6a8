"""The compiled inner loops: random words to counts, counts to slopes.

Imported only where they run, for numba takes half a second to load. Every sum runs in a fixed order, so that neither
the width of the processor's vectors nor the runner changes a bit.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

NO_SPREAD = 1e-10
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)

Counts = NDArray[np.int32]
Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def count_draws(words: NDArray[np.uint64], units: int) -> Counts:
    """How often each unit is drawn in each replicate, (replicates, units), from rows of random words.

    `units` draws with replacement a row, two from each word by multiplication and shift (Lemire 2019); their
    probabilities are equal within units / 2^32.
    """
    replicates, size = words.shape[0], np.uint64(units)
    counts = np.zeros((replicates, units), np.int32)
    for row in range(replicates):
        for i in range(units // 2):
            word = words[row, i]
            counts[row, ((word & _LOW) * size) >> _HALF] += 1
            counts[row, ((word >> _HALF) * size) >> _HALF] += 1
        if units % 2:
            counts[row, ((words[row, units // 2] & _LOW) * size) >> _HALF] += 1
    return counts


@njit(cache=True, nogil=True)
def simple_slopes(counts: Counts, unit: Indices, starts: Indices, columns: Floats) -> Floats:
    """Within-cell slope of the second column on the first, for each row of counts (replicates, units).

    `unit` (n,) is the unit of each row, `starts` the first row of each cell and the end; rows are sorted by cell. NaN
    where the resample leaves the regressor no spread.
    """
    out = np.empty(counts.shape[0])
    for row in range(len(out)):
        sxx, sxy, raw = 0.0, 0.0, 0.0
        for cell in range(len(starts) - 1):
            w, x, y, xx, xy = 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(starts[cell], starts[cell + 1]):
                weight = float(counts[row, unit[i]])
                wx = weight * columns[i, 0]
                w += weight
                x += wx
                y += weight * columns[i, 1]
                xx += wx * columns[i, 0]
                xy += wx * columns[i, 1]
            if w > 0.0:
                raw += xx
                sxx += xx - x * x / w
                sxy += xy - x * y / w
        out[row] = sxy / sxx if sxx > NO_SPREAD * raw else np.nan
    return out


@njit(cache=True, nogil=True)
def swept_slopes(counts: Counts, unit: Indices, starts: Indices, columns: Floats) -> Floats:
    """As `simple_slopes`, of the last column on the one before it, with the others (dummies) swept out.

    Cross products within cells, then Gaussian elimination; a dummy absent from the resample is passed over.
    """
    width = columns.shape[1]
    out = np.empty(counts.shape[0])
    products, sums, raw = np.empty((width, width)), np.empty(width), np.empty(width)
    for row in range(len(out)):
        products[:], raw[:] = 0.0, 0.0
        for cell in range(len(starts) - 1):
            sums[:] = 0.0
            size = 0.0
            for i in range(starts[cell], starts[cell + 1]):
                weight = float(counts[row, unit[i]])
                if weight > 0.0:
                    size += weight
                    for a in range(width):
                        value = weight * columns[i, a]
                        if value != 0.0:
                            sums[a] += value
                            raw[a] += value * columns[i, a]
                            for b in range(a, width):
                                products[a, b] += value * columns[i, b]
            if size > 0.0:
                for a in range(width):
                    for b in range(a, width):
                        products[a, b] -= sums[a] * sums[b] / size
        for k in range(width - 2):
            if products[k, k] > NO_SPREAD * raw[k]:
                for a in range(k + 1, width):
                    ratio = products[k, a] / products[k, k]
                    for b in range(a, width):
                        products[a, b] -= ratio * products[k, b]
        x = width - 2
        out[row] = products[x, x + 1] / products[x, x] if products[x, x] > NO_SPREAD * raw[x] else np.nan
    return out
