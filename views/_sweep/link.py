"""The run that an address names: its design is found again, or it is told why another run is shown."""

from dataclasses import dataclass

import streamlit as st

from engine.sweep import SweepSpec
from jobs import client
from views import _page

RUN = "run"


@dataclass(frozen=True)
class Link:
    """A run that the address named when it was opened; without a design where no such sweep is known here."""

    key: str
    spec: SweepSpec | None = None
    vintage: str = ""


def opened(design: str) -> Link | None:
    """The run in the address, where this session didn't write it; an unknown one counts only without a design."""
    key = st.query_params.get(RUN, "")
    if not key or key == st.session_state.get("sweep run"):
        return None
    known = _known(key)
    link = known if known.spec or not design else None
    st.session_state.update({"sweep run": key, "sweep link": link})
    st.session_state.pop("sweep shown instead", None)
    return link


def _known(key: str) -> Link:
    asked = client.asked_sweep(key)
    return Link(key) if asked is None else Link(key, asked[0], asked[1] or client.default_vintage())


def write(key: str | None) -> None:
    """Put a run's key into the address, or take it out."""
    st.session_state["sweep run"] = key
    if key is None:
        st.query_params.pop(RUN, None)
    elif st.query_params.get(RUN) != key:
        st.query_params[RUN] = key


def note(spec: SweepSpec, vintage: str, key: str) -> None:
    """Say why another run is shown than the one the address named, as long as the design is the one shown first."""
    link: Link | None = st.session_state.get("sweep link")
    if link is None or link.key == key:
        return
    first = link.spec or st.session_state.setdefault("sweep shown instead", spec)
    if first == spec and (told := _why(link, vintage)):
        st.info(told)


def _why(link: Link, vintage: str) -> str:
    short = link.key[: _page.KEY_LETTERS]
    if link.spec is None:
        return "The run that the address names is not here, or no longer; this is another design."
    if link.vintage not in client.vintages():
        return (
            f"Run {short} was asked of the vintage {_page.escape(link.vintage)}, which is not here; the same design is "
            f"asked of {_page.escape(vintage)}. Import the vintage on the data page to see the run."
        )
    if link.vintage == vintage:
        return (
            f"Run {short} was computed with other data or another version of the engine; the same design is a new run, "
            "to be started again."
        )
    return ""
