"""Charts of the diffusion page: what they draw of an estimator's table, and what they leave out."""

from typing import Any

import polars as pl
import pytest
import vl_convert

from views.charts import (
    diffusion,
    diffusion_disclosure,
    diffusion_groups,
    diffusion_hazards,
    diffusion_incidence,
    diffusion_sensitivity,
    theme,
)


def drawn(chart: Any) -> dict[str, Any]:
    """The chart as a dict, once it has been drawn."""
    assert "<svg" in vl_convert.vegalite_to_svg(theme.standalone(chart, "Source: test."))
    return chart.to_dict()


def kinds(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


@pytest.fixture
def groups() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "level": ["Ducks", "Geese", "Swans", "Coots"],
            "n": [41, 12, 3, 9],
            "events": [37, 7, None, 0],
            "median_months": [8.5, 51.8, None, None],
            "ci_low": [5.1, 20.7, None, None],
            "ci_high": [15.6, None, None, None],
        }
    )


@pytest.fixture
def curves() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "level": ["Ducks", "Ducks", "Geese", "Geese"],
            "months": [0.0, 4.0, 0.0, 9.0],
            "survival": [1.0, 0.5, 1.0, 0.25],
            "ci_low": [1.0, 0.2, 1.0, 0.1],
            "ci_high": [1.0, 0.7, 1.0, 0.6],
            "at_risk": [6, 6, 8, 3],
        }
    )


def test_an_open_interval_runs_to_the_end_and_small_groups_have_n_only(groups: pl.DataFrame) -> None:
    rows = diffusion_groups.forest_rows(groups, 60.0).to_dicts()
    assert [row["high"] for row in rows] == [15.6, 60.0, None, None]
    assert [row["open"] for row in rows] == [False, True, False, False]
    assert [row["label"] for row in rows] == [
        "Ducks|n = 41, 37 ended",
        "Geese|n = 12, 7 ended",
        "Swans|n = 3",
        "Coots|n = 9, 0 ended",
    ]
    assert [row["shown_median"] for row in rows] == ["8.5", "51.8", None, "not reached"]
    assert [row["shown_high"] for row in rows] == ["15.6", "not reached", None, None]


def test_dot_plot_has_months_and_keeps_the_order_of_the_groups(groups: pl.DataFrame) -> None:
    spec = drawn(diffusion_groups.median_chart(groups, 60.0, "Median lead by bird"))
    assert kinds(spec) == ["rule", "point", "point"]
    assert spec["layer"][2]["encoding"]["x"]["title"] == "Median lead (months), 95 % interval"
    assert spec["layer"][2]["encoding"]["x"]["scale"]["domain"] == [0, 60.0]
    assert spec["layer"][2]["encoding"]["y"]["sort"][0] == "Ducks|n = 41, 37 ended"


@pytest.mark.parametrize("bands", [False, True])
def test_bands_of_the_curves_are_the_estimators_and_drawn_on_demand(curves: pl.DataFrame, bands: bool) -> None:
    spec = drawn(diffusion_groups.curves_chart(curves, 60.0, "Leads that hold", bands=bands))
    assert kinds(spec) == [*(["area"] if bands else []), "line", "point"]
    encoded = spec["layer"][0]["encoding"]
    assert (encoded["y"]["field"], encoded.get("y2", {}).get("field")) == (
        ("ci_low", "ci_high") if bands else ("survival", None)
    )
    assert {layer["mark"].get("interpolate", "step-after") for layer in spec["layer"]} == {"step-after"}
    (data,) = spec["datasets"].values()
    assert [row["survival"] for row in data] == curves["survival"].to_list()


def test_lines_differ_by_dash_as_well_as_by_colour(curves: pl.DataFrame) -> None:
    line = diffusion_groups.curves_chart(curves, 60.0, "Leads that hold").to_dict()["layer"][0]["encoding"]
    assert line["strokeDash"]["field"] == line["color"]["field"] == "level"
    dashes = line["strokeDash"]["scale"]["range"]
    assert len({tuple(dash) for dash in dashes}) == len(dashes) == 8


@pytest.mark.parametrize(("end", "every"), [(0.5, 6), (60.0, 6), (120.0, 12), (600.0, 60)])
def test_months_are_ticked_in_half_years_or_years(end: float, every: int) -> None:
    axis = diffusion_groups.months_axis(end).to_dict()
    assert axis["axis"]["values"] == [float(month) for month in range(0, int(end) + 1, every)]
    assert axis["title"] == "Months since release"


def test_hazard_ratios_are_on_a_log_axis_around_one() -> None:
    ratios = pl.DataFrame(
        {
            "model": ["One baseline", "Stratified by era"],
            "label": ["Duck", "Duck"],
            "hr": [2.4, 2.5],
            "ci_low": [1.4, 1.3],
            "ci_high": [4.3, 4.4],
            "p": [0.002, 0.003],
        }
    )
    spec = drawn(diffusion_hazards.forest_chart(ratios, "At release"))
    assert kinds(spec) == ["rule", "bar", "point"]
    scale = spec["layer"][2]["encoding"]["x"]["scale"]
    assert scale["type"] == "log"
    assert scale["domain"][0] < 1 < 4.4 < scale["domain"][1]
    bar = spec["layer"][1]["encoding"]
    assert (bar["x"]["field"], bar["x2"]["field"]) == ("ci_low", "ci_high")
    assert spec["layer"][2]["encoding"]["shape"]["field"] == "model"


def test_a_runaway_ratio_does_not_run_off_with_the_axis() -> None:
    ratios = pl.DataFrame(
        {"model": ["m"], "label": ["Duck"], "hr": [9.0], "ci_low": [1e-9], "ci_high": [float("inf")], "p": [0.9]}
    )
    domain = diffusion_hazards.forest_chart(ratios, "t").to_dict()["layer"][2]["encoding"]["x"]["scale"]["domain"]
    assert domain == [0.01, 100.0]


@pytest.mark.parametrize("bands", [False, True])
def test_incidence_steps_in_percent(bands: bool) -> None:
    found = pl.DataFrame(
        {
            "cause": ["open", "open", "closed", "closed"],
            "months": [0.0, 3.0, 0.0, 3.0],
            "cif": [0.0, 0.3, 0.0, 0.2],
            "ci_low": [0.0, 0.1, 0.0, 0.1],
            "ci_high": [0.0, 0.5, 0.0, 0.4],
            "at_risk": [9, 9, 9, 9],
        }
    )
    spec = drawn(diffusion_incidence.incidence_chart(found, 60.0, "By access", bands=bands))
    assert kinds(spec) == [*(["area"] if bands else []), "line", "point"]
    line = spec["layer"][1 if bands else 0]
    assert (line["encoding"]["y"]["field"], line["mark"]["interpolate"]) == ("cif", "step-after")
    assert line["encoding"]["y"]["axis"]["format"] == "%"


@pytest.fixture
def sweep() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "theta": [0.5, 0.5, 1.0, 1.0],
            "frontier": ["top 1", "within 10x of the best"] * 2,
            "default": [False, False, True, False],
            "already_matched": [1, 1, 1, 1],
            "subjects": [20, 6, 30, 12],
            "not_beyond_lead": [0, 3, 2, 0],
            "events": [11, 2, 20, 1],
            "median_months": [9.81, None, 20.0, None],
            "ci_low": [3.0, None, 9.0, None],
            "ci_high": [12.0, None, 30.0, None],
        }
    )


def test_cells_say_median_and_events_and_small_ones_their_n(sweep: pl.DataFrame) -> None:
    rows = diffusion_sensitivity.cells(sweep).to_dicts()
    assert [(row["median"], row["count"]) for row in rows] == [
        ("9.8", "11 ev."),
        ("", "n = 3"),
        ("20.0", "20 ev."),
        ("none", "1 ev."),
    ]
    assert rows[1]["rule"] == "within|10x|of best"


def test_heat_map_outlines_the_rule_asked_for_and_writes_in_readable_ink(sweep: pl.DataFrame) -> None:
    spec = drawn(diffusion_sensitivity.heat_map(sweep, "Median lead"))
    frame = spec["layer"][2]
    assert frame["transform"] == [{"filter": "datum.default"}]
    assert frame["mark"]["fillOpacity"] == 0
    ink = spec["layer"][3]["encoding"]["color"]["condition"]
    turn = 9.81 + diffusion_sensitivity.DEEP_FROM * (20.0 - 9.81)
    assert ink["test"] == f"datum.median_months > {turn}"
    assert ink["value"] == diffusion_sensitivity.ON_DEEP
    assert spec["layer"][1]["encoding"]["y"]["sort"] == ["1.0", "0.5"]


def test_white_and_black_ink_read_on_every_shade() -> None:
    def light(colour: list[float]) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    pale, deep = (
        [int(shade[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        for shade in (diffusion_sensitivity.PALE, diffusion_sensitivity.DEEP)
    )
    for step in range(101):
        share = step / 100
        ground = light([a + share * (b - a) for a, b in zip(pale, deep, strict=True)])
        white = share > diffusion_sensitivity.DEEP_FROM
        contrast = 1.05 / (ground + 0.05) if white else (ground + 0.05) / 0.055
        assert contrast >= 4.0


def test_known_compute_stands_solid_before_all_closed_models() -> None:
    found = pl.DataFrame(
        {"year": [2024], "accessibility": ["API access"], "models": [124], "known": [20], "share": [0.16]}
    )
    spec = drawn(diffusion_disclosure.disclosure_chart(found))
    assert [layer["encoding"]["y"]["field"] for layer in spec["layer"]] == ["models", "known"]
    assert spec["layer"][0]["mark"]["opacity"] < spec["layer"][1]["mark"]["opacity"]
    assert spec["layer"][0]["encoding"]["y"]["title"] == "Closed models"


def test_the_survival_chart_is_titled_by_its_clock() -> None:
    curve = pl.DataFrame(
        {"months": [0.0, 2.0], "survival": [1.0, 0.5], "ci_low": [1.0, 0.1], "ci_high": [1.0, 0.9], "at_risk": [2, 2]}
    )
    spec = drawn(diffusion.survival_chart(curve, "By parameters"))
    assert spec["vconcat"][0]["title"] == "By parameters"
