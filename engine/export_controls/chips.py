"""Which chips models were trained on, where that is reported."""

import polars as pl

CLASSES = ("controlled", "China variant", "domestic", "TPU", "other")
COMPARED = ("China", "United States")

# Order matters: the first pattern that fits names the class. Chips under United States licence since October 2022 or
# October 2023 are "controlled"; those made to stay below the thresholds of a rule then in force, "China variant".
_PATTERNS = (
    ("China variant", r"\b(A800|H800|H20|L20|L2)\b"),
    ("domestic", r"(?i)huawei|ascend|昇腾|cambricon|kunlun|hygon|biren|\bMTT\b|metax|tianshu|sunway|\bMT-\d|t-head"),
    ("TPU", r"\bTPU\b"),
    ("controlled", r"\b(A100|H100|GH100|H200|GH200|B[123]00|GB[23]00|MI250X?|MI3\d\d[AX]?|RTX 4090|L40S?)\b"),
)


def chip_class(name: pl.Expr) -> pl.Expr:
    """Class of one chip's name."""
    expression = pl.lit("other")
    for label, pattern in reversed(_PATTERNS):
        expression = pl.when(name.str.contains(pattern)).then(pl.lit(label)).otherwise(expression)
    return expression


def chip_mix(models: pl.DataFrame) -> pl.DataFrame:
    """Chips of Chinese and United States models by release year.

    A model that lists chips of several classes counts for each with equal parts. Columns: country, year, chip_class,
    models (credit), n (models with reported hardware), share.
    """
    listed = _compared(models).filter(pl.col("training_hardware").is_not_null())
    credits = (
        listed.with_row_index("row")
        .select("row", "country", "year", chip=pl.col("training_hardware").str.split(","))
        .explode("chip")
        .with_columns(chip_class=chip_class(pl.col("chip").str.strip_chars()))
        .unique(["row", "chip_class"], maintain_order=True)
        .with_columns(credit=1.0 / pl.len().over("row"))
    )
    totals = listed.group_by("country", "year").agg(n=pl.len().cast(pl.Int64))
    order = pl.col("chip_class").replace_strict({c: i for i, c in enumerate(CLASSES)}, return_dtype=pl.Int8)
    return (
        credits.group_by("country", "year", "chip_class")
        .agg(models=pl.col("credit").sum())
        .join(totals, on=["country", "year"])
        .with_columns(share=pl.col("models") / pl.col("n"))
        .sort("country", "year", order)
    )


def disclosure(models: pl.DataFrame) -> pl.DataFrame:
    """How many models report their hardware. Columns: country, year, models, with_hardware, share."""
    return (
        _compared(models)
        .group_by("country", "year")
        .agg(
            models=pl.len().cast(pl.Int64),
            with_hardware=pl.col("training_hardware").count().cast(pl.Int64),
        )
        .with_columns(share=pl.col("with_hardware") / pl.col("models"))
        .sort("country", "year")
    )


def _compared(models: pl.DataFrame) -> pl.DataFrame:
    """Originals (not derivatives) of the compared countries, released since the deep-learning era began."""
    return (
        models.drop("country")
        .rename({"country_first": "country"})
        .filter(pl.col("country").is_in(COMPARED) & (pl.col("year") >= 2017) & pl.col("base_model").is_null())
    )
