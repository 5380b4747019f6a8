"""Which models are open, which closed: the rule of the spec, from Epoch's accessibility classes."""

import polars as pl

from engine.diffusion.spec import DiffusionSpec

LLAMA_DAY = pl.date(2023, 2, 24)
API, HOSTED, UNRELEASED = "API access", "Hosted access (no API)", "Unreleased"
CLOSED_CLASSES = {
    "released": (API, HOSTED),
    "api": (API,),
    "unreleased": (UNRELEASED,),
}


def is_open(spec: DiffusionSpec) -> pl.Expr:
    """Whether a model's weights are open in the sense asked for; needs columns access, accessibility."""
    licence = pl.col("accessibility").str.to_lowercase()
    allowed = {
        "any": pl.lit(True),
        "commercial": ~licence.str.contains("non-commercial", literal=True),
        "unrestricted": licence.str.contains("unrestricted", literal=True),
    }
    return (pl.col("access") == "open") & allowed[spec.open_weights]


def is_closed(spec: DiffusionSpec) -> pl.Expr:
    """Whether a model is closed in the sense asked for. Models neither open nor closed only count in the ranking."""
    if spec.closed_access == "with_unknown":
        return pl.col("access").is_in(["closed", "unknown"])
    classes = CLOSED_CLASSES.get(spec.closed_access)
    closed = pl.col("access") == "closed"
    return closed if classes is None else closed & pl.col("accessibility").is_in(classes)


def in_era(spec: DiffusionSpec) -> pl.Expr:
    """Whether a release falls into the era and years asked for."""
    day = pl.col("release_date")
    eras = {"All": pl.lit(True), "before LLaMA": day < LLAMA_DAY, "since LLaMA": day >= LLAMA_DAY}
    return eras[spec.era] & (day.dt.year() >= spec.first_year)
