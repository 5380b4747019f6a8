"""The question of a sweep: a study, what stays the same, and the design of what varies."""

import math
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from engine import registry
from engine.spec import Spec, SpecError, parameter
from engine.sweep.axis import MAX_AXES, MAX_POINTS, Axis, axes_of
from engine.target import base_spec, typed_base

Kind = Literal["grid", "lhs", "sobol"]


class SweepSpec(Spec):
    """A design over the fields of a study."""

    study: ClassVar[str] = "sweep"

    target: str = parameter("npv", "Study", description="the study asked at every point")
    base: dict[str, Any] = parameter({}, "Fields that stay the same")
    kind: Kind = parameter("grid", "Design")
    axes: dict[str, Axis] = parameter({}, "Axes", description="field to its values", min_length=1, max_length=MAX_AXES)
    points: int | None = parameter(None, "Points", ge=1, le=MAX_POINTS, description="of a lhs or sobol design")

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, given: Any) -> Any:
        """Base and axes as the asked study types them. A preset in base is the sweep's own: it counts for every point.

        Every `SpecError` raised here is a whole sentence.
        """
        if not isinstance(given, dict):
            return given
        target = given.get("target", "npv")
        if target == cls.study:
            raise SpecError(
                f"A sweep can't be swept; name one of {', '.join(n for n in registry.names() if n != target)}."
            )
        for name in ("points", "seed"):
            if isinstance(given.get(name), bool):
                raise SpecError(f"{name} can't be {given[name]}; give a whole number.")
        base = typed_base(given, target)
        axes = axes_of(target, given.get("axes"))
        twice = [name for name in axes if name in base]
        if twice:
            raise SpecError(f"field '{twice[0]}' is both in base and an axis; keep one.")
        own = {"preset": base.pop("preset")} if "preset" in base else {}
        return {**given, **own, "base": base, "axes": axes}

    @model_validator(mode="after")
    def _is_a_design(self) -> "SweepSpec":
        grid = self.kind == "grid"
        if not grid and self.points is None:
            raise SpecError(f"a {self.kind} design needs points, their number.")
        if grid and self.points is not None:
            raise SpecError("a grid has as many points as its axes make; leave points away, or take kind lhs or sobol.")
        for name, axis in self.axes.items():
            if grid and axis.values is None and axis.n is None:
                raise SpecError(f"axis '{name}' needs n, the number of values from low to high in a grid.")
            if not grid and axis.n is not None:
                raise SpecError(f"axis '{name}' has n, which counts in a grid only; a {self.kind} design has points.")
        if self.size() > MAX_POINTS:
            raise SpecError(f"the design has {self.size():,} points; at most {MAX_POINTS:,} can be swept.")
        base_spec(self)
        return self

    def size(self) -> int:
        """Number of points."""
        if self.kind == "grid":
            return math.prod(axis.count() for axis in self.axes.values())
        assert self.points is not None
        return self.points
