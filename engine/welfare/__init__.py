"""Policy: what support for a training run does to investment and to welfare, at equal outlay."""

from engine.welfare.spec import WelfareSpec
from engine.welfare.study import Welfare

__all__ = ["Welfare", "WelfareSpec"]
