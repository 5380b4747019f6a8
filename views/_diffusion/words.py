"""Figures of the diffusion page in words."""

from typing import Any

from engine.diffusion import DiffusionSpec

CLOCKS = {
    "compute": "training compute",
    "effective_compute": "effective compute",
    "parameters": "parameters",
    "capability": "benchmark score",
}
UNITS = {"compute": "FLOP", "effective_compute": "FLOP of effective compute", "parameters": "parameters"}
TERMS = {
    "gap_to_open_ln": "Gap to the best open model (ln)",
    "gap_to_open_score": "Gap to the best open score",
    "release_year": "Release year",
    "language": "Language model",
    "unreleased": "Unreleased",
    "academia": "Academia among the makers",
    "us": "United States",
    "ln_parameters": "Parameters (ln)",
    "ln_open_organizations": "Open makers within 1/30 (ln)",
    "frontier_distance_ln": "Distance to the frontier (ln)",
}
GROUPS = {
    "domain": "Primary domain",
    "tier": "Compute tier",
    "organization_type": "Organization type",
    "era": "Era",
    "release_year": "Release year",
    "access": "Access class",
    "country": "Country",
    "licence": "Licence",
}


def months(value: float | None) -> str:
    """A duration in months, or that it was not reached."""
    return "not reached" if value is None else f"{value:.1f}"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval in months; nothing where neither is known."""
    return "" if low is None and high is None else f"{months(low)}\u00a0to\u00a0{months(high)}"


def probability(value: float) -> str:
    """A p value."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def level(spec: DiffusionSpec, value: float | None) -> str:
    """What a model brings to the clock: an amount with its unit, or a score."""
    if value is None:
        return "an unknown level"
    if spec.measure == "capability":
        return f"a score of {value:.1%} on {spec.task}"
    return f"{value:.2e} {UNITS[spec.measure]}".replace("e+", "e")


def clock(measure: str, task: str | None) -> str:
    """A clock by name."""
    return f"By capability, {task}" if measure == "capability" else f"By {CLOCKS[measure]}"


def term(name: str) -> str:
    """A covariate in words; a dummy is its group and level."""
    group, _, value = name.partition("=")
    return f"{GROUPS.get(group, group)}: {value}" if value else TERMS.get(name, name)


def reason(warnings: tuple[str, ...], start: str, otherwise: str) -> str:
    """The note that says why an estimate is missing, or a sentence of one's own."""
    return next((note for note in warnings if note.startswith(start)), otherwise)


def of(*parts: Any) -> str:
    """The parts that say something, with commas."""
    return ", ".join(str(part) for part in parts if part)
