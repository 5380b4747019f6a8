"""Investment: net present value of a training run whose lead will be lost."""

from engine.npv.spec import NpvSpec
from engine.npv.study import Npv

__all__ = ["Npv", "NpvSpec"]
