"""The policy study by command: the machine contract in each preset, and bad input."""

import json
from pathlib import Path

import pytest

from jobs.cli import main

COLUMNS = {"instrument", "level", "p_invest", "ps", "cs", "dwl", "fiscal", "welfare", "gain_per_dollar"}


@pytest.mark.parametrize("preset", ["published", "corrected", "both"])
def test_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str], preset: str) -> None:
    assert main(["welfare", "--preset", preset, "--json", "--store", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert answer["preset"] == preset
    assert {"outlay_usd", "cost_multiple", "result_sha256", "from_store"} <= answer["summary"].keys()
    assert len(answer["tables"]["instruments"]) == (0 if preset == "published" else 6)
    assert preset == "published" or answer["tables"]["instruments"][0].keys() >= COLUMNS
    assert ("difference" in answer["tables"]) == (preset == "both")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--rho 1.5", "'rho' can't be '1.5'"),
        ("--cost-multiple 0", "'cost_multiple' can't be '0'"),
        ("--cost-multiple nan", "'cost_multiple' can't be 'nan'"),
        ("--sigma abc", "'sigma' can't be 'abc'"),
        ("--outlay-share 0", "'outlay_share' can't be '0'"),
        ("--drop-low 0.9", "drop_low 0.9 must not exceed drop_high 0.7"),
        ("--extension-months 12", "extension_months 12 must be less than long_extension_months 12"),
        ("--exclusivity lognormal", "'exclusivity' can't be 'lognormal'"),
        ("--models nowhere.csv", "There is no file"),
        ("--vintage 1999-01", "There is no vintage '1999-01'"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: str, told: str) -> None:
    assert main(["welfare", *flags.split(), "--json", "--store", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1
