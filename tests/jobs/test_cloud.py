"""The shared machine: sizes, Ray, the store's quota, and what visitors can't reach of each other."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine import registry
from engine.result import Result
from engine.spec import SpecError
from engine.tables import TableError
from jobs import client, limits, memory, quota
from jobs.question import prepare
from jobs.runner import choose
from jobs.settings import Settings, settings
from jobs.store import Status, Store
from tests.jobs.sweep_cases import read

GRID = "study: npv\nbase: {exclusivity: lognormal}\ndesign: {axes: {sigma: {low: 0.5, high: 2, n: %d}}}"
MIB = 2**20
OLD = 3_600.0


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A shared machine with a store that starts empty and a quota of 1 MiB."""
    for name, value in {"MODE": "cloud", "HOME": str(tmp_path), "STORE_MB": "1"}.items():
        monkeypatch.setenv(f"WORKBENCH_{name}", value)
    for kept in (settings, client.store):
        kept.cache_clear()
    yield client.store()
    for kept in (settings, client.store):
        kept.cache_clear()


def test_cloud_means_one_worker_no_ray_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORKBENCH_MODE": "cloud", "WORKBENCH_WORKERS": "8", "RAY_ADDRESS": "http://head:8265"}.items():
        monkeypatch.setenv(name, value)
    found = Settings()
    assert (found.workers, found.ray_address, found.jobs_address) == (1, "", "")
    assert found.run_mb > 0
    assert found.store_mb > 0
    monkeypatch.setenv("WORKBENCH_RUN_MB", "123")
    assert Settings().run_mb == 123
    monkeypatch.setenv("WORKBENCH_MODE", "laptop")
    monkeypatch.delenv("WORKBENCH_RUN_MB")
    laptop = Settings()
    assert (laptop.workers, laptop.ray_address, laptop.run_mb, laptop.store_mb) == (8, "http://head:8265", 0, 0)


def test_ray_is_refused_and_the_pool_has_one_worker(cloud: Store) -> None:
    question = prepare(read(GRID % 3))
    with pytest.raises(SpecError, match="has no Ray"):
        choose("ray", question)
    assert getattr(choose("pool", question), "workers", None) == 1
    assert choose("auto", question).name == "inline"


@pytest.mark.parametrize(
    ("study", "fields", "most", "command"),
    [
        ("npv", {"engine": "simulation", "n_paths": 30_000_000}, "20,000,000 paths", "--n-paths 30000000"),
        ("bootstrap", {"replicates": 200_000}, "100,000 replicates", "jobs bootstrap"),
    ],
)
def test_a_question_too_big_is_refused_with_limit_and_command(
    cloud: Store, study: str, fields: dict[str, Any], most: str, command: str
) -> None:
    spec = registry.study(study).spec_type.parse(fields)
    with pytest.raises(SpecError) as caught:
        client.submit(spec)
    told = str(caught.value)
    assert f"at most {most}" in told
    assert command in told
    assert "on a laptop there is no such limit" in told
    assert cloud.run_keys() == []


def test_a_sweep_too_big_is_refused_and_a_laptop_has_no_limit(cloud: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = read(GRID % (limits.MOST_POINTS + 1))
    with pytest.raises(SpecError, match=r"at most 20,000 points, .* 20,001; .*python -m jobs sweep sweep\.yaml"):
        client.key(spec)
    assert client.key(read(GRID % limits.MOST_POINTS))
    long = "study: diffusion\ndesign: {axes: {theta: {low: 0.2, high: 2.0, n: 5000}}}"
    with pytest.raises(SpecError, match="at most 300 seconds of work"):
        client.key(read(long))
    monkeypatch.setenv("WORKBENCH_MODE", "laptop")
    settings.cache_clear()
    assert client.key(spec)


@pytest.mark.parametrize(
    ("design", "told"),
    [
        (
            "study: bootstrap\ndesign: {axes: {replicates: {values: [1000, 1000000]}}}",
            "100,000 replicates, .* 1,000,000",
        ),
        ("study: bootstrap\ndesign: {axes: {replicates: {values: ['1000000']}}}", "100,000 replicates, .* 1,000,000"),
        (
            "study: scaling\ndesign: {axes: {replicates: {low: 1, high: 100001, n: 2}}}",
            "100,000 replicates, .* 100,001",
        ),
        ("study: npv\ndesign: {axes: {n_paths: {low: 100, high: 1000000000, n: 2}}}", "20,000,000 paths"),
        ("study: npv\ndesign: {axes: {sobol_samples: {values: [64, 65536]}}}", "20,000 samples, .* 65,536"),
        (
            "study: bootstrap\ndesign: {kind: lhs, points: 1000, axes: {replicates: {low: 1000.5, high: 99999.5}}}",
            "300 seconds of work",
        ),
        (
            "study: bootstrap\nbase: {replicates: 100000}\ndesign: {axes: {seed: {low: 1, high: 1000, n: 1000}}}",
            "300 seconds of work",
        ),
        (
            "study: diffusion\ndesign: {axes: {theta: {low: 0.2, high: 2, n: 200}, parts: {values: [curve, all]}}}",
            "300 seconds of work, and this asks for 800",
        ),
        ("study: sobol\ndesign: {axes: {samples: {values: [64, 1048576]}}}", "asks no sobol at the points of a sweep"),
        ("study: report\ndesign: {axes: {replicates: {values: [64]}}}", "asks no report at the points of a sweep"),
    ],
)
def test_a_sweep_is_bounded_by_its_dearest_point(
    cloud: Store, monkeypatch: pytest.MonkeyPatch, design: str, told: str
) -> None:
    spec = read(design)
    for ask in (client.key, client.submit, client.find):
        with pytest.raises(SpecError, match=f"{told}.*; on a laptop .* run `python -m jobs sweep sweep.yaml`\\.$"):
            ask(spec)
    assert cloud.run_keys() == []
    monkeypatch.setenv("WORKBENCH_MODE", "laptop")
    settings.cache_clear()
    limits.check(prepare(spec))


def test_a_design_far_too_big_is_refused_before_it_is_drawn_up(cloud: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "prepare", lambda *asked: pytest.fail("the design was drawn up"))
    with pytest.raises(SpecError, match="at most 20,000 points"):
        client.key(read(GRID % 1_000_000))


def test_the_first_run_of_every_study_and_the_runs_it_needs_are_within_the_bounds(cloud: Store) -> None:
    for name in registry.names():
        if name != "sweep":
            client.key(registry.study(name).spec_type.parse({}))


def test_the_stated_work_is_that_of_all_points_and_of_what_they_need() -> None:
    """By hand: 6 points of 100,000 replicates, the need of each scaling run, and a Sobol design of (1 + 2) x 64."""
    replicates = prepare(registry.study("bootstrap").spec_type.parse({"replicates": 100_000})).seconds()
    sweep = read("study: bootstrap\ndesign: {axes: {replicates: {values: [1, 100000]}, seed: {values: [1, 2, 3]}}}")
    assert limits.stated_seconds(prepare(sweep)) == pytest.approx(6 * replicates)
    scaling = prepare(registry.study("scaling").spec_type.parse({"replicates": 100_000}))
    assert limits.stated_seconds(scaling) == pytest.approx(scaling.seconds() + replicates)
    asked = {"target": "bootstrap", "inputs": {"replicates": {"low": 1, "high": 100_000}}, "samples": 64}
    sobol = prepare(registry.study("sobol").spec_type.parse(asked))
    assert limits.stated_seconds(sobol) == pytest.approx(3 * 64 * replicates)


def kept(store: Store, key: str, age: float, state: str = "done", files: dict[str, str] | None = None) -> Path:
    """A run of about 400 kB that was last written some seconds ago."""
    noise = pl.DataFrame({"noise": list(os.urandom(400_000))}, schema={"noise": pl.UInt8})
    store.save_spec(key, {"files": files or {}})
    store.save_status(key, Status(state, heartbeat=time.time()))  # type: ignore[arg-type]
    store.save_result(Result("npv", {}, {"noise": noise}, key=key))
    folder = Path(store.root) / "runs" / key
    aged(folder, age)
    return folder


def aged(folder: Path, age: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - age, time.time() - age))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_quota_removes_what_was_used_longest_ago(cloud: Store) -> None:
    oldest, older, newer = (kept(cloud, key, OLD * age) for key, age in (("a", 3), ("b", 2), ("c", 1)))
    assert size(Path(cloud.root)) > MIB
    assert quota.enforce(cloud) == [oldest]
    assert not oldest.exists()
    assert cloud.result("b") is not None
    assert newer.exists()
    assert older.exists()
    assert size(Path(cloud.root)) <= MIB
    assert quota.enforce(cloud) == []


def test_the_quota_spares_what_runs_waits_or_is_looked_at(cloud: Store) -> None:
    runs = [kept(cloud, "a", OLD * 4, "running"), kept(cloud, "b", OLD * 3, "waiting"), kept(cloud, "c", OLD * 2)]
    gone = kept(cloud, "d", OLD)
    quota.look(cloud, "c")
    assert quota.enforce(cloud) == [gone]
    assert all(folder.exists() for folder in runs)


def test_uploads_count_and_go_unless_a_run_asks_about_them(cloud: Store) -> None:
    uploads = [settings().home / "uploads" / (letter * 64) / "own.csv" for letter in "ab"]
    for path in uploads:
        path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(400_000))
        aged(path.parent, OLD)
    kept(cloud, "c", OLD / 2, "running", {"scaling": str(uploads[0])})
    assert quota.enforce(cloud) == [uploads[1].parent]


def test_every_finished_run_keeps_the_quota(cloud: Store) -> None:
    old = [kept(cloud, key, OLD) for key in "abc"]
    client.run(read(GRID % 3))
    assert sum(folder.exists() for folder in old) == 2


def test_a_laptop_has_no_quota(cloud: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [kept(cloud, key, OLD) for key in "abc"]
    monkeypatch.delenv("WORKBENCH_STORE_MB")
    monkeypatch.setenv("WORKBENCH_MODE", "laptop")
    settings.cache_clear()
    assert quota.enforce(cloud) == []
    assert all(folder.exists() for folder in old)


def table(factor: float) -> bytes:
    """A scaling table of a visitor's own."""
    rows = [
        f"model {i},lab {i % 5},{2015 + i % 9}-01-01,{10 ** (7 + i / 4)},{factor * 10 ** (18 + i / 3)}"
        for i in range(30)
    ]
    return ("model,organization,publication_date,parameters,training_compute_flop\n" + "\n".join(rows)).encode()


def test_visitors_files_and_their_runs_stay_apart(cloud: Store) -> None:
    """Runs are found by a key that holds the file's content alone; nobody can list or guess either."""
    spec = registry.study("bootstrap").spec_type.parse({"replicates": 200})
    paths = [client.keep_upload("scaling", "mine.csv", table(factor)) for factor in (1.0, 2.0)]
    keys = [client.key(spec, files={"scaling": path}) for path in paths]
    assert len({*keys, client.key(spec)}) == 3
    assert len({Path(path).parent.name for path in paths}) == 2
    assert all(len(Path(path).parent.name) == 64 and Path(path).name == "mine.csv" for path in paths)
    assert all(Path(path).parents[1].stat().st_mode & 0o077 == 0 for path in paths)
    client.run(spec, files={"scaling": paths[0]})
    assert client.find(spec, files={"scaling": paths[1]}) is None
    assert client.find(spec) is None


def test_a_vintage_of_a_visitors_own_is_refused(cloud: Store) -> None:
    with pytest.raises(TableError, match="every visitor would see them"):
        client.import_files({"mine.csv": table(1.0)}, "mine")
    assert client.vintages() == (client.bundled_vintage,)


def test_pages_have_no_way_to_list_the_store() -> None:
    views = Path(__file__).resolve().parents[2] / "views"
    for path in views.rglob("*.py"):
        for word in ("run_keys", "cli_runs", "store_root", "glob("):
            assert word not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("key", ["../../etc", "a" * 63, "A" * 64, "", "0" * 64])
def test_a_made_up_key_finds_no_sweep(cloud: Store, key: str) -> None:
    assert client.asked_sweep(key) is None


def test_memory_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the kernel's own count of this process, to 10 MiB: allocations between two looks are allowed for."""
    monkeypatch.setattr(memory, "descendants", list)
    lines = Path("/proc/self/status").read_text().splitlines()
    kernel = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))
    assert memory.resident_mb() == pytest.approx(kernel, abs=10)
    assert memory.peak_mb() >= memory.resident_mb() - 1


def test_memory_counts_processes_that_were_started() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert child.pid in memory.descendants()
    finally:
        child.kill()
        child.wait()
    assert child.pid not in memory.descendants()
