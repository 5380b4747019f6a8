"""The instruments: what each pays, who invests under it, and the level at which it spends what it may."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.welfare.project import Outcome, Project
from engine.welfare.spec import WelfareSpec
from engine.welfare.surplus import Surplus

SPEND_TOLERANCE = 1e-6
HIGHEST_QUANTILE_SDS = 12.0


class Instrument(Protocol):
    """A promise to pay, made before the firm decides; its level is a share of the upfront cost."""

    @property
    def name(self) -> str:
        """Its name in tables."""

    @property
    def label(self) -> str:
        """Its name for people."""

    def type_floor(self, project: Project, level: float) -> float:
        """The lowest type that invests: it breaks even on average with what it expects to be paid."""

    def outlay(self, project: Project, level: float, type_floor: float) -> float:
        """Expected payment to the types from this one up, in USD."""

    def highest(self, project: Project, share: float) -> float:
        """A level beyond which nothing changes, or which is sure to spend this share of the cost."""


@dataclass(frozen=True)
class Subsidy:
    """A share of the upfront cost, paid to whoever invests."""

    name: str = "rd_subsidy"
    label: str = "R&D subsidy"

    def type_floor(self, project: Project, level: float) -> float:
        return project.types.type_earning(project.cost * (1 - level) / project.mean_factor)

    def outlay(self, project: Project, level: float, type_floor: float) -> float:
        return level * project.cost * project.types.share_above(type_floor)

    def highest(self, project: Project, share: float) -> float:
        return 1.0


@dataclass(frozen=True)
class TaxCredit:
    """A credit worth a share of the cost, usable after the fact up to `rate` times a positive profit X - C0."""

    rate: float
    name: str = "tax_credit"
    label: str = "Tax credit, non-refundable"

    def type_floor(self, project: Project, level: float) -> float:
        types, (low, high) = project.types, self._caps(project, level)

        def surplus(own_type: float) -> float:
            credit = self.rate * (types.capped_mean_of(high, own_type) - types.capped_mean_of(low, own_type))
            return _mean_of(project, own_type) - project.cost + credit

        alone = project.type_floor
        return _root(surplus, alone - math.log1p(self.rate), alone)

    def outlay(self, project: Project, level: float, type_floor: float) -> float:
        types, (low, high) = project.types, self._caps(project, level)
        return self.rate * (types.capped_mean_above(high, type_floor) - types.capped_mean_above(low, type_floor))

    def highest(self, project: Project, share: float) -> float:
        """A credit larger than the tax on all but impossible profits."""
        types = project.types
        top = types.mu + types.sigma**2 + HIGHEST_QUANTILE_SDS * types.sigma
        most = math.exp(top) * float(types.factor.scale.max())
        return max(self.rate * most / project.cost, 2 * share)

    def _caps(self, project: Project, level: float) -> tuple[float, float]:
        """Revenue at which the credit begins to be usable, and at which it is used up."""
        return project.cost, project.cost * (1 + level / self.rate)


@dataclass(frozen=True)
class Guarantee:
    """An advance purchase commitment as a floor: discounted revenue is topped up to a share of the cost."""

    name: str = "apc_floor"
    label: str = "APC floor"

    def type_floor(self, project: Project, level: float) -> float:
        if level >= 1:
            return -math.inf
        types, floor = project.types, level * project.cost

        def surplus(own_type: float) -> float:
            topped_up = floor - types.capped_mean_of(floor, own_type)
            return _mean_of(project, own_type) + topped_up - project.cost

        alone = project.type_floor
        return _root(surplus, alone + math.log1p(-level), alone)

    def outlay(self, project: Project, level: float, type_floor: float) -> float:
        return project.types.shortfall_above(level * project.cost, type_floor)

    def highest(self, project: Project, share: float) -> float:
        """From a floor K at or above the cost all invest, and the outlay is at least K - E[X]."""
        return max(1.0, share + project.mean_revenue / project.cost) * (1 + 1e-9)


@dataclass(frozen=True)
class Position:
    """What one instrument does at the level that spends the outlay; level and outcome are None when none does.

    `inframarginal` is the share of the outlay that goes to projects which would have gone ahead anyway; `gained` the
    producer and consumer surplus over no policy, in USD (None as `outcome`).
    """

    instrument: str
    label: str
    level: float | None
    level_unit: str | None
    outcome: Outcome | None
    fiscal: float
    inframarginal: float | None
    gained: float | None
    note: str | None


def positions(spec: WelfareSpec, project: Project) -> list[Position]:
    """No policy, the three instruments at equal expected outlay, and longer exclusivity, which spends nothing."""
    spending: tuple[Instrument, ...] = (Subsidy(), TaxCredit(spec.credit_rate), Guarantee())
    alone = _free("no_policy", "No policy", None, project, project.surplus)
    longer = (
        _free(f"exclusivity_plus_{m:g}_months", f"Exclusivity +{m:g} months", m, project, surplus)
        for m, surplus in project.longer.items()
    )
    return [alone, *(_spending(one, project, spec.outlay_share) for one in spending), *longer]


def _free(name: str, label: str, level: float | None, project: Project, surplus: Surplus) -> Position:
    """Without any outlay: firms decide on the surplus they get."""
    floor = project.types.type_earning(project.cost / float(surplus.producer))
    unit = None if level is None else "months"
    outcome, alone = project.outcome(floor, surplus), project.outcome(project.type_floor, project.surplus)
    gained = outcome.ps + outcome.cs - (alone.ps + alone.cs)
    return Position(name, label, level, unit, outcome, 0.0, None, gained, None)


def _spending(instrument: Instrument, project: Project, share: float) -> Position:
    level, note = level_spending(instrument, project, share)
    if level is None:
        return Position(instrument.name, instrument.label, None, "share of cost", None, 0.0, None, None, note)
    floor = instrument.type_floor(project, level)
    outlay = instrument.outlay(project, level, floor)
    anyway = min(1.0, instrument.outlay(project, level, max(floor, project.type_floor)) / outlay)
    outcome, added = project.outcome(floor, project.surplus), project.added(floor)
    gained = added.ps + added.cs
    return Position(instrument.name, instrument.label, level, "share of cost", outcome, outlay, anyway, gained, note)


def level_spending(instrument: Instrument, project: Project, share: float) -> tuple[float | None, str | None]:
    """The level whose expected outlay is that share of the cost, by bracketing, with a remark on it if there is one.

    None, with the reason, when no level spends so much or investment jumps past it.
    """
    if isinstance(instrument, TaxCredit) and instrument.rate == 0:
        return None, _too_little(instrument, share, 0.0)

    def excess(log_level: float) -> float:
        level = math.exp(log_level)
        outlay = instrument.outlay(project, level, instrument.type_floor(project, level))
        return outlay / (share * project.cost) - 1

    low, high = math.log(share * (1 - SPEND_TOLERANCE)), math.log(instrument.highest(project, share))
    most = excess(high)
    if most < 0:
        return None, _too_little(instrument, share, (1 + most) * share)
    log_level = _root(excess, low, high)
    if abs(excess(log_level)) > SPEND_TOLERANCE:
        return None, (
            f"{instrument.label}: no level spends exactly {share:.4g} of the cost; firms know too little to differ "
            "and all come in at once."
        )
    return math.exp(log_level), _remark(instrument, math.exp(log_level))


def _too_little(instrument: Instrument, share: float, most: float) -> str:
    return f"{instrument.label}: no level spends {share:.4g} of the cost; the most it can spend is {most:.3g} of it."


def _remark(instrument: Instrument, level: float) -> str | None:
    if isinstance(instrument, Guarantee) and level >= 1:
        return f"{instrument.label}: at {level:.3g} times the cost nobody can lose, so every project goes ahead."
    return None


def _mean_of(project: Project, own_type: float) -> float:
    """E[X | m]."""
    return math.exp(own_type + project.types.residual_sd**2 / 2) * project.mean_factor


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Zero of a function that rises from low to high; an end where the function is already past zero there."""
    from scipy.optimize import brentq

    if rising(high) <= 0:
        return high
    if rising(low) >= 0:
        return low
    return float(brentq(rising, low, high, xtol=1e-14, rtol=1e-14))
