"""What the report writes: each figure, each table of the paper, the summary, and what can be taken away."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from engine.spec import PRESETS
from jobs import client
from views import _page, figures
from views.charts import report, theme

PICTURES = {
    "png": ("PNG, 300 dots an inch", "image/png"),
    "svg": ("SVG", "image/svg+xml"),
    "pdf": ("PDF", "application/pdf"),
}
TABLES = {
    "csv": ("CSV", "text/csv"),
    "txt": ("Text", "text/plain"),
    "tex": ("LaTeX", "application/x-tex"),
    "html": ("HTML", "text/html"),
}
CANVAS = {"embedOptions": {"renderer": "canvas"}}
BOUND = "^([<>]) "
Picture = Mapping[str, str]


def downloads(material: client.ReportMaterial) -> None:
    """The replication package and the summary; the package is made when asked for."""
    key = material.result.key[: _page.KEY_LETTERS]
    with st.container(horizontal=True):
        st.download_button(
            "Replication package (ZIP)",
            lambda: client.report_package(material),
            file_name=f"replication_package-{key}.zip",
            mime="application/zip",
            key="report package",
            on_click="ignore",
        )
        st.download_button(
            "Executive summary (text)",
            lambda: client.report_summary(material),
            file_name=f"EXECUTIVE_SUMMARY-{key}.txt",
            mime="text/plain",
            key="report summary",
            on_click="ignore",
        )
    st.caption(
        "The package holds data, code, results and pinned requirements; its script verify.py checks every file and "
        "runs everything again. It is the same file, to the byte, as the one that the command below writes."
    )


def version(material: client.ReportMaterial, key: str) -> str:
    """The version to look at, where the report has two."""
    names = list(reversed(material.spec.presets_asked))
    if len(names) == 1:
        return names[0]
    return str(st.segmented_control("Version", names, default=names[0], required=True, key=key, bind="query-params"))


def pictures(material: client.ReportMaterial) -> None:
    """Every picture of a version, drawn from its stored run by the function that draws it for print."""
    plan = client.report_pictures(material)
    chosen = version(material, "figure_version")
    for same in alike([picture for picture in plan if picture["preset"] == chosen]):
        _picture(material, same)


def alike(plan: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures in order, those that show the same chart of the same run together."""
    found: dict[tuple[str, str], list[Picture]] = {}
    for picture in plan:
        found.setdefault((picture["chart"], picture["key"]), []).append(picture)
    return list(found.values())


def _picture(material: client.ReportMaterial, same: Sequence[Picture]) -> None:
    first = same[0]
    st.subheader(first["title"])
    if first["watermark"]:
        st.markdown(f"**{first['watermark']}**")
    alt = f"{first['title']}. {_finding(material, first)}"
    st.altair_chart(chart(material, first), key=f"figure {first['name']}", width="stretch", alt=alt)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        names = " and ".join(picture["name"] for picture in same)
        st.caption(f"{first['caption']} Saved as {names}.", width="stretch")
        _offers(first["name"], PICTURES, lambda ending: _printed(first, ending))


def chart(material: client.ReportMaterial, picture: Picture) -> theme.Chart:
    """The chart of a picture, or a card with the reason why there is none.

    On canvas, since some have a brush for other pages, which has no name that a screen reader could say.
    """
    if picture["reason"]:
        return report.card(picture["reason"])
    run = next(run for run in material.runs.values() if run.key == picture["key"])
    drawn: theme.Chart = figures.CHARTS[picture["chart"]](run).properties(usermeta=CANVAS)
    return drawn


def _finding(material: client.ReportMaterial, picture: Picture) -> str:
    if picture["reason"]:
        return picture["reason"]
    run = next(run for run in material.runs.values() if run.key == picture["key"])
    return str(run.summary.get("finding", ""))


def _printed(picture: Picture, ending: str) -> bytes:
    """The picture's file as the command writes it."""
    with tempfile.TemporaryDirectory() as folder:
        figures.draw(picture, "", Path(folder))
        return (Path(folder) / f"{picture['name']}.{ending}").read_bytes()


def tables(material: client.ReportMaterial) -> None:
    """Every table of the paper of a version, to the digits it is printed with."""
    chosen = version(material, "table_version")
    for stem, title, frame, caption in client.report_tables(material):
        if version_of(stem, material.spec.primary) == chosen:
            _table(material, stem, title, frame, caption)


def version_of(stem: str, primary: str) -> str:
    """The version of a table by its file's name, which says it unless it is the primary one."""
    return next((preset for preset in PRESETS if stem.endswith(f"_{preset}")), primary)


def _table(material: client.ReportMaterial, stem: str, title: str, frame: pl.DataFrame, caption: str) -> None:
    st.subheader(f"{material.watermark} {title}".strip())
    if frame.is_empty():
        st.info("Nothing to show in this version.")
    else:
        text = client.table_text(frame).with_columns(pl.all().str.replace(BOUND, "${1}\u00a0"))
        _page.small_table(text.rename({name: name.replace("_", " ") for name in text.columns}), title)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        st.caption(caption, width="stretch")
        _offers(stem, TABLES, lambda ending: client.table_forms(frame, title, caption, material.watermark)[ending])


def _offers(stem: str, forms: Mapping[str, tuple[str, str]], make: Callable[[str], Any]) -> None:
    """A file in each of its forms, made when asked for."""
    with st.popover("Download", key=f"downloads {stem}"):
        for ending, (label, mime) in forms.items():
            st.download_button(
                label,
                partial(make, ending),
                file_name=f"{stem}.{ending}",
                mime=mime,
                key=f"{stem} {ending}",
                on_click="ignore",
            )


def summary(material: client.ReportMaterial) -> None:
    """The executive summary as it is written."""
    with st.container(border=True):
        st.markdown(_page.escape(client.report_summary(material)))
