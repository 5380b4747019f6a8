"""The one way to draw random numbers.

A stream is keyed by (seed, study name, block) and by nothing else: neither a scenario's fields nor the
number of workers nor the chunk a block falls into can change what it yields. Two scenarios with one seed
therefore share their draws (common random numbers), and every runner gives the same bytes.
"""

import hashlib

import numpy as np

PATHS_PER_BLOCK = 2**16
REPLICATES_PER_BLOCK = 256


def stream(seed: int, study: str, block: int) -> np.random.Generator:
    """Generator of one block: SFC64 seeded through `SeedSequence` with spawn key (study, block)."""
    name = int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(name, block))))


def blocks(total: int, per_block: int) -> list[tuple[int, int]]:
    """(block index, size) pairs that cover `total` draws; only the last may be short."""
    return [(i, min(per_block, total - i * per_block)) for i in range(-(-total // per_block))]
