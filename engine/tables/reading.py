"""From a path or bytes to raw frames: CSV, Parquet, zip archives and folders. Nothing is written to disk."""

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from engine.tables.errors import TableError

MAX_BYTES = 512 * 2**20
MAX_MEMBER_BYTES = 256 * 2**20
MAX_MEMBERS = 2_000
READABLE = (".csv", ".parquet")
_CHUNK = 2**20


@dataclass(frozen=True)
class Source:
    """A file's name (no folders), the bytes of its members by name, and the SHA-256 of the whole.

    A plain file is its own only member; an archive is a zip or a folder.
    """

    name: str
    members: Mapping[str, bytes]
    sha256: str
    archive: bool = False

    def frame(self, member: str) -> pl.DataFrame:
        """The raw frame of a member. Raises `TableError` when it isn't a readable table."""
        return read_frame(self.members[member], f"{self.name}/{member}" if self.archive else self.name)


def read_source(path_or_bytes: str | Path | bytes, name: str | None = None) -> Source:
    """Read a CSV, a Parquet, a zip of them or a folder of them. Raises `TableError`, one sentence, otherwise."""
    if isinstance(path_or_bytes, bytes):
        return _from_bytes(path_or_bytes, name or "the file")
    path = Path(path_or_bytes)
    if path.is_dir():
        return _from_folder(path, name or path.name)
    return _from_bytes(_file_bytes(path), name or path.name)


def _file_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TableError(f"{path.name} is larger than {MAX_BYTES // 2**20} MB, the most that is read.")
        return path.read_bytes()
    except FileNotFoundError:
        raise TableError(f"There is no file {path}; check the path, or use the bundled tables.") from None
    except OSError as error:
        raise TableError(f"{path.name} can't be read ({error.strerror or error}).") from None


def _from_folder(folder: Path, name: str) -> Source:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in READABLE and p.is_file())
    if not files:
        raise TableError(f"{name} is a folder without a CSV or Parquet file.")
    return read_files(files, name)


def read_files(files: Sequence[Path], name: str | None = None) -> Source:
    """Files as the members of one source; its SHA-256 is over their names and hashes, in name order."""
    contents = {path.name: _file_bytes(path) for path in files}
    digest = hashlib.sha256()
    for key in sorted(contents):
        digest.update(key.encode() + b"\0" + hashlib.sha256(contents[key]).digest())
    return Source(name or ", ".join(sorted(contents)), contents, digest.hexdigest(), archive=True)


def _from_bytes(data: bytes, name: str) -> Source:
    sha256 = hashlib.sha256(data).hexdigest()
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.lower().endswith(".zip"):
        return Source(name, _members(data, name), sha256, archive=True)
    return Source(name, {name: data}, sha256)


def _members(data: bytes, name: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _readable_members(archive, name)
    except TableError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise TableError(f"{name} is not a readable zip archive ({error or type(error).__name__}).") from None


def _readable_members(archive: zipfile.ZipFile, name: str) -> dict[str, bytes]:
    """CSV and Parquet members by their last name alone; the second of two equal ones keeps its folder."""
    if len(archive.infolist()) > MAX_MEMBERS:
        raise TableError(f"{name} holds more than {MAX_MEMBERS} members, too many for a data archive.")
    contents: dict[str, bytes] = {}
    room = MAX_MEMBER_BYTES
    for info in archive.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or path.name.startswith(".") or path.suffix.lower() not in READABLE:
            continue
        content = _inflate(archive, info, name, room)
        room -= len(content)
        contents[str(path) if path.name in contents else path.name] = content
    return contents


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, room: int) -> bytes:
    """A member's bytes; stops as soon as the archive has unpacked to more than the cap, whatever its header says."""
    parts: list[bytes] = []
    size = 0
    with archive.open(info) as stream:
        while part := stream.read(_CHUNK):
            size += len(part)
            if size > room:
                raise TableError(f"{name} unpacks to more than {MAX_MEMBER_BYTES // 2**20} MB and is refused.")
            parts.append(part)
    return b"".join(parts)


def read_frame(data: bytes, name: str) -> pl.DataFrame:
    """The raw frame of one CSV (every cell text) or Parquet (its own types)."""
    if not data.strip():
        raise TableError(f"{name} is empty.")
    if data[:4] == b"PAR1" or name.lower().endswith(".parquet"):
        return _parquet(data, name)
    return _csv(data, name)


def _parquet(data: bytes, name: str) -> pl.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
        table.validate(full=True)
        frame = pl.from_arrow(table)
    except (pa.ArrowException, OSError, ValueError):
        raise TableError(f"{name} is a damaged or incomplete Parquet file.") from None
    assert isinstance(frame, pl.DataFrame)
    return frame


def _csv(data: bytes, name: str) -> pl.DataFrame:
    if data.lstrip()[:1] == b"<":
        raise TableError(f"{name} is a web page or XML, not a CSV file.")
    if b"\0" in data[:4096]:
        raise TableError(f"{name} is not a text file; a CSV, a Parquet or the publisher's zip is needed.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError(f"{name} is not UTF-8 text (byte {error.start}); save it as CSV UTF-8.") from None
    return _parse_csv(data.removeprefix(b"\xef\xbb\xbf"), name)


def _parse_csv(data: bytes, name: str) -> pl.DataFrame:
    """Strict: every row has as many cells as the header, so that a file cut short is noticed."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = _header(data, name)
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=names, skip_rows_after_names=1
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column: pa.string() for column in names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowException as error:
        raise TableError(f"{name} can't be read as comma-separated text: {_row_fault(str(error))}.") from None
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _header(data: bytes, name: str) -> list[str]:
    """Column names, a repeated one marked."""
    try:
        header = next(csv.reader(io.StringIO(data.decode("utf-8"))))
    except (csv.Error, StopIteration):
        raise TableError(f"{name} can't be read as comma-separated text: it has no header.") from None
    if len(header) == 1 and (mark := next((m for m in (";", "\t", "|") if m in header[0]), None)):
        raise TableError(f"{name} separates its columns by {mark!r}; save it with commas.")
    names: list[str] = []
    for column in header:
        names.append(column if column not in names else f"{column} (column {len(names) + 1})")
    return names


def _row_fault(message: str) -> str:
    found = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    if not found:
        return "a quote is not closed or a row is damaged"
    row, expected, got = (int(number) for number in found.groups())
    return f"data row {row - 1} has {got} cells, the header {expected}"
