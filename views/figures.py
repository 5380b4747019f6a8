"""Pictures of a report from its stored runs: `python -m views.figures --plan FILE --store ROOT --out DIR [NAME ...]`.

The plan lists each picture's name, chart, run, title and caption; a picture named alone is drawn alone.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import vl_convert

from engine.result import Result
from engine.scaling_law import COLUMNS
from jobs import client
from views.charts import (
    diffusion,
    diffusion_groups,
    diffusion_hazards,
    efficiency,
    export_controls,
    npv,
    report,
    scaling,
    theme,
    welfare,
)

DOTS_PER_INCH = 300
CAPTION_LETTERS = 118
FORMATS = ("png", "svg", "pdf")
Picture = Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    """Draw the pictures asked for, all of them by default; 2 for a bad question."""
    parser = argparse.ArgumentParser(prog="python -m views.figures", description="Draw a report's pictures.")
    parser.add_argument("--plan", type=Path, required=True, help="figures.json of the report")
    parser.add_argument("--store", required=True, help="directory or URL of the run store")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("names", nargs="*", help="names of pictures; all of them when none is given")
    given = parser.parse_args(arguments)
    try:
        for picture in chosen(json.loads(given.plan.read_text(encoding="utf-8")), given.names):
            draw(picture, given.store, given.out)
    except (OSError, LookupError, TypeError, ValueError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


def chosen(plan: Sequence[Picture], names: Sequence[str]) -> list[Picture]:
    """The pictures of those names. Raises `LookupError` for a name that is not in the plan."""
    known = {picture["name"]: picture for picture in plan}
    for name in names:
        if name not in known:
            raise LookupError(f"There is no picture '{name}'; there are {', '.join(known)}.")
    return [known[name] for name in names or known]


def draw(picture: Picture, store: str, out: Path) -> None:
    """One picture as PNG (300 dots an inch), SVG and PDF; raises `LookupError` when its run is not in the store."""
    spec = json.dumps(specification(chart_of(picture, store), picture), ensure_ascii=False, default=str)
    out.mkdir(parents=True, exist_ok=True)
    target = out / picture["name"]
    target.with_suffix(".png").write_bytes(vl_convert.vegalite_to_png(spec, ppi=DOTS_PER_INCH))
    target.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    target.with_suffix(".pdf").write_bytes(vl_convert.vegalite_to_pdf(spec))


def chart_of(picture: Picture, store: str) -> theme.Chart:
    """The chart, or a card with the plan's reason why there is none."""
    if picture["reason"]:
        return report.card(picture["reason"])
    result = client.store(store).result(picture["key"])
    if result is None:
        raise LookupError(f"The store {store} has no run {picture['key'][:12]} for {picture['name']}.")
    return CHARTS[picture["chart"]](result)


def specification(chart: theme.Chart, picture: Picture) -> dict[str, Any]:
    """The chart by itself, under its title and over its own words and the caption."""
    spec = theme.standalone(chart, picture["caption"])
    own = chart.to_dict().get("title", "")
    words = own.get("subtitle", []) if isinstance(own, dict) else []
    caption = textwrap.wrap(picture["caption"], CAPTION_LETTERS)
    title = f"{picture['watermark']} {picture['title']}".strip()
    lines = [*([words] if isinstance(words, str) else words), *caption]
    drawn = {**spec, "title": {"text": title, "subtitle": lines, "subtitleFontSize": 10, "anchor": "start"}}
    for layer in drawn.get("layer", ()):
        _without_second_legend(layer)
    return drawn


def _without_second_legend(layer: dict[str, Any]) -> None:
    """On paper one legend is enough where colour and dash say the same."""
    encoding = layer.get("encoding", {})
    dash, colour = encoding.get("strokeDash", {}), encoding.get("color", {})
    if "field" in dash and dash["field"] == colour.get("field"):
        dash["legend"] = None


def _law(result: Result) -> theme.Chart:
    tables, direction = result.tables, result.summary["direction"]
    return scaling.law_chart(tables["points"], tables["fits"], tables["line"], direction, COLUMNS[direction])


def _tiers(result: Result) -> theme.Chart:
    columns = COLUMNS[result.summary["direction"]]
    return report.tier_chart(result.tables["points"], result.tables["by_tier"], columns)


def _survival(result: Result) -> theme.Chart:
    return diffusion.survival_chart(result.tables["survival"])


def _survival_by_tier(result: Result) -> theme.Chart:
    """Curves of each tier with enough leads; the one curve there is where the run has no tiers."""
    empty = pl.DataFrame(schema={"group": pl.String})
    curves = result.tables.get("group_curves", empty).filter(pl.col("group") == "tier")
    if curves.is_empty():
        return _survival(result)
    return diffusion_groups.curves_chart(curves, float(result.spec["window_months"]), "Leads by tier", bands=True)


def _hazards(result: Result) -> theme.Chart:
    if result.tables.get("cox", pl.DataFrame()).is_empty():
        return report.card("No regression was or can be run on these leads.")
    term = pl.col("term").str.replace_all("_", " ").str.replace("=", ":|")
    return diffusion_hazards.forest_chart(result.tables["cox"].with_columns(label=term), "Cox regressions")


def _npv_by_tier(result: Result) -> theme.Chart:
    tiers = result.tables["tiers"].iter_rows(named=True)
    marks = {row["tier"]: (row["mean_usd"], row["var5_usd"]) for row in tiers}
    return npv.tiers_chart(result.tables["distribution"], marks)


def _tornado(result: Result) -> theme.Chart:
    return npv.tornado_chart(result.tables["tornado"], result.summary["mean_usd"])


def _welfare(result: Result) -> theme.Chart:
    curves = result.tables["curves"]
    if curves.is_empty():
        return report.card(str(result.summary["finding"]))
    return welfare.figure6_chart(curves, float(result.summary["cost_multiple"]))


def _controls(result: Result) -> theme.Chart:
    models = result.tables["models"]
    if models.is_empty():
        return report.card("No model has all that this picture needs.")
    levels = [row for row in LEVELS if row in set(models["control_bin"].drop_nulls())]
    return export_controls.box_chart(models, levels)


def _index(result: Result) -> theme.Chart:
    years = result.tables["by_year"]["year"]
    if years.is_empty():
        return report.card("No model has an efficiency index.")
    return efficiency.line_chart(result.tables["by_year"], (int(years[0]), int(years[-1])), live=True)


LEVELS = ("Low", "Medium", "High", "0", "1-9", "10+")
CHARTS: dict[str, Callable[[Result], theme.Chart]] = {
    "scaling_laws": _law,
    "tiers": _tiers,
    "survival": _survival,
    "survival_by_tier": _survival_by_tier,
    "hazards": _hazards,
    "npv_by_tier": _npv_by_tier,
    "tornado": _tornado,
    "welfare": _welfare,
    "controls": _controls,
    "index": _index,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
