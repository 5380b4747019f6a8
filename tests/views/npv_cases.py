"""The investment page opened as a script, and what it says."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).resolve().parents[2] / "views" / "npv.py"


def opened(preset: str = "corrected", **url: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.session_state["preset"] = preset
    for name, value in url.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def written(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.warning, app.success)
    return "\n".join([str(e.value) for kind in kinds for e in kind] + [e.proto.body for e in app.get("html")])


def charts(app: AppTest) -> int:
    return len(app.get("vega_lite_chart"))


def click(app: AppTest, label: str) -> AppTest:
    (button,) = [b for b in app.button if b.label == label]
    button.click().run()
    assert not app.exception
    return app
