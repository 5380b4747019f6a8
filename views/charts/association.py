"""The association of controls and compute: coefficients by way of inference, and the event study with its placebos."""

import altair as alt
import polars as pl

from views.charts.theme import LEGEND_COLUMNS, NEUTRAL, WIDE, layered

NORMAL_95 = 1.959963984540054
NAMES = {"imposed": "Imposed", "faced": "Faced", "faced_us": "Faced, from the US"}
WAYS = ("Wild cluster, restricted", "Heteroskedasticity (HC3)")
TRENDS = {False: "Without a trend of China's own", True: "With a trend of China's own"}
PLACEBO, EVENT = "Placebo date", "7 October 2022"


def coefficient_chart(regression: pl.DataFrame) -> alt.LayerChart:
    """Coefficient of each count of measures with 95 % intervals of two kinds, and a rule at zero.

    An end of a confidence set that is not bounded is not drawn: it runs to the edge of the widest one.
    """
    rows = intervals(regression)
    base = alt.Chart(rows).encode(
        y=alt.Y("measure:N", title=None, sort=list(NAMES.values())),
        yOffset=alt.YOffset("way:N", sort=list(WAYS)).scale(domain=list(WAYS)),
        color=alt.Color("way:N", title=None, sort=list(WAYS))
        .scale(domain=list(WAYS))
        .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS),
        tooltip=[
            alt.Tooltip("measure:N", title="Measures"),
            alt.Tooltip("way:N", title="Inference"),
            alt.Tooltip("coef:Q", title="Coefficient (log10 FLOP a measure)", format="+.3f"),
            alt.Tooltip("low:Q", title="95 % from", format="+.3f"),
            alt.Tooltip("high:Q", title="95 % to", format="+.3f"),
        ],
    )
    x = alt.X("low:Q", title="log10 FLOP a measure (95 %)")
    bars = base.mark_rule(strokeWidth=2.5).encode(x=x, x2="high:Q")
    points = base.mark_point(filled=True, size=80).encode(x="coef:Q")
    return layered(_zero("x"), bars, points, title="Effect of one more measure", width=800, height=170)


def intervals(regression: pl.DataFrame) -> pl.DataFrame:
    """One row a measure and way of inference. Columns: measure (in words), way, coef, low, high."""
    ends = [pl.col("ci_low"), pl.col("ci_high")]
    edges = regression.select(pl.min_horizontal("ci_low", "coef").min(), pl.max_horizontal("ci_high", "coef").max())
    low, high = edges.row(0) if edges.height else (None, None)
    measure = pl.col("measure").replace_strict(NAMES)
    spread = NORMAL_95 * pl.col("se_hc3")
    parts = (
        (WAYS[0], ends[0].fill_null(low), ends[1].fill_null(high)),
        (WAYS[1], pl.col("coef") - spread, pl.col("coef") + spread),
    )
    return pl.concat(regression.select(measure, pl.lit(w).alias("way"), "coef", low=a, high=b) for w, a, b in parts)


def _zero(side: str) -> alt.Chart:
    rule = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL)
    return rule.encode(x="zero:Q") if side == "x" else rule.encode(y="zero:Q")


def event_study_chart(event_study: pl.DataFrame) -> alt.LayerChart:
    """China against the rest by half-year around the event, with and without a trend of its own (95 %, HC3)."""
    order = list(TRENDS.values())
    drawn = event_study.with_columns(model=pl.col("trend").replace_strict(TRENDS, return_dtype=pl.String)).with_columns(
        place=pl.col("half_year") + pl.when("trend").then(0.1).otherwise(-0.1)
    )
    colour = (
        alt.Color("model:N", title=None, sort=order)
        .scale(domain=order)
        .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS)
    )
    base = alt.Chart(drawn).encode(
        x=alt.X("place:Q", title="Half-years from 7 October 2022")
        .scale(nice=False, padding=16)
        .axis(grid=False, tickMinStep=1, format="+d"),
        color=colour,
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("half_year:Q", title="Half-year", format="+d"),
            *(
                alt.Tooltip(f"{name}:Q", title=title, format="+.2f")
                for name, title in (("coef", "Difference (log10 FLOP)"), ("ci_low", "95 % from"), ("ci_high", "to"))
            ),
        ],
    )
    y = alt.Y("ci_low:Q", title="China against the rest (log10 FLOP)").axis(titleLimit=260)
    bars = base.mark_rule(strokeWidth=2, opacity=0.7).encode(y=y, y2="ci_high:Q")
    points = base.mark_point(filled=True, size=70).encode(y="coef:Q")
    event = alt.Chart(pl.DataFrame({"at": [-0.5]})).mark_rule(strokeDash=[2, 3], color=NEUTRAL).encode(x="at:Q")
    return layered(_zero("y"), event, bars, points, title="China around October 2022", **WIDE)


def placebo_chart(placebos: pl.DataFrame) -> alt.LayerChart:
    """'Effect' on China's models of the event and of days on which nothing happened (95 %, HC3)."""
    spread = NORMAL_95 * pl.col("se_hc3")
    drawn = placebos.with_columns(
        kind=pl.when("event").then(pl.lit(EVENT)).otherwise(pl.lit(PLACEBO)),
        low=pl.col("coef") - spread,
        high=pl.col("coef") + spread,
    )
    base = alt.Chart(drawn).encode(
        x=alt.X("date:T", title="Date taken for the event").axis(grid=False, format="%b %Y"),
        color=alt.Color("kind:N", title=None, sort=[PLACEBO, EVENT])
        .scale(domain=[PLACEBO, EVENT])
        .legend(orient="bottom", direction="horizontal"),
        tooltip=[
            alt.Tooltip("date:T", title="Date", format="%d %B %Y"),
            alt.Tooltip("coef:Q", title="'Effect' (log10 FLOP)", format="+.2f"),
            alt.Tooltip("p_hc3:Q", title="p, HC3", format=".2g"),
            alt.Tooltip("p_wcr:Q", title="p, wild cluster", format=".2g"),
        ],
    )
    y = alt.Y("low:Q", title="China x after (log10 FLOP)")
    bars = base.mark_rule(strokeWidth=2.5).encode(y=y, y2="high:Q")
    points = base.mark_point(filled=True, size=90).encode(y="coef:Q")
    return layered(_zero("y"), bars, points, title="The same test on placebo dates", **WIDE)
