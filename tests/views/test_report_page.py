"""The report page: before a run, a small report with its checks, figures, tables and package, bad files, and a run's
states."""

import io
import shlex
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine.report import ReportSpec
from engine.result import Result
from engine.spec import SpecError
from jobs import client
from jobs.cli import main
from jobs.config_file import MAX_BYTES, Config
from jobs.execute import execute
from jobs.question import prepare
from jobs.report import How, gather
from jobs.report.inputs import synthetic_files
from jobs.report.layout import FIGURES, TABLES
from jobs.report.package import write_package
from jobs.report.texts import executive_summary
from jobs.settings import settings
from jobs.store import Status
from tests.jobs.report_cases import CONFIGS
from tests.views import opening
from tests.views.opening import written
from views._report import asking, previews, running, status

SMALL = {"replicates": 100, "diffusion_replicates": 100, "imputations": 0, "n_paths": 5000}
FLAGS = tuple(part for name, value in SMALL.items() for part in (f"--{name.replace('_', '-')}", str(value)))
VINTAGE = "2025-10"
RUNS = 21


def opened(**url: Any) -> AppTest:
    app = opening.opened("views/report.py", **url)
    assert not app.exception
    return app


def button(app: AppTest, start: str) -> Any:
    (found,) = [each for each in app.button if each.label.startswith(start)]
    return found


def question(**fields: Any) -> client.ReportQuestion:
    return client.report_question(ReportSpec.parse({**SMALL, **fields}), VINTAGE, {})


@pytest.fixture(scope="module")
def material(home: Path) -> client.ReportMaterial:
    """A report of few draws that has been made."""
    execute(question(), client.store(), "inline")
    found = client.report_material(question(), client.ReportConfig())
    assert found is not None
    return found


def test_before_a_run_the_page_says_what_it_takes_and_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(client, "start_report", lambda asked: started.append(asked.key))
    app = opened(seed=7)
    assert app.title[0].value == "Report"
    assert f"This report has not been made yet. It stands on {RUNS} runs, " in written(app)
    assert not any("Status: " in header.value for header in app.header)
    assert app.code[0].value == "python -m jobs report --seed 7 --preset both"
    assert started == []
    button(app, "Make the report (about ").click().run()
    assert not app.exception
    assert started == [client.report_question(ReportSpec(seed=7), VINTAGE, {}).key]
    (bar,) = app.get("progress")
    assert f" of {RUNS + 1} runs are done. " in bar.proto.text


def test_an_amber_report_says_why_up_front_and_every_check_has_evidence(material: client.ReportMaterial) -> None:
    app = opened(**SMALL)
    text, checks = written(app), material.result.tables["checks"]
    assert "Status: amber" in [header.value for header in app.header]
    assert status.meaning(material.result.summary) in text
    assert app.query_params["run"] == material.result.key
    for row in checks.filter(pl.col("status") == "amber").iter_rows(named=True):
        assert row["name"].rpartition(": ")[2] in text
    assert "<td>amber</td><td>Lags as printed</td>" in text
    assert "give it with --pairs FILE." in text
    assert all(checks["evidence"])
    assert app.code[0].value == f"python -m jobs report {' '.join(FLAGS)} --preset both"


@pytest.mark.parametrize("view", ["Summary", "Tables", "Runs"])
def test_summary_tables_and_runs_are_shown(material: client.ReportMaterial, view: str) -> None:
    app = opened(**SMALL, report_view=view)
    text = written(app)
    if view == "Tables":
        titles = [header.value for header in app.subheader]
        assert len(titles) == len(TABLES)
        assert all(shown.startswith(table.title) for shown, table in zip(titles, TABLES, strict=True))
        assert "Nothing to show in this version." not in text
    if view == "Runs":
        links = {link.proto.label for link in app.get("page_link")}
        assert {f"**{name}, run {run.key[:10]}**" for name, run in material.runs.items()} <= links
    if view == "Summary":
        assert str(material.result.summary["finding"]) in text


@pytest.mark.parametrize("version", ["corrected", "published"])
def test_every_figure_of_a_version_is_drawn(material: client.ReportMaterial, version: str) -> None:
    app = opened(**SMALL, report_view="Figures", figure_version=version)
    text = written(app)
    plan = [picture for picture in client.report_pictures(material) if picture["preset"] == version]
    assert len(plan) == len(FIGURES)
    for picture in plan:
        assert picture["name"] in text
        assert picture["caption"] in text
    assert len(app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")) == len(previews.alike(plan))


def test_a_printed_figure_and_a_table_can_be_taken_away(material: client.ReportMaterial) -> None:
    picture = next(p for p in client.report_pictures(material) if p["name"].startswith("Figure_6"))
    assert previews._printed(picture, "png").startswith(b"\x89PNG")
    stem, title, frame, caption = client.report_tables(material)[0]
    assert stem == "Table_01_Summary_Statistics"
    assert "\\begin{tabular" in client.table_forms(frame, title, caption)["tex"]


def test_the_package_is_the_command_s_to_the_byte(material: client.ReportMaterial, tmp_path: Path) -> None:
    spec = ReportSpec.parse({**SMALL, "versions": "both"})
    answer, commanded = gather(spec, Config(), None, {}, How(client.store()))
    assert answer.result.key == material.result.key
    write_package(commanded, tmp_path / "written")
    made = client.report_package(material)
    assert made == (tmp_path / "written" / "replication_package.zip").read_bytes()
    assert client.report_summary(material) == executive_summary(commanded)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(tmp_path / "package")
    command = [sys.executable, "verify.py", "--hashes"]
    done = subprocess.run(command, cwd=tmp_path / "package", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Every file is as it was packed.\n")


@pytest.mark.parametrize(
    ("worst", "words"),
    [
        ("green", "Green: every check holds."),
        ("amber", "Amber: no check found a wrong figure, but 2 of 13 want a look before figures are relied on."),
        ("red", "Red: 1 of 13 checks found a wrong figure, and 2 more want a look."),
    ],
)
def test_a_status_in_words(worst: str, words: str) -> None:
    counts = {"checks_green": 10 + (worst == "amber"), "checks_amber": 2, "checks_red": int(worst == "red")}
    assert status.meaning({"status": worst, **counts}) == words


def test_reasons_are_grouped_by_subject_red_ones_first() -> None:
    rows = [("Scaling: RESET", "amber"), ("Lags as printed", "red"), ("Scaling: size", "amber"), ("Fine", "green")]
    assert status.why(pl.DataFrame(rows, schema=["name", "status"], orient="row")) == [
        "**Inputs and published figures**, 1 red: Lags as printed.",
        "**Scaling**, 2 amber: RESET; size.",
    ]


def test_a_run_s_page_is_asked_the_same(material: client.ReportMaterial) -> None:
    run = material.runs["scaling/published"]
    assert status.page_of("cost/published") == "views/scaling.py"
    assert status.page_of("export-controls/corrected") == "views/export_controls.py"
    asked = status.address(run, VINTAGE)
    assert asked == {"replicates": "100", "preset": "published", "vintage": VINTAGE}


def with_config(text: bytes, name: str = "mine.yaml") -> AppTest:
    app = opened(**SMALL)
    (uploader,) = [each for each in app.get("file_uploader") if each.label == "Configuration (YAML)"]
    uploader.set_value((name, text, "application/yaml")).run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"- a\n- b\n", "mine.yaml must be keys and values"),
        (b"a: &x [1]\nb: *x\n", "mine.yaml is not plain YAML (aliases are not allowed"),
        (b"a: !!python/object/apply:os.system [ls]\n", "mine.yaml is not plain YAML"),
        (b"diffusion_spec: {window_months: -3}\n", "mine.yaml: diffusion_spec.window_months can't be"),
        (b"\xff\xfe\x00", "mine.yaml can't be read"),
        (b"#" * (MAX_BYTES + 1), "mine.yaml is larger than 1,024 KiB"),
    ],
)
def test_a_bad_configuration_is_one_sentence_and_nothing_is_asked(text: bytes, words: str) -> None:
    app = with_config(text)
    (told,) = [error.value for error in app.error]
    assert told.startswith(words)
    assert "\n" not in told
    assert len(app.code) == 0


def test_a_configuration_fills_the_form_and_its_unused_keys_are_listed() -> None:
    app = with_config((CONFIGS / "readme.yaml").read_bytes(), "readme.yaml")
    text = written(app)
    assert app.number_input(key="n_paths").value == 10_000
    assert "readme.yaml: paths.scaling_data is unused: it names a file of another machine" in text
    assert app.code[0].value.startswith("python -m jobs report readme.yaml --seed ")
    assert "--n-paths 10000" in app.code[0].value


def test_a_configuration_opens_no_file_of_this_machine() -> None:
    config = client.report_config("mine.yaml", b"paths:\n  scaling_data: /etc/hostname\n")
    assert config.files == {}
    assert "choose the file beside the configuration" in config.notes[0]


def asked_by(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ReportSpec:
    """What a command asks, run in a folder of its own up to where the work would begin."""
    asked: list[ReportSpec] = []

    def stop(out: Path, spec: ReportSpec, *rest: object) -> None:
        asked.append(spec)
        raise SpecError("That is enough.")

    monkeypatch.setattr("jobs.cli_report.make_report", stop)
    monkeypatch.chdir(folder)
    assert main(shlex.split(command)[3:]) == 2
    (spec,) = asked
    return spec


def test_the_command_with_a_configuration_asks_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"investment_spec:\n  horizon_months: 60\n"
    (tmp_path / "my own.yaml").write_bytes(text)
    config = client.report_config("my own.yaml", text)
    spec = ReportSpec.parse({**SMALL, **config.fields, "versions": "corrected"})
    command = asking.Asked(spec, VINTAGE, config, "my own.yaml").command
    assert asked_by(command, tmp_path, monkeypatch) == spec


def test_synthetic_data_are_marked_and_asked_by_the_smoke_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ReportSpec.parse({**SMALL, "versions": "corrected", "synthetic": True})
    question = client.report_question(spec, VINTAGE, {})
    with monkeypatch.context() as patch:
        assert asked_by(client.command(question.spec, VINTAGE, question.files), tmp_path, patch) == spec
    assert question.key == prepare(spec.changed(pairs=True), None, synthetic_files(spec.seed, tmp_path)).key
    execute(question, client.store(), "inline")
    app = opened(**SMALL, versions="corrected", synthetic="true")
    assert any(error.value.startswith("SYNTHETIC") for error in app.error)


def parts(*states: str, heartbeat: float | None = None) -> list[client.ReportPart]:
    beat = time.time() if heartbeat is None else heartbeat
    kinds: list[Any] = [
        Status(state, 3, 12, heartbeat=beat + place / 100) if state else None  # type: ignore[arg-type]
        for place, state in enumerate(states)
    ]
    return [client.ReportPart(f"run {place}", f"{place}", kind) for place, kind in enumerate(kinds)]


def test_progress_counts_runs_and_the_parts_of_the_one_under_way() -> None:
    found = parts("done", "running", "", "")
    assert running.share(found) == (1 + 3 / 12) / 4
    assert running.told(found) == "1 of 4 runs are done. run 1: 3 of 12 parts."
    assert running.told(parts("done", "", "waiting")).startswith("Waiting for its turn.")


@pytest.mark.parametrize(
    ("states", "going"),
    [
        (("done", "running", ""), True),
        (("done", "", "running"), True),
        (("done", "", ""), False),
        (("done", "cancelled", ""), False),
        (("done", "", "waiting"), True),
        (("", "", ""), False),
    ],
)
def test_a_report_is_alive_while_one_of_its_runs_is(states: tuple[str, ...], going: bool) -> None:
    assert running.alive(parts(*states)) is going


@pytest.mark.parametrize(
    ("states", "named"),
    [
        (("done", "lost", "cancelled"), ["run 2"]),
        (("failed", "", "failed"), ["run 0", "run 2"]),
        (("failed", "lost", "lost"), ["run 0"]),
        (("done", "", ""), []),
    ],
)
def test_of_runs_that_ended_early_those_are_told_that_say_why(states: tuple[str, ...], named: list[str]) -> None:
    assert [name for name, _ in running.ended(parts(*states))] == named


def test_runs_of_other_pages_are_no_report_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "report_parts", lambda asked: parts("done", "running", ""))
    assert button(opened(seed=10), "Make the report (about ").label


@pytest.mark.parametrize(
    ("states", "stopped"),
    [
        (("done", "running", "running"), ["whole"]),
        (("done", "running", "done"), ["1"]),
        (("done", "", "running"), ["whole"]),
    ],
)
def test_a_report_under_way_is_seen_by_whoever_comes_and_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], stopped: list[str]
) -> None:
    """The report itself, also between two of its runs; of one that is there and lacks some of its runs, those."""
    cancelled: list[str] = []

    def found(asked: client.ReportQuestion) -> list[client.ReportPart]:
        *runs, whole = parts(*states)
        return [*runs, replace(whole, key=asked.key)]

    monkeypatch.setattr(client, "report_parts", found)
    monkeypatch.setattr(client, "report_asked_for", lambda asked: True)
    monkeypatch.setattr(client, "cancel", cancelled.append)
    app = opened(seed=8)
    assert not [each for each in app.button if each.label.startswith("Make")]
    button(app, "Cancel the run").click().run()
    assert [key if len(key) == 1 else "whole" for key in cancelled] == stopped


@pytest.mark.parametrize("state", ["failed", "cancelled", "lost"])
def test_a_report_that_ended_early_says_which_run_and_goes_on(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    stopped = Status(state, 3, 12, "The power went.", heartbeat=time.time())  # type: ignore[arg-type]
    found = [replace(part, status=stopped) for part in parts("running")] + parts("")
    monkeypatch.setattr(client, "report_parts", lambda asked: found)
    app = opened(seed=9)
    assert app.warning[0].value == f"The run run 0 is {state}. The power went."
    assert button(app, "Go on (about ").label


def test_runs_that_were_removed_are_asked_again(
    material: client.ReportMaterial, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: Any = client.store().result
    gone = material.runs["welfare/corrected"].key
    submitted: list[str] = []

    def result(key: str) -> Result | None:
        return None if key == gone else stored(key)

    monkeypatch.setattr(client.store(), "result", result)
    monkeypatch.setattr("jobs.submit.submit", lambda asked, store, runner="auto": submitted.append(asked.key))
    assert client.report_material(question(), client.ReportConfig()) is None
    client.start_report(question())
    assert submitted == [gone]


def test_a_limit_of_a_shared_machine_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_MODE", "cloud")
    settings.cache_clear()
    try:
        app = opened(**{**SMALL, "n_paths": 30_000_000})
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert "at most 20,000,000 paths" in app.error[0].value
    assert "python -m jobs report --replicates 100" in app.error[0].value
