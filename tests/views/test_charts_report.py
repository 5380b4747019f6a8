"""What only the report draws, and how a picture is put under its title and over its caption."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from engine.result import Result
from views import figures
from views.charts import report

BY_TIER = pl.DataFrame(
    {
        "tier": ["< 1e8", ">= 1e10"],
        "n": [3, 1],
        "slope": [2.0, None],
        "ci_low": [1.5, None],
        "ci_high": [2.5, None],
    }
)
POINTS = pl.DataFrame(
    {"x": [1.0, 2.0, 3.0, 30.0], "y": [2.0, 4.5, 5.5, 50.0], "tier": ["< 1e8", "< 1e8", "< 1e8", ">= 1e10"]}
)
COLUMNS = ("training_compute_flop", "parameters")
PICTURE = {
    "name": "mine",
    "chart": "tiers",
    "key": "",
    "title": "Figure 9. Mine",
    "caption": "Source: somebody. Vintage v, run k.",
    "watermark": "SYNTHETIC",
    "reason": "There is no run.",
}


def test_a_tiers_line_has_its_fitted_slope_and_goes_through_its_centre() -> None:
    named = POINTS.join(report.tier_names(BY_TIER), on="tier")
    lines = report.tier_lines(named, BY_TIER)
    assert lines["name"].unique().to_list() == ["< 1e8 parameters: slope 2.00 [1.50, 2.50], n = 3"]
    x, y = (lines[name].log().to_list() for name in ("regressor", "response"))
    assert x == pytest.approx([1.0, 3.0])
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(2.0)
    assert sum(y) / 2 == pytest.approx(4.0)


def test_a_tier_without_a_slope_says_so() -> None:
    spec = report.tier_chart(POINTS, BY_TIER, COLUMNS).to_dict()
    names = spec["layer"][0]["encoding"]["color"]["sort"]
    assert names[1] == ">= 1e10 parameters: n = 1, too few for a slope"
    assert spec["layer"][1]["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["layer"][1]["encoding"]["y"]["title"] == "Training compute (FLOP)"


def test_a_picture_has_its_title_and_caption() -> None:
    spec = figures.specification(report.card("Nothing to repeat."), PICTURE)
    assert spec["title"]["text"] == "SYNTHETIC Figure 9. Mine"
    assert spec["title"]["subtitle"] == ["Source: somebody. Vintage v, run k."]
    assert spec["usermeta"]["source"] == PICTURE["caption"]


def test_a_second_legend_for_the_same_field_is_left_out() -> None:
    from views.charts import diffusion_groups

    curves = pl.DataFrame(
        {"level": ["a", "b"], "months": [1.0, 2.0], "survival": [0.5, 0.4], "ci_low": [0.1] * 2, "ci_high": [0.9] * 2}
    ).with_columns(at_risk=pl.lit(3))
    spec = figures.specification(diffusion_groups.curves_chart(curves, 12, "Curves", bands=True), PICTURE)
    dashes = [layer["encoding"]["strokeDash"] for layer in spec["layer"] if "strokeDash" in layer["encoding"]]
    assert [dash["legend"] for dash in dashes] == [None]


def test_a_plan_is_drawn_by_name(tmp_path: Path) -> None:
    other = {**PICTURE, "name": "other", "reason": "", "key": "0" * 64}
    (tmp_path / "plan.json").write_text(json.dumps([PICTURE, other]), encoding="utf-8")
    command = [
        "--plan",
        str(tmp_path / "plan.json"),
        "--store",
        str(tmp_path / "store"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert figures.main([*command, "mine"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mine.pdf", "mine.png", "mine.svg"]
    assert "SYNTHETIC" in (tmp_path / "out" / "mine.svg").read_text(encoding="utf-8")
    assert figures.main(command) == 2
    assert figures.main([*command, "absent"]) == 2


@pytest.mark.parametrize("text", ["", "[", '{"a": 1}'])
def test_a_plan_that_is_none_ends_with_2(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text(text)
    command = ["--plan", str(tmp_path / "plan.json"), "--store", str(tmp_path), "--out", str(tmp_path / "out")]
    assert figures.main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_drawing_needs_no_app() -> None:
    code = "import sys, views.figures; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("chart", "tables"),
    [
        ("index", {"by_year": pl.DataFrame(schema={"year": pl.Int64})}),
        ("controls", {"models": pl.DataFrame(schema={"control_bin": pl.String})}),
        ("hazards", {}),
        ("hazards", {"cox": pl.DataFrame(schema={"term": pl.String})}),
        ("welfare", {"curves": pl.DataFrame(schema={"instrument": pl.String})}),
    ],
)
def test_a_run_without_rows_gives_a_card(chart: str, tables: dict[str, pl.DataFrame]) -> None:
    spec = figures.CHARTS[chart](Result("x", {"finding": "Nothing to repeat."}, tables)).to_dict()
    assert spec["title"] == "No picture"
