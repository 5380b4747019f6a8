"""The report in words: every sentence is a figure with its n and interval, or what a run said of itself."""

from jobs.report.layout import TABLES, versioned
from jobs.report.material import Material
from jobs.report.tables import DOCUMENT, plain, shown

ORDER = ("scaling", "cost", "diffusion", "npv", "simulation", "welfare", "export-controls", "efficiency")
HEADINGS = {
    "scaling": "Scaling",
    "cost": "Cost",
    "diffusion": "Diffusion",
    "npv": "Investment",
    "simulation": "Investment, simulated",
    "welfare": "Policy",
    "export-controls": "Export controls",
    "efficiency": "Efficiency",
}


def executive_summary(material: Material) -> str:
    """Status, each run's finding by version, and every check that is not green."""
    lines = [material.title, "", "Executive summary", "", f"Status: {material.result.summary['status']}."]
    lines += [str(material.result.summary["finding"]), ""]
    for preset in reversed(material.spec.presets_asked):
        lines += [f"{preset.capitalize()} version", *_findings(material, preset), ""]
    return "\n".join([*lines, "Checks that are not green", *_open_checks(material), "", _foot(material), ""])


def _findings(material: Material, preset: str) -> list[str]:
    asked = [(kind, material.runs[f"{kind}/{preset}"]) for kind in ORDER if f"{kind}/{preset}" in material.runs]
    return [f"- {HEADINGS[kind]}: {run.summary['finding']}" for kind, run in asked]


def _open_checks(material: Material) -> list[str]:
    rows = [row for row in material.result.tables["checks"].iter_rows(named=True) if row["status"] != "green"]
    return [f"- {row['status']}: {row['name']}. {row['detail']} [{row['evidence']}]" for row in rows] or ["- none"]


def _foot(material: Material) -> str:
    return f"{material.caption('scaling', material.spec.primary)} Report {material.result.key[:12]}."


def analysis(material: Material, kind: str, tables: tuple[str, ...]) -> str:
    """A text report on one subject: findings, tables and notes, by version."""
    lines = [material.title, "", f"{HEADINGS[kind]}: analysis report", ""]
    for preset in reversed(material.spec.presets_asked):
        run = material.runs.get(f"{kind}/{preset}")
        lines += [f"{preset.capitalize()} version", ""]
        if run is None:
            lines += ["Not run: its data are not given.", ""]
            continue
        lines += [str(run.summary["finding"]), ""]
        lines += [part for name in tables for part in _table(material, name, preset)]
        lines += [*(f"Note: {note}" for note in run.warnings), "", material.caption(kind, preset), ""]
    return "\n".join(lines)


def _table(material: Material, name: str, preset: str) -> list[str]:
    frame = material.table(name, preset)
    return [name.replace("_", " "), plain(shown(frame)), ""] if frame.height else []


def cox_check(material: Material) -> str:
    """Schoenfeld test of proportional hazards, a line a covariate and version."""
    lines = [material.title, "", "Proportional hazards: Schoenfeld p by covariate", ""]
    for preset in reversed(material.spec.presets_asked):
        frame = material.table("hazards", preset)
        if not frame.height:
            lines += [f"{preset}: no regression in this version.", ""]
            continue
        rows = frame.select("model", "term", "hr", "ph_p")
        lines += [f"{preset}:", plain(shown(rows)), ""]
    return "\n".join([*lines, _foot(material), ""])


def appendix(material: Material) -> str:
    """A summary of every table: how many rows, and where it lies."""
    lines = [material.title, "", "APPENDIX", ""]
    for table in TABLES:
        for preset in reversed(material.spec.presets_asked):
            rows = material.table(table.table, preset).height
            file = f"tables/{versioned(table.stem, preset, material.spec.primary)}"
            lines.append(f"{table.title} ({preset}): {rows} rows, {file}.txt, .csv, .tex, .html")
    lines += ["", "Runs", ""]
    lines += [f"{row['run']}: {row['key']}" for row in material.result.tables["runs"].iter_rows(named=True)]
    return "\n".join([*lines, "", _foot(material), ""])


def appendix_tex(material: Material) -> str:
    """A document of all tables of the paper; compiles where it lies."""
    stems = [
        versioned(table.stem, preset, material.spec.primary)
        for table in TABLES
        for preset in reversed(material.spec.presets_asked)
    ]
    body = "\n".join(f"\\input{{tables/{stem}.tex}}\n\\clearpage" for stem in stems)
    return f"{DOCUMENT}{body}\n\\end{{document}}\n"
