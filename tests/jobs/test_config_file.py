"""The study's configurations as they are, and one sentence for every other file."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.report.spec import ReportSpec, needed
from engine.spec import SpecError
from jobs import plain_yaml
from jobs.config_file import KEYS, MAX_BYTES, Config, read_config
from jobs.report.inputs import renamed_file
from tests.jobs.report_cases import CONFIGS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("scaling_dataset", "diffusion_pairs"):
        (tmp_path / "data" / f"{name}.parquet").write_bytes(b"")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Config:
    return read_config(written(folder, text))


@pytest.mark.parametrize("name", ["readme", "published", "script"])
def test_the_studys_configurations_are_read_as_they_are(folder: Path, name: str) -> None:
    config = read_config(Path(shutil.copy(CONFIGS / f"{name}.yaml", folder)))
    assert {path.name for path in config.files.values()} == {"scaling_dataset.parquet", "diffusion_pairs.parquet"}
    assert config.fields["n_paths"] == 10_000
    assert len(needed(ReportSpec.parse({**config.fields, "pairs": True}))) == 17


def test_readme_numbers_are_numbers(folder: Path) -> None:
    config = read_config(Path(shutil.copy(CONFIGS / "readme.yaml", folder)))
    npv = config.fields["asked"]["npv"]
    assert npv == {"price_usd_per_flop": 5e-11, "annual_discount_rate": 0.2, "horizon_months": 72}
    assert config.fields["parameter_unit"] == 1e9
    assert config.notes == ()


def test_a_repeated_key_is_told_and_the_last_value_counts(folder: Path) -> None:
    config = read_config(Path(shutil.copy(CONFIGS / "published.yaml", folder)))
    assert config.fields["n_paths"] == 10_000
    assert [note for note in config.notes if "twice" in note] == [
        "published.yaml: n_sims is given twice; the last value counts."
    ]


def test_the_published_scenario_sets_tier_cost_and_shift(folder: Path) -> None:
    config = read_config(Path(shutil.copy(CONFIGS / "published.yaml", folder)))
    npv = config.fields["asked"]["npv"]
    assert (npv["tier"], npv["tier_iv_cost_multiple"], npv["mu_shift"]) == ("IV", 1.8, -0.15)
    assert (npv["compute_at_1b_flop"], npv["parameters_count"]) == (None, 1e12)


@pytest.mark.parametrize("name", ["readme", "published", "script"])
def test_every_key_is_placed_or_reported(folder: Path, name: str) -> None:
    """CFG-01: what is not reported as unused is a field, a file, a column, a folder or a name."""
    path = Path(shutil.copy(CONFIGS / f"{name}.yaml", folder))
    config = read_config(path)
    found, _ = plain_yaml.load(path, "configuration file")
    reported = " ".join(config.notes)
    for section, keys in found.items():
        for key in (k for k in keys if not isinstance(keys[k], dict)):
            full = f"{section}.{key}"
            assert (KEYS[full].place == "unused") == (f"{full} is unused" in reported)


@pytest.mark.parametrize("full", [name for name, key in KEYS.items() if key.place in ("npv", "diffusion", "report")])
def test_changing_a_key_changes_the_question(folder: Path, full: str) -> None:
    """CFG-01 for the keys that set a field: another value gives other runs."""
    others: dict[str, Any] = {
        "apc_spec.scenario": "TierIV",
        "meta.smoketest": "true",
        "meta.seed": 7,
        "investment_spec.horizon_months": 60,
        "investment_spec.n_sims": 5000,
    }
    parts = full.split(".")
    text = "".join(f"{'  ' * i}{part}:\n" for i, part in enumerate(parts)).rstrip("\n") + f" {others.get(full, 0.25)}\n"
    if "TierIV.params" in full:
        text = text.replace("  tiers:", "  scenario: IV\n  tiers:")
    assert ReportSpec.parse(dict(read(folder, text).fields)).key() != ReportSpec().key()


def test_another_exponent_frees_the_published_compute(folder: Path) -> None:
    """The published run's compute is a printed number; an exponent or anchor of one's own must reach it."""
    for text in ("gamma_compute: 1.5", "compute_at_1b_params: 1e20", "target_params_billion: 500"):
        config = read(folder, f"investment_spec: {{{text}}}")
        assert config.fields["asked"]["npv/published"] == {"training_compute_flop": None}
    same = read(folder, "investment_spec: {gamma_compute: 1.697, compute_at_1b_params: null}")
    assert "npv/published" not in same.fields["asked"]


def test_formulas_are_parsed_to_direction_and_effects(folder: Path) -> None:
    config = read(folder, 'scaling_spec: {form_params_vs_compute: "log_params ~ log_compute + C(year) + C(arch)"}')
    asked = needed(ReportSpec.parse(dict(config.fields)))["scaling/published"].model_dump()
    assert (asked["direction"], asked["effects"]) == ("parameters_on_compute", "year,architecture")


def test_export_folders_and_names_are_honoured(folder: Path) -> None:
    config = read(folder, "exports: {fig_dir: ./out/pictures}\ndiffusion_spec: {km_fig: curve.png}")
    assert (config.folders, config.names) == ({"figures": "out/pictures"}, {"survival_km": "curve"})


def test_unknown_keys_are_reported(folder: Path) -> None:
    assert read(folder, "apc_spec: {colour: blue}").notes == (
        "mine.yaml: apc_spec.colour is unused: it is not a key of the study.",
    )


def test_the_smoke_test_leaves_paths_unread(folder: Path) -> None:
    config = read(folder, "meta: {smoketest: true}\npaths: {scaling_data: nothing.csv}")
    assert config.fields["synthetic"] is True
    assert config.files == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1", ["must be keys and values"]),
        ("", ["must be keys and values"]),
        ("a: [1", ["not plain YAML"]),
        ("a: &a [1]\nb: *a", ["aliases are not allowed"]),
        ("a: &a {b: &b {c: *a}}", ["aliases are not allowed"]),
        ("a: !!python/object/apply:os.system ['true']", ["not plain YAML", "tag"]),
        ("a: " + "[" * 50_000, ["not plain YAML"]),
        ("a: \0", ["not plain YAML"]),
        ("meta: {seed: -1}", ["meta.seed", "-1", "greater than or equal to 0"]),
        ("paths: {scaling_data: nothing.csv}", ["paths.scaling_data", "nothing.csv", "relative to"]),
        ("paths: {scaling_data: 5}", ["paths.scaling_data", "path of a file"]),
        ("scaling_spec: {compute_unit: GFLOPS}", ["scaling_spec.compute_unit", "PF-days", "auto"]),
        ("scaling_spec: {params_scale: 0}", ["scaling_spec.params_scale", "greater than 0"]),
        ("scaling_spec: {robust_se: HC9}", ["scaling_spec.robust_se", "'HC3'", "'cluster'"]),
        ("scaling_spec: {robust_se: false}", ["scaling_spec.robust_se", "HC3"]),
        ("scaling_spec: {compute_col: []}", ["scaling_spec.compute_col", "column's name"]),
        ("scaling_spec: {form_cost_vs_params: 'log_cost ~ __import__(\"os\")'}", ["form_cost_vs_params", "evaluated"]),
        ("diffusion_spec: {window_months: -5}", ["diffusion_spec.window_months", "greater than 0"]),
        ("diffusion_spec: {min_lead_months: soon}", ["diffusion_spec.min_lead_months", "give a number"]),
        ("investment_spec: {price_per_flop_now: cheap}", ["investment_spec.price_per_flop_now", "give a number"]),
        ("investment_spec: {horizon_months: true}", ["investment_spec.horizon_months", "give a number"]),
        ("investment_spec: {n_sims: 10.5}", ["investment_spec.n_sims", "integer"]),
        ("apc_spec: {scenario: TierV}", ["apc_spec.scenario", "TierIII, TierIV"]),
        ("exports: {fig_dir: ../../etc}", ["exports.fig_dir", "inside the output folder"]),
        ("exports: {fig_dir: /etc}", ["exports.fig_dir", "inside the output folder"]),
        ("exports: {fig_dir: a, tab_dir: ./a}", ["two of the folders"]),
        ("diffusion_spec: {km_fig: ../x.png}", ["diffusion_spec.km_fig", "plain file name"]),
    ],
)
def test_bad_configurations_are_one_sentence(folder: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        read(folder, text)
    said = str(caught.value)
    assert all(word in said for word in ["mine.yaml", *words]), said
    assert "\n" not in said


def test_a_large_file_a_folder_and_a_circle_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(50 * 2**20)
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    assert MAX_BYTES < 50 * 2**20
    for name, words in (("large.yaml", "larger than"), (".", "is no file"), ("circle.yaml", "circle.yaml")):
        with pytest.raises(SpecError, match=words) as caught:
            read_config(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_the_first_alias_present_is_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("n_params,params,flops\n1,2,3\n")
    aliases = {"parameters": ("parameters", "params", "n_params"), "year": ("yr",)}
    (tmp_path / "new").mkdir()
    made, told = renamed_file(path, aliases, tmp_path / "new")
    assert pl.read_csv(made).to_dict(as_series=False) == {"n_params": [1], "parameters": [2], "flops": [3]}
    assert told[0] == "mine.csv: parameters is read from 'params'."
    assert "none of yr is there" in told[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-11", 5e-11),
        ("1.0e20", 1e20),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-0.15", -0.15),
        ("72", 72),
        ("010", 10),
        ("yes", "yes"),
        ("true", True),
        ("null", None),
        ("2018-01-01", "2018-01-01"),
        ("'5e-11'", "5e-11"),
        ("1:30", "1:30"),
    ],
)
def test_plain_values_follow_yaml_1_2(text: str, value: Any) -> None:
    found, repeated = plain_yaml.values(f"key: {text}   # told", "x")
    assert (found["key"], repeated) == (value, [])
    assert type(found["key"]) is type(value)
