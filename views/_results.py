"""Asking for results: short runs at once, long ones outside the page with progress and cancel. The only caches."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from engine import registry
from engine.result import Result
from engine.spec import Spec
from jobs import client
from views import _choices
from views._form import Own, spec_form

SHORT_SECONDS = 1.0
UNASKED_SECONDS = 15.0
START_SECONDS = 60.0
UNDER_WAY = client.UNDER_WAY
NO_FILES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """A result with the question it answers, the vintage it was asked of, and the user's files in place of tables."""

    spec: Any
    vintage: str
    result: Result
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def preset(self) -> str:
        return str(self.spec.preset)

    @property
    def command(self) -> str:
        """The command line that gives the same result."""
        return client.command(self.spec, self.vintage, self.files)


def answers(
    study: str, hide: Iterable[str] = (), own: Own | None = None, files: Mapping[str, str] | None = NO_FILES
) -> list[Answer]:
    """The form of a study and what it answers, one a preset asked for; fewer when one has no answer yet.

    `hide` and `own`: fields the page draws itself, see `spec_form`. `files`: table to the user's file in its place;
    None where it won't do, and then nothing is asked.
    """
    specs = spec_form(registry.study(study).spec_type, _choices.presets(), hide, own)
    if files is None:
        return []
    return [found for spec in specs if (found := ask(spec, _choices.vintage(), files=files)) is not None]


def ask(spec: Spec, vintage: str, kind: str = "", files: Mapping[str, str] = NO_FILES) -> Answer | None:
    """The answer, or the last one this session saw while a run goes on or an input is bad; None without either.

    `kind` keeps apart the last answers of a page that asks its study more than one question.
    """
    mark = f"last {spec.study} {spec.preset} {kind}"
    try:
        result = _result(spec, vintage, files)
        if result is not None:
            st.session_state[mark] = Answer(spec, vintage, result, files)
    except client.BAD_INPUT as error:
        st.error(str(error))
    last: Answer | None = st.session_state.get(mark)
    if last is not None and (last.spec, last.vintage, last.files) != (spec, vintage, files):
        st.warning("The figures below answer the previous settings.")
    return last


def quick(spec: Spec, vintage: str) -> Result | str | None:
    """The result if it is stored or short, a sentence if it can't be had, None while it is being computed outside."""
    try:
        seconds = client.seconds(spec, vintage)
        if seconds <= SHORT_SECONDS:
            return _kept(client.key(spec, vintage), spec, vintage, NO_FILES)
    except client.BAD_INPUT as error:
        return str(error)
    return None if seconds <= UNASKED_SECONDS and _started(spec, vintage) else "Open the page to run this study."


def _started(spec: Spec, vintage: str) -> bool:
    """Start a run outside unless it has been; whether it is under way."""
    key = client.key(spec, vintage)
    if f"submitted {key}" not in st.session_state:
        start(key, partial(client.submit, spec, vintage))
    status = client.status(key)
    starting = time.time() - st.session_state[f"submitted {key}"] < START_SECONDS
    return starting if status is None else status.state in (*UNDER_WAY, "done")


def _result(spec: Spec, vintage: str, files: Mapping[str, str]) -> Result | None:
    key = client.key(spec, vintage, files)
    seconds = client.seconds(spec, vintage, files)
    if seconds <= SHORT_SECONDS:
        if st.query_params.get("run") not in (None, key):
            del st.query_params["run"]
        return _kept(key, spec, vintage, files)
    st.query_params["run"] = key
    _long_run(key, spec, vintage, files, seconds)
    return None


@st.cache_resource(max_entries=256, show_spinner="Computing")
def _kept(key: str, _spec: Spec, _vintage: str, _files: Mapping[str, str]) -> Result:
    """A result by its key: computed once in this process, or read from the store."""
    return client.run(_spec, _vintage, _files)


def report_material(question: client.ReportQuestion, config: client.ReportConfig) -> client.ReportMaterial | None:
    """What a report's figures, tables and package are made from; None while a run of it is missing."""
    mark = (config.text, config.notes, question.vintage, tuple(question.files.items()))
    try:
        return _report_material(question.key, mark, question, config)
    except LookupError:
        return None


@st.cache_resource(max_entries=4, show_spinner="Reading the report")
def _report_material(
    key: str, mark: tuple[Any, ...], _question: client.ReportQuestion, _config: client.ReportConfig
) -> client.ReportMaterial:
    """The material by the report's key and what else its captions and package say; raises where there is none yet."""
    found = client.report_material(_question, _config)
    if found is None:
        raise LookupError(key)
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def data_status(vintage: str) -> Result:
    """Sources, drift and dropped rows of a vintage."""
    return client.data_status(vintage)


@st.cache_resource(max_entries=8, show_spinner=False)
def table(name: str, vintage: str) -> pl.DataFrame:
    """A canonical table of a vintage."""
    return client.table(name, vintage)


@st.cache_resource(max_entries=8, show_spinner="Comparing")
def data_changes(old: str, new: str) -> Result:
    """What changed from one vintage to another."""
    return client.data_changes(old, new)


def forget_data() -> None:
    """Read vintages again: one has been imported."""
    data_status.clear()
    data_changes.clear()
    table.clear()


def sources(vintage: str) -> pl.DataFrame:
    """Source, licence and retrieval date of each table of a vintage."""
    return data_status(vintage).tables["sources"]


def _long_run(key: str, spec: Spec, vintage: str, files: Mapping[str, str], seconds: float) -> None:
    """Start the run if it is not under way, and show how far it is."""
    status = client.status(key)
    if under_way(key, status):
        _progress(key)
        return
    if status is not None and status.state in ("failed", "cancelled", "lost"):
        st.warning(f"The run is {status.state}. {status.message}".strip())
    never = status is None and f"submitted {key}" not in st.session_state
    if (never and seconds <= UNASKED_SECONDS) or st.button(f"Run this (about {duration(seconds)})", key=f"run {key}"):
        start(key, partial(client.submit, spec, vintage, files))
        st.rerun()


def start(key: str, submit: Callable[[], object]) -> None:
    """Start a run outside this process, and remember when this session did."""
    submit()
    st.session_state[f"submitted {key}"] = time.time()


def under_way(key: str, status: Any) -> bool:
    """Whether the run goes on, waits, or was asked for a moment ago."""
    heard = status.heartbeat if status is not None else 0.0
    return starting(key, heard) or (status is not None and status.state in UNDER_WAY)


def starting(key: str, heard: float) -> bool:
    """Whether this session asked for the run a moment ago and its heartbeat (`heard`, Unix time) is older than that."""
    submitted: float = st.session_state.get(f"submitted {key}", 0.0)
    return heard < submitted and time.time() - submitted < START_SECONDS


@st.fragment(run_every=1.0)
def _progress(key: str) -> None:
    """Progress of a run in another process; the whole page runs again when it has ended."""
    status = client.status(key)
    if status is not None and status.state in UNDER_WAY:
        share = status.done / status.total if status.total else 0.0
        st.progress(share, text=told(status))
        cancel_button(key, partial(client.cancel, key))
    elif starting(key, status.heartbeat if status is not None else 0.0):
        st.progress(0.0, text="Starting")
        cancel_button(key, partial(client.cancel, key))
    else:
        st.rerun()


def told(status: Any) -> str:
    """How far a run is that is under way."""
    if status.state == "waiting":
        return f"Waiting for its turn. {status.message}"
    if not status.total:
        return "Starting; what the run needs first is computed first."
    return f"Running: {status.done} of {status.total} parts ({status.runner})"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 3 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def cancel_button(key: str, cancel: Callable[[], None], kept: str = "parts") -> None:
    """The button that asks a run to stop, and what of it is kept.

    By a callback: a click that comes while the page draws can find its fragment gone, and only callbacks run even so.
    """
    if st.button("Cancel the run", key=f"cancel {key}", on_click=cancel):
        st.caption(f"Asked to stop; finished {kept} are kept.")
