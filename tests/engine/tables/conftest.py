"""Small invented files with the publishers' real headers."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def sample_rows() -> Callable[[str], tuple[list[str], list[list[str]]]]:
    """Header and rows of a sample."""

    def read(name: str) -> tuple[list[str], list[list[str]]]:
        with (SAMPLES / name).open(newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream)
        return header, rows

    return read


@pytest.fixture(scope="session")
def as_csv() -> Callable[[Sequence[str], Sequence[Sequence[str]]], bytes]:
    """A CSV's bytes from header and rows."""

    def write(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([header, *rows])
        return text.getvalue().encode()

    return write


@pytest.fixture(scope="session")
def csv_of(as_csv: Callable[..., bytes]) -> Callable[..., bytes]:
    """A CSV's bytes from one mapping a row."""

    def write(*rows: Mapping[str, str]) -> bytes:
        header = list(dict.fromkeys(name for row in rows for name in row))
        return as_csv(header, [[row.get(name, "") for name in header] for row in rows])

    return write
