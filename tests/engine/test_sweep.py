"""Designs by their defining properties, and sweeps against asking each point alone."""

from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import registry
from engine.spec import Spec, SpecError
from engine.study import Work
from engine.sweep import MAX_NEEDS, Axis, Sweep, SweepSpec, base_spec, design, in_blocks, point_spec
from engine.sweep.needs import needed, needs_of
from jobs import client
from jobs.execute import execute
from jobs.question import prepare
from jobs.store import Store

BASE = {"exclusivity": "lognormal", "training_compute_flop": 9e25}


def swept(**fields: Any) -> SweepSpec:
    return SweepSpec.parse({"target": "npv", "base": BASE, **fields})


def points(spec: SweepSpec, store: Store) -> pl.DataFrame:
    answer = execute(prepare(spec), store, "inline")
    return client.points(answer.result.key, store.root)


def test_grid_is_the_product() -> None:
    spec = swept(axes={"sigma": {"low": 0.5, "high": 1.5, "n": 3}, "tier": {"values": ["III", "IV"]}})
    frame = design(spec)
    assert frame.height == spec.size() == 6
    assert sorted(frame.rows()) == [(s, t) for s in (0.5, 1.0, 1.5) for t in ("III", "IV")]


def test_log_axis_has_equal_ratios() -> None:
    values = np.array(Axis(low=1e-3, high=1e3, n=7, scale="log").grid(), dtype=float)
    assert values[1:] / values[:-1] == pytest.approx(10.0)


@given(n=st.integers(2, 200), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_latin_hypercube_has_one_point_a_stratum(n: int, seed: int) -> None:
    axes = {"drop": {"low": 0.0, "high": 1.0}, "apc_max_share": {"low": 0.0, "high": 1.0}}
    frame = design(swept(kind="lhs", points=n, seed=seed, axes=axes))
    for column in frame.get_columns():
        assert sorted(np.minimum((column.to_numpy() * n).astype(int), n - 1)) == list(range(n))


def test_sobol_fills_space_better_than_chance() -> None:
    from scipy.stats import qmc

    axes = {"drop": {"low": 0.0, "high": 1.0}, "apc_max_share": {"low": 0.0, "high": 1.0}}
    sobol = design(swept(kind="sobol", points=256, axes=axes)).to_numpy()
    random = np.random.default_rng(1).random((256, 2))
    assert qmc.discrepancy(sobol) < qmc.discrepancy(random) / 5


def test_integer_fields_get_integers() -> None:
    frame = design(swept(kind="lhs", points=9, axes={"horizon_months": {"low": 12, "high": 120}}))
    assert frame["horizon_months"].dtype == pl.Int64


def test_text_and_number_in_base_are_one_question() -> None:
    typed = swept(axes={"sigma": {"values": [1.0]}})
    text = SweepSpec.parse(
        {"target": "npv", "base": {**BASE, "training_compute_flop": "9e25"}, "axes": {"sigma": {"values": [1.0]}}}
    )
    assert text.key() == typed.key()


def test_a_point_equals_asking_it_alone(tmp_path: Any) -> None:
    """The block path of the exact engine against single runs, to the last digits."""
    store = Store(str(tmp_path))
    axes = {"sigma": {"values": [0.4, 1.2]}, "cost_multiple": {"values": [1, 30]}}
    for row in points(swept(axes=axes), store).iter_rows(named=True):
        spec = registry.study("npv").spec_type.parse(
            {**BASE, "sigma": row["sigma"], "cost_multiple": row["cost_multiple"]}
        )
        alone = execute(prepare(spec), store, "inline").result.summary
        for figure in ("mean_usd", "p_positive", "var5_usd", "upfront_cost_usd"):
            assert row[figure] == pytest.approx(alone[figure], rel=1e-9)


def test_studies_without_a_block_path_are_asked_one_by_one(tmp_path: Any) -> None:
    spec = SweepSpec.parse(
        {"target": "diffusion", "base": {"parts": "curve"}, "axes": {"theta": {"values": [0.5, 1.0]}}}
    )
    frame = points(spec, Store(str(tmp_path)))
    assert frame.filter(pl.col("theta") == 1.0)["subjects"].item() == 88
    assert frame["key"].n_unique() == 2


def test_failing_points_are_rows_and_not_the_end(tmp_path: Any) -> None:
    axes = {"drop_low": {"values": [0.3, 0.9, 0.5]}, "annual_discount_rate": {"values": [0.1, 0.2]}}
    store = Store(str(tmp_path))
    answer = execute(prepare(swept(axes=axes)), store, "inline").result
    frame = client.points(answer.key, store.root)
    assert (answer.summary["points"], answer.summary["done"], answer.summary["failed"]) == (6, 4, 2)
    assert frame.filter(pl.col("error").is_not_null())["drop_low"].to_list() == [0.9, 0.9]
    assert "drop_low" in str(frame["error"].drop_nulls()[0])
    assert frame["point"].to_list() == list(range(6))


def test_needs_shared_by_points_are_run_once() -> None:
    spec = SweepSpec.parse(
        {
            "target": "npv",
            "axes": {"exclusivity_domain": {"values": ["All", "Language"]}, "sigma": {"low": 0.5, "high": 1, "n": 20}},
        }
    )
    assert len(registry.study("sweep").needs(spec)) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": "nothing", "axes": {"a": {"values": [1]}}}, "no study 'nothing'"),
        ({"target": ["npv"], "axes": {"sigma": {"values": [1]}}}, "no study ['npv']"),
        ({"target": "sweep", "axes": {"seed": {"values": [1]}}}, "A sweep can't be swept"),
        ({"axes": {"sigmas": {"values": [1]}}}, "no field 'sigmas'"),
        ({"axes": {"x" * 100: {"values": [1]}}}, "..."),
        ({"axes": {1: {"values": [1]}}}, "no field 1"),
        ({"axes": {}}, "axes must give the fields"),
        ({"axes": None}, "axes must give the fields"),
        ({"axes": ["sigma"]}, "axes must give the fields"),
        ({"axes": {"sigma": None}}, "axis 'sigma' can't be None"),
        ({"axes": {"sigma": {}}}, "low and high, or values"),
        ({"axes": {"sigma": {"low": 1}}}, "low and high, or values"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "m": 3}}}, "axis 'sigma' has no key 'm'; it has low, high, n, scale"),
        ({"axes": {"sigma": {"low": 2, "high": 1, "n": 3}}}, "low must not be above high"),
        ({"axes": {"sigma": {"low": 1, "high": 1, "n": 3}}}, "low equals high"),
        ({"axes": {"sigma": {"low": 0, "high": 1, "n": 3, "scale": "log"}}}, "log axis needs low above 0"),
        ({"axes": {"sigma": {"low": 1, "high": 2}}}, "'sigma' needs n"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "n": True}}}, "n can't be True"),
        ({"axes": {"sigma": {"low": True, "high": 2, "n": 2}}}, "low can't be True"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "n": 2}}, "points": 2}, "leave points away"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "n": 2}}, "seed": True}, "seed can't be True"),
        ({"kind": "lhs", "axes": {"sigma": {"low": 1, "high": 2}}, "points": True}, "points can't be True"),
        ({"kind": "sobol", "axes": {"sigma": {"low": 1, "high": 2}}}, "needs points"),
        ({"kind": "lhs", "points": 2, "axes": {"sigma": {"low": 1, "high": 2, "n": 2}}}, "axis 'sigma' has n"),
        ({"axes": {"sigma": {"low": 1, "high": 2, "n": 1001}, "mu": {"low": 0, "high": 1, "n": 1000}}}, "at most"),
        ({"axes": {f"a{i}": {"values": [1]} for i in range(31)}}, "at most 30"),
        ({"axes": {"sigma": {"values": []}}}, "at least one"),
        ({"axes": {"sigma": {"values": "abc"}}}, "values can't be 'abc'"),
        ({"axes": {"sigma": {"values": [[1], [2]]}}}, "values can't hold [1]"),
        ({"axes": {"sigma": {"values": [1], "low": 1}}}, "not both"),
        ({"axes": {"sigma": {"values": [1, 2], "scale": "log"}}}, "no scale"),
        ({"axes": {"sigma": {"values": [1, 2, 1.0]}}}, "'sigma' lists 1.0 more than once"),
        ({"axes": {"sigma": {"values": ["a", "b"]}}}, "field 'sigma' can't be 'a'"),
        ({"axes": {"sigma": {"values": [1, 200]}}}, "'sigma' can't be 200: input should be less than or equal to 5"),
        ({"axes": {"sigma": {"values": [True]}}}, "'sigma' can't be True"),
        ({"axes": {"sigma": {"values": ["nan"]}}}, "'sigma' can't be 'nan'"),
        ({"axes": {"sigma": {"low": -5, "high": 1, "n": 2}}}, "'sigma' can't be -5.0: input should be greater than"),
        ({"axes": {"sigma": {"low": 1, "high": 200, "n": 2}}}, "'sigma' can't be 200.0: input should be less than"),
        ({"axes": {"tier": {"values": ["IX"]}}}, "'tier' can't be 'IX': input should be 'III' or 'IV'"),
        ({"axes": {"tier": {"low": 1, "high": 2, "n": 2}}}, "'tier' can't be 1.0"),
        ({"axes": {"uncertain_data": {"low": 0, "high": 1, "n": 2}}}, "'uncertain_data' can't be a range"),
        ({"axes": {"horizon_months": {"values": [12.5]}}}, "'horizon_months' can't be 12.5"),
        ({"axes": {"horizon_months": {"low": 0.4, "high": 12, "n": 2}}}, "'horizon_months' can't be 0"),
        ({"base": {"sigma": 1}, "axes": {"sigma": {"values": [1]}}}, "both in base and an axis"),
        ({"base": {"sigma": "much"}, "axes": {"mu": {"values": [1]}}}, "field 'sigma' can't be 'much'"),
        ({"base": {"sigma": True}, "axes": {"mu": {"values": [1]}}}, "'sigma' can't be True"),
        ({"base": {1: 2}, "axes": {"mu": {"values": [1]}}}, "no field 1"),
        ({"base": ["sigma"], "axes": {"mu": {"values": [1]}}}, "base can't be ['sigma']"),
        ({"base": {"sigma": [1] * 1000}, "axes": {"mu": {"values": [1]}}}, "..."),
    ],
)
def test_bad_designs_are_one_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        SweepSpec.parse({"target": "npv", **fields})
    told = str(caught.value)
    assert words in told
    assert told.endswith(".")
    assert "\n" not in told
    assert ". " not in told
    assert not told.endswith("..")
    assert len(told) < 2_000


@pytest.mark.parametrize("values", [["0.5", "5e-1"], [0.5, "0.5"]])
def test_a_value_that_is_text_is_the_number_it_says(values: list[Any]) -> None:
    with pytest.raises(SpecError, match=r"lists 0\.5 more than once"):
        swept(axes={"sigma": {"values": values}})
    assert design(swept(axes={"sigma": {"values": values[:1]}}))["sigma"].to_list() == [0.5]


def test_the_preset_of_the_base_is_the_preset_of_the_sweep() -> None:
    axes = {"sigma": {"values": [1.0]}}
    inside = SweepSpec.parse({"base": {"preset": "published"}, "axes": axes})
    assert inside == SweepSpec.parse({"preset": "published", "axes": axes})
    assert base_spec(inside).preset == "published"


def test_points_that_can_be_null_or_whole_are_as_their_field_types_them() -> None:
    frame = design(swept(kind="lhs", points=9, axes={"sobol_samples": {"low": 64, "high": 640}}))
    assert frame["sobol_samples"].dtype == pl.Int64


STUDIES = tuple(name for name in registry.names() if name != "sweep")
FIELDS = [
    (study, name)
    for study in STUDIES
    for name, value in registry.study(study).spec_type.parse({}).model_dump(mode="json").items()
    if not isinstance(value, list | dict)
]


def possible(study: str, name: str) -> list[Any]:
    """The default of a field, and what else it may be where that is a choice, true or false, or a number."""
    spec_type = registry.study(study).spec_type
    field, value = spec_type.model_fields[name], getattr(spec_type.parse({}), name)
    others = [False, True] if isinstance(value, bool) else [value + 1] if isinstance(value, int) else []
    others += [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    return [value, *(other for other in others if other != value and takes(spec_type, name, other))]


def takes(spec_type: type[Spec], name: str, value: Any) -> bool:
    try:
        spec_type.typed(name, value)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize(("study", "name"), FIELDS)
def test_any_field_of_any_study_can_vary(study: str, name: str) -> None:
    """Each point's spec is asked where the study can answer it, with needs that the sweep has made."""
    spec = SweepSpec.parse({"target": study, "axes": {name: {"values": possible(study, name)}}})
    target, found = registry.study(study), needed(spec)
    asked = [spec_of for point in design(spec).to_dicts() if (spec_of := valid(spec, point)) is not None]
    assert asked
    assert all(set(needs_of(spec, one)) <= set(found.runs) for one in asked)
    assert all(set(target.inputs_for(one)) - set(target.optional) <= set(found.tables) for one in asked)
    if in_blocks(spec):
        assert name in target.varies
        assert found.common is not None
        assert set(needs_of(spec, found.common)) <= set(found.runs)


def valid(spec: SweepSpec, point: dict[str, Any]) -> Any:
    try:
        return point_spec(spec, point)
    except SpecError:
        return None


NPV_FIELDS = [name for study, name in FIELDS if study == "npv"]


def test_a_point_of_any_field_of_the_investment_study_has_its_figures() -> None:
    """Run for real: each field at its default gives the figures of the base, whichever way it is asked."""
    base = {"exclusivity": "constant", "parts": "figures", "engine": "exact", "n_paths": 100}
    seen = set()
    for name in NPV_FIELDS:
        value = base.get(name, registry.study("npv").spec_type.model_fields[name].default)
        kept = {other: given for other, given in base.items() if other != name}
        spec = SweepSpec.parse({"target": "npv", "base": kept, "axes": {name: {"values": [value]}}})
        (row,) = Sweep().run_chunk(Work(spec, {}), [0, 1]).to_dicts()
        assert row["error"] is None, (name, row["error"])
        seen.add(round(row["mean_usd"]))
    assert len(seen) == 1


def test_engines_side_by_side(tmp_path: Any) -> None:
    axes = {"engine": {"values": ["exact", "simulation"]}}
    frame = points(swept(base={**BASE, "parts": "figures", "n_paths": 100_000}, axes=axes), Store(str(tmp_path)))
    exact, simulated = frame.rows(named=True)
    assert frame["error"].null_count() == 2
    assert simulated["mean_usd"] == pytest.approx(exact["mean_usd"], abs=5 * simulated["mean_usd_se"])


def test_points_that_need_nothing_beside_a_base_that_does() -> None:
    """The base follows a curve and a fitted law, which none of the points does."""
    for axes, base in (
        ({"exclusivity": {"values": ["lognormal", "constant"]}}, {"parts": "figures"}),
        ({"training_compute_flop": {"values": [1e25, 2e25]}}, {"law": "fitted", "exclusivity": "lognormal"}),
    ):
        spec = SweepSpec.parse({"target": "npv", "base": base, "axes": axes})
        assert Sweep().needs(spec) == {}
        assert Sweep().run_chunk(Work(spec, {}), [0, 2])["error"].null_count() == 2


def test_a_point_has_the_tables_that_the_base_does_without(tmp_path: Any) -> None:
    axes = {"measure": {"values": ["compute", "capability"]}}
    spec = SweepSpec.parse({"target": "diffusion", "base": {"parts": "curve"}, "axes": axes})
    assert points(spec, Store(str(tmp_path)))["error"].null_count() == 2


@pytest.mark.parametrize(
    ("base", "axes", "runs"),
    [
        ({"preset": "published"}, {"exclusivity": ["survival", "constant"], "exclusivity_theta": [0.5, 1.0]}, 2),
        ({"exclusivity": "constant", "law": "fitted"}, {"training_compute_flop": [1e25, 2e25, None, 3e25, 4e25]}, 1),
        ({"preset": "published"}, {"law": ["fitted", "reference"], "training_compute_flop": [1e25, None]}, 1),
        ({}, {"drop_low": [0.9, 0.8, 0.1], "drop_high": [0.5, 0.7]}, 1),
        ({}, {"exclusivity_theta": [0.5, 1.0, 2.0], "sigma": [1.0, 2.0]}, 3),
    ],
)
def test_needs_are_found_wherever_they_hide(base: dict[str, Any], axes: dict[str, list[Any]], runs: int) -> None:
    listed = {name: {"values": values} for name, values in axes.items()}
    spec = SweepSpec.parse({"target": "npv", "base": base, "axes": listed})
    every = {key for point in design(spec).to_dicts() if (asked := valid(spec, point)) for key in needs_of(spec, asked)}
    assert set(Sweep().needs(spec)) == every
    assert len(every) == runs


def test_ends_that_can_not_go_together_leave_the_blocks_as_they_are() -> None:
    axes = {"drop_low": {"low": 0.1, "high": 0.9, "n": 5}, "drop_high": {"low": 0.3, "high": 0.9, "n": 5}}
    assert in_blocks(swept(axes=axes))


@pytest.mark.parametrize(("seeds", "told"), [(100, 100), (257, None)])
def test_a_hundred_other_runs_may_be_needed_but_not_any_number(seeds: int, told: int | None) -> None:
    spec = SweepSpec.parse({"target": "scaling", "axes": {"seed": {"low": 1, "high": seeds, "n": seeds}}})
    if told is not None:
        assert len(Sweep().needs(spec)) == told
        return
    with pytest.raises(SpecError, match=f"more than {MAX_NEEDS} other runs"):
        Sweep().needs(spec)


def test_a_sweep_without_one_good_point_says_why(tmp_path: Any) -> None:
    spec = swept(base={**BASE, "drop_high": 0.5}, axes={"drop_low": {"values": [0.8, 0.9]}})
    with pytest.raises(SpecError):
        base_spec(spec.changed(base={**spec.base, "drop_low": 0.8}, axes={"sigma": {"values": [1.0]}}))
    (told,) = execute(prepare(spec), Store(str(tmp_path)), "inline").result.warnings
    assert told.startswith("All 2 points failed")
    assert "drop_low" in told


def test_chunks_have_one_schema_whether_points_went_well_or_not(tmp_path: Any) -> None:
    """A block of failures has the columns of one of figures, so that the files of the chunks are read together."""
    axes = {"drop_low": {"low": 0.0, "high": 1.0, "n": 8}}
    for base in (BASE, {**BASE, "correlation": 0.5}):
        work = Work(swept(base=base, axes=axes), {})
        for index, chunk in enumerate(([6, 8], [0, 2], [4, 8])):
            Sweep().run_chunk(work, chunk).write_parquet(tmp_path / f"{index}.parquet")
        frame = pl.scan_parquet(tmp_path / "*.parquet").collect()
        assert frame.height == 8
        assert frame["mean_usd"].null_count() == frame.height - frame["error"].null_count()


def test_the_key_of_a_point_is_that_of_its_spec() -> None:
    spec = swept(base={**BASE, "parts": "figures"}, axes={"sigma": {"values": [1.0]}, "seed": {"values": [1, 2]}})
    for row in Sweep().run_chunk(Work(spec, {}), [0, 2]).iter_rows(named=True):
        assert row["key"] == point_spec(spec, {"sigma": row["sigma"], "seed": row["seed"]}).key()
