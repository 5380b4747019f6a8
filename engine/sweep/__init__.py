"""Sweeps: one study asked at many points of a design."""

from engine.sweep.axis import MAX_POINTS, Axis
from engine.sweep.design import design
from engine.sweep.needs import MAX_NEEDS
from engine.sweep.spec import SweepSpec
from engine.sweep.study import Sweep, in_blocks, points_per_chunk
from engine.target import base_spec, point_spec

__all__ = [
    "MAX_NEEDS",
    "MAX_POINTS",
    "Axis",
    "Sweep",
    "SweepSpec",
    "base_spec",
    "design",
    "in_blocks",
    "point_spec",
    "points_per_chunk",
]
