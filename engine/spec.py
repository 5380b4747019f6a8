"""A Spec is a validated question: frozen, closed to unknown fields, with a unit and bounds on every field."""

import functools
import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

Preset = Literal["published", "corrected"]
PRESETS: tuple[str, ...] = get_args(Preset)
MOST_SHOWN = 60


def parameter(default: Any, title: str, *, unit: str = "", group: str = "", **bounds: Any) -> Any:
    """Declare a spec field once; the form, the flag, the sweep axis and the key all follow from it.

    `unit` is shown beside the widget and in `--help`; `group` puts the widget under a heading.
    `bounds` go to pydantic (`ge`, `le`, `gt`, `lt`, `multiple_of`, `description`).
    """
    return Field(default, title=title, json_schema_extra={"unit": unit, "group": group}, **bounds)


class Spec(BaseModel):
    """Base of every study's question.

    `presets` holds, for each preset, the values that stand for fields not given explicitly:
    `NpvSpec(preset="published")` is the published run, and any field given beside it overrides it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    study: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    preset: Preset = parameter(
        "corrected",
        "Preset",
        description="published repeats the original work, defects included; corrected mends it",
    )
    seed: int = parameter(20_251_020, "Random seed", ge=0, le=2**63 - 1, group="Run")

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        preset = given.get("preset", cls.model_fields["preset"].default)
        return {**cls.presets.get(str(preset), {}), **given}

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Self:
        """Build a spec from plain values (text allowed); raise `SpecError`, one sentence, when it can't be."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SpecError(_sentence(cls, error)) from None

    @classmethod
    def typed(cls, name: str, value: Any) -> Any:
        """A value as the field of that name types it, the other fields left aside; raise `SpecError` where it can't."""
        try:
            typed = _adapter(cls, name).validate_python(value)
        except ValidationError as error:
            raise SpecError(f"{cls.study} field '{name}' can't be {shown(value)}: {reason(error)}.") from None
        if isinstance(value, bool) and not isinstance(typed, bool):
            raise SpecError(f"{cls.study} field '{name}' can't be {value}: it is not a matter of true or false.")
        return typed

    def canonical(self) -> str:
        """The one JSON text of this spec: sorted keys, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def key(self) -> str:
        """SHA-256 of study and fields. A run's key (`engine.study.run_key`) adds version, needs and inputs."""
        return hashlib.sha256(f"{self.study}\n{self.canonical()}".encode()).hexdigest()

    def changed(self, **fields: Any) -> Self:
        """This spec with some fields changed, validated again."""
        return self.parse({**self.model_dump(), **fields})


class SpecError(ValueError):
    """A question that can't be asked; the message is one sentence for the person who asked it."""


@functools.cache
def _adapter(spec_type: type[Spec], name: str) -> TypeAdapter[Any]:
    """What validates one field alone: its type and its bounds."""
    field = spec_type.model_fields[name]
    annotated: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotated, config=ConfigDict(allow_inf_nan=False))


def shown(value: Any) -> str:
    """A value as a message repeats it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def reason(error: ValidationError) -> str:
    """What pydantic says of the first fault, to stand within a sentence."""
    told = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    return f"{told[0].lower()}{told[1:]}"


def _sentence(spec_type: type[Spec], error: ValidationError) -> str:
    """One sentence for the first fault pydantic found, naming the field and what it takes.

    A validator that raises `SpecError` has said it all.
    """
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "spec"
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, SpecError):
        return str(cause)
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(spec_type.model_fields))
        return f"{spec_type.study} has no field '{name}'; it has {known}."
    if not first["loc"]:
        return f"{spec_type.study}: {first['msg'].removeprefix('Value error, ')}."
    return f"{spec_type.study} field '{name}' can't be {shown(first['input'])}: {reason(error)}."
