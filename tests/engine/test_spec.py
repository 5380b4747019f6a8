import subprocess
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import Spec, SpecError, parameter


class Example(Spec):
    study: ClassVar[str] = "example"
    presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"rate": 0.5}}
    rate: float = parameter(0.2, "Rate", unit="share", ge=0, le=1)
    months: int = parameter(72, "Months", ge=1)


def test_preset_fills_fields_not_given() -> None:
    assert Example.parse({"preset": "published"}).rate == 0.5
    assert Example.parse({"preset": "published", "rate": "0.1"}).rate == 0.1
    assert Example.parse({}).rate == 0.2


@pytest.mark.parametrize(
    ("given_values", "words"),
    [
        ({"rat": 1}, ["example has no field 'rat'", "rate"]),
        ({"rate": 2}, ["'rate'", "less than or equal to 1"]),
        ({"rate": "much"}, ["'rate'", "'much'"]),
        ({"months": 1.5}, ["'months'"]),
        ({"rate": float("nan")}, ["'rate'", "finite"]),
        ({"preset": "best"}, ["'preset'", "published"]),
    ],
)
def test_bad_fields_give_one_sentence(given_values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        Example.parse(given_values)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert all(word in message for word in words)


@given(rate=st.floats(0, 1), months=st.integers(1, 600))
def test_key_depends_on_every_field_and_survives_json(rate: float, months: int) -> None:
    spec = Example.parse({"rate": rate, "months": months})
    assert Example.parse(spec.model_dump(mode="json")).key() == spec.key()
    assert spec.changed(months=months + 1).key() != spec.key()


def test_importing_the_engine_loads_no_heavy_library() -> None:
    code = (
        "import sys, engine.registry as r\n"
        "[r.study(n) for n in r.names()]\n"
        "bad = {'ray', 'streamlit', 'lifelines', 'statsmodels', 'pandas', 'altair'} & set(sys.modules)\n"
        "sys.exit(f'loaded {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
