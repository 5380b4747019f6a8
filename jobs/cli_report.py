"""`python -m jobs report [CONFIG.yaml] --out DIR`: the study by one command."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from engine.report import ReportSpec
from engine.spec import SpecError
from jobs import client
from jobs.config_file import Config, read_config
from jobs.contract import contract
from jobs.report import How, Made, Progress, make_report
from jobs.runner import RunnerName

Versions = Literal["published", "corrected", "both"]
OUT = Path("report")


def _file(name: str) -> Any:
    return Annotated[Path | None, Parameter(help=f"your own {name} file, of any known vintage", group="Inputs")]


def report(
    config: Annotated[Path | None, Parameter(help="the study's configuration (YAML)")] = None,
    *,
    out: Annotated[Path, Parameter(help="new or empty folder for the tree")] = OUT,
    preset: Annotated[Versions, Parameter(help="published, corrected, or both")] = "both",
    models: _file("models") = None,  # type: ignore[valid-type]
    interventions: _file("interventions") = None,  # type: ignore[valid-type]
    publications: _file("publications") = None,  # type: ignore[valid-type]
    hardware: _file("hardware") = None,  # type: ignore[valid-type]
    benchmarks: _file("benchmarks") = None,  # type: ignore[valid-type]
    table: _file("scaling table") = None,  # type: ignore[valid-type]
    pairs: _file("diffusion pairs") = None,  # type: ignore[valid-type]
    vintage: Annotated[str | None, Parameter(help="data vintage; see `data status`")] = None,
    seed: Annotated[str | None, Parameter(help="seed of every random draw")] = None,
    replicates: Annotated[str | None, Parameter(help="bootstrap replicates [default: 10000]")] = None,
    diffusion_replicates: Annotated[str | None, Parameter(help="of the diffusion study [default: 1000]")] = None,
    imputations: Annotated[str | None, Parameter(help="multiple imputations, 0 for none [default: 20]")] = None,
    n_paths: Annotated[str | None, Parameter(help="simulated paths [default: 1000000]")] = None,
    smoketest: Annotated[bool, Parameter(negative=(), help="synthetic data with known slopes")] = False,
    runner: Annotated[RunnerName, Parameter(help="who computes the chunks")] = "auto",
    store: Annotated[str, Parameter(help="directory or URL of the run store")] = "",
    fresh: Annotated[bool, Parameter(negative=(), help="recompute, and compare with the stored results")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), help="print one JSON object")] = False,
) -> None:
    """Run the whole study and write its tree: figures, tables, reports, models, logs and the replication package."""
    given = {
        "models": models,
        "interventions": interventions,
        "publications": publications,
        "hardware": hardware,
        "benchmark_scores": benchmarks,
        "scaling": table,
        "diffusion_pairs": pairs,
    }
    numbers = {
        "seed": seed,
        "replicates": replicates,
        "diffusion_replicates": diffusion_replicates,
        "imputations": imputations,
        "n_paths": n_paths,
    }
    read = read_config(config) if config else Config()
    spec = _spec(read, preset, numbers, smoketest)
    files = {name: path for name, path in given.items() if path is not None}
    with _progress() as show:
        how = How(client.store(store), runner, fresh, show)
        made = make_report(out, spec, read, vintage, files, how)
    _print(made, preset, as_json=as_json)


def _spec(config: Config, preset: Versions, numbers: Mapping[str, str | None], smoketest: bool) -> ReportSpec:
    """The question: the configuration's, with the flags on top."""
    typed = {name: value for name, value in numbers.items() if value is not None}
    asked = {**config.fields, **typed, "versions": preset}
    if smoketest:
        if config.files:
            raise SpecError("--smoketest draws its own data; leave paths out of the configuration, or the flag away.")
        asked["synthetic"] = True
    return ReportSpec.parse(asked)


def _print(made: Made, preset: str, *, as_json: bool) -> None:
    result, answer = made.shown(), made.answer
    if as_json:
        told = contract(result, preset, from_store=answer.from_store, sha256=answer.result.sha256())
        print(json.dumps({**told, "warnings": [*made.notes, *told["warnings"]]}, allow_nan=False))
        return
    for note in made.notes:
        print(f"Note: {note}")
    summary = result.summary
    print(
        f"{summary['out_dir']}: {summary['figures']} figures, {summary['tables']} tables, status {summary['status']}."
    )
    print(summary["finding"])
    for row in result.tables["checks"].iter_rows(named=True):
        if row["status"] != "green":
            print(f"{row['status']}: {row['name']}: {row['detail']}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on standard error, with the run that is under way; nothing for a pipe."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    live = sys.stderr.isatty()
    with Bar(console=Console(stderr=True), transient=True, disable=not live) as bar:
        task = bar.add_task("report", total=None)

        def show(told: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=told)

        yield show
