"""One spelling for countries, organisation types, domains, access classes and cloud vendors."""

import re
from collections.abc import Callable
from typing import Any

import polars as pl
from polars._typing import PolarsDataType

MULTINATIONAL = "Multinational"
ORGANIZATION_TYPES = ("Academia", "Industry", "Government")

COUNTRIES = {
    "united states of america": "United States",
    "usa": "United States",
    "united kingdom of great britain and northern ireland": "United Kingdom",
    "uk": "United Kingdom",
    "korea (republic of)": "South Korea",
    "republic of korea": "South Korea",
    "korea, republic of": "South Korea",
    "dpr korea": "North Korea",
    "korea (democratic people's republic of)": "North Korea",
    "china (people's republic of)": "China",
    "people's republic of china": "China",
    "chinese taipei": "Taiwan",
    "taiwan, province of china": "Taiwan",
    "taiwan (province of china)": "Taiwan",
    "russian federation": "Russia",
    "iran (islamic republic of)": "Iran",
    "iran, islamic republic of": "Iran",
    "hong kong, china": "Hong Kong",
    "hong kong sar": "Hong Kong",
    "macao, china": "Macao",
    "macau": "Macao",
    "viet nam": "Vietnam",
    "turkiye": "Turkey",
    "türkiye": "Turkey",
    "czech republic": "Czechia",
    "the netherlands": "Netherlands",
    "syrian arab republic": "Syria",
    "united republic of tanzania": "Tanzania",
    "tanzania, united republic of": "Tanzania",
    "venezuela (bolivarian republic of)": "Venezuela",
    "bolivia (plurinational state of)": "Bolivia",
    "republic of moldova": "Moldova",
    "republic of the sudan": "Sudan",
    "republic of kosovo": "Kosovo",
    "state of palestine": "Palestine",
    "macedonia": "North Macedonia",
    "lao": "Laos",
    "lao people's democratic republic": "Laos",
    "brunei darussalam": "Brunei",
}

DOMAIN_GROUPS = {"Image generation": "Vision", "Video": "Vision", "Speech": "Audio"}
UNGROUPED_DOMAINS = ("Other",)
PRIMARY_DOMAINS = (
    ("Language", ("Language",)),
    ("Biology", ("Biology", "Medicine")),
    ("Vision", ("Vision", "Image generation", "Video", "3D modeling")),
    ("Audio", ("Audio", "Speech")),
    ("Games/Robotics", ("Games", "Robotics")),
)
VENDORS = {
    "amazon web services": "AWS",
    "amazon": "AWS",
    "amazon aws": "AWS",
    "google": "Google Cloud",
    "google cloud platform": "Google Cloud",
    "gcp": "Google Cloud",
    "azure ai": "Microsoft",
    "azure": "Microsoft",
    "microsoft azure": "Microsoft",
}
ACCESS_CLASSES = ("open", "closed", "unknown")
CLOSED = ("API access", "Hosted access (no API)", "Unreleased")


def country(name: str) -> str:
    """A country's one spelling; a name not in the list is returned trimmed."""
    trimmed = " ".join(name.split())
    return COUNTRIES.get(trimmed.lower().replace("\u2019", "'"), trimmed)


def countries(text: str) -> list[str]:
    """The distinct countries of a comma-separated cell, in the order given, in one spelling each.

    Names that hold a comma themselves ('Korea, Republic of') are recognised first, where they stand as a whole:
    'DPR Korea, Republic of Korea' are two countries.
    """
    for alias in _WITH_COMMA:
        whole = rf"(^|,)\s*{re.escape(alias)}\s*(?=,|$)"
        text = re.sub(whole, rf"\1{COUNTRIES[alias]}", text, flags=re.IGNORECASE)
    parts = [country(part) for part in text.split(",") if part.strip()]
    return list(dict.fromkeys(parts))


_WITH_COMMA = tuple(alias for alias in COUNTRIES if "," in alias)


def collapse_countries(listed: list[str]) -> str | None:
    """One country, or 'Multinational' for several; None for none. Order does not matter."""
    distinct = set(listed)
    return None if not distinct else distinct.pop() if len(distinct) == 1 else MULTINATIONAL


def organization_type(text: str) -> str | None:
    """'Industry,Academia,Industry' to 'Academia, Industry', whatever the order; other kinds alone give 'Other'."""
    listed = {part.strip().title() for part in re.split(r"[,;]", text) if part.strip()}
    known = [kind for kind in ORGANIZATION_TYPES if kind in listed]
    return ", ".join(known) if known else ("Other" if listed else None)


def domain_group(domains: list[str]) -> str | None:
    """The one group of the listed domains, 'Multimodal' for several, None for none or only 'Other'."""
    groups = {DOMAIN_GROUPS.get(domain, domain) for domain in domains if domain not in UNGROUPED_DOMAINS}
    return None if not groups else groups.pop() if len(groups) == 1 else "Multimodal"


def primary_domain(domains: list[str]) -> str:
    """The first of Language, Biology, Vision, Audio, Games/Robotics that is listed, else 'Other' (METHODS 0)."""
    return next((name for name, members in PRIMARY_DOMAINS if not set(members).isdisjoint(domains)), "Other")


def access(accessibility: str | None, open_weights: bool | None = None) -> str:
    """'open' for the 'Open weights (...)' values, 'closed' for API, hosted and unreleased, else 'unknown'.

    `open_weights` decides only where the accessibility is unknown.
    """
    if accessibility and accessibility.lower().startswith("open weights"):
        return "open"
    if accessibility in CLOSED:
        return "closed"
    return "unknown" if open_weights is None else "open" if open_weights else "closed"


def vendors(text: str) -> str | None:
    """Cloud vendors in one spelling, duplicates removed, in alphabetical order, joined by ', '."""
    parts = [" ".join(part.split()) for part in text.split(",") if part.strip()]
    return ", ".join(sorted({VENDORS.get(part.lower(), part) for part in parts})) or None


def mapped(series: pl.Series, function: Callable[[Any], Any], dtype: PolarsDataType) -> pl.Series:
    """A series through a function of one value, worked out once for each distinct value; null stays null."""
    known = {value: function(value) for value in series.drop_nulls().unique().to_list()}
    return pl.Series(series.name, [None if v is None else known[v] for v in series.to_list()], dtype=dtype)
