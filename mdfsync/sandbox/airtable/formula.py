"""Formulas of the sandbox's Airtable: a Lark grammar, a small syntax tree, closures over records.

Used for `filterByFormula` and for formula and rollup fields made by hand. Parsing refuses what it does not know
instead of guessing; unknown names are collected so that the refusal can list them as the service does.
`candidates` narrows a filter to the records it can match when it is built from `RECORD_ID()='…'` and
`{Text field}='…'` terms, so that a look-up by id does not read 50,000 rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from mdfsync.sandbox.airtable import functions
from mdfsync.sandbox.airtable.functions import truthy
from mdfsync.sandbox.airtable.operands import ERRORS
from mdfsync.sandbox.airtable.world import Table, World
from mdfsync.sandbox.store import Doc

GRAMMAR = r"""
    ?start: comparison
    ?comparison: joined | comparison COMPARE joined -> operation
    ?joined: sum | joined JOIN sum                  -> operation
    ?sum: product | sum (PLUS | MINUS) product      -> operation
    ?product: unary | product (TIMES | OVER) unary  -> operation
    ?unary: atom | MINUS unary                      -> negation
    ?atom: NUMBER                                   -> number
         | STRING                                   -> string
         | FIELD                                    -> field
         | NAME                                     -> bare
         | NAME "(" [comparison ("," comparison)*] ")" -> call
         | "(" comparison ")"
    COMPARE: "!=" | "<=" | ">=" | "=" | "<" | ">"
    JOIN: "&"
    PLUS: "+"
    MINUS: "-"
    TIMES: "*"
    OVER: "/"
    NUMBER: /\d+(\.\d+)?([eE][+-]?\d+)?|\.\d+/
    STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
    FIELD: /\{(\\.|[^}\\])*\}/s
    NAME: /[^\W\d]\w*/
    %import common.WS
    %ignore WS
"""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A field, by name or id."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Operation | Call
Getter = Callable[[Doc], Any]
Resolver = Callable[[str], Getter | None]


class InvalidFormula(ValueError):
    """The text is no formula; the message is what the service would say."""


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group(1)), text, flags=re.DOTALL)


@cache
def _parser() -> Callable[[str], Node]:
    import lark  # here, because most runs of the sandbox never filter

    class Build(lark.Transformer[lark.Token, Node]):
        def number(self, items: list[lark.Token]) -> Node:
            text = str(items[0])
            return Literal(int(text) if text.isdigit() else float(text))

        def string(self, items: list[lark.Token]) -> Node:
            return Literal(_unescape(str(items[0])[1:-1]))

        def field(self, items: list[lark.Token]) -> Node:
            return Name(_unescape(str(items[0])[1:-1]))

        def bare(self, items: list[lark.Token]) -> Node:
            return Name(str(items[0]))

        def call(self, items: list[Any]) -> Node:
            return Call(str(items[0]).upper(), tuple(item for item in items[1:] if item is not None))

        def negation(self, items: list[Any]) -> Node:
            return Operation("-", Literal(0), items[1])

        def operation(self, items: list[Any]) -> Node:
            return Operation(str(items[1]), items[0], items[2])

    parser = lark.Lark(GRAMMAR, parser="lalr", transformer=Build(), maybe_placeholders=False)

    def parse_text(text: str) -> Node:
        try:
            node: Any = parser.parse(text)
        except lark.exceptions.LarkError as error:
            raise InvalidFormula("Invalid formula. Please check your formula text.") from error
        tree: Node = node
        return tree

    return parse_text


@lru_cache(maxsize=64)
def parse(text: str) -> Node:
    """The syntax tree of a formula text."""
    return _parser()(text)


def compile_formula(text: str, scope: Scope) -> Getter:
    """A function from a record to the formula's value; it raises `FormulaError` where Airtable shows `#ERROR!`."""
    unknown: list[str] = []
    getter = _compile(parse(text), scope, unknown)
    if unknown:
        names = ", ".join(dict.fromkeys(name.lower() for name in unknown))
        raise InvalidFormula(f"Unknown field names: {names}")
    return getter


@dataclass(frozen=True, slots=True)
class Scope:
    """What names and time-dependent functions mean: a resolver of field names and a clock."""

    resolve: Resolver
    now: Callable[[], datetime]


def names(text: str) -> list[str]:
    """The field names that a formula text uses, in order."""
    found: list[str] = []

    def look(node: Node) -> None:
        if isinstance(node, Name):
            found.append(node.name)
        for part in (node.left, node.right) if isinstance(node, Operation) else ():
            look(part)
        for part in node.arguments if isinstance(node, Call) else ():
            look(part)

    look(parse(text))
    return list(dict.fromkeys(found))


def _compile(node: Node, scope: Scope, unknown: list[str]) -> Getter:
    if isinstance(node, Literal):
        value = node.value
        return lambda _row: value
    if isinstance(node, Name):
        getter = scope.resolve(node.name)
        if getter is None:
            unknown.append(node.name)
            return lambda _row: None
        return getter
    if isinstance(node, Operation):
        operate = functions.OPERATORS[node.operator]
        left, right = _compile(node.left, scope, unknown), _compile(node.right, scope, unknown)
        return lambda row: operate(left(row), right(row))
    return _compile_call(node, scope, unknown)


def _compile_call(node: Call, scope: Scope, unknown: list[str]) -> Getter:
    if node.function == "LAST_MODIFIED_TIME":
        return _last_modified(node, scope)
    arguments = [_compile(argument, scope, unknown) for argument in node.arguments]
    if node.function == "NOW" and not arguments:
        return lambda _row: scope.now()
    if node.function == "TODAY" and not arguments:
        return lambda _row: scope.now().date()
    if node.function == "RECORD_ID" and not arguments:
        return lambda row: row["id"]
    if node.function == "CREATED_TIME" and not arguments:
        return lambda row: datetime.fromisoformat(row["createdTime"])
    known = functions.LAZY.get(node.function) or functions.PLAIN.get(node.function)
    if known is None or not known[0] <= len(arguments) <= known[1]:
        raise InvalidFormula("Invalid formula. Please check your formula text.")
    apply: Callable[..., Any] = known[2]
    if node.function in functions.LAZY:
        lazy: Getter = apply(arguments)
        return lazy
    return lambda row: apply(*[argument(row) for argument in arguments])


def _last_modified(node: Call, scope: Scope) -> Getter:
    names = [a.name for a in node.arguments if isinstance(a, Name)]
    if len(names) != len(node.arguments):
        raise InvalidFormula("Invalid formula. Please check your formula text.")
    watched = [scope.resolve(f"\0id:{name}") for name in names]
    if any(w is None for w in watched):
        missing = ", ".join(n.lower() for n, w in zip(names, watched, strict=True) if w is None)
        raise InvalidFormula(f"Unknown field names: {missing}")
    field_ids = [w({}) for w in watched if w is not None]
    return lambda row: datetime.fromisoformat(last_modified(row, field_ids)[0])


def last_modified(row: Doc, field_ids: Sequence[str]) -> tuple[str, str]:
    """(time, user id) of the last change to a record, or to the named cells of it; the creation when there was none."""
    created = (str(row["createdTime"]), str(row["createdBy"]))
    if not field_ids:
        return (str(row["modified"]), str(row["modifiedBy"])) if "modified" in row else created
    touched = [row["touched"][f] for f in field_ids if f in row.get("touched", {})]
    return max([created, *((str(at), str(user)) for at, user in touched)])


def holds(getter: Getter, row: Doc) -> bool:
    """Whether a filter keeps a record: errors and empty results do not."""
    try:
        return truthy(getter(row))
    except ERRORS:
        return False


def candidates(node: Node, world: World, table: Table) -> list[str] | None:
    """Ids of the only records that a filter can keep, or None when any record may pass."""
    if isinstance(node, Call) and node.function in {"OR", "AND"} and node.arguments:
        parts = [candidates(argument, world, table) for argument in node.arguments]
        if node.function == "AND":
            return min((p for p in parts if p is not None), key=len, default=None)
        if any(p is None for p in parts):
            return None
        return list(dict.fromkeys(record_id for part in parts if part for record_id in part))
    if not isinstance(node, Operation) or node.operator != "=":
        return None
    for left, right in ((node.left, node.right), (node.right, node.left)):
        if isinstance(right, Literal) and isinstance(right.value, str) and right.value:
            if left == Call("RECORD_ID", ()):
                return [right.value]
            field = table.field(left.name) if isinstance(left, Name) else None
            if field is not None:
                return world.matching(table, field, right.value)
    return None
