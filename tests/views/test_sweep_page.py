"""The sweep page: a design by widgets, address and file; what can't be asked; a run's states; the example."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine import registry
from engine.sweep import SweepSpec
from jobs import client
from jobs.execute import execute
from jobs.question import prepare
from jobs.settings import settings
from jobs.store import Status
from tests.views.opening import alone, click, written
from views import _results, sweep
from views._sweep import axes, design, holding, running

PAGE = Path(sweep.__file__)
MODELS = Path(__file__).resolve().parents[1] / "samples" / "epoch_all_2025-03.csv"
GRID = {
    "cost_multiple": {"low": 1.0, "high": 100.0, "n": 4, "scale": "log"},
    "sigma": {"low": 0.5, "high": 1.5, "n": 3},
}


def values(axes_: dict[str, Any] | None = None, base: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"kind": "grid", "axes": axes_ or GRID, "seed": 7, **more}
    return {"study": "npv", "base": {"exclusivity": "lognormal"} if base is None else base, "design": given}


def spec_of(given: dict[str, Any]) -> SweepSpec:
    return client.sweep_of_text(json.dumps(given), "design")


def opened(given: dict[str, Any] | str | None = None, preset: str = "corrected", **url: str) -> AppTest:
    if given is not None:
        url["design"] = given if isinstance(given, str) else json.dumps(given)
    return alone("views/sweep.py", preset, **url)


def visited(**url: str) -> AppTest:
    """The whole app, sidebar and all, as somebody finds it who follows a link to the page."""
    app = AppTest.from_file(str(PAGE.parents[1] / "streamlit_app.py"), default_timeout=120)
    for name, value in url.items():
        app.query_params[name] = value
    app.switch_page("views/sweep.py").run()
    assert not app.exception
    return app


def shown_run(app: AppTest) -> str:
    """Key of the run that the page shows."""
    found = app.query_params["run"]
    return found if isinstance(found, str) else found[0]


def address(app: AppTest) -> dict[str, Any]:
    text = app.query_params["design"]
    found: dict[str, Any] = json.loads(text if isinstance(text, str) else text[0])
    return found


def number(app: AppTest, label: str) -> Any:
    (found,) = [widget for widget in app.number_input if widget.label == label]
    return found


def ran(given: dict[str, Any], vintage: str = "2025-10") -> str:
    """A sweep that has been run."""
    question = prepare(spec_of(given), vintage)
    return execute(question, client.store(), "inline").result.key


def test_the_first_design_has_a_size_and_an_estimate_that_says_what_it_rests_on() -> None:
    app = opened()
    text = written(app)
    assert "**1,600 points, about" in text
    assert "Measured just now on 1,600 points of this design" in text
    assert "At most 1,000,000 points" in text
    assert app.code[0].value == "python -m jobs sweep sweep.yaml"


def test_an_address_gives_the_same_design_and_the_editor_changes_it() -> None:
    given = values()
    app = opened(given)
    assert spec_of(address(app)) == spec_of(given)
    assert number(app, "Cost multiple (x): to").value == 100.0
    number(app, "Revenue sigma: number of values").set_value(5).run()
    assert not app.exception
    assert address(app)["design"]["axes"]["sigma"]["n"] == 5
    again = opened(address(app))
    assert spec_of(address(again)) == spec_of(address(app))
    assert "**20 points" in written(again)


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_designs_that_fill_space_have_points_and_seed(kind: str) -> None:
    bounds = {"sigma": {"low": 0.5, "high": 1.5}, "tier": {"values": ["III", "IV"]}}
    given = values(bounds, kind=kind, points=50)
    app = opened(given)
    assert number(app, "Points").value == 50
    assert number(app, "Random seed").value == 7
    assert spec_of(address(app)) == spec_of(given)
    assert "**50 points" in written(app)


def test_every_kind_of_field_can_be_an_axis_or_stay_the_same() -> None:
    """Numbers, choices, truths and text, listed or by bounds, come through the editor as they went in."""
    listed = {
        "horizon_months": {"values": [36, 72]},
        "drop": {"values": [None, 0.5]},
        "tier": {"values": ["IV"]},
        "training_compute_flop": {"low": 1e24, "high": 1e27, "n": 2, "scale": "log"},
    }
    base = {"exclusivity": "lognormal", "sigma": 1.25, "mu": 20.5, "n_paths": 1000}
    given = values(listed, base)
    app = opened(given)
    assert not app.error
    assert spec_of(address(app)) == spec_of(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (values({"sigma": {"low": 2, "high": 1, "n": 3}}), "low must not be above high"),
        (values({"sigmas": {"values": [1]}}), "npv has no field 'sigmas'"),
        (values({"sigma": {"low": 0, "high": 1, "n": 3, "scale": "log"}}), "a log axis needs low above 0"),
        (
            values({"sigma": {"low": 1, "high": 2, "n": 1001}, "mu": {"low": 1, "high": 2, "n": 1000}}),
            "1,001,000 points",
        ),
        (values({"sigma": {"low": 1, "high": 2, "n": 0}}), "greater than or equal to 1"),
        (values({"sigma": {"low": 1, "high": 2}}), "needs n"),
        (values(base={"sigma": 1.0}), "both in base and an axis"),
        ({"study": "ducks", "design": {}}, "no study 'ducks'"),
        ("{", "not plain YAML"),
        ("[1]", "must be keys and values"),
        ('{"study": "npv", "shape": 1}', "has no key 'shape'"),
    ],
)
def test_a_bad_address_is_one_sentence_and_the_editor_stays_usable(given: Any, words: str) -> None:
    app = opened(given)
    (error,) = app.error
    assert words in error.value
    assert error.value.endswith("The editor shows another design.")
    assert "\n" not in error.value
    assert not [button for button in app.button if button.label.startswith("Start")]
    number(app, "Revenue sigma: number of values").set_value(3).run()
    assert not app.error
    assert address(app)["design"]["axes"]["sigma"]["n"] == 3


def test_a_bad_entry_is_one_sentence_and_mended_by_another() -> None:
    app = opened(values())
    number(app, "Revenue sigma: from").set_value(9.0).run()
    (error,) = app.error
    assert "low must not be above high" in error.value
    assert spec_of(address(app)) == spec_of(values())
    number(app, "Revenue sigma: from").set_value(0.7).run()
    assert not app.error
    assert address(app)["design"]["axes"]["sigma"]["low"] == 0.7


def test_an_empty_list_of_axes_is_told() -> None:
    app = opened(values())
    (box,) = [box for box in app.multiselect if box.label == "Axes"]
    box.set_value([]).run()
    assert "the fields that vary" in app.error[0].value


def test_another_study_brings_a_design_of_its_own() -> None:
    app = opened(values())
    (box,) = [box for box in app.selectbox if box.label == "Study"]
    box.set_value("bootstrap").run()
    assert not app.exception
    assert address(app)["study"] == "bootstrap"
    assert "**5 points" in written(app)


ONE = {"sigma": {"values": [1.0, 2.0]}}
IN_THE_EDITOR = {
    "seed in base": values(base={"seed": 5}),
    "seed as axis": values({"seed": {"values": [1, 2]}}, {}),
    "preset as axis": values({"preset": {"values": ["published", "corrected"]}}, {}),
    "export controls": {"study": "export-controls", "design": {"axes": {"year_low": {"values": [2015, 2018]}}}},
    "efficiency": {"study": "efficiency", "base": {"derivatives": True}, "design": {"axes": {"seed": {"values": [1]}}}},
    "another seed": values(ONE, seed=2**53 - 1),
}
AS_THEY_ARE = {
    "sobol": ({"study": "sobol", "design": {"axes": {"samples": {"values": [64, 128]}}}}, "the fields of sobol"),
    "report": ({"study": "report", "design": {"axes": {"n_paths": {"values": [100]}}}}, "the fields of report"),
    "large seed": (values(ONE, seed=2**60), f"the whole number {2**60}"),
    "large seed in base": (values(ONE, {"seed": 2**60}), f"the whole number {2**60}"),
    "text with a comma": (
        {"study": "bootstrap", "design": {"axes": {"formula": {"values": ["a, b"]}}}},
        "value 1 of axis 'formula'",
    ),
}


@pytest.mark.parametrize("name", IN_THE_EDITOR)
def test_the_editor_keeps_every_field_of_a_design(name: str) -> None:
    given = IN_THE_EDITOR[name]
    app = opened(given)
    assert not app.error
    assert [box for box in app.selectbox if box.label == "Study"]
    assert spec_of(address(app)) == spec_of(given)
    assert shown_run(app) == client.key(spec_of(given), "2025-10")


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_what_the_editor_cannot_hold_is_shown_as_it_is_and_can_be_run(name: str) -> None:
    given, reason = AS_THEY_ARE[name]
    app = opened(given)
    assert not app.error
    assert app.info[0].value.startswith(f"The editor can't hold {reason}: the design is shown as it is.")
    assert not [box for box in app.selectbox if box.label == "Study"]
    assert client.sweep_of_text(app.code[0].value, "shown") == spec_of(given)
    assert spec_of(address(app)) == spec_of(given)
    assert shown_run(app) == client.key(spec_of(given), "2025-10")
    assert [button for button in app.button if button.label.startswith("Start (about ")]


def test_a_design_shown_as_it_is_makes_way_for_another_and_stays_until_then() -> None:
    given, _ = AS_THEY_ARE["large seed"]
    app = opened(given).run()
    assert spec_of(address(app)) == spec_of(given)
    click(app, "Design another")
    assert spec_of(address(app)) == spec_of(design.first("npv"))
    number(app, "Revenue sigma: number of values").set_value(6).run()
    assert address(app)["design"]["axes"]["sigma"]["n"] == 6


@pytest.mark.parametrize("given", [values(base={"preset": "published"}), {**values(), "preset": "published"}])
def test_a_preset_that_the_sidebar_overrules_is_told(given: dict[str, Any]) -> None:
    told = "The design in the address says preset published; the one chosen in the sidebar counts, corrected."
    assert told in written(opened(given).run())
    assert told not in written(opened(given, "published"))


@pytest.mark.parametrize("target", holding.TARGETS)
def test_the_first_design_of_every_study_can_be_asked(target: str) -> None:
    spec = spec_of(design.first(target))
    assert spec.size() > 1
    assert not holding.unheld(spec)
    assert set(spec.axes) <= set(axes.fields(target))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1, 2.5, none", [1, 2.5, None]),
        (" III,IV ,", ["III", "IV"]),
        ("1e24,-3", [1e24, -3]),
        ("", []),
        ("inf", ["inf"]),
    ],
)
def test_a_typed_list_becomes_values(text: str, found: list[Any]) -> None:
    assert axes.listed(text) == found


def test_the_design_is_still_there_after_a_visit_to_another_page() -> None:
    app = AppTest.from_file(str(PAGE.parents[1] / "streamlit_app.py"), default_timeout=60)
    app.run()
    app.switch_page("views/sweep.py").run()
    number(app, "Revenue sigma: number of values").set_value(6).run()
    app.switch_page("views/efficiency.py").run()
    app.switch_page("views/sweep.py").run()
    assert not app.exception
    assert number(app, "Revenue sigma: number of values").value == 6
    assert address(app)["design"]["axes"]["sigma"]["n"] == 6


def test_the_file_has_the_design_and_reads_back() -> None:
    spec = spec_of(values())
    text = client.sweep_as_text(spec)
    assert text.startswith("study: npv\npreset: corrected\n")
    assert client.sweep_of_text(text, "sweep.yaml") == spec


def test_an_opened_file_fills_the_editor_and_a_bad_one_is_told() -> None:
    text = "study: npv\npreset: published\ndesign: {axes: {sigma: {values: [0.5, 1.0, 1.5]}}}"
    app = opened(values())
    app.file_uploader(key="sweep file").set_value(("mine.yaml", text.encode(), "application/yaml")).run()
    assert not app.exception
    assert app.session_state["preset"] == "published"
    assert list(address(app)["design"]["axes"]) == ["sigma"]
    app.file_uploader(key="sweep file").set_value(("bad.yaml", b"study: npv\nshape: 1", "application/yaml")).run()
    assert app.error[0].value == "bad.yaml has no key 'shape'; it has study, base, design, preset."
    assert list(address(app)["design"]["axes"]) == ["sigma"]


def test_the_example_is_shown_until_something_has_been_run() -> None:
    app = opened(values({"sigma": {"values": [0.51, 0.52]}}))
    text = written(app)
    assert "Nothing has been run yet." in text
    assert "1,280 of 1,280 points are there, 0 of them failed." in text
    assert len(app.get("vega_lite_chart")) == 1
    (button,) = [button for button in app.button if button.label == "Put its design into the editor"]
    button.click().run()
    assert not app.exception
    assert spec_of(address(app)) == SweepSpec.parse(dict(client.example_sweep()[0].spec))


def test_the_design_of_the_example_comes_with_its_preset() -> None:
    app = click(visited(preset="published"), "Put its design into the editor")
    spec = SweepSpec.parse(dict(client.example_sweep()[0].spec))
    assert app.session_state["preset"] == spec.preset
    assert shown_run(app) == client.key(spec, client.bundled_vintage)


def test_the_example_is_what_its_design_gives() -> None:
    """Computed anew; the tolerance is that of `runs verify` on another processor."""
    result, points = client.example_sweep()
    spec = client.sweep_of_text(
        (settings().bundled / "examples" / "sweep.yaml").read_text(encoding="utf-8"), "sweep.yaml"
    )
    assert SweepSpec.parse(dict(result.spec)) == spec
    again = client.points(execute(prepare(spec, "2025-10"), client.store(), "inline").result.key)
    assert again.columns == points.columns
    numbers = [name for name, kind in points.schema.items() if kind.is_numeric()]
    for name in numbers:
        assert again[name].to_list() == pytest.approx(points[name].to_list(), rel=1e-9, nan_ok=True), name


def test_a_run_that_is_done_shows_its_results_in_every_view() -> None:
    key = ran(values())
    for view, charts in {
        "Heat map": 1,
        "Response curves": 1,
        "Parallel coordinates": 1,
        "Failures": 0,
        "Points": 0,
    }.items():
        app = opened(values(), sweep_view=view)
        text = written(app)
        assert "12 of 12 points are there, 0 of them failed." in text
        assert len(app.get("vega_lite_chart")) == charts
        assert f"run {key[:10]}" in text or not charts
    assert not [button for button in app.button if button.label.startswith("Start")]
    assert key[:10] in text


def test_a_run_is_found_by_its_key_alone() -> None:
    key = ran(values())
    app = opened(run=key)
    assert spec_of(address(app)) == spec_of(values())
    assert shown_run(app) == key
    assert "12 of 12 points" in written(app)


@pytest.fixture
def other_vintage() -> Iterator[str]:
    """A vintage whose models are those of a sample."""
    client.import_files({MODELS.name: MODELS.read_bytes()}, "mine")
    yield "mine"
    shutil.rmtree(settings().home / "vintages" / "mine", ignore_errors=True)


MODELS_LEFT = {
    "study": "export-controls",
    "design": {"axes": {"year_low": {"values": [2000, 2010]}, "control_for_parameters": {"values": [True, False]}}},
}
PUBLISHED = {**MODELS_LEFT, "preset": "published"}


def test_a_key_alone_brings_preset_and_vintage_along(other_vintage: str) -> None:
    key = ran(PUBLISHED, other_vintage)
    assert len({key, ran(PUBLISHED), ran(MODELS_LEFT), ran(MODELS_LEFT, other_vintage)}) == 4
    app = visited(run=key)
    assert shown_run(app) == key
    assert (app.session_state["preset"], app.session_state["vintage"]) == ("published", other_vintage)
    text = written(app)
    assert f"Vintage mine, preset published, run {key[:10]}." in text
    assert "4 of 4 points are there, 0 of them failed." in text
    again = visited(**{name: shown if isinstance(shown, str) else shown[0] for name, shown in app.query_params.items()})
    assert shown_run(again) == key


def test_a_run_of_the_session_brings_preset_and_vintage_along(other_vintage: str) -> None:
    first, second = ran(PUBLISHED, other_vintage), ran(MODELS_LEFT)
    app = visited(run=first)
    app.session_state["preset"], app.session_state["vintage"] = "corrected", "2025-10"
    app.run()
    assert shown_run(app) == second
    (box,) = [box for box in app.selectbox if box.label == "Open a run"]
    box.set_value(first).run()
    assert shown_run(app) == first
    assert f"Vintage mine, preset published, run {first[:10]}." in written(app)


def test_a_run_of_a_vintage_that_is_not_here_is_told(other_vintage: str) -> None:
    key = ran(PUBLISHED, other_vintage)
    shutil.rmtree(settings().home / "vintages" / other_vintage)
    app = visited(run=key)
    assert app.session_state["preset"] == "published"
    assert shown_run(app) == client.key(spec_of(PUBLISHED), "2025-10")
    (told,) = app.info
    assert told.value.startswith(f"Run {key[:10]} was asked of the vintage mine, which is not here;")
    (box,) = [box for box in app.radio if box.label == "Preset"]
    box.set_value("corrected").run()
    assert not app.info


@pytest.mark.parametrize("with_design", [False, True])
def test_a_run_of_another_engine_is_told(with_design: bool) -> None:
    given, old = values({"sigma": {"values": [0.71, 0.72]}}), "ab" * 32
    client.store().save_spec(old, prepare(spec_of(given), "2025-10").record())
    app = opened(given if with_design else None, run=old)
    assert spec_of(address(app)) == spec_of(given)
    assert shown_run(app) == client.key(spec_of(given), "2025-10")
    (told,) = [info for info in app.info if "engine" in info.value]
    assert told.value.startswith(f"Run {old[:10]} was computed with other data or another version of the engine;")


def test_a_run_nobody_knows_is_told_until_the_design_is_another() -> None:
    app = opened(run="cd" * 32)
    assert app.info[0].value.startswith("The run that the address names is not here, or no longer")
    assert shown_run(app) == client.key(spec_of(design.first("npv")), "2025-10")
    number(app, "Revenue sigma: number of values").set_value(4).run()
    assert not app.info


def test_a_design_never_run_needs_no_note_about_its_run() -> None:
    app = opened(values(ONE), run="ef" * 32)
    assert not [info for info in app.info if "address" in info.value]


def test_failed_points_are_listed_with_their_reason() -> None:
    given = values({"drop_low": {"values": [0.3, 0.99]}, "cost_multiple": {"values": [1.0, 2.0]}})
    ran(given)
    text = written(opened(given, sweep_view="Failures"))
    assert "2 of them failed" in text
    assert "2 of 2 failed points shown." in text
    assert "drop_low must not exceed drop_high" in text
    assert "0.99" in text


def test_one_axis_has_response_curves_and_no_heat_map() -> None:
    given = values({"sigma": {"low": 0.5, "high": 1.5, "n": 6}})
    ran(given)
    assert "A heat map needs two axes" in written(opened(given))
    assert len(opened(given, sweep_view="Response curves").get("vega_lite_chart")) == 1


def test_start_asks_for_the_run_outside_and_shows_that_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: asked.append((spec, vintage)))
    given = values({"sigma": {"low": 0.5, "high": 1.5, "n": 7}})
    app = opened(given)
    (button,) = [button for button in app.button if button.label.startswith("Start (about ")]
    button.click().run()
    assert not app.exception
    assert asked == [(spec_of(given), "2025-10")]
    assert client.key(spec_of(given), "2025-10") in app.query_params["run"]


def test_two_visitors_see_one_live_run_and_either_can_cancel_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[str] = []
    status = Status("running", done=3, total=12, runner="pool")
    monkeypatch.setattr(client, "status", lambda key: status)
    monkeypatch.setattr(client, "points", lambda key: pl.DataFrame())
    monkeypatch.setattr(client, "cancel", cancelled.append)
    for _ in range(2):
        app = opened(values())
        assert not [button for button in app.button if button.label.startswith("Start")]
        (button,) = [button for button in app.button if button.label == "Cancel the run"]
    button.click().run()
    assert cancelled == [client.key(spec_of(values()), "2025-10")]


@pytest.mark.parametrize("state", ["failed", "cancelled", "lost"])
def test_a_run_that_ended_early_says_so_shows_what_it_has_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    ran(values())
    status = Status(state, done=1, total=4, message="The power went.")  # type: ignore[arg-type]
    monkeypatch.setattr(client, "status", lambda key: status)
    app = opened(values())
    assert app.warning[0].value == f"The run is {state}. The power went."
    assert [button for button in app.button if button.label == "Go on (1 of 4 parts are done)"]
    assert "Partial" in written(app)


def test_a_waiting_run_tells_its_place() -> None:
    status = Status("waiting", message="2 runs are before it in the queue.")
    assert running._told("key", status) == "Waiting for its turn. 2 runs are before it in the queue."


def test_only_runs_of_this_session_are_listed() -> None:
    others = ran(values({"sigma": {"values": [0.61, 0.62]}}))
    mine = ran(values())
    app = opened(values())
    text = written(app)
    assert mine[:10] in text
    assert others[:10] not in text
    number(app, "Revenue sigma: number of values").set_value(4).run()
    (box,) = [box for box in app.selectbox if box.label == "Open a run"]
    assert [option[:10] for option in box.options] == ["choose", mine[:10]]
    box.set_value(mine).run()
    assert spec_of(address(app)) == spec_of(values())


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shared machine."""
    monkeypatch.setenv("WORKBENCH_MODE", "cloud")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_a_limit_of_a_shared_machine_is_told_kindly(cloud: None) -> None:
    app = opened(values({"sigma": {"low": 0.5, "high": 1.5, "n": 20_001}}), run="ab" * 32)
    assert running.most(20_000) == (
        "At most 20,000 points can be swept on this shared demo, and 1,000,000 on a laptop."
    )
    assert "at most 20,000 points" in app.error[0].value
    assert app.error[0].value.endswith("`python -m jobs sweep sweep.yaml`.")
    assert "run" not in app.query_params


def test_a_study_of_many_runs_is_refused_kindly_on_a_shared_machine(cloud: None) -> None:
    given, reason = AS_THEY_ARE["sobol"]
    app = opened(given)
    assert reason in app.info[0].value
    assert "asks no sobol at the points of a sweep" in app.error[0].value
    assert not [button for button in app.button if button.label.startswith("Start")]


@pytest.mark.parametrize(("seconds", "words"), [(0.14, "0.1 s"), (42.4, "42 s"), (600.0, "10 min"), (9000.0, "2.5 h")])
def test_times_in_words(seconds: float, words: str) -> None:
    assert _results.duration(seconds) == words


def test_an_estimate_that_was_not_measured_says_so() -> None:
    told = running.sentence(
        spec_of(values()), client.SweepPace(2.0, 0), client.SweepEstimate(30.0, workers=2, before_seconds=5.0)
    )
    assert "Not measured: the study itself states 2 s a point." in told
    assert "Runs it needs first take 5 s of that." in told
    assert "2 workers" in told


def test_points_that_the_store_has_lost_are_told_and_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    key, started = ran(values()), list[SweepSpec]()
    monkeypatch.setattr(client, "submit", lambda spec, vintage: started.append(spec))
    assert "lost or damaged" not in written(opened(values()))
    (Path(client.store().root) / "runs" / key / "chunks" / "000000.parquet").write_bytes(b"PAR1")
    app = opened(values())
    assert "12 points of this run were lost or damaged in the store." in written(app)
    (button,) = [button for button in app.button if button.label == "Compute them again"]
    button.click().run()
    assert [spec.size() for spec in started] == [12]


@pytest.mark.parametrize("target", [name for name in registry.names() if name not in ("sweep", "sobol", "report")])
def test_every_field_begins_with_an_axis_that_can_be_asked(target: str) -> None:
    for name, field in axes.fields(target).items():
        options = axes.choices(field)
        begun = {"values": options} if options else axes.started(target, name)
        assert SweepSpec.parse({"target": target, "axes": {name: begun}}).size() >= 1
