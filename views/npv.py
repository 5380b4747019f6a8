"""What a frontier training run is worth."""

from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._choices import presets
from views._results import Answer, answers
from views.charts import npv as charts
from views.content import STUDIES

SCENARIOS = {
    "Tier III, corrected": ("corrected", "III"),
    "Tier IV, corrected": ("corrected", "IV"),
    "Tier III, as published": ("published", "III"),
    "Tier IV, as published": ("published", "IV"),
}
OWN = "Own settings"
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


def scenario_menu() -> None:
    """Presets and tiers in one menu; the choice fills the form and the sidebar."""
    now = (presets()[0] if len(presets()) == 1 else "both", st.session_state.get("tier", "III"))
    names = {pair: name for name, pair in SCENARIOS.items()}
    st.session_state["scenario"] = names.get(now, OWN)
    st.selectbox("Scenario", [*SCENARIOS, OWN], key="scenario", on_change=_take_scenario)


def _take_scenario() -> None:
    if st.session_state["scenario"] in SCENARIOS:
        preset, tier = SCENARIOS[st.session_state["scenario"]]
        st.session_state["preset"] = preset
        st.session_state["tier"] = tier


def usd(value: float | None) -> str:
    """An amount in words: 35.3 billion USD."""
    if value is None:
        return "none"
    for scale, name in SCALES:
        if abs(value) >= scale:
            return f"{value / scale:,.4g} {name} USD" if abs(value) < 1e15 else f"{value / scale:,.0f} {name} USD"
    return f"{value:,.2f} USD"


def figures(s: Any) -> None:
    """The summary in numbers, with Monte Carlo errors where there are any."""
    shown = {
        "Mean NPV": ("mean_usd", usd),
        "5 % value at risk": ("var5_usd", usd),
        "Expected shortfall, 5 %": ("cvar5_usd", usd),
        "Upfront cost": ("upfront_cost_usd", usd),
        "Probability NPV > 0": ("p_positive", "{:.4f}".format),
        "Standard deviation": ("sd_usd", usd),
    }
    rows = {name: (show(s[field]), _error(s, field, show)) for name, (field, show) in shown.items()}
    columns = {"figure": list(rows), "value": [value for value, _ in rows.values()]}
    if any(error for _, error in rows.values()):
        columns["Monte Carlo standard error"] = [error for _, error in rows.values()]
    _page.small_table(pl.DataFrame(columns), "Figures")
    share = s["apc_star_share"]
    commitment = "no share within the bound is enough" if share is None else f"{share:.1%} of the cost"
    st.caption(
        f"Engine {s['engine']}. Revenue mu {s['mu']:.3f}. Advance purchase commitment that brings the mean to zero: "
        f"{commitment}. The cost could be {s['breakeven_cost_multiple']:.3g} times as high before the mean is negative."
    )


def _error(s: Any, field: str, show: Any) -> str:
    error = s.get(f"{field}_se")
    return "" if error is None else str(show(error))


def tiers_table(tiers: pl.DataFrame) -> pl.DataFrame:
    """Figures down, tiers across. Columns: figure, then one a tier."""
    rows = tiers.to_dicts()
    figures = [name for name in tiers.columns if name != "tier"]
    return pl.DataFrame(
        {"figure": figures} | {f"tier {row['tier']}": [_in_words(name, row[name]) for name in figures] for row in rows}
    )


def _in_words(name: str, value: float | None) -> str:
    return usd(value) if name.endswith("_usd") else "none within bound" if value is None else f"{value:.4g}"


def dashboard(answer: Answer) -> None:
    """Finding, figures, distribution, tornado, tiers."""
    s, tables = answer.result.summary, answer.result.tables
    _page.finding(s["finding"])
    figures(s)
    own = tables["distribution"].filter(pl.col("tier") == answer.spec.tier)
    _page.draw(
        charts.distribution_chart(own, s["mean_usd"], s["var5_usd"]),
        "npv-distribution",
        answer,
        own,
        alt=f"Histogram of net present value, mean {usd(s['mean_usd'])}, 5 % value at risk {usd(s['var5_usd'])}.",
    )
    first = tables["tornado"].sort("swing_usd", descending=True)
    _page.draw(
        charts.tornado_chart(first, s["mean_usd"]),
        "npv-tornado",
        answer,
        first,
        alt=f"Tornado chart of the mean when each input moves either way; the largest swing is {first['input'][0]}.",
    )
    st.header("Tiers")
    _page.small_table(tiers_table(tables["tiers"]), "Tiers")


def page() -> None:
    """The page."""
    _page.head(STUDIES["npv"])
    scenario_menu()
    found = answers("npv")
    for place, answer in _page.columns(found):
        with place:
            dashboard(answer)
    if found:
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
