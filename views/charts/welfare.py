"""Policy: who gains under each instrument, who invests as cost rises, and how far the answer leans on its inputs."""

from typing import Any

import altair as alt
import polars as pl

from views.charts.diffusion_groups import DASHES
from views.charts.theme import INK, WIDE, layered

BILLION = 1e9
PARTS = {"ps": "Producer surplus, net of cost", "cs": "Consumer surplus", "funds": "Cost of public funds"}
STREAMS = {"producer": "Producer", "consumer": "Consumers", "deadweight": "Nobody (deadweight loss)"}
NO_POLICY = "no_policy"
NO_ORIGINAL = (
    "Computed from this page's welfare function.",
    "The original was drawn from arbitrary",
    "formulas: none of its curves is here.",
)
VERSIONS = ("payment", "floor")
ROW_PIXELS = 44
CURVE_HEIGHT = 300
MOST_POINTS = 12
LEGEND_COLUMNS = {"expr": "width > 0 && width < 480 ? 1 : 3"}
FIGURES = {
    "gain_per_dollar": ("Change in welfare a dollar of outlay (USD)", ".3g"),
    "welfare_change": ("Change in welfare (billion USD)", ",.4g"),
    "p_invest": ("Chance of investing", ".1%"),
}
INPUTS = {"rho": "What the firm knows (rho)", "mcpf": "Marginal cost of public funds", "cost_multiple": "Cost multiple"}


def surplus_parts(instruments: pl.DataFrame, mcpf: float, *, change: bool) -> pl.DataFrame:
    """One row an instrument and part, those that can spend the outlay only.

    Columns: label, part (`PARTS`), billion_usd, welfare (their sum, billion USD). With `change`, less no policy.
    """
    known = instruments.drop_nulls("welfare").with_columns(funds=-mcpf * pl.col("fiscal"))
    less = pl.col(*PARTS, "welfare") - (pl.col(*PARTS, "welfare").first() if change else 0.0)
    scaled = known.with_columns(less / BILLION)
    kept = scaled.filter(pl.col("instrument") != NO_POLICY) if change else scaled
    long = kept.unpivot(list(PARTS), index=["label", "welfare"], variable_name="part", value_name="billion_usd")
    return long.with_columns(pl.col("part").replace_strict(PARTS))


def surplus_chart(instruments: pl.DataFrame, mcpf: float, *, change: bool) -> alt.LayerChart:
    """Producer and consumer surplus stacked, the cost of public funds below zero, welfare as a mark.

    `instruments` is the study's table of that name.
    """
    parts, order = surplus_parts(instruments, mcpf, change=change), list(PARTS.values())
    base = alt.Chart(in_lines(parts)).encode(y=_rows(parts), tooltip=_part_tooltip())
    bars = base.transform_calculate(rank=f"indexof({order}, datum.part)").mark_bar(height={"band": 0.6})
    stacked = bars.encode(
        x=alt.X("billion_usd:Q", title="Present value (billion USD)", stack="zero"),
        color=alt.Color("part:N", title=None).scale(domain=order).legend(orient="bottom", columns=LEGEND_COLUMNS),
        order=alt.Order("rank:Q"),
    )
    marks = base.mark_tick(thickness=3, size=36, color=INK).encode(x="welfare:Q")
    title = "Surplus, change from no policy" if change else "Surplus"
    heading = alt.TitleParams(title, subtitle="Upright mark: welfare, the sum")
    return layered(stacked, marks, title=heading, width=800, height=_height(parts))


def in_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds row, the label with | where its line may break."""
    return rows.with_columns(row=pl.col("label").str.replace(", ", ",|").str.replace(" +", "|+", literal=True))


def _rows(rows: pl.DataFrame) -> alt.Y:
    order = in_lines(rows)["row"].unique(maintain_order=True).to_list()
    axis = alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=180, labelOverlap=False)
    return alt.Y("row:N", title=None, sort=order, axis=axis)


def _height(rows: pl.DataFrame) -> int:
    return ROW_PIXELS * max(rows["label"].n_unique(), 2)


def _part_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="Instrument"),
        alt.Tooltip("part:N", title="Part"),
        alt.Tooltip("billion_usd:Q", title="Billion USD", format="+,.4g"),
        alt.Tooltip("welfare:Q", title="Welfare (billion USD)", format="+,.4g"),
    ]


def gain_chart(instruments: pl.DataFrame, mcpf: float) -> alt.LayerChart:
    """Change in welfare a dollar of outlay, with a rule where a pure transfer would be; no bar where there is none.

    `instruments` has columns label, gain_per_dollar and shown (the figure, or why there is none).
    """
    base = alt.Chart(in_lines(instruments)).encode(
        y=_rows(instruments),
        tooltip=[alt.Tooltip("label:N", title="Instrument"), alt.Tooltip("shown:N", title="Gain a dollar")],
    )
    bars = base.transform_filter("isValid(datum.gain_per_dollar)").mark_bar(height={"band": 0.5})
    x = alt.X("gain_per_dollar:Q", title=FIGURES["gain_per_dollar"][0]).scale(domain=gain_span(instruments, mcpf))
    words = base.transform_calculate(at="max(0, datum.gain_per_dollar || 0)").mark_text(align="left", dx=6)
    rule = alt.Chart(pl.DataFrame({"at": [-mcpf]})).mark_rule(strokeDash=[5, 3], strokeWidth=1.5).encode(x="at:Q")
    about = ["Dashed: a pure transfer, which loses", f"what a dollar costs to raise ({mcpf:g})"]
    heading = alt.TitleParams("Gain a dollar of outlay", subtitle=about)
    named = words.encode(x="at:Q", text="shown:N")
    return layered(bars.encode(x=x), rule, named, title=heading, width=800, height=_height(instruments))


def gain_span(instruments: pl.DataFrame, mcpf: float) -> list[float]:
    """Ends of the axis: all gains, zero and the pure transfer, with room for words to the right."""
    values = [0.0, -mcpf, *instruments["gain_per_dollar"].drop_nulls()]
    low, high = min(values), max(values)
    room = (high - low) or 1.0
    return [low - 0.1 * room, high + 0.8 * room]


def lines_chart(rows: pl.DataFrame, figure: str, by: str, title: Any, own: float, *, log: bool) -> alt.LayerChart:
    """A figure (of `FIGURES`) by instrument over an input (of `INPUTS`); a dashed rule where the question stands.

    `rows` has columns instrument, label, the figure's, and `by`; amounts in USD are drawn in billions. An instrument
    keeps its colour and dash from chart to chart; a change from no policy leaves that line out.
    """
    name, form = FIGURES[figure]
    order, drawn = rows["label"].unique(maintain_order=True).to_list(), line_points(rows, figure)
    key = legend(drawn["label"].unique(maintain_order=True).to_list())
    x = alt.X(f"{by}:Q", title=INPUTS[by]).axis(grid=False, format="~g")
    y = alt.Y("y:Q", title=name).axis(format="%" if figure == "p_invest" else "~g")
    base = alt.Chart(drawn).encode(
        x=x.scale(type="log", nice=False) if log else x,
        y=y.scale(domain=[0, 1]) if figure == "p_invest" else y,
        color=alt.Color("label:N", title=None, legend=key).scale(domain=order),
        tooltip=[
            alt.Tooltip("label:N", title="Instrument"),
            alt.Tooltip(f"{by}:Q", title=INPUTS[by], format=".3~g"),
            alt.Tooltip("y:Q", title=name, format=form),
        ],
    )
    dash = alt.Scale(domain=order, range=[list(dash) for dash in DASHES[: len(order)]])
    lines = base.mark_line(strokeWidth=2.5).encode(
        strokeDash=alt.StrokeDash("label:N", title=None, legend=key, scale=dash)
    )
    few = drawn[by].n_unique() <= MOST_POINTS
    points = base.mark_point(size=50, filled=True, opacity=1 if few else 0)
    here = alt.Chart(pl.DataFrame({by: [own]})).mark_rule(strokeDash=[5, 3], strokeWidth=1.5).encode(x=f"{by}:Q")
    return layered(lines, points, here, title=title, width=800, height=CURVE_HEIGHT)


def line_points(rows: pl.DataFrame, figure: str) -> pl.DataFrame:
    """The rows that have the figure, with it as y; amounts in billion USD, without the line that is zero."""
    amount = figure == "welfare_change"
    kept = rows.filter(pl.col("instrument") != NO_POLICY) if amount else rows
    return kept.with_columns(y=pl.col(figure) / (BILLION if amount else 1.0)).drop_nulls("y")


def legend(shown: list[str]) -> alt.Legend:
    """Below the plot, the instruments drawn; in one column where that is narrow."""
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        columns=LEGEND_COLUMNS,
        values=shown,
        symbolType="stroke",
        symbolStrokeWidth=2.5,
    )


def figure6_chart(curves: pl.DataFrame, own: float) -> alt.LayerChart:
    """Figure 6 of the study, drawn from the welfare function: change in welfare by instrument as cost rises.

    `curves` is the study's table of that name.
    """
    heading = alt.TitleParams("Figure 6 redrawn: change in welfare", subtitle=list(NO_ORIGINAL))
    return lines_chart(curves, "welfare_change", "cost_multiple", heading, own, log=True)


def streams_chart(streams: pl.DataFrame) -> alt.Chart:
    """What a month of the market yields, expected, per unit of first-month profit; the three add up to two.

    `streams` has columns month, producer, consumer, deadweight.
    """
    long = streams.unpivot(list(STREAMS), index="month", variable_name="part", value_name="surplus").with_columns(
        pl.col("part").replace_strict(STREAMS)
    )
    order = list(STREAMS.values())
    chart: alt.Chart = (
        alt.Chart(long, title="Who gets what, month by month", **WIDE)
        .mark_area(interpolate="step-after", opacity=0.85)
        .encode(
            x=alt.X("month:Q", title="Month").scale(nice=False).axis(grid=False),
            y=alt.Y("surplus:Q", title="Per unit of first-month profit", stack="zero"),
            color=alt.Color("part:N", title=None, sort=order)
            .scale(domain=order)
            .legend(orient="bottom", columns=LEGEND_COLUMNS),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("month:Q", title="Month"),
                alt.Tooltip("part:N", title="Goes to"),
                alt.Tooltip("surplus:Q", title="Per unit of profit", format=".3f"),
            ],
        )
        .transform_calculate(rank=f"indexof({order}, datum.part)")
    )
    return chart


def commitment_chart(commitment: pl.DataFrame) -> alt.Chart:
    """P(NPV > 0) at 0, 50, 100 and 150 % of APC*, by version.

    `commitment` is the study's table of that name.
    """
    percent = (100 * pl.col("multiple_of_apc_star")).round().cast(pl.Int64)
    rows = commitment.drop_nulls("p_positive").with_columns(of_star=pl.format("{} %", percent))
    chart: alt.Chart = (
        alt.Chart(rows, title="Chance that the project gains", width=800, height=230)
        .mark_bar()
        .encode(
            x=alt.X("of_star:N", title="Purchase commitment, share of APC*", sort=None).axis(labelAngle=0, grid=False),
            xOffset=alt.XOffset("version:N", sort=list(VERSIONS)),
            y=alt.Y("p_positive:Q", title="P(NPV > 0)").axis(format="%"),
            color=alt.Color("version:N", title=None).scale(domain=list(VERSIONS)).legend(orient="bottom"),
            tooltip=[
                alt.Tooltip("version:N", title="Version"),
                alt.Tooltip("of_star:N", title="Share of APC*"),
                alt.Tooltip("share_of_cost:Q", title="Share of the cost", format=".2%"),
                alt.Tooltip("p_positive:Q", title="P(NPV > 0)", format=".2%"),
            ],
        )
    )
    return chart
