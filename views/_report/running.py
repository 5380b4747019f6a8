"""The report's runs: starting them outside the page, how far they are, and stopping them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from jobs import client
from views import _results

STOPPED = ("failed", "cancelled", "lost")
Parts = Sequence[client.ReportPart]


def section(question: client.ReportQuestion) -> None:
    """Progress while the report is made, else the reason it ended and the button that starts it."""
    parts = client.report_parts(question)
    if under_way(question, parts):
        _progress(question)
        return
    stopped = ended(parts)
    for name, status in stopped:
        st.warning(f"The run {name} is {status.state}. {status.message}".strip())
    done = sum(part.done for part in parts)
    seconds = client.report_seconds(question)
    stored = f"{done} of them stored already" if done else "none of them stored yet"
    st.info(f"This report has not been made yet. It stands on {len(parts) - 1} runs, {stored}.")
    label = f"{'Go on' if stopped else 'Make the report'} (about {_results.duration(seconds)} on one core)"
    start = partial(client.start_report, question)
    st.button(label, key=f"report start {question.key}", on_click=_results.start, args=(question.key, start))


def ended(parts: Parts) -> list[tuple[str, Any]]:
    """Name and status of the runs that ended early: those that failed, or else the last one, which ended the others."""
    stopped = [(part.name, part.status) for part in parts if part.status is not None and part.status.state in STOPPED]
    return [(name, status) for name, status in stopped if status.state == "failed"] or stopped[-1:]


def under_way(question: client.ReportQuestion, parts: Parts) -> bool:
    """Whether the report was asked for a moment ago, or was asked for at all and goes on or waits."""
    heard = max((part.status.heartbeat for part in parts if part.status is not None), default=0.0)
    return _results.starting(question.key, heard) or (client.report_asked_for(question) and alive(parts))


def alive(parts: Parts) -> bool:
    """Whether the report or one of its runs goes on or waits."""
    return any(part.status is not None and part.status.state in _results.UNDER_WAY for part in parts)


@st.fragment(run_every=1.0)
def _progress(question: client.ReportQuestion) -> None:
    """Progress of the runs; the whole page runs again when they have ended."""
    parts = client.report_parts(question)
    if not under_way(question, parts):
        st.rerun()
    st.progress(share(parts), text=told(parts))
    _results.cancel_button(question.key, partial(cancel, question), "runs")


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
        if part.status is not None and part.status.state == "running" and part.status.total:
            return f"{counted} {part.name}: {part.status.done} of {part.status.total} parts."
    waiting = next((part.status for part in parts if part.status is not None and part.status.state == "waiting"), None)
    return _results.told(waiting) if waiting is not None else f"{counted} Starting the next."


def cancel(question: client.ReportQuestion) -> None:
    """Ask the report to stop; or, where it is there and lacks some of its runs, those."""
    parts = client.report_parts(question)
    going = [part.key for part in parts if part.status is not None and part.status.state in _results.UNDER_WAY]
    for key in [question.key] if question.key in going or not going else going:
        client.cancel(key)
