"""The question: who is a subject, what ends a lead, and from when on it is watched."""

from typing import Any, ClassVar, Literal

from engine.lead import Domain, Task
from engine.spec import Spec, parameter

Measure = Literal["compute", "effective_compute", "parameters", "capability"]
Era = Literal["All", "before LLaMA", "since LLaMA"]
ClosedAccess = Literal["all", "released", "api", "unreleased", "with_unknown"]
OpenWeights = Literal["any", "commercial", "unrestricted"]
LEADS, FOLLOWERS, TIME = "Subjects", "Followers", "Time"


class DiffusionSpec(Spec):
    """The rule of the survival data set, every part of it a field.

    Fields on the frontier, the domain, theta and the follower's organization are rules of the clocks by compute and
    by parameters; the clock by capability has its own (see `engine.diffusion.capability`).
    """

    study: ClassVar[str] = "diffusion"
    presets: ClassVar[dict[str, dict[str, Any]]] = {"published": {"min_lead_months": 4.8}}

    measure: Measure = parameter(
        "compute",
        "Clock",
        description="what a follower must match: training compute, compute credited with algorithmic progress, "
        "parameters, or a benchmark score",
    )
    theta: float = parameter(
        1.0, "Threshold theta", ge=0.01, le=10, description="share of the subject's compute a follower must reach"
    )
    effective_growth_per_year: float = parameter(
        2.83,
        "Algorithmic progress",
        unit="x a year",
        ge=1,
        le=100,
        description="growth of effective compute at constant compute; for the clock by effective compute",
    )
    task: Task = parameter("GPQA diamond", "Benchmark", description="for the clock by capability")
    derived_versions: bool = parameter(
        True,
        "Derived models too",
        description="whether fine-tuned models (DeepSeek-R1 is one of DeepSeek-V3) lead and follow there; by compute "
        "they never do",
    )
    domain: Domain = parameter("All", "Primary domain of the subjects", group=LEADS)
    first_year: int = parameter(2018, "First release year", ge=1950, le=2100, group=LEADS)
    era: Era = parameter("All", "Era", description="LLaMA was released on 24 February 2023", group=LEADS)
    closed_access: ClosedAccess = parameter(
        "all",
        "What counts as closed",
        description="all: API, hosted and unreleased; released: API and hosted; api; unreleased; with_unknown: all, "
        "and models of unknown access",
        group=LEADS,
    )
    frontier: Literal["rank", "factor"] = parameter(
        "rank",
        "Frontier rule",
        description="in the running top n of the domain on the release day, or within a factor of its best",
        group=LEADS,
    )
    frontier_rank: int = parameter(
        10, "Frontier rank", ge=1, le=1000, description="running top n by compute on the release day", group=LEADS
    )
    frontier_factor: float = parameter(
        10.0, "Frontier factor", ge=1, le=1e6, description="at least the best of the day over this", group=LEADS
    )
    open_weights: OpenWeights = parameter(
        "any",
        "What counts as open",
        description="any open weights; those that allow commercial use; only unrestricted ones",
        group=FOLLOWERS,
    )
    same_domain: bool = parameter(True, "Same primary domain", group=FOLLOWERS)
    other_organization: bool = parameter(
        True, "Another organization", description="no listed organization in common", group=FOLLOWERS
    )
    window_months: float = parameter(60.0, "Follow-up", unit="months", gt=0, le=600, group=TIME)
    min_lead_months: float = parameter(
        0.0,
        "Minimum lead",
        unit="months",
        ge=0,
        le=120,
        description="delayed entry: leads not beyond it are counted but never at risk",
        group=TIME,
    )
    replicates: int = parameter(
        1_000, "Bootstrap replicates", ge=100, le=100_000, description="of the time-varying regression", group="Run"
    )
    parts: Literal["all", "curve"] = parameter(
        "all", "Parts", description="curve: subjects and survival curve alone, at once", group="Run"
    )
