"""What pages are made of: head, finding, chart with source and downloads, tables, and the command."""

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from engine.result import difference, jsonable
from views import _results
from views._results import Answer
from views.charts import theme
from views.content import Text

KEY_LETTERS = 10
LONG_LETTERS = 60
TABLE_STYLE = (
    "<style>.figures{overflow-x:auto;margin-bottom:1rem}.figures table{border-collapse:collapse;font-size:.9rem}"
    ".figures th,.figures td{border-bottom:1px solid rgba(128,136,145,.35);padding:.35rem .9rem .35rem 0;"
    "text-align:left;vertical-align:top}.figures th{font-weight:600}"
    ".figures .long{min-width:16rem}.figures .number{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}</style>"
)
TABLE_OF = {"scaling": "models"}


def head(text: Text) -> None:
    """Title, guiding question, method note and limits."""
    st.title(text.title)
    st.markdown(f"**{text.question}**")
    st.markdown(f"**Method.** {text.method}")
    st.markdown(f"**Limits.** {text.limits}")


def finding(sentence: str) -> None:
    """The computed headline, or the reason there is none."""
    if sentence.startswith("No headline"):
        st.info(sentence)
    else:
        with st.container(border=True):
            st.markdown(f"**Finding.** {escape(sentence)}")


def source_line(answer: Answer, *, short: bool = False) -> str:
    """Source, licence, retrieval date, vintage, preset and run key of what an answer's chart or export shows.

    `short` leaves out what a licence's name says after its first comma or bracket.
    """
    rows = _results.sources(answer.vintage).filter(pl.col("table").is_in(_tables_of(answer)))
    named = [_source(row, short) for row in rows.to_dicts()]
    named += [f"a file of your own ({Path(path).name})" for path in answer.files.values()]
    made = f"Vintage {answer.vintage}, preset {answer.preset}, run {answer.result.key[:KEY_LETTERS]}."
    return f"Source: {'; '.join(dict.fromkeys(named))}. {made}"


def _tables_of(answer: Answer) -> list[str]:
    """The vintage's tables behind an answer; not those that a user's file stands in for."""
    own = {*answer.files, *(TABLE_OF.get(name, name) for name in answer.files)}
    return [TABLE_OF.get(name, name) for name in answer.result.inputs or ["models"] if name not in own]


def _source(row: dict[str, Any], short: bool) -> str:
    publisher, licence = row["publisher"], row["licence"]
    if short:
        publisher, licence = publisher.split(" (")[0], licence.split(" (")[0].split(",")[0]
    return f"{publisher} ({licence}, retrieved {row['retrieved']})"


def draw(
    chart: theme.Chart,
    name: str,
    answer: Answer,
    data: pl.DataFrame,
    *,
    alt: str,
    key: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """A chart over its source line and its downloads; `alt` says in words what it shows."""
    place = key or f"{name} {answer.preset}"
    if on_select is None:
        st.altair_chart(chart, key=place, width="stretch", alt=alt)
    else:
        st.altair_chart(chart, key=place, width="stretch", alt=alt, on_select=on_select)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        st.caption(source_line(answer, short=True), width="stretch")
        downloads(name, chart, data, answer)


def downloads(name: str, chart: theme.Chart, data: pl.DataFrame, answer: Answer, label: str = "Download") -> None:
    """Data and chart to take away, made only when asked for."""
    stem, source = f"{name}-{answer.preset}", source_line(answer)
    offers: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
        ("Data (CSV)", "csv", "text/csv", lambda: csv(data, source)),
        ("Chart (Vega-Lite with data)", "vl.json", "application/json", lambda: theme.vega_lite_json(chart, source)),
        ("Picture (PNG)", "png", "image/png", lambda: theme.png(chart, source)),
        ("Picture (SVG)", "svg", "image/svg+xml", lambda: theme.svg(chart, source)),
    ]
    with st.popover(label, key=f"downloads {stem}"):
        for offer, ending, mime, make in offers:
            st.download_button(
                offer, make, file_name=f"{stem}.{ending}", mime=mime, key=f"{stem} {ending}", on_click="ignore"
            )


def csv(data: pl.DataFrame, source: str) -> str:
    """The frame as CSV under a comment line with its source; lists joined by '; '."""
    lists = [name for name, kind in data.schema.items() if isinstance(kind, pl.List)]
    flat = data.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name in lists)
    return f"# {source}\n{flat.write_csv()}"


def tables(answers: Sequence[Answer]) -> None:
    """Every table of the results: one at a time, drawn only once asked for."""
    st.header("Tables")
    study = answers[0].spec.study
    place = st.expander("Look at a table", key=f"tables {study}", on_change="rerun")
    if place.open:
        with place:
            shown = {title(name, answer, answers): (name, answer) for answer in answers for name in named(answer)}
            name, answer = shown[st.selectbox("Table", list(shown), key=f"table of {study}")]
            _table(name, answer)


def named(answer: Answer) -> list[str]:
    """Names of a result's tables that have columns."""
    return [name for name, data in answer.result.tables.items() if data.width]


def title(name: str, answer: Answer, answers: Sequence[Answer]) -> str:
    """A table's name in words, with its preset where there are two."""
    words = f"{name.replace('_', ' ').capitalize()} ({answer.result.tables[name].height:,} rows"
    return f"{words}, {answer.preset})" if len(answers) > 1 else f"{words})"


def _table(name: str, answer: Answer) -> None:
    data, source = answer.result.tables[name], source_line(answer)
    st.dataframe(data, hide_index=True)
    st.caption(source)
    st.download_button(
        "Data (CSV)",
        lambda: csv(data, source),
        file_name=f"{answer.spec.study}-{name}-{answer.preset}.csv",
        mime="text/csv",
        on_click="ignore",
    )


def small_table(data: pl.DataFrame, name: str, links: Mapping[str, str] | None = None) -> None:
    """A short table as text that a screen reader can walk; it scrolls by itself where the screen is narrow."""
    st.html(table_html(data, name, links or {}))


def table_html(data: pl.DataFrame, name: str, links: Mapping[str, str] | None = None) -> str:
    """A frame as an HTML table in a region of that name; numbers to the right.

    `links` gives columns whose values link to an address in which they stand for '{}'.
    """
    addresses = links or {}
    right = {column for column, kind in data.schema.items() if kind.is_numeric()}
    heads = "".join(f'<th scope="col"{_align(c in right)}>{html.escape(c)}</th>' for c in data.columns)
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_kind(v, c in right)}>{_linked(v, addresses.get(c))}</td>" for c, v in row.items())
        + "</tr>"
        for row in data.iter_rows(named=True)
    )
    region = f'<div class="figures" role="region" tabindex="0" aria-label="{html.escape(name)}">'
    return f"{TABLE_STYLE}{region}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _linked(value: Any, address: str | None) -> str:
    shown = html.escape(cell(value))
    if address is None or value is None:
        return shown
    target = html.escape(address.format(value), quote=True)
    return f'<a href="{target}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _kind(value: Any, right: bool) -> str:
    return ' class="long"' if isinstance(value, str) and len(value) > LONG_LETTERS else _align(right)


def _align(right: bool) -> str:
    return ' class="number"' if right else ""


def cell(value: Any) -> str:
    """A value as short text: four significant digits, an empty string for nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return str(jsonable(value))


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    for mark in "|$*~":
        text = text.replace(mark, "\\" + mark)
    return text


def columns(answers: Sequence[Answer]) -> list[tuple[Any, Answer]]:
    """A place for each answer: the page, or two columns named after the presets."""
    if len(answers) < 2:
        return [(st.container(), answer) for answer in answers]
    places = st.columns(len(answers), gap="large")
    for place, answer in zip(places, answers, strict=True):
        place.header("As published" if answer.preset == "published" else "Corrected")
    return list(zip(places, answers, strict=True))


def foot(answers: Sequence[Answer]) -> None:
    """The difference of two presets, notes, and the command that gives the same result."""
    if len(answers) == 2:
        st.header("Difference")
        small_table(difference(answers[0].result, answers[1].result), "Difference of the presets")
    notes = dict.fromkeys(note for answer in answers for note in answer.result.warnings)
    if notes:
        st.header("Notes")
        st.markdown("\n".join(f"- {note}" for note in notes))
    if answers:
        st.header("The command that gives the same result")
        commands = "\n".join(answer.command for answer in answers)
        st.code(commands, language=None, wrap_lines=True)
