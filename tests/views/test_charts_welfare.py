"""Charts of the policy page: the numbers they add to the frames they are given, and that they can be drawn."""

import polars as pl
import pytest
import vl_convert

from engine.study import Work
from engine.welfare import Welfare, WelfareSpec
from tests.engine.npv_cases import diffusion_result
from views._policy import words
from views.charts import theme, welfare

MCPF = 0.4


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    spec = WelfareSpec(cost_multiple=20, mcpf=MCPF)
    return dict(Welfare().combine(Work(spec, {}, {"diffusion": diffusion_result()}), []).tables)


def test_parts_add_up_to_welfare(tables: dict[str, pl.DataFrame]) -> None:
    for change in (False, True):
        parts = welfare.surplus_parts(tables["instruments"], MCPF, change=change)
        sums = parts.group_by("label").agg(pl.col("billion_usd").sum(), pl.col("welfare").first())
        assert sums["billion_usd"].to_list() == pytest.approx(sums["welfare"].to_list(), rel=1e-12)
        assert set(parts["part"]) == set(welfare.PARTS.values())


def test_a_change_is_from_no_policy_which_is_left_out(tables: dict[str, pl.DataFrame]) -> None:
    found = tables["instruments"].drop_nulls("welfare")
    parts = welfare.surplus_parts(tables["instruments"], MCPF, change=True)
    shown = dict(parts.select("label", "welfare").unique().iter_rows())
    assert "No policy" not in shown
    assert "Tax credit, non-refundable" not in shown
    wanted = {r["label"]: r["welfare_change"] / 1e9 for r in found.to_dicts() if r["instrument"] != "no_policy"}
    assert shown == pytest.approx(wanted, rel=1e-9)


def test_the_cost_of_public_funds_lies_below_zero(tables: dict[str, pl.DataFrame]) -> None:
    parts = welfare.surplus_parts(tables["instruments"], MCPF, change=False)
    funds = parts.filter(pl.col("part") == welfare.PARTS["funds"])
    assert (funds["billion_usd"] <= 0).all()
    subsidy = tables["instruments"].filter(instrument="rd_subsidy")["fiscal"].item()
    assert funds["billion_usd"].min() == pytest.approx(-MCPF * subsidy / 1e9, rel=1e-6)


def test_the_axis_of_gains_holds_all_of_them_and_the_pure_transfer() -> None:
    gains = pl.DataFrame({"gain_per_dollar": [None, -0.1, 2.0]})
    low, high = welfare.gain_span(gains, MCPF)
    assert low < -MCPF
    assert high > 2.0
    assert welfare.gain_span(pl.DataFrame({"gain_per_dollar": [None]}, schema={"gain_per_dollar": pl.Float64}), 0.0)


def test_lines_are_in_billions_without_the_line_that_is_zero(tables: dict[str, pl.DataFrame]) -> None:
    curves = tables["curves"]
    change = welfare.line_points(curves, "welfare_change")
    assert "no_policy" not in set(change["instrument"])
    assert change["y"].to_list() == pytest.approx((change["welfare_change"] / 1e9).to_list())
    chance = welfare.line_points(curves, "p_invest")
    assert "no_policy" in set(chance["instrument"])
    assert chance["y"].is_between(0, 1).all()


def test_instruments_keep_their_colour_from_chart_to_chart(tables: dict[str, pl.DataFrame]) -> None:
    first = welfare.lines_chart(tables["curves"], "p_invest", "cost_multiple", "x", 20, log=True).to_dict()
    second = welfare.figure6_chart(tables["curves"], 20).to_dict()
    domains = [chart["layer"][0]["encoding"]["color"]["scale"]["domain"] for chart in (first, second)]
    assert domains[0] == domains[1]
    assert "No policy" not in second["layer"][0]["encoding"]["color"]["legend"]["values"]


def test_figure_6_says_what_the_original_was(tables: dict[str, pl.DataFrame]) -> None:
    heading = welfare.figure6_chart(tables["curves"], 20).to_dict()["title"]
    assert heading["text"].startswith("Figure 6")
    assert "arbitrary" in " ".join(heading["subtitle"])


def test_every_chart_names_its_units_and_is_drawn_without_a_browser(tables: dict[str, pl.DataFrame]) -> None:
    rho = tables["sensitivity"].filter(parameter="rho").rename({"value": "rho"})
    charts = [
        (welfare.surplus_chart(tables["instruments"], MCPF, change=False), "Present value (billion USD)"),
        (welfare.surplus_chart(tables["instruments"], MCPF, change=True), "Present value (billion USD)"),
        (welfare.gain_chart(words.shown(tables["instruments"]), MCPF), "a dollar of outlay (USD)"),
        (welfare.lines_chart(rho, "gain_per_dollar", "rho", "x", 0.5, log=False), "a dollar of outlay (USD)"),
        (welfare.figure6_chart(tables["curves"], 20), "Change in welfare (billion USD)"),
        (welfare.streams_chart(tables["streams"]), "Per unit of first-month profit"),
        (welfare.commitment_chart(tables["commitment"]), "P(NPV &gt; 0)"),
    ]
    for chart, unit in charts:
        assert unit in vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: nobody."))


def test_an_instrument_that_can_not_spend_is_named_with_the_reason(tables: dict[str, pl.DataFrame]) -> None:
    shown = words.shown(tables["instruments"])
    drawn = vl_convert.vegalite_to_svg(theme.standalone(welfare.gain_chart(shown, MCPF)))
    assert words.CAN_NOT_SPEND in drawn
    assert words.NO_OUTLAY in drawn
