"""The Sobol study on the investment study: indices of known functions, chunks, and bad questions."""

import math

import numpy as np
import pytest

from engine.registry import study
from engine.result import Result
from engine.sobol import Sobol, SobolSpec, design
from engine.spec import SpecError
from engine.study import Work

BASE = {"exclusivity": "constant", "cost_basis": "legacy", "mu": 10.0, "drop": 0.5}
INPUTS = {"cost_multiple": {"low": 1.0, "high": 3.0}, "overhead_multiple": {"low": 0.5, "high": 4.0}}


def run(spec: SobolSpec) -> Result:
    asked = Work(spec, {}, {})
    return Sobol().combine(asked, [Sobol().run_chunk(asked, chunk) for chunk in Sobol().chunks(asked)])


def test_a_product_of_two_inputs_has_its_known_indices() -> None:
    found = run(SobolSpec(base=BASE, inputs=INPUTS, figures="upfront_cost_usd", samples=4096)).tables["indices"]
    means, variances = np.array([2.0, 2.25]), np.array([2.0, 3.5]) ** 2 / 12
    whole = float(np.prod(variances + means**2) - np.prod(means**2))
    first = variances * means[::-1] ** 2 / whole
    both = float(np.prod(variances)) / whole
    assert found["first"].to_list() == pytest.approx(first.tolist(), abs=0.015)
    assert found["total"].to_list() == pytest.approx((first + both).tolist(), abs=0.015)
    assert found["input"].to_list() == list(INPUTS)


def test_the_order_of_the_inputs_changes_nothing() -> None:
    """Two orders are one spec with one key, so every index must stay with its input."""
    turned = dict(reversed(INPUTS.items()))
    one, other = (
        SobolSpec(base=BASE, inputs=each, figures="upfront_cost_usd", samples=256) for each in (INPUTS, turned)
    )
    assert one.key() == other.key()
    assert run(one).tables["indices"].equals(run(other).tables["indices"])


def test_points_are_sized_to_the_inputs_and_cut_into_chunks() -> None:
    spec = SobolSpec(base=BASE, inputs=INPUTS)
    asked = Work(spec, {}, {})
    chunks = Sobol().chunks(asked)
    assert chunks[-1][1] == spec.size() * 4 == design(spec).height
    assert [a for a, _ in chunks[1:]] == [b for _, b in chunks[:-1]]


def test_a_figure_that_does_not_vary_is_null_and_said() -> None:
    result = run(SobolSpec(base=BASE, inputs=INPUTS, samples=64))
    fixed = result.tables["indices"].filter(figure="sd_usd")
    assert fixed["first"].null_count() == 2
    assert "sd_usd" in result.warnings[0]
    assert "sd_usd" not in result.tables["sums"]["figure"]


def test_whole_inputs_stay_whole() -> None:
    spec = SobolSpec(base=BASE, inputs={"horizon_months": {"low": 12, "high": 60}}, samples=64)
    assert set(np.diff(np.unique(design(spec)["horizon_months"].to_numpy()))) <= {1, 2, 3}
    assert run(spec).summary["points"] == 64 * 3


def test_a_study_without_evaluate_is_asked_point_by_point(monkeypatch: pytest.MonkeyPatch) -> None:
    target = study("npv")
    monkeypatch.setattr(type(target), "varies", ())
    asked = SobolSpec(base={**BASE, "parts": "figures"}, inputs=INPUTS, figures="mean_usd", samples=64)
    one_by_one = run(asked).tables["indices"]
    monkeypatch.undo()
    assert one_by_one["total"].to_list() == pytest.approx(run(asked).tables["indices"]["total"].to_list(), rel=1e-6)


def test_an_input_outside_the_blocks_is_asked_point_by_point() -> None:
    """The number of paths can't differ within a block."""
    base = {**BASE, "engine": "simulation", "parts": "figures", "mu": 18.0}
    found = run(SobolSpec(base=base, inputs={"n_paths": {"low": 100, "high": 300}}, samples=64, figures="mean_usd_se"))
    assert found.tables["indices"]["total"].to_list() == pytest.approx([1.0], abs=0.2)


def test_simulated_questions_share_their_paths() -> None:
    base = {**BASE, "engine": "simulation", "n_paths": 1000, "mu": 18.0}
    found = run(SobolSpec(base=base, inputs={"sigma": {"low": 0.5, "high": 1.0}, **INPUTS}, samples=64)).tables["sums"]
    mean = found.filter(figure="mean_usd")
    assert math.isfinite(mean["sum_first"][0])


def test_text_is_a_question_too() -> None:
    typed = SobolSpec.parse(
        {
            "base": "exclusivity=constant,cost_basis=legacy,mu=10,drop=.5",
            "inputs": "sigma=0.5:1.5,cost_multiple=1:9:log",
        }
    )
    spelled = SobolSpec(
        base=BASE,
        inputs={"sigma": {"low": 0.5, "high": 1.5}, "cost_multiple": {"low": 1, "high": 9, "scale": "log"}},
    )
    assert typed == spelled
    dumped = spelled.model_dump()
    assert SobolSpec.parse({"base": str(dumped["base"]), "inputs": str(dumped["inputs"])}) == spelled


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"inputs": {"sigma": {"low": 1, "high": 0.5}}}, "low must be below high"),
        ({"inputs": {"sigma": {"low": 1, "high": 9}}}, "'sigma' can't be 9"),
        ({"inputs": {"tier": {"low": 1, "high": 2}}}, "is no number"),
        ({"inputs": {"price": {"low": 1, "high": 2}}}, "has no field 'price'"),
        ({"inputs": {}}, "at least 1"),
        ({"samples": 100}, "power of 2"),
        ({"inputs": {"exclusivity_theta": {"low": 0.5, "high": 1}}}, "'exclusivity_theta' changes which other runs"),
        ({"target": "scaling", "inputs": {"first_year": {"low": 2012, "high": 2016}}}, "'first_year' changes which"),
        ({"base": [1]}, r"base can't be \[1\]"),
        ({"target": ["npv"]}, "no study"),
        ({"base": {"sigma": 1.0}}, "can't both vary"),
        ({"inputs": "sigma"}, "joined by commas"),
        ({"target": "nothing"}, "no study 'nothing'"),
    ],
)
def test_a_bad_question_is_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence) as caught:
        SobolSpec.parse(given)
    assert "\n" not in str(caught.value)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(SpecError, match="no figure 'profit'"):
        run(SobolSpec(base=BASE, inputs=INPUTS, figures="profit", samples=64))
