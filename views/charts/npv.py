"""Investment: distribution of net present value, what moves its mean, and its tail."""

from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import WIDE, layered

BILLION = 1e9
LEFT: dict[str, Any] = {"align": "left"}
RIGHT: dict[str, Any] = {"align": "right"}
ENDS = ("input lower", "input higher")
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def distribution_chart(distribution: pl.DataFrame, mean_usd: float, var5_usd: float) -> alt.LayerChart:
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
    title = alt.TitleParams("Distribution of net present value", subtitle=_subtitle(mean_usd, var5_usd, tail))
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
    order = tornado.sort("swing_usd", descending=True)["input"].to_list()
    base = alt.Chart(long).encode(
        y=alt.Y("input:N", sort=order, title=None).axis(labelLimit=200),
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
    return layered(bars, *labels, title="What moves the mean", width=800, height=26 * tornado.height)


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
