"""Charts for documents: bars, a waterfall, a histogram, spans of time; each a Vega-Lite description, and `svg` makes it
a picture.

    figures ─bars / waterfall / histogram / spans─> description ─svg─> picture

Only what people would rather look at than read: the figures stand in a table beside the chart. Every text in a chart is
data, on one line and without signs that nobody sees: the renderer ends the process over some of them. The same
description gives the same bytes: nothing here needs ids that a renderer counts up. Where the renderer has no build for
the system, there is no picture, and the document says the same in words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

Chart = Mapping[str, Any]
Weight = Literal["strong", "plain", "faint", "warning"]
COLOURS: Mapping[Weight, str] = {"strong": "#1f4e79", "plain": "#6f93b5", "faint": "#b9c2cd", "warning": "#b45309"}
WIDTH = 680
"""Points of the whole picture with its labels, so that letters are of one size in all charts of a page."""
LABELS = 190
"""Points that labels may take; a longer one ends in dots, and stands whole in the table beside the chart."""
LETTER = 7.5
"""Points that a letter may take."""
MOST = 120
"""Letters of a text in a chart."""
STEP = 24
_FONT = "Libertinus Serif, Georgia, Times New Roman, serif"
_CONFIG: Mapping[str, Any] = {
    "font": _FONT,
    "aria": False,
    "background": None,
    "view": {"stroke": None},
    "mark": {"aria": False},
    "axis": {
        "labelFontSize": 11, "titleFontSize": 11, "labelColor": "#1b1f24", "titleColor": "#4a525c",
        "titleFontWeight": "normal", "gridColor": "#e4e7eb", "domainColor": "#8a929c", "tickColor": "#8a929c",
        "labelLimit": LABELS,
    },
    "text": {"fontSize": 11, "fill": "#1b1f24"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, its length, and the words that stand at its end."""

    label: str
    value: Decimal | int
    words: str
    weight: Weight = "strong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A line of a plan: from `start` to `end`, both included; a mark where it is one day, `weight` by how it stands.
    `moment` is a day of its own, drawn as a diamond."""

    label: str
    start: date
    end: date
    weight: Weight = "strong"
    moment: date | None = None


def bars(rows: Sequence[Bar], *, axis: str) -> Chart:
    """Horizontal bars in the order given; `axis` says what their length is, with its unit."""
    values = [_bar(n, row, Decimal(0), Decimal(row.value)) for n, row in enumerate(rows)]
    return _bars(values, axis)


def waterfall(rows: Sequence[Bar], *, axis: str) -> Chart:
    """How an amount becomes another. The first and the last bar stand on the axis, those between go on from where the
    one before ended: a negative value takes away."""
    values, at = [], Decimal(0)
    for n, row in enumerate(rows):
        value = Decimal(row.value)
        stands = n in {0, len(rows) - 1}
        values.append(_bar(n, row, Decimal(0) if stands else at, value if stands else at + value))
        at = value if stands else at + value
    return _bars(values, axis)


def histogram(bins: Sequence[Bar], *, axis: str) -> Chart:
    """How often each of a few ranges occurs, as columns side by side in the order given; `axis` says what is counted.
    The labels stand below, so they are short."""
    values = [_bar(n, row, Decimal(0), Decimal(row.value)) for n, row in enumerate(bins)]
    most = max((value["end"] for value in values), default=0.0)
    scale = {"domain": [0, (most or 1.0) * 1.15], "nice": False}
    height = {"field": "end", "type": "quantitative", "title": _plain(axis), "scale": scale, "axis": {"tickCount": 4}}
    below = {**_LABELS["axis"], "labelAngle": 0, "labelPadding": 4}
    return {
        "data": {"name": "rows", "values": values},
        "width": WIDTH,
        "height": 150,
        "autosize": _FIT,
        "encoding": {"x": {**_LABELS, "axis": below, "scale": {"paddingInner": 0.25}}, "y": height},
        "layer": [
            {"mark": {"type": "bar"}, "encoding": {"color": _COLOUR}},
            {
                "mark": {"type": "text", "baseline": "bottom", "dy": -3},
                "encoding": {"text": {"field": "words"}},
            },
        ],
    }


def spans(rows: Sequence[Span], *, today: date) -> Chart:
    """A plan over time (Gantt), in the order given, with a line at `today`."""
    values = [
        {
            "n": n, "label": _plain(row.label), "start": row.start.isoformat(),
            "end": (row.end + timedelta(days=1)).isoformat(), "colour": COLOURS[row.weight],
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    moments = [{"n": n, "moment": row.moment.isoformat()} for n, row in enumerate(rows) if row.moment]
    time = {"type": "temporal", "title": None, "axis": {"format": "%-d %b %Y", "labelOverlap": True, "tickCount": 6}}
    bar = {"type": "bar", "height": 12, "cornerRadius": 2, "minBandSize": 3}
    return {
        "width": WIDTH,
        "height": {"step": STEP},
        "autosize": _FIT,
        "layer": [
            {
                "data": {"name": "rows", "values": values},
                "mark": bar,
                "encoding": {
                    "x": {"field": "start", **time}, "x2": {"field": "end"}, "y": _LABELS, "color": _COLOUR,
                },
            },
            *([_moments(moments)] if moments else []),
            {
                "data": {"values": [{"today": today.isoformat()}]},
                "mark": {"type": "rule", "color": "#9a3412", "strokeDash": [4, 3]},
                "encoding": {"x": {"field": "today", "type": "temporal"}},
            },
        ],
    }  # fmt: skip


def _moments(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Days of their own within a plan, as diamonds."""
    return {
        "data": {"values": values},
        "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 90, "color": "#1b1f24", "opacity": 1},
        "encoding": {"x": {"field": "moment", "type": "temporal"}, "y": _LABELS},
    }


_FIT: Mapping[str, Any] = {"type": "fit-x", "contains": "padding"}
_LABELS: Mapping[str, Any] = {
    "field": "n", "type": "ordinal", "title": None,
    "axis": {"ticks": False, "domain": False, "labelPadding": 8, "labelExpr": "data('rows')[datum.value].label"},
}  # fmt: skip
"""Rows are placed by their number, since two may have the same label."""
_COLOUR: Mapping[str, Any] = {"field": "colour", "type": "nominal", "scale": None}


def _bar(n: int, row: Bar, start: Decimal, end: Decimal) -> dict[str, Any]:
    low, high = sorted((start, end))
    return {
        "n": n, "label": _plain(row.label), "start": float(low), "end": float(high), "words": _plain(row.words),
        "colour": COLOURS[row.weight],
    }  # fmt: skip


def _bars(values: list[dict[str, Any]], axis: str) -> Chart:
    """Room is left on the right for the words at the ends."""
    most = max((value["end"] for value in values), default=0.0)
    least = min((value["start"] for value in values), default=0.0)
    words = max((len(value["words"]) for value in values), default=0) * LETTER / (WIDTH - LABELS)
    scale = {"domain": [min(least, 0.0), (most or 1.0) / (1 - min(words, 0.6))], "nice": False}
    length = {"field": "start", "type": "quantitative", "title": _plain(axis), "scale": scale, "axis": {"tickCount": 5}}
    return {
        "data": {"name": "rows", "values": values},
        "width": WIDTH,
        "height": {"step": STEP},
        "autosize": _FIT,
        "encoding": {"y": _LABELS},
        "layer": [
            {
                "mark": {"type": "bar", "height": 14},
                "encoding": {"x": length, "x2": {"field": "end"}, "color": _COLOUR},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "baseline": "middle"},
                "encoding": {"x": {"field": "end", "type": "quantitative"}, "text": {"field": "words"}},
            },
        ],
    }


def _plain(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())[:MOST]


def svg(chart: Chart) -> str:
    """The picture; blank where the renderer is not installed."""
    try:
        import vl_convert
    except ImportError:  # it has no build for every system; everything else works without it
        return ""
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **chart, "config": _CONFIG}
    made = vl_convert.vegalite_to_svg(json.dumps(whole), vl_version="5.20", allowed_base_urls=[])
    assert isinstance(made, str)  # noqa: S101 - a picture is text
    return made
