"""From a path or bytes to raw frames: CSV, Parquet, zip archives and folders. Nothing is written to disk."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
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
    """A file's name (no folders), the raw frames in it by member name, and the SHA-256 of its bytes."""

    name: str
    members: Mapping[str, pl.DataFrame]
    sha256: str
    archive: bool = False


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
        raise TableError(f"There is no file {path}; leave it out to use the bundled tables.") from None
    except OSError as error:
        raise TableError(f"{path.name} can't be read ({error.strerror or error}).") from None


def _from_folder(folder: Path, name: str) -> Source:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in READABLE and p.is_file())
    if not files:
        raise TableError(f"{name} is a folder without a CSV or Parquet file.")
    contents = {p.name: _file_bytes(p) for p in files}
    digest = hashlib.sha256()
    for key in sorted(contents):
        digest.update(key.encode() + b"\0" + hashlib.sha256(contents[key]).digest())
    return Source(name, {k: read_frame(v, k) for k, v in contents.items()}, digest.hexdigest(), archive=True)


def _from_bytes(data: bytes, name: str) -> Source:
    sha256 = hashlib.sha256(data).hexdigest()
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.lower().endswith(".zip"):
        return Source(name, _members(data, name), sha256, archive=True)
    return Source(name, {name: read_frame(data, name)}, sha256)


def _members(data: bytes, name: str) -> dict[str, pl.DataFrame]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _readable_members(archive, name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{name} is not a readable zip archive ({error}).") from None


def _readable_members(archive: zipfile.ZipFile, name: str) -> dict[str, pl.DataFrame]:
    if len(archive.infolist()) > MAX_MEMBERS:
        raise TableError(f"{name} holds more than {MAX_MEMBERS} members, too many for a data archive.")
    frames: dict[str, pl.DataFrame] = {}
    room = MAX_MEMBER_BYTES
    for info in archive.infolist():
        member = PurePosixPath(info.filename.replace("\\", "/")).name
        if info.is_dir() or member.startswith(".") or not member.lower().endswith(READABLE):
            continue
        if member in frames:
            raise TableError(f"{name} holds two members called {member}.")
        content = _inflate(archive, info, name, room)
        room -= len(content)
        frames[member] = read_frame(content, f"{name}/{member}")
    return frames


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
        frame = pl.from_arrow(table)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise TableError(f"{name} is a damaged or incomplete Parquet file ({reason}).") from None
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
    try:
        return pl.read_csv(data, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0][:120]
        raise TableError(f"{name} can't be read as comma-separated text ({reason}).") from None
