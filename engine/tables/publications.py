"""OECD.AI publication shares to the canonical table: one row a country and year."""

import polars as pl

from engine.tables import vocabulary
from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout

MEMBER = "data.csv"
LAYOUT = Layout(
    "publications",
    (
        Column("country", "text", ("Country_label", "country"), required=True),
        Column("year", "number", required=True, whole=True),
        Column("publication_share_percent", "number", ("publications",), required=True),
        Column("concept", "text", ("ai_concept",), stands_in=("publication_share_percent",)),
        Column("impact", "text", ("impact_level",), stands_in=("publication_share_percent",)),
        Column("kind", "text", ("pub_type",), stands_in=("publication_share_percent",)),
    ),
    left_out=("Country", "country_code"),
)
AGGREGATES = ("EU27", "EU-27", "European Union", "EU27_2020", "World", "OECD")


def build(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows and the count of rows dropped by reason."""
    frame = sheet.read(LAYOUT.columns)
    part = pl.any_horizontal(~pl.col("concept", "impact", "kind").fill_null("All").str.starts_with("All"))
    blank = pl.any_horizontal(pl.col("country", "year", "publication_share_percent").is_null())
    steps = {
        "group of countries (EU27)": pl.col("country").is_in(AGGREGATES),
        "part of the publications only": part,
        "no country, year or share": blank,
        "country and year repeated": ~pl.struct("country", "year").is_first_distinct(),
    }
    frame, dropped = drop_rows(frame, steps)
    frame = frame.select(
        vocabulary.mapped(frame["country"], vocabulary.country, pl.String()),
        pl.col("year").cast(pl.Int64),
        "publication_share_percent",
    )
    return frame, dropped
