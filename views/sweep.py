"""Sweeps: one study asked at many points of a design."""

from typing import Any

import polars as pl
import streamlit as st

from engine import registry
from engine.result import Result
from engine.spec import SpecError
from engine.sweep import SweepSpec
from jobs import client
from views import _choices, _page, _results
from views._choices import presets, vintage
from views._results import Answer
from views._sweep import axes, design, link, results, running
from views.content import SWEEPS

FILE = "sweep.yaml"


def file_section(spec: SweepSpec | None) -> None:
    """The design as a file: to take away, and to bring."""
    with st.container(horizontal=True):
        if spec is not None:
            st.download_button(
                "Sweep file (YAML)",
                client.sweep_as_text(spec),
                file_name=FILE,
                mime="application/yaml",
                on_click="ignore",
            )
        with st.popover("Open a sweep file"):
            st.file_uploader("Sweep file", type=["yaml", "yml"], key="sweep file", on_change=_take_file)
    if told := st.session_state.get("sweep file told"):
        st.error(told)


def _take_file() -> None:
    """Put an uploaded file's design into the editor and its preset into the sidebar."""
    file = st.session_state["sweep file"]
    st.session_state.pop("sweep file told", None)
    if file is None:
        return
    try:
        spec = client.sweep_of_text(file.getvalue().decode("utf-8", errors="replace"), file.name)
    except SpecError as error:
        st.session_state["sweep file told"] = str(error)
        return
    _take(spec, vintage())


def run_section(spec: SweepSpec, data: str) -> None:
    """Size and time, the run's state, and what there is of its points."""
    key = client.key(spec, data)
    link.note(spec, data, key)
    link.write(key)
    status = client.status(key)
    if status is not None:
        running.remember(spec, data, key)
    st.header("Run")
    if status is not None and status.state == "done":
        done_line(client.load(key))
        seconds = 0.0
    else:
        seconds = running.size(spec, data).seconds
    running.control(spec, data, key, seconds)
    found = running.points(key)
    if found is None or found.is_empty():
        if not st.session_state.get("sweep runs"):
            example()
        return
    st.header("Results")
    if status is not None and status.state != "done":
        st.caption("Partial: these are the points that are done so far.")
    results.section(Answer(spec, data, _result(spec, key)), found)


def example() -> None:
    """A bundled sweep, to look at before anything has been run."""
    result, found = client.example_sweep()
    spec = SweepSpec.parse(dict(result.spec))
    st.header("An example")
    over = ", ".join(_page.escape(axes.label(spec.target, name)) for name in spec.axes)
    st.markdown(
        f"Nothing has been run yet. Meanwhile, {spec.size():,} points of the investment study that come with the "
        f"workbench, over {over}."
    )
    st.button(
        "Put its design into the editor", key="sweep example", on_click=_take, args=(spec, client.bundled_vintage)
    )
    results.section(Answer(spec, client.bundled_vintage, result), found)


def done_line(result: Result | None) -> None:
    """How long the run took, and on what."""
    if result is not None:
        s, how = result.summary, result.provenance
        memory = f", at most {how['peak_mb']:,} MiB of memory" if how.get("peak_mb") else ""
        st.markdown(f"**{s['points']:,} points in {_results.duration(how['wall_s'])}** ({how['runner']}{memory}).")


def _result(spec: SweepSpec, key: str) -> Result:
    """The stored result, or what is known of it while it is computed."""
    inputs = dict.fromkeys(registry.study("sweep").inputs_for(spec), "")
    return client.load(key) or Result("sweep", {}, key=key, inputs=inputs)


def recent() -> None:
    """Runs that this session has started or looked at; never those of others."""
    runs: dict[str, Any] = st.session_state.get("sweep runs", {})
    if not runs:
        return
    st.header("Runs of this session")
    rows = []
    for key, (spec, data) in runs.items():
        status = client.status(key)
        over = ", ".join(spec.axes)
        state = status.state if status else "removed"
        rows.append([spec.target, spec.kind, over, spec.size(), spec.preset, data, state, key[: _page.KEY_LETTERS]])
    columns = ["Study", "Design", "Axes", "Points", "Preset", "Vintage", "State", "Run"]
    _page.small_table(pl.DataFrame(rows, schema=columns, orient="row"), "Runs of this session")
    names = {key: f"{row[-1]}: {row[0]}, {row[3]:,} points" for key, row in zip(runs, rows, strict=True)}
    st.selectbox(
        "Open a run", [None, *names], format_func=lambda k: names.get(k, "choose"), key="sweep open", on_change=_open
    )


def _open() -> None:
    key = st.session_state["sweep open"]
    if key:
        _take(*st.session_state["sweep runs"][key])
        st.session_state["sweep open"] = None


def _take(spec: SweepSpec, data: str) -> None:
    """Put a design into the editor, and its preset and vintage into the sidebar."""
    design.take(spec)
    _choices.take(spec.preset, data)


def command(spec: SweepSpec | None, data: str) -> None:
    """The command line that gives the same result."""
    st.header("The command that gives the same result")
    if spec is None:
        st.caption("There is none until the design can be asked.")
        return
    st.code(client.command(spec, data), language=None, wrap_lines=True)
    st.caption(f"`{FILE}` is the sweep file above; it may be saved under any name.")


def page() -> None:
    """The page."""
    _page.head(SWEEPS)
    data = vintage()
    st.header("Design")
    if len(presets()) > 1:
        st.info("A sweep has one preset: the corrected one is used.")
    spec = design.chosen()
    file_section(spec)
    if spec is not None:
        try:
            run_section(spec, data)
        except client.BAD_INPUT as error:
            link.write(None)
            st.error(str(error))
    recent()
    command(spec, data)


if __name__ == "__main__":
    page()
