"""The policy page on the bundled tables, without a browser, and what it says in words."""

import polars as pl
import pytest

from engine import registry
from jobs import client
from tests.views.opening import opened, written
from views import _lead
from views._policy import commitment, instruments, sensitivity, words
from views._results import Answer

PAGE = "views/welfare.py"
TABS = {"Instruments": 2, "As cost rises": 2, "Sensitivity": 1, "Purchase commitment": 1, "Parameters": 1}


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview, which is opened first, starts no run of its own."""
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: "")


def answer(**fields: object) -> Answer:
    spec = registry.study("welfare").spec_type.parse(fields)
    return Answer(spec, "2025-10", client.run(spec, "2025-10"))


@pytest.mark.parametrize(("tab", "charts"), TABS.items())
def test_only_the_open_tab_is_drawn(tab: str, charts: int) -> None:
    app = opened(PAGE, policy=tab)
    assert not app.exception
    assert not app.error
    assert len(app.get("vega_lite_chart")) == charts


def test_the_base_case_is_called_a_pure_transfer_beside_its_assumptions() -> None:
    app = opened(PAGE)
    assert any("Support is a pure transfer" in warning.value for warning in app.warning)
    text = written(app)
    assert "Demand is linear" in text
    assert "spends nothing" in text.replace("\u00a0", " ")
    assert not any("pure transfer" in warning.value for warning in opened(PAGE, cost_multiple="15").warning)


def test_what_matters_is_above_the_settings_and_reaches_the_command() -> None:
    app = opened(PAGE)
    app.number_input(key="cost_multiple").set_value(15.0).run()
    app.selectbox(key="exclusivity_curve").set_value("GPQA diamond").run()
    assert not app.exception
    assert "--cost-multiple 15.0" in app.code[-1].value
    assert "--exclusivity-curve 'GPQA diamond'" in app.code[-1].value
    assert app.selectbox(key="exclusivity_curve").options == [
        "compute",
        "effective_compute",
        "parameters",
        "GPQA diamond",
        "MATH level 5",
        "OTIS Mock AIME",
    ]


def test_bad_input_is_told_and_the_last_figures_stay() -> None:
    app = opened(PAGE)
    before = [line for line in written(app).splitlines() if "Finding." in line]
    app.number_input(key="drop_low").set_value(0.9).run()
    assert not app.exception
    assert "drop_low 0.9 must not exceed drop_high 0.7" in app.error[0].value
    assert before == [line for line in written(app).splitlines() if "Finding." in line]


def test_a_curve_that_can_not_be_had_is_a_sentence() -> None:
    app = opened(PAGE, exclusivity_min_lead_months="100")
    assert not app.exception
    assert app.error[0].value == "No subject leads for more than 100 months; lower the minimum lead."


def test_published_has_nothing_to_repeat_and_side_by_side_keeps_the_analysis() -> None:
    published, both = opened(PAGE, preset="published"), opened(PAGE, preset="both")
    assert not published.exception
    assert not both.exception
    for app in (published, both):
        assert "arbitrary formulas" in app.info[0].value
    assert published.get("vega_lite_chart") == []
    assert len(both.get("vega_lite_chart")) == 2
    assert "Difference" in [header.value for header in both.header]


@pytest.mark.parametrize("figure", list(sensitivity.FIGURES))
@pytest.mark.parametrize("parameter", ["What the firm knows (rho)", "Marginal cost of public funds", "Cost multiple"])
def test_sensitivity_has_every_figure_over_every_input(figure: str, parameter: str) -> None:
    app = opened(PAGE, policy="Sensitivity", input=parameter, figure=figure, cost_multiple="20")
    assert not app.exception
    assert len(app.get("vega_lite_chart")) == 1
    assert f'aria-label="{figure} by {parameter[0].lower()}{parameter[1:]}"' in written(app)


def test_the_table_says_why_a_gain_is_missing() -> None:
    table = instruments.table(answer(cost_multiple=20).result.tables["instruments"])
    gains = [gain.replace("\u00a0", " ") for gain in table["gain a dollar"]]
    assert gains[:4] == [words.NO_OUTLAY, "+2.76 USD", words.CAN_NOT_SPEND, "+4.17 USD"]
    rho = sensitivity.table(
        answer(cost_multiple=20).result.tables["sensitivity"].filter(parameter="rho"), "rho", "gain_per_dollar"
    )
    assert rho.filter(pl.col("rho") == 0)["R&D subsidy"].item() == sensitivity.NO_LEVEL


def test_some_instruments_alone_can_be_pure_transfers() -> None:
    found = answer().result.tables["instruments"]
    mixed = found.with_columns(pure_transfer=pl.col("pure_transfer") & (pl.col("instrument") == "tax_credit"))
    assert words.transfer(mixed, 0.25).startswith("**Tax credit, non-refundable: a pure transfer.**")
    assert words.transfer(found.with_columns(pure_transfer=pl.lit(False)), 0.25) == ""


def test_apc_star_is_a_consistent_triple() -> None:
    row = answer(cost_multiple=15).result.tables["commitment"].filter(version="payment", multiple_of_apc_star=1.0)
    figures = row.row(0, named=True)
    assert figures["project_cost_usd"] / figures["commitment_usd"] == pytest.approx(figures["leverage"], rel=1e-12)
    text = commitment.triple(row, "payment", 0.9)
    assert "2.988 billion USD on a project of 35.4 billion USD, 8.44% of it, a leverage of 11.8" in text


@pytest.mark.parametrize(("multiple", "words_used"), [(1, "none is needed"), (500, "none within 90% of the cost")])
def test_apc_star_that_is_not_there_is_said(multiple: float, words_used: str) -> None:
    assert words_used in commitment.triple(answer(cost_multiple=multiple).result.tables["commitment"], "payment", 0.9)


def test_what_is_left_of_a_search_for_zero_is_shown_as_zero() -> None:
    table = commitment.table(answer(cost_multiple=15).result.tables["commitment"])
    assert table.filter(pl.col("of APC*") == "100%")["mean NPV"].to_list() == [0.0, 0.0]


def test_the_lead_names_its_run_and_its_residual() -> None:
    curve = answer(exclusivity_curve="parameters")
    text = _lead.sentence(curve)
    assert curve.result.summary["exclusivity_key"][:10] in text
    assert "13 leads, 9 ended" in text
    assert "25.6% never end" in text
    assert _lead.sentence(answer(exclusivity="constant")) == "Leads are constant: the median is 8.7 months."


def test_a_lead_that_is_given_links_to_no_run() -> None:
    app = opened(PAGE, policy="Parameters", exclusivity="constant")
    assert not app.exception
    assert len(app.code) == 1
    followed = opened(PAGE, policy="Parameters", exclusivity_curve="GPQA diamond")
    assert "jobs diffusion --preset corrected --measure capability --parts curve" in followed.code[0].value
