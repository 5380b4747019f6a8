"""Formulas are read as names; whatever else stands in them is refused by name and never run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formulas import Formula, FormulaError, parse
from engine.scaling import ScalingSpec
from engine.spec import SpecError

COLUMNS = {"log_compute": "training_compute_flop", "log_params": "parameters", "year": "year", "arch": "architecture"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log_compute ~ log_params", Formula("training_compute_flop", ("parameters",), ())),
        (
            " log_compute~log_params + C( year )+C(arch) ",
            Formula("training_compute_flop", ("parameters",), ("year", "architecture")),
        ),
        ("log_params ~ C(year)", Formula("parameters", (), ("year",))),
    ],
)
def test_known_columns_become_terms(text: str, expected: Formula) -> None:
    assert parse(text, COLUMNS) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("log_compute ~ size", "'size'"),
        ("log_compute ~ log_params + C(team)", "'team'"),
        ("log_compute ~ __import__('os').system('true')", "__import__"),
        ("log_compute ~ np.log(parameters)", "np.log"),
        ("log_compute ~ log_params * year", r"log_params \* year"),
        ("log_compute ~ log_params - 1", "log_params - 1"),
        ("log_compute ~ C(year, Treatment)", "Treatment"),
        ("log_compute", "exactly one '~'"),
        ("log_compute ~ log_params ~ year", "exactly one '~'"),
        ("log_compute ~ log_params +", "empty term"),
        ("~ log_params", "empty term"),
        ("log_compute ~ log_params + log_params", "more than once"),
        ("log_compute ~ year + C(year)", "more than once"),
    ],
)
def test_everything_else_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(FormulaError, match=named):
        parse(text, COLUMNS)


@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_known_columns(text: str) -> None:
    try:
        read = parse(text, COLUMNS)
    except FormulaError:
        return
    assert {read.response, *read.regressors, *read.effects} <= set(COLUMNS.values())


def test_a_formula_asks_what_its_fields_ask() -> None:
    by_formula = ScalingSpec.parse({"formula": "log_cost ~ log_params + C(domain) + C(year)"})
    by_fields = ScalingSpec.parse({"direction": "cost_on_parameters", "effects": "year,domain"})
    assert by_formula.key() == by_fields.key()


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        ("log_compute ~ log_cost", "no law has"),
        ("log_compute ~ log_params + log_cost", "no law has"),
        ("log_compute ~ log_params + year", r"write C\(year\)"),
        ("log_compute ~ C(year)", "nothing"),
        ("log_compute ~ exec", "'exec'"),
    ],
)
def test_a_formula_without_a_law_is_one_sentence(formula: str, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        ScalingSpec.parse({"formula": formula})
