"""How a review puts its figures: values with their unit, what cannot be told with its reason, tables of figures.

Shared by the sections of the review; it concludes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from mdfsync.currencies import in_currency, is_currency
from mdfsync.documents.paper import Grid, Nature
from mdfsync.performance.measure import Measure
from mdfsync.pipeline_totals import Sum

DIRECTIONS: Mapping[str, str] = {
    "we_claim": "we claim", "we_reimburse": "we reimburse", "": "no paper says who pays",
}  # fmt: skip
NONE = "–"
_NATURES: Mapping[Nature, str] = {"calculation": "Calculated", "fact": "Counted", "decision": "What people decided"}


def value_words(measure: Measure) -> str:
    """`12 leads`, `85.0 %`, `1,155.00 EUR`; what cannot be told says why."""
    if measure.value is None:
        plain = measure.why_not.startswith(("too few", "unknown"))
        return measure.why_not[:1].upper() + measure.why_not[1:] if plain else f"Cannot be told: {measure.why_not}"
    if is_currency(measure.unit):
        return in_currency(measure.value, measure.unit)
    return f"{number(measure.value)} {_unit(measure.unit, measure.value)}"


def rests_on(measure: Measure) -> str:
    """The records behind a figure: `14 leads`."""
    if measure.behind is None:
        return NONE
    return f"{measure.behind} {_unit(measure.of, measure.behind)}"


def _unit(unit: str, value: Decimal | int) -> str:
    return unit.removesuffix("s") if value == 1 else unit


def figures(measures: Iterable[Measure]) -> Iterator[Grid]:
    """Figures with what they count and where they come from; calculations, facts and decisions apart."""
    taken = tuple(measures)
    for nature, title in _NATURES.items():
        if of := [measure for measure in taken if measure.nature == nature]:
            yield _figures(of, nature, title)


def _figures(taken: Sequence[Measure], nature: Nature, title: str) -> Grid:
    return Grid(
        title=title,
        columns=("Figure, and what it counts", "Value", "Rests on"),
        rows=tuple((f"{m.title}\n{m.counts}", value_words(m), rests_on(m)) for m in taken),
        widths=(54, 32, 14),
        nature=nature,
        sources=tuple(dict.fromkeys(source for m in taken for source in m.sources)),
    )


def number(value: Decimal) -> str:
    """`1,234.5`, without zeros that say nothing."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(amount: Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else in_currency(amount, currency)


def amounts(total: Sum) -> str:
    """Amounts by currency, a line each; deals without one are said."""
    lines = [in_currency(amount, currency) for currency, amount in total.amounts.items()]
    if total.without_amount:
        lines.append(f"{total.without_amount} without an amount")
    return "\n".join(lines) or NONE


def short(text: str, most: int = 160) -> str:
    """A sentence for a cell; the JSON has all of it."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
