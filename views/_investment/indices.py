"""Sobol indices of any figure over inputs of choice, by the runners."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from engine.npv import NpvSpec
from engine.npv.cost import REFERENCE_LAW
from engine.npv.explore import near, numeric_inputs
from engine.sensitivity import Range
from engine.sobol import SobolSpec
from engine.spec import SpecError
from jobs import client
from views import _page, _results
from views._investment import words
from views._investment.asking import places
from views._results import Answer
from views.charts import npv_ranges as charts

DEFAULT = ("mu", "sigma", "cost_multiple", "annual_discount_rate", "exclusivity_multiple", "horizon_months")
FIGURES = ("mean_usd", "p_positive", "var5_usd", "cvar5_usd")
SIMULATED_PATHS = 4_096
SAMPLES = (None, 1_024, 4_096, 16_384, 65_536)


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Controls, then the indices of each preset."""
    with st.expander("Inputs that vary"):
        inputs = st.pills(
            "Inputs",
            numeric_inputs(),
            selection_mode="multi",
            default=DEFAULT,
            format_func=words.name,
            key="sobol_inputs",
            bind="query-params",
        )
    boxes = st.columns(3, vertical_alignment="bottom")
    change = boxes[0].slider("Range either way", 0.05, 0.95, 0.5, 0.05, key="sobol_change", bind="query-params")
    with boxes[1]:
        figure = _figure()
    with boxes[2]:
        samples = _samples()
    if len(inputs) < 2:
        st.info("Choose at least two inputs.")
        return list(heads)
    for place, head in places(heads):
        with place:
            _indices(head, inputs, change, figure, samples)
    return list(heads)


def _figure() -> str:
    return str(
        st.selectbox(
            "Figure explained", FIGURES, format_func=words.FIGURES.__getitem__, key="sobol_figure", bind="query-params"
        )
    )


def _samples() -> int | None:
    return st.selectbox(
        "Base samples",
        SAMPLES,
        format_func=lambda n: "sized to the inputs" if n is None else f"{n:,}",
        key="sobol_base_samples",
        help="There are inputs + 2 points a sample; more samples, narrower intervals.",
    )


def _indices(head: Answer, inputs: Sequence[str], change: float, figure: str, samples: int | None) -> None:
    try:
        spec = question(head, inputs, change, samples)
    except SpecError as error:
        st.error(str(error))
        return
    answer = _results.ask(spec, head.vintage, f"indices {head.preset}")
    if answer is None:
        return
    rows = named(answer.result.tables["indices"].filter(pl.col("figure") == figure))
    known = rows.drop_nulls("total")
    if known.is_empty():
        st.info(f"{words.FIGURES[figure]} does not vary over these ranges, so no input matters to it.")
        return
    top = known.sort("total", descending=True).row(0, named=True)
    _page.draw(
        charts.indices_chart(known, words.FIGURES[figure]),
        "npv-sobol",
        answer,
        rows,
        alt=f"Sobol indices; the largest total index is {top['total']:.2f}, of {top['input']}.",
        key=f"npv-sobol {head.preset} {figure}",
    )
    s = answer.result.summary
    first = known["first"].sum()
    st.caption(
        f"{s['points']:,} points. First indices add up to {first:.2f}; what is missing to 1 is interaction. Inputs are "
        f"uniform within {change:.0%} of their base and independent; mu stays where the calibration put it."
    )
    with st.expander("The command that gives these indices", key=f"command of indices {head.preset}"):
        st.code(answer.command, language=None, wrap_lines=True)


def named(indices: pl.DataFrame) -> pl.DataFrame:
    """Rows with the input in words."""
    return indices.with_columns(input=pl.Series([words.title(name) for name in indices["input"]], dtype=pl.String))


def question(head: Answer, inputs: Sequence[str], change: float, samples: int | None) -> SobolSpec:
    """The study of indices around the scenario that `head` answers. Raises `SpecError` for an input without a base."""
    between = {name: _between(near(name, base(head, name), change)) for name in sorted(inputs)}
    return SobolSpec.parse(
        {
            "preset": head.preset,
            "seed": head.spec.seed,
            "base": {name: value for name, value in held(head, inputs).items() if name not in inputs},
            "inputs": between,
            "samples": samples,
        }
    )


def _between(found: Range) -> dict[str, float]:
    if not found.low < found.high:
        raise SpecError(f"npv: '{found.name}' can't vary around {found.low:g}; choose a wider range.")
    return {"low": found.low, "high": found.high}


def held(head: Answer, inputs: Sequence[str]) -> dict[str, Any]:
    """Fields that stay the same: what sets the scenario apart, and mu unless the target it follows varies."""
    spec: NpvSpec = head.spec
    own = {name: value for name, value in client.scenario_fields(spec).items() if name not in ("seed", "preset")}
    paths = {"n_paths": min(spec.n_paths, SIMULATED_PATHS)} if spec.chosen_engine == "simulation" else {}
    calibrated = "calibration" in head.result.tables and "target_mean_usd" not in inputs
    return {**own, **paths, **({"mu": base(head, "mu")} if calibrated else {})}


def base(head: Answer, name: str) -> float:
    """An input's value now. Raises `SpecError` for one that plays no part."""
    spec, s = head.spec, head.result.summary
    if name == "mu":
        return float(s["mu"]) - (spec.mu_shift if spec.tier == "IV" else 0.0)
    if name == "drop" and spec.drop is None:
        return float(spec.drop_low + spec.drop_high) / 2
    if name == "scaling_exponent" and spec.scaling_exponent is None and spec.law == "reference":
        return REFERENCE_LAW.slope
    value = getattr(spec, name)
    known = s.get(name) if value is None else value
    if known is None:
        raise SpecError(f"npv: '{name}' has no value in this scenario; give it one, or choose another input.")
    return float(known)
