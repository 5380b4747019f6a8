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


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ponds", "0", "0 as Ponds, which must be a whole number from 1 to 9; the default, 3, is used."),
        ("ponds", "10", "10 as Ponds, which must be a whole number from 1 to 9; the default, 3, is used."),
        ("ponds", "2.5", "2.5 as Ponds, which must be a whole number from 1 to 9; the default, 3, is used."),
        ("ponds", "inf", "inf as Ponds, which must be a whole number from 1 to 9; the default, 3, is used."),
        ("rate", "nan", "nan as Rate (a year), which must be a number from 0 to 5; the default, 0.2, is used."),
        ("rate", "fast", "fast as Rate (a year), which must be a number from 0 to 5; the default, 0.2, is used."),
        ("limit", "-1", "-1 as Limit (USD), which must be a number of at least 0; the default, automatic, is used."),
        ("kind", "swan", "swan as Kind, which must be mallard or teal; the default, teal, is used."),
        ("place", "z", "z as Place, which must be a, b, c or d; the default, a, is used."),
        ("wet", "damp", "damp as Wet, which must be true or false; the default, false, is used."),
        ("place", "`[x](y)", "`[x](y)` as Place, which must be a, b, c or d; the default, a, is used."),
    ],
)
def test_what_the_url_asks_for_in_vain_is_told_once_and_the_default_used(
    form: Callable[..., AppTest], name: str, text: str, said: str
) -> None:
    plain = answer(form().run())
    app = form()
    app.query_params[name] = text
    app.run()
    assert answer(app) == plain
    assert [warning.value for warning in app.warning] == [f"The address asks for {said}"]
    assert name not in app.query_params
    app.number_input(key="seed").set_value(1).run()
    assert len(app.warning) == 1


def test_the_sentence_on_the_url_goes_once_its_field_is_set(form: Callable[..., AppTest]) -> None:
    app = form()
    app.query_params |= {"ponds": "0", "kind": "swan", "wet": "True", "rate": "1.5", "place": ""}
    app.run()
    assert len(app.warning) == 2
    assert (answer(app)["wet"], answer(app)["rate"]) == (True, 1.5)
    app.number_input(key="ponds").set_value(4).run()
    assert ["Kind" in warning.value for warning in app.warning] == [True]
    app.number_input(key="ponds").set_value(3).run()
    assert len(app.warning) == 1


def effects_app() -> None:
    """A page with nothing but the form of the bootstrap."""
    import streamlit as st

    from engine.bootstrap import BootstrapSpec
    from views._form import spec_form

    st.session_state["answer"] = [spec.effects for spec in spec_form(BootstrapSpec, ("corrected",))]


def test_effects_are_chosen_and_the_url_has_them_as_the_flag_takes_them() -> None:
    app = AppTest.from_function(effects_app, default_timeout=30)
    app.query_params["effects"] = "domain,year"
    box = app.run().multiselect(key="effects")
    assert (box.label, box.value, app.session_state["answer"]) == ("Effects", ["year", "domain"], ["year,domain"])
    assert box.options == ["year", "domain", "organization type", "architecture"]
    box.select("architecture").run()
    assert app.session_state["answer"] == ["year,domain,architecture"]
    assert app.query_params["effects"] == "year,domain,architecture"
    app.multiselect(key="effects").set_value([]).run()
    assert (app.session_state["answer"], app.query_params) == (["pooled"], {})
    assert not app.text_input or all(field.key != "effects" for field in app.text_input)


def test_an_unknown_effect_in_the_url_is_told() -> None:
    app = AppTest.from_function(effects_app, default_timeout=30)
    app.query_params["effects"] = "year,colour"
    app.run()
    assert not app.exception
    assert not app.error
    assert app.session_state["answer"] == ["pooled"]
    assert "year, domain, organization_type, architecture joined by commas" in app.warning[0].value


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
