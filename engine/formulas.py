"""Formulas from a configuration: read as names of known columns, never evaluated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FACTOR = re.compile(r"C\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*\)")
SHOWN_CHARACTERS = 60


class FormulaError(ValueError):
    """A formula that isn't one; the message is one sentence that names what is wrong with it."""


@dataclass(frozen=True)
class Formula:
    """A response, its regressors, and the columns that enter as effects (a dummy a level), as canonical names."""

    response: str
    regressors: tuple[str, ...]
    effects: tuple[str, ...]


def parse(text: str, columns: Mapping[str, str]) -> Formula:
    """Read `response ~ term + term`; a term is a known column or C(column).

    `columns` maps every name a formula may use to the canonical one. Nothing is evaluated: whatever is not such a
    name is refused by name. Raises `FormulaError`.
    """
    sides = text.split("~")
    if len(sides) != 2:
        raise FormulaError(f"the formula '{_short(text)}' needs exactly one '~', as in 'y ~ x + C(year)'")
    response = _column(sides[0].strip(), columns)
    terms = [term.strip() for term in sides[1].split("+")]
    effects = [_column(found[1], columns) for term in terms if (found := _FACTOR.fullmatch(term))]
    regressors = [_column(term, columns) for term in terms if not _FACTOR.fullmatch(term)]
    _check_once([response, *regressors, *effects])
    return Formula(response, tuple(regressors), tuple(effects))


def _column(name: str, columns: Mapping[str, str]) -> str:
    if not name:
        raise FormulaError("the formula has an empty term; join known columns by '+'")
    if not _NAME.fullmatch(name):
        raise FormulaError(
            f"the formula term '{_short(name)}' is neither a column nor C(column); formulas are not evaluated"
        )
    if name not in columns:
        raise FormulaError(f"the formula names '{_short(name)}', which is no column here; known are {_known(columns)}")
    return columns[name]


def _check_once(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise FormulaError(f"the formula uses '{name}' more than once")


def _known(columns: Mapping[str, str]) -> str:
    return ", ".join(sorted(columns))


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN_CHARACTERS else f"{plain[:SHOWN_CHARACTERS]}..."
