"""Selections that several views of one chart share."""

from collections.abc import Sequence
from typing import TypeVar

import altair as alt

C = TypeVar("C", alt.VConcatChart, alt.HConcatChart)


def click(name: str, fields: Sequence[str], *, empty: bool) -> alt.Parameter:
    """A selection of marks by click, to put in the conditions of marks; `shared` tells where to click."""
    return alt.selection_point(name=name, fields=list(fields), on="click", toggle=False, empty=empty)


def shared(chart: C, name: str, fields: Sequence[str], views: Sequence[str]) -> C:
    """The chart with a click selection that listens in each of the named views and holds in all."""
    select = alt.PointSelectionConfig(type="point", fields=list(fields), on="click", toggle=False)
    known = chart.params if isinstance(chart.params, list) else []
    chart.params = [*known, alt.TopLevelSelectionParameter(name=name, select=select, views=list(views))]
    return chart
