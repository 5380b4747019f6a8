"""The loops of the simulation, compiled: imported only where paths are drawn.

Random words are those of NumPy's SFC64, so that a stream of `engine.streams` gives the same words here. Floating
point is left in program order (no fast-math), so that neither the width of vectors nor threads change a bit.
"""

import functools
import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.npv.kernel import GUIDE_CELLS, GUIDE_LOW, GUIDE_PER_UNIT

LAYERS = 256
EDGE = 3.6541528853610088
AREA = EDGE * math.exp(-0.5 * EDGE**2) + math.sqrt(math.pi / 2) * math.erfc(EDGE / math.sqrt(2))
MANTISSA = 2.0**-52
UNIT = 2.0**-53
PLACE = np.uint64(0x000FFFFFFFFFFFFF)
CELL_SHIFT = 47
HASH_PRIME = np.uint64(0x100000001B3)
compiled = functools.partial(njit, cache=True, nogil=True)


def _layers() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Right ends, acceptance limits and heights of the ziggurat's layers (Marsaglia and Tsang 2000)."""
    ends, heights = np.empty(LAYERS), np.empty(LAYERS)
    ends[LAYERS - 1] = EDGE
    for i in range(LAYERS - 1, 1, -1):
        ends[i - 1] = math.sqrt(-2 * math.log(AREA / ends[i] + math.exp(-0.5 * ends[i] ** 2)))
    ends[0] = AREA / math.exp(-0.5 * EDGE**2)
    heights[:] = np.exp(-0.5 * ends**2)
    heights[0] = 1.0
    inner = np.concatenate([[EDGE], [0.0], ends[1:-1]])
    return ends * MANTISSA, inner, heights


SCALE, INNER, HEIGHT = _layers()


@compiled()
def _word(state: Any) -> Any:
    """Next word of SFC64; state holds four words and is advanced."""
    word = state[0] + state[1] + state[3]
    state[3] += np.uint64(1)
    state[0] = state[1] ^ (state[1] >> np.uint64(11))
    state[1] = state[2] + (state[2] << np.uint64(3))
    state[2] = ((state[2] << np.uint64(24)) | (state[2] >> np.uint64(40))) + word
    return word


@compiled()
def _uniform(state: Any) -> Any:
    """Uniform on [0, 1) with 53 bits."""
    return (_word(state) >> np.uint64(11)) * UNIT


@compiled()
def _beyond(state: Any, layer: Any, x: Any, negative: Any) -> Any:
    """What the ziggurat does for a draw outside the inner part of its layer; NaN asks for a new draw."""
    if layer == 0:
        while True:
            far = -math.log1p(-_uniform(state)) / EDGE
            height = -math.log1p(-_uniform(state))
            if 2 * height > far * far:
                return -(EDGE + far) if negative else EDGE + far
    low, high = HEIGHT[layer], HEIGHT[layer - 1]
    if (high - low) * _uniform(state) + low < math.exp(-0.5 * x * x):
        return x
    return math.nan


@compiled()
def _slow_normal(state: Any, word: Any) -> Any:
    """Standard normal from a word, with more words where the first is not enough."""
    while True:
        layer = word & np.uint64(0xFF)
        negative = (word >> np.uint64(8)) & np.uint64(1)
        x = ((word >> np.uint64(9)) & PLACE) * SCALE[layer]
        inside = x < INNER[layer]
        x = -x if negative else x
        if inside:
            return x
        x = _beyond(state, layer, x, negative)
        if not math.isnan(x):
            return x
        word = _word(state)


@compiled()
def normals(state: Any, out: Any) -> None:
    """Fill `out` with standard normals by the ziggurat: one word gives layer, sign and place.

    The four words of the state stay in registers; only the one draw in eighty that needs more words leaves them.
    """
    a, b, c, count = state[0], state[1], state[2], state[3]
    for i in range(len(out)):
        word = a + b + count
        count += np.uint64(1)
        a = b ^ (b >> np.uint64(11))
        b = c + (c << np.uint64(3))
        c = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word
        layer = word & np.uint64(0xFF)
        x = ((word >> np.uint64(9)) & PLACE) * SCALE[layer]
        out[i] = math.copysign(x, 0.5 - np.float64(np.int64(word >> np.uint64(8)) & 1))
        if x >= INNER[layer]:
            state[0], state[1], state[2], state[3] = a, b, c, count
            out[i] = _slow_normal(state, word)
            a, b, c, count = state[0], state[1], state[2], state[3]
    state[0], state[1], state[2], state[3] = a, b, c, count


@compiled()
def uniforms(state: Any, out: Any) -> None:
    """Fill `out` with uniforms on [0, 1)."""
    for i in range(len(out)):
        out[i] = _uniform(state)


@compiled()
def gaps_of(latent: Any, z: Any, rho: Any, guide: Any, edges: Any, gaps: Any) -> None:
    """Turn normals into the gap of each path: a latent normal with correlation rho to z, and its interval's gap.

    `guide` holds the interval of each cell of the normal's range, or -1 - the first of several.
    """
    own = math.sqrt(max(0.0, 1.0 - rho * rho))
    for i in range(len(latent)):
        value = latent[i] * own + rho * z[i]
        place = min(max((value - GUIDE_LOW) * GUIDE_PER_UNIT, 0.0), GUIDE_CELLS - 1.0)
        k = guide[np.int64(place)]
        if k < 0:
            k = -1 - k
            while k < len(edges) and value >= edges[k]:
                k += 1
        latent[i] = gaps[k]


@compiled()
def intervals_of(latent: Any, z: Any, rho: Any, guide: Any, edges: Any, out: Any) -> None:
    """Number of the interval each path's latent variable falls in; latent and z are left as they are."""
    own = math.sqrt(max(0.0, 1.0 - rho * rho))
    for i in range(len(latent)):
        value = latent[i] * own + rho * z[i]
        place = min(max((value - GUIDE_LOW) * GUIDE_PER_UNIT, 0.0), GUIDE_CELLS - 1.0)
        k = guide[np.int64(place)]
        if k < 0:
            k = -1 - k
            while k < len(edges) and value >= edges[k]:
                k += 1
        out[i] = k


@compiled()
def figures_of(
    w: Any,
    chosen: Any,
    drop: Any,
    gaps: Any,
    whole: Any,
    low: Any,
    width: Any,
    threshold: Any,
    rank: Any,
    x: Any,
    out: Any,
) -> None:
    """Mean, sd, order statistic of that rank, mean up to it, and share above the threshold, of x = w F into `out`.

    Sums run in four lanes of fixed order. The order statistic is looked for among the paths of its cell, 32 an octave.
    """
    n = len(x)
    for i in range(n):
        x[i] = w[i] * (whole - (low + width * drop[i]) * gaps[chosen[i]])
    bits = x.view(np.int64)
    above, least, most = 0, bits[0], bits[0]
    t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0
    for i in range(0, n - 3, 4):
        t0, t1, t2, t3 = t0 + x[i], t1 + x[i + 1], t2 + x[i + 2], t3 + x[i + 3]
    for i in range(n - n % 4, n):
        t0 += x[i]
    for i in range(n):
        above += x[i] > threshold
    for i in range(n):
        least = min(least, bits[i])
        most = max(most, bits[i])
    mean = ((t0 + t1) + (t2 + t3)) / n
    first = least >> CELL_SHIFT
    counts = np.zeros((most >> CELL_SHIFT) - first + 1, np.int64)
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for i in range(0, n - 3, 4):
        d0, d1, d2, d3 = x[i] - mean, x[i + 1] - mean, x[i + 2] - mean, x[i + 3] - mean
        s0, s1, s2, s3 = s0 + d0 * d0, s1 + d1 * d1, s2 + d2 * d2, s3 + d3 * d3
    for i in range(n - n % 4, n):
        s0 += (x[i] - mean) * (x[i] - mean)
    squares = (s0 + s1) + (s2 + s3)
    for i in range(n):
        counts[(bits[i] >> CELL_SHIFT) - first] += 1
    cell, before = 0, 0
    while before + counts[cell] <= rank:
        before += counts[cell]
        cell += 1
    inside, held, lower = np.empty(counts[cell]), 0, 0.0
    start, end = (first + cell) << CELL_SHIFT, (first + cell + 1) << CELL_SHIFT
    for i in range(n):
        if bits[i] < end:
            if bits[i] < start:
                lower += x[i]
            else:
                inside[held] = x[i]
                held += 1
    inside.sort()
    for i in range(rank - before + 1):
        lower += inside[i]
    out[0], out[1], out[2] = mean, math.sqrt(squares / (n - 1)), inside[rank - before]
    out[3], out[4] = lower / (rank + 1), above / n


@compiled()
def apply_fixed_drop(whole: Any, drop: Any, factor: Any) -> None:
    """Turn gaps into factors, whole - drop x gap."""
    for i in range(len(factor)):
        factor[i] = whole - drop * factor[i]


@compiled()
def apply_drop(state: Any, whole: Any, low: Any, width: Any, factor: Any) -> None:
    """Turn gaps into factors, whole - drop x gap, with a drop uniform on [low, low + width)."""
    a, b, c, count = state[0], state[1], state[2], state[3]
    for i in range(len(factor)):
        word = a + b + count
        count += np.uint64(1)
        a = b ^ (b >> np.uint64(11))
        b = c + (c << np.uint64(3))
        c = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word
        factor[i] = whole - (low + width * ((word >> np.uint64(11)) * UNIT)) * factor[i]
    state[0], state[1], state[2], state[3] = a, b, c, count


@compiled()
def accumulate(x: Any, thresholds: Any, centre: Any, shift: Any, first: Any, counts: Any, sums: Any, hits: Any) -> Any:
    """Add paths to power sums of x - centre, counts above each threshold and histogram; their FNV-1a hash.

    `hits[-1]` holds the hash's start, and then the hash.
    """
    s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0
    bits = x.view(np.int64)
    words = x.view(np.uint64)
    mixed = hits[-1:].view(np.uint64)[0]
    for i in range(len(x)):
        counts[(bits[i] >> shift) - first] += 1
        mixed = (mixed ^ words[i]) * HASH_PRIME
        d = x[i] - centre
        square = d * d
        s1 += d
        s2 += square
        s3 += square * d
        s4 += square * square
    for j in range(len(thresholds)):
        above = 0
        for i in range(len(x)):
            above += x[i] > thresholds[j]
        hits[j] += above
    hits[-1:].view(np.uint64)[0] = mixed
    sums[0], sums[1], sums[2], sums[3] = s1, s2, s3, s4
