"""Forms made from spec fields."""

import math
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from engine import registry
from views import _form


def form_app(presets: tuple[str, ...]) -> None:
    """A page with nothing but the form of a small spec."""
    from typing import Any, ClassVar, Literal, Self

    import streamlit as st
    from pydantic import model_validator

    from engine.spec import Spec, parameter
    from views._form import spec_form

    class DuckSpec(Spec):
        study: ClassVar[str] = "ducks"
        presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"rate": 5e-11, "limit": 7.0, "wet": True}}

        rate: float = parameter(0.2, "Rate", unit="a year", group="Money", ge=0, le=5, description="how fast")
        limit: float | None = parameter(None, "Limit", unit="USD", group="Money", gt=0)
        ponds: int = parameter(3, "Ponds", ge=1, le=9)
        kind: Literal["mallard", "teal"] = parameter("teal", "Kind")
        place: Literal["a", "b", "c", "d"] = parameter("a", "Place")
        wet: bool = parameter(False, "Wet")
        note: str | None = parameter(None, "Note")
        songs: str = parameter("", "Songs")
        nests: dict[str, int] = parameter({"reed": 2}, "Nests")

        @model_validator(mode="after")
        def _not_too_many(self) -> Self:
            if self.ponds > 5 and self.kind == "teal":
                raise ValueError("teal need no more than 5 ponds")
            return self

    chosen: Any = st.session_state.get("chosen", presets)
    st.session_state["answer"] = [spec.model_dump() for spec in spec_form(DuckSpec, chosen)]


@pytest.fixture
def form() -> Callable[..., AppTest]:
    def made(*presets: str) -> AppTest:
        return AppTest.from_function(form_app, args=(presets or ("corrected",),), default_timeout=30)

    return made


def answer(app: AppTest) -> dict[str, object]:
    assert not app.exception, app.exception
    (only,) = app.session_state["answer"]
    return dict(only)


def test_every_field_has_a_widget_with_its_unit_and_bounds(form: Callable[..., AppTest]) -> None:
    app = form().run()
    rate = app.number_input(key="rate")
    assert (rate.label, rate.min, rate.max, rate.value, rate.help) == ("Rate (a year)", 0.0, 5.0, 0.2, "how fast")
    assert app.number_input(key="limit").value is None
    assert app.number_input(key="limit").placeholder == "automatic"
    assert app.number_input(key="ponds").step == 1
    assert app.radio(key="kind").options == ["mallard", "teal"]
    assert app.selectbox(key="place").options == ["a", "b", "c", "d"]
    assert app.toggle(key="wet").value is False
    assert {"**Money**", "**Run**"} <= {text.value for text in app.markdown}
    assert answer(app)["rate"] == 0.2


def test_a_changed_widget_changes_the_spec(form: Callable[..., AppTest]) -> None:
    app = form().run()
    app.number_input(key="rate").set_value(1.5)
    app.number_input(key="limit").set_value(4.0)
    app.toggle(key="wet").set_value(True)
    spec = answer(app.run())
    assert (spec["rate"], spec["limit"], spec["wet"]) == (1.5, 4.0, True)


def test_text_keeps_its_default_until_touched(form: Callable[..., AppTest]) -> None:
    app = form().run()
    assert app.text_input(key="nests").value == '{"reed": 2}'
    spec = answer(app)
    assert (spec["note"], spec["songs"], spec["nests"]) == (None, "", {"reed": 2})
    app.text_input(key="note").set_value("loud")
    app.text_input(key="songs").set_value("quack").run()
    spec = answer(app)
    assert (spec["note"], spec["songs"]) == ("loud", "quack")
    app.text_input(key="note").set_value("").run()
    assert answer(app)["note"] is None


def test_fields_start_from_the_url(form: Callable[..., AppTest]) -> None:
    app = form()
    app.query_params["rate"] = "0.75"
    app.query_params["kind"] = "mallard"
    spec = answer(app.run())
    assert (spec["rate"], spec["kind"], spec["ponds"]) == (0.75, "mallard", 3)


def test_changing_the_preset_refills_the_defaults(form: Callable[..., AppTest]) -> None:
    app = form().run()
    app.number_input(key="ponds").set_value(5)
    app.number_input(key="rate").set_value(1.5).run()
    app.session_state["chosen"] = ("published",)
    spec = answer(app.run())
    assert (spec["preset"], spec["rate"], spec["limit"], spec["wet"]) == ("published", 5e-11, 7.0, True)
    app.session_state["chosen"] = ("corrected",)
    spec = answer(app.run())
    assert (spec["rate"], spec["limit"], spec["ponds"]) == (0.2, None, 5)


def test_what_cannot_be_asked_is_told_in_a_sentence_and_the_last_spec_kept(form: Callable[..., AppTest]) -> None:
    app = form().run()
    app.number_input(key="ponds").set_value(8).run()
    (error,) = app.error
    assert error.value == "ducks: teal need no more than 5 ponds."
    assert answer(app)["ponds"] == 3
    app.radio(key="kind").set_value("mallard").run()
    assert not app.error
    assert answer(app)["ponds"] == 8


def test_side_by_side_offers_only_what_no_preset_sets(form: Callable[..., AppTest]) -> None:
    app = form("published", "corrected").run()
    app.number_input(key="ponds").set_value(4).run()
    published, corrected = app.session_state["answer"]
    assert {widget.key for widget in app.number_input} == {"ponds", "seed"}
    assert (published["rate"], corrected["rate"]) == (5e-11, 0.2)
    assert (published["ponds"], corrected["ponds"]) == (4, 4)


@pytest.mark.parametrize("study", registry.names())
def test_every_study_can_be_asked_by_a_form(study: str) -> None:
    spec_type = registry.study(study).spec_type
    for name in _form.shown_fields(spec_type, ("corrected",)):
        low, high = _form.bounds(spec_type.model_fields[name])
        assert low < high
        assert _form.label(name, spec_type.model_fields[name])


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 0.1), (0.0, 0.1), (0.2, 0.01), (1.19e-18, 1e-19), (35.3e9, 1e9)]
)
def test_steps_follow_the_value(value: float | None, expected: float) -> None:
    assert math.isclose(_form.step(value), expected)
