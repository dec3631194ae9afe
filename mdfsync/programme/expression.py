"""What a programme author writes between quotes, as a tree: conditions, dates, spans, amounts.

    "claim.submitted_at <= activity.end + 30 days"

The grammar stands in `expression.lark`. It refuses what it cannot read, with the place; what a name means and whether
kinds fit together is `compiling`'s business. First step of a programme's life, before `compiling`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from mdfsync.programme.calendars import Span
from mdfsync.programme.errors import ExpressionError

_HINTS = (
    (r"\b(AND|OR|NOT|IN|IF|THEN|ELSE|WHERE|BETWEEN)\b", "; such words are written in lower case"),
    (r"&&|\|\||!(?!=)", "; write and, or, not"),
    (r"(?<![<>=!])=(?!=)", "; two things are compared with =="),
    (r"\d,\d{3}\b", "; thousands are written 1_000"),
    (r"[$€£]", "; amounts stand without a sign of their currency"),
    (r"\bif\b(?!.*\belse\b)", "; `if … then …` needs `else …`"),
    (r"\bin\s*\(", '; a list is written ["a", "b"]'),
    (r"%\s+of\b", "; a part of an amount is written 20% * amount"),
    (r"\bis\b", "; write == for is"),
    (r"^[A-Za-z]+([ -][A-Za-z]+)*$", "; a text has quotes of its own, as in '\"gold\"'"),
    (r"[A-Z]", "; names are written in lower case, texts in quotes"),
)
GRAMMAR = Path(__file__).with_name("expression.lark")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written: text, number, date, span, true or false."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute of the case by its path, a named value of the programme, or an attribute of a list's item."""

    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """The items of a list for which the condition holds."""

    items: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Operation:
    """`and`, `or`, `not`, `if`, `in`, `between`, `list`, comparisons, arithmetic, by operator."""

    operator: str
    operands: tuple[Node, ...]


Node = Literal | Name | Call | Selected | Operation


def parse(text: str) -> Node:
    """The tree of an expression. `ExpressionError` names the place that cannot be read."""
    tree: Node = _parser()(text)
    return tree


@cache
def _parser() -> Callable[[str], Any]:
    import lark  # here, because most verbs read no programme

    class Build(lark.Transformer[lark.Token, Node]):
        """From the parser's tree to ours, bottom up."""

        def date(self, items: list[Any]) -> Node:
            return Literal(datetime.date.fromisoformat(items[0]))

        def percent(self, items: list[Any]) -> Node:
            return Literal(Decimal(items[0][:-1].rstrip()) / 100)

        def number(self, items: list[Any]) -> Node:
            return Literal(Decimal(items[0].replace("_", "")))

        def text(self, items: list[Any]) -> Node:
            return Literal(str(items[0][1:-1]))

        def true(self, _items: list[Any]) -> Node:
            return Literal(True)

        def false(self, _items: list[Any]) -> Node:
            return Literal(False)

        def span(self, items: list[Any]) -> Node:
            return Literal(Span.read(items[0], items[1]))

        def path(self, items: list[Any]) -> Node:
            return Name(str(items[0]))

        def call(self, items: list[Any]) -> Node:
            arguments = items[1].children if len(items) > 1 else ()
            return Call(str(items[0]), tuple(arguments))

        def selected(self, items: list[Any]) -> Node:
            return Selected(items[0], items[1])

        def listed(self, items: list[Any]) -> Node:
            return Operation("list", tuple(items))

        def choice(self, items: list[Any]) -> Node:
            return Operation("if", tuple(items))

        def either(self, items: list[Any]) -> Node:
            return Operation("or", tuple(items))

        def both(self, items: list[Any]) -> Node:
            return Operation("and", tuple(items))

        def negation(self, items: list[Any]) -> Node:
            return Operation("not", tuple(items))

        def compared(self, items: list[Any]) -> Node:
            return Operation(str(items[1]), (items[0], items[2]))

        def within(self, items: list[Any]) -> Node:
            return Operation("in", tuple(items))

        def without(self, items: list[Any]) -> Node:
            return Operation("not", (Operation("in", tuple(items)),))

        def between(self, items: list[Any]) -> Node:
            return Operation("between", tuple(items))

        def minus(self, items: list[Any]) -> Node:
            return Operation("-", (Literal(Decimal(0)), items[0]))

        def _chain(self, items: list[Any]) -> Node:
            tree: Node = items[0]
            for operator, right in zip(items[1::2], items[2::2], strict=True):
                tree = Operation(str(operator), (tree, right))
            return tree

        sum = product = _chain

    parser = lark.Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", maybe_placeholders=False)
    build = Build()

    def parse_text(text: str) -> Any:
        try:
            tree: Any = build.transform(parser.parse(text))
        except lark.exceptions.UnexpectedInput as error:
            place = error.get_context(text, span=30).rstrip().splitlines()[0]
            column = getattr(error, "column", 0)
            hint = next((words for sign, words in _HINTS if re.search(sign, text)), "")
            raise ExpressionError(f"cannot be read at column {column}: … {place.strip()} …{hint}") from None
        except lark.exceptions.VisitError as error:
            raise ExpressionError(f"cannot be read: {error.orig_exc}") from None
        return tree

    return parse_text
