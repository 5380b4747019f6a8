"""Finding canonical columns in a file's header, whatever its vintage, and saying what moved."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from engine.tables.errors import TableError

Kind = Literal["text", "number", "date", "flag", "list"]
DRIFT_SCHEMA = {"column": pl.String, "expected": pl.String, "found": pl.String, "action": pl.String}


@dataclass(frozen=True)
class Column:
    """One canonical column: the names publishers have used for it, newest first, and how its cells are read.

    The canonical name itself is tried before them, unless it stands among them (where a publisher uses it
    for something else).
    `lists` lets a number cell hold several numbers separated by commas; the largest is taken and counted.
    `signed` lets a number be negative, `whole` wants integers. `stands_in` names columns whose presence
    makes this one unneeded, so that its absence is not reported.
    """

    name: str
    kind: Kind
    seen_as: tuple[str, ...] = ()
    required: bool = False
    lists: bool = False
    signed: bool = False
    whole: bool = False
    stands_in: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """The publisher's newest name, or the canonical one where only that exists."""
        return self.seen_as[0] if self.seen_as else self.name

    @property
    def keys(self) -> tuple[str, ...]:
        """Header keys to try, in order."""
        listed = tuple(header_key(name) for name in self.seen_as)
        own = header_key(self.name)
        return listed if own in listed else (own, *listed)


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file.

    `recomputed` are derived columns this project works out anew, `left_out` prose, links and bookkeeping
    it never keeps; neither is reported as unknown. `own_names`: users write such a file too, and are told
    the canonical names.
    """

    kind: str
    columns: tuple[Column, ...]
    recomputed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    own_names: bool = False


@dataclass(frozen=True)
class Match:
    """Canonical name to the header that holds it, and the drift report."""

    headers: Mapping[str, str]
    drift: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DRIFT_SCHEMA))

    def has(self, name: str) -> bool:
        return name in self.headers


def header_key(header: str) -> str:
    """A header without case, spaces, underscores and punctuation: 'Training compute (FLOP)' and
    'training_compute_flop' are one."""
    return re.sub(r"[^0-9a-z]+", "", header.lower())


def keyed(headers: Sequence[str]) -> dict[str, str]:
    """Key to header; of two headers with one key the first counts."""
    found: dict[str, str] = {}
    for header in headers:
        found.setdefault(header_key(header), header)
    return found


def known_share(headers: Sequence[str], layout: Layout) -> tuple[int, int]:
    """(required columns present, known columns present): how well a header fits a layout."""
    found = _assign(layout, keyed(headers))
    return sum(column.required for column in layout.columns if column.name in found), len(found)


def match(headers: Sequence[str], layout: Layout, file: str) -> Match:
    """Map a header onto a layout. Raises `TableError` naming file and column when a required one is absent."""
    found = _assign(layout, keyed(headers))
    for column in layout.columns:
        if column.required and column.name not in found:
            raise TableError(f"{file} has no column {_called(column, layout)}, which the {layout.kind} table needs.")
    reported = [c for c in layout.columns if c.name in found or not any(name in found for name in c.stands_in)]
    rows = [row for column in reported if (row := _moved(column, found.get(column.name)))]
    return Match(found, pl.DataFrame(rows + _others(headers, layout, found), schema=DRIFT_SCHEMA, orient="row"))


def _called(column: Column, layout: Layout) -> str:
    """A column as a file should name it, with the other names it may have where users write such files."""
    if not layout.own_names:
        return f"'{column.expected}'"
    others = [name for name in column.seen_as if header_key(name) != header_key(column.name)]
    return f"'{column.name}'" + (f" (or {', '.join(others)})" if others else "")


def _assign(layout: Layout, keys: Mapping[str, str]) -> dict[str, str]:
    """Canonical name to header: columns in layout order, each taking its first header not yet taken."""
    found: dict[str, str] = {}
    free = dict(keys)
    for column in layout.columns:
        key = next((key for key in column.keys if key in free), None)
        if key is not None:
            found[column.name] = free.pop(key)
    return found


def _moved(column: Column, header: str | None) -> tuple[str, str, str, str] | None:
    if header is None:
        return column.name, column.expected, "", "missing: left empty"
    if header_key(header) in (header_key(column.expected), header_key(column.name)):
        return None
    return column.name, column.expected, header, "renamed: read as the expected column"


def _others(headers: Sequence[str], layout: Layout, found: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    used = set(found.values())
    owner = {key: column.name for column in layout.columns for key in column.keys}
    recomputed, left_out = ({header_key(name) for name in names} for names in (layout.recomputed, layout.left_out))
    rows = []
    for header in headers:
        key = header_key(header)
        if header in used or key in left_out or not key:
            continue
        if key in recomputed:
            rows.append((header, "", header, "recomputed: the file's own values are not used"))
        elif owner.get(key) in found:
            rows.append((owner[key], found[owner[key]], header, "second name of a column already found: not used"))
        else:
            rows.append((header, "", header, "unknown: not used"))
    return rows
