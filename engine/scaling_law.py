"""Question, rows and fits of the scaling law: shared by the scaling and bootstrap studies."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import BeforeValidator, model_validator

from engine.formulas import parse
from engine.regression import Covariance, Design, DesignError, Fit, complete_rows, design, fit
from engine.spec import Spec, parameter
from engine.summaries import counted
from engine.tables import scaling_table

Direction = Literal["compute_on_parameters", "cost_on_parameters", "parameters_on_compute"]

COLUMNS: dict[str, tuple[str, str]] = {
    "compute_on_parameters": ("training_compute_flop", "parameters"),
    "cost_on_parameters": ("cost_usd_2023", "parameters"),
    "parameters_on_compute": ("parameters", "training_compute_flop"),
}
EFFECTS = ("year", "domain", "organization_type", "architecture")
POOLED = "pooled"
FEWEST_ROWS = 3
ORIGIN = {"base_model": pl.String, "country_first": pl.String, "notable": pl.Boolean}
KEPT = ("model", "organization", "organization_type", "domain", "architecture", "access", "year", "publication_date")

_QUANTITIES = {
    "training_compute_flop": ("compute", "train_compute_flops", "train_compute_flop"),
    "cost_usd_2023": ("cost", "train_cost_usd"),
    "parameters": ("params",),
}
FORMULA_COLUMNS: dict[str, str] = {
    "log_compute": "training_compute_flop",
    "log_cost": "cost_usd_2023",
    "log_params": "parameters",
    "log_parameters": "parameters",
    "arch": "architecture",
    "org_type": "organization_type",
    **{name: name for name in EFFECTS},
    **{alias: name for name, aliases in _QUANTITIES.items() for alias in (name, *aliases)},
}


def parse_effects(text: str) -> tuple[str, ...]:
    """The columns of an effects text such as 'year,domain'; none for 'pooled'."""
    return () if text == POOLED else tuple(text.split(","))


def canonical_effects(given: Any) -> str:
    """The one spelling of a set of effects: 'pooled', or names in the order of EFFECTS joined by commas.

    Takes text ('year, domain', 'none', 'pooled', ''), a sequence of names, or None. Raises `ValueError` for a name
    that is no effect.
    """
    if not isinstance(given, str | list | tuple | None):
        raise ValueError("give the names of effects joined by commas, or none")
    names = given.split(",") if isinstance(given, str) else list(given or ())
    wanted = {str(name).strip() for name in names} - {"", "none", POOLED}
    for name in sorted(wanted):
        if name not in EFFECTS:
            raise ValueError(f"there is no effect '{name}'; choose among {', '.join(EFFECTS)}, or none")
    return ",".join(name for name in EFFECTS if name in wanted) or POOLED


Effects = Annotated[str, BeforeValidator(canonical_effects)]


class LawSpec(Spec):
    """Which law, on which rows."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"derivatives": True}}

    direction: Direction = parameter(
        "compute_on_parameters",
        "Direction of the fit",
        description="response on regressor, both in natural logs",
        group="Fit",
    )
    effects: Effects = parameter(
        POOLED,
        "Effects",
        description="pooled, or a list such as year,domain: a dummy for each release year, domain, organization_type "
        "or architecture",
        group="Fit",
    )
    formula: str | None = parameter(
        None,
        "Formula",
        description="in place of direction and effects, such as log_compute ~ log_params + C(year)",
        group="Fit",
        max_length=300,
    )
    first_year: int | None = parameter(
        None, "First release year", unit="year", description="empty: every year", ge=1900, le=2100, group="Rows"
    )
    derivatives: bool = parameter(
        False,
        "Include derivatives",
        description="models built on a base model, whose compute may be the base model's; known for the models table",
        group="Rows",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_formula(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("formula"), str):
            return given
        direction, effects = asked_by(given["formula"])
        return {**given, "direction": direction, "effects": effects, "formula": None}


def asked_by(formula: str) -> tuple[str, str]:
    """Direction and effects of a formula over the columns of the scaling table; `FormulaError` when it asks else."""
    read = parse(formula, FORMULA_COLUMNS)
    asked = {columns: direction for direction, columns in COLUMNS.items()}
    for name in read.regressors:
        if name in EFFECTS:
            raise ValueError(f"the formula has '{name}' as a number; write C({name})")
    if len(read.regressors) != 1 or (read.response, read.regressors[0]) not in asked:
        raise ValueError(
            f"no law has {read.response} on {' and '.join(read.regressors) or 'nothing'}; there is "
            f"{', '.join(asked.values())}"
        )
    return asked[read.response, read.regressors[0]], canonical_effects(read.effects)


def with_origin(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The scaling table with base_model, country_first and notable, as far as they are known.

    They are known when the scaling table is the models table's own; a user's table has nulls.
    """
    table, models = tables["scaling"], tables.get("models")
    if models is not None and scaling_table(models).equals(table):
        return table.hstack(models.select(*ORIGIN))
    return table.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in ORIGIN.items())


def origin_known(table: pl.DataFrame) -> bool:
    """Whether `with_origin` found the models behind the table."""
    return bool(table["notable"].is_not_null().any())


def law_rows(spec: LawSpec, table: pl.DataFrame) -> pl.DataFrame:
    """The rows a law may use: from the first year on, and without derivatives unless they are asked for.

    Raises `DesignError` when no row is from that year or later.
    """
    kept = table if spec.derivatives else table.filter(pl.col("base_model").is_null())
    if spec.first_year is None:
        return kept
    late = kept.filter(pl.col("year") >= spec.first_year)
    if late.is_empty():
        last = kept["year"].max()
        known = "the year of no row is known" if last is None else f"the last year is {last}"
        raise DesignError(f"No row is from {spec.first_year} or later: {known}; choose an earlier first year or none.")
    return late


def usable_effects(table: pl.DataFrame, direction: str, effects: str) -> tuple[str, list[str]]:
    """The effects whose column the rows of the fit have at all, and a sentence for each that is dropped."""
    rows = _positive(table, direction)
    absent = [name for name in parse_effects(effects) if rows[name].null_count() == rows.height]
    kept = canonical_effects([name for name in parse_effects(effects) if name not in absent])
    return kept, [f"The table has no {name} for these rows; its effect is dropped." for name in absent]


def points(table: pl.DataFrame, direction: str, effects: str = POOLED) -> pl.DataFrame:
    """Rows a fit uses, both variables positive. Columns: row (its place in the table), KEPT, parameters, x, y (logs).

    Rows without a level of an effect, or alone in theirs, are left out. Raises `DesignError`, naming the column, when
    a variable has no value at all or is constant, and when the effects leave nothing of either.
    """
    names = list(parse_effects(effects))
    rows = _positive(table, direction)
    if rows.is_empty():
        raise DesignError(_nothing_left(table, direction))
    kept = complete_rows(rows, [], names)
    _refuse_flat(kept, direction, names)
    _refuse_collinear(kept, direction, names)
    return kept


def _refuse_flat(rows: pl.DataFrame, direction: str, effects: Sequence[str]) -> None:
    """Refuse a variable with one value, or one in each level of an effect; fewer rows are refused as too few."""
    if rows.height < FEWEST_ROWS:
        return
    for name, variable in zip(COLUMNS[direction], ("y", "x"), strict=True):
        if rows[variable].n_unique() == 1:
            raise DesignError(
                f"Column '{name}' is constant over the {rows.height} rows used; {direction} can't be fitted."
            )
        for effect in effects:
            if _settles(rows, effect, variable):
                raise DesignError(
                    f"Column '{name}' and the effect of {effect} are collinear: it has one value in each {effect}; "
                    "drop the effect."
                )


def _refuse_collinear(rows: pl.DataFrame, direction: str, effects: list[str]) -> None:
    """Refuse effects that say the same, by name; a single one is collinear only with a flat variable."""
    for finer, coarser in permutations(effects, 2):
        if rows[coarser].n_unique() > 1 and _settles(rows, finer, coarser):
            raise DesignError(
                f"The effects of {finer} and {coarser} are collinear: each {finer} has one {coarser}; drop the effect "
                f"of {coarser}."
            )
    if len(effects) > 1:
        regressor = COLUMNS[direction][1]
        design(rows.select("y", *effects, pl.col("x").alias(regressor)), "y", [regressor], effects)


def _settles(rows: pl.DataFrame, by: str, column: str) -> bool:
    """Whether each level of `by` has one value of the column."""
    return bool(rows.select((pl.col(column).n_unique().over(by) == 1).all()).item())


def left_out(table: pl.DataFrame, direction: str, effects: str, clustered: bool = False) -> list[str]:
    """A sentence for each reason why rows with both variables are not in the fit.

    They have no level of an effect, no organization where that is the cluster, or are alone in their level.
    """
    names, rows = list(parse_effects(effects)), _positive(table, direction)
    needed = labels(effects, clustered)
    notes = [_unknown(rows, name) for name in needed if rows[name].null_count()]
    known = rows.drop_nulls(needed)
    if lost := known.height - complete_rows(known, [], names).height:
        only = "1 row is the only one" if lost == 1 else f"{lost:,} rows are the only ones"
        notes.append(
            f"{only} in a level of {' or '.join(names)}, which tells nothing of the slope; left out of the fit."
        )
    return notes


def labels(effects: str, clustered: bool) -> list[str]:
    """The columns besides the two variables that a row of the fit must have."""
    return list(dict.fromkeys([*parse_effects(effects), *(["organization"] if clustered else [])]))


def _unknown(rows: pl.DataFrame, name: str) -> str:
    count = rows[name].null_count()
    have, are = ("has", "is") if count == 1 else ("have", "are")
    return f"{counted(count, 'row')} of {rows.height:,} {have} no {name} and {are} left out of the fit, which needs it."


def _positive(table: pl.DataFrame, direction: str) -> pl.DataFrame:
    y, x = COLUMNS[direction]
    kept = table.with_row_index("row").filter((pl.col(x) > 0) & (pl.col(y) > 0))
    return kept.select("row", *KEPT, "parameters", x=pl.col(x).log(), y=pl.col(y).log())


def _nothing_left(table: pl.DataFrame, direction: str) -> str:
    for name in COLUMNS[direction]:
        if not (table[name] > 0).any():
            return f"Column '{name}' has no positive value in the {table.height} rows used, so {direction} has no rows."
    return f"No row has both {' and '.join(COLUMNS[direction])}, so {direction} has no rows."


def law_design(rows: pl.DataFrame, effects: str, covariance: Covariance = "HC3", more: Sequence[str] = ()) -> Design:
    """Design of y on x, `more` regressors and the effects; organization as cluster where the covariance wants it."""
    cluster = "organization" if covariance == "cluster" else None
    return design(rows, "y", ["x", *more], list(parse_effects(effects)), cluster)


def fit_law(table: pl.DataFrame, direction: str, effects: str, covariance: Covariance = "HC3") -> Fit:
    """OLS of y on x (both natural logs) with the effects; `DesignError` when it can't be run."""
    return fit(law_design(points(table, direction, effects), effects, covariance), covariance)
