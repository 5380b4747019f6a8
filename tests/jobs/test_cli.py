"""The command line: the machine contract, and one sentence with code 2 for bad input."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from engine import registry
from jobs.cli import main
from jobs.data import load_tables

FIELDS = {"study", "preset", "key", "inputs", "spec", "summary", "tables", "warnings"}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments), *(["--store", str(tmp_path / "store")] if arguments[0] != "data" else [])])
        out, err = capsys.readouterr()
        return code, out, err

    return asked


@pytest.mark.parametrize("study", ["export-controls", "efficiency", "scaling", "npv"])
@pytest.mark.parametrize("preset", ["published", "corrected", "both"])
def test_contract(ask: Any, study: str, preset: str) -> None:
    code, out, err = ask(study, "--preset", preset, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert set(answer) == FIELDS
    assert answer["preset"] == preset
    assert answer["summary"]["from_store"] is False
    assert len(answer["summary"]["result_sha256"]) == len(answer["key"]) == 64
    assert ("difference" in answer["tables"]) == (preset == "both")
    assert all(len(digest) == 64 for digest in answer["inputs"].values())


def test_the_second_time_is_served_from_the_store(ask: Any) -> None:
    answers = [json.loads(ask("scaling", "--json", *more)[1])["summary"] for more in ([], [], ["--fresh"])]
    assert [answer["from_store"] for answer in answers] == [False, True, False]
    assert len({answer["result_sha256"] for answer in answers}) == 1


def test_every_field_is_a_flag(ask: Any) -> None:
    answer = json.loads(
        ask("npv", "--annual-discount-rate", "0.1", "--horizon-months", "60", "--tier", "IV", "--json")[1]
    )
    wanted = {"annual_discount_rate": 0.1, "horizon_months": 60, "tier": "IV"}
    assert {name: answer["spec"][name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (
            "scaling",
            "Direction of the fit: response on regressor, both in natural logs [choices: compute_on_parameters, "
            "cost_on_parameters, parameters_on_compute] [default: compute_on_parameters]",
        ),
        ("scaling", "[choices: HC0, HC1, HC2, HC3, cluster] [default: HC3]"),
        ("scaling", "[choices: auto, FLOP, PF-day, TFLOP-day, GFLOP-day] [default: auto]"),
        ("scaling", "Bootstrap replicates [at least 1 and at most 1000000] [default: 10000]"),
        ("scaling", "First release year (year): empty: every year [at least 1900 and at most 2100, or none]"),
        ("scaling", "1e9 for billions [above 0 and at most 1e+18] [default: 1.0]"),
        ("scaling", "[at most 300 letters, or none]"),
        ("bootstrap", "[choices: pairs, wild, cluster] [default: pairs]"),
        ("bootstrap", "[choices: rademacher, webb] [default: rademacher]"),
        ("bootstrap", "[choices: true, false] [default: False]"),
        ("npv", "[choices: auto, exact, simulation]"),
        ("welfare", "[choices: survival, constant]"),
    ],
)
def test_help_says_what_a_field_takes(ask: Any, study: str, said: str) -> None:
    code, out, _ = ask(study, "--help")
    assert code == 0
    assert said in unfolded(out)


@pytest.mark.parametrize("study", [name for name in registry.names() if name not in ("sweep", "report")])
def test_help_has_every_choice_and_bound_of_every_study(ask: Any, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    text = unfolded(ask(study, "--help")[1])
    for name, field in registry.study(study).spec_type.model_fields.items():
        flag = text.split(f"--{name.replace('_', '-')} ", 1)[1].split(" --", 1)[0]
        choices = [c for kind in (field.annotation, *get_args(field.annotation)) for c in get_args(kind)]
        assert [c for c in choices if isinstance(c, str) and c not in flag] == [], name
        for rule in field.metadata:
            ends = [getattr(rule, end) for end in ("ge", "gt", "le", "lt") if hasattr(rule, end)]
            assert [end for end in ends if (f"{end:g}" if isinstance(end, float) else str(end)) not in flag] == [], name


def unfolded(help_: str) -> str:
    """Help as one line, without its frames."""
    return " ".join(re.sub("[│─╭╮╰╯]", " ", help_).split())


def test_a_users_own_file_changes_the_inputs(ask: Any, tmp_path: Path) -> None:
    models = load_tables(("models",)).tables["models"].filter(pl.col("year") >= 2015)
    path = tmp_path / "mine.parquet"
    models.write_parquet(path)
    own, bundled = (json.loads(ask("efficiency", "--json", *f)[1]) for f in (["--models", path], []))
    assert own["inputs"]["models"] != bundled["inputs"]["models"]
    assert own["summary"]["rows"] < bundled["summary"]["rows"]


def text_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


HEADER = "Model,Organization,Publication date,Domain,Parameters,Training compute (FLOP)\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["no study 'nonsense'", "export-controls"]),
        (["scaling", "--preset", "best"], ["preset", "corrected"]),
        (["scaling", "--replicate", "9"], ["--replicate"]),
        (["npv", "--horizon-months", "0"], ["'horizon_months'", "greater than or equal to 1"]),
        (["npv", "--annual-discount-rate", "much"], ["'annual_discount_rate'", "'much'"]),
        (["efficiency", "--models", "absent.csv"], ["absent.csv"]),
        (["efficiency", "--models", "empty.csv"], ["empty.csv"]),
        (["efficiency", "--models", "short.csv"], ["short.csv"]),
        (["efficiency", "--models", "text.csv"], ["text.csv", "Parameters", "many"]),
        (["efficiency", "--models", "negative.csv"], ["negative.csv", "Parameters", "-5"]),
        (["export-controls", "--publications", "other.zip"], ["other.zip"]),
        (["scaling", "--table", "half.parquet"], ["half.parquet"]),
        (["scaling", "--vintage", "1999-01"], ["1999-01"]),
        (["data", "import", "absent.csv"], ["absent.csv"]),
        (["data", "status", "--vintage", "1999-01"], ["1999-01"]),
    ],
)
def test_bad_input_is_one_sentence(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    import zipfile

    text_file(tmp_path, "empty.csv", "")
    text_file(tmp_path, "short.csv", "Model,Organization\nA,B\n")
    text_file(tmp_path, "text.csv", HEADER + "A,B,2024-01-01,Language,many,1e20\n")
    text_file(tmp_path, "negative.csv", HEADER + "A,B,2024-01-01,Language,-5,1e20\n")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    pl.DataFrame({"parameters": [1.0] * 50}).write_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    monkeypatch.chdir(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    code, out, err = ask(*arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert all(word in err for word in words), err
    assert "Traceback" not in err
    assert [n for n in sorted(p.name for p in tmp_path.iterdir()) if n not in {*before, "store"}] == []


def test_data_status_follows_the_contract(ask: Any) -> None:
    code, out, _ = ask("data", "status", "--json")
    answer = json.loads(out)
    assert code == 0
    assert set(answer["summary"]["rows"]) == {"models", "interventions", "publications", "hardware", "benchmarks"}
    assert {"name", "sha256", "rows", "licence"} <= set(answer["tables"]["sources"][0])
    assert answer["summary"]["rows"]["models"] == 3047


def test_without_json_a_person_can_read_it(ask: Any) -> None:
    code, out, _ = ask("scaling")
    assert code == 0
    assert "slope" in out
    assert "1 % more parameters" in out
