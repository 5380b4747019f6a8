"""What the report is asked: a configuration, files of the user's own, and the fields of its spec."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from engine.report import ReportSpec
from jobs import client
from views import _form, _page
from views._own_file import uploader

BY_CONFIGURATION = ("asked", "parameter_unit", "compute_unit_flop", "cost_unit_usd")
UPLOAD = "report configuration"
FILE_TYPES = ["yaml", "yml"]


@dataclass(frozen=True)
class Asked:
    """A report's spec, configuration (with the name of its file) and files, and the vintage."""

    spec: ReportSpec
    vintage: str
    config: client.ReportConfig = field(default_factory=client.ReportConfig)
    config_name: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The command line that gives the same result."""
        return client.command(self.spec, self.vintage, self.files, self.config_name)


def asked(vintage: str) -> Asked | None:
    """What the page asks; None, with the reason told, where a file won't do."""
    with st.expander("Configuration and files"):
        config, name = _configuration()
        table = uploader("Scaling table", "scaling")
        pairs = uploader("Pairs of innovator and follower (the published diffusion run needs them)", "diffusion_pairs")
    if config is None or table is None or pairs is None:
        return None
    spec = _form_of(config)
    return None if spec is None else Asked(spec, vintage, config, name, {**table, **pairs})


def _form_of(config: client.ReportConfig) -> ReportSpec | None:
    """The fields as widgets; those that only a configuration sets are taken from it."""
    by_file = ReportSpec.parse(dict(config.fields))
    fixed: dict[str, Any] = {name: getattr(by_file, name) for name in BY_CONFIGURATION}
    if by_file.synthetic:
        fixed["synthetic"] = True
    specs = _form.spec_form(ReportSpec, ("corrected",), (*BY_CONFIGURATION, "pairs", *fixed), lambda _: fixed)
    return specs[0] if specs else None


def _configuration() -> tuple[client.ReportConfig | None, str]:
    """The configuration and its file's name; an empty one without a file, None for one that won't do."""
    help_ = "The study's own configuration, as it is. It can't be part of this page's address."
    file = st.file_uploader("Configuration (YAML)", FILE_TYPES, key=UPLOAD, on_change=_fill, help=help_)
    if file is None:
        return client.ReportConfig(), ""
    try:
        config = client.report_config(file.name, file.getvalue())
    except client.BAD_INPUT as error:
        st.error(str(error))
        return None, ""
    if config.notes:
        st.markdown("\n".join(f"- {_page.escape(note)}" for note in config.notes))
    else:
        st.caption("Every key of the configuration is used.")
    return config, file.name


def _fill() -> None:
    """Put what a new configuration says into the fields below it."""
    file = st.session_state[UPLOAD]
    if file is None:
        return
    try:
        given = client.report_config(file.name, file.getvalue()).fields
    except client.BAD_INPUT:
        return  # told where the file is read
    spec = ReportSpec.parse(dict(given))
    st.session_state.update({name: getattr(spec, name) for name in given if name not in BY_CONFIGURATION})
