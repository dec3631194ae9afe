"""Functions over lists: `any`, `all`, `count`, `distinct`, `sum`, and the best of what every item says.

They take a list by name (`any(evidence where …)`) or an expression over the attributes of its items
(`sum(expense.lines.net * 50% where …)`). An item that lacks an attribute on which the answer depends makes the answer
unknown. Part of `compiling`, below `functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import Call, Name, Node, Operation, Selected
from mdfsync.programme.reading import Env, Run, Unknown, attribute, item_attribute
from mdfsync.programme.values import Scope, Value

Compile = Callable[[Node, Scope], Value]
NAMES = frozenset({"any", "all", "count", "distinct", "sum"})


@dataclass(frozen=True, slots=True)
class Items:
    """A list, what is asked of each of its items (None: nothing), and which of them are looked at (None: all)."""

    path: str
    read: Run
    value: Value | None
    passes: Value | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.path}) | Value.asked(v for v in (self.value, self.passes) if v is not None)


def call(node: Call, scope: Scope, compiled: Compile) -> Value:
    """The compiled form of one of `NAMES`."""
    items = items_of(node, scope, compiled)
    if node.name == "sum":
        if items.value is None or items.value.kind != "number":
            raise ExpressionError("sum takes a number of each item, as in sum(payments.amount where …)")
        return Value("number", folded(items, lambda *found: sum(found, Decimal(0)), empty=Decimal(0)), items.names)
    if node.name == "distinct":
        if items.value is None or items.value.kind not in {"text", "date", "number"}:
            raise ExpressionError("distinct takes an attribute of each item, as in distinct(expense.lines.person)")
        return Value("number", folded(items, lambda *f: Decimal(len(set(f))), empty=Decimal(0)), items.names)
    if items.value is not None:
        raise ExpressionError(f"{node.name} takes a list, not an attribute of its items")
    if node.name == "count":
        return Value("number", folded(items, lambda *found: Decimal(len(found)), empty=Decimal(0)), items.names)
    if node.name == "all" and items.passes is None:
        raise ExpressionError("all takes a list and a condition, as in all(payments where alike(payee, vendor))")
    return Value("flag", _some(items, node.name == "any"), items.names)


def items_of(node: Call, scope: Scope, compiled: Compile) -> Items:
    """The list, the attribute or expression asked of each item, and the condition of a call's only argument."""
    if len(node.arguments) != 1:
        raise ExpressionError(f"{node.name} takes one list")
    first = node.arguments[0]
    condition = first.condition if isinstance(first, Selected) else None
    target = first.items if isinstance(first, Selected) else first
    found: dict[str, Run] = {}
    for name in _names(target):
        path, read = _list_of(name, scope)
        if read is not None:
            found[path] = read
    if len(found) != 1:
        what = target.path if isinstance(target, Name) else f"what {node.name}(…) is asked of"
        raise ExpressionError(f"{what} is no list of records" if not found else f"{node.name} takes one list, not two")
    [(path, read)] = found.items()
    inside = scope.within(path)
    passes = compiled(condition, inside) if condition is not None else None
    if passes is not None and passes.kind != "flag":
        raise ExpressionError("`where` needs a condition")
    whole = isinstance(target, Name) and _whole(target.path, scope) == path
    return Items(path, read, None if whole else compiled(target, inside), passes)


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.path
    elif isinstance(node, Operation):
        for operand in node.operands:
            yield from _names(operand)
    elif isinstance(node, Call):
        for argument in node.arguments:
            if not isinstance(argument, Selected):  # a list inside is that call's own
                yield from _names(argument)


def _list_of(path: str, scope: Scope) -> tuple[str, Run | None]:
    """(list that a path is or to whose items it belongs, how it is read); ("", None) for other attributes, those of
    items that are looked at already among them."""
    full = _whole(path, scope)
    parts = full.split(".")
    for n in range(len(parts), 0, -1):
        items = ".".join(parts[:n])
        if scope.attributes.get(items) == "records":
            if items in scope.items:
                return "", None
            holder = next((i for i in reversed(scope.items) if items.startswith(f"{i}.")), "")
            if holder:
                return items, item_attribute(holder, items[len(holder) + 1 :], "records", scope.currency)
            return items, attribute(items, "records", scope.currency)
    return "", None


def _whole(path: str, scope: Scope) -> str:
    """A path in full: inside `where` the item's own list may be named without the list around it."""
    around = (f"{items}.{path}" for items in reversed(scope.items))
    return next((full for full in around if full in scope.attributes), path)


def folded(items: Items, fold: Callable[..., Any], empty: Any = None) -> Run:
    """A function of what every item says; unknown when one may pass or does not say, and without items where there is
    no answer to that."""
    read, passes = items.read, items.passes.run if items.passes else None
    ask: Run = items.value.run if items.value else lambda _env: True
    path, nothing = items.path, Unknown({f"any of {items.path}"}) if empty is None else empty

    def run(env: Env) -> Any:
        records = read(env)
        if type(records) is Unknown:
            return records
        before = env.items.get(path)
        found: list[Any] = []
        missing: list[Unknown] = []
        for env.items[path] in records:
            verdict = passes(env) if passes is not None else True
            if type(verdict) is Unknown:
                missing.append(verdict)
            elif verdict:
                value = ask(env)
                (missing if type(value) is Unknown else found).append(value)
        _put_back(env, path, before)
        if missing:
            return Unknown.of(missing)
        return fold(*found) if found else nothing

    return run


def _some(items: Items, wanted: bool) -> Run:
    """Whether there is an item of which the condition is so (any); or none of which it is not (all)."""
    read, passes, path = items.read, items.passes.run if items.passes else None, items.path

    def run(env: Env) -> Any:
        records = read(env)
        if type(records) is Unknown:
            return records
        before, missing = env.items.get(path), []
        try:
            for env.items[path] in records:
                verdict = passes(env) if passes is not None else True
                if type(verdict) is Unknown:
                    missing.append(verdict)
                elif verdict is wanted:
                    return wanted
            return Unknown.of(missing) if missing else not wanted
        finally:
            _put_back(env, path, before)

    return run


def _put_back(env: Env, path: str, before: Any) -> None:
    if before is None:
        env.items.pop(path, None)
    else:
        env.items[path] = before
