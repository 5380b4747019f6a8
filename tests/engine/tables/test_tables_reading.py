import hashlib
import io
import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.tables import TableError, ingest, read_table
from engine.tables import reading as files

HEADER = b"Model,Publication date,Parameters\n"
ROW = b"A,2024-03-01,7e9\n"


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    pl.DataFrame({"Model": [f"m{i}" for i in range(900)], "Publication date": ["2024-01-01"] * 900}).write_parquet(
        stream
    )
    return stream.getvalue()


def sentence(error: pytest.ExceptionInfo[TableError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "f.csv", "f.csv is empty."),
        (b" \n\n", "f.csv", "f.csv is empty."),
        (b"<!DOCTYPE html><html></html>", "f.csv", "f.csv is a web page or XML, not a CSV file."),
        (b"\n <html>", "f.csv", "f.csv is a web page or XML, not a CSV file."),
        (HEADER + "Caf\u00e9,2024-01-01,1\n".encode("latin-1"), "f.csv", "f.csv is not UTF-8 text (byte 37)"),
        (HEADER.decode().encode("utf-16"), "f.csv", "f.csv is not a text file"),
        (b"\x1f\x8b\x08\x00\x00\x00", "f.csv.gz", "f.csv.gz is not a text file"),
        (HEADER + b"A,2024-03-01\n", "f.csv", "data row 1 has 2 cells, the header 3."),
        (HEADER + ROW + b"A,2024-03-01,1,2\n", "f.csv", "data row 2 has 4 cells, the header 3."),
        (HEADER.replace(b",", b";"), "f.csv", "f.csv separates its columns by ';'; save it with commas."),
        (HEADER, "f.csv", "f.csv has no usable rows: it has none."),
        (b"a,b\n1,2\n", "f.csv", "f.csv is none of the known tables"),
        (b"PAR1", "f.parquet", "f.parquet is a damaged or incomplete Parquet file."),
        (b"PK\x03\x04 and then nothing", "f.zip", "f.zip is not a readable zip archive"),
        (b"not a zip", "f.zip", "f.zip is not a readable zip archive"),
        (zipped(), "f.zip", "f.zip has no member that is a known table; it holds no CSV or Parquet file."),
        (zipped(**{"notes.txt": b"x"}), "f.zip", "it holds no CSV or Parquet file."),
        (zipped(**{"a.csv": b"a,b\n1,2\n"}), "f.zip", "f.zip has no member that is a known table; it holds a.csv."),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_sentence(data, name, says):
    with pytest.raises(TableError) as error:
        ingest(data, name)
    assert says in sentence(error)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_parquet_cut_short_gives_one_sentence(share):
    whole = parquet()
    with pytest.raises(TableError) as error:
        ingest(whole[: int(len(whole) * share)], "cut.parquet")
    assert sentence(error) == "cut.parquet is a damaged or incomplete Parquet file."


def test_a_zip_cut_short_gives_one_sentence():
    with pytest.raises(TableError) as error:
        ingest(zipped(**{"data.csv": HEADER + ROW * 500})[:90], "cut.zip")
    assert "cut.zip is not a readable zip archive" in sentence(error)


def test_a_damaged_zip_member_gives_one_sentence():
    data = bytearray(zipped(**{"data.csv": bytes(range(32, 127)) * 400}))
    data[60:90] = bytes(30)
    with pytest.raises(TableError) as error:
        ingest(bytes(data), "bad.zip")
    assert "bad.zip is not a readable zip archive" in sentence(error)


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(TableError) as error:
        ingest(tmp_path / "absent.csv")
    assert "There is no file" in sentence(error)
    assert "absent.csv" in sentence(error)
    with pytest.raises(TableError, match="is a folder without a CSV or Parquet file"):
        ingest(tmp_path)


def test_a_zip_bomb_is_refused_whatever_its_header_says(monkeypatch):
    monkeypatch.setattr(files, "MAX_MEMBER_BYTES", 2**20)
    bomb = zipped(**{"data.csv": b"0" * (2**20 + 1)})
    assert len(bomb) < 10_000
    with pytest.raises(TableError, match="unpacks to more than 1 MB and is refused"):
        ingest(bomb, "bomb.zip", "publications")
    lying = bomb.replace((2**20 + 1).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(TableError, match=r"bomb\.zip"):
        ingest(lying, "bomb.zip", "publications")


def test_the_cap_counts_all_members_together(monkeypatch):
    monkeypatch.setattr(files, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(TableError, match="is refused"):
        ingest(zipped(**{"a.csv": b"0" * 600, "b.csv": b"0" * 600}), "two.zip")


def test_a_zip_with_very_many_members_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_MEMBERS", 3)
    with pytest.raises(TableError, match="holds more than 3 members"):
        ingest(zipped(**{f"{i}.csv": b"x" for i in range(4)}), "many.zip")


def test_a_file_over_the_size_cap_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    (tmp_path / "big.csv").write_bytes(HEADER + ROW)
    with pytest.raises(TableError, match=r"big\.csv is larger than"):
        ingest(tmp_path / "big.csv")


@pytest.mark.parametrize(
    "member", ["..__..__etc__data.csv", "__abs__data.csv", "deep__er__data.csv", "C:\\tmp\\data.csv"]
)
def test_nested_and_absolute_member_names_are_read_and_write_nothing(member, tmp_path, monkeypatch, samples):
    monkeypatch.chdir(tmp_path)
    made = ingest(zipped(**{member: (samples / "oecd" / "data.csv").read_bytes()}), "o.zip")
    assert (made.kind, made.frame.height) == ("publications", 3)
    assert list(tmp_path.rglob("*")) == []


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    plain, marked = (ingest(data, "f.csv").frame for data in (HEADER + ROW, b"\xef\xbb\xbf" + HEADER + ROW))
    assert plain.equals(marked)
    assert plain.equals(ingest((HEADER + ROW).replace(b"\n", b"\r\n"), "f.csv").frame)


def test_the_sha256_is_of_the_bytes_read(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(HEADER + ROW)
    assert ingest(path).sha256 == hashlib.sha256(HEADER + ROW).hexdigest()
    assert ingest(path).sha256 == ingest(HEADER + ROW, "f.csv").sha256
    assert ingest(path).sha256 != ingest(HEADER + ROW + ROW.replace(b"A", b"B"), "f.csv").sha256


def test_a_canonical_parquet_is_checked_against_its_schema(tmp_path):
    path: Path = tmp_path / "p.parquet"
    pl.DataFrame({"country": ["France"], "year": [2020], "publication_share_percent": [1.5]}).write_parquet(path)
    assert read_table(path, "publications").rows() == [("France", 2020, 1.5)]
    pl.DataFrame({"country": ["France"], "year": [2020], "publication_share_percent": [150.0]}).write_parquet(path)
    with pytest.raises(
        TableError, match=r"p\.parquet does not fit the publications table: column 'publication_share_percent'"
    ):
        read_table(path, "publications")
    pl.DataFrame({"country": ["France"], "year": [2020]}).write_parquet(path)
    with pytest.raises(
        TableError, match=r"p\.parquet does not fit the publications table: .*publication_share_percent"
    ):
        read_table(path, "publications")


def damaged(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Each edit cuts some bytes out at a relative place and puts others in."""
    for place, cut, put in edits:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    return data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["epoch_all_2025-03.csv", "gta_interventions_2025-10.csv", "m.parquet", "data.zip"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_however_a_file_is_damaged_it_is_read_or_refused_in_one_sentence(samples, name, edits):
    whole = {"m.parquet": parquet, "data.zip": lambda: zipped(**{"data.csv": (samples / "oecd/data.csv").read_bytes()})}
    data = whole[name]() if name in whole else (samples / name).read_bytes()
    try:
        ingest(damaged(data, edits), name)
    except TableError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith(".")


def test_text_that_is_no_utf8_inside_a_parquet_is_refused():
    column = pa.array(["Sample"] * 3)
    bad = pa.StringArray.from_buffers(3, column.buffers()[1], pa.py_buffer(b"\xff" * 18))
    stream = io.BytesIO()
    pq.write_table(pa.table({"Model": bad, "Publication date": pa.array(["2024-01-01"] * 3)}), stream)
    with pytest.raises(TableError, match=r"bad\.parquet is a damaged or incomplete Parquet file"):
        ingest(stream.getvalue(), "bad.parquet")
