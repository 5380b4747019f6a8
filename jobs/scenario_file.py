"""Sets of named scenarios of one study: as YAML, as a workbook (XLSX) and as text for a link.

A scenario is kept as its preset and the fields that differ from it, and is checked by the study's spec when read.
"""

import base64
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, TypeVar

import yaml

from engine.spec import Spec, SpecError
from jobs.sweep_file import load_yaml, mapping

MOST_SCENARIOS = 12
MOST_LETTERS = 60
MAX_BYTES = 2**20
MAX_UNPACKED_BYTES = 8 * 2**20
MAX_LINK_LETTERS = 6_000
MAX_CELL_LETTERS = 32_767
EXACT_INTEGER = 2**53
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
EMPTY = "none"
SHEET, ABOUT = "scenarios", "about"
FIRST_SCENARIO_COLUMN = 2
S = TypeVar("S", bound=Spec)
Scenarios = Mapping[str, Spec]
Given = dict[str, Any]


def fields(spec: Spec) -> Given:
    """What sets a spec apart: its preset, and the fields that differ from that preset's values."""
    defaults = type(spec).parse({"preset": spec.preset}).model_dump(mode="json")
    own = spec.model_dump(mode="json")
    return {"preset": spec.preset, **{name: v for name, v in own.items() if v != defaults[name]}}


def check_name(name: Any, kept: Iterable[str] = ()) -> str:
    """A scenario's name without blanks around it. Raises `SpecError` for one that will not do or is taken."""
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > MOST_LETTERS or not text.isprintable():
        raise SpecError(f"A scenario needs a name of 1 to {MOST_LETTERS} letters on one line, a number in quotes.")
    if text in kept:
        raise SpecError(f"There is a scenario '{text}' already; choose another name.")
    return text


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula, whether from a workbook or from CSV: led by an apostrophe."""
    return f"'{text}" if text.startswith((*STARTS_FORMULA, "'")) else text


def _unguarded(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in (*STARTS_FORMULA, "'") else text


def read(source: IO[bytes], name: str, spec_type: type[S]) -> dict[str, S]:
    """The scenarios of a file, by its name's ending. Raises `SpecError`, one sentence with file, scenario and field."""
    if source.seek(0, io.SEEK_END) > MAX_BYTES:
        raise SpecError(f"{name} is larger than {MAX_BYTES // 2**20} MiB; a file of scenarios is a few lines.")
    source.seek(0)
    content, ending = source.read(), name.lower().rpartition(".")[2]
    if ending == "xlsx":
        return _checked(_from_workbook(content, name, spec_type), name, spec_type)
    if ending in ("yaml", "yml"):
        return _checked(_from_yaml(content, name, spec_type.study), name, spec_type)
    raise SpecError(f"{name} must end in .yaml or .xlsx.")


def _checked(given: Sequence[tuple[Any, Given]], where: str, spec_type: type[S]) -> dict[str, S]:
    if not 1 <= len(given) <= MOST_SCENARIOS:
        raise SpecError(f"{where} holds {len(given)} scenarios; give 1 to {MOST_SCENARIOS}.")
    found: dict[str, S] = {}
    for name, values in given:
        try:
            found[check_name(name, found)] = spec_type.parse(_plain(values))
        except SpecError as error:
            sentence = f"{where}: scenario '{str(name)[:MOST_LETTERS]}': {error}"
            raise SpecError(" ".join(sentence.split())) from None
    return found


def _plain(values: Any) -> Given:
    """Field to a single value each."""
    if not isinstance(values, dict):
        raise SpecError("it must be fields and their values.")
    for name, value in values.items():
        if not isinstance(value, str | int | float | None):
            raise SpecError(f"field '{name}' must have a single value, a number or text.")
    return {str(name): value for name, value in values.items()}


def to_yaml(scenarios: Scenarios) -> str:
    """The set as YAML: study, and fields by scenario."""
    study = next(iter(scenarios.values())).study
    kept = {"study": study, "scenarios": {name: fields(spec) for name, spec in scenarios.items()}}
    return str(yaml.dump(kept, Dumper=_Quoting, sort_keys=False, allow_unicode=True))


class _Quoting(yaml.SafeDumper):  # type: ignore[misc]
    """Text in quotes: a name such as 0E0 must not come back as a number."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _from_yaml(content: bytes, name: str, study: str) -> list[tuple[Any, Given]]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise SpecError(f"{name} is not UTF-8 text; save it as such.") from None
    found = mapping(load_yaml(text, name), name, ("study", "scenarios"))
    if found.get("study") != study:
        raise SpecError(f"{name} is of the study '{found.get('study')}'; this takes scenarios of '{study}'.")
    if not isinstance(found.get("scenarios"), dict):
        raise SpecError(f"{name}: scenarios must be names, each with its fields.")
    return list(found["scenarios"].items())


def to_link(scenarios: Scenarios) -> str:
    """The set as letters that an address can hold; empty for an empty set. Raises `SpecError` when it is too long."""
    if not scenarios:
        return ""
    kept = [[name, fields(spec)] for name, spec in scenarios.items()]
    packed = zlib.compress(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MAX_LINK_LETTERS:
        raise SpecError("These scenarios are too long for a link; export them as a file.")
    return text


def from_link(text: str, spec_type: type[S]) -> dict[str, S]:
    """The set `to_link` put into an address. Raises `SpecError`, one sentence, for anything else."""
    if not text:
        return {}
    try:
        given = json.loads(_unpacked(text))
    except (ValueError, zlib.error, RecursionError):
        raise SpecError("The scenarios in this link can't be read; ask for the link again, or import a file.") from None
    if not isinstance(given, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        raise SpecError("The scenarios in this link are no list of names and fields; ask for the link again.")
    return _checked([(name, values) for name, values in given], "The link", spec_type)


def _unpacked(text: str) -> bytes:
    if len(text) > MAX_LINK_LETTERS:
        raise ValueError("too long")
    opened = zlib.decompressobj()
    packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    content = opened.decompress(packed, MAX_BYTES)
    if not opened.eof:
        raise ValueError("cut off, or too long")
    return content


def to_workbook(scenarios: Scenarios) -> bytes:
    """The set as a workbook: a row a field, a column a scenario; an empty cell is the preset's value.

    Text is never a formula, and numbers that a workbook would round are text. Raises `SpecError` for text that no
    cell can hold.
    """
    from xlsxwriter import Workbook

    kept = {name: fields(spec) for name, spec in scenarios.items()}
    spec_type = type(next(iter(scenarios.values())))
    names = [n for n in spec_type.model_fields if any(n in values for values in kept.values())]
    rows: list[list[Any]] = [[f"{spec_type.study} field", ABOUT, *kept]]
    rows += [[n, spec_type.model_fields[n].title, *(_value(values, n) for values in kept.values())] for n in names]
    buffer = io.BytesIO()
    with Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet(SHEET)
        sheet.set_column(0, FIRST_SCENARIO_COLUMN + len(kept) - 1, 28)
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                _write(sheet, row, column, value)
    return buffer.getvalue()


def _value(values: Given, name: str) -> Any:
    """A cell's value: None for an empty cell, EMPTY for a field that is set to nothing."""
    if name not in values:
        return None
    return EMPTY if values[name] is None else values[name]


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float) and _survives(value):
        sheet.write_number(row, column, value)
    else:
        text = guarded(value if isinstance(value, str) else repr(value))
        if len(text) > MAX_CELL_LETTERS:
            raise SpecError(f"A cell holds {MAX_CELL_LETTERS:,} letters and a value has {len(text):,}; export YAML.")
        sheet.write_string(row, column, text)


def _survives(number: float) -> bool:
    """Whether a number is itself after 16 digits."""
    return abs(number) < EXACT_INTEGER if isinstance(number, int) else float(f"{number:.16G}") == number


def _from_workbook(content: bytes, name: str, spec_type: type[Spec]) -> list[tuple[Any, Given]]:
    rows, study = _cells(content, name, len(spec_type.model_fields) + 1), spec_type.study
    if not rows or rows[0][0] != f"{study} field":
        raise SpecError(f"{name}: cell A1 must say '{study} field'; start from an exported workbook.")
    width = max(i for row in rows for i, cell in enumerate(row) if cell is not None) + 1
    found: list[tuple[Any, Given]] = [(each, {}) for each in rows[0][FIRST_SCENARIO_COLUMN:width]]
    seen = set[Any]()
    for field, _, *values in rows[1:]:
        if field is None or field in seen:
            raise SpecError(f"{name}: field '{field}' in column A is empty or given twice.")
        seen.add(field)
        for (_, given), cell in zip(found, values, strict=False):
            if cell is not None:
                given[str(field)] = None if cell == EMPTY else cell
    return found


def _cells(content: bytes, name: str, most_rows: int) -> list[list[Any]]:
    """Values of the first sheet's rows that aren't empty. Formulas are refused, never evaluated."""
    _check_size(content, name)
    book = _opened(content, name)
    try:
        limits = {"max_row": most_rows + 1, "max_col": FIRST_SCENARIO_COLUMN + MOST_SCENARIOS + 1}
        read = [[_content(cell, name) for cell in row] for row in book.worksheets[0].iter_rows(**limits)]
    except SpecError:
        raise
    except Exception:
        # the reader raises whatever its broken XML runs into
        raise SpecError(f"{name} has a sheet that can't be read; save it anew as XLSX.") from None
    finally:
        book.close()
    rows = [row for row in read if any(cell is not None for cell in row)]
    if len(rows) > most_rows:
        raise SpecError(f"{name} has more rows than there are fields.")
    return rows


def _check_size(content: bytes, name: str) -> None:
    """Refuse what would unpack to far more than a set of scenarios, by the archive's own directory."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise SpecError(f"{name} is no XLSX workbook; save it as XLSX.") from None
    if unpacked > MAX_UNPACKED_BYTES:
        raise SpecError(f"{name} unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB; a set of scenarios is small.")


def _opened(content: bytes, name: str) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(io.BytesIO(content), read_only=True)
    except Exception:
        # the reader raises whatever its broken XML runs into
        raise SpecError(f"{name} is no XLSX workbook; save it as XLSX.") from None


def _content(cell: Any, name: str) -> Any:
    if cell.data_type == "f":
        raise SpecError(f"{name}: cell {cell.coordinate} holds a formula; type the value itself.")
    return _unguarded(cell.value) if isinstance(cell.value, str) else cell.value
