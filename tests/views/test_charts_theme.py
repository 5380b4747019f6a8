"""Palettes, contrast, sizes, and that the app's theme file and the charts' theme agree."""

import itertools
import json
import tomllib
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl
import pytest

from views.charts import theme

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
# Machado, Oliveira and Fernandes 2009, severity 1: what a person with each deficiency sees of linear RGB.
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "none": np.eye(3).tolist(),
}
CLEARLY_DIFFERENT = 0.1  # in OKLab, about five just noticeable differences


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_stand_out_from_the_background(mode: theme.Mode) -> None:
    ratios = {c: contrast(c, theme.BACKGROUND[mode]) for c in (*theme.CATEGORIES[mode], *theme.BLUES, theme.NEUTRAL)}
    assert min(ratios.values()) >= 3, ratios


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_organisation_types_differ_for_every_eye(mode: theme.Mode, deficiency: str) -> None:
    seen = [oklab(np.array(DEFICIENCIES[deficiency]) @ linear(c)) for c in theme.CATEGORIES[mode]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > CLEARLY_DIFFERENT


def test_each_organisation_type_has_a_colour_of_its_own() -> None:
    for colours in theme.CATEGORIES.values():
        assert len(set(colours)) == len(colours) == len(theme.ORGANIZATION_TYPES) >= 7


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_of_the_app_is_readable(mode: theme.Mode) -> None:
    own = CONFIG["theme"][mode]
    for name in ("textColor", "linkColor"):
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(own[name], own[ground]) >= 4.5, (name, ground)
    assert contrast(own["primaryColor"], own["backgroundColor"]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_app_and_charts_share_their_colours(mode: theme.Mode) -> None:
    assert CONFIG["theme"][mode]["chartCategoricalColors"] == list(theme.CATEGORIES[mode])
    assert CONFIG["theme"][mode]["backgroundColor"] == theme.BACKGROUND[mode]


def test_the_app_tells_nobody_and_loads_nothing() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "type"
    assert "http" not in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")


def test_theme_is_on_and_anchors_titles_left() -> None:
    assert alt.theme.active == "workbench"
    config = alt.Chart(pl.DataFrame({"a": [1]})).mark_bar().to_dict()["config"]
    assert config["title"]["anchor"] == "start"
    assert config["font"].startswith("Helvetica Neue")
    assert (theme.WIDE, theme.MEDIUM, theme.SMALL) == (
        {"width": 800, "height": 250},
        {"width": 400, "height": 260},
        {"width": 350, "height": 280},
    )


def test_a_chart_leaves_with_data_colours_and_source() -> None:
    chart = alt.Chart(pl.DataFrame({"a": [1, 2]}), title="Name").mark_bar().encode(x="a:Q")
    spec = json.loads(theme.vega_lite_json(chart, "Source: somebody."))
    assert next(iter(spec["datasets"].values())) == [{"a": 1}, {"a": 2}]
    assert spec["config"]["range"]["category"] == list(theme.CATEGORIES["light"])
    assert spec["title"] == {"text": "Name", "subtitle": ["Source: somebody."], "subtitleFontSize": 10}
    assert spec["usermeta"]["source"] == "Source: somebody."


def test_pictures_need_no_browser() -> None:
    chart = alt.Chart(pl.DataFrame({"a": [1, 2]}), title="Name").mark_bar().encode(x="a:Q")
    assert theme.png(chart, "Source: somebody.").startswith(b"\x89PNG")
    assert "Source: somebody." in theme.svg(chart, "Source: somebody.")
