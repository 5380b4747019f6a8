"""Cost: price and compute beside what was observed, and compute by every route."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.npv.catalogue import catalogue
from engine.npv.spec import HIGHEST_PRICE_USD_PER_FLOP, OBSERVED_PRICE_USD_PER_FLOP, PRICES_USD_PER_FLOP
from views import _page, _results
from views._investment.asking import places, whole
from views._results import Answer
from views.charts import npv_ranges as charts

YEARS = 3
CLOUD = "GPT-4, cloud cost"
HERE, SEEN, ROUTE = "This scenario", "Observed", "Route"
Row = tuple[str, str, float, float | None, float | None]


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Of each preset."""
    shown = []
    for place, head in places(heads):
        with place:
            models = recent(_results.table("models", head.vintage))
            _warnings(head, models)
            _price(head, models)
            answer = whole(head)
            if answer is not None:
                _compute(answer, models)
            shown.append(answer or head)
    return shown


def recent(models: pl.DataFrame) -> pl.DataFrame:
    """Models of the last three years with a known training compute.

    Columns: name, year, training_compute_flop, price_usd_per_flop (null where the cost is not known).
    """
    last = pl.col("year").max()
    return models.filter((pl.col("year") > last - YEARS) & pl.col("training_compute_flop").is_not_null()).select(
        "year",
        "training_compute_flop",
        name="model",
        price_usd_per_flop=pl.col("cost_usd_2023") / pl.col("training_compute_flop"),
    )


def _warnings(head: Answer, models: pl.DataFrame) -> None:
    found = [note for note in head.result.warnings if "price" in note or "legacy" in note]
    sentence = compute_warning(head.result.summary["training_compute_flop"], models)
    for note in [*found, *([sentence] if sentence else [])]:
        st.warning(_page.escape(note))
    if head.spec.cost_basis == "legacy":
        st.info("The legacy cost basis is an amount, not compute times a price; no price is compared.")


def compute_warning(flop: float | None, models: pl.DataFrame) -> str | None:
    """A sentence where the compute is outside what recent models had."""
    if flop is None or models.is_empty():
        return None
    ends = models.sort("training_compute_flop")
    low, high = (ends[i, "training_compute_flop"] for i in (0, -1))
    if low <= flop <= high:
        return None
    return (
        f"The training compute of {flop:.3g} FLOP is outside the observed range of {low:.2g} to "
        f"{high:.2g} FLOP (the highest: {ends[-1, 'name']}), models since {models['year'].min()}."
    )


def _price(head: Answer, models: pl.DataFrame) -> None:
    priced = models.drop_nulls("price_usd_per_flop")
    cloud = catalogue(_results.table("models", head.vintage)).scenarios.get(CLOUD, {}).get("price_usd_per_flop")
    rows = price_rows(head.result.summary["price_usd_per_flop"], cloud)
    rows = pl.concat([rows, _row_of_ticks(models)], how="diagonal")
    dots = priced.select("name", row=pl.lit(rows["row"][-1]), value="price_usd_per_flop")
    _page.draw(
        charts.range_chart(rows, "Price of compute", "USD per FLOP", dots),
        "npv-price",
        head,
        pl.concat([rows, dots.with_columns(kind=pl.lit(SEEN))], how="diagonal").drop_nulls("value"),
        alt=f"Price of compute on a log axis: {_said(rows)}.",
    )
    st.caption(
        f"Ticks: {priced.height} models since {models['year'].min()} whose amortised cost and compute are known. "
        "Cloud: what GPT-4 would have cost to rent, over its compute."
    )


def price_rows(price: float | None, cloud: float | None) -> pl.DataFrame:
    """The scenario's price, where it has one, over what was observed. Columns: row, kind, value, low, high."""
    low, high = OBSERVED_PRICE_USD_PER_FLOP
    points = (
        (HERE, HERE, price),
        ("Highest in the data", SEEN, HIGHEST_PRICE_USD_PER_FLOP),
        ("Cloud rental", SEEN, cloud),
    )
    rows: list[Row] = [(row, kind, value, None, None) for row, kind, value in points if value is not None]
    return _frame([*rows, ("5-95 % and median, 2023-25", SEEN, PRICES_USD_PER_FLOP["data"], low, high)])


def _frame(rows: list[Row]) -> pl.DataFrame:
    numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema={"row": pl.String, "kind": pl.String, **numbers}, orient="row")


def _row_of_ticks(models: pl.DataFrame) -> pl.DataFrame:
    """A row without a value, for the ticks of models."""
    return pl.DataFrame({"row": [f"Models since {models['year'].min()}"], "kind": [SEEN]})


def _said(rows: pl.DataFrame) -> str:
    """Rows that have a value, with it."""
    known = rows.drop_nulls("value")
    return "; ".join(f"{row} {value:.3g}" for row, value in known.select("row", "value").iter_rows())


def _compute(answer: Answer, models: pl.DataFrame) -> None:
    routes = answer.result.tables["compute_routes"]
    rows = compute_rows(answer.result.summary["training_compute_flop"], routes)
    rows = pl.concat([rows, _row_of_ticks(models)], how="diagonal")
    dots = models.select("name", row=pl.lit(rows["row"][-1]), value="training_compute_flop")
    _page.draw(
        charts.range_chart(rows, "Training compute", "FLOP", dots),
        "npv-compute",
        answer,
        rows,
        alt=f"Training compute on a log axis: {_said(rows)}.",
    )
    st.caption("Bars: 95 % prediction interval of a single model. Ticks: recent models.")
    _page.small_table(routes_table(routes), "Compute by route")


def compute_rows(flop: float | None, routes: pl.DataFrame) -> pl.DataFrame:
    """The scenario's compute and every route to it. Columns: row, kind, value, low, high."""
    rows: list[Row] = [] if flop is None else [(HERE, HERE, flop, None, None)]
    return _frame([*rows, *((short(row[0]), ROUTE, *row[1:]) for row in routes.iter_rows())])


def short(route: str) -> str:
    """A route's name as a label: what stands before its colon."""
    return route.split(":")[0].capitalize()


def routes_table(routes: pl.DataFrame) -> pl.DataFrame:
    """One row a route, with its prediction interval."""
    return pl.DataFrame(
        [
            {
                "route": route,
                "training compute (FLOP)": f"{flop:.4g}",
                "95 % prediction interval": "" if low is None else f"{low:.3g} to {high:.3g}",
            }
            for route, flop, low, high in routes.iter_rows()
        ]
    )
