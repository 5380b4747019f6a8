"""The investment page, section by section, on the bundled tables, without a browser."""

import functools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.npv import NpvSpec
from engine.npv.explore import numeric_inputs
from engine.result import Result
from jobs import cli, client
from jobs.store import Status
from tests.views.opening import alone, charts, click, written
from views import _form, _page, npv
from views._investment import cost, indices, menu, risk, tiers, uncertainty, value, words
from views._results import Answer

opened = functools.partial(alone, "views/npv.py")
IN_FULL = ("Tiers", "Risk", "Cost", "Sensitivity", "Uncertainty")


@pytest.fixture(scope="module", autouse=True)
def whole(home: Path) -> Result:
    """Every table of both presets' default questions, so that pages find them in the store."""
    client.run(NpvSpec.parse({"preset": "published"}))
    return client.run(NpvSpec())


def head(**fields: Any) -> Answer:
    """Figures of a scenario, as the page has them."""
    spec = NpvSpec.parse({"parts": "figures", **fields})
    return Answer(spec, "2025-10", client.run(spec))


def test_the_first_view_asks_for_the_figures_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = client.seconds

    def seconds(spec: Any, *rest: Any) -> float:
        asked.append(spec.parts)
        return real(spec, *rest)

    monkeypatch.setattr(client, "seconds", seconds)
    app = opened()
    assert asked == ["figures"]
    assert charts(app) == 2
    assert app.code[0].value == "python -m jobs npv --preset corrected --parts figures"


@pytest.mark.parametrize("preset", ["corrected", "published", "both"])
@pytest.mark.parametrize("section", npv.SECTIONS)
def test_every_section_opens_from_the_url_in_every_preset(section: str, preset: str) -> None:
    app = opened(preset, npv=section)
    assert not app.error
    text = written(app)
    assert text.count("**Finding.**") == (2 if preset == "both" else 1)
    assert "Exact: a mixture of log-normals holds everything asked." in text
    headings = [place.value for place in app.subheader]
    assert ("As published" in headings) == (preset == "both")
    if section in IN_FULL:
        assert "--parts" not in app.code[-1].value
        assert (charts(app) > 0) == (section != "Tiers")


def test_all_tables_are_made_outside_once_a_section_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(client, "submit", lambda spec, *rest: asked.append(spec.parts))
    app = opened(npv="Sensitivity", sigma="1.23")
    assert asked == ["all"]
    assert charts(app) == 0
    assert "Exact: a mixture" in written(app)


def test_the_engine_and_the_reason_are_shown() -> None:
    assert "Simulated: no mixture of log-normals holds revenue and exclusivity that are correlated." in written(
        opened(correlation="0.5", n_paths="20000")
    )
    asked = written(opened(engine="simulation", n_paths="20000"))
    assert "The simulation engine was asked for. 20,000 paths, plain sampling." in asked


def test_the_lead_and_what_it_rests_on_are_shown() -> None:
    summary = head().result.summary
    assert words.lead(summary) in written(opened())
    assert f"({summary['exclusivity_subjects']} leads, {summary['exclusivity_events']} ended)" in words.lead(summary)
    assert words.lead(head(exclusivity="constant").result.summary) == "Lead: constant, median 8.7 months."
    none = {**summary, "exclusivity_median_months": None, "exclusivity_subjects": None}
    assert words.lead(none).endswith("median not reached.")


def test_doubtful_figures_are_told_beside_the_finding() -> None:
    app = opened(engine="simulation", sigma="2", n_paths="20000")
    assert "the simulated mean and sd and their standard errors are unreliable" in app.warning[0].value
    assert not opened().warning
    few = opened(exclusivity_domain="Biology")
    assert "too few to lean on" in few.warning[0].value


def test_simulated_figures_have_errors_intervals_and_the_hash_of_their_paths() -> None:
    app = opened(engine="simulation", n_paths="20000")
    found = head(engine="simulation", n_paths=20_000).result
    text = written(app)
    assert f"SHA-256 of the path array {found.summary['paths_digest']}." in text
    for method in ("Wilson", "order statistics", "normal"):
        assert f"<td>{method}</td>" in text
    row = found.tables["intervals"].filter(pl.col("figure") == "var5_usd").row(0, named=True)
    assert f"{words.usd(row['ci_low'])} to {words.usd(row['ci_high'])}" in text
    assert words.usd(found.summary["mean_usd_se"]) in text
    assert "Beside the exact engine" in [place.value for place in app.subheader]


def test_exact_figures_have_no_error_columns() -> None:
    found = head().result
    assert value.figures(found.summary, None).columns == ["figure", "value"]
    assert "there is no Monte Carlo error" in written(opened())


def test_scenarios_fill_the_form_and_the_menu_follows_the_form() -> None:
    app = opened()
    box = app.selectbox(key="scenario")
    assert box.value == "Tier III, data basis"
    assert "Tier III, data basis (corrected)" in box.options
    assert "Study as published (published)" in box.options
    assert "Llama 3.1-405B has no cloud cost in the models table." in box.help
    app = box.set_value("GPT-4, upfront cost").run()
    assert not app.exception
    assert app.number_input(key="training_compute_flop").value == 2.1e25
    assert app.selectbox(key="data_confidence").value == "Likely"
    assert words.usd(806e6) in written(app)
    app = app.selectbox(key="scenario").set_value("Study as published").run()
    assert app.session_state["preset"] == "published"
    assert app.number_input(key="mu").value == 15.0
    assert app.code[0].value == "python -m jobs npv --preset published --parts figures"
    app = app.selectbox(key="scenario").set_value("Tier IV, readme basis").run()
    assert app.session_state["preset"] == "corrected"
    assert app.number_input(key="training_compute_flop").value is None
    assert app.selectbox(key="scenario").value == "Tier IV, readme basis"
    app = app.number_input(key="sigma").set_value(1.1).run()
    assert app.selectbox(key="scenario").value == menu.OWN


@pytest.mark.parametrize("name", list(menu.offered(client.table("models")).scenarios))
def test_every_scenario_of_the_menu_is_a_question_that_names_itself(name: str) -> None:
    known = menu.offered(client.table("models"))
    assert menu.named([NpvSpec.parse(known.scenarios[name])], known) == name


def test_tiers_stand_side_by_side_with_break_even_inputs(whole: Result) -> None:
    table = tiers.tiers_table(whole.tables["tiers"], whole.tables["break_even"])
    assert table.columns == ["figure", "Tier III", "Tier IV"]
    cost = table.filter(pl.col("figure") == "Upfront cost").row(0)
    assert cost[1:] == ("109.6 million USD", "197.2 million USD")
    assert "Break-even: Cost multiple (x)" in table["figure"].to_list()
    text = written(opened(npv="Tiers"))
    assert "<td>107.4 million USD</td>" in text
    assert "<td>12.34 million USD</td>" in text


def test_goal_seek_answers_for_any_input_or_says_why_not() -> None:
    assert "Choose an input to look for" in written(opened(npv="Risk"))
    app = opened(npv="Risk")
    app.selectbox(key="goal_input").set_value("cost_multiple").run()
    assert "With cost_multiple at 323.131" in app.success[0].value
    app.selectbox(key="goal_figure").set_value("p_positive").run()
    app.number_input(key="goal_value").set_value(2.0).run()
    assert not app.success
    assert "No solution within bounds: for cost_multiple" in app.warning[0].value


def test_a_goal_travels_in_the_url() -> None:
    app = opened(npv="Risk", goal_input=words.name("mu"), goal_figure=words.FIGURES["p_positive"], goal_value="0.5")
    assert "With mu at" in app.success[0].value


def test_every_input_has_a_name_of_its_own_that_an_address_can_hold() -> None:
    names = {words.name(field) for field in numeric_inputs()}
    assert len(names) == len(numeric_inputs())
    assert not [name for name in names if set(name) & set("()")]


def test_calibration_says_which_rule_binds_and_when_both_cannot_be_met() -> None:
    assert "the rule on the **mean NPV** binds" in written(opened(npv="Risk"))
    app = opened(npv="Risk", target_mean_usd="-1e12")
    assert "the rule on the **5 % value at risk** binds" in written(app)
    assert app.warning[0].value.startswith("Infeasible: no mu meets both rules.")
    given = written(opened("published", npv="Risk"))
    assert "Nothing is calibrated: mu is given, at mu 15." in given


def test_commitments_are_shown_in_both_versions_with_the_financing_split() -> None:
    fields = {"mu": 17.0, "cost_basis": "legacy", "apc_max_share": 1.0}
    found = head(**fields).result
    paid, floor = risk.commitments(found.summary).rows()
    assert paid[1] == words.share(found.summary["apc_star_share"])
    assert floor[1] == words.share(found.summary["apc_floor_star_share"])
    assert paid[3] == words.usd(found.summary["net_upfront_cost_usd"])
    split = risk.financing(found.tables["financing"])
    assert split.filter(pl.col("commitment") == "100% of the smallest")["mean NPV"][0].endswith("USD")
    assert split["own cost"][2] == paid[3]
    none = head(preset="published").result
    assert risk.commitments(none.summary).row(0)[1:] == ("none within bound", "", "")


def test_payback_in_words() -> None:
    assert risk.payback(3, 0.9, 72) == "Half of the outcomes have paid back by month 3, and 90.0% within 72 months."
    assert risk.payback(None, 0.25, 12) == "Fewer than half of the outcomes pay back: 25.0% within 12 months."


def test_a_price_outside_the_observed_range_is_told_and_drawn() -> None:
    app = opened("published", npv="Cost")
    assert "The price of 5e-11 USD/FLOP is outside the observed range" in app.warning[0].value
    assert not opened(npv="Cost").warning
    rows = cost.price_rows(5e-11, 3.9e-18)
    assert rows["row"].to_list() == [
        "This scenario",
        "Highest in the data",
        "Cloud rental",
        "5-95 % and median, 2023-25",
    ]
    assert rows.row(-1)[2:] == (1.19e-18, 6.4e-19, 2.9e-18)
    assert cost.price_rows(None, None).height == 2


def test_the_legacy_basis_compares_no_price() -> None:
    assert "an amount, not compute times a price" in written(opened(npv="Cost", cost_basis="legacy"))


def test_compute_beyond_the_data_is_told() -> None:
    models = cost.recent(client.table("models"))
    assert cost.compute_warning(1e24, models) is None
    assert cost.compute_warning(None, models) is None
    said = cost.compute_warning(1e28, models)
    assert said is not None
    assert "1e+28 FLOP is outside the observed range" in said
    assert "5e+26 FLOP (the highest: Grok 4), models since 2023" in said
    app = opened(npv="Cost", training_compute_flop="1e28")
    assert any("1e+28 FLOP is outside" in warning.value for warning in app.warning)


def test_every_route_to_the_compute_has_a_row(whole: Result) -> None:
    routes = whole.tables["compute_routes"]
    rows = cost.compute_rows(9.2e25, routes)
    assert rows.height == routes.height + 1
    assert rows.filter(pl.col("low").is_not_null()).height == 1
    assert "1.233e+25" in cost.routes_table(routes)["training compute (FLOP)"].to_list()


def test_views_of_sensitivity_follow_their_controls() -> None:
    client.run(NpvSpec(grid_x="sigma", grid_y="mu"))
    assert "largest swing" not in written(opened(npv="Sensitivity"))
    app = opened(npv="Sensitivity", sensitivity_view="Two inputs", grid_x=words.name("sigma"), grid_y=words.name("mu"))
    assert charts(app) == 1
    assert "--grid-x sigma --grid-y mu" in app.code[-1].value
    assert "The mean NPV runs from" in written(app)
    same = opened(npv="Sensitivity", sensitivity_view="Two inputs", grid_y=words.name("cost_multiple"))
    assert "grid_x and grid_y must be two inputs" in same.error[0].value


def test_the_spider_shows_the_chance_of_a_gain_too() -> None:
    app = opened(npv="Sensitivity", sensitivity_view="Spider", spider_figure=words.FIGURES["p_positive"])
    assert charts(app) == 1
    assert not app.error


def test_sobol_indices_are_of_the_scenario_with_mu_held() -> None:
    asked = indices.question(head(tier="IV"), ("sigma", "cost_multiple"), 0.2, 64)
    assert list(asked.inputs) == ["cost_multiple", "sigma"]
    assert asked.base["tier"] == "IV"
    assert asked.base["mu"] == pytest.approx(head().result.summary["mu"])
    assert (asked.inputs["sigma"].low, asked.inputs["sigma"].high) == (0.8, 1.2)
    recalibrated = indices.question(head(), ("sigma", "target_mean_usd"), 0.2, 64)
    assert "mu" not in recalibrated.base


def test_sobol_indices_find_the_only_input_that_matters() -> None:
    asked = indices.question(head(cost_basis="legacy"), ("mu", "cost_multiple"), 0.01, 1024)
    found = client.run(asked).tables["indices"].filter(pl.col("figure") == "mean_usd")
    total = dict(found.select("input", "total").iter_rows())
    assert total["mu"] > 0.99
    assert total["cost_multiple"] < 0.01


def test_an_input_without_a_value_is_told_by_the_sobol_view() -> None:
    label = words.name("price_usd_per_flop")
    url = {"npv": "Sensitivity", "sensitivity_view": "Sobol indices", "cost_basis": "legacy"}
    app = opened(**url)
    app.button_group(key="sobol_inputs").set_value(["sigma", "price_usd_per_flop"]).run()
    assert "'price_usd_per_flop' has no value in this scenario" in app.error[0].value
    app.button_group(key="sobol_inputs").set_value(["sigma"]).run()
    assert "Choose at least two inputs." in written(app)
    assert label in app.button_group(key="sobol_inputs").options


def test_simulated_scenarios_have_indices_on_few_paths() -> None:
    asked = indices.question(head(correlation=0.3, n_paths=100_000), ("sigma", "cost_multiple"), 0.2, 64)
    assert asked.base["n_paths"] == indices.SIMULATED_PATHS


def test_a_long_sobol_run_shows_progress_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[str] = []
    real = client.seconds
    monkeypatch.setattr(client, "seconds", lambda spec, *rest: 60.0 if spec.study == "sobol" else real(spec, *rest))
    monkeypatch.setattr(client, "status", lambda key: Status("running", done=3, total=12, runner="pool"))
    monkeypatch.setattr(client, "cancel", cancelled.append)
    app = click(opened(npv="Sensitivity", sensitivity_view="Sobol indices"), "Cancel the run")
    assert len(cancelled) == 1
    assert charts(app) == 0


def test_uncertainty_names_the_part_that_matters(whole: Result) -> None:
    rows = whole.tables["uncertainty"]
    said = uncertainty.finding(rows, NpvSpec())
    assert "scaling law makes 86% of the variance" in said
    assert "The data's confidence is Unknown, an error of 0.6 in log10." in said
    assert uncertainty.cost_rows(rows)["row"].to_list()[-1] == "all carried"
    assert said in written(opened(npv="Uncertainty"))


def test_each_part_of_the_uncertainty_can_be_left_out() -> None:
    off = dict.fromkeys(uncertainty.SWITCHES, False)
    client.run(NpvSpec.parse(off))
    client.run(NpvSpec(uncertain_law=False))
    app = opened(npv="Uncertainty", uncertain_law="false")
    assert "compute data makes 90% of the variance" in written(app)
    app = opened(npv="Uncertainty", **dict.fromkeys(off, "false"))
    assert "No part that is carried makes this cost uncertain." in written(app)
    assert charts(app) == 1


EXTREMES: list[dict[str, Any]] = [
    {"drop": 0.0},
    {"drop": 1.0},
    {"horizon_months": 1},
    {"horizon_months": 600},
    {"correlation": 1.0, "n_paths": 10_000},
    {"correlation": -1.0, "n_paths": 10_000},
    {"target_mean_usd": -1e18},
    {"sigma": 0.05},
    {"cost_multiple": 1e-12},
    {"cost_multiple": 1e-300},
]


@pytest.mark.parametrize("fields", EXTREMES, ids=[str(fields) for fields in EXTREMES])
def test_extreme_scenarios_are_answered_in_every_section(fields: dict[str, Any]) -> None:
    client.run(NpvSpec.parse(fields))
    for section in npv.SECTIONS:
        app = opened(npv=section, **{name: str(value) for name, value in fields.items()})
        assert not app.error, section


BAD: list[tuple[dict[str, float], str]] = [
    ({"cost_multiple": 0.0}, "npv field 'cost_multiple' can't be 0.0"),
    ({"overhead_multiple": 0.0}, "npv field 'overhead_multiple' can't be 0.0"),
    ({"drop_low": 0.9}, "drop_low 0.9 must not exceed drop_high 0.7"),
    (
        {"revenue_p5_usd": 9e6, "revenue_p50_usd": 5e6, "revenue_p95_usd": 7e6},
        "the percentiles must rise: 5 % is 9e+06, 50 % is 5e+06, 95 % is 7e+06",
    ),
    ({"revenue_p5_usd": 9e6}, "percentiles need all of"),
]


@pytest.mark.parametrize(("fields", "said"), BAD, ids=[str(fields) for fields, _ in BAD])
def test_bad_input_is_told_on_the_page_and_the_last_figures_stay(fields: dict[str, float], said: str) -> None:
    app = opened()
    before = written(app)
    for name, number in fields.items():
        app.number_input(key=name).set_value(number)
    app.run()
    assert not app.exception
    assert said in app.error[0].value
    assert [line for line in before.splitlines() if "Finding." in line] == [
        line for line in written(app).splitlines() if "Finding." in line
    ]


@pytest.mark.parametrize(
    ("name", "typed"),
    [("sigma", "0"), ("horizon_months", "0"), ("horizon_months", "601"), ("drop", "1.5"), ("correlation", "-1.5")],
)
def test_an_address_with_a_value_out_of_bounds_falls_back_and_the_command_refuses_it(
    name: str, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = opened(**{name: typed})
    assert app.number_input(key=name).value == NpvSpec.model_fields[name].default
    flag = f"--{name.replace('_', '-')}"
    assert cli.main(["npv", f"{flag}={typed}", "--json"]) == 2
    assert f"npv field '{name}' can't be" in capsys.readouterr().err


def test_the_page_and_the_command_have_one_key_and_one_hash(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"correlation": "0.4", "n_paths": "20000", "tier": "IV"}
    app = opened(**fields)
    asked = app.code[0].value.split()[3:]
    assert cli.main([*asked, "--json", "--fresh", "--runner", "inline"]) == 0
    printed = json.loads(capsys.readouterr().out)
    page = client.run(NpvSpec.parse({**fields, "parts": "figures"}))
    assert (printed["key"], printed["summary"]["result_sha256"]) == (page.key, page.sha256())
    assert f"run {printed['key'][: _page.KEY_LETTERS]}." in written(app)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (35.3e9, "35.3 billion USD"),
        (-2.384566e15, "-2,385 trillion USD"),
        (120.45, "120.45 USD"),
        (-1e-4, "0.00 USD"),
        (None, "none"),
    ],
)
def test_amounts_in_words(amount: float | None, said: str) -> None:
    assert words.usd(amount) == said


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.0, "0.0000"), (1.0, "1.0000"), (0.25, "0.2500"), (1 - 1e-7, "> 0.9999"), (1e-7, "< 0.0001")],
)
def test_chances_are_not_rounded_to_certainty(probability: float, said: str) -> None:
    assert words.chance(probability) == said


def test_settings_in_words() -> None:
    assert words.setting("mu", None) == "automatic"
    assert words.setting("price_declines", True) == "yes"
    assert words.setting("target_mean_usd", 35.3e9) == "35.3 billion USD"
    assert words.setting("price_usd_per_flop", 1.19e-18) == "1.19e-18"
    assert words.setting("tier", "IV") == "IV"
    assert words.between(1e9, 1e9) == "1 billion USD"
    assert words.title("horizon_months") == _form.label("horizon_months", NpvSpec.model_fields["horizon_months"])
