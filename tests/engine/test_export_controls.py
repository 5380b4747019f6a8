"""Counts on small invented measures (by hand), and the study on the bundled tables."""

import datetime as dt
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.export_controls import ExportControls, ExportControlsSpec, finding
from engine.export_controls.association import event_study, joint_test, placebos, pre_trend, regression
from engine.export_controls.chips import chip_class, chip_mix, disclosure
from engine.export_controls.counts import acts, in_force, published_counts, spells, stock
from engine.regression import design, fit
from engine.summaries import binned, quantile_edges
from jobs.data import load_tables
from jobs.execute import execute
from jobs.question import prepare
from jobs.store import Store

D = dt.date


def measure(act: int, who: str, hit: list[str], evaluation: str = "Red", **dates: dt.date | None) -> dict[str, Any]:
    start = dates.get("start", D(2020, 1, 1))
    return {
        "intervention_id": act * 10,
        "state_act_id": act,
        "evaluation": evaluation,
        "intervention_type": "Export ban",
        "implementers": [who],
        "affected": hit,
        "date_announced": start,
        "date_implemented": start,
        "date_removed": dates.get("end"),
    }


MEASURES = pl.DataFrame(
    [
        measure(1, "United States", ["China"], start=D(2020, 5, 1)),
        measure(1, "United States", ["China", "Russia"], start=D(2020, 5, 1)),
        measure(2, "United States", ["China"], start=D(2021, 3, 1), end=D(2021, 6, 1)),
        measure(3, "Japan", ["China"], "Amber", start=D(2022, 1, 1)),
        measure(4, "United States", ["China"], "Green", start=D(2020, 1, 1)),
        measure(5, "South Korea", ["Russia"], start=None),
    ]
)


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        ("China", D(2020, 4, 30), (0, 0, 0)),
        ("China", D(2020, 5, 1), (0, 1, 1)),
        ("China", D(2021, 3, 1), (0, 2, 2)),
        ("China", D(2021, 5, 31), (0, 2, 2)),
        ("China", D(2021, 6, 1), (0, 1, 1)),
        ("China", D(2022, 1, 1), (0, 2, 1)),
        ("United States", D(2021, 4, 1), (2, 0, 0)),
        ("South Korea", D(2024, 1, 1), (0, 0, 0)),
        ("Nowhere", D(2024, 1, 1), (0, 0, 0)),
    ],
)
def test_acts_in_force_on_a_day(country: str, day: dt.date, expected: tuple[int, int, int]) -> None:
    found = in_force(spells(MEASURES), pl.DataFrame({"country": [country], "date": [day]}))
    assert found.row(0)[2:] == expected


@given(day=st.dates(D(2019, 1, 1), D(2024, 1, 1)))
def test_the_stock_is_the_count_on_every_day(day: dt.date) -> None:
    """The step function read off at a day equals the count made on that day."""
    steps = stock(spells(MEASURES), ["China"]).filter(pl.col("date") <= day)
    expected = in_force(spells(MEASURES), pl.DataFrame({"country": ["China"], "date": [day]})).row(0)[2:]
    assert (steps.row(-1)[2:] if steps.height else (0, 0, 0)) == expected


def test_published_counts_keep_the_defects() -> None:
    """Distinct (country, type, date): liberalising ones count, removal doesn't, no row without a new measure."""
    counts = published_counts(MEASURES)
    assert counts.filter(pl.col("country") == "United States").rows() == [
        ("United States", 2020, 2),
        ("United States", 2021, 3),
    ]
    assert counts["country"].to_list().count("South Korea") == 0


def test_acts_say_what_is_not_counted() -> None:
    notes = dict(acts(MEASURES).select("state_act_id", "note").iter_rows())
    assert notes[2] == "removed"
    assert notes[4] == "liberalising only: not counted"
    assert notes[5] == "never implemented"


@given(values=st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_ties_and_repeated_edges_never_raise_and_lose_no_row(values: list[int]) -> None:
    frame = pl.DataFrame({"v": values})
    edges = quantile_edges(frame["v"], 3)
    labels = frame.select(binned("v", edges, ("a", "b", "c"), right_closed=True)).to_series()
    assert labels.null_count() == 0
    assert edges == sorted(edges)


def asked(store: Store, **fields: Any) -> Any:
    return execute(prepare(ExportControlsSpec.parse(fields)), store, "inline").result


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(str(tmp_path_factory.mktemp("store")))


def test_golden_published(store: Store) -> None:
    found = asked(store, preset="published")
    assert found.summary["rows"] == 576
    assert found.summary["bin_counts"] == [201, 211, 164]
    assert found.tables["regression"].is_empty()


def test_golden_corrected_loses_no_row_for_lack_of_a_control(store: Store) -> None:
    found = asked(store)
    account = dict(found.tables["attrition"].select("step", "lost").iter_rows())
    assert found.summary["rows"] == 936
    assert account["control count known"] == 0
    by_bin = found.tables["by_country_bin"]
    assert by_bin.height == 3 * len(found.summary["countries"])
    assert by_bin["n"].sum() == 936


def test_one_line_changes_the_measure(store: Store) -> None:
    imposed = asked(store, measure="imposed").tables["models"]
    assert imposed["controls"].equals(imposed["imposed"].alias("controls"))


@pytest.mark.parametrize(("low", "high", "words"), [(1950, 1960, "No headline"), (2030, 2040, "No headline")])
def test_thin_and_empty_selections_withhold_the_headline(store: Store, low: int, high: int, words: str) -> None:
    found = asked(store, year_low=low, year_high=high)
    assert found.summary["finding"].startswith(words)
    assert found.summary["reading"].startswith("No ")


def test_a_plain_comparison_is_not_called_confounded() -> None:
    """Same years, no dominant country: the sentence only reports shares."""
    rows = [
        {"country": c, "year": 2020, "control_bin": b, "log10_compute_flop": 20.0 + (b == "10+")}
        for c in ("A", "B", "C")
        for b in ("0", "10+")
        for _ in range(10)
    ]
    text = finding(pl.DataFrame(rows), ("0", "1-9", "10+"))
    assert "used 10 times the training compute" in text
    assert "not an effect" not in text


def invented(effect: float, seed: int = 7) -> pl.DataFrame:
    """Eight countries over six years with a known effect of `imposed` on log10 compute."""
    rng = np.random.default_rng(seed)
    n = 900
    country, year = rng.integers(0, 8, n), rng.integers(2018, 2024, n)
    imposed = np.where(country < 3, 2 * (year - 2018), 0) + rng.integers(0, 3, n)
    size = rng.normal(9, 1, n)
    y = effect * imposed + size + 0.3 * (year - 2018) + 0.5 * country + rng.normal(0, 0.3, n)
    names = np.array(["China", "United States", "Japan", "France", "Spain", "India", "Canada", "Germany"])
    return pl.DataFrame(
        {
            "country": names[country],
            "year": year,
            "publication_date": [D(int(y_), int(m), 15) for y_, m in zip(year, rng.integers(1, 13, n), strict=True)],
            "imposed": imposed,
            "faced": imposed,
            "faced_us": imposed,
            "publication_share_percent": rng.uniform(1, 30, n),
            "log10_parameters": size,
            "log10_compute_flop": y,
        }
    )


def test_regression_recovers_a_known_effect_and_agrees_with_pyfixest() -> None:
    """Same coefficient and cluster error as pyfixest (1e-8); the truth lies in the wild cluster set."""
    import pyfixest as pf

    frame = invented(0.1)
    row = regression(frame, "imposed", parameters=True, seed=1)[0].row(0, named=True)
    formula = "log10_compute_flop ~ imposed + publication_share_percent + log10_parameters + C(country) + C(year)"
    theirs = pf.feols(formula, frame.to_pandas(), vcov={"CRV1": "country"})
    assert row["coef"] == pytest.approx(theirs.coef()["imposed"], rel=1e-8)
    assert row["se_cluster"] == pytest.approx(theirs.se()["imposed"], rel=1e-8)
    assert row["p_cluster"] == pytest.approx(theirs.pvalue()["imposed"], rel=1e-6)
    assert row["ci_low"] < 0.1 < row["ci_high"]
    assert row["p_wcr"] < 0.05


def test_pre_trend_rejects_no_more_often_than_it_should() -> None:
    """Over 40 samples without a trend about two reject at 5 %; eight or more have a chance of 1e-3."""
    assert sum(pre_trend(invented(0.0, seed))["p"] <= 0.05 for seed in range(40)) < 8
    assert set(placebos(invented(0.0), seed=1).filter("event")["half_years"]) == {0}


def test_joint_test_agrees_with_statsmodels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    d = design(invented(0.0), "log10_compute_flop", ["imposed", "log10_parameters"], ["year"])
    ours = joint_test(fit(d, "HC3"), ["imposed", "year=2019"])
    theirs = sm.OLS(d.y, d.x).fit(cov_type="HC3", use_t=True)
    index = [d.names.index(name) for name in ("imposed", "year=2019")]
    tested = theirs.f_test(np.eye(d.x.shape[1])[index])
    assert ours["statistic"] == pytest.approx(float(tested.fvalue), rel=1e-8)
    assert ours["p"] == pytest.approx(float(tested.pvalue), rel=1e-6)


def test_event_study_finds_a_planted_effect() -> None:
    after = (pl.col("country") == "China") & (pl.col("publication_date") >= D(2022, 10, 7))
    frame = invented(0.0).with_columns(pl.col("log10_compute_flop") - pl.when(after).then(1.0).otherwise(0.0))
    table = event_study(frame, trend=False)[0]
    later, earlier = table.filter(pl.col("half_year") >= 0), table.filter(pl.col("half_year") < 0)
    assert later["coef"].mean() == pytest.approx(-1, abs=0.3)
    assert earlier["coef"].mean() == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA A800 PCIe 40 GB", "China variant"),
        ("NVIDIA H20", "China variant"),
        ("NVIDIA H200 SXM", "controlled"),
        ("NVIDIA A100", "controlled"),
        ("Ascend (昇腾) 910B", "domestic"),
        ("Google TPU v4", "TPU"),
        ("NVIDIA V100", "other"),
        ("NVIDIA RTX A1000", "other"),
        ("NVIDIA Tesla V100 DGXS 32 GB", "other"),
    ],
)
def test_chip_classes(name: str, expected: str) -> None:
    assert pl.select(chip_class(pl.lit(name))).item() == expected


def test_chip_credits_add_up_to_the_models_that_report() -> None:
    models = load_tables(("models",)).tables["models"]
    mix, reported = chip_mix(models), disclosure(models)
    by_year = mix.group_by("country", "year").agg(pl.col("models").sum(), pl.col("share").sum(), pl.col("n").first())
    assert by_year["models"].to_numpy() == pytest.approx(by_year["n"].to_numpy())
    assert by_year["share"].to_numpy() == pytest.approx(1.0)
    joined = by_year.join(reported, on=["country", "year"])
    assert joined["n"].equals(joined["with_hardware"].alias("n"))


def test_study_declares_its_chunks() -> None:
    from engine.study import Work

    study = ExportControls()
    assert len(study.chunks(Work(ExportControlsSpec.parse({}), {}))) == 4
    assert len(study.chunks(Work(ExportControlsSpec.parse({"preset": "published"}), {}))) == 0
