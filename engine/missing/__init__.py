"""Missing data: what is missing, weights for complete cases, and multiple imputation. Shared mathematics, no study."""

from engine.missing.multiple import Imputer, Pooled, masked_error, pooled
from engine.missing.report import MUCH_MISSING, much_missing, patterns, shares
from engine.missing.weights import Completeness, completeness

__all__ = [
    "MUCH_MISSING",
    "Completeness",
    "Imputer",
    "Pooled",
    "completeness",
    "masked_error",
    "much_missing",
    "patterns",
    "pooled",
    "shares",
]
