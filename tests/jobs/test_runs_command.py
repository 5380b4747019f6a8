"""`python -m jobs runs ...`: what the store holds is listed, shown, run again, taken out and removed."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jobs.cli import main
from jobs.store import Status, Store

SWEEP = "study: npv\nbase: {n_paths: 1000}\ndesign:\n  kind: grid\n  axes: {sigma: {low: 0.5, high: 1.5, n: 4}}\n"


class Shell:
    """Commands on a store of its own: exit code, standard output, standard error."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store, self._root, self._capsys = Store(str(root)), str(root), capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--store", self._root])
        return code, *self._capsys.readouterr()

    def json(self, *arguments: str) -> dict[str, Any]:
        return dict(json.loads(self(*arguments, "--json")[1]))


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "store", capsys)


@pytest.fixture
def npv(shell: Shell) -> str:
    """Key of a stored run of one study."""
    return str(shell.json("npv")["key"])


@pytest.fixture
def sweep(shell: Shell, tmp_path: Path) -> str:
    """Key of a stored sweep of four points."""
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    return str(shell.json("sweep", str(tmp_path / "sweep.yaml"))["key"])


def test_an_empty_store_says_so(shell: Shell) -> None:
    assert shell("runs", "ls") == (0, "The store is empty.\n", "")


def test_every_run_is_listed(shell: Shell, npv: str, sweep: str) -> None:
    rows = {row["key"]: row for row in shell.json("runs", "ls")["runs"]}
    assert {npv, sweep} <= set(rows)
    assert (rows[npv]["study"], rows[npv]["preset"], rows[npv]["state"]) == ("npv", "corrected", "done")
    assert rows[sweep]["study"] == "sweep"


def test_a_shortened_key_shows_the_whole_result(shell: Shell, npv: str) -> None:
    answer, shown = shell.json("npv"), shell.json("runs", "show", npv[:10])
    assert shown == answer


def test_a_run_without_a_result_shows_where_it_stands(shell: Shell, npv: str) -> None:
    key = "f" * 64
    shell.store.save_spec(key, shell.store.spec(npv) or {})
    shell.store.save_status(key, Status("failed", 1, 3, "The power went.", heartbeat=1.0))
    (row,) = shell.json("runs", "show", key)["runs"]
    assert (row["state"], row["done"], row["total"], row["message"]) == ("failed", 1, 3, "The power went.")
    assert shell("runs", "verify", key)[0] == 2


@pytest.mark.parametrize("asked", ["npv", "sweep"])
def test_a_run_that_is_run_again_is_the_same(shell: Shell, asked: str, request: pytest.FixtureRequest) -> None:
    key = request.getfixturevalue(asked)
    (row,) = shell.json("runs", "verify", key)["runs"]
    assert (row["verdict"], row["differing"], row["meaning"]) == ("same", "", "the same hash")
    assert row["stored"] == row["again"] == shell.json("runs", "show", key)["summary"]["result_sha256"]
    assert row["figures"] > 5


@pytest.mark.parametrize(("by", "code", "verdict"), [(1e-12, 0, "close"), (1e-6, 2, "different")])
def test_another_processor_may_differ_within_the_tolerance(
    shell: Shell, npv: str, by: float, code: int, verdict: str
) -> None:
    """A stored result whose figure is off by so much; it stays as it is, and the figure is named."""
    stored = shell.store.result(npv)
    assert stored is not None
    figure = next(name for name, value in stored.summary.items() if isinstance(value, float) and value > 1)
    other = replace(stored, summary={**stored.summary, figure: stored.summary[figure] * (1 + by)})
    shell.store.save_result(other)
    ended, out, err = shell("runs", "verify", npv, "--json")
    (row,) = json.loads(out)["runs"]
    assert (ended, row["verdict"], row["differing"]) == (code, verdict, f"summary {figure}" * (code == 2))
    assert (f"gives another result now: summary {figure}." in err) == (code == 2)
    kept = shell.store.result(npv)
    assert kept is not None
    assert kept.sha256() == other.sha256()


def test_a_sweep_s_points_are_compared_one_by_one(shell: Shell, sweep: str) -> None:
    whole = shell.store.chunk(sweep, 0)
    assert whole is not None
    shell.store.save_chunk(sweep, 0, whole.with_columns(sigma=pl.col("sigma") * 2))
    code, _, err = shell("runs", "verify", sweep)
    assert code == 2
    assert "points sigma[0]" in err


def test_a_run_is_exported_whole_and_never_over_something(shell: Shell, sweep: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert shell("runs", "export", sweep, "--out", str(out))[0] == 0
    assert json.loads((out / "result.json").read_text(encoding="utf-8"))["key"] == sweep
    assert pl.read_parquet(out / "points.parquet")["sigma"].to_list() == pytest.approx([0.5, 5 / 6, 7 / 6, 1.5])
    code, _, err = shell("runs", "export", sweep, "--out", str(out))
    assert (code, err.count("\n")) == (2, 1)
    assert "exists already" in err


def test_a_run_under_way_stays_and_a_done_one_is_removed(shell: Shell, npv: str) -> None:
    done = shell.store.status(npv)
    assert done is not None
    shell.store.save_status(npv, replace(done, state="running", heartbeat=time.time()))
    code, _, err = shell("runs", "rm", npv)
    assert (code, "is under way; cancel it first" in err) == (2, True)
    shell.store.save_status(npv, done)
    assert shell("runs", "rm", npv[:8])[1] == f"removed {npv}\n"
    assert npv not in shell.store.run_keys()


def test_a_run_under_way_is_asked_to_stop_and_no_other(shell: Shell, npv: str) -> None:
    done = shell.store.status(npv)
    assert done is not None
    code, _, err = shell("runs", "cancel", npv)
    assert (code, "is done; there is nothing to cancel" in err) == (2, True)
    shell.store.save_status(npv, replace(done, state="running", heartbeat=time.time()))
    assert shell("runs", "cancel", npv) == (0, f"asked {npv} to stop; its finished parts are kept\n", "")
    assert shell.store.cancel_requested(npv)


@pytest.mark.parametrize("command", ["show", "verify", "cancel", "rm"])
def test_an_unknown_key_is_one_sentence(shell: Shell, command: str) -> None:
    code, out, err = shell("runs", command, "abc")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "0 runs in" in err
    assert "`runs ls` lists them" in err


def test_a_run_of_an_older_engine_can_t_be_verified(shell: Shell, npv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.study.Study.version", lambda study: "another")
    code, _, err = shell("runs", "verify", npv)
    assert (code, err.count("\n")) == (2, 1)
    assert "the engine changed" in err
