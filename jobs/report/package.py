"""The replication package: data, code, results, pinned requirements and a script that checks itself; same run, same
bytes.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from jobs import data
from jobs.report.citation import bibtex, citation_text
from jobs.report.material import Material, figure_plan, keys_below, table_files, write_json, write_text
from jobs.report.notebook import data_notebook, replication_notebook
from jobs.report.texts import executive_summary
from jobs.report.validation import results_summary
from jobs.settings import ROOT, settings
from jobs.store import Store

MANIFEST = "MANIFEST.sha256"
EPOCH = (1980, 1, 1, 0, 0, 0)
PERMISSIONS = 0o644 << 16
CODE = ("engine", "jobs", "views/charts")
FILES = ("views/__init__.py", "views/figures.py", "requirements.txt", "LICENSE", "CITATION.cff", "pyproject.toml")
CODE_ENDINGS = (".py", ".json")
README = """# {title}

Replication package of report {key}, vintage {vintage}{synthetic}.

1. Python 3.11 to 3.13 in a new environment: `pip install -r requirements.txt` (pinned, with hashes).
2. `python verify.py --hashes` checks every file here against MANIFEST.sha256 and names any that was changed; it needs
   no installed package.
3. `python verify.py` does that, runs everything again in a store of its own, and compares every result: the same hash,
   or, on another type of processor, every figure within 1e-7 of the largest of its column. It lists what differs and
   ends with 1 if anything does.

`replication_notebook.ipynb` does the same in a notebook, `data_preparation.ipynb` shows the data. One picture alone:
`python -m views.figures --plan figures.json --store store --out pictures Figure_01_Scaling_Laws`.

| where | what |
|---|---|
| `report.json` | the question: spec, vintage, files, and the keys and hashes of all runs |
| `store/` | the stored runs (Parquet with checksums) |
| `data/`, `inputs/` | the tables used, and files of one's own |
| `results/` | figures of every run, tables of the paper as CSV, the summary |
| `engine/`, `jobs/`, `views/` | the code |

{measured}

See CITATION.txt, citation.bib and LICENSE; the data have licences of their own, named in CITATION.txt.
"""
NEEDS = (
    "Needs about 1 GB of memory; a run with the default settings took under two minutes on two cores, and each run of "
    "the report writes what it took itself to artifacts/logs/session_info.json."
)
VERIFY = '''"""Check this package: its files against MANIFEST.sha256, and its results by running them again.

`python verify.py --hashes` checks the files alone and needs no installed package.
"""

import hashlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def damaged(folder=HERE):
    """Names of files that are missing or not what the manifest says."""
    lines = (folder / "MANIFEST.sha256").read_text(encoding="utf-8").splitlines()
    listed = [line.split("  ", 1) for line in lines]
    return [name for digest, name in listed if _digest(folder / name) != digest]


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def main(arguments):
    wrong = damaged()
    for name in wrong:
        print(f"CHANGED {name}")
    print(f"{len(wrong)} of the listed files were changed." if wrong else "Every file is as it was packed.")
    if wrong or "--hashes" in arguments:
        return 1 if wrong else 0
    sys.path.insert(0, str(HERE))
    os.environ["WORKBENCH_HOME"] = str(HERE / ".workbench")
    from jobs.report.verify import main as rerun

    return rerun(HERE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
'''


def write_package(material: Material, folder: Path) -> None:
    """Fill a folder with the package, and put all of it into a zip beside it."""
    _code(folder)
    _data(material, folder)
    _results(material, folder)
    _words(material, folder)
    write_text(folder / MANIFEST, "".join(f"{digest}  {name}\n" for name, digest in hashes(folder)))
    zip_folder(folder, folder / "replication_package.zip")


def hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of every file of the package, in name order."""
    for path in _listed(folder):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST:
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


def zip_folder(folder: Path, target: Path) -> None:
    """A zip with sorted names, one date and one mode: the same files give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in _listed(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, PERMISSIONS, 3
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


def _listed(folder: Path) -> list[Path]:
    """Every file but the zip, in the order of names as the package spells them."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".zip"]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _code(folder: Path) -> None:
    paths = [path for top in CODE for path in (ROOT / top).rglob("*") if path.suffix in CODE_ENDINGS]
    for path in [*paths, *(ROOT / name for name in FILES if (ROOT / name).is_file())]:
        _copy(path, folder / path.relative_to(ROOT))


def _data(material: Material, folder: Path) -> None:
    """The vintage, the bundled one it may lend from, and the user's own files."""
    _copy_tree(settings().bundled, folder / "data")
    if material.vintage != data.BUNDLED:
        home = Path("vintages") / material.vintage
        _copy_tree(settings().home / home, folder / ".workbench" / home)
    for name, path in material.question.files.items():
        place = folder / _input(name, Path(path))
        _copy_tree(Path(path), place) if Path(path).is_dir() else _copy(Path(path), place)


def _input(name: str, path: Path) -> str:
    return f"inputs/{name}/{path.name}"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _copy_tree(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            _copy(path, target / path.relative_to(source))


def _results(material: Material, folder: Path) -> None:
    packed = Store(str(folder / "store"))
    for key in keys_below(material.question):
        found = material.store.result(key)
        if found is not None:
            packed.save_result(found)
    summary = results_summary(material)
    write_json(folder / "results" / "results_summary.json", summary)
    for stem, title, frame, caption in table_files(material):
        write_text(folder / "results" / f"{stem}.csv", f"# {title}. {caption}\n{frame.write_csv()}")
    write_text(folder / "results" / "executive_summary.txt", executive_summary(material))
    write_json(folder / "figures.json", figure_plan(material))
    asked = {
        "spec": material.spec.model_dump(mode="json"),
        "vintage": material.vintage,
        "files": {name: _input(name, Path(path)) for name, path in material.question.files.items()},
        "key": material.result.key,
    }
    write_text(folder / "report.json", json.dumps(asked, indent=1, sort_keys=True) + "\n")
    if material.config.text:
        write_text(folder / "config.yaml", material.config.text)


def _words(material: Material, folder: Path) -> None:
    named = {
        "title": material.title,
        "key": material.result.key[:12],
        "vintage": material.vintage,
        "synthetic": ", SYNTHETIC data" if material.spec.synthetic else "",
        "measured": NEEDS,
    }
    write_text(folder / "README.md", README.format(**named))
    write_text(folder / "CITATION.txt", citation_text(material))
    write_text(folder / "citation.bib", bibtex(material))
    write_text(folder / "verify.py", VERIFY)
    write_text(folder / "replication_notebook.ipynb", replication_notebook(material.title))
    write_text(folder / "data_preparation.ipynb", data_notebook(material.title))
