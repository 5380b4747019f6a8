"""The diffusion page where there is little or nothing to show: no subjects, no events, no file, a bad file."""

import functools

import pytest

from engine.diffusion import DiffusionSpec
from jobs import client
from tests.views.opening import alone, charts, written
from views import diffusion
from views._diffusion import published

opened = functools.partial(alone, "views/diffusion.py")
SECTIONS = [*diffusion.AT_ONCE, *diffusion.IN_FULL]
PAIRS = """\
innov_date,follower_date,innov_org,follower_org,lag_months
2016-12-05,2017-01-05,Ducks,Geese,1.0
2016-12-05,2017-05-05,Ducks,Swans,5.0
2017-08-11,2018-01-09,Coots,Geese,6.0
2017-08-11,2019-01-09,Coots,Swans,17.0
"""


@pytest.mark.parametrize("section", ["Leads", "Groups"])
def test_no_subject_left_is_a_sentence_and_starts_no_run(monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    asked: list[str] = []
    monkeypatch.setattr(client, "submit", lambda spec, vintage=None, files=None: asked.append(spec.study))
    app = opened(section=section, first_year="2100")
    assert [error.value for error in app.error] == [
        "No subject is left: no closed model meets the rule; lower the first year or widen the rule."
    ]
    assert asked == []


@pytest.mark.parametrize("section", ["Leads", "Groups"])
def test_no_subject_left_keeps_the_previous_figures(section: str) -> None:
    app = opened(section=section)
    before = charts(app)
    app.number_input(key="first_year").set_value(2100).run()
    assert not app.exception
    assert app.error[0].value.startswith("No subject is left")
    assert app.warning[0].value == "The figures below answer the previous settings."
    assert charts(app) == before
    assert app.metric[0].value == "118"


@pytest.mark.parametrize(
    "rule",
    [
        {"window_months": "0.5"},
        {"theta": "10", "first_year": "2025"},
        {"domain": "Audio", "frontier_rank": "1"},
        {"measure": "capability"},
    ],
)
def test_sections_bear_no_events_few_subjects_and_the_other_clock(rule: dict[str, str]) -> None:
    client.run(DiffusionSpec.parse(rule))
    for section in SECTIONS:
        assert not opened(section=section, **rule).error


def test_without_events_hazards_and_incidence_say_why() -> None:
    assert "No Cox regression (main): It needs at least" in written(opened(section="Hazards", window_months="0.5"))
    assert "No lead ended; there is no incidence to draw." in written(
        opened(section="Who follows", window_months="0.5")
    )


def test_the_published_preset_asks_for_the_studys_file() -> None:
    app = opened("published")
    assert "is not bundled: give it with --pairs FILE" in app.info[0].value
    assert app.code[0].value == "python -m jobs diffusion --preset published --pairs FILE"
    assert charts(app) == 0


def test_both_presets_ask_for_the_file_and_still_show_the_corrected_figures() -> None:
    app = opened("both")
    assert [header.value for header in app.header][:2] == ["As published", "Corrected"]
    assert app.metric[0].value == "118"


def test_a_file_of_pairs_is_answered_and_labelled_degenerate() -> None:
    app = opened("published")
    app.file_uploader[0].set_value(("pairs.csv", PAIRS.encode(), "text/csv")).run()
    assert not app.exception
    text = written(app)
    assert "Degenerate: 4 pairs of 2 innovators" in text
    assert published.DEGENERATE in text
    assert "Source: a file of your own (pairs.csv). Vintage 2025-10, preset published" in text
    assert app.code[-1].value == "python -m jobs diffusion --preset published --pairs pairs.csv"
    assert charts(app) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"duck,pond\n1,2\n", "pairs.csv"),
        (PAIRS.replace("5.0", "-5.0").encode(), "negative"),
        ("\n".join(PAIRS.splitlines()[:2]).encode(), "No pair of the file passes"),
    ],
)
def test_a_file_that_will_not_do_is_told(content: bytes, said: str) -> None:
    app = opened("published")
    app.file_uploader[0].set_value(("pairs.csv", content, "text/csv")).run()
    assert not app.exception
    assert said in app.error[0].value
