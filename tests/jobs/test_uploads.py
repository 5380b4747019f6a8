"""Uploaded files: kept by content, found again by another process, refused in a sentence."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.bootstrap import BootstrapSpec
from engine.diffusion import DiffusionSpec
from engine.tables import TableError
from jobs import client
from jobs.data.uploads import own_name
from jobs.question import from_record
from jobs.settings import settings

HEADER = "Params,compute,Developer,Year\n"
ROWS = "".join(f"{10**i},{6 * 10 ** (i + 10)}{i % 3},org {i % 4},{2015 + i % 5}\n" for i in range(6, 12))
TABLE = (HEADER + ROWS * 3).encode()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    settings.cache_clear()
    client.store.cache_clear()
    yield tmp_path
    settings.cache_clear()
    client.store.cache_clear()


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_same_file_has_the_same_place_and_nothing_else_is_left(home: Path) -> None:
    first = Path(client.keep_upload("scaling", "mine.csv", TABLE))
    assert client.keep_upload("scaling", "mine.csv", TABLE) == str(first)
    assert first.read_bytes() == TABLE
    assert files_under(home) == [first]
    assert stat.S_IMODE((home / "uploads").stat().st_mode) == 0o700


def test_another_content_has_another_place() -> None:
    other = TABLE + ROWS.encode()
    assert client.keep_upload("scaling", "mine.csv", TABLE) != client.keep_upload("scaling", "mine.csv", other)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("mine.csv", "mine.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\my table (2).csv", "my table (2).csv"),
        ("..", "table"),
        ("", "table"),
        ("a\nb`c`.csv", "a_b_c_.csv"),
        ("x" * 300 + ".parquet", "x" * 42 + ".parquet"),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    assert own_name(given) == kept


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "mine.csv is empty."),
        (HEADER.encode(), "mine.csv has no usable rows: it has none."),
        (
            TABLE.replace(b"Params", b"Ducks"),
            "mine.csv has no column 'parameters' (or params, n_params, num_params, parameter_count, Number of "
            "parameters), which the scaling table needs.",
        ),
        (b"\x00\x01\x02", "mine.csv is not a text file; a CSV, a Parquet or the publisher's zip is needed."),
        (b"PAR1" + b"\x00" * 40, "mine.csv is a damaged or incomplete Parquet file."),
    ],
)
def test_a_file_that_will_not_do_is_refused_in_a_sentence_and_not_kept(home: Path, content: bytes, said: str) -> None:
    with pytest.raises(TableError) as caught:
        client.keep_upload("scaling", "mine.csv", content)
    assert str(caught.value) == said
    assert files_under(home) == []


def test_a_file_too_big_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_DOWNLOAD_BYTES", str(2**20))
    settings.cache_clear()
    with pytest.raises(TableError, match=r"^mine.csv is larger than 1 MB, the most that is taken here\.$"):
        client.keep_upload("scaling", "mine.csv", b"1" * (2**20 + 1))
    assert files_under(home) == []


def test_a_place_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    (home / "uploads").write_text("in the way")
    with pytest.raises(TableError, match=r"^mine.csv can't be kept \(.+\)\.$"):
        client.keep_upload("scaling", "mine.csv", TABLE)


def test_client_asks_of_the_file_and_the_record_finds_it_again() -> None:
    spec, files = BootstrapSpec(replicates=64), {"scaling": client.keep_upload("scaling", "mine.csv", TABLE)}
    assert client.key(spec, None, files) != client.key(spec)
    assert client.find(spec, None, files) is None
    assert client.seconds(spec, None, files) < client.seconds(spec)
    result = client.run(spec, None, files)
    assert result.summary["n"] == 18
    assert client.find(spec, None, files) is not None
    assert client.find(spec) is None
    assert client.seconds(spec, None, files) == 0.0
    record = client.store().spec(result.key)
    assert record is not None
    assert from_record(record).key == result.key
    assert not any("columns not known" in note for note in result.warnings)


@pytest.mark.parametrize(
    ("spec", "table", "flag"),
    [
        (BootstrapSpec(), "scaling", "--table 'my table.csv'"),
        (DiffusionSpec(preset="published"), "diffusion_pairs", "--pairs 'my table.csv'"),
    ],
)
def test_the_command_names_the_file_by_its_own_name(spec: BootstrapSpec, table: str, flag: str) -> None:
    plain = client.command(spec)
    assert client.command(spec, None, {table: "/somewhere/0a1b/my table.csv"}) == f"{plain} {flag}"
