"""Figures of the investment page in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.npv import NpvSpec
from views import _form

SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
LARGEST_READ = 1e15
SURE = 0.9999
DOUBTS = ("With sigma", "The curve of exclusivity")
FIGURES = {
    "upfront_cost_usd": "Upfront cost",
    "mean_usd": "Mean NPV",
    "sd_usd": "Standard deviation",
    "p_positive": "Probability NPV > 0",
    "var5_usd": "5 % value at risk",
    "cvar5_usd": "Expected shortfall, 5 %",
    "mu": "Revenue mu",
    "apc_star_share": "Purchase commitment for a mean of zero",
    "breakeven_cost_multiple": "Break-even cost multiple",
}


def usd(value: float | None) -> str:
    """An amount in words: 35.3 billion USD."""
    if value is None:
        return "none"
    for scale, name in SCALES:
        if abs(value) >= scale:
            short = f"{value / scale:,.4g}" if abs(value) < LARGEST_READ else f"{value / scale:,.0f}"
            return f"{short} {name} USD"
    return f"{round(value, 2) + 0.0:,.2f} USD"


def chance(value: float) -> str:
    """A probability; one that is almost 0 or 1 is not rounded to it."""
    if 0 < value < 1 - SURE:
        return f"< {1 - SURE:.4f}"
    return f"> {SURE}" if SURE < value < 1 else f"{value:.4f}"


def between(low: float, high: float) -> str:
    """Two amounts as an interval; one where they are the same."""
    return usd(low) if low == high else f"{usd(low)} to {usd(high)}"


def share(value: float | None) -> str:
    """A purchase commitment as a share of the cost."""
    return "none within bound" if value is None else f"{value:.1%} of the cost"


def figure(name: str, value: float | None) -> str:
    """A figure by the name of its field."""
    if name == "apc_star_share":
        return share(value)
    if value is None:
        return "none"
    if name.endswith("_usd"):
        return usd(value)
    return chance(value) if name == "p_positive" else f"{value:,.4g}"


def name(field: str) -> str:
    """A field's title alone: what an address may hold, since brackets in it break the colours of a chart's legend."""
    return str(NpvSpec.model_fields[field].title)


def title(name: str) -> str:
    """A field's title and unit."""
    return _form.label(name, NpvSpec.model_fields[name])


def setting(name: str, value: Any) -> str:
    """A field's value as a form would show it."""
    if value is None or value == "":
        return "automatic"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return usd(value) if name.endswith("_usd") and abs(value) >= 1e3 else f"{value:.6g}"
    return str(value)


def lead(summary: Mapping[str, Any]) -> str:
    """Where the length of the lead comes from, on how many leads it rests, and its median."""
    median, subjects = summary["exclusivity_median_months"], summary["exclusivity_subjects"]
    rests = "" if subjects is None else f" ({subjects} leads, {summary['exclusivity_events']} ended)"
    known = "not reached" if median is None else f"{median:.1f} months"
    return f"Lead: {summary['exclusivity_source']}{rests}, median {known}."


def engine(summary: Mapping[str, Any]) -> str:
    """Which engine answered and why, and with how many paths."""
    if "n_paths" not in summary:
        return str(summary["engine_reason"])
    return f"{summary['engine_reason']} {summary['n_paths']:,} paths, {summary['sampling']} sampling."


def doubts(notes: Iterable[str]) -> list[str]:
    """The notes that say that the figures themselves are not to be leaned on."""
    return [note for note in notes if note.startswith(DOUBTS)]
