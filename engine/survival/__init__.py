"""Time to event with censoring and delayed entry: shared mathematics, no study."""

from engine.survival.cox import cox, terms_that_vary
from engine.survival.incidence import aalen_johansen
from engine.survival.log_rank import log_rank
from engine.survival.product_limit import kaplan_meier, median, median_interval, restricted_mean
from engine.survival.records import DurationError, start_stop
from engine.survival.risk_sets import RiskSets, cox_coefficients, risk_sets

__all__ = [
    "DurationError",
    "RiskSets",
    "aalen_johansen",
    "cox",
    "cox_coefficients",
    "kaplan_meier",
    "log_rank",
    "median",
    "median_interval",
    "restricted_mean",
    "risk_sets",
    "start_stop",
    "terms_that_vary",
]
