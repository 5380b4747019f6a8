import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.streams import blocks, stream


@given(total=st.integers(0, 10_000), per_block=st.integers(1, 700))
def test_blocks_cover_the_total_and_only_the_last_is_short(total: int, per_block: int) -> None:
    pairs = blocks(total, per_block)
    assert sum(size for _, size in pairs) == total
    assert [index for index, _ in pairs] == list(range(len(pairs)))
    assert all(size == per_block for _, size in pairs[:-1])


def test_a_stream_is_its_seed_study_and_block() -> None:
    base = stream(1, "npv", 0).standard_normal(4)
    assert np.array_equal(base, stream(1, "npv", 0).standard_normal(4))
    for other in (stream(2, "npv", 0), stream(1, "bootstrap", 0), stream(1, "npv", 1)):
        assert not np.array_equal(base, other.standard_normal(4))


def test_blocks_are_uncorrelated() -> None:
    draws = np.array([stream(7, "npv", block).standard_normal(4096) for block in range(8)])
    off_diagonal = np.corrcoef(draws) - np.eye(8)
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(4096)
