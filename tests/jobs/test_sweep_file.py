"""Sweep files: what is read, and one sentence for everything else."""

from pathlib import Path

import pytest

from engine.spec import SpecError
from jobs.sweep_file import MAX_BYTES, read_sweep

GOOD = """
study: npv
base: {training_compute_flop: 5e25}
design: {kind: grid, axes: {sigma: {low: 0.5, high: 1.5, n: 3}}}
"""


def test_a_sweep_is_read_with_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD)
    spec = read_sweep(path)
    assert (spec.target, spec.size(), spec.base["training_compute_flop"]) == ("npv", 3, 5e25)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- npv", "must be keys and values"),
        ("design: {kind: grid}", "has no 'study'"),
        ("study: nothing", "no study 'nothing'"),
        ("study: [npv]\ndesign: {axes: {sigma: {values: [1]}}}", "no study ['npv']"),
        ("study: {a: 1}", "no study {'a': 1}"),
        ("study:", "no study None"),
        ("study: sweep\ndesign: {axes: {seed: {values: [1]}}}", "can't be swept"),
        ("study: npv", "axes must give the fields"),
        ("study: npv\nbase: []\ndesign: {axes: {sigma: {values: [1]}}}", "base can't be []"),
        ("study: npv\nbase: {mu: 1e9}\ndesign: {axes: {sigma: {values: [1]}}}", "'mu' can't be 1000000000.0"),
        (
            "study: npv\npreset: corrected\nbase: {preset: published}\ndesign: {axes: {sigma: {values: [1]}}}",
            "has preset 'corrected' and in base 'published'",
        ),
        ("study: npv\npreset: both\ndesign: {axes: {sigma: {values: [1]}}}", "'preset' can't be 'both'"),
        ("study: npv\ndesign: {axes: {sigma: {low: 1, high: 2, m: 3}}}", "axis 'sigma' has no key 'm'"),
        ("study: npv\ndesign: {points: many, kind: lhs, axes: {mu: {values: [1]}}}", "'points' can't be 'many'"),
        (GOOD + "extra: 1", "has no key 'extra'"),
        ("study: npv\ndesign: {shape: grid}", "has no key 'shape'"),
        ("study: npv\nbase: !!python/object/apply:os.system ['true']", "not plain YAML"),
        ("a: &a [1]\nb: [*a, *a]", "aliases are not allowed"),
        ("study: [", "not plain YAML"),
        ("x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_sweep(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith("bad.yaml")
    assert str(caught.value).endswith(".")
    assert not str(caught.value).endswith("..")
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"absent\.yaml"):
        read_sweep(tmp_path / "absent.yaml")
