"""The scaling page tab by tab and the bootstrap's page, on the bundled tables; their charts as specifications."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from views._scaling.growth import growth_table
from views.charts import scaling_more as charts

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


def opened(page: str, **url: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=120)
    for name, value in url.items():
        app.query_params[name] = value
    return app.run().switch_page(page).run()


def written(app: AppTest) -> str:
    texts = [str(e.value) for kind in (app.markdown, app.caption, app.info, app.warning, app.subheader) for e in kind]
    return "\n".join(texts + [element.proto.body for element in app.get("html")])


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
@pytest.mark.parametrize("preset", ["corrected", "published"])
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
    assert spec["title"] == "Title"


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


def test_growth_table_reads_as_factors_and_months() -> None:
    row = {"series": "s", "n": 5, "per_year": 4.321, "ci_low": 3.96, "ci_high": 4.73, "note": ""}
    months = {"doubling_months": 5.68, "doubling_ci_low": 5.36, "doubling_ci_high": 6.05}
    table = growth_table(pl.DataFrame([{**row, **months}]))
    assert table["A year"][0] == "x4.32 [3.96, 4.73]"
    assert table["Doubling (months)"][0] == "5.7 [5.4, 6.0]"
