"""A Spec is a validated question: frozen, closed to unknown fields, with a unit and bounds on every field."""

import hashlib
import json
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Preset = Literal["published", "corrected"]
PRESETS: tuple[str, ...] = get_args(Preset)


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


def _sentence(spec_type: type[Spec], error: ValidationError) -> str:
    """One sentence for the first fault pydantic found, naming the field and what it takes."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "spec"
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(spec_type.model_fields))
        return f"{spec_type.study} has no field '{name}'; it has {known}."
    if not first["loc"]:
        return f"{spec_type.study}: {first['msg'].removeprefix('Value error, ')}."
    reason = first["msg"].removeprefix("Value error, ")
    return f"{spec_type.study} field '{name}' can't be {first['input']!r}: {reason[0].lower()}{reason[1:]}."
