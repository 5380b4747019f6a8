"""The command line, made from the specs: `python -m jobs STUDY [flags] --json`."""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter

from engine import registry
from engine.result import Result, difference, jsonable
from engine.spec import PRESETS, Spec, SpecError
from jobs import client
from jobs.cli_data import data_app
from jobs.cli_report import OUT, report
from jobs.cli_runs import runs_app
from jobs.contract import contract, streamed
from jobs.execute import Answer, Cancelled
from jobs.runner import RunnerName
from jobs.store import Status
from jobs.sweep_file import read_sweep
from jobs.tasks import RunError

_INPUTS, _RUN, _SPEC = "Inputs", "Run", "Question"
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


def main(arguments: list[str]) -> int:
    """Run a command line; 0 when it worked, 2 for bad input, 1 for anything else that went wrong."""
    try:
        _app(arguments)(arguments, exit_on_error=False, print_error=False, result_action="return_none")
    except client.BAD_INPUT as error:
        return _complain(str(error), 2)
    except CycloptsError as error:
        return _complain(str(error), 2)
    except Cancelled as error:
        return _complain(f"The run was cancelled: {error}", 1)
    except RunError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return _complain("Stopped; finished chunks are kept, and the same command goes on from them.", 1)
    except Exception as error:
        return _complain(f"{type(error).__name__}: {error}", 1)
    return 0


def _complain(message: str, code: int) -> int:
    print(" ".join(message.split()), file=sys.stderr)
    return code


def _app(arguments: list[str]) -> App:
    app = App(name="jobs", help="Studies of the economics of frontier AI.", version_flags=[])
    app.command(data_app())
    app.command(_run, name="run", show=False)
    asked = arguments[0] if arguments else ""
    if asked and not asked.startswith("-") and asked not in (*registry.names(), "data", "run", "runs"):
        registry.study(asked)
    app.command(runs_app())
    app.command(_sweep_command(), name="sweep", help="Ask a study at every point of a design.")
    app.command(report, name="report", help="Run the whole study and write its tree.")
    for name in (n for n in registry.names() if n not in ("sweep", "report")):
        fields = registry.study(name).spec_type.model_fields if name == asked else {}
        app.command(_command(name, fields), name=name, help=f"Ask the {name} study.")
    return app


def _command(name: str, fields: Mapping[str, Any]) -> Callable[..., None]:
    """A command whose flags are the common ones and the fields of the study's spec."""

    def command(**given: Any) -> None:
        chosen = {flag: value for flag, value in given.items() if value is not None}
        preset = chosen.pop("preset", "corrected")
        values = {field: chosen.pop(field) for field in fields if field in chosen}
        _ask(preset, _specs(name, preset, values), chosen)

    spec_flags = [_flag(field, str | None, _help(info), _SPEC) for field, info in fields.items() if field != "preset"]
    command.__signature__ = inspect.Signature([*_common_flags(), *spec_flags])  # type: ignore[attr-defined]
    return command


def _sweep_command() -> Callable[..., None]:
    """A command that reads a design from a file; it goes on from the chunks that are there."""

    def command(file: Path, **given: Any) -> None:
        spec = read_sweep(file)
        _ask(spec.preset, {spec.preset: spec}, {flag: value for flag, value in given.items() if value is not None})

    about = Annotated[Path, Parameter(help="YAML file with study, base and design")]
    positional = inspect.Parameter("file", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=about)
    resume = _flag("resume", bool | None, "go on from the chunks that are done (it always does)", _RUN)
    flags = [flag for flag in _common_flags() if flag.name != "preset"]
    command.__signature__ = inspect.Signature([positional, *flags, resume])  # type: ignore[attr-defined]
    return command


def _common_flags() -> list[inspect.Parameter]:
    presets = Literal["published", "corrected", "both"]
    files = [_flag(name, Path | None, f"your own {name} file, of any known vintage", _INPUTS) for name in client.FILES]
    return [
        _flag("preset", presets | None, "published, corrected, or both with their difference", _SPEC),
        *files,
        _flag("vintage", str | None, "data vintage; see `data status`", _INPUTS),
        _flag("runner", RunnerName | None, "who computes the chunks", _RUN),
        _flag("store", str | None, "directory or URL of the run store", _RUN),
        _flag("fresh", bool | None, "recompute, and compare with the stored result", _RUN),
        _flag("json", bool | None, "print one JSON object", _RUN),
    ]


def _flag(name: str, annotation: Any, text: str, group: str) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    about = Parameter(name=flag, help=text, group=group, negative=(), show_default=False)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[annotation, about])


def _help(info: Any) -> str:
    """Title, unit and description of a field, what it takes, and its default."""
    unit = (info.json_schema_extra or {}).get("unit")
    title = f"{info.title} ({unit})" if unit else str(info.title)
    about = f"{title}: {info.description}" if info.description else title
    facts = [_takes(info), "" if info.default is None else f"default: {info.default}"]
    return " ".join([about, *(f"[{fact}]" for fact in facts if fact)])


def _takes(info: Any) -> str:
    """A field's choices, or its bounds where it has some."""
    kinds = (info.annotation, *get_args(info.annotation))
    choices = (
        ["true", "false"] if bool in kinds else [c for k in kinds if get_origin(k) is Literal for c in get_args(k)]
    )
    words = f"choices: {', '.join(map(str, choices))}" if choices else _bounds(info.metadata, str in kinds)
    return f"{words}, or none" if words and type(None) in kinds else words


def _bounds(rules: Iterable[Any], text: bool) -> str:
    """Bounds in words, as a flag takes them: at least 1 and at most 1000000."""
    known = {**BOUNDS, "max_length": "at most {} letters"} if text else BOUNDS
    ends = [(word, getattr(rule, name, None)) for rule in rules for name, word in known.items()]
    return " and ".join(
        word.format(f"{end:g}" if isinstance(end, float) else end) for word, end in ends if end is not None
    )


def _specs(name: str, preset: str, given: Mapping[str, Any]) -> dict[str, Spec]:
    """The spec of each preset asked for."""
    spec_type = registry.study(name).spec_type
    wanted = PRESETS if preset == "both" else (preset,)
    return {one: spec_type.parse({**_values(given), "preset": one}) for one in wanted}


def _ask(preset: str, specs: Mapping[str, Spec], how: Mapping[str, Any]) -> None:
    files = {table: str(how[flag]) for flag, table in client.FILES.items() if flag in how}
    answers = {one: _answer(spec, files, how) for one, spec in specs.items()}
    shown = _with_difference(answers) if preset == "both" else answers[preset]
    if not how.get("json"):
        _print_summary(shown.result, from_store=shown.from_store)
    elif registry.study(shown.result.study).keeps_chunks:
        _print_with_points(shown, preset, how.get("store", ""))
    else:
        print(json.dumps(contract(shown.result, preset, from_store=shown.from_store), allow_nan=False))


def _print_with_points(shown: Answer, preset: str, root: str) -> None:
    """The points as they are read, for there may be a million."""
    result, digest = client.told(shown.result), shown.result.sha256()
    answer = contract(result, preset, from_store=shown.from_store, sha256=digest)
    sys.stdout.writelines(streamed(answer, "points", client.point_frames(result.key, root)))


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Flag values as typed; the word none stands for no value."""
    return {name: None if str(value).lower() == "none" else value for name, value in given.items()}


def _answer(spec: Spec, files: Mapping[str, str], how: Mapping[str, Any]) -> Answer:
    with _progress() as show:
        return client.answer(
            spec,
            how.get("vintage"),
            files,
            root=how.get("store", ""),
            runner=how.get("runner", "auto"),
            fresh=how.get("fresh", False),
            progress=show,
        )


def _with_difference(answers: Mapping[str, Answer]) -> Answer:
    published, corrected = answers["published"].result, answers["corrected"].result
    tables = {**corrected.tables, "difference": difference(published, corrected)}
    both = all(answer.from_store for answer in answers.values())
    return Answer(replace(corrected, tables=tables), both)


def _print_summary(result: Result, *, from_store: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("figure", "value", title=f"{result.study} ({result.spec.get('preset')})")
    for name, value in jsonable(result.summary).items():
        if name != "finding":
            table.add_row(name, str(value))
    console.print(table)
    console.print(str(result.summary.get("finding", "")))
    for warning in result.warnings:
        console.print(f"Note: {warning}", markup=False)
    console.print(f"Run {result.key[:12]}{' (from the store)' if from_store else ''}", markup=False)
    if registry.study(result.study).keeps_chunks:
        console.print(f"Its points: `runs export {result.key[:12]} --out FOLDER`, or --json.", markup=False)


@contextmanager
def _progress() -> Iterator[Callable[[Status], None]]:
    """A progress line on standard error while chunks are computed; nothing for a pipe."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("running", total=None)

        def show(status: Status) -> None:
            bar.update(task, completed=status.done, total=status.total or None, description=status.state)

        yield show


def _run(
    key: str = "", *, config: Path | None = None, out: Path = OUT, store: str = "", runner: RunnerName = "auto"
) -> None:
    """Run the study of a configuration (as `report` does), or a question recorded in the store, by its key."""
    if config is not None:
        report(config, out=out, store=store, runner=runner)
    elif key:
        client.run_recorded(key, store, runner)
    else:
        raise SpecError("Name a configuration with --config FILE, or the key of a recorded run.")
