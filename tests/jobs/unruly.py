"""Studies that raise, hang, eat memory or end their process at some points; for the tests that sweep over them."""

import os
import time
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import polars as pl

from engine import registry
from engine.result import Result
from engine.spec import Spec, parameter
from engine.study import Study, Work

RAISES, HANGS, EATS, ENDS = 3, 15, 27, 39
BLOCK = 8 * 2**20


class UnrulySpec(Spec):
    """A number, at some values of which things go wrong."""

    study: ClassVar[str] = "unruly"
    x: int = parameter(0, "Number", ge=0)


class UnrulyBlocksSpec(UnrulySpec):
    """The same for the study that answers many points at once."""

    study: ClassVar[str] = "unruly-blocks"


class Unruly(Study[UnrulySpec]):
    """Squares numbers."""

    spec_type = UnrulySpec

    def combine(self, work: Work[UnrulySpec], parts: Sequence[pl.DataFrame]) -> Result:
        """The square."""
        return Result(self.name, {"square": squared(work.spec.x)})


class UnrulyBlocks(Unruly):
    """Squares many numbers at once."""

    spec_type = UnrulyBlocksSpec
    varies = ("x",)

    def evaluate(self, work: Work[UnrulySpec], points: pl.DataFrame) -> pl.DataFrame:
        """The squares of `x`."""
        return points.with_columns(square=pl.Series([squared(x) for x in points["x"]]))


def squared(x: int) -> int:
    """The square of x, or trouble."""
    if x == RAISES:
        raise ZeroDivisionError("nothing can be divided by this")
    if x == HANGS:
        time.sleep(3600)
    if x == EATS:
        eaten = []
        while True:
            eaten.append(np.empty(BLOCK))
    if x == ENDS:
        os.abort()
    return x * x


def register() -> None:
    """Make the studies known; called in every process of such a test."""
    registry._STUDIES.update({"unruly": "tests.jobs.unruly:Unruly", "unruly-blocks": "tests.jobs.unruly:UnrulyBlocks"})
