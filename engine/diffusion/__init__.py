"""How long a proprietary lead lasts: time until an open-weight model of another organization catches up."""

from engine.diffusion.spec import DiffusionSpec
from engine.diffusion.study import Diffusion

__all__ = ["Diffusion", "DiffusionSpec"]
