"""A click that several views of one chart share."""

from collections.abc import Sequence

import altair as alt


def click(name: str, fields: Sequence[str], *, empty: bool) -> alt.Parameter:
    """A selection of marks by click, to put in the conditions of marks; `shared` says where to click."""
    return alt.selection_point(name=name, fields=list(fields), on="click", toggle=False, empty=empty)


def shared(chart: alt.VConcatChart, name: str, fields: Sequence[str]) -> alt.VConcatChart:
    """The chart with a click selection that listens in every view that has a name, and holds in all views.

    Of layers name one: it hears clicks on the others too.

    Altair merges a parameter added to several views only with a warning, so it is put on the whole.
    """
    select = alt.PointSelectionConfig(type="point", fields=list(fields), on="click", toggle=False)
    known = list(chart.params) if isinstance(chart.params, list) else []
    chart.params = [*known, alt.TopLevelSelectionParameter(name=name, select=select, views=_named(chart))]
    return chart


def _named(chart: alt.VConcatChart) -> list[str]:
    units = [unit for part in chart.vconcat for unit in getattr(part, "layer", [part])]
    return [unit.name for unit in units if isinstance(unit.name, str)]
