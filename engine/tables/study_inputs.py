"""The study's own inputs, or a user's in their form: the scaling dataset and the diffusion pairs."""

import polars as pl

from engine.tables import vocabulary
from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout
from engine.tables.schemas import Scaling

SCALING = Layout(
    "scaling",
    (
        Column("model", "text", ("Model",)),
        Column("organization", "text", ("org", "Organization", "developer")),
        Column("organization_type", "text", ("org_type", "Organization categorization")),
        Column("domain", "text", ("Domain",)),
        Column("architecture", "text", ("arch", "Architecture")),
        Column("access", "text", ("licence", "license", "Model accessibility", "accessibility")),
        Column("year", "number", whole=True),
        Column("publication_date", "date", ("Publication date", "release_date", "date")),
        Column(
            "parameters",
            "number",
            ("params", "n_params", "num_params", "parameter_count", "Number of parameters"),
            required=True,
        ),
        Column(
            "training_compute_flop",
            "number",
            (
                "train_compute_flops",
                "train_compute_flop",
                "train_compute",
                "training_compute",
                "compute",
                "compute_flops",
                "FLOPs used",
            ),
            required=True,
        ),
        Column("cost_usd_2023", "number", ("train_cost_usd", "Training compute cost (2023 USD)", "cost")),
    ),
    own_names=True,
)
PAIRS = Layout(
    "diffusion_pairs",
    (
        Column("innovator_date", "date", ("innov_date",), required=True),
        Column("follower_date", "date", ("follower_date",), required=True),
        Column("innovator_organization", "text", ("innov_org",)),
        Column("follower_organization", "text", ("follower_org",)),
        Column("lag_months", "number", required=True, signed=True),
    ),
    own_names=True,
)


def build_scaling(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows; nothing is dropped. A year is taken from the date where only that is given."""
    frame = sheet.read(SCALING.columns)
    year = pl.coalesce(pl.col("year"), pl.col("publication_date").dt.year()).cast(pl.Int64)
    return frame.with_columns(
        vocabulary.mapped(frame["organization_type"], vocabulary.organization_type, pl.String()),
        vocabulary.mapped(frame["access"], _access, pl.String()),
        year=year,
    ), {}


def build_pairs(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows; a pair without both dates or a lag is dropped."""
    frame = sheet.read(PAIRS.columns)
    undated = pl.any_horizontal(pl.col("innovator_date", "follower_date", "lag_months").is_null())
    return drop_rows(frame, {"no date or lag": undated})


def scaling_table(models: pl.DataFrame) -> pl.DataFrame:
    """The scaling table of a models table: one row a model with its primary domain as `domain`.

    Epoch has no architecture column, so `architecture` is null throughout.
    """
    named = models.rename({"primary_domain": "domain"}).with_columns(architecture=pl.lit(None, pl.String))
    return named.select(Scaling.column_names())


def _access(text: str) -> str:
    plain = text.lower()
    if plain in ("open", "closed", "unknown"):
        return plain
    return {"proprietary": "closed", "open source": "open"}.get(plain) or vocabulary.access(text)
