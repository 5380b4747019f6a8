"""A project and its welfare: who invests, and what that yields to the firm, to consumers and to nobody."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.cashflow import MAX_PANELS, Floats, LogNormalMixture
from engine.exclusivity import Atoms, months_kept_weights
from engine.welfare.firms import Types
from engine.welfare.spec import WelfareSpec
from engine.welfare.surplus import Surplus, present_value, revenue_mixture, streams

VAR_TAIL = 0.05
FINEST_SPREAD = 0.25
MOST_PANELS = 8


@dataclass(frozen=True)
class Outcome:
    """Of one kind of project, in USD expected before its type is known: what the firms that invest bring about.

    ps is net of the upfront cost and before transfers.
    """

    p_invest: float
    ps: float
    cs: float
    dwl: float


@dataclass(frozen=True)
class Project:
    """The upfront cost, the firms, and the discounted surplus of a unit of first-month profit.

    `longer` holds the surplus when every lead lasts so many months more.
    """

    cost: float
    types: Types
    surplus: Surplus
    longer: Mapping[float, Surplus]

    @property
    def mean_factor(self) -> float:
        """E[F]."""
        return float(self.surplus.producer)

    @property
    def mean_revenue(self) -> float:
        """E[X] of a project drawn at random."""
        return self.types.mean_above(-math.inf) * self.mean_factor

    @property
    def type_floor(self) -> float:
        """The type that breaks even on average without any support."""
        return self.types.type_earning(self.cost / self.mean_factor)

    @property
    def p_invest(self) -> float:
        """Share of projects that go ahead without support."""
        return self.types.share_above(self.type_floor)

    def outcome(self, type_floor: float, surplus: Surplus) -> Outcome:
        """What follows when the types from this one up invest."""
        return self._outcome(self.types.share_above(type_floor), self.types.mean_above(type_floor), surplus)

    def added(self, type_floor: float) -> Outcome:
        """What the types from this one up to those that need no support bring about, without subtracting totals."""
        ends = (min(type_floor, self.type_floor), self.type_floor)
        return self._outcome(self.types.share_between(*ends), self.types.mean_between(*ends), self.surplus)

    def _outcome(self, p: float, first_month: float, surplus: Surplus) -> Outcome:
        producer, consumer, deadweight = (
            first_month * float(value) for value in (surplus.producer, surplus.consumer, surplus.deadweight)
        )
        return Outcome(p, producer - self.cost * p, consumer, deadweight)

    def with_cost(self, cost: float) -> "Project":
        """The same firms at another upfront cost."""
        return replace(self, cost=cost)

    def cost_at(self, p_invest: float) -> float:
        """The upfront cost at which this share of projects goes ahead without support."""
        from scipy.special import ndtri

        types = self.types
        marginal = types.mu - float(ndtri(p_invest)) * types.type_sd
        return math.exp(marginal + types.residual_sd**2 / 2) * self.mean_factor


@dataclass(frozen=True)
class Calibration:
    """ln of median first-month revenue by the rule on the mean and by that on the value at risk, and what is used."""

    mean_rule: float
    var_rule: float
    given: float | None

    @property
    def mu(self) -> float:
        """The mu used, before the shift."""
        return max(self.mean_rule, self.var_rule) if self.given is None else self.given

    @property
    def rule(self) -> str:
        """Which rule binds: mean, var5, or given."""
        if self.given is not None:
            return "given"
        return "mean" if self.mean_rule >= self.var_rule else "var5"


def kept_weights(spec: WelfareSpec, atoms: Atoms, more_months: float = 0.0) -> Floats:
    """Probability that a lead lasts k whole months of the horizon, k = 1..H, when each lasts `more_months` more."""
    longer = Atoms(atoms.months * spec.exclusivity_multiple + more_months, atoms.weight)
    values = {"horizon_months": np.array([float(spec.horizon_months)]), "exclusivity_multiple": np.ones(1)}
    return np.asarray(months_kept_weights("survival", longer, values)[0])


def calibrate(spec: WelfareSpec, kept: Floats) -> Calibration:
    """mu at cost multiple 1 (METHODS section 5): the mean NPV is the target, or the 5 % quantile of NPV is zero."""
    factor = _mixture(spec, kept, spec.sigma, MAX_PANELS)
    cost, target = spec.reference_cost_usd, spec.target_mean_usd
    mean = float(factor.mean()[0])
    mean_rule = math.log((target + cost) / mean) if target + cost > 0 else -math.inf
    return Calibration(mean_rule, math.log(cost) - float(factor.log_quantile(VAR_TAIL)[0]), spec.mu)


def project(spec: WelfareSpec, atoms: Atoms) -> tuple[Project, Calibration]:
    """The project a spec describes, calibrated once at multiple 1 and then shifted."""
    kept = kept_weights(spec, atoms)
    rules = calibrate(spec, kept)
    spread = max(spec.sigma * math.sqrt(1 - spec.rho), FINEST_SPREAD)
    factor = _mixture(spec, kept, spread, MOST_PANELS)
    types = Types(rules.mu + spec.mu_shift, spec.sigma, spec.rho, factor)
    extensions = (spec.extension_months, spec.long_extension_months)
    longer = {months: _surplus(spec, kept_weights(spec, atoms, months)) for months in extensions}
    return Project(spec.reference_cost_usd * spec.cost_multiple, types, _surplus(spec, kept), longer), rules


def _mixture(spec: WelfareSpec, kept: Floats, spread: float, most_panels: int) -> LogNormalMixture:
    rate, low, high = spec.annual_discount_rate, spec.drop_low, spec.drop_high
    return revenue_mixture(kept, rate, low, high, spec.sigma, spread, most_panels)


def _surplus(spec: WelfareSpec, kept: Floats) -> Surplus:
    return present_value(streams(kept, spec.drop_low, spec.drop_high), spec.annual_discount_rate)
