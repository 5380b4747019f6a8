"""The validation reports: what loaded, what was imputed, how far the answers move."""

import json
from typing import Any

import polars as pl

from engine.report.evidence import worst
from engine.result import jsonable, rows
from jobs import data
from jobs.report.material import Material


def data_loading_csv(material: Material) -> str:
    """One row an input, with where it is from."""
    loaded = material.result.tables["data_loading"]
    sources = data.status(material.vintage).tables["sources"].select("table", "publisher", "licence", "retrieved")
    listed = loaded.join(sources, on="table", how="left", maintain_order="left")
    own = pl.col("table").is_in(list(material.question.files))
    made = pl.when(own).then(pl.lit("a file of one's own")).when(pl.col("table") == "scaling")
    return listed.with_columns(
        publisher=made.then(pl.lit("made from the models table")).otherwise("publisher"),
        synthetic=pl.lit(material.spec.synthetic),
    ).write_csv()


def imputation_report(material: Material) -> dict[str, Any]:
    """Missing cells by column and pattern, what was imputed by which method, and how well."""
    name = f"imputation/{material.spec.primary}"
    run = material.runs.get(name) or material.runs[f"scaling/{material.spec.primary}"]
    parts = {
        "missing_by_column": "missing_columns",
        "missing_patterns": "missing_patterns",
        "slope_by_method": "missing_methods",
        "imputed": "imputed",
        "masked_cell_error": "masked_error",
    }
    return {
        "run": run.key,
        "source": material.caption("scaling", material.spec.primary),
        "status": "done" if name in material.runs else "multiple imputation was not asked for",
        **{title: rows(run.tables[table]) for title, table in parts.items()},
    }


def robustness_report(material: Material) -> dict[str, Any]:
    """Every section with its status, what shows it, and its rows."""
    checks = material.result.tables["checks"].filter(pl.col("name").str.starts_with("Robustness: "))
    table = material.result.tables["robustness"]
    sections = {
        check["name"].removeprefix("Robustness: "): {
            **{name: check[name] for name in ("status", "detail", "evidence", "key")},
            "rows": rows(table.filter(pl.col("section") == check["name"].removeprefix("Robustness: "))),
        }
        for check in checks.iter_rows(named=True)
    }
    source = material.caption("scaling", material.spec.primary)
    return {"status": worst(checks["status"]), "source": source, "sections": sections}


def results_summary(material: Material) -> dict[str, Any]:
    """Every run's figures as numbers, with its key and the hash of its result."""
    runs = {
        name: {
            "key": run.key,
            "result_sha256": run.sha256(),
            "preset": run.spec.get("preset"),
            "summary": jsonable(run.summary),
            "warnings": list(run.warnings),
        }
        for name, run in material.runs.items()
    }
    return {
        "title": material.title,
        "synthetic": material.spec.synthetic,
        "vintage": material.vintage,
        "report": {"key": material.result.key, "summary": jsonable(material.result.summary)},
        "source": material.caption("scaling", material.spec.primary),
        "runs": runs,
    }


def config_json(material: Material) -> str:
    """The question as it was understood, with what the configuration said in vain."""
    asked = {
        "spec": material.spec.model_dump(mode="json"),
        "vintage": material.vintage,
        "files": sorted(material.question.files),
        "notes": list(material.config.notes),
    }
    return json.dumps(asked, indent=1, sort_keys=True) + "\n"
