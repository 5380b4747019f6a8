"""Groups: the median lead by domain, tier, organization type, era, year and access class."""

import polars as pl
import streamlit as st

from views import _page
from views._diffusion import words
from views._results import Answer
from views.charts import diffusion_groups as charts

NAMES = {words.GROUPS[name]: name for name in ("domain", "tier", "organization_type", "era", "release_year", "access")}
TIERS = ("below 1e23 FLOP", "1e23 to 1e24 FLOP", "1e24 to 1e25 FLOP", "1e25 FLOP and above", "compute unknown")


def show(answer: Answer) -> None:
    """Dot plot, curves and log-rank test of one grouping."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox("Group by", list(NAMES), key="group", bind="query-params")
    bands = right.toggle("Show the 95 % bands", key="group_bands", bind="query-params")
    group, tables, end = NAMES[str(name)], answer.result.tables, answer.spec.window_months
    rows = ordered(tables["groups"].filter(pl.col("group") == group))
    _page.draw(
        charts.median_chart(rows, end, f"Median lead by {str(name).lower()}"),
        f"diffusion-groups-{group}",
        answer,
        rows,
        alt=f"Median lead with 95 % interval by {str(name).lower()}: {in_words(rows)}.",
    )
    st.markdown(log_rank(tables["log_rank"].filter(pl.col("group") == group)))
    _curves(answer, group, str(name), bands)
    _page.small_table(figures(rows), "Groups")


def _curves(answer: Answer, group: str, name: str, bands: bool) -> None:
    curves = ordered(answer.result.tables["group_curves"].filter(pl.col("group") == group))
    if curves.is_empty():
        st.info("No group has five leads; there is no curve to draw.")
        return
    _page.draw(
        charts.curves_chart(curves, answer.spec.window_months, f"Leads that hold, by {name.lower()}", bands=bands),
        f"diffusion-curves-{group}",
        answer,
        curves,
        alt=f"Survival curves by {name.lower()}: " + ", ".join(curves["level"].unique(maintain_order=True)) + ".",
        key=f"curves {group} {bands}",
    )


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Tiers from small to large; other levels as they come."""
    place = pl.col("level").replace_strict(list(TIERS), list(range(len(TIERS))), default=-1, return_dtype=pl.Int64)
    return rows.sort(place, maintain_order=True)


def in_words(rows: pl.DataFrame) -> str:
    """Levels with median and n."""
    return "; ".join(
        f"{row['level']} {words.months(row['median_months']) + ' months' if row['events'] is not None else ''} "
        f"(n = {row['n']})".replace("  ", " ")
        for row in rows.iter_rows(named=True)
    )


def log_rank(test: pl.DataFrame) -> str:
    """The comparison of the curves in a sentence."""
    row = test.row(0, named=True) if test.height else None
    if row is None or row["p"] is None:
        return "No log-rank test: it needs two groups of five or more leads."
    return (
        f"Log-rank test over the {row['groups']} groups of five or more ({row['n']} leads, {row['events']} ended): "
        f"chi-square {row['chi2']:.2f} on {row['df']} degrees of freedom, p = {words.probability(row['p'])}."
    ).replace("= <", "<")


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a level; fewer than five leads have n only."""
    return pl.DataFrame([_row(row) for row in rows.iter_rows(named=True)])


def _row(row: dict[str, object]) -> dict[str, object]:
    known = row["events"] is not None
    median, low, high, first, last = (
        row[n] for n in ("median_months", "ci_low", "ci_high", "cluster_low", "cluster_high")
    )
    return {
        "group": row["level"],
        "n": row["n"],
        "ended": row["events"],
        "median (months)": words.months(median) if known else "",  # type: ignore[arg-type]
        "95 %": words.interval(low, high),  # type: ignore[arg-type]
        "95 %, clustered by follower": words.interval(first, last),  # type: ignore[arg-type]
        "restricted mean (months)": row["restricted_mean_months"],
    }
