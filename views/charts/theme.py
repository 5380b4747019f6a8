"""One look for every chart: type, sizes, palettes for light and dark, and how a chart leaves the app."""

import json
import textwrap
from typing import Any, Literal

import altair as alt

Mode = Literal["light", "dark"]
Chart = alt.Chart | alt.LayerChart | alt.VConcatChart | alt.HConcatChart

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
WIDE: dict[str, Any] = {"width": 800, "height": 250}
MEDIUM: dict[str, Any] = {"width": 400, "height": 260}
SMALL: dict[str, Any] = {"width": 350, "height": 280}

ORGANIZATION_TYPES = (
    "Industry",
    "Academia",
    "Academia, Industry",
    "Government",
    "Academia, Government",
    "Industry, Government",
    "Academia, Industry, Government",
    "Other",
)
BACKGROUND: dict[Mode, str] = {"light": "#ffffff", "dark": "#14181f"}
CATEGORIES: dict[Mode, tuple[str, ...]] = {
    "light": ("#0532a5", "#f16205", "#68065e", "#05738b", "#954e05", "#c04ad5", "#1d240c", "#879586"),
    "dark": ("#5edffa", "#f1630d", "#774ddf", "#18ad90", "#bbd53c", "#ca7bfa", "#fafacd", "#97506a"),
}
BLUES = ("#5c93d6", "#3d7cc6", "#2166b2")
NEUTRAL = "#808891"
DARK = "luminance(background) < 0.2"
INK = {"expr": f"{DARK} ? '#e8eaed' : '#1b1f24'"}
QUIET_INK = {"expr": f"{DARK} ? '#b9c0ca' : '#4a525c'"}
GRID = {"expr": f"{DARK} ? '#2c333d' : '#e3e6ea'"}
LEGEND_COLUMNS = {"expr": "width > 0 && width < 480 ? 1 : 4"}
SOURCE_LETTERS = 90
BAND_OPACITY = 0.22
ISOLATED, FADED = 0.9, 0.2


def config() -> dict[str, Any]:
    """Vega-Lite configuration whose inks follow the background, so that one chart serves light and dark."""
    text = {
        "labelFontSize": 12,
        "titleFontSize": 13,
        "labelFontWeight": "normal",
        "titleFontWeight": "normal",
        "labelColor": QUIET_INK,
        "titleColor": QUIET_INK,
    }
    stacked = {"signal": "width > 0 && width < 1000 ? 'vertical' : 'horizontal'"}
    return {
        "font": FONT,
        "title": {
            "anchor": "start",
            "align": "left",
            "frame": "group",
            "fontSize": 15,
            "fontWeight": 600,
            "offset": 12,
            "color": INK,
            "subtitleColor": QUIET_INK,
        },
        "axis": {
            **text,
            "labelPadding": 6,
            "titlePadding": 8,
            "labelLimit": 160,
            "labelOverlap": True,
            "labelFlush": False,
            "gridColor": GRID,
            "domain": False,
            "ticks": False,
        },
        "axisQuantitative": {"labelFlush": True},
        "legend": {
            **text,
            "labelLimit": 260,
            "symbolOpacity": 1,
            "symbolSize": 110,
            "rowPadding": 4,
            "layout": {"bottom": {"anchor": "start", "direction": stacked}},
        },
        "view": {"strokeWidth": 0},
        "text": {"font": FONT, "fontSize": 11, "color": QUIET_INK},
        "rule": {"color": QUIET_INK},
    }


alt.data_transformers.disable_max_rows()


@alt.theme.register("workbench", enable=True)
def workbench() -> alt.theme.ThemeConfig:
    """The theme every chart of the app is drawn with."""
    own: Any = {"autosize": {"type": "fit-x", "contains": "padding"}, "config": config()}
    made: alt.theme.ThemeConfig = own
    return made


def layered(*layers: alt.Chart | alt.LayerChart, **properties: Any) -> alt.LayerChart:
    """Layers as one chart with these properties (title, width, height)."""
    chart = alt.layer(*layers).properties(**properties)
    assert isinstance(chart, alt.LayerChart)
    return chart


def standalone(chart: Chart, source: str = "", mode: Mode = "light") -> dict[str, Any]:
    """The chart as a Vega-Lite specification that holds its data, colours and source, and needs nothing else."""
    spec: dict[str, Any] = chart.to_dict()
    if "vconcat" in spec or "hconcat" in spec:
        spec.pop("autosize", None)
    colours = {"background": BACKGROUND[mode], "range": {"category": list(CATEGORIES[mode])}}
    spec["config"] = {**spec["config"], **colours, "mark": {"color": CATEGORIES[mode][0]}}
    if source:
        spec["usermeta"] = {"source": source}
        title = spec.get("title", "")
        text = title["text"] if isinstance(title, dict) else title
        spec["title"] = {"text": text, "subtitle": textwrap.wrap(source, SOURCE_LETTERS), "subtitleFontSize": 10}
    return spec


def vega_lite_json(chart: Chart, source: str = "", mode: Mode = "light") -> str:
    """`standalone` as JSON text."""
    return json.dumps(standalone(chart, source, mode), ensure_ascii=False, default=str)


def png(chart: Chart, source: str = "", mode: Mode = "light", scale: float = 2.0) -> bytes:
    """The chart as a PNG picture, drawn without a browser."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(standalone(chart, source, mode), scale=scale))


def svg(chart: Chart, source: str = "", mode: Mode = "light") -> str:
    """The chart as an SVG picture, drawn without a browser."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(standalone(chart, source, mode)))
