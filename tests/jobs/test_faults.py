"""Faults on real processes: after each, nothing lost, nothing twice, the same hash, and a status a person understands.

`make test` runs each once; `make faults` repeats them (--fault-repeats): 20 times, two askers of one key 50 times.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.store import Store
from tests.jobs.sweep_cases import ROOT, assert_whole, command, finished

ABOUT_ITS_LENGTH_SECONDS = 4.5


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hash of an undisturbed inline run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return str(finished(folder, folder / "store", "--runner", "inline")["summary"]["result_sha256"])


def wait_for_chunks(store: Store, count: int, timeout: float = 60) -> str:
    """Key of the one sweep in the store, once it has that many chunks."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for key in store.run_keys():
            if store.chunk_count(key) >= count:
                return key
        time.sleep(0.02)
    raise AssertionError("the run never got that far")


def test_driver_killed_at_a_random_moment_then_resumed(tmp_path: Path, digest: str, fault_repeats: int) -> None:
    """From its first instant to about its end; the chunks that were done are not computed again."""
    for attempt in range(fault_repeats):
        store = tmp_path / f"store {attempt}"
        driver = subprocess.Popen(command(tmp_path, store, "--runner", "pool"), cwd=ROOT, start_new_session=True)
        time.sleep(random.uniform(0, ABOUT_ITS_LENGTH_SECONDS))
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
        kept = written(store)
        assert_whole(finished(tmp_path, store, "--resume"), digest)
        assert kept.items() <= written(store).items()


def written(store: Path) -> dict[Path, int]:
    """When each chunk was written."""
    return {path: path.stat().st_mtime_ns for path in store.glob("runs/*/chunks/*.parquet")}


def test_a_killed_run_is_shown_as_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.store.LOST_SECONDS", 0.5)
    driver = subprocess.Popen(command(tmp_path, tmp_path / "store"), cwd=ROOT, start_new_session=True)
    key = wait_for_chunks(Store(str(tmp_path / "store")), 1)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    time.sleep(1)
    status = Store(str(tmp_path / "store")).status(key)
    assert status is not None
    assert status.state == "lost"
    assert "start it again" in status.message


def test_two_processes_start_one_key_and_compute_once(tmp_path: Path, digest: str, fault_repeats: int) -> None:
    for attempt in range(fault_repeats):
        store = tmp_path / f"store {attempt}"
        both = [
            subprocess.Popen(command(tmp_path, store, "--runner", "inline"), cwd=ROOT, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        answers = [json.loads(process.communicate(timeout=240)[0]) for process in both]
        for answer in answers:
            assert_whole(answer, digest)
        assert sorted(answer["summary"]["from_store"] for answer in answers) == [False, True]
        runs = Store(str(store)).run_keys()
        assert [len(list((store / "runs" / key).glob("lease.*"))) for key in runs] == [1]


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_damaged_chunks_are_computed_again(tmp_path: Path, digest: str, damage: str) -> None:
    """Of a run that was killed, and of one that is done."""
    store = tmp_path / "store"
    driver = subprocess.Popen(command(tmp_path, store, "--runner", "inline"), cwd=ROOT, start_new_session=True)
    key = wait_for_chunks(Store(str(store)), 3)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    chunk = store / "runs" / key / "chunks" / "000001.parquet"
    for _ in range(2):
        damaged(chunk, damage)
        again = finished(tmp_path, store)
        assert_whole(again, digest)
        assert again["summary"]["from_store"] is False
    assert finished(tmp_path, store)["summary"]["from_store"] is True


def damaged(chunk: Path, damage: str) -> None:
    whole = chunk.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :]
    chunk.write_bytes(whole[:middle] if damage == "truncated" else flipped)


def test_the_asking_process_dies_and_the_run_goes_on(tmp_path: Path, digest: str) -> None:
    """What a page does: it submits, and its server is killed."""
    code = (
        "from pathlib import Path; from jobs import client; from jobs.sweep_file import read_sweep; import time\n"
        f"client.submit(read_sweep(Path({str(tmp_path / 'sweep.yaml')!r}))); time.sleep(60)\n"
    )
    store = tmp_path / "store"
    command(tmp_path, store)
    asker = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "WORKBENCH_HOME": str(tmp_path), "WORKBENCH_STORE": str(store)},
        start_new_session=True,
    )
    wait_for_chunks(Store(str(store)), 1)
    os.killpg(asker.pid, signal.SIGKILL)
    asker.wait()
    assert_whole(finished(tmp_path, store), digest)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_neither_loses_a_run_nor_starts_it_twice(tmp_path: Path, digest: str, hours: int) -> None:
    """The wall clock of the driver's process jumps while another process, whose clock is right, waits for the run."""
    site = tmp_path / "site"
    site.mkdir()
    site.joinpath("sitecustomize.py").write_text(
        "import time\n"
        "told, begun = time.time, time.monotonic()\n"
        f"time.time = lambda: told() + {hours * 3600} * (time.monotonic() - begun > 2.5)\n",
        encoding="utf-8",
    )
    store, path = tmp_path / "store", f"{site}{os.pathsep}{ROOT}"
    asked = command(tmp_path, store, "--runner", "inline")
    jumping = subprocess.Popen(asked, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE)
    key = wait_for_chunks(Store(str(store)), 1)
    waiting = finished(tmp_path, store, "--runner", "inline")
    first = json.loads(jumping.communicate(timeout=60)[0])
    for answer in (first, waiting):
        assert_whole(answer, digest)
    assert (first["summary"]["from_store"], waiting["summary"]["from_store"]) == (False, True)
    assert len(list((store / "runs" / key).glob("lease.*"))) == 1


@dataclass(frozen=True)
class SmallDisk:
    """A place to write that fills up, until it is made larger."""

    folder: Path
    prefix: tuple[str, ...]
    complaint: str

    def enlarge(self) -> None:
        """Room for everything."""
        if not self.prefix:
            subprocess.run(["mount", "-o", "remount,size=20m", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A nearly full file system of 300 kB where this user may mount one, else a limit on the size of files."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield SmallDisk(folder, ("prlimit", "--fsize=2000"), "File too large")
        return
    (folder / "ballast").write_bytes(b"0" * 200_000)
    yield SmallDisk(folder, (), "No space left on device")
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_is_whole(
    tmp_path: Path, small_disk: SmallDisk, digest: str
) -> None:
    store = small_disk.folder / "store"
    asked = [*small_disk.prefix, *command(tmp_path, store, "--runner", "inline")]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert small_disk.complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(small_disk.folder.rglob("*.tmp")) == []
    small_disk.enlarge()
    assert_whole(finished(tmp_path, store), digest)
