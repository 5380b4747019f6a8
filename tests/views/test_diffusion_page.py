"""The diffusion page, section by section, on the bundled tables and on bad input, without a browser."""

import functools
import html
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.diffusion import DiffusionSpec
from engine.result import Result
from jobs import client
from tests.views.opening import alone, charts, written
from views import diffusion
from views._diffusion import followers, groups, hazards, published, sensitivity, sentences, subjects, words

opened = functools.partial(alone, "views/diffusion.py")
SECTIONS = [*diffusion.AT_ONCE, *diffusion.IN_FULL]


@pytest.fixture(scope="module", autouse=True)
def whole(home: Path) -> Result:
    """Everything of the default question, computed once so that pages find it in the store."""
    return client.run(DiffusionSpec())


def test_the_first_view_asks_for_the_curve_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    real = client.seconds

    def seconds(spec: Any, vintage: str | None = None, files: Any = None) -> float:
        asked.append((spec.parts, spec.measure))
        return real(spec, vintage, files)

    monkeypatch.setattr(client, "seconds", seconds)
    app = opened()
    assert asked == [("curve", "compute"), ("curve", "capability")]
    assert charts(app) == 2
    values = [metric.value for metric in app.metric]
    assert values == ["118", "30", "88 (75)", "16.3"]
    assert "9.3\xa0to\xa019.5" in written(app)
    assert "7.2\xa0to\xa020.7" in written(app)
    assert app.code[0].value == "python -m jobs diffusion --preset corrected --parts curve"


def test_leads_state_the_median_of_both_clocks(whole: Result) -> None:
    text = written(opened())
    assert "Half of 88 closed frontier models" in text
    assert "Half of 36 closed model versions were matched on GPQA diamond" in text
    assert f"<td>{words.months(whole.summary['capability_median_months'])}</td>" in text


def test_another_clock_is_chosen_and_a_clock_is_not_compared_with_itself() -> None:
    app = opened(other_clock="By parameters")
    assert "By parameters" in written(app)
    assert app.selectbox(key="other_clock").options[0] == "By capability, GPQA diamond"
    by_capability = opened(measure="capability", task="MATH level 5")
    options = by_capability.selectbox(key="other_clock").options
    assert options[0] == "By training compute"
    assert "By capability, MATH level 5" not in options


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_from_the_url_with_both_clocks_in_the_headline(section: str, whole: Result) -> None:
    app = opened(section=section)
    assert not app.error
    assert "Source: Epoch AI (CC BY 4.0" in written(app)
    if section in diffusion.IN_FULL:
        assert f"**Finding.** {whole.summary['finding']}" in written(app)
        assert charts(app) >= 1


def test_an_unknown_section_falls_back_to_the_first() -> None:
    assert charts(opened(section="Ducks")) == 2


def test_all_parts_are_run_outside_once_a_section_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: asked.append(spec.parts))
    app = opened(section="Groups", theta="0.9")
    assert asked == ["all"]
    assert app.metric[3].value != "not reached"
    assert charts(app) == 0


def test_clocks_list_every_measure_and_who_is_at_risk(whole: Result) -> None:
    text = written(opened(section="Clocks"))
    for row in whole.tables["clocks"].iter_rows(named=True):
        assert words.clock(row["measure"], row["task"]) in text
    assert '<td class="number">66</td><td class="number">21</td><td class="number">1</td>' in text


def test_a_search_opens_the_only_lead_and_says_who_ended_it_when_and_why() -> None:
    text = written(opened(section="Subjects", find="GPT-4 Turbo"))
    assert "1 of 118 models" in text
    assert text.count("<details open>") == 1
    assert "GPT-4 Turbo (OpenAI, United States, API access) was released on 2023-11-06 with 2.20e25 FLOP." in text
    assert "ended after 8.5 months, on 2024-07-23, with Llama 3.1-405B (Meta AI, United States" in text
    assert "that has 3.80e25 FLOP, and the threshold was 2.20e25 FLOP." in text


@pytest.mark.parametrize(
    ("outcome", "rows", "said"),
    [
        ("Ended", 75, "Its lead ended after"),
        ("Still leading", 13, "the lead is censored there."),
        ("Matched before release", 30, "is counted but not on the curve."),
    ],
)
def test_every_outcome_has_its_story(outcome: str, rows: int, said: str) -> None:
    text = written(opened(section="Subjects", outcome=outcome))
    assert text.count("<details>") == text.count(said) == rows


def test_a_search_without_a_hit_says_so_and_is_plain_text() -> None:
    text = written(opened(section="Subjects", find="[x*<b>"))
    assert "No model fits. Change the search or the outcome." in text


def test_subjects_are_ordered_and_unknown_values_come_last() -> None:
    frame = pl.DataFrame(
        {
            **{name: ["b", "a", "c"] for name in subjects.SEARCHED if name != "follower"},
            "follower": [None, "z", "y"],
            "months": [3.0, None, 9.0],
            "outcome": ["Ended", "Matched before release", "Ended"],
        }
    )
    assert subjects.chosen(frame, "", "All", "Longest lead")["model"].to_list() == ["c", "b", "a"]
    assert subjects.chosen(frame, "", "All", "Follower")["model"].to_list() == ["c", "a", "b"]
    assert subjects.chosen(frame, " B ", "All", "Model")["model"].to_list() == ["b"]
    assert subjects.chosen(frame, "", "Ended", "Shortest lead")["model"].to_list() == ["b", "c"]


def test_stories_by_capability_speak_of_scores() -> None:
    spec = DiffusionSpec(measure="capability", parts="curve")
    found = client.run(spec)
    known = sentences.levels(spec, "2025-10")
    ended = found.tables["subjects"].filter("event").row(0, named=True)
    story = sentences.story(ended, spec, known)
    assert "% on GPQA diamond" in story
    assert f"the threshold was its own score, {ended['level']:.1%}." in story
    assert known[ended["follower"]]["level"] >= ended["level"]


def test_every_follower_reaches_the_threshold_told() -> None:
    spec = DiffusionSpec(theta=0.5, parts="curve")
    rows = client.run(spec).tables["subjects"].filter("event")
    known = sentences.levels(spec, "2025-10")
    assert all(known[row["follower"]]["level"] >= 0.5 * row["level"] for row in rows.iter_rows(named=True))
    assert "the threshold was 0.5 times its own, " in sentences.story(rows.row(0, named=True), spec, known)


def test_a_lead_within_the_minimum_is_told_apart() -> None:
    spec = DiffusionSpec(min_lead_months=4.8, parts="curve")
    rows = sentences.outcomes(client.run(spec).tables["subjects"])
    known = sentences.levels(spec, "2025-10")
    early = rows.filter((pl.col("outcome") == "Ended") & (pl.col("months") <= 4.8)).row(0, named=True)
    assert "minimum lead of 4.8 months and is never at risk" in sentences.story(early, spec, known)


@pytest.mark.parametrize("name", list(groups.NAMES))
def test_groups_show_medians_tests_and_the_n_of_small_ones(name: str, whole: Result) -> None:
    app = opened(section="Groups", group=name)
    text = written(app)
    assert charts(app) == 2
    assert "Log-rank test over the" in text
    small = whole.tables["groups"].filter((pl.col("group") == groups.NAMES[name]) & pl.col("events").is_null())
    for level, n in small.select("level", "n").iter_rows():
        assert f'<td>{level}</td><td class="number">{n}</td><td class="number"></td><td></td>' in text


def test_tiers_run_from_small_to_large() -> None:
    rows = pl.DataFrame({"level": ["1e25 FLOP and above", "1e23 to 1e24 FLOP", "below 1e23 FLOP"]})
    assert groups.ordered(rows)["level"].to_list() == [groups.TIERS[i] for i in (0, 1, 3)]


def test_hazards_say_what_is_done_where_proportionality_fails(whole: Result) -> None:
    app = opened(section="Hazards")
    text = written(app)
    assert charts(app) == 3
    assert "fitted again with the baseline stratified by era" in text
    assert "no further stratum is tried" in text
    assert any("fewer than 10 make these hazard ratios unreliable" in warning.value for warning in app.warning)
    assert "1,000 bootstrap samples" in text
    for check in whole.tables["checks"]["name"]:
        assert html.escape(check) in text
    for term in whole.tables["cox"]["term"]:
        assert words.term(term) in text


def test_proportional_models_are_told_so() -> None:
    model = {"model": hazards.MAIN, "n": 9, "events": 8, "clusters": 3, "events_per_variable": 8.0}
    told = hazards.proportionality(model, pl.DataFrame({"term": ["us"], "ph_p": [0.4]}))
    assert told.endswith("No Schoenfeld test is below 0.05: proportional hazards are not rejected.")


@pytest.mark.parametrize("name", list(followers.DIMENSIONS))
def test_incidence_ends_where_the_estimator_does(name: str, whole: Result) -> None:
    app = opened(section="Who follows", dimension=name)
    found = whole.tables["cumulative_incidence"].filter(pl.col("dimension") == followers.DIMENSIONS[name])
    for cause, share in followers.last(found).select("cause", "cif").iter_rows():
        assert f"<td>{cause}</td>" in written(app)
        assert f"<td>{share:.1%}</td>" in written(app)


def test_sensitivity_marks_the_rule_asked_for_and_sweeps_the_others(whole: Result) -> None:
    app = opened(section="Sensitivity")
    assert "The rule asked for gives 16.3." in written(app)
    app.selectbox(key="sweep_lead").set_value(12.0).run()
    rows = whole.tables["sensitivity"].filter(
        (pl.col("min_lead_months") == 12)
        & (pl.col("window_months") == 60)
        & (pl.col("closed_access") == "all")
        & (pl.col("open_weights") == "any")
    )
    assert rows.height == 24
    assert sensitivity.span(whole.tables["sensitivity"], rows) in written(app)


def test_selection_says_how_few_closed_models_have_known_compute() -> None:
    text = written(opened(section="Selection"))
    assert "Of 320 API and hosted models released since 2024 only 39 have a known training compute." in text


def test_words() -> None:
    assert words.months(None) == "not reached"
    assert words.interval(None, None) == ""
    assert words.interval(2.0, None) == "2.0\xa0to\xa0not reached"
    assert words.probability(0.0002) == "< 0.001"
    assert words.term("tier=1e23 to 1e24 FLOP") == "Compute tier: 1e23 to 1e24 FLOP"
    assert words.level(DiffusionSpec(measure="parameters"), 1.5e12) == "1.50e12 parameters"
    assert published.COMMAND.startswith(client.command(DiffusionSpec(preset="published")))
