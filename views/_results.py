"""Asking for results: short runs at once, long ones outside the page with progress and cancel. The only caches."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
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
START_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """A result with the question it answers and the vintage it was asked of."""

    spec: Any
    vintage: str
    result: Result

    @property
    def preset(self) -> str:
        return str(self.spec.preset)


def answers(study: str, hide: Iterable[str] = (), own: Own | None = None) -> list[Answer]:
    """The form of a study and what it answers, one a preset asked for; fewer when one has no answer yet.

    `hide` and `own`: fields the page draws itself, see `spec_form`.
    """
    specs = spec_form(registry.study(study).spec_type, _choices.presets(), hide, own)
    return [found for spec in specs if (found := ask(spec, _choices.vintage())) is not None]


def ask(spec: Spec, vintage: str, kind: str = "") -> Answer | None:
    """The answer, or the last one this session saw while a run goes on or an input is bad; None without either.

    `kind` keeps apart the last answers of a page that asks its study more than one question.
    """
    mark = f"last {spec.study} {spec.preset} {kind}"
    try:
        result = _result(spec, vintage)
        if result is not None:
            st.session_state[mark] = Answer(spec, vintage, result)
    except client.BAD_INPUT as error:
        st.error(str(error))
    last: Answer | None = st.session_state.get(mark)
    if last is not None and (last.spec, last.vintage) != (spec, vintage):
        st.warning("The figures below answer the previous settings.")
    return last


def quick(spec: Spec, vintage: str) -> Result | str | None:
    """The result if it is stored or short, a sentence if it can't be had, None while it is being computed outside."""
    try:
        seconds = client.seconds(spec, vintage)
        if seconds <= SHORT_SECONDS:
            return _kept(client.key(spec, vintage), spec, vintage)
    except client.BAD_INPUT as error:
        return str(error)
    return None if seconds <= UNASKED_SECONDS and _started(spec, vintage) else "Open the page to run this study."


def _started(spec: Spec, vintage: str) -> bool:
    """Start a run outside unless it has been; whether it is under way."""
    key = client.key(spec, vintage)
    if f"submitted {key}" not in st.session_state:
        client.submit(spec, vintage)
        st.session_state[f"submitted {key}"] = time.time()
    status = client.status(key)
    starting = time.time() - st.session_state[f"submitted {key}"] < START_SECONDS
    return starting if status is None else status.state in ("running", "done")


def _result(spec: Spec, vintage: str) -> Result | None:
    key = client.key(spec, vintage)
    seconds = client.seconds(spec, vintage)
    if seconds <= SHORT_SECONDS:
        if st.query_params.get("run") not in (None, key):
            del st.query_params["run"]
        return _kept(key, spec, vintage)
    st.query_params["run"] = key
    _long_run(key, spec, vintage, seconds)
    return None


@st.cache_resource(max_entries=256, show_spinner="Computing")
def _kept(key: str, _spec: Spec, _vintage: str) -> Result:
    """A result by its key: computed once in this process, or read from the store."""
    return client.run(_spec, _vintage)


@st.cache_resource(max_entries=16, show_spinner=False)
def data_status(vintage: str) -> Result:
    """Sources, drift and dropped rows of a vintage."""
    return client.data_status(vintage)


@st.cache_resource(max_entries=8, show_spinner=False)
def table(name: str, vintage: str) -> pl.DataFrame:
    """A canonical table of a vintage."""
    return client.table(name, vintage)


def forget_data() -> None:
    """Read vintages again: one has been imported."""
    data_status.clear()
    table.clear()


def sources(vintage: str) -> pl.DataFrame:
    """Source, licence and retrieval date of each table of a vintage."""
    return data_status(vintage).tables["sources"]


def _long_run(key: str, spec: Spec, vintage: str, seconds: float) -> None:
    """Start the run if it is not under way, and show how far it is."""
    status = client.status(key)
    submitted = st.session_state.get(f"submitted {key}", 0.0)
    under_way = status is not None and status.state == "running"
    if under_way or (status is None and time.time() - submitted < START_SECONDS):
        _progress(key)
        return
    if status is not None and status.state in ("failed", "cancelled", "lost"):
        st.warning(f"The run is {status.state}. {status.message}".strip())
    never = status is None and not submitted
    if (never and seconds <= UNASKED_SECONDS) or st.button(f"Run this (about {_duration(seconds)})", key=f"run {key}"):
        client.submit(spec, vintage)
        st.session_state[f"submitted {key}"] = time.time()
        _progress(key)


@st.fragment(run_every=1.0)
def _progress(key: str) -> None:
    """Progress of a run in another process; the whole page runs again when it has ended."""
    status = client.status(key)
    waiting = time.time() - st.session_state.get(f"submitted {key}", 0.0) < START_SECONDS
    if status is not None and status.state == "running":
        share = status.done / status.total if status.total else 0.0
        st.progress(
            share, text=f"Running: {status.done} of {status.total or '?'} parts ({status.runner or 'starting'})"
        )
        if st.button("Cancel the run", key=f"cancel {key}"):
            client.cancel(key)
    elif status is None and waiting:
        st.progress(0.0, text="Starting")
    else:
        st.rerun()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
