"""Figures of the scaling part on the study's own table (FEATURES D, METHODS 3), to their last printed digit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.figures

Asked = dict[str, Any]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Any:
    store = tmp_path_factory.mktemp("store")

    def asked(study: str, *arguments: object) -> Asked:
        table = ["--table", str(data_dir / "ai_cliff/scaling_dataset.parquet")]
        command = [sys.executable, "-m", "jobs", study, *table, *map(str, arguments), "--json", "--store", str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    return asked


def slope(found: Asked, name: str, effects: str) -> tuple[int, float]:
    row = next(r for r in found["tables"]["fits"] if (r["name"], r["effects"]) == (name, effects))
    return row["n"], round(row["slope"], 3)


def test_the_two_laws_to_their_printed_digits(ask: Any) -> None:
    """SCL-01, SCL-02, SCL-04."""
    found = ask("scaling", "--preset", "published")
    s, cost = found["summary"], found["tables"]["fits"][2]
    assert [s["n"], round(s["slope"], 3), round(s["se"], 3)] == [1094, 1.697, 0.038]
    assert [round(s["r2"], 3), round(s["aic"], 1)] == [0.797, 5909.8]
    assert (cost["name"], cost["effects"]) == ("cost_on_parameters", "pooled")
    assert [cost["n"], round(cost["slope"], 3), round(cost["se"], 3)] == [176, 0.702, 0.065]
    assert [round(cost["r2"], 3), round(cost["aic"], 1)] == [0.449, 803.7]
    assert slope(found, "parameters_on_compute", "pooled") == (1094, 0.469)
    assert round(slope(found, "compute_on_parameters", "year")[1], 2) == 1.16


def test_year_effects_since_2015(ask: Any) -> None:
    """SCL-01 and SCL-R03: .461 for parameters on compute, 1.202 for compute on parameters; years below the pooled."""
    found = ask("scaling", "--first-year", 2015, "--effects", "year,architecture")
    assert slope(found, "parameters_on_compute", "year")[1] == 0.461
    assert slope(found, "compute_on_parameters", "year")[1] == 1.202
    assert any("no architecture" in warning for warning in found["warnings"])
    yearly = [row["slope"] for row in found["tables"]["by_year"] if row["slope"] is not None]
    assert len(yearly) >= 8
    assert max(yearly) < 1.697


def test_bootstrap_intervals_of_every_kind(ask: Any) -> None:
    """SCL-05: [1.62, 1.77]. At B = 10,000 the ends have a Monte Carlo error of about .0007, four of which are .003."""
    for kind in ("pairs", "wild"):
        s = ask("bootstrap", "--kind", kind, "--replicates", 10_000)["summary"]
        assert s["ci_low"] == pytest.approx(1.6215, abs=0.003 if kind == "pairs" else 0.006)
        assert s["ci_high"] == pytest.approx(1.771, abs=0.003 if kind == "pairs" else 0.006)
        assert [round(s["ci_low"], 2), round(s["ci_high"], 2)] == [1.62, 1.77]
    cluster = ask("bootstrap", "--kind", "cluster")["summary"]
    assert cluster["ci_high"] - cluster["ci_low"] > 0.15


def test_a_declared_unit_changes_no_slope(ask: Any) -> None:
    """SCL-06: the unit and the scales only move the intercept."""
    plain = ask("scaling", "--preset", "published")
    scaled = ask("scaling", "--preset", "published", "--compute-unit", "PF-day", "--params-scale", "1e9")
    for name in ("compute_on_parameters", "cost_on_parameters", "parameters_on_compute"):
        assert slope(plain, name, "pooled") == slope(scaled, name, "pooled")
        assert slope(plain, name, "year") == slope(scaled, name, "year")


def test_a_formula_asks_the_same(ask: Any) -> None:
    """CFG-R02."""
    found = ask("scaling", "--formula", "log_params ~ log_compute + C(year)", "--first-year", 2015)
    assert (found["summary"]["direction"], round(found["summary"]["slope"], 3)) == ("parameters_on_compute", 0.461)


def test_the_median_compute_of_a_trillion_parameters(ask: Any) -> None:
    """METHODS 5: 9.2086e25 FLOP by the pooled law."""
    found = ask("scaling", "--preset", "published")
    routes = {row["route"]: row for row in found["tables"]["predictions"]}
    assert f"{routes['fitted law, pooled']['training_compute_flop']:.4e}" == "9.2086e+25"


def test_tables_sum_to_the_points(ask: Any) -> None:
    tables = ask("scaling")["tables"]
    assert len(tables["points"]) == sum(row["n"] for row in tables["by_year"]) == 1094
    assert sum(row["n"] for row in tables["by_tier"]) == 1094
