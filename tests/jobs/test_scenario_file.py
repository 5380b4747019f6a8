"""Sets of scenarios: what is written comes back the same, formulas stay text, and bad files are one sentence."""

import base64
import csv
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from engine.npv import NpvSpec
from engine.spec import SpecError
from jobs import scenario_file as files

HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "'=1", "'", '=HYPERLINK("x")']
FREE = ("revenue_values_usd", "preset", "seed")


def read(content: bytes, name: str) -> dict[str, NpvSpec]:
    return files.read(io.BytesIO(content), name, NpvSpec)


def values_of(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Anything a field takes by its kind and bounds."""
    kinds = [k for k in get_args(field.annotation) if k is not type(None)] or [field.annotation]
    kind = kinds[0] if get_origin(field.annotation) is not None and len(kinds) == 1 else field.annotation
    if not isinstance(kind, type):
        return st.sampled_from(get_args(kind) if kind is not field.annotation else get_args(field.annotation))
    if kind is bool:
        return st.booleans()
    ends = {
        k: getattr(m, k) for m in field.metadata for k in ("ge", "gt", "le", "lt") if getattr(m, k, None) is not None
    }
    low, high = ends.get("ge", ends.get("gt")), ends.get("le", ends.get("lt"))
    if kind is int:
        return st.integers(low, high)
    return st.floats(low, high, exclude_min="gt" in ends, exclude_max="lt" in ends, allow_nan=False)


SETTINGS = {name: values_of(field) for name, field in NpvSpec.model_fields.items() if name not in FREE}
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60).filter(
    lambda name: "x005F_" not in name
)


def spec_of(given_fields: dict[str, Any]) -> NpvSpec | None:
    try:
        return NpvSpec.parse(given_fields)
    except SpecError:
        return None


SPECS = (
    st.tuples(
        st.sampled_from(["corrected", "published"]),
        st.integers(0, 2**63 - 1),
        st.lists(st.sampled_from(sorted(SETTINGS)), max_size=12, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: SETTINGS[name] for name in names})
        ),
    )
    .map(lambda drawn: spec_of({"preset": drawn[0], "seed": drawn[1], **drawn[2]}))
    .filter(lambda spec: spec is not None)
)
SETS = st.dictionaries(NAMES, SPECS, min_size=1, max_size=4)


@given(SETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_way_of_writing_gives_back_the_same_scenarios(scenarios: dict[str, NpvSpec]) -> None:
    assert read(files.to_yaml(scenarios).encode(), "set.yaml") == scenarios
    assert read(files.to_workbook(scenarios), "set.xlsx") == scenarios
    assert files.from_link(files.to_link(scenarios), NpvSpec) == scenarios


def test_only_what_sets_a_scenario_apart_is_written() -> None:
    assert files.fields(NpvSpec(sigma=1.5)) == {"preset": "corrected", "sigma": 1.5}
    assert files.fields(NpvSpec.parse({"preset": "published", "mu": None})) == {"preset": "published", "mu": None}


def test_text_given_by_a_user_survives() -> None:
    spec = NpvSpec.parse({"revenue": "empirical", "revenue_values_usd": "1e6, 2.5e6;3e7"})
    for content, name in ((files.to_yaml({"a": spec}).encode(), "a.yml"), (files.to_workbook({"a": spec}), "A.XLSX")):
        assert read(content, name) == {"a": spec}


def test_names_that_look_like_formulas_are_text_in_the_workbook_and_once_saved_as_csv() -> None:
    scenarios = {name: NpvSpec(mu=-0.1 - 0.2) for name in HOSTILE}
    content = files.to_workbook(scenarios)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    saved = io.StringIO()
    csv.writer(saved).writerows([[cell.value for cell in row] for row in sheet.iter_rows()])
    for row in csv.reader(io.StringIO(saved.getvalue())):
        assert not [cell for cell in row if cell.startswith(files.STARTS_FORMULA)]
    assert list(read(content, "hostile.xlsx")) == HOSTILE
    assert list(read(files.to_yaml(scenarios).encode(), "hostile.yaml")) == HOSTILE


@pytest.mark.parametrize("start", files.STARTS_FORMULA)
def test_the_guard_covers_every_start_of_a_formula(start: str) -> None:
    assert files.guarded(f"{start}1") == f"'{start}1"
    assert files.guarded(f"a{start}") == f"a{start}"


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sheet(*rows: list[Any], names: tuple[Any, ...] = ("Mine",)) -> bytes:
    return workbook([["npv field", "about", *names], *rows])


def test_a_formula_is_refused_by_its_cell_and_never_evaluated() -> None:
    with pytest.raises(SpecError, match=r"^plan\.xlsx: cell C2 holds a formula; type the value itself\.$"):
        read(sheet(["sigma", "", "=1+1"]), "plan.xlsx")
    with pytest.raises(SpecError, match="cell C1 holds a formula"):
        read(sheet(["sigma", "", 1.0], names=("=A1",)), "plan.xlsx")


BAD_SHEETS: list[tuple[bytes, str]] = [
    (sheet(["sigma", "", 0]), "scenario 'Mine': npv field 'sigma' can't be 0"),
    (sheet(["sygma", "", 1]), "scenario 'Mine': npv has no field 'sygma'"),
    (sheet(["sigma", "", 1], ["sigma", "", 2]), "field 'sigma' in column A is empty or given twice"),
    (sheet([None, "", 1]), "field 'None' in column A is empty"),
    (sheet(["sigma", "", 1, 2]), "scenario 'None': A scenario needs a name"),
    (sheet(["sigma", "", 1, 2], names=("Mine", "Mine")), "There is a scenario 'Mine' already"),
    (sheet(["sigma", "", 1], names=(5,)), "scenario '5': A scenario needs a name"),
    (
        sheet(["revenue_p5_usd", "", 9], ["revenue_p50_usd", "", 5], ["revenue_p95_usd", "", 7]),
        "the percentiles must rise",
    ),
    (sheet(["correlation", "", 1.5]), "npv field 'correlation' can't be 1.5"),
    (sheet(["cost_multiple", "", 0]), "npv field 'cost_multiple' can't be 0"),
    (sheet(names=tuple(f"n{i}" for i in range(13))), "holds 13 scenarios; give 1 to 12"),
    (sheet(*([f"f{i}", "", 1] for i in range(200))), "has more rows than there are fields"),
    (sheet(names=()), "holds 0 scenarios"),
    (workbook([["duck", "pond"]]), "cell A1 must say 'npv field'"),
    (workbook([]), "cell A1 must say 'npv field'"),
    (b"PK\x03\x04 not a zip", "is no XLSX workbook"),
    (b"sigma,1", "is no XLSX workbook"),
]


@pytest.mark.parametrize(("content", "said"), BAD_SHEETS, ids=[said[:30] for _, said in BAD_SHEETS])
def test_bad_workbooks_are_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(content, "plan.xlsx")
    assert said in str(caught.value)
    assert str(caught.value).startswith("plan.xlsx")
    assert "\n" not in str(caught.value)


def one(text: str) -> str:
    return f"study: npv\nscenarios:\n  Mine: {text}\n"


BAD_TEXTS = [
    (one("{sigma: 0}"), "scenario 'Mine': npv field 'sigma' can't be 0"),
    (one("{horizon_months: 601}"), "scenario 'Mine': npv field 'horizon_months' can't be 601"),
    (one("{drop: 1.1}"), "scenario 'Mine': npv field 'drop' can't be 1.1"),
    (one("{sygma: 1}"), "scenario 'Mine': npv has no field 'sygma'"),
    (one("{sigma: [1, 2]}"), "scenario 'Mine': field 'sigma' must have a single value"),
    (one("{sigma: .nan}"), "npv field 'sigma' can't be nan"),
    (one("5"), "scenario 'Mine': it must be fields and their values"),
    (one("{revenue_p5_usd: 9, revenue_p50_usd: 5, revenue_p95_usd: 7}"), "the percentiles must rise"),
    (one("{revenue_p5_usd: 9}"), "percentiles need all of"),
    (one("{sigma: 1}") + "  Mine: {sigma: 2}\n", "'Mine' is given twice"),
    ("study: npv\nscenarios: {1: {sigma: 1}}", "scenario '1': A scenario needs a name"),
    ('study: npv\nscenarios: {"a\\nb": {}}', "A scenario needs a name"),
    ("study: npv\nscenarios: {}", "holds 0 scenarios"),
    ("study: npv\nscenarios: [1]", "scenarios must be names, each with its fields"),
    ("study: welfare\nscenarios: {a: {}}", "is of the study 'welfare'"),
    ("scenarios: {a: {}}", "is of the study 'None'"),
    ("study: npv\nducks: 1", "has no key 'ducks'"),
    ("- 1", "must be keys and values"),
    ("study: !!python/object/apply:os.system ['true']", "is not plain YAML"),
    ("a: &a [1]\nb: *a", "aliases are not allowed"),
    ("[" * 50_000, "is not plain YAML"),
    ("x" * (files.MAX_BYTES + 1), "is larger than 1 MiB"),
]


@pytest.mark.parametrize(("text", "said"), BAD_TEXTS, ids=[said[:30] for _, said in BAD_TEXTS])
def test_bad_yaml_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text.encode(), "plan.yaml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("plan.yaml")
    assert "\n" not in str(caught.value)


def test_other_files_are_told() -> None:
    with pytest.raises(SpecError, match=r"plan\.csv must end in \.yaml or \.xlsx"):
        read(b"a,b", "plan.csv")
    with pytest.raises(SpecError, match=r"plan\.yaml is not UTF-8 text"):
        read(b"\xff\xfe\x00", "plan.yaml")


def test_a_300_mb_workbook_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with path.open("wb") as sink:
        sink.truncate(300 * 10**6)
    with path.open("rb") as source:
        with pytest.raises(SpecError, match=r"^large\.xlsx is larger than 1 MiB"):
            files.read(source, path.name, NpvSpec)
        assert source.tell() == 300 * 10**6


def test_a_small_workbook_that_unpacks_to_300_mb_is_refused_unpacked() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sink,
    ):
        for _ in range(300):
            sink.write(bytes(10**6))
    assert len(buffer.getvalue()) < files.MAX_BYTES
    with pytest.raises(SpecError, match=r"^bomb\.xlsx unpacks to more than 8 MiB"):
        read(buffer.getvalue(), "bomb.xlsx")


def replaced(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item.filename, change(data) if item.filename == part else data)
    return buffer.getvalue()


PARTS = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"]
ENTITIES = b'?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("part", "change"),
    [
        *((part, lambda data: data[: len(data) // 2]) for part in PARTS),
        *((part, lambda data: b"") for part in PARTS),
        *((part, lambda data: data.replace(b"?>", ENTITIES, 1)) for part in PARTS[:2]),
    ],
)
def test_broken_and_hostile_xml_is_one_sentence(part: str, change: Callable[[bytes], bytes]) -> None:
    content = replaced(files.to_workbook({"Mine": NpvSpec(sigma=1.25)}), part, change)
    with pytest.raises(SpecError, match=r"^plan\.xlsx .*; save it (anew )?as XLSX\.$"):
        read(content, "plan.xlsx")


def test_a_value_too_long_for_a_cell_is_told() -> None:
    values = ",".join(str(1e6 + i) for i in range(5_000))
    spec = NpvSpec.parse({"revenue": "empirical", "revenue_values_usd": values})
    with pytest.raises(SpecError, match="A cell holds 32,767 letters"):
        files.to_workbook({"long": spec})
    assert read(files.to_yaml({"long": spec}).encode(), "long.yaml") == {"long": spec}


def link(value: Any) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode().rstrip("=")


BAD_LINKS = [
    ("ducks!", "can't be read"),
    ("AAAA", "can't be read"),
    (link([["a", {"sigma": 1}]])[:-6], "can't be read"),
    (link("x" * (files.MAX_BYTES + 1)), "can't be read"),
    ("A" * (files.MAX_LINK_LETTERS + 1), "can't be read"),
    (link(5), "no list of names and fields"),
    (link([["a"]]), "no list of names and fields"),
    (link([["a", {"sigma": 0}]]), "The link: scenario 'a': npv field 'sigma' can't be 0"),
    (link([["a", {"sigma": math.inf}]]), "The link: scenario 'a': npv field 'sigma' can't be inf"),
    (link([["a", {"sygma": 1}]]), "The link: scenario 'a': npv has no field 'sygma'"),
    (link([["a", {"sigma": {}}]]), "must have a single value"),
    (link([[["a"], {}]]), "A scenario needs a name"),
    (link([["a", {}], ["a", {}]]), "There is a scenario 'a' already"),
    (link([[str(i), {}] for i in range(13)]), "The link holds 13 scenarios"),
]


@pytest.mark.parametrize(("text", "said"), BAD_LINKS, ids=[said[:40] for _, said in BAD_LINKS])
def test_bad_links_are_one_sentence(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        files.from_link(text, NpvSpec)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_set_too_long_for_a_link_is_told_and_an_empty_one_is_empty() -> None:
    values = ",".join(str(1e6 * math.sqrt(i)) for i in range(1, 1_500))
    spec = NpvSpec.parse({"revenue": "empirical", "revenue_values_usd": values})
    with pytest.raises(SpecError, match="too long for a link"):
        files.to_link({"long": spec})
    assert files.to_link({}) == ""
    assert files.from_link("", NpvSpec) == {}


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\tb", None, 5])
def test_names_are_one_line_of_letters(name: Any) -> None:
    with pytest.raises(SpecError, match="A scenario needs a name of 1 to 60 letters"):
        files.check_name(name)
    assert files.check_name(" Grok 3 ") == "Grok 3"
