"""How to cite: the project, the report and its data, as text and BibTeX."""

import re
from collections.abc import Mapping
from typing import Any

from jobs import data, plain_yaml
from jobs.report.material import Material
from jobs.settings import ROOT

_TEX = str.maketrans({"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_"})


def citation_text(material: Material) -> str:
    """The project, its version, and each source with vintage, date and licence."""
    own = _project()
    year = str(own["date-released"])[:4]
    lines = [
        f"{_authors(material, own)} ({year}). {material.title}. Version {own['version']}, report "
        f"{material.result.key[:12]}.",
        "",
        "Software",
        f"{own['title']}, version {own['version']}, {own['date-released']}, {own['license']} licence.",
        "",
        "Data",
    ]
    return "\n".join([*lines, *(_source_line(row) for row in _sources(material)), ""])


def bibtex(material: Material) -> str:
    """Entries for the report, the software and each source of data."""
    own = _project()
    year, version = str(own["date-released"])[:4], str(own["version"])
    key = material.result.key[:12]
    entries = [
        _entry(
            "techreport",
            f"report_{key}",
            {
                "author": _authors(material, own),
                "title": material.title,
                "institution": own["title"],
                "year": year,
                "note": f"Version {version}, run {key}",
            },
        ),
        _entry(
            "misc",
            "workbench",
            {"author": own["title"], "title": own["title"], "year": year, "note": f"Version {version}, software"},
        ),
    ]
    return "\n".join([*entries, *(_data_entry(row) for row in _sources(material))])


def _project() -> dict[str, Any]:
    found, _ = plain_yaml.values((ROOT / "CITATION.cff").read_text(encoding="utf-8"), "CITATION.cff")
    return dict(found)


def _authors(material: Material, own: Mapping[str, Any]) -> str:
    return material.config.author or " and ".join(str(author["name"]) for author in own["authors"])


def _sources(material: Material) -> list[dict[str, Any]]:
    return data.status(material.vintage).tables["sources"].to_dicts()


def _source_line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['publisher']}: {row['table']}, vintage {row['vintage']}, retrieved {row['retrieved']}, {row['url']}, "
        f"{row['licence']}, SHA-256 {row['sha256']}."
    )


def _data_entry(row: Mapping[str, Any]) -> str:
    fields = {
        "author": f"{{{row['publisher']}}}",
        "title": f"Data: {row['table'].replace('_', ' ')}",
        "year": str(row["retrieved"])[:4],
        "howpublished": f"\\url{{{row['url']}}}",
        "note": f"Vintage {row['vintage']}, retrieved {row['retrieved']}, {row['licence']}",
    }
    return _entry("misc", f"data_{row['table']}", fields)


def _entry(kind: str, key: str, fields: Mapping[str, Any]) -> str:
    lines = [f"  {name} = {{{_escaped(name, str(value))}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{re.sub('[^A-Za-z0-9_]', '_', key)},", *lines, "}", ""])


def _escaped(name: str, text: str) -> str:
    return text if name == "howpublished" else text.translate(_TEX)
