"""Bundled tables, imported vintages, and what a run gets of them."""

import io
import json
import re
import shutil
import time
import zipfile
from pathlib import Path

import polars as pl
import pytest

from engine.result import fingerprint
from engine.tables import SCHEMAS, TableError, ingest
from jobs import data
from jobs.data import layout, writing
from jobs.data.provenance import provenance_page
from jobs.settings import ROOT, settings

SAMPLES = Path(__file__).parents[1] / "samples"
PROSE = ("author", "title", "link", "abstract", "note", "reference", "url")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def oecd_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name in ("metadata.txt", "data.csv"):
            out.write(SAMPLES / "oecd" / name, name)
    return path


def test_the_bundled_tables_fit_their_schemas_and_their_manifest():
    loaded = data.load_tables(data.TABLES)
    rows = {"models": 3047, "interventions": 77, "publications": 234, "hardware": 161, "benchmark_scores": 418}
    assert {name: frame.height for name, frame in loaded.tables.items()} == rows
    for name, frame in loaded.tables.items():
        SCHEMAS[name].validate(frame)
        assert loaded.fingerprints[name] == fingerprint(frame)
    assert loaded.notes == ()


def test_the_bundled_tables_hold_no_prose_column_and_are_small():
    folder = ROOT / "data" / data.BUNDLED
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2**20
    names = [column for table in data.TABLES for column in pl.read_parquet_schema(folder / f"{table}.parquet")]
    assert [name for name in names if any(word in name for word in PROSE)] == []


def test_facts_of_the_october_vintage():
    tables = data.load_tables(data.TABLES).tables
    models = tables["models"]
    assert models["notable"].sum() == 847
    groups = dict(models["domain_group"].value_counts().iter_rows())
    assert [groups[g] for g in ("Language", "Vision", "Multimodal", "Biology", "Audio", None)] == [
        1333,
        542,
        424,
        375,
        141,
        58,
    ]
    assert models["training_compute_flop"].count() == 1337
    assert tables["interventions"]["state_act_id"].n_unique() == 52
    assert tables["publications"].group_by("country").len()["len"].to_list() == [26] * 9


def test_loading_is_fast_and_the_second_time_free():
    data.load_tables(data.TABLES)
    start = time.perf_counter()
    for _ in range(10):
        data.load_tables(data.TABLES)
    assert time.perf_counter() - start < 0.5


def test_the_provenance_page_is_the_one_its_manifest_gives():
    page = (ROOT / "data" / "PROVENANCE.md").read_text(encoding="utf-8")
    assert page == provenance_page(data.manifest(data.BUNDLED))
    for word in ("CC BY 4.0", "Global Trade Alert", "OECD", "SHA-256", "Transformations", "Selection"):
        assert word in page


def test_manifest_and_page_name_no_folder_of_this_machine():
    for name in ("2025-10/manifest.json", "PROVENANCE.md"):
        text = (ROOT / "data" / name).read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert not re.search(r"""["'`( ]/\w""", text)


def test_status_follows_the_machine_contract():
    status = data.status()
    assert status.study == "data"
    assert status.summary == {
        "rows": {"models": 3047, "interventions": 77, "publications": 234, "hardware": 161, "benchmarks": 418},
        "vintage": "2025-10",
        "retrieved": "2025-10-20",
    }
    assert {"name", "sha256", "rows", "licence"} <= set(status.tables["sources"].columns)
    assert {"column", "expected", "found", "action"} <= set(status.tables["drift"].columns)
    assert {"reason", "rows"} <= set(status.tables["dropped"].columns)
    assert status.tables["sources"]["licence"].str.len_chars().min() > 0
    assert status.inputs == data.load_tables(data.TABLES).fingerprints


def test_scaling_is_made_from_the_models_unless_given():
    made = data.load_tables(["scaling"])
    assert made.tables["scaling"].height == 3047
    given = data.load_tables(["scaling", "models"], files={"models": SAMPLES / "epoch_clean_2025-10.csv"})
    assert given.tables["scaling"]["model"].to_list() == given.tables["models"]["model"].to_list()
    own = data.load_tables(["scaling"], files={"scaling": SAMPLES / "study_scaling.csv"})
    assert own.tables["scaling"]["parameters"].to_list() == [7e9, 6e7]


def test_a_users_file_takes_the_place_of_one_table_and_says_what_it_lost():
    loaded = data.load_tables(["models", "hardware"], files={"models": SAMPLES / "epoch_all_2025-03.csv"})
    assert (loaded.tables["models"].height, loaded.tables["hardware"].height) == (3, 161)
    assert "epoch_all_2025-03.csv: 1 rows dropped, no publication date." in loaded.notes
    assert loaded.fingerprints["models"] == fingerprint(loaded.tables["models"])


def test_a_users_file_says_which_columns_it_lacks_and_which_are_unknown(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("Hardware name,Manufacturer,Colour\nChip,Maker,red\n")
    notes = data.load_tables(["hardware"], files={"hardware": path}).notes
    assert notes[0].startswith("h.csv: columns not found, left empty: Type, Release date, Release price (USD)")
    assert notes[1] == "h.csv: columns not known, not used: Colour."


def test_a_users_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("Model,Publication date\nA,2024-01-01\n")
    assert data.load_tables(["models"], files={"models": path}).tables["models"].height == 1
    path.write_text("Model,Publication date\nA,2024-01-01\nB,2024-01-02\n")
    assert data.load_tables(["models"], files={"models": path}).tables["models"].height == 2


def test_a_folder_of_benchmark_tables_can_be_given():
    loaded = data.load_tables(["benchmark_scores"], files={"benchmark_scores": SAMPLES / "benchmarks"})
    assert loaded.tables["benchmark_scores"].height == 3


@pytest.mark.parametrize(
    ("names", "vintage", "files", "says"),
    [
        (["chips"], None, {}, "No vintage has a table 'chips'"),
        (["diffusion_pairs"], None, {}, "No vintage has a table 'diffusion_pairs'; give it as a file."),
        (["models"], "1999-01", {}, "There is no vintage '1999-01'; there are 2025-10."),
        (["models"], "../../etc", {}, "A vintage can't be called '../../etc'"),
        (["models"], None, {"models": "absent.csv"}, "There is no file absent.csv"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_sentence(names, vintage, files, says):
    with pytest.raises(TableError) as error:
        data.load_tables(names, vintage, files)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_import_adds_a_vintage_beside_the_bundled_one(home):
    paths = [SAMPLES / "epoch_notable_2025-09.csv", SAMPLES / "gta_interventions_2025-10.csv"]
    made = data.import_files(paths, "mine-1")
    assert data.vintages() == ("2025-10", "mine-1")
    assert made.summary["rows"] == {
        "models": 2,
        "interventions": 3,
        "publications": 234,
        "hardware": 161,
        "benchmarks": 418,
    }
    assert made.warnings[0] == "Vintage mine-1 has no publications of its own; the bundled 2025-10 table is used."
    again = data.status("mine-1")
    assert (again.sha256(), again.key, again.warnings) == (made.sha256(), made.key, made.warnings)
    loaded = data.load_tables(["models", "hardware"], "mine-1")
    assert (loaded.tables["models"].height, loaded.tables["hardware"].height) == (2, 161)
    assert loaded.notes == ("Vintage mine-1 has no hardware of its own; the bundled 2025-10 table is used.",)
    assert data.load_tables(["models"]).tables["models"].height == 3047
    sources = made.tables["sources"].select("table", "vintage").rows()
    assert sources[:3] == [("models", "mine-1"), ("interventions", "mine-1"), ("publications", "2025-10")]


def test_an_import_reads_zips_folders_and_loose_benchmark_files(tmp_path):
    loose = sorted((SAMPLES / "benchmarks").iterdir())
    data.import_files([oecd_zip(tmp_path / "o.zip"), *loose, SAMPLES / "epoch_clean_2025-10.csv"], "loose")
    tables = data.load_tables(["publications", "benchmark_scores", "models"], "loose").tables
    assert tables["publications"].height == 3
    assert tables["benchmark_scores"].equals(ingest(SAMPLES / "benchmarks").frame)
    released = dict(tables["models"].select("model", pl.col("release_date").cast(pl.String)).iter_rows())
    assert released["Sample One"] == "2024-02-01"


def test_a_vintage_is_not_overwritten_unless_asked():
    data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "mine")
    with pytest.raises(TableError, match="There is already a vintage 'mine'; choose another name or replace it"):
        data.import_files([SAMPLES / "epoch_clean_2025-10.csv"], "mine")
    assert data.load_tables(["models"], "mine").tables["models"].height == 2
    data.import_files([SAMPLES / "epoch_clean_2025-10.csv"], "mine", replace=True)
    assert data.load_tables(["models"], "mine").tables["models"].height == 3


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a b", "x" * 41, "../up", "caf\u00e9", "a\n"])
def test_a_vintage_name_is_plain(name):
    with pytest.raises(TableError, match="A vintage can't be called"):
        data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], name)


def test_the_bundled_vintage_is_never_replaced():
    with pytest.raises(TableError, match="The bundled vintage 2025-10 can't be replaced"):
        data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "2025-10", replace=True)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "There is no file to import"),
        (["epoch_notable_2025-09.csv", "epoch_clean_2025-10.csv"], "are both models tables; import one"),
        (["study_scaling.csv"], "is a scaling table, which no vintage holds"),
        (["epoch_notable_2025-09.csv", "oecd/metadata.txt"], "metadata.txt"),
        (["absent.csv"], "absent.csv"),
    ],
)
def test_an_import_that_fails_changes_nothing(home, files, says):
    data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "before")
    before = files_in(home)
    for vintage in ("new", "before"):
        with pytest.raises(TableError) as error:
            data.import_files([SAMPLES / name for name in files], vintage, replace=True)
        assert says in str(error.value)
    assert files_in(home) == before


def test_a_write_that_fails_half_way_leaves_the_old_vintage_and_no_rubbish(home, monkeypatch):
    data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "mine")
    before = files_in(home)

    def full(path: Path, payload: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError("no space left")
        path.write_bytes(payload)

    monkeypatch.setattr(writing, "durable", full)
    with pytest.raises(OSError, match="no space left"):
        data.import_files([SAMPLES / "epoch_clean_2025-10.csv"], "mine", replace=True)
    assert files_in(home) == before
    assert [p.name for p in (home / "vintages").iterdir()] == ["mine"]


def test_a_table_that_is_not_the_manifests_is_refused(home):
    data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "mine")
    path = home / "vintages" / "mine" / "models.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(TableError, match=r"mine/models\.parquet is not the file its manifest names; import it again"):
        data.load_tables(["models"], "mine")
    path.unlink()
    with pytest.raises(TableError, match=r"models\.parquet of vintage mine can't be read"):
        data.load_tables(["models"], "mine")


def test_a_broken_manifest_is_named(home):
    data.import_files([SAMPLES / "epoch_notable_2025-09.csv"], "mine")
    (home / "vintages" / "mine" / "manifest.json").write_text("{")
    with pytest.raises(TableError, match="The manifest of vintage 'mine' can't be read"):
        data.status("mine")


def test_the_same_table_gives_the_same_bytes_and_reads_back_equal():
    frame = ingest(SAMPLES / "epoch_all_2025-03.csv").frame
    first, second = writing.parquet_bytes(frame), writing.parquet_bytes(ingest(SAMPLES / "epoch_all_2025-03.csv").frame)
    assert first == second
    assert pl.read_parquet(io.BytesIO(first)).equals(frame)


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder laid out like the publishers' files the bundled tables come from, with the samples in it."""
    folder = tmp_path / "source"
    for name in ("epoch", "gta", "oecd"):
        (folder / name).mkdir(parents=True)
    shutil.copy(SAMPLES / "epoch_clean_2025-10.csv", folder / "epoch" / "all_models_clean_2025-10.csv")
    shutil.copy(SAMPLES / "epoch_ml_hardware_2025-09.csv", folder / "epoch")
    (folder / "epoch" / "epoch_ml_hardware_2025-09.csv").rename(folder / "epoch" / "ml_hardware_2025-09.csv")
    shutil.copytree(SAMPLES / "benchmarks", folder / "epoch" / "benchmarks")
    shutil.copy(SAMPLES / "gta_interventions_2025-10.csv", folder / "gta" / "interventions_2025-10.csv")
    oecd_zip(folder / "oecd" / "oecd-ai-data.zip")
    return folder


def test_a_rebuild_gives_byte_identical_files(source, tmp_path):
    data.build_bundled(source, tmp_path / "out")
    first = files_in(tmp_path / "out")
    assert sorted(first) == sorted(
        ["PROVENANCE.md", "2025-10/manifest.json"] + [f"2025-10/{t}.parquet" for t in data.TABLES]
    )
    data.build_bundled(source, tmp_path / "out")
    assert files_in(tmp_path / "out") == first
    data.build_bundled(source, tmp_path / "other")
    assert files_in(tmp_path / "other") == first


def test_a_build_reports_what_it_made_and_dates_models_by_their_versions(source, tmp_path):
    made = data.build_bundled(source, tmp_path / "out")
    assert made.summary["rows"] == {"models": 3, "interventions": 3, "publications": 3, "hardware": 2, "benchmarks": 3}
    models = pl.read_parquet(tmp_path / "out" / "2025-10" / "models.parquet")
    assert models["release_date"].cast(pl.String).to_list() == ["2024-02-01", "2009-12-31", "2025-01-15"]
    manifest = json.loads((tmp_path / "out" / "2025-10" / "manifest.json").read_text())
    assert manifest["tables"]["models"]["source"] == "all_models_clean_2025-10.csv"
    assert set(manifest["tables"]["models"]) >= {"rows", "fingerprint", "source_sha256", "licence", "drift", "dropped"}


def test_a_build_from_an_incomplete_folder_changes_nothing(source, tmp_path):
    data.build_bundled(source, tmp_path / "out")
    before = files_in(tmp_path / "out")
    (source / "gta" / "interventions_2025-10.csv").unlink()
    with pytest.raises(TableError, match=r"interventions_2025-10\.csv"):
        data.build_bundled(source, tmp_path / "out")
    assert files_in(tmp_path / "out") == before
    with pytest.raises(TableError, match="There is no folder"):
        data.build_bundled(tmp_path / "absent", tmp_path / "out")


def test_the_vintages_folder_may_hold_other_things(home):
    (home / "vintages" / "empty").mkdir(parents=True)
    (home / "vintages" / ".mine-abc").mkdir()
    (home / "vintages" / ".mine-abc" / "manifest.json").write_text("{}")
    assert layout.vintages() == ("2025-10",)
