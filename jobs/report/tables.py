"""A table of the paper as text, CSV, LaTeX and HTML."""

import html
from collections.abc import Mapping
from typing import Any

import polars as pl

COUNTS = ("n", "events", "pairs", "replicates", "rows", "clusters", "year")
THREE = ("slope", "se", "ci_low", "ci_high", "r2", "hr", "coef", "elasticity", "intercept", "share")
SHARES = ("p_positive", "p_invest", "survival")
TWO = ("boot_low", "boot_high", "cv")
ONE = ("aic",)
P_VALUES = ("p", "ph_p", "p_hc3", "p_cluster", "p_wcr", "quadratic_p", "break_p")
SMALLEST_P = 0.001
WIDEST = 1000
DOCUMENT = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[a3paper,landscape,margin=1cm]{geometry}
\usepackage{booktabs}
\usepackage{caption}
\begin{document}
"""
PREAMBLE = rf"""% Compiles by itself, and can be \input into a document that loads booktabs, caption and fontenc (T1).
\expandafter\ifx\csname @nodocument\endcsname\relax\else
{DOCUMENT}\def\tableopened{{}}
\fi
"""
CLOSING = "\\ifdefined\\tableopened\\end{document}\\fi\n"


def shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as text, each column to the digits its figures are printed with; columns without a value left out."""
    kept = [s for s in frame.get_columns() if s.null_count() < len(s)]
    return pl.DataFrame({s.name: [_cell(s.name, value) for value in s.to_list()] for s in kept})


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if name in COUNTS and float(value).is_integer():
        return f"{value:.0f}" if name == "year" else f"{value:,.0f}"
    return _number(name, float(value))


def _number(name: str, value: float) -> str:
    if name in P_VALUES:
        return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"
    if name in SHARES and 1 - SMALLEST_P / 2 <= value < 1:
        return f"> {1 - SMALLEST_P}"
    for names, places in ((THREE + SHARES, 3), (TWO, 2), (ONE, 1)):
        if name in names:
            return f"{value:.{places}f}"
    if name.endswith("months"):
        return f"{value:.1f}"
    return f"{value:.6e}" if name.endswith("_usd") else f"{value:.4g}"


def files(frame: pl.DataFrame, title: str, caption: str, watermark: str = "") -> Mapping[str, str]:
    """The table by ending: txt, csv (full digits), tex (booktabs) and html, each with its caption."""
    head = f"{watermark} {title}".strip()
    if not frame.height:
        note = f"{head}\n\nNothing to show in this version.\n\n{caption}\n"
        return {
            "txt": note,
            "csv": f"# {caption}\n",
            "tex": _empty_tex(head, caption),
            "html": _empty_html(head, caption),
        }
    text = shown(frame)
    made = _great_table(text, head, caption)
    return {
        "txt": f"{head}\n\n{plain(text)}\n\n{caption}\n",
        "csv": f"# {head}. {caption}\n{frame.write_csv()}",
        "tex": f"{PREAMBLE}{made.as_latex()}{CLOSING}",
        "html": made.as_raw_html(),
    }


def plain(text: pl.DataFrame) -> str:
    """A frame of text as an aligned block."""
    with pl.Config(
        tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=WIDEST,
        fmt_str_lengths=WIDEST,
    ):
        return str(text)


def _great_table(text: pl.DataFrame, title: str, caption: str) -> Any:
    from great_tables import GT

    numbers = [name for name in text.columns if _is_number(text[name])]
    named: dict[str, Any] = {name: name.replace("_", " ") for name in text.columns}
    table = GT(text, id="table").tab_header(title=title).tab_source_note(caption).cols_label(named)
    return table.cols_align("right", columns=numbers).tab_options(table_font_size="9px")


def _is_number(values: pl.Series) -> bool:
    return bool(values.str.contains(r"^(?:[-<>]? ?[0-9][0-9.,e+-]*)?$").all())


def _empty_tex(title: str, caption: str) -> str:
    return f"{PREAMBLE}\\paragraph{{{_tex(title)}}} Nothing to show in this version. {_tex(caption)}\n{CLOSING}"


def _empty_html(title: str, caption: str) -> str:
    return f"<h2>{html.escape(title)}</h2><p>Nothing to show in this version.</p><p>{html.escape(caption)}</p>\n"


def _tex(text: str) -> str:
    for mark in "\\&%$#_{}":
        text = text.replace(mark, f"\\{mark}" if mark != "\\" else "/")
    return text
