"""Where the leads of a project come from: the diffusion run by name and key, its atoms and what never ends."""

import streamlit as st

from engine.lead import needed_curve
from jobs import client
from views._page import KEY_LETTERS
from views._results import Answer


def show(answer: Answer) -> None:
    """The sentence, a link to the run's page, and the command that gives it."""
    st.markdown(sentence(answer))
    need = needed_curve(answer.spec).get("diffusion")
    if need is not None:
        asked = {name: str(value) for name, value in need.model_dump(exclude_defaults=True, exclude={"parts"}).items()}
        st.page_link("views/diffusion.py", label="Look at this curve on the diffusion page", query_params=asked)
        st.code(client.command(need, answer.vintage), language=None, wrap_lines=True)


def sentence(answer: Answer) -> str:
    """Source, counts, median, residual mass and key."""
    s, atoms = answer.result.summary, answer.result.tables["exclusivity"]
    median = s["exclusivity_median_months"]
    middle = "more than half never end" if median is None else f"the median is {median:.1f} months"
    if s["exclusivity_key"] is None:
        return f"Leads are {s['exclusivity_source']}: {middle}."
    return (
        f"Leads follow {s['exclusivity_source']}: {s['exclusivity_subjects']} leads, {s['exclusivity_events']} ended, "
        f"at {atoms.height} durations; {middle}, and {s['exclusivity_residual']:.1%} never end in the data. "
        f"Diffusion run {s['exclusivity_key'][:KEY_LETTERS]}; table *Exclusivity* has the durations."
    )
