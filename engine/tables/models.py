"""Epoch's model tables, every vintage, to the canonical models table."""

import polars as pl

from engine.tables import vocabulary
from engine.tables.cells import Sheet, clean_text, drop_rows
from engine.tables.columns import Column, Layout

LAYOUT = Layout(
    "models",
    (
        Column("model", "text", ("Model", "Name", "System"), required=True),
        Column("organization", "text", ("Organization",)),
        Column(
            "organization_type",
            "text",
            ("Organization categorization", "Organization categorization (from Organization)"),
        ),
        Column(
            "countries",
            "text",
            ("Country (of organization)", "Country (from Organization)", "Country (of organizations)", "Countries"),
            stands_in=("country",),
        ),
        Column("country_first", "text", stands_in=("countries", "country")),
        Column("country", "text", stands_in=("countries",)),
        Column("domains", "list", ("Domain",)),
        Column("publication_date", "date", ("Publication date",), required=True),
        Column("release_date", "date", stands_in=("publication_date",)),
        Column("parameters", "number", ("Parameters",)),
        Column("training_compute_flop", "number", ("Training compute (FLOP)",)),
        Column("training_compute_low_flop", "number", ("Training compute lower bound",)),
        Column("training_compute_high_flop", "number", ("Training compute upper bound",)),
        Column("finetune_compute_flop", "number", ("Finetune compute (FLOP)",)),
        Column(
            "dataset_size_gradients",
            "number",
            (
                "Training dataset size (gradients)",
                "Training dataset size (total)",
                "Training dataset size (datapoints)",
                "(DEPRECATED) Training dataset size (gradients)",
                "(DEPRECATED) Training dataset size (total)",
                "(DEPRECATED) Training dataset size (datapoints)",
            ),
            lists=True,
        ),
        Column("epochs", "number", ("Epochs",), lists=True),
        Column("batch_size", "number", ("Batch size",), lists=True),
        Column("training_time_hours", "number", ("Training time (hours)",), lists=True),
        Column("training_chip_hours", "number", ("Training chip-hours",), lists=True),
        Column("hardware_quantity", "number", ("Hardware quantity",), lists=True),
        Column("utilisation_mfu", "number", ("Hardware utilization (MFU)", "Hardware utilization"), lists=True),
        Column("utilisation_hfu", "number", ("Hardware utilization (HFU)",), lists=True),
        Column("training_power_draw_w", "number", ("Training power draw (W)",)),
        Column("cost_usd_2023", "number", ("Training compute cost (2023 USD)",)),
        Column("cost_cloud_usd", "number", ("Training compute cost (cloud)",)),
        Column("cost_upfront_usd", "number", ("Training compute cost (upfront)",)),
        Column("citations", "number", ("Citations",)),
        Column("training_hardware", "text", ("Training hardware",)),
        Column("confidence", "text", ("Confidence",)),
        Column("accessibility", "text", ("Model accessibility",)),
        Column("access", "text", stands_in=("publication_date",)),
        Column("open_weights", "flag", ("Open model weights?",), stands_in=("accessibility",)),
        Column("training_code_accessibility", "text", ("Training code accessibility",)),
        Column("approach", "text", ("Approach",)),
        Column(
            "compute_estimation_method", "text", ("Training compute estimation method", "Compute estimation method")
        ),
        Column("cloud_vendor", "text", ("Training cloud compute vendor",)),
        Column("base_model", "text", ("Base model",)),
        Column("frontier", "flag", ("Frontier model",)),
        Column("foundation", "flag", ("Foundation model",)),
        Column("notability_criteria", "text", ("Notability criteria",), stands_in=("notable",)),
        Column("notable", "flag", ("Notable model",), stands_in=("publication_date",)),
        Column("possibly_over_1e23_flop", "flag", ("Possibly over 1e23 FLOP",)),
    ),
    recomputed=("year", "era", "domain_group", "export_controls_sum", "publication_count", "primary_domain"),
    left_out=(
        "Task",
        "Authors",
        "Reference",
        "Link",
        "Abstract",
        "Last modified",
        "Created By",
        "Notability criteria notes",
        "Parameters notes",
        "Training compute notes",
        "Training dataset",
        "Training dataset notes",
        "Dataset size notes",
        "Training time notes",
        "Compute cost notes",
        "Finetune compute notes",
        "Batch size notes",
        "Accessibility notes",
        "Benchmark data",
        "Archived links",
        "Training data center",
        "Inference code accessibility",
        "Numerical format",
        "Hugging Face developer id",
        "Post-training compute notes",
    ),
)
_HELPERS = ("open_weights", "notability_criteria")


def build(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows and the count of rows dropped by reason."""
    frame = sheet.read(LAYOUT.columns)
    written = clean_text(sheet.raw[sheet.match.headers["publication_date"]].cast(pl.String))
    frame, dropped = _drop(frame.with_columns(raw_name=_raw_names(sheet), written_date=written))
    _same_but_spaces(sheet, frame)
    frame = _places(frame, sheet)
    return _classes(_calendar(frame), sheet), dropped


def _raw_names(sheet: Sheet) -> pl.Series:
    return sheet.raw[sheet.match.headers["model"]].cast(pl.String)


def _drop(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows without a name or date and repeats of a name are dropped; the first of a repeated name stays.

    A table that is canonical already (it has a release date) has had its repeats dropped; names in it that
    look alike differed in the publisher's file.
    """
    repeated = ~pl.col("raw_name").is_first_distinct() & pl.col("release_date").is_null()
    undated = pl.col("publication_date").is_null()
    steps = {
        "no model name": pl.col("model").is_null(),
        "no publication date": undated & pl.col("written_date").is_null(),
        "publication date can't be read": undated,
        "model name repeated": repeated,
    }
    frame, dropped = drop_rows(frame, steps)
    return frame.drop("raw_name", "written_date"), dropped


def _same_but_spaces(sheet: Sheet, frame: pl.DataFrame) -> None:
    if count := frame.height - frame["model"].n_unique():
        sheet.warnings.append(f"{sheet.file}: model names that differ from another only in spaces, all kept: {count}.")


def _places(frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Listed countries give all three columns; a file that kept one country a model gives the last two only.

    A lone `country` column counts as a listing; beside `country_first` it is a collapsed one.
    """
    lone = not sheet.match.has("countries") and not sheet.match.has("country_first")
    written = frame["country" if lone else "countries"].rename("countries")
    listed = vocabulary.mapped(written, vocabulary.countries, pl.List(pl.String))
    collapsed = vocabulary.mapped(written, _collapse_text, pl.String())
    first, whole = (vocabulary.mapped(frame[n], vocabulary.country, pl.String()) for n in ("country_first", "country"))
    known = listed.is_not_null()
    return frame.with_columns(
        countries=listed,
        country_first=listed.list.get(0, null_on_oob=True).zip_with(known, first),
        country=collapsed.zip_with(known, whole),
    )


def _collapse_text(text: str) -> str | None:
    return vocabulary.collapse_countries(vocabulary.countries(text))


def _calendar(frame: pl.DataFrame) -> pl.DataFrame:
    year = pl.col("publication_date").dt.year().cast(pl.Int64)
    return frame.with_columns(
        year=year,
        era=pl.when(year >= 2010).then(pl.lit("Deep learning era")).otherwise(pl.lit("Pre deep learning era")),
        release_date=pl.coalesce("release_date", "publication_date"),
    )


def _classes(frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    criteria = sheet.match.has("notability_criteria")
    domains = frame["domains"].fill_null([])
    return frame.with_columns(
        domains=domains,
        primary_domain=pl.Series([vocabulary.primary_domain(d) for d in domains.to_list()], dtype=pl.String),
        domain_group=pl.Series([vocabulary.domain_group(d) for d in domains.to_list()], dtype=pl.String),
        organization_type=vocabulary.mapped(frame["organization_type"], vocabulary.organization_type, pl.String()),
        cloud_vendor=vocabulary.mapped(frame["cloud_vendor"], vocabulary.vendors, pl.String()),
        notable=pl.col("notability_criteria").is_not_null() if criteria else pl.col("notable").fill_null(False),
        access=_access(frame),
        confidence=_or_unknown("confidence"),
        accessibility=_or_unknown("accessibility"),
        frontier=pl.col("frontier").fill_null(False),
        foundation=pl.col("foundation").fill_null(False),
        possibly_over_1e23_flop=pl.col("possibly_over_1e23_flop").fill_null(False),
    ).drop(_HELPERS)


def _or_unknown(name: str) -> pl.Expr:
    blank = pl.col(name).is_null() | (pl.col(name).str.to_lowercase() == "unknown")
    return pl.when(blank).then(pl.lit("Unknown")).otherwise(pl.col(name))


def _access(frame: pl.DataFrame) -> pl.Series:
    """The class a canonical table says, else the one that accessibility and open weights give."""
    pairs = zip(frame["accessibility"].to_list(), frame["open_weights"].to_list(), strict=True)
    derived = pl.Series(
        [vocabulary.access(accessibility, weights) for accessibility, weights in pairs], dtype=pl.String
    )
    said = frame["access"].is_in(vocabulary.ACCESS_CLASSES).fill_null(False)
    return frame["access"].zip_with(said, derived)
