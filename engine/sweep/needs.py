"""What the points of a design need: the tables they are asked of, and the runs that must be there first."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from engine import registry
from engine.spec import Spec, SpecError
from engine.sweep.design import design
from engine.sweep.spec import SweepSpec
from engine.target import base_spec, point_spec

MAX_NEEDS = 256
TRIED = 64
MOST_TRIED = 1_024
Point = dict[str, Any]


@dataclass(frozen=True)
class Needed:
    """Names of `tables`; `runs` by their own key; `common`, a spec with the runs that all points share, else None."""

    tables: tuple[str, ...]
    runs: dict[str, Spec]
    common: Spec | None


def needed(spec: SweepSpec) -> Needed:
    """Every different need of a point; of tables that a user may leave away, only those of the base.

    Raises `SpecError` for more than `MAX_NEEDS` other runs.
    """
    return _needed(spec.canonical())


@functools.lru_cache(maxsize=4)
def _needed(canonical: str) -> Needed:
    """Kept for the chunks that follow: it goes through the whole design."""
    spec = SweepSpec.model_validate_json(canonical)
    target = registry.study(spec.target)
    tables = dict.fromkeys(target.inputs_for(base_spec(spec)))
    runs: dict[str, Spec] = {}
    kinds: dict[frozenset[str], Spec] = {}
    for point in _telling(spec):
        asked = _asked(spec, point)
        if asked is None:
            continue
        tables |= dict.fromkeys(name for name in target.inputs_for(asked) if name not in target.optional)
        found = needs_of(spec, asked)
        runs |= found
        kinds.setdefault(frozenset(found), asked)
        if len(runs) > MAX_NEEDS:
            raise SpecError(f"The points need more than {MAX_NEEDS} other runs first; take fewer values.")
    return Needed(tuple(tables), runs, _common(spec, kinds))


def _common(spec: SweepSpec, kinds: dict[frozenset[str], Spec]) -> Spec | None:
    """The base where it needs what all points need, else one of them."""
    if len(kinds) != 1:
        return None
    ((kind, asked),) = kinds.items()
    base = base_spec(spec)
    return base if frozenset(needs_of(spec, base)) == kind else asked


def needs_of(spec: SweepSpec, asked: Spec) -> dict[str, Spec]:
    """The needs of a point's spec, by their own keys."""
    return {need.key(): need for need in registry.study(spec.target).needs(asked).values()}


def _asked(spec: SweepSpec, point: Point) -> Spec | None:
    """The spec of a point; None where there can be none."""
    try:
        return point_spec(spec, point)
    except SpecError:
        return None


def _telling(spec: SweepSpec) -> Iterator[Point]:
    """Points that tell every need: some of all, and one for each combination of the axes that change what is needed."""
    frame = design(spec)
    listed = [name for name in frame.columns if not _is_numbers(frame[name])]
    tried = _tried(frame, listed)
    changing = [name for name in frame.columns if name not in listed and _changes(spec, tried, frame[name])]
    yield from tried
    yield from _one_each(frame, listed + changing).iter_rows(named=True)


def _is_numbers(column: pl.Series) -> bool:
    return column.dtype.is_numeric() and not column.null_count()


def _one_each(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The first point of each combination of some axes."""
    return frame.unique(subset=names, keep="first", maintain_order=True) if names else frame.head(1)


def _tried(frame: pl.DataFrame, listed: list[str]) -> list[Point]:
    """Points spread over the design, with every combination of the axes that aren't numbers."""
    spread = frame.gather_every(max(frame.height // TRIED, 1))
    return [*_one_each(frame, listed).head(MOST_TRIED).to_dicts(), *spread.to_dicts()]


def _changes(spec: SweepSpec, tried: list[Point], numbers: pl.Series) -> bool:
    """Whether needs change from one end of an axis to the other, at any point tried."""
    ends = [numbers.min(), numbers.max()]
    for point in tried:
        both = [_asked(spec, {**point, numbers.name: end}) for end in ends]
        kinds = {frozenset(needs_of(spec, asked)) for asked in both if asked is not None}
        if len(kinds) > 1:
            return True
    return False
