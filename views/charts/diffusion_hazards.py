"""Hazard ratios as a forest plot."""

import math

import altair as alt
import polars as pl

from views.charts.diffusion_groups import LABEL_LIMIT, LABELS, legend
from views.charts.theme import layered

ROW_PIXELS = 46
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def forest_chart(ratios: pl.DataFrame, title: str) -> alt.LayerChart:
    """Hazard ratios with 95 % intervals on a log axis; several models of one term stand under each other.

    `ratios` has columns model, label, hr, ci_low, ci_high, p.
    """
    low, high = _ends(ratios)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    models = ratios["model"].unique(maintain_order=True).to_list()
    axis = alt.X("hr:Q", title="Hazard ratio, 95 % interval", scale=scale).axis(
        values=[tick for tick in TICKS if low <= tick <= high], format="~g"
    )
    base = alt.Chart(ratios).encode(
        y=alt.Y("label:N", title=None, sort=ratios["label"].unique(maintain_order=True).to_list()).axis(
            labelExpr=LABELS, labelLimit=LABEL_LIMIT, labelOverlap=False, grid=False
        ),
        yOffset=alt.YOffset("model:N", sort=models).scale(domain=models, paddingOuter=0.5),
        color=alt.Color("model:N", title=None, sort=models, legend=legend("circle") if len(models) > 1 else None),
        tooltip=tooltip(),
    )
    even = alt.Chart(pl.DataFrame({"hr": [1.0]})).mark_rule(strokeDash=[4, 4]).encode(x=alt.X("hr:Q", scale=scale))
    spans = base.mark_bar(height=3).encode(x=alt.X("ci_low:Q", scale=scale), x2="ci_high:Q")
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=axis, shape=alt.Shape("model:N", sort=models, legend=None)
    )
    height = ROW_PIXELS * max(ratios["label"].n_unique(), 2)
    heading = alt.TitleParams("Hazard ratios", subtitle=title)
    return layered(even, spans, dots, title=heading, width=800, height=height)


def _ends(ratios: pl.DataFrame) -> tuple[float, float]:
    """The axis: a fifth beyond the intervals, 1 included, never beyond a hundredth and a hundred."""
    low = min(0.8, float(ratios["ci_low"].min() or 0.8) / 1.2)  # type: ignore[arg-type]
    high = max(1.25, float(ratios["ci_high"].max() or 1.25) * 1.2)  # type: ignore[arg-type]
    return max(low, 0.01), min(high, 100.0) if math.isfinite(high) else 100.0


def tooltip() -> list[alt.Tooltip]:
    """What a ratio says."""
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("label:N", title="Covariate"),
        alt.Tooltip("hr:Q", title="Hazard ratio", format=".3f"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".3f"),
        alt.Tooltip("ci_high:Q", title="95 % to", format=".3f"),
        alt.Tooltip("p:Q", title="p", format=".3g"),
    ]
