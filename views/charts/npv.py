"""Investment: distribution of net present value, what moves its mean, and its tail."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from views.charts.npv_ranges import broken, named_rows
from views.charts.theme import LEGEND_COLUMNS, WIDE, layered

BILLION = 1e9
LEFT: dict[str, Any] = {"align": "left"}
RIGHT: dict[str, Any] = {"align": "right"}
ENDS = ("input lower", "input higher")
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def tiers_chart(distribution: pl.DataFrame, marks: Mapping[str, tuple[float, float]]) -> alt.VConcatChart:
    """The distribution of each tier, one under the other, on one axis where they overlap.

    `marks` gives mean and 5 % value at risk in USD by tier.
    """
    rows = {tier: distribution.filter(pl.col("tier") == tier) for tier in marks}
    panels = [distribution_chart(rows[tier], *marks[tier], f"Tier {tier}") for tier in marks]
    drawn: alt.VConcatChart = alt.vconcat(*panels, spacing=24, title="Distribution of net present value by tier")
    return drawn.resolve_scale(x="shared" if _overlap(list(rows.values())) else "independent")


def _overlap(tiers: list[pl.DataFrame]) -> bool:
    """Whether the bars of all tiers but their open upper tails share a stretch."""
    lows = [float(rows["npv_usd_low"][0]) for rows in tiers]
    highs = [float(rows["npv_usd_low"][-1]) for rows in tiers]
    return max(lows) < min(highs)


def cumulative_chart(distribution: pl.DataFrame) -> alt.LayerChart:
    """Probability that net present value is below each amount, by tier; dashed at zero and at 5 %.

    `distribution` has columns tier, npv_usd_low, npv_usd_high, cumulative. The open upper tail is left out.
    """
    return curves_chart(cumulative_points(distribution).with_columns(curve="Tier " + pl.col("tier")), "by tier")


def cumulative_points(distribution: pl.DataFrame) -> pl.DataFrame:
    """Columns: tier, npv (billion USD), cumulative; from 0 at the lowest outcome, without the open upper tail."""
    inner = distribution.filter(pl.int_range(pl.len()).over("tier") < pl.len().over("tier") - 1)
    first = distribution.group_by("tier", maintain_order=True).first()
    points = pl.concat(
        [
            first.select("tier", npv="npv_usd_low", cumulative=pl.lit(0.0)),
            inner.select("tier", npv="npv_usd_high", cumulative="cumulative"),
        ]
    )
    return points.with_columns(pl.col("npv") / BILLION).sort("tier", "npv", maintain_order=True)


def curves_chart(points: pl.DataFrame, by: str) -> alt.LayerChart:
    """Cumulative curves told apart by colour and dash. `points` has columns curve, npv (billion USD), cumulative."""
    order = points["curve"].unique(maintain_order=True).to_list()
    legend = alt.Legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS, symbolType="stroke")
    lines = (
        alt.Chart(points)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("npv:Q", title="Net present value (billion USD)").scale(zero=False, nice=False),
            y=alt.Y("cumulative:Q", title="Probability of less").scale(domain=[0, 1]).axis(format="%"),
            color=alt.Color("curve:N", title=None, sort=order, legend=legend),
            strokeDash=alt.StrokeDash("curve:N", title=None, sort=order, legend=legend),
            tooltip=[
                alt.Tooltip("curve:N", title="Scenario"),
                alt.Tooltip("npv:Q", title="billion USD", format=",.4r"),
                alt.Tooltip("cumulative:Q", title="Probability of less", format=".1%"),
            ],
        )
    )
    tail = alt.Chart(pl.DataFrame({"at": [0.05]})).mark_rule(strokeDash=[5, 3]).encode(y="at:Q")
    title = alt.TitleParams(
        f"Cumulative probability {by}", subtitle="Dashed: 5 %; where a curve meets it, its value at risk"
    )
    return layered(lines, tail, *_zero(points), title=title, width=800, height=300)


def _zero(points: pl.DataFrame) -> list[alt.Chart]:
    """A rule at zero where the curves reach it."""
    low, high = points.select(low=pl.col("npv").min(), high=pl.col("npv").max()).row(0)
    rule = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[2, 2]).encode(x="at:Q")
    return [rule] if low <= 0 <= high else []


def distribution_chart(
    distribution: pl.DataFrame, mean_usd: float, var5_usd: float, heading: str = "Distribution of net present value"
) -> alt.LayerChart:
    """Probability of each bin of net present value of one tier, with the mean and the 5 % value at risk as rules.

    `distribution` has columns npv_usd_low, npv_usd_high, probability, cumulative. The open upper tail (the last bin)
    is left out of the picture; its probability is in the title.
    """
    shown = distribution.head(-1) if distribution.height > 1 else distribution
    tail = 0.0 if shown.height == distribution.height else distribution["probability"][-1]
    bins = shown.with_columns(low=pl.col("npv_usd_low") / BILLION, high=pl.col("npv_usd_high") / BILLION)
    bars = (
        alt.Chart(bins)
        .mark_bar(opacity=0.85, binSpacing=0)
        .encode(
            x=alt.X("low:Q", title="Net present value (billion USD)", bin="binned").scale(zero=False),
            x2="high:Q",
            y=alt.Y("probability:Q", title="Probability").axis(format="%"),
            tooltip=[
                alt.Tooltip("low:Q", title="From (billion USD)", format=",.4r"),
                alt.Tooltip("high:Q", title="To (billion USD)", format=",.4r"),
                alt.Tooltip("probability:Q", title="Probability", format=".2%"),
                alt.Tooltip("cumulative:Q", title="Up to here", format=".1%"),
            ],
        )
    )
    title = alt.TitleParams(heading, subtitle=_subtitle(mean_usd, var5_usd, tail))
    return layered(bars, _rules(mean_usd, var5_usd), title=title, **WIDE)


def _subtitle(mean_usd: float, var5_usd: float, tail: float) -> list[str]:
    marks = f"Dashed: mean {mean_usd / BILLION:,.4g}, 5 % value at risk {var5_usd / BILLION:,.4g} billion USD"
    return [marks, f"{tail:.0%} of outcomes lie beyond the right edge"] if tail else [marks]


def _rules(mean_usd: float, var5_usd: float) -> alt.Chart:
    marks = pl.DataFrame({"at": [mean_usd / BILLION, var5_usd / BILLION], "figure": ["mean", "5 % value at risk"]})
    return (
        alt.Chart(marks)
        .mark_rule(strokeWidth=1.5, strokeDash=[5, 3])
        .encode(
            x="at:Q",
            tooltip=[alt.Tooltip("figure:N", title="Figure"), alt.Tooltip("at:Q", title="billion USD", format=",.4r")],
        )
    )


def tornado_chart(tornado: pl.DataFrame, base_mean_usd: float) -> alt.LayerChart:
    """Mean net present value when one input moves either way, largest swing on top, both ends labelled.

    `tornado` has columns input, unit, low_value, high_value, mean_usd_at_low, mean_usd_at_high, swing_usd.
    """
    long = tornado_ends(tornado, base_mean_usd)
    order = broken(tornado.sort("swing_usd", descending=True)["input"]).to_list()
    base = alt.Chart(long.with_columns(label=broken(long["input"]))).encode(
        y=named_rows(order),
        tooltip=[
            alt.Tooltip("input:N", title="Input"),
            alt.Tooltip("value:N", title="Set to"),
            alt.Tooltip("mean:Q", title="Mean (billion USD)", format=",.5r"),
        ],
    )
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x=alt.X("mean:Q", title="Mean net present value (billion USD)").scale(zero=False, padding=64),
        x2="base:Q",
        color=alt.Color("end:N", title=None, sort=ENDS)
        .scale(domain=ENDS)
        .legend(orient="bottom", direction="horizontal"),
    )
    labels = [
        base.transform_filter(f"datum.mean {sign} datum.base")
        .mark_text(dx=dx, fontSize=10, **align)
        .encode(x="mean:Q", text="value:N")
        for sign, align, dx in ((">=", LEFT, 4), ("<", RIGHT, -4))
    ]
    return layered(bars, *labels, title="What moves the mean", width=800, height=30 * tornado.height)


def tornado_ends(tornado: pl.DataFrame, base_mean_usd: float) -> pl.DataFrame:
    """One row an input and end. Columns: input, swing_usd, end, value (text with unit), mean, base (billion USD)."""
    parts = [
        tornado.select(
            "input",
            "swing_usd",
            end=pl.lit(name),
            value=pl.concat_str(
                pl.col(f"{side}_value").map_elements(_short, return_dtype=pl.String), "unit", separator=" "
            ),
            mean=pl.col(f"mean_usd_at_{side}") / BILLION,
            base=pl.lit(base_mean_usd / BILLION),
        )
        for side, name in zip(("low", "high"), ENDS, strict=True)
    ]
    return pl.concat(parts).with_columns(pl.col("value").str.strip_chars())


def _short(value: float) -> str:
    for scale, name in SCALES:
        if abs(value) >= scale:
            return f"{value / scale:.3g} {name}"
    return f"{value:.3g}"
