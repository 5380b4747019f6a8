"""Pages opened without a browser, and what they say."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


def opened(page: str = "", **url: Any) -> AppTest:
    """The whole app, on one of its pages, at an address; it may end in an exception."""
    app = _at("streamlit_app.py", url).run()
    return app.switch_page(page).run() if page else app


def alone(page: str, preset: str = "corrected", **url: Any) -> AppTest:
    """A page as a script of its own, so that its controls can be worked; without an exception."""
    app = _at(page, url)
    app.session_state["preset"] = preset
    app.run()
    assert not app.exception
    return app


def _at(script: str, url: dict[str, Any]) -> AppTest:
    app = AppTest.from_file(str(ROOT / script), default_timeout=120)
    for name, value in url.items():
        app.query_params[name] = str(value)
    return app


def written(app: AppTest) -> str:
    """Text, captions and messages of a page."""
    kinds = (app.markdown, app.caption, app.subheader, app.info, app.error, app.warning, app.success)
    return "\n".join([str(e.value) for kind in kinds for e in kind] + [e.proto.body for e in app.get("html")])


def charts(app: AppTest) -> int:
    """Number of charts on a page."""
    return len(app.get("vega_lite_chart"))


def click(app: AppTest, label: str) -> AppTest:
    """The page after a click on the button of that label; without an exception."""
    (button,) = [b for b in app.button if b.label == label]
    button.click().run()
    assert not app.exception
    return app
