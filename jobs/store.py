"""Content-addressed runs on a directory or an object store: the only place where processes meet.

A run's folder `runs/KEY/` holds spec.json, status.json, chunks/NNNNNN.parquet, result.parquet, cancel, and
`lease.N`, one a attempt. Writes are atomic, Parquet pages carry checksums, and nothing is ever unpickled.
"""

import hashlib
import io
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, overload

import obstore
import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from obstore.exceptions import AlreadyExistsError
from pydantic import TypeAdapter

from engine.result import Result, ResultDamaged
from jobs import place

HEARTBEAT_SECONDS = 1.0
LOST_SECONDS = 15.0
WATCH_SECONDS = 2.5
DIGEST = "record_sha256"

UNDER_WAY = ("running", "waiting")
State = Literal["waiting", "running", "done", "failed", "cancelled", "lost"]


@dataclass(frozen=True)
class Status:
    """Where a run stands. `heartbeat` is Unix time in seconds, written about once a second while it runs; `peak_mb` is
    the most memory that its processes have had, in MiB."""

    state: State
    done: int = 0
    total: int = 0
    message: str = ""
    runner: str = ""
    attempt: int = 0
    started: float = 0.0
    heartbeat: float = 0.0
    peak_mb: int = 0

    def lost(self) -> "Status":
        """This status of a run whose process has stopped."""
        return replace(self, state="lost", message="The process that ran it stopped; start it again to go on.")


_STATUS = TypeAdapter(Status)


class Store:
    """Runs by key under a folder or an address, `s3://BUCKET/PREFIX`.

    Raises `SpecError` for one that can't be used.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._local = place.is_local(root)
        self._fs, self._base, self._leases = place.opened(root)
        self._beats: dict[str, tuple[float, float]] = {}

    def save_spec(self, key: str, spec: Mapping[str, Any]) -> None:
        """Record what the run asks, so that another process can run it; with a digest, as chunks have one."""
        self._write(f"{_run(key)}/spec.json", json.dumps({**spec, DIGEST: _digest(spec)}, sort_keys=True).encode())

    def spec(self, key: str) -> dict[str, Any] | None:
        """What the run asks; None for an unknown key, or when the record is damaged."""
        data = self._read(f"{_run(key)}/spec.json")
        try:
            found = json.loads(data) if data else None
        except ValueError:
            return None
        whole = isinstance(found, dict) and found.pop(DIGEST, "") == _digest(found)
        return found if whole else None

    def save_status(self, key: str, status: Status) -> None:
        """Replace the run's status."""
        self._write(f"{_run(key)}/status.json", json.dumps(asdict(status)).encode())

    def status(self, key: str) -> Status | None:
        """The run's status as of now, or None for a run never started."""
        status = self._status(key)
        if status is None:
            return None
        return status.lost() if status.state == "running" and not self._beating(key, status.heartbeat) else status

    def _status(self, key: str) -> Status | None:
        """The status as it was written; None when there is none, or when it is damaged."""
        data = self._read(f"{_run(key)}/status.json")
        try:
            return _STATUS.validate_json(data) if data else None
        except ValueError:
            return None

    def _beating(self, key: str, heartbeat: float) -> bool:
        """Whether a running status is alive.

        At first sight by its age; after that by whether it changes while we watch, on a clock that can't be set, so
        that a jump of the wall clock neither buries a live run nor keeps a dead one.
        """
        before, since = self._beats.get(key, (None, 0.0))
        if before is None:
            self._beats[key] = heartbeat, time.monotonic()
            return abs(time.time() - heartbeat) <= LOST_SECONDS
        if before != heartbeat:
            self._beats[key] = heartbeat, time.monotonic()
            return True
        return time.monotonic() - since <= LOST_SECONDS and abs(time.time() - heartbeat) <= LOST_SECONDS

    def save_chunk(self, key: str, index: int, frame: pl.DataFrame) -> None:
        """Keep a chunk's frame."""
        self._write(_chunk(key, index), _parquet(frame.to_arrow()))

    def chunk(self, key: str, index: int) -> pl.DataFrame | None:
        """A kept chunk; None when absent or damaged (a damaged one is removed, to be computed again)."""
        table = self._read_parquet(_chunk(key, index))
        return None if table is None else pl.DataFrame(table)

    def chunk_count(self, key: str) -> int:
        """How many chunks are kept."""
        return len(self._chunk_names(key))

    def kept_chunks(self, key: str) -> set[int]:
        """Indices of the chunks that are kept and whole."""
        listed = [int(name.removesuffix(".parquet")) for name in self._chunk_names(key)]
        return {index for index in listed if self.chunk(key, index) is not None}

    def _chunk_names(self, key: str) -> list[str]:
        selector = pafs.FileSelector(f"{self._base}/{_run(key)}/chunks", allow_not_found=True)
        found = [info.base_name for info in self._fs.get_file_info(selector)]
        return [name for name in found if name.endswith(".parquet") and not name.startswith(".")]

    def drop_chunks(self, key: str) -> None:
        """Remove the chunks of a run whose result is kept."""
        folder = f"{self._base}/{_run(key)}/chunks"
        if self._fs.get_file_info(folder).type == pafs.FileType.Directory:
            self._fs.delete_dir(folder)

    def save_result(self, result: Result) -> None:
        """Keep a run's result."""
        self._write(f"{_run(result.key)}/result.parquet", _parquet(result.to_arrow()))

    def result(self, key: str) -> Result | None:
        """A run's verified result; None when absent or damaged (a damaged one is removed)."""
        path = f"{_run(key)}/result.parquet"
        table = self._read_parquet(path)
        if table is None:
            return None
        try:
            return Result.from_arrow(table)
        except ResultDamaged:
            self._delete(path)
            return None

    def claim(self, key: str) -> int | None:
        """Take the next attempt at a run, or None while another process is at it.

        Attempt N+1 can be taken only when attempt N has ended or is lost, and its file is created only once.
        """
        status = self.status(key)
        if status is not None and (status.state == "running" or self._stirs(key, status)):
            return None
        attempt = (status.attempt if status else 0) + 1
        try:
            obstore.put(self._leases, f"{_run(key)}/lease.{attempt}", b"", mode="create")
        except AlreadyExistsError:
            return self._take_over(key, attempt)
        return attempt

    def _stirs(self, key: str, status: Status) -> bool:
        """Whether a run that looks lost still writes heartbeats: watched for a few, before it is taken over."""
        if status.state != "lost":
            return False
        end = time.monotonic() + WATCH_SECONDS
        while time.monotonic() < end:
            time.sleep(HEARTBEAT_SECONDS / 2)
            again = self._status(key)
            if again and again.heartbeat != status.heartbeat:
                return True
        return False

    def _take_over(self, key: str, attempt: int) -> int | None:
        """The attempt after one that was claimed but never wrote a status before it was lost."""
        info = self._fs.get_file_info(f"{self._base}/{_run(key)}/lease.{attempt}")
        if info.mtime_ns is None or time.time() - info.mtime_ns / 1e9 <= LOST_SECONDS:
            return None
        self.save_status(key, Status("lost", attempt=attempt))
        return self.claim(key)

    def request_cancel(self, key: str) -> None:
        """Ask whoever runs it to stop; finished chunks are kept."""
        self._write(f"{_run(key)}/cancel", b"")

    def clear_cancel(self, key: str) -> None:
        """Withdraw a request to stop, before a new attempt."""
        self._delete(f"{_run(key)}/cancel")

    def cancel_requested(self, key: str) -> bool:
        """Whether someone asked to stop it."""
        return bool(self._fs.get_file_info(f"{self._base}/{_run(key)}/cancel").type == pafs.FileType.File)

    def run_keys(self) -> list[str]:
        """Keys of all runs, sorted."""
        selector = pafs.FileSelector(f"{self._base}/runs", allow_not_found=True)
        return sorted(i.base_name for i in self._fs.get_file_info(selector) if i.type == pafs.FileType.Directory)

    def remove(self, key: str) -> None:
        """Delete everything of a run."""
        self._fs.delete_dir(f"{self._base}/{_run(key)}")

    def _write(self, path: str, data: bytes) -> None:
        full = f"{self._base}/{path}"
        if not self._local:
            with self._fs.open_output_stream(full) as out:
                out.write(data)
            return
        write_atomically(Path(full), data)

    def _read(self, path: str) -> bytes | None:
        try:
            with self._fs.open_input_stream(f"{self._base}/{path}") as source:
                return bytes(source.read())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _read_parquet(self, path: str) -> pa.Table | None:
        data = self._read(path)
        if data is None:
            return None
        if not _intact(data):
            self._delete(path)
            return None
        return pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True).read()

    def _delete(self, path: str) -> None:
        try:
            self._fs.delete_file(f"{self._base}/{path}")
        except FileNotFoundError:
            return


class StoredChunks(Sequence[pl.DataFrame]):
    """A run's chunks in order, each read when it is asked for: memory stays that of one chunk."""

    def __init__(self, store: Store, key: str, count: int | None = None) -> None:
        self._store, self._key = store, key
        self._count = store.chunk_count(key) if count is None else count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> pl.DataFrame: ...
    @overload
    def __getitem__(self, index: slice) -> list[pl.DataFrame]: ...
    def __getitem__(self, index: int | slice) -> pl.DataFrame | list[pl.DataFrame]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        frame = self._store.chunk(self._key, index)
        if frame is None:
            raise OSError(f"Chunk {index} of run {self._key[:12]} was lost or damaged; start the run again to mend it.")
        return frame


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _run(key: str) -> str:
    return f"runs/{key}"


def _chunk(key: str, index: int) -> str:
    return f"{_run(key)}/chunks/{index:06d}.parquet"


DIGEST_MARK = b"sha256 of this file with zeros here: "
BLANK = b"0" * 64


def _parquet(table: pa.Table) -> bytes:
    """Parquet with page checksums, and in its footer the digest of the whole file.

    Checksums alone leave the footer (names, types, metadata) open to a flipped bit.
    """
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"digest": (DIGEST_MARK + BLANK).decode()})
    data = sink.getvalue()
    return data.replace(DIGEST_MARK + BLANK, DIGEST_MARK + hashlib.sha256(data).hexdigest().encode())


def _intact(data: bytes) -> bool:
    """Whether a file `_parquet` made is byte for byte what it was."""
    at = data.rfind(DIGEST_MARK) + len(DIGEST_MARK)
    blank = data[:at] + BLANK + data[at + len(BLANK) :]
    return hashlib.sha256(blank).hexdigest().encode() == data[at : at + len(BLANK)]


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a local file in one step: temporary file beside it, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
