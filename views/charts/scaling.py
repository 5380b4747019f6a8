"""Scaling: the law over its points, its slope by specification, and its slope by release year."""

from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import LEGEND_COLUMNS, NEUTRAL, WIDE, layered

AXES = {
    "training_compute_flop": "Training compute (FLOP)",
    "cost_usd_2023": "Training cost (USD of 2023)",
    "parameters": "Parameters",
}
NAMES = {
    "compute_on_parameters": "Compute on parameters",
    "cost_on_parameters": "Cost on parameters",
    "parameters_on_compute": "Parameters on compute",
}
STEPS = {
    "all rows": "All models of the table",
    "not a derivative": "Not a derivative",
    "training_compute_flop known": "Training compute known",
    "cost_usd_2023 known": "Training cost known",
    "parameters known": "Parameters known",
}
BANDS = {"95 % of single models (prediction)": "pi", "95 % of the law itself (confidence)": "ci"}
BAND_SHADES = (0.14, 0.45)


def law_chart(
    points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame, direction: str, columns: tuple[str, str]
) -> alt.LayerChart:
    """Points on log axes, the pooled law with its two 95 % bands, and the law within release years.

    `points` has x and y in natural logs; `columns` names (response, regressor); `fits` and `line` are the study's.
    """
    drawn = points.with_columns(regressor=pl.col("x").exp(), response=pl.col("y").exp())
    x = alt.X("regressor:Q", title=AXES[columns[1]]).scale(type="log").axis(format=".0e", tickCount=8)
    y = alt.Y("response:Q", title=AXES[columns[0]]).scale(type="log").axis(format=".0e", tickCount=6)
    marks = alt.Chart(drawn).mark_circle(size=36, opacity=0.45).encode(x=x, y=y, tooltip=_point_tooltip(columns))
    legend: dict[str, Any] = {"orient": "bottom", "direction": "horizontal", "columns": LEGEND_COLUMNS}
    names = list(BANDS)
    shade = alt.Opacity("band:N", title=None, sort=names).scale(domain=names, range=list(BAND_SHADES)).legend(**legend)
    band = alt.Chart(law_bands(line)).mark_area().encode(x=x, y="low:Q", y2="high:Q", opacity=shade)
    lines = law_lines(points, fits, line, direction)
    laws = lines["law"].unique(maintain_order=True).to_list()
    law = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            strokeDash=alt.StrokeDash("law:N", title=None, sort=laws).legend(**legend),
            color=alt.Color("law:N", title=None, sort=laws).legend(**legend),
        )
    )
    return layered(band, marks, law, title=f"{NAMES[direction]} (n = {points.height:,})", width=800, height=340)


def _point_tooltip(columns: tuple[str, str]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("organization:N", title="Organisation"),
        alt.Tooltip("year:Q", title="Year", format="d"),
        alt.Tooltip("regressor:Q", title=AXES[columns[1]], format=".2e"),
        alt.Tooltip("response:Q", title=AXES[columns[0]], format=".2e"),
    ]


def effects_name(effects: str) -> str:
    """What a fit holds constant, in words: Pooled, or Within release year and domain."""
    words = {"year": "release year", "organization_type": "organisation type"}
    held = " and ".join(words.get(part, part) for part in effects.split(","))
    return "Pooled" if effects == "pooled" else f"Within {held}"


def law_bands(line: pl.DataFrame) -> pl.DataFrame:
    """The engine's intervals about the pooled law as bands, the wide one first. Columns: band, regressor, low, high."""
    parts = [
        line.select(
            band=pl.lit(name),
            regressor=pl.col("x").exp(),
            low=pl.col(f"{of}_low").exp(),
            high=pl.col(f"{of}_high").exp(),
        )
        for name, of in BANDS.items()
    ]
    return pl.concat(parts)


def law_lines(points: pl.DataFrame, fits: pl.DataFrame, line: pl.DataFrame, direction: str) -> pl.DataFrame:
    """The pooled law as the engine draws it, and each slope within effects through the points' centre.

    Columns: law, regressor, response.
    """
    x, y = points["x"], points["y"]
    across = line.select("x")
    laws = []
    for fit in fits.filter(pl.col("name") == direction).to_dicts():
        pooled = fit["effects"] == "pooled"
        drawn = line if pooled else across.with_columns(y=y.mean() + fit["slope"] * (pl.col("x") - x.mean()))
        name = pl.lit(f"{effects_name(fit['effects'])}: slope {fit['slope']:.2f}")
        laws.append(drawn.select(law=name, regressor=pl.col("x").exp(), response=pl.col("y").exp()))
    return pl.concat(laws)


def slope_chart(fits: pl.DataFrame) -> alt.LayerChart:
    """Slope and 95 % interval of every fit, with a rule at 1."""
    named = fits.with_columns(
        law=pl.col("name").replace_strict(NAMES),
        kind=pl.col("effects").map_elements(effects_name, return_dtype=pl.String),
    )
    base = alt.Chart(named).encode(
        y=alt.Y("law:N", title=None, sort=list(NAMES.values())),
        yOffset=alt.YOffset("kind:N"),
        color=alt.Color("kind:N", title=None).legend(
            orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS, labelLimit=320
        ),
        tooltip=[
            "law:N",
            "kind:N",
            "n:Q",
            *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("slope", "ci_low", "ci_high")),
        ],
    )
    one = alt.Chart(pl.DataFrame({"one": [1.0]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(x="one:Q")
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("ci_low:Q", title="Slope (95 % interval)"), x2="ci_high:Q")
    point = base.mark_point(filled=True, size=70).encode(x="slope:Q")
    return layered(one, interval, point, title=f"Slopes (n = {span(fits['n'])})", width=800, height=190)


def year_chart(by_year: pl.DataFrame) -> alt.LayerChart:
    """Slope among the models of each release year, 95 % interval; years with too few rows are left out."""
    known = by_year.drop_nulls("slope")
    base = alt.Chart(known).encode(
        x=alt.X("year:Q", title="Release year").scale(zero=False).axis(format="d", grid=False),
        tooltip=[
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("n:Q", title="Models"),
            alt.Tooltip("slope:Q", title="Slope", format=".3f"),
            alt.Tooltip("ci_low:Q", title="95 % from", format=".3f"),
            alt.Tooltip("ci_high:Q", title="to", format=".3f"),
        ],
    )
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("ci_low:Q", title="Slope (95 % interval)"), y2="ci_high:Q"
    )
    points = base.mark_point(filled=True, size=70).encode(y="slope:Q")
    return layered(bars, points, title=f"Slope by release year (n = {span(known['n'])} a year)", **WIDE)


def span(counts: pl.Series) -> str:
    """Fewest to most of some counts in words: 174 to 1,004, or the one there is."""
    ends = [f"{count:,}" for count in (counts.min(), counts.max()) if count is not None]
    return " to ".join(dict.fromkeys(ends)) or "0"
