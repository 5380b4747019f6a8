"""The values of one field of a design."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.spec import SpecError, reason, shown
from engine.target import check_fields, is_whole, target_spec

MAX_POINTS = 1_000_000
MAX_AXES = 30
Value = bool | int | float | str | None


class Axis(BaseModel):
    """The values of one field: listed, or `n` of them from `low` to `high` on a linear or logarithmic scale."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float | None = None
    high: float | None = None
    n: int | None = Field(None, ge=1, le=MAX_POINTS)
    scale: Literal["linear", "log"] = "linear"
    values: tuple[Value, ...] | None = Field(None, max_length=MAX_POINTS)

    @field_validator("low", "high", "n", mode="before")
    @classmethod
    def _is_number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("give a number")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Axis":
        if self.values is not None:
            return self._listed()
        if self.low is None or self.high is None:
            raise ValueError("it needs low and high, or values")
        if self.low > self.high:
            raise ValueError("low must not be above high")
        if self.low == self.high and (self.n or 1) > 1:
            raise ValueError("low equals high, which leaves no room for more than one value; widen it, or take n 1")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("a log axis needs low above 0")
        return self

    def _listed(self) -> "Axis":
        if not self.values:
            raise ValueError("values must list at least one")
        if not (self.low is self.high is self.n is None):
            raise ValueError("give it values, or low and high, not both")
        if self.scale == "log":
            raise ValueError("listed values have no scale; leave scale away")
        return self

    def ends(self) -> tuple[Value, Value]:
        """The first and the last value."""
        return (self.values[0], self.values[-1]) if self.values is not None else (self.low, self.high)

    def count(self) -> int:
        """Number of values in a grid; raises `SpecError` where it has bounds but no n."""
        if self.values is not None:
            return len(self.values)
        if self.n is None:
            raise SpecError("A grid axis with low and high needs n, the number of values.")
        return self.n

    def grid(self) -> list[Value]:
        """The axis's values in a grid; raises `SpecError` where it has bounds but no n."""
        if self.values is not None:
            return list(self.values)
        count = self.count()
        return [float(v) for v in self.at(np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.0]))]

    def at(self, share: np.ndarray) -> np.ndarray:
        """Values at shares (0..1) of the axis: (n,) to (n,)."""
        if self.values is not None:
            index = np.minimum((share * len(self.values)).astype(int), len(self.values) - 1)
            return np.array(self.values, dtype=object)[index]
        assert self.low is not None
        assert self.high is not None
        if self.scale == "log":
            return np.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


def axes_of(target: str, given: Any) -> dict[str, Axis]:
    """The axes of a design by field, their values as the study types them: '1' and 1.0 are one question.

    Raises `SpecError`, one sentence that names the axis: for an unknown field or key, for a value (each that is listed,
    both ends of a range) that the field doesn't take, and for a value listed twice.
    """
    if not isinstance(given, Mapping) or not given:
        raise SpecError("axes must give the fields that vary with their values, such as {sigma: {values: [0.5, 1]}}.")
    if len(given) > MAX_AXES:
        raise SpecError(f"axes has {len(given)} fields; at most {MAX_AXES} can vary.")
    check_fields(target, given)
    return {name: _taken(target, name, _parsed(name, value)) for name, value in given.items()}


def _parsed(name: str, given: Any) -> Axis:
    if isinstance(given, Axis):
        return given
    if not isinstance(given, Mapping):
        raise SpecError(f"axis '{name}' can't be {shown(given)}; give it low, high and n, or values.")
    unknown = [key for key in given if key not in Axis.model_fields]
    if unknown:
        raise SpecError(f"axis '{name}' has no key {shown(unknown[0])}; it has {', '.join(Axis.model_fields)}.")
    try:
        return Axis.model_validate(given)
    except ValidationError as error:
        raise SpecError(f"axis '{name}': {_fault(error)}.") from None


def _fault(error: ValidationError) -> str:
    """The first fault of an axis, naming its key."""
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return reason(error)
    if first["loc"][0] != "values" or first["type"] == "too_long":
        return f"{first['loc'][0]} can't be {shown(first['input'])}: {reason(error)}"
    return f"values can't {'hold' if first['loc'][1:] else 'be'} {shown(first['input'])}: list numbers or texts"


def _taken(target: str, name: str, axis: Axis) -> Axis:
    """The axis, if the field takes its values."""
    spec_type = target_spec(target)
    if axis.values is None:
        for end in (axis.low, axis.high):
            assert end is not None
            if isinstance(spec_type.typed(name, round(end) if is_whole(target, name) else end), bool):
                raise SpecError(f"axis '{name}' can't be a range: it is true or false; list its values.")
        return axis
    typed = tuple(spec_type.typed(name, value) for value in axis.values)
    value, times = Counter(typed).most_common(1)[0]
    if times > 1:
        raise SpecError(f"axis '{name}' lists {shown(value)} more than once; keep one.")
    return axis.model_copy(update={"values": typed})
