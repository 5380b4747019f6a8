"""The report's runs: starting them outside the page, how far they are, and stopping them."""

import time
from collections.abc import Sequence
from functools import partial

import streamlit as st

from jobs import client
from views import _results

BETWEEN_SECONDS = 5.0
STOPPED = ("failed", "cancelled", "lost")
Parts = Sequence[client.ReportPart]


def section(question: client.ReportQuestion) -> None:
    """Progress while the report is made, else the reason it ended and the button that starts it."""
    parts = client.report_parts(question)
    if under_way(question, parts):
        _progress(question)
        return
    stopped = [(part.name, part.status) for part in parts if part.status is not None and part.status.state in STOPPED]
    for name, status in stopped:
        st.warning(f"The run {name} is {status.state}. {status.message}".strip())
    done = sum(part.done for part in parts)
    seconds = client.report_seconds(question)
    stored = f"{done} of them stored already" if done else "none of them stored yet"
    st.info(f"This report has not been made yet. It stands on {len(parts) - 1} runs, {stored}.")
    label = f"{'Go on' if stopped else 'Make the report'} (about {_results.duration(seconds)} on one core)"
    start = partial(client.start_report, question)
    st.button(label, key=f"report start {question.key}", on_click=_results.start, args=(question.key, start))


def under_way(question: client.ReportQuestion, parts: Parts) -> bool:
    """Whether the report has been asked for, and one of its runs goes on, waits or ended a moment ago."""
    heard = max((part.status.heartbeat for part in parts if part.status is not None), default=0.0)
    return _results.starting(question.key, heard) or (client.report_asked_for(question) and alive(parts))


def alive(parts: Parts) -> bool:
    """Whether one of the runs goes on or waits, or the last one ended a moment ago with others to come."""
    beating = [part.status for part in parts if part.status is not None]
    last = max(beating, key=lambda status: status.heartbeat, default=None)
    left = any(not part.done for part in parts)
    between = last is not None and last.state == "done" and left and time.time() - last.heartbeat < BETWEEN_SECONDS
    return between or any(status.state in _results.UNDER_WAY for status in beating)


@st.fragment(run_every=1.0)
def _progress(question: client.ReportQuestion) -> None:
    """Progress of the runs; the whole page runs again when they have ended."""
    parts = client.report_parts(question)
    if not under_way(question, parts):
        st.rerun()
    st.progress(share(parts), text=told(parts))
    _results.cancel_button(question.key, lambda: cancel(client.report_parts(question)), "runs")


def share(parts: Parts) -> float:
    """The share of the runs that are done, with that of the one under way."""
    return sum(_share(part) for part in parts) / len(parts)


def _share(part: client.ReportPart) -> float:
    if part.done:
        return 1.0
    status = part.status
    return status.done / status.total if status is not None and status.state == "running" and status.total else 0.0


def told(parts: Parts) -> str:
    """How far the report is, and which of its runs is under way."""
    counted = f"{sum(part.done for part in parts)} of {len(parts)} runs are done."
    for part in parts:
        if part.status is not None and part.status.state == "running":
            return f"{counted} {part.name}: {part.status.done} of {part.status.total or '?'} parts."
    for part in parts:
        if part.status is not None and part.status.state == "waiting":
            return _results.told(part.status)
    return f"{counted} Starting."


def cancel(parts: Parts) -> None:
    """Ask what is under way or waits to stop."""
    for part in parts:
        if part.status is not None and part.status.state in _results.UNDER_WAY:
            client.cancel(part.key)
