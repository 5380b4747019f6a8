"""The scaling page tab by tab and the bootstrap's page, on the bundled tables; their charts as specifications."""

import json
import re
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine.scaling import ScalingSpec
from engine.scaling_law import COLUMNS
from engine.tables import ingest, layout_report
from jobs import client
from tests.views.opening import opened, written
from views import _own_file, _results
from views._scaling import checks
from views._scaling.growth import growth_table
from views._scaling.slopes import against_industry
from views.charts import scaling as law_charts
from views.charts import scaling_more as charts
from views.charts import theme
from views.scaling import lost_rows

LAW = "compute_on_parameters"


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("Law", ["Published beside corrected"]),
        ("Slopes", ["Are the slopes equal?", "equal slopes by tier"]),
        ("Growth", ["Back-test", "compute, notable models", "Models above a threshold"]),
        ("Checks", ["Status", "Breusch-Pagan", "Models that weigh most", "two lines in logs"]),
        ("Missing data", ["complete case", "inverse-probability weights"]),
    ],
)
@pytest.mark.parametrize("preset", ["corrected", "published", "both"])
def test_every_tab_says_what_it_holds(tab: str, words: list[str], preset: str) -> None:
    app = opened("views/scaling.py", tab=tab, preset=preset)
    assert not app.exception
    assert not app.error
    text = written(app)
    assert [word for word in words if word not in text] == []


def test_only_the_open_tab_is_drawn() -> None:
    assert "Breusch-Pagan" not in written(opened("views/scaling.py", tab="Growth"))


@pytest.mark.parametrize("kind", ["pairs", "wild", "cluster"])
def test_bootstrap_page_takes_every_kind(kind: str) -> None:
    app = opened("views/bootstrap.py", kind=kind)
    assert not app.exception
    assert f"{kind} replicates" in written(app)


def test_one_replicate_has_no_standard_error() -> None:
    app = opened("views/bootstrap.py", replicates=1)
    assert not app.exception
    assert app.metric[2].value == "not known"
    assert "not known from 1 replicate" in written(app)


def test_effects_chosen_on_a_page_are_there_on_coming_back() -> None:
    app = opened("views/bootstrap.py")
    app.multiselect(key="effects").set_value(["year"]).run()
    slope = app.metric[0].value
    app.switch_page("views/overview.py").run()
    app.switch_page("views/bootstrap.py").run()
    assert (app.metric[0].value, app.query_params["effects"]) == (slope, "year")


def test_bootstrap_of_nothing_is_refused_in_a_sentence() -> None:
    app = opened("views/bootstrap.py", first_year="2100")
    assert not app.exception
    assert len(app.error) == 1


def bars(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [rows for rows in spec["datasets"].values() if rows]


def test_forest_keeps_the_order_and_leaves_out_what_has_no_slope() -> None:
    rows = pl.DataFrame(
        {"tier": ["b", "a", "c"], "n": [9, 9, 1], "slope": [1.0, 2.0, None], "ci_low": [0.5, 1.5, None]}
    ).with_columns(ci_high=pl.col("slope") + 1)
    spec = charts.forest_chart(rows, "tier", "Title", "Slope").to_dict()
    assert spec["layer"][1]["encoding"]["y"]["sort"] == ["b", "a"]
    assert spec["title"] == "Title (n = 9 each)"


def test_threshold_counts_are_summed_over_what_is_not_shown() -> None:
    counts = pl.DataFrame(
        {
            "threshold_flop": [1e25, 1e25, 1e23],
            "year": [2024, 2024, 2024],
            "country": ["China", "China", "China"],
            "access": ["open", "closed", "open"],
            "models": [2, 3, 50],
        }
    )
    spec = charts.threshold_chart(counts, 1e25, "country").to_dict()
    assert next(iter(spec["datasets"].values())) == [{"year": 2024, "country": "China", "models": 5}]


def test_the_threshold_chart_and_its_sentence_say_that_derivatives_are_counted() -> None:
    counts = client.run(ScalingSpec(), "2025-10").tables["thresholds"].filter(pl.col("threshold_flop") == 1e23)
    models, derivatives = (int(counts[name].sum()) for name in ("models", "derivatives"))
    assert 0 < derivatives < models
    chart = charts.threshold_chart(counts, 1e23, "country").to_dict()
    assert chart["title"] == f"Models at or above 1e23 FLOP (n = {models})"
    assert chart["encoding"]["y"]["title"] == "Models, derivatives included"
    text = written(opened("views/scaling.py", tab="Growth", threshold="1e23 FLOP"))
    assert f"({derivatives} of the {models} at or above 1e23 FLOP are marked as such)" in text


def test_the_law_says_how_many_models_it_has_and_how_the_others_were_lost() -> None:
    result = client.run(ScalingSpec(), "2025-10")
    tables, n = result.tables, f"{result.summary['n']:,}"
    chart = law_charts.law_chart(
        tables["points"], tables["fits"], tables["line"], result.summary["direction"], COLUMNS[LAW]
    )
    assert f"(n = {n})" in theme.svg(chart, "Source: test.")
    lost = lost_rows(tables["attrition"])
    assert lost["Models left"][-1] == result.summary["n"]
    assert lost["Models left"][0] - lost["Lost at this step"].sum() == result.summary["n"]
    text = written(opened("views/scaling.py"))
    assert [step for step in lost["Rows of the law"] if step not in text] == []
    assert not any("_" in step for step in lost["Rows of the law"])


def test_every_chart_of_the_study_has_its_n() -> None:
    tables = client.run(ScalingSpec(), "2025-10").tables
    made = [
        law_charts.slope_chart(tables["fits"]),
        law_charts.year_chart(tables["by_year"]),
        charts.residual_chart(tables["points"]),
        charts.forecast_chart(tables["series"], tables["forecast"], "compute, notable models"),
        charts.distribution_chart(pl.DataFrame({"slope_low": [1.0], "slope_high": [2.0], "count": [1500]}), 1, 2),
    ]
    titles = [chart.to_dict()["title"] for chart in made]
    assert [title for title in titles if "(n = " not in title or "n = 0" in title] == []
    assert titles[0] == "Slopes (n = 174 to 1,004)"
    assert titles[-1] == "Slopes of the replicates (n = 1,500)"


def test_the_largest_changes_of_every_kind_are_shown() -> None:
    left_out = client.run(ScalingSpec(), "2025-10").tables["leave_out"]
    shown = checks.largest(left_out)
    assert shown["Kind"].unique(maintain_order=True).to_list() == [
        "Influential rows",
        "Organization",
        "Year",
        "Domain",
    ]
    worst = left_out.sort(pl.col("change").abs(), descending=True, nulls_last=True)["left_out"][0]
    assert worst in shown["Left out"]
    assert shown.group_by("Kind").len()["len"].max() == checks.LEFT_OUT
    for kind, rows in left_out.group_by("kind"):
        (most,) = shown.filter(pl.col("Kind").str.to_lowercase() == kind[0]).select(pl.col("Change").abs().max())
        assert most[0] == pytest.approx(rows["change"].abs().max(), abs=5e-4)
    assert worst in written(opened("views/scaling.py", tab="Checks"))


def test_what_was_imputed_is_shown_with_its_units() -> None:
    spec = ScalingSpec(imputations=20)
    imputed = client.run(spec, "2025-10").tables["imputed"]
    assert imputed.height == 2
    app = opened("views/scaling.py", tab="Missing data", imputations=20)
    assert not app.exception
    text = written(app)
    assert "What was imputed" in text
    assert [h for table in checks.HEADINGS.values() for h in table.values() if f">{h}</th>" not in text] == []
    assert all(caption in text for caption in checks.CAPTIONS.values())
    assert ">Training compute (FLOP)</td>" in text
    assert f">{imputed['ks'][0]:.4g}</td>" in text


def test_growth_table_reads_as_factors_and_months() -> None:
    row = {"series": "s", "n": 5, "per_year": 4.321, "ci_low": 3.96, "ci_high": 4.73, "note": ""}
    months = {"doubling_months": 5.68, "doubling_ci_low": 5.36, "doubling_ci_high": 6.05}
    table = growth_table(pl.DataFrame([{**row, **months}]))
    assert table["A year"][0] == "x4.32 [3.96, 4.73]"
    assert table["Doubling (months)"][0] == "5.7 [5.4, 6.0]"


def own_table(params_scale: float = 1.0, flop_per_unit: float = 1.0) -> pl.DataFrame:
    """Forty invented models under the aliases a user's file may have."""
    x = pl.Series("Params", [10 ** (6 + i / 8) for i in range(40)])
    y = pl.Series("compute", [8e4 * p**1.5 * (2 if i % 2 else 0.5) for i, p in enumerate(x)])
    years = pl.Series("Year", [2016 + i % 4 for i in range(40)])
    return pl.DataFrame([x / params_scale, y / flop_per_unit, years]).with_columns(Developer=pl.lit("lab"))


def give(app: AppTest, content: bytes, name: str = "my table.csv") -> AppTest:
    return app.file_uploader[0].set_value((name, content, "text/csv")).run()


def csv_of(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


@pytest.mark.parametrize("tab", ["Law", "Slopes", "Growth", "Checks", "Missing data"])
def test_a_file_of_ones_own_is_used_in_every_tab_and_named(tab: str) -> None:
    app = give(opened("views/scaling.py", tab=tab), csv_of(own_table()))
    assert not app.exception
    assert not app.error
    text = written(app)
    assert "Epoch AI" not in text.replace("Models that report", "")
    if tab != "Missing data":
        assert "Source: a file of your own (my table.csv). Vintage 2025-10, preset corrected" in text
    assert app.code[-1].value == "python -m jobs scaling --preset corrected --table 'my table.csv'"
    assert "The table does not say which models are derivatives; none could be left out." in text


def test_units_of_ones_own_file_are_told_or_given() -> None:
    plain = give(opened("views/scaling.py"), csv_of(own_table()))
    scaled = give(opened("views/scaling.py", params_scale="1e9"), csv_of(own_table(1e9, 8.64e19)))
    assert [m.value for m in scaled.metric] == [m.value for m in plain.metric]
    assert "Training compute was read as PF-day and made FLOP." in written(scaled)


def test_removing_the_file_returns_to_the_bundled_data() -> None:
    app = opened("views/scaling.py")
    before = [metric.value for metric in app.metric]
    app = give(app, csv_of(own_table()))
    assert [metric.value for metric in app.metric] != before
    app.file_uploader[0].set_value(None).run()
    assert [metric.value for metric in app.metric] == before
    assert "Source: Epoch AI (CC BY 4.0" in written(app)


@pytest.mark.parametrize("page", ["views/scaling.py", "views/bootstrap.py"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "my table.csv is empty."),
        (
            b"Params,Year\n1,2020\n",
            "my table.csv has no column 'training_compute_flop' (or train_compute_flops, train_compute_flop, "
            "train_compute, training_compute, compute, compute_flops, FLOPs used), which the scaling table needs.",
        ),
        (b"Params;compute\n1;2\n", "my table.csv separates its columns by ';'; save it with commas."),
    ],
)
def test_a_file_that_will_not_do_is_one_sentence(page: str, content: bytes, said: str) -> None:
    app = give(opened(page, preset="both"), content)
    assert not app.exception
    assert [error.value for error in app.error] == [said]
    assert not app.metric
    assert any(box.label == "Direction of the fit" for box in (*app.radio, *app.selectbox))


def test_a_file_that_bears_no_law_is_one_sentence() -> None:
    app = give(opened("views/scaling.py"), csv_of(own_table().with_columns(Params=pl.lit(1e9))))
    assert [error.value for error in app.error] == [
        "Column 'parameters' is constant over the 40 rows used; compute_on_parameters can't be fitted."
    ]
    assert [warning.value for warning in app.warning] == ["The figures below answer the previous settings."]


def test_bootstrap_page_takes_a_file() -> None:
    app = give(opened("views/bootstrap.py"), csv_of(own_table()))
    assert not app.error
    text = written(app)
    assert "10,000 pairs replicates of 40 models" in text
    assert "a file of your own (my table.csv)" in text
    assert app.code[-1].value == "python -m jobs bootstrap --preset corrected --table 'my table.csv'"


def test_accepted_columns_and_a_template_stand_by_the_uploader() -> None:
    app = opened("views/scaling.py")
    text = written(app)
    assert "train_compute_flops, train_compute_flop" in text
    assert _own_file.NOT_IN_THE_ADDRESS in text
    columns = layout_report("scaling")
    assert columns.filter(pl.col("needed") == "yes")["column"].to_list() == ["parameters", "training_compute_flop"]
    template = _own_file.template(columns).encode()
    assert ingest(template + b",,,,,,2020,,1e9,6e20,\n", "filled.csv").kind == "scaling"


def test_imputation_report_names_source_and_run() -> None:
    spec = ScalingSpec()
    answer = _results.Answer(spec, "2025-10", client.run(spec, "2025-10"))
    report = json.loads(checks.imputation_report(answer))
    assert report["run"] == answer.result.key
    assert report["source"].startswith("Source: Epoch AI (CC BY 4.0")
    assert report["command"] == "python -m jobs scaling --preset corrected"
    assert {row["method"] for row in report["missing_methods"]} == {"complete case", "inverse-probability weights"}
    assert {row["column"] for row in report["missing_columns"]} >= {"parameters", "cost_usd_2023"}


def test_the_models_that_weigh_most_are_named_on_the_chart() -> None:
    points = pl.DataFrame(
        {
            "model": ["a", None, "c", *("d" * 6)],
            "organization": ["lab"] * 9,
            "fitted": [1.0] * 9,
            "residual": [0.5] * 9,
            "cooks_distance": [0.1, 0.9, 0.5, *(0.05 + i / 100 for i in range(6))],
            "influential": [True, True, False, *([True] * 6)],
        }
    )
    named = charts.weightiest(points)
    assert named["name"].to_list() == ["lab", *("a" if i == 0 else "d" for i in range(5))][: charts.NAMED]


def test_differences_from_industry_carry_their_intervals() -> None:
    table = against_industry(client.run(ScalingSpec(), "2025-10").tables["by_type"])
    academia = table.filter(pl.col("Type") == "Academia")
    assert academia["Fit"].to_list() == ["Pooled", "Within release year"]
    for shown in academia["Difference in slope"]:
        middle, low, high = (float(part) for part in re.findall(r"-?\d+\.\d+", shown))
        assert low < middle < high
