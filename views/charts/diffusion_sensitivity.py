"""The median lead under other rules, as a heat map."""

import altair as alt
import polars as pl

from views.charts.theme import NEUTRAL, QUIET_INK, layered

SMALLEST_GROUP = 5
PALE, DEEP = ("#d7e6f7", "#1c4f91")
READING = ("Outlined: the rule asked for.", "In each cell: median in months,", "leads ended (ev.).")
ON_PALE, ON_DEEP = "#101317", "#ffffff"
ROW_PIXELS = 56
DEEP_FROM = 0.72


def cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as cells: adds theta_name, rule (a frontier in lines), at_risk, median (as text) and count (as text)."""
    at_risk = pl.col("subjects") - pl.col("not_beyond_lead")
    few = at_risk < SMALLEST_GROUP
    known = pl.col("median_months").round(1).cast(pl.String)
    return rows.with_columns(
        theta_name=pl.col("theta").cast(pl.String),
        rule=pl.col("frontier").str.replace("within ", "within|").str.replace(" of the best", "|of best"),
        at_risk=at_risk,
        median=pl.when(few).then(pl.lit("")).otherwise(known.fill_null("none")),
        count=pl.when(few).then(pl.format("n = {}", at_risk)).otherwise(pl.format("{} ev.", "events")),
    )


def heat_map(rows: pl.DataFrame, title: str) -> alt.LayerChart:
    """Median lead over theta and frontier rule, the median and the number of events in each cell; default outlined.

    `rows` has one row a theta and frontier rule, with the columns of the sensitivity table.
    """
    drawn = cells(rows)
    turn = _turn(drawn)
    base = alt.Chart(drawn).encode(
        x=alt.X("rule:N", title="Frontier rule", sort=drawn["rule"].unique(maintain_order=True).to_list()).axis(
            labelExpr="split(datum.label, '|')", labelAngle=0, labelOverlap=False, orient="bottom"
        ),
        y=alt.Y("theta_name:N", title="Threshold theta", sort=_thetas(drawn)),
        tooltip=tooltip(),
    )
    tiles = base.mark_rect().encode(
        color=alt.Color("median_months:Q", title="Median (months)")
        .scale(range=[PALE, DEEP])
        .legend(orient="bottom", gradientLength=180)
    )
    ink = alt.condition(f"datum.median_months > {turn}", alt.value(ON_DEEP), alt.value(ON_PALE))
    unknown = alt.value(QUIET_INK)
    inked = base.transform_filter("isValid(datum.median_months)").encode(color=ink)
    plain = base.transform_filter("!isValid(datum.median_months)").encode(color=unknown)
    words = [
        place.mark_text(dy=dy, fontSize=size).encode(text=f"{field}:N")
        for place in (inked, plain)
        for field, dy, size in (("median", -8, 14), ("count", 9, 11))
    ]
    frame = base.transform_filter("datum.default").mark_rect(fillOpacity=0, strokeWidth=4, stroke="#f16205")
    height = ROW_PIXELS * max(drawn["theta_name"].n_unique(), 1)
    heading = alt.TitleParams(title, subtitle=list(READING))
    background = base.mark_rect(color=NEUTRAL, opacity=0.15)
    return layered(background, tiles, frame, *words, title=heading, width=800, height=height)


def _turn(drawn: pl.DataFrame) -> float:
    """The median from which white reads better than black."""
    low, high = drawn.select(low=pl.col("median_months").min(), high=pl.col("median_months").max()).row(0)
    return 0.0 if low is None else low + DEEP_FROM * (high - low)


def _thetas(drawn: pl.DataFrame) -> list[str]:
    return [str(theta) for theta in drawn["theta"].unique().sort(descending=True).to_list()]


def tooltip() -> list[alt.Tooltip]:
    """What a cell says."""
    return [
        alt.Tooltip("theta:Q", title="Threshold theta"),
        alt.Tooltip("frontier:N", title="Frontier rule"),
        alt.Tooltip("median_months:Q", title="Median (months)", format=".1f"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".1f"),
        alt.Tooltip("ci_high:Q", title="95 % to", format=".1f"),
        alt.Tooltip("at_risk:Q", title="Leads at risk"),
        alt.Tooltip("events:Q", title="Ended"),
        alt.Tooltip("already_matched:Q", title="Already matched"),
    ]
