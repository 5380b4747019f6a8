"""Size and time of a sweep, starting it outside the page, and its progress."""

import time
from functools import partial
from typing import Any

import streamlit as st

from engine.sweep import MAX_POINTS, SweepSpec
from jobs import client
from views import _results

MEASURED_SECONDS = 2.0
DRAWINGS = 20
DRAWING_SECONDS = 3.0


def size(spec: SweepSpec, vintage: str) -> client.SweepEstimate:
    """Tell the number of points, the time they will take and what that rests on."""
    pace = _pace(spec, vintage)
    found = client.sweep_estimate(spec, vintage, pace)
    st.markdown(sentence(spec, pace, found))
    return found


def sentence(spec: SweepSpec, pace: client.SweepPace, found: client.SweepEstimate) -> str:
    """Size and time of a sweep in words."""
    with_whom = "one worker" if found.workers == 1 else f"{found.workers} workers"
    about = f"**{spec.size():,} points, about {_results.duration(found.seconds)}** with {with_whom}, starting included."
    before = (
        f" Runs it needs first take {_results.duration(found.before_seconds)} of that." if found.before_seconds else ""
    )
    return f"{about} {basis(pace)}{before} {most(client.most_points())}"


def most(points: int) -> str:
    """The limit of a sweep in words."""
    told = f"At most {points:,} points can be swept"
    return f"{told}." if points == MAX_POINTS else f"{told} on this shared demo, and {MAX_POINTS:,} on a laptop."


def basis(pace: client.SweepPace) -> str:
    """What the estimate rests on."""
    each = f"{pace.seconds * 1e6:,.0f} microseconds" if pace.seconds < 1e-3 else f"{pace.seconds:,.2g} s"
    if pace.measured_on:
        return f"Measured just now on {pace.measured_on:,} points of this design: {each} a point."
    return f"Not measured: the study itself states {each} a point."


def _pace(spec: SweepSpec, vintage: str) -> client.SweepPace:
    """The pace of a design's points, measured once a session for the same study, base and axes."""
    paces: dict[Any, client.SweepPace] = st.session_state.setdefault("sweep paces", {})
    mark = (spec.target, spec.preset, repr(sorted(spec.base.items())), tuple(sorted(spec.axes)), vintage)
    if mark not in paces or not paces[mark].measured_on:
        with st.spinner("Measuring a few points"):
            paces[mark] = client.sweep_pace(spec, vintage, MEASURED_SECONDS)
    return paces[mark]


def control(spec: SweepSpec, vintage: str, key: str, seconds: float) -> None:
    """Start, progress, cancel and going on: whatever the run's state asks for."""
    status = client.status(key)
    if _results.under_way(key, status):
        _progress(key, _drawn(key))
    elif status is None or status.state != "done" or client.load(key) is None:
        _offer(spec, vintage, key, status, seconds)
    elif lost := spec.size() - _there(key):
        _mend(spec, vintage, key, lost)


def _there(key: str) -> int:
    found = points(key)
    return 0 if found is None else int(found.height)


def _mend(spec: SweepSpec, vintage: str, key: str, lost: int) -> None:
    """The button that computes again what the store has lost of a run that is done."""
    st.warning(f"{lost:,} points of this run were lost or damaged in the store.")
    if st.button("Compute them again", key=f"sweep mend {key}"):
        st.session_state.pop("sweep points", None)
        _results.start(key, partial(client.submit, spec, vintage))
        st.rerun()


def _offer(spec: SweepSpec, vintage: str, key: str, status: Any, seconds: float) -> None:
    """The button that starts the run, or goes on with one that ended early."""
    label = f"Start (about {_results.duration(seconds)})"
    if status is not None and status.state in ("failed", "cancelled", "lost"):
        st.warning(f"The run is {status.state}. {status.message}".strip())
        label = f"Go on ({status.done} of {status.total} parts are done)" if status.total else label
    if st.button(label, key=f"sweep start {key}"):
        _results.start(key, partial(client.submit, spec, vintage))
        st.rerun()


@st.fragment(run_every=1.0)
def _progress(key: str, drawn: int) -> None:
    """Progress of the run; the whole page runs again when there is more to draw, and when the run has ended."""
    status = client.status(key)
    if not _results.under_way(key, status):
        st.rerun()
    if status is None or status.state not in _results.UNDER_WAY:
        st.progress(0.0, text="Starting")
        return
    st.progress(status.done / status.total if status.total else 0.0, text=_told(key, status))
    _results.cancel_button(key, partial(client.cancel, key))
    if worth_drawing(status, drawn) and time.time() - st.session_state.get("sweep drawn at", 0.0) > DRAWING_SECONDS:
        st.session_state["sweep drawn at"] = time.time()
        st.rerun()


def _told(key: str, status: Any) -> str:
    left = _left(key, status) if status.state == "running" else None
    return _results.told(status) + (f", about {_results.duration(left)} left" if left is not None else "")


def _left(key: str, status: Any) -> float | None:
    """Time left at the pace since this session first saw the run; None before anything was seen to move."""
    done, since = st.session_state.setdefault(f"sweep seen {key}", (status.done, time.time()))
    passed = time.time() - since
    return passed / (status.done - done) * (status.total - status.done) if status.done > done else None


def worth_drawing(status: Any, drawn: int) -> bool:
    """Whether enough parts have come since the last drawing: a twentieth of them all."""
    return bool(status.done - drawn >= max(status.total / DRAWINGS, 1))


def _drawn(key: str) -> int:
    kept = st.session_state.get("sweep points")
    return kept[1] if kept and kept[0] == key else 0


def points(key: str) -> Any:
    """The points there are so far, read again when enough have come; None for a run that has none."""
    status = client.status(key)
    if status is None or not status.done:
        return None
    kept = st.session_state.get("sweep points")
    if kept and kept[0] == key and not (status.done > kept[1] and _worth_reading(status, kept[1])):
        return kept[2]
    found = client.points(key)
    st.session_state["sweep points"] = (key, status.done, found)
    return found


def _worth_reading(status: Any, drawn: int) -> bool:
    return status.state not in _results.UNDER_WAY or worth_drawing(status, drawn)


def remember(spec: SweepSpec, vintage: str, key: str) -> None:
    """Note a run that this session has started or looked at, newest first."""
    runs: dict[str, tuple[SweepSpec, str]] = st.session_state.setdefault("sweep runs", {})
    st.session_state["sweep runs"] = {key: (spec, vintage), **{k: v for k, v in runs.items() if k != key}}
