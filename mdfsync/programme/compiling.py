"""From trees to functions of a case: names resolved, kinds checked, once per programme.

Every function answers with a value or with `Unknown`, which says what the case would have to supply. Nothing unknown
is ever taken for false, zero or absent: `and`, `or` and `not` follow Kleene, everything else is unknown where an
operand is. It refuses an expression whose kinds do not fit before any case is judged. Between `expression` and
`judging`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mdfsync.programme import functions
from mdfsync.programme.calendars import Calendar, Span
from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import Call, Literal, Name, Node, Operation, Selected
from mdfsync.programme.parts import DAYS
from mdfsync.programme.reading import Env, Kind, Run, Unknown, attribute, item_attribute
from mdfsync.programme.values import MOMENTS, Fixed, Scope, Value, alike_names, joined, lifted

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Decimal]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def compile_node(node: Node, scope: Scope) -> Value:
    """The function of a tree. `ExpressionError` says what does not fit."""
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Name):
        return _name(node, scope)
    if isinstance(node, Call):
        return functions.call(node, scope, compile_node)
    if isinstance(node, Selected):
        raise ExpressionError("`where` belongs into any(…), count(…), sum(…) and the like")
    return _operation(node, scope)


def _literal(node: Literal) -> Value:
    value = node.value
    kinds: dict[type, Kind] = {bool: "flag", Decimal: "number", str: "text", date: "date", Span: "span"}
    return Value(kinds[type(value)], Fixed(value))


def _name(node: Name, scope: Scope) -> Value:
    """Inside `where` the attributes of the item come first, then those of the items around it, then named values and
    the case; with the list's name before it an attribute is meant wherever one stands."""
    path = node.path
    for items in reversed(scope.items):
        for own in (path, path.removeprefix(f"{items}.")):
            kind = scope.attributes.get(f"{items}.{own}")
            if kind is not None and inside_list(f"{items}.{own}", scope) == items:
                asked = frozenset({f"{items}.{own}"})
                return Value(_as_value(kind), item_attribute(items, own, kind, scope.currency), asked)
    if path in scope.named:
        known = scope.named[path]
        return Value(known.kind, remembered(path, known.run), known.names | {path})
    named_kind = scope.attributes.get(path)
    if named_kind is None:
        where = f", nor of an item of {' or '.join(scope.items)}" if scope.items else ""
        quotes = "" if "." in path else f'; a text has quotes of its own: "{path}"'
        near = _MEANT.get(path) or alike_names(path, [*scope.attributes, *scope.named])
        raise ExpressionError(
            f"{path} is no attribute of a case{where}; name it under [attributes] with its kind{near or quotes}"
        )
    if inside_list(path, scope):
        raise ExpressionError(f"{path} is an attribute of each item of a list: use any(…), sum(…) and the like")
    return Value(_as_value(named_kind), attribute(path, named_kind, scope.currency), frozenset({path}))


_MEANT = {
    "today": "; the day of judging is as_of",
    "now": "; the day of judging is as_of",
    "null": "; whether something is said is asked with given(…)",
    "none": "; whether something is said is asked with given(…)",
}


def inside_list(path: str, scope: Scope) -> str:
    """The innermost list of records to whose items an attribute belongs, empty where there is none."""
    parts = path.split(".")
    above = [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
    return next((holder for holder in above if scope.attributes.get(holder) == "records"), "")


def _as_value(kind: Kind) -> Kind:
    """Amounts are read in the programme's currency; then they are numbers."""
    return "number" if kind == "amount" else kind


def remembered(name: str, run: Run) -> Run:
    """What is asked for under a name, found once for a case."""

    def recall(env: Env) -> Any:
        if name in env.known:
            return env.known[name]
        env.known[name] = value = run(env)
        return value

    return recall


def _operation(node: Operation, scope: Scope) -> Value:
    operands = [compile_node(operand, scope) for operand in node.operands]
    names = Value.asked(operands)
    kind, run = _build(node, operands, scope)
    if all(isinstance(operand.run, Fixed) for operand in operands):
        run = Fixed(run(Env({})))
    return Value(kind, run, names)


def _build(node: Operation, operands: Sequence[Value], scope: Scope) -> tuple[Kind, Run]:
    name, runs = node.operator, [o.run for o in operands]
    if name in {"and", "or"}:
        _all_flags(name, operands)
        return "flag", _kleene(runs, stop=name == "or")
    if name == "not":
        _all_flags(name, operands)
        return "flag", lifted(operator.not_, runs)
    if name == "if":
        return _choice(operands)
    if name == "list":
        return _listed(operands)
    if name in {"==", "!=", "in"}:
        _can_be_said(*node.operands)
    if name == "in":
        return _within(operands)
    if name == "between":
        low = _comparison("<=", operands[1], operands[0], scope)
        high = _comparison("<=", operands[0], operands[2], scope)
        return "flag", _kleene([low, high], stop=False)
    if name in _COMPARE:
        if node.operands[0] == node.operands[1]:
            first = "; inside `where` the item's own attribute comes first" if scope.items else ""
            raise ExpressionError(f"`{name}` compares a thing with itself{first}")
        return "flag", _comparison(name, operands[0], operands[1], scope)
    return _arithmetic(name, operands[0], operands[1], scope)


def _can_be_said(one: Node, other: Node) -> None:
    """Refuses a text that a weekday or a period never is: the comparison would say the same of every case."""
    if isinstance(one, Literal):
        one, other = other, one
    texts = other.operands if isinstance(other, Operation) and other.operator == "list" else (other,)
    said = [text.value for text in texts if isinstance(text, Literal)]
    if isinstance(one, Call) and one.name == "weekday" and not set(said) <= set(DAYS):
        raise ExpressionError(f"weekday gives {', '.join(DAYS)}")
    if isinstance(one, Call) and one.name == "period" and said:
        raise ExpressionError("a period is compared with another period, as in period(…, a) == period(…, b)")


def _all_flags(name: str, operands: Sequence[Value]) -> None:
    for operand in operands:
        if operand.kind != "flag":
            raise ExpressionError(f"`{name}` joins conditions, not a {operand.kind}")


def _kleene(runs: Sequence[Run], *, stop: bool) -> Run:
    """`and` (stop at the first false) or `or` (stop at the first true); unknown only where it decides."""

    def run(env: Env) -> Any:
        missing: Unknown | None = None
        for part in runs:
            value = part(env)
            if value is stop:
                return stop
            if value is not (not stop):
                missing = value if missing is None else missing | value
        return missing if missing is not None else not stop

    return run


def _choice(operands: Sequence[Value]) -> tuple[Kind, Run]:
    condition, then, otherwise = operands
    _all_flags("if", [condition])
    kind = joined(then.kind, otherwise.kind)
    if kind is None:
        raise ExpressionError(f"`then` gives a {then.kind} and `else` a {otherwise.kind}")
    check, left, right = condition.run, then.run, otherwise.run

    def run(env: Env) -> Any:
        chosen = check(env)
        if type(chosen) is not Unknown:
            return left(env) if chosen else right(env)
        both = left(env), right(env)
        return both[0] if both[0] == both[1] and type(both[0]) is not Unknown else chosen

    return kind, run


def _listed(operands: Sequence[Value]) -> tuple[Kind, Run]:
    kinds = {o.kind for o in operands}
    if len(kinds) > 1:
        raise ExpressionError(f"a list of {' and '.join(sorted(kinds))}")
    kind: Kind = "numbers" if kinds == {"number"} else "texts"
    if not kinds <= {"text", "number"}:
        raise ExpressionError(f"a list of {kinds.pop()} values")
    runs = [o.run for o in operands]
    return kind, lifted(lambda *values: values, runs) if len(runs) > 2 else _short_list(runs)


def _short_list(runs: Sequence[Run]) -> Run:
    def run(env: Env) -> Any:
        values = tuple(part(env) for part in runs)
        missing = Unknown.among(values)
        return values if missing is None else missing

    return run


def _within(operands: Sequence[Value]) -> tuple[Kind, Run]:
    one, many = operands
    if (one.kind, many.kind) not in {("text", "texts"), ("number", "numbers")}:
        raise ExpressionError(f'`in` looks for a {one.kind} among {many.kind}; a list is written ["a", "b"]')
    return "flag", lifted(lambda left, right: left in right, [one.run, many.run])


def _comparison(sign: str, left: Value, right: Value, scope: Scope) -> Run:
    kinds = {left.kind, right.kind}
    if kinds <= MOMENTS:
        return _moments(sign, left, right, scope)
    if len(kinds) > 1:
        quoted = "; days and numbers stand without quotes" if "text" in kinds and kinds & {*MOMENTS, "number"} else ""
        counted = "; days(a, b) and numbers are compared with a number: 30" if kinds == {"number", "span"} else ""
        raise ExpressionError(f"`{sign}` compares a {left.kind} with a {right.kind}{quoted}{counted}")
    kind = left.kind
    if kind in {"records", "texts", "numbers", "span"} or (kind in {"flag", "text"} and sign not in {"==", "!="}):
        raise ExpressionError(f"`{sign}` does not compare {kind} values")
    return lifted(_COMPARE[sign], [left.run, right.run])


def _moments(sign: str, left: Value, right: Value, scope: Scope) -> Run:
    """Days with days, instants with instants; a day with an instant by the day in the zone. Of an instant of which only
    the day is known it cannot be told whether it is before another instant of that day."""
    compare, local = _COMPARE[sign], scope.calendar.local
    by_day = "date" in {left.kind, right.kind}
    asked = [f"{name} as an instant with its offset" for value in (left, right) for name in sorted(value.names)]

    def compared(one: Any, other: Any) -> Any:
        if isinstance(one, datetime) is isinstance(other, datetime):
            return compare(one, other)
        if isinstance(one, datetime):
            one = local(one)
        else:
            other = local(other)
        if one == other and not by_day:
            return Unknown(asked)
        return compare(one, other)

    days = left.kind == right.kind == "date"
    return lifted(compare if days else compared, [left.run, right.run])


def _arithmetic(sign: str, left: Value, right: Value, scope: Scope) -> tuple[Kind, Run]:
    if left.kind in MOMENTS and right.kind == "span" and sign in "+-":
        return left.kind, lifted(_moved(scope.calendar, 1 if sign == "+" else -1), [left.run, right.run])
    if (left.kind, right.kind) != ("number", "number"):
        span = "; to a day a span is added: 30 days" if left.kind in MOMENTS else ""
        span = "; days(a, b) counts the days from a to b" if {left.kind, right.kind} <= MOMENTS else span
        raise ExpressionError(f"`{sign}` between a {left.kind} and a {right.kind}{span}")
    if sign == "/":
        return "number", lifted(_divided, [left.run, right.run])
    return "number", lifted(_ARITHMETIC[sign], [left.run, right.run])


def _moved(calendar: Calendar, direction: int) -> Callable[[Any, Span], Any]:
    def moved(moment: Any, span: Span) -> Any:
        try:
            return calendar.later(moment, span, direction)
        except (OverflowError, ValueError):
            return Unknown({"a date that a calendar has"})

    return moved


def _divided(left: Decimal, right: Decimal) -> Any:
    return left / right if right else Unknown({"a divisor other than zero"})
