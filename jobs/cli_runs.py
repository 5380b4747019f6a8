"""`python -m jobs runs ls|show|verify|cancel|export|rm`: what the store holds."""

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from cyclopts import App, Parameter

from engine.result import Result, jsonable
from engine.spec import SpecError
from jobs import client
from jobs.comparison import compared
from jobs.contract import contract
from jobs.execute import execute
from jobs.question import Question, from_record
from jobs.runner import RunnerName, named
from jobs.settings import settings
from jobs.store import UNDER_WAY, Store, write_atomically

Root = Annotated[str, Parameter(name="--store", help="directory or URL of the run store")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="print one JSON object")]
TOLERANCE = 1e-9
SHOWN = 5
MEANING = {
    "same": "the same hash",
    "close": f"another hash, but every figure within {TOLERANCE:g} of its column: another type of processor",
    "different": f"some figure further off than {TOLERANCE:g} of its column",
}


def runs_app() -> App:
    """Commands on stored runs; a key may be shortened to letters that no other run begins with."""
    app = App(name="runs", help="Stored runs: list, show, verify, cancel, export, remove.")
    commands: dict[str, Callable[..., None]] = {
        "ls": ls,
        "show": show,
        "verify": verify,
        "cancel": cancel,
        "export": export,
        "rm": rm,
    }
    for name, command in commands.items():
        app.command(command, name=name)
    return app


def ls(*, store: Root = "", json: Json = False) -> None:
    """Every run: key, study, preset, state, chunks, and when it was last alive."""
    kept = client.store(store)
    _print_rows([_row(kept, key) for key in kept.run_keys()], json)


def show(key: str, *, store: Root = "", json: Json = False) -> None:
    """The result of a run, or where it stands."""
    kept = client.store(store)
    whole = _whole_key(kept, key)
    result = kept.result(whole)
    if result is None:
        _print_rows([_row(kept, whole)], json)
    elif json:
        print(_json(contract(result, result.spec.get("preset"), from_store=True)))
    else:
        _print_rows([{"figure": n, "value": str(v)} for n, v in jsonable(result.summary).items()], False)


def verify(key: str, *, runner: RunnerName = "auto", store: Root = "", json: Json = False) -> None:
    """Run a stored question again, apart from the store, and compare: the same hash, else figure by figure."""
    kept = client.store(store)
    whole = _whole_key(kept, key)
    record, stored = kept.spec(whole), kept.result(whole)
    if record is None or stored is None:
        raise SpecError(f"Run {whole[:12]} has no result to verify.")
    question = from_record(record)
    if question.key != whole:
        raise SpecError(f"The data or the engine changed since run {whole[:12]}; it can't be verified any more.")
    if settings().jobs_address and named(runner, question) == "ray":
        raise SpecError("A run can't be verified through a cluster's Jobs API; name --runner inline or pool.")
    row = _compared(question, stored, kept.root, runner)
    print(_json({"runs": [row]}) if json else f"Run {whole[:12]} again: {row['meaning']} ({row['figures']:,} figures).")
    if row["verdict"] == "different":
        raise SpecError(
            f"Run {whole[:12]} gives another result now: {row['differing']}. The stored one is as it was; "
            "`--fresh` on the command that asked for it replaces it."
        )


def _compared(question: Question, stored: Result, root: str, runner: RunnerName) -> dict[str, Any]:
    """One row: key, verdict (same, close, different), figures, the names of those that differ, and both hashes."""
    with tempfile.TemporaryDirectory() as scratch:
        again = execute(question, Store(scratch), runner).result
        sides = [replace(one, tables=_tables(one, where)) for one, where in ((stored, root), (again, scratch))]
    (row,) = compared({question.key: sides[0]}, {question.key: sides[1]}, TOLERANCE).to_dicts()
    differing = row["differing"]
    return {
        "key": question.key,
        "verdict": row["verdict"],
        "meaning": MEANING[row["verdict"]],
        "figures": row["figures"],
        "differing": ", ".join(differing[:SHOWN]) + (f" and {len(differing) - SHOWN} more" * (len(differing) > SHOWN)),
        "stored": stored.sha256(),
        "again": again.sha256(),
    }


def cancel(key: str, *, store: Root = "") -> None:
    """Ask a run that is under way or waits to stop; its finished parts are kept, and asking for it again goes on."""
    kept = client.store(store)
    whole = _whole_key(kept, key)
    status = kept.status(whole)
    if status is None or status.state not in UNDER_WAY:
        raise SpecError(
            f"Run {whole[:12]} is {status.state if status else 'not under way'}; there is nothing to cancel."
        )
    client.cancel(whole, store)
    print(f"asked {whole} to stop; its finished parts are kept")


def export(key: str, *, out: Path, store: Root = "") -> None:
    """Write a run's contract as JSON and its tables as Parquet to a new folder."""
    kept = client.store(store)
    whole = _whole_key(kept, key)
    result = kept.result(whole)
    if result is None:
        raise SpecError(f"Run {whole[:12]} has no result to export.")
    if out.exists():
        raise SpecError(f"{out} exists already; name a new folder.")
    tables = _tables(result, store)
    write_atomically(out / "result.json", _json(contract(result, result.spec.get("preset"), from_store=True)).encode())
    for name, frame in tables.items():
        frame.write_parquet(out / f"{name}.parquet")
    print(f"{out}: result.json and {len(tables)} tables")


def rm(key: str, *, store: Root = "") -> None:
    """Delete a run that is not under way."""
    kept = client.store(store)
    whole = _whole_key(kept, key)
    status = kept.status(whole)
    if status is not None and status.state == "running":
        raise SpecError(f"Run {whole[:12]} is under way; cancel it first.")
    kept.remove(whole)
    print(f"removed {whole}")


def _tables(result: Result, root: str) -> dict[str, pl.DataFrame]:
    chunks = client.points(result.key, root) if "chunks" in result.tables else None
    return {**result.tables, **({"points": chunks} if chunks is not None else {})}


def _whole_key(kept: Store, start: str) -> str:
    found = [key for key in kept.run_keys() if key.startswith(start)]
    if len(found) != 1:
        raise SpecError(f"{len(found)} runs in {kept.root} begin with '{start}'; `runs ls` lists them.")
    return found[0]


def _row(kept: Store, key: str) -> dict[str, Any]:
    record, status = kept.spec(key) or {}, kept.status(key)
    alive = dt.datetime.fromtimestamp(status.heartbeat, dt.UTC).isoformat(timespec="seconds") if status else None
    return {
        "key": key,
        "study": record.get("study"),
        "preset": record.get("spec", {}).get("preset"),
        "state": status.state if status else "stored",
        "done": status.done if status else None,
        "total": status.total if status else None,
        "alive": alive,
        "message": status.message if status else "",
    }


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(_json({"runs": rows}))
        return
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print("The store is empty.")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*("" if v is None else str(v)[:20] if k == "key" else str(v) for k, v in row.items()))
    Console().print(table)
