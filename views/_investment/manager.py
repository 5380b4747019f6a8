"""Scenario manager: named scenarios, kept in the session and in the address, saved, renamed, removed, shared."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import streamlit as st

from engine.npv import NpvSpec
from engine.spec import SpecError
from jobs import client
from views import _form
from views._investment import compare
from views._results import Answer

KEPT, LINK, FAULT, DONE = "scenarios kept", "scenarios link", "scenarios fault", "scenarios done"
PARAMETER, NEW_NAME, CHOSEN, RENAMED, FILE, PRESET = (
    "scenarios",
    "scenario_name",
    "scenario_chosen",
    "scenario_renamed",
    "scenario_file",
    "scenario_preset",
)
MIB = 1


def kept() -> dict[str, NpvSpec]:
    """The scenarios saved in this session, by name."""
    found: dict[str, NpvSpec] = st.session_state.get(KEPT, {})
    return found


def sync() -> None:
    """Take the scenarios of a link just opened, and keep the address up to date with those saved."""
    link = st.query_params.get(PARAMETER, "")
    try:
        if link and link != st.session_state.get(LINK):
            st.session_state[KEPT] = client.scenarios_from_link(link, NpvSpec)
        text = client.scenarios_to_link(kept())
    except SpecError as error:
        st.error(str(error))
        return
    if text and text != link:
        st.query_params[PARAMETER] = text
    elif link and not text:
        del st.query_params[PARAMETER]
    st.session_state[LINK] = text


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Save, manage, compare, and take away or bring in."""
    fault, done = st.session_state.pop(FAULT, None), st.session_state.pop(DONE, None)
    if fault:
        st.error(fault)
    if done:
        st.success(done)
    _save(heads)
    if kept():
        _manage()
        compare.show(kept(), heads[0].vintage)
        _share()
    else:
        st.info("Nothing is saved yet. Save the scenario that the settings describe, or import a file.")
    _import()
    return list(heads)


def _told(act: Callable[[], str]) -> None:
    """Do something in a callback; what it says, or the sentence of why not, is shown on the next run."""
    try:
        st.session_state[DONE] = act()
    except SpecError as error:
        st.session_state[FAULT] = str(error)


def _keep(scenarios: dict[str, NpvSpec]) -> None:
    if len(scenarios) > client.MOST_SCENARIOS:
        raise SpecError(f"At most {client.MOST_SCENARIOS} scenarios can be kept; remove some first.")
    st.session_state[KEPT] = scenarios
    st.session_state.pop(compare.CHOSEN, None)


def _save(heads: Sequence[Answer]) -> None:
    st.subheader("Save")
    specs = {head.preset: head.spec for head in heads}
    with st.form("save a scenario", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name of the scenario", key=NEW_NAME, max_chars=60)
        if len(specs) > 1:
            st.selectbox("Preset to save", list(specs), key=PRESET)
        st.form_submit_button("Save the settings above", on_click=lambda: _told(lambda: _saved(specs)))


def _saved(specs: dict[str, NpvSpec]) -> str:
    spec = specs[st.session_state.get(PRESET) or next(iter(specs))].changed(parts="all")
    name = client.scenario_name(st.session_state[NEW_NAME], kept())
    _keep({**kept(), name: spec})
    st.session_state[NEW_NAME] = ""
    return f"Saved '{name}'."


def _manage() -> None:
    st.subheader("Saved")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = str(st.selectbox("Saved scenario", list(kept()), key=CHOSEN))
        st.button("Load into the settings", on_click=lambda: _told(lambda: _loaded(name)))
        st.button("Remove", on_click=lambda: _told(lambda: _removed(name)))
        st.text_input("New name", key=RENAMED, max_chars=60)
        st.button("Rename", on_click=lambda: _told(lambda: _renamed(name)))


def _loaded(name: str) -> str:
    _form.fill(kept()[name])
    return f"The settings are those of '{name}'."


def _removed(name: str) -> str:
    _keep({other: spec for other, spec in kept().items() if other != name})
    return f"Removed '{name}'."


def _renamed(name: str) -> str:
    others = [other for other in kept() if other != name]
    new = client.scenario_name(st.session_state[RENAMED], others)
    _keep({new if other == name else other: spec for other, spec in kept().items()})
    st.session_state[RENAMED] = ""
    return f"'{name}' is now '{new}'."


def _share() -> None:
    st.subheader("Share")
    link = st.session_state.get(LINK)
    if link:
        st.markdown("The address of this page holds the saved scenarios; whoever opens it has them.")
        address = f"{st.context.url or ''}?{urlencode({'npv': 'Scenarios', PARAMETER: link})}"
        st.code(address, language=None, wrap_lines=True)
    scenarios = kept()
    with st.container(horizontal=True):
        st.download_button(
            "Scenarios (YAML)",
            lambda: client.scenarios_to_yaml(scenarios),
            file_name="scenarios.yaml",
            mime="application/yaml",
            on_click="ignore",
        )
        st.download_button(
            "Scenarios (XLSX)",
            lambda: client.scenarios_to_workbook(scenarios),
            file_name="scenarios.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
        )


def _import() -> None:
    st.subheader("Import")
    with st.form("import scenarios", border=False):
        st.file_uploader("A file of scenarios (YAML or XLSX)", key=FILE, max_upload_size=MIB)
        st.form_submit_button("Import", on_click=lambda: _told(_imported))


def _imported() -> str:
    file = st.session_state[FILE]
    if file is None:
        raise SpecError("Choose a file of scenarios first.")
    found = client.read_scenarios(file, file.name, NpvSpec)
    again = [name for name in found if name in kept()]
    _keep({**kept(), **found})
    return f"Imported {len(found)} scenarios" + (f", {len(again)} in place of one of that name." if again else ".")
