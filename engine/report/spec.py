"""The question of the report: which versions, how many draws, and what is asked otherwise of the studies."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine import registry
from engine.spec import PRESETS, Spec, SpecError, parameter

Versions = Literal["both", "published", "corrected"]
PLAIN = ("scaling", "diffusion", "npv", "welfare", "export-controls", "efficiency")
KINDS = {**{name: name for name in PLAIN}, "cost": "scaling", "simulation": "npv", "imputation": "scaling"}
OPTIONAL = ("cost", "imputation", "diffusion", "welfare", "export-controls", "efficiency")
COST = {"direction": "cost_on_parameters"}


class ReportSpec(Spec):
    """What the report covers.

    `asked` maps a kind of run (a key of `KINDS`, or one with '/published' or '/corrected' behind it) to fields of its
    study that differ from the preset's; the narrower name wins.
    """

    study: ClassVar[str] = "report"

    versions: Versions = parameter("both", "Versions", description="published, corrected, or both side by side")
    asked: Annotated[dict[str, dict[str, Any]], Field(max_length=32)] = parameter(
        {}, "Fields asked otherwise", description="by kind of run"
    )
    pairs: bool = parameter(
        False, "The study's own pairs are given", description="without them the published diffusion run is left out"
    )
    without: Annotated[dict[str, str], Field(max_length=32)] = parameter(
        {}, "Runs left out", description="kind/preset and the reason: what the data don't carry"
    )
    synthetic: bool = parameter(
        False, "Synthetic data", description="scaling table and pairs are drawn with known slopes", group="Run"
    )
    replicates: int = parameter(10_000, "Bootstrap replicates", ge=1, le=1_000_000, group="Run")
    diffusion_replicates: int = parameter(1_000, "Replicates of the diffusion study", ge=100, le=100_000, group="Run")
    imputations: int = parameter(20, "Multiple imputations", ge=0, le=200, group="Run", description="0 for none")
    n_paths: int = parameter(1_000_000, "Simulated paths", unit="paths", ge=100, le=2_000_000_000, group="Run")
    parameter_unit: float = parameter(
        1.0, "Unit of parameters", unit="parameters", gt=0, le=1e18, group="Units", description="of stated intercepts"
    )
    compute_unit_flop: float = parameter(1.0, "Unit of compute", unit="FLOP", gt=0, le=1e40, group="Units")
    cost_unit_usd: float = parameter(1.0, "Unit of cost", unit="USD", gt=0, le=1e18, group="Units")

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        for name in self.asked:
            if name.partition("/")[0] not in KINDS:
                raise ValueError(f"there is no run '{name}'; there are {', '.join(KINDS)}")
        for name in self.without:
            if name.partition("/")[0] not in OPTIONAL:
                raise ValueError(f"the run '{name}' can't be left out; only {', '.join(OPTIONAL)} can")
        try:
            needed(self)
        except SpecError as error:
            raise ValueError(str(error).removesuffix(".")) from None
        return self

    @property
    def presets_asked(self) -> tuple[str, ...]:
        """The presets the report covers."""
        return PRESETS if self.versions == "both" else (self.versions,)

    @property
    def primary(self) -> str:
        """The version that carries the study's own file names."""
        return self.presets_asked[-1]


def needed(spec: ReportSpec) -> dict[str, Spec]:
    """Specs of every run of a report, by kind/preset; the published diffusion run only where its pairs are given."""
    found = {
        f"{kind}/{preset}": _need(spec, kind, preset)
        for kind in KINDS
        for preset in spec.presets_asked
        if kind != "imputation" and (kind, preset) != ("diffusion", "published")
    }
    if spec.pairs and "published" in spec.presets_asked:
        found["diffusion/published"] = _need(spec, "diffusion", "published")
    if spec.imputations:
        found[f"imputation/{spec.primary}"] = _need(spec, "imputation", spec.primary)
    return {name: asked for name, asked in found.items() if name not in spec.without}


def _need(spec: ReportSpec, kind: str, preset: str) -> Spec:
    """The spec of one run; a simulation follows what is asked of npv, an imputation what is asked of scaling."""
    wide = [KINDS[kind]] if kind in ("simulation", "imputation") else []
    names = [name for one in (*wide, kind) for name in (one, f"{one}/{preset}")]
    given = {field: value for name in names for field, value in spec.asked.get(name, {}).items()}
    own = {"preset": preset, "seed": spec.seed, **_draws(spec, kind)}
    return registry.study(KINDS[kind]).spec_type.parse({**own, **given})


def _draws(spec: ReportSpec, kind: str) -> dict[str, Any]:
    """How many draws a kind of run takes, and what makes it that kind."""
    scaling = {"replicates": spec.replicates}
    own: dict[str, dict[str, Any]] = {
        "scaling": scaling,
        "cost": {**scaling, **COST},
        "imputation": {**scaling, "imputations": spec.imputations},
        "diffusion": {"replicates": spec.diffusion_replicates},
        "simulation": {"engine": "simulation", "n_paths": spec.n_paths, "parts": "figures"},
    }
    return own.get(kind, {})
