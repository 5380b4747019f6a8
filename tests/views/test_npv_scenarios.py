"""The scenario manager: save, rename, remove, load, compare, share by the address, import."""

import functools
import io
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine.npv import NpvSpec
from jobs import client
from tests.views.opening import alone, charts, click, written
from views._investment import compare, manager
from views._results import Answer

opened = functools.partial(alone, "views/npv.py")
PLAN = {"Grok, cheap": NpvSpec(sigma=1.2), "Published": NpvSpec.parse({"preset": "published"})}


@pytest.fixture(autouse=True)
def figures(home: Path) -> None:
    for spec in (NpvSpec(), *PLAN.values()):
        client.run(spec.changed(parts="figures"))


def shared(scenarios: dict[str, NpvSpec]) -> AppTest:
    return opened(npv="Scenarios", scenarios=client.scenarios_to_link(scenarios))


def link_of(app: AppTest) -> str:
    found = app.query_params["scenarios"]
    return found if isinstance(found, str) else found[0]


def saved(app: AppTest, name: str) -> AppTest:
    app.text_input(key=manager.NEW_NAME).set_value(name)
    return click(app, "Save the settings above")


def test_nothing_is_kept_at_first() -> None:
    app = opened(npv="Scenarios")
    assert "Nothing is saved yet." in written(app)
    assert charts(app) == 0


def test_a_scenario_is_saved_and_is_in_the_address() -> None:
    app = saved(opened(npv="Scenarios", sigma="1.2"), " Mine ")
    assert "Saved 'Mine'." in written(app)
    assert app.session_state[manager.KEPT] == {"Mine": NpvSpec(sigma=1.2)}
    link = link_of(app)
    assert client.scenarios_from_link(link, NpvSpec) == {"Mine": NpvSpec(sigma=1.2)}
    assert any(f"scenarios={link}" in code.value for code in app.code)


def test_a_link_restores_the_set_in_another_session() -> None:
    app = shared(PLAN)
    assert app.session_state[manager.KEPT] == PLAN
    assert app.button_group(key=compare.CHOSEN).value == list(PLAN)
    assert charts(app) == 1


@pytest.mark.parametrize("link", ["ducks!", "AAAA", "A" * 7_000])
def test_a_bad_link_is_one_sentence_and_the_page_goes_on(link: str) -> None:
    app = opened(scenarios=link)
    assert "The scenarios in this link can't be read" in app.error[0].value
    assert "**Finding.**" in written(app)
    assert link_of(app) == link


def test_a_set_too_long_for_a_link_is_kept_and_told() -> None:
    values = ",".join(str(1e6 * i**0.5) for i in range(1, 1_500))
    app = opened(npv="Scenarios")
    app.session_state[manager.KEPT] = {"long": NpvSpec.parse({"revenue": "empirical", "revenue_values_usd": values})}
    client.run(app.session_state[manager.KEPT]["long"].changed(parts="figures", n_paths=10_000))
    app.run()
    assert "too long for a link" in app.error[0].value


@pytest.mark.parametrize(
    ("name", "said"), [("", "A scenario needs a name"), ("Published", "There is a scenario 'Published'")]
)
def test_a_name_that_will_not_do_is_told(name: str, said: str) -> None:
    app = saved(shared(PLAN), name)
    assert said in app.error[0].value
    assert app.session_state[manager.KEPT] == PLAN


def test_a_scenario_is_renamed_in_its_place_and_removed() -> None:
    app = shared(PLAN)
    app.text_input(key=manager.RENAMED).set_value("Grok")
    click(app, "Rename")
    assert list(app.session_state[manager.KEPT]) == ["Grok", "Published"]
    assert app.session_state[manager.KEPT]["Grok"] == PLAN["Grok, cheap"]
    app.selectbox(key=manager.CHOSEN).set_value("Published").run()
    click(app, "Remove")
    assert list(app.session_state[manager.KEPT]) == ["Grok"]
    click(app, "Remove")
    assert app.session_state[manager.KEPT] == {}
    assert "scenarios" not in app.query_params


def test_a_scenario_is_loaded_into_the_settings() -> None:
    app = shared(PLAN)
    app.selectbox(key=manager.CHOSEN).set_value("Published").run()
    click(app, "Load into the settings")
    assert app.session_state["preset"] == "published"
    assert app.number_input(key="mu").value == 15.0
    assert app.selectbox(key="scenario").value == "Study as published"
    app.selectbox(key=manager.CHOSEN).set_value("Grok, cheap").run()
    click(app, "Load into the settings")
    assert app.number_input(key="sigma").value == 1.2
    assert app.number_input(key="mu").value is None


def test_a_number_that_the_form_cannot_hold_is_told() -> None:
    client.run(NpvSpec(seed=2**63 - 1, parts="figures"))
    app = click(shared({"huge": NpvSpec(seed=2**63 - 1)}), "Load into the settings")
    assert "Field 'seed' is 9223372036854775807" in app.error[0].value


def test_at_most_twelve_are_kept_and_four_compared() -> None:
    many = {f"n{i}": NpvSpec(sigma=1.2) for i in range(client.MOST_SCENARIOS)}
    app = shared(many)
    assert app.button_group(key=compare.CHOSEN).value == ["n0", "n1", "n2", "n3"]
    assert "No input differs between them." in written(app)
    app.button_group(key=compare.CHOSEN).set_value([*many][:5]).run()
    assert "At most 4 scenarios are compared" in app.warning[0].value
    saved(app, "one more")
    assert "At most 12 scenarios can be kept" in app.error[0].value
    assert app.session_state[manager.KEPT] == many


def test_comparison_shows_inputs_that_differ_figures_and_curves() -> None:
    assert compare.differences(PLAN).columns == [compare.INPUT, *PLAN]
    rows = {row[0]: row[1:] for row in compare.differences(PLAN).iter_rows()}
    assert rows["Revenue sigma"] == ("1.2", "1")
    assert rows["Revenue mu (ln USD a month)"] == ("automatic", "15")
    assert "Tier" not in rows
    answers = {name: Answer(spec, "2025-10", client.run(spec.changed(parts="figures"))) for name, spec in PLAN.items()}
    assert compare.figures(answers).columns == [compare.FIGURE, *PLAN]
    curves = compare.curves(answers)
    assert curves["curve"].unique(maintain_order=True).to_list() == list(PLAN)
    assert curves.group_by("curve").agg(pl.col("cumulative").is_sorted().all())["cumulative"].all()


def test_hostile_names_are_text_everywhere() -> None:
    name = "=cmd|' /C calc'!A0 <b> *x*"
    app = shared({name: NpvSpec()})
    assert '<th scope="col">=cmd|&#x27; /C calc&#x27;!A0 &lt;b&gt; *x*</th>' in written(app)
    assert charts(app) == 1


def imported(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader(key=manager.FILE).set_value((name, content, "application/octet-stream"))
    return click(app, "Import")


@pytest.mark.parametrize("ending", ["yaml", "xlsx"])
def test_a_file_is_imported_beside_what_is_kept(ending: str) -> None:
    given = {"Grok, cheap": NpvSpec(sigma=1.3), "New": NpvSpec()}
    content = client.scenarios_to_workbook(given) if ending == "xlsx" else client.scenarios_to_yaml(given).encode()
    client.run(NpvSpec(sigma=1.3, parts="figures"))
    app = imported(shared(PLAN), f"plan.{ending}", content)
    assert app.session_state[manager.KEPT] == {**PLAN, **given}
    assert "Imported 2 scenarios, 1 in place of one of that name." in written(app)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "plan.yaml",
            b"study: npv\nscenarios: {a: {sigma: 0}}",
            "plan.yaml: scenario 'a': npv field 'sigma' can't be 0",
        ),
        ("plan.csv", b"a,b", "plan.csv must end in .yaml or .xlsx."),
        ("plan.xlsx", b"no zip", "plan.xlsx is no XLSX workbook"),
    ],
)
def test_a_bad_file_is_one_sentence_and_nothing_changes(name: str, content: bytes, said: str) -> None:
    app = imported(shared(PLAN), name, content)
    assert said in app.error[0].value
    assert app.session_state[manager.KEPT] == PLAN


def test_import_without_a_file_is_told() -> None:
    assert "Choose a file of scenarios first." in click(opened(npv="Scenarios"), "Import").error[0].value


def test_either_preset_is_saved_when_both_are_asked() -> None:
    client.run(NpvSpec.parse({"preset": "published", "parts": "figures"}))
    app = opened("both", npv="Scenarios")
    app.text_input(key=manager.NEW_NAME).set_value("As it was")
    app.selectbox(key=manager.PRESET).set_value("published")
    click(app, "Save the settings above")
    assert app.session_state[manager.KEPT] == {"As it was": NpvSpec.parse({"preset": "published"})}


def test_exports_read_back() -> None:
    for content, name in (
        (client.scenarios_to_yaml(PLAN).encode(), "scenarios.yaml"),
        (client.scenarios_to_workbook(PLAN), "scenarios.xlsx"),
    ):
        assert client.read_scenarios(io.BytesIO(content), name, NpvSpec) == PLAN
