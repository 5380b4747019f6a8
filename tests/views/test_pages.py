"""Every page on the bundled tables, as a person would click through it, without a browser."""

import csv
import io
import time
from dataclasses import replace

import polars as pl
import pytest

from engine import registry
from jobs import client
from jobs.store import Status
from tests.views.opening import ROOT, opened, written
from views import _page, _results, content, efficiency, export_controls, provenance

STUDY_PAGES = {study: f"views/{study.replace('-', '_')}.py" for study in content.STUDIES}
DASHBOARDS = ["views/export_controls.py", "views/efficiency.py"]


def test_overview_shows_a_finding_a_study_and_every_section() -> None:
    findings = [client.run(registry.study(study).spec_type.parse({})).summary["finding"] for study in content.STUDIES]
    app = opened()
    assert not app.exception
    assert app.title[0].value == content.TITLE
    headings = [header.value for header in app.header]
    assert headings == ["Findings, corrected preset", *(h for h in content.sections() if h != "What this is")]
    text = written(app)
    for finding in findings:
        assert _page.escape(finding) in text
    assert "3,047 models" in text


def test_overview_has_long_runs_computed_outside_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(client, "seconds", lambda spec, vintage=None, files=None: 5.0)
    monkeypatch.setattr(client, "status", lambda key: None)
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: asked.append(spec.study))
    app = opened()
    assert not app.exception
    assert written(app).count("*Being computed.*") == len(content.STUDIES)
    assert asked == list(content.STUDIES)


@pytest.mark.parametrize(("study", "page"), STUDY_PAGES.items())
def test_study_page_shows_question_method_limits_finding_source_and_command(study: str, page: str) -> None:
    client.run(registry.study(study).spec_type.parse({}))
    app = opened(page)
    assert not app.exception
    assert not app.error
    text, about = written(app), content.STUDIES[study]
    assert app.title[0].value == about.title
    assert about.question in text
    assert about.method in text
    assert about.limits in text
    assert "Finding." in text or "No headline" in text
    assert "CC BY 4.0, retrieved 2025-10-20" in text
    assert "Vintage 2025-10, preset corrected, run " in text
    assert f"python -m jobs {study} --preset corrected" in app.code[0].value


@pytest.mark.parametrize("page", DASHBOARDS)
@pytest.mark.parametrize("preset", ["published", "both"])
def test_dashboards_in_the_other_presets(page: str, preset: str) -> None:
    app = opened(page, preset=preset)
    assert not app.exception
    assert "preset published" in written(app)
    headings = [header.value for header in app.header]
    assert ("Difference" in headings) == (preset == "both")
    assert len(app.code[0].value.splitlines()) == (2 if preset == "both" else 1)


def test_the_country_drives_the_dashboard() -> None:
    app = opened("views/export_controls.py", preset="published")
    box = app.selectbox(key="country")
    assert box.value == "United States"
    assert box.options == [
        "United States",
        "China",
        "Germany",
        "France",
        "United Kingdom",
        "Japan",
        "Spain",
        "All countries",
    ] or box.options[:5] == ["United States", "China", "Germany", "France", "United Kingdom"]
    app.selectbox(key="country").set_value("Spain").run()
    assert not app.exception
    assert any("No headline" in info.value for info in app.info)


def test_a_country_without_models_says_so() -> None:
    answer = _results.Answer(
        registry.study("export-controls").spec_type.parse({"preset": "published"}),
        "2025-10",
        client.run(registry.study("export-controls").spec_type.parse({"preset": "published"})),
    )
    assert export_controls.of_country(answer.result.tables["models"], "Freedonia").is_empty()
    app = opened("views/export_controls.py", preset="both")
    in_corrected_only = client.run(registry.study("export-controls").spec_type.parse({})).tables["countries"]["country"]
    extra = set(in_corrected_only) - set(answer.result.tables["countries"]["country"])
    app.selectbox(key="country").set_value(min(extra)).run()
    assert f"No model of {min(extra)} has every field this preset needs. Choose another country." in written(app)


@pytest.mark.parametrize(
    ("brush", "years"),
    [
        ((2020.5, 2025.5), (2021, 2025)),
        ((2013.2, 2017.4), (2014, 2017)),
        ((2016.2, 2016.7), (2016, 2016)),
        ((2005.0, 2012.5), (2011, 2012)),
        ((2025.6, 2031.0), (2025, 2025)),
    ],
)
def test_a_brush_covers_whole_years(brush: tuple[float, float], years: tuple[int, int]) -> None:
    assert efficiency.whole_years(brush, efficiency.SPAN) == years


def test_years_come_from_the_url_and_start_at_the_default() -> None:
    assert opened("views/efficiency.py").slider(key="years").value == (2021, 2025)


def test_bad_input_is_told_and_the_last_figures_stay() -> None:
    app = opened("views/npv.py")
    before = written(app)
    app.number_input(key="drop_low").set_value(0.9).run()
    assert not app.exception
    assert "drop_low 0.9 must not exceed drop_high 0.7" in app.error[0].value
    assert [line for line in before.splitlines() if "Finding." in line] == [
        line for line in written(app).splitlines() if "Finding." in line
    ]


def test_an_unknown_vintage_in_the_url_falls_back() -> None:
    app = opened(vintage="1999-01")
    assert not app.exception
    assert app.selectbox(key="vintage").value == "2025-10"


def test_a_long_run_is_offered_and_not_started_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(client, "seconds", lambda spec, vintage=None, files=None: 130.0)
    monkeypatch.setattr(client, "status", lambda key: None)
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: asked.append(spec.study))
    app = opened("views/diffusion.py")
    (button,) = [b for b in app.button if b.label == "Run this (about 2 min)"]
    assert asked == []
    button.click().run()
    assert asked == ["diffusion"]
    assert "run" in app.query_params


def test_a_run_under_way_shows_progress_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[str] = []
    status = Status("running", done=3, total=12, runner="pool")
    monkeypatch.setattr(client, "seconds", lambda spec, vintage=None, files=None: 130.0)
    monkeypatch.setattr(client, "status", lambda key: status)
    monkeypatch.setattr(client, "cancel", cancelled.append)
    app = opened("views/diffusion.py")
    (button,) = [b for b in app.button if b.label == "Cancel the run"]
    button.click().run()
    assert len(cancelled) == 1
    assert not app.exception


@pytest.mark.parametrize("state", ["failed", "cancelled", "lost"])
def test_a_run_that_ended_badly_says_so(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    status = Status(state, message="The power went.")  # type: ignore[arg-type]
    monkeypatch.setattr(client, "seconds", lambda spec, vintage=None, files=None: 130.0)
    monkeypatch.setattr(client, "status", lambda key: status)
    app = opened("views/diffusion.py")
    assert app.warning[0].value == f"The run is {state}. The power went."
    (again,) = [b for b in app.button if b.label.startswith("Run this")]
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: "")
    again.click().run()
    assert [bar.proto.text for bar in app.get("progress")] == ["Starting"]
    monkeypatch.setattr(client, "status", lambda key: replace(status, heartbeat=time.time()))
    app.run()
    assert app.warning[0].value == f"The run is {state}. The power went."


def test_provenance_previews_a_table_with_size_and_dates() -> None:
    app = opened("views/provenance.py")
    assert not app.exception
    text = written(app)
    assert "3,047 rows, " in text
    assert "from 1950-07-02 to 2025-10-18" in text
    assert len(app.dataframe[0].value) == provenance.PREVIEW_ROWS
    app.selectbox(key="table").set_value("publications").run()
    assert "years 2000 to 2025" in written(app)
    assert "group of countries (EU27)" in text


def test_import_without_files_is_told() -> None:
    app = opened("views/provenance.py")
    app.button[-1].click().run()
    assert app.error[0].value == "Choose at least one file and give the vintage a name."


def test_export_carries_its_source_and_reads_back() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [["x", "y"], []]})
    text = _page.csv(frame, "Source: somebody. Vintage 1.")
    assert text.startswith("# Source: somebody. Vintage 1.\n")
    assert list(csv.DictReader(io.StringIO(text.split("\n", 1)[1]))) == [{"a": "1", "b": "x; y"}, {"a": "2", "b": ""}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (1.23456, "1.235"), (123456, "123,456"), (2025, "2025"), (True, "True"), ("a|b $5", "a|b $5")],
)
def test_cells_are_short_and_safe(value: object, shown: str) -> None:
    assert _page.cell(value) == shown


def test_a_table_is_escaped_named_and_has_numbers_to_the_right() -> None:
    text = _page.table_html(pl.DataFrame({"a<b": ["x & y"], "n": [1.5]}), "Ducks")
    assert '<th scope="col">a&lt;b</th><th scope="col" class="number">n</th>' in text
    assert '<td>x &amp; y</td><td class="number">1.5</td>' in text
    assert 'role="region" tabindex="0" aria-label="Ducks"' in text


def test_markdown_in_sentences_is_escaped() -> None:
    assert _page.escape("5 * 3 ~ $15") == r"5 \* 3 \~ \$15"


def test_documentation_and_app_say_the_same() -> None:
    assert (ROOT / "docs" / "overview.md").read_text(encoding="utf-8") == content.markdown()


def test_sources_name_publisher_licence_retrieval_vintage_preset_and_run() -> None:
    spec = registry.study("export-controls").spec_type.parse({})
    answer = _results.Answer(spec, "2025-10", client.run(spec, "2025-10"))
    line = _page.source_line(answer)
    for part in ("Epoch AI (CC BY 4.0", "Global Trade Alert", "OECD.AI", "Vintage 2025-10", "preset corrected"):
        assert part in line
    assert answer.result.key[:10] in line
