"""Functions that ask the programme itself: whether another rule holds, what was decided on it, what a table says.

`met`, `allowed`, `refused` and `granted` name a rule of the file by its id; `lookup` and `listed` name a table. It
refuses ids and tables that the file does not have. Part of `compiling`, below `functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.programme.decisions import ALLOWED, REFUSED, Decided
from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import Call, Literal, Node
from mdfsync.programme.reading import Env, Kind, Run, Unknown
from mdfsync.programme.values import MOMENTS, Scope, Value, alike_names, joined, lifted

Compile = Callable[[Node, Scope], Value]
NAMES = frozenset({"met", "allowed", "refused", "granted", "lookup", "listed"})


def call(node: Call, scope: Scope, compiled: Compile) -> Value:
    """The compiled form of one of `NAMES`."""
    first, *rest = node.arguments or (None,)
    name = first.value if isinstance(first, Literal) and isinstance(first.value, str) else ""
    if node.name in {"lookup", "listed"}:
        return _table(node.name, name, [compiled(n, scope) for n in rest], scope)
    if not name or len(rest) != (node.name == "granted"):
        takes = "the id of a rule and what counts without a decision" if node.name == "granted" else "the id of a rule"
        raise ExpressionError(
            f'{node.name} takes {takes}, as in {node.name}("{name or "pre-approval"}"{", 500" * bool(rest)})'
        )
    if name not in scope.ids:
        raise ExpressionError(f"{node.name}: no rule, evidence or step is called {name}{alike_names(name, scope.ids)}")
    if node.name == "met":
        return Value("flag", _met(name), frozenset({asked_as(name)}))
    if node.name == "granted":
        return _granted(name, compiled(rest[0], scope), scope)
    return Value("flag", _outcome(name, node.name, scope))


def asked_as(id: str) -> str:
    """Under which name the answer of `met` is remembered and shown."""
    return f"met({id})"


def _met(id: str) -> Run:
    key = asked_as(id)

    def run(env: Env) -> Any:
        if key not in env.known:
            if env.ask is None:
                return Unknown({key})
            env.known[key] = env.ask(env, id)
        return env.known[key]

    return run


def _decided(id: str, scope: Scope) -> Callable[[Env], Decided | Unknown]:
    decide = scope.decide

    def run(env: Env) -> Decided | Unknown:
        found = decide(env, id)
        return Unknown(found.missing) if found.missing else found

    return run


def _outcome(id: str, wanted: str, scope: Scope) -> Run:
    """Whether it was allowed (or refused); without a decision it was not."""
    ask, outcome = _decided(id, scope), ALLOWED if wanted == "allowed" else REFUSED

    def run(env: Env) -> Any:
        found = ask(env)
        return found if isinstance(found, Unknown) else found.outcome == outcome

    return run


def _granted(id: str, otherwise: Value, scope: Scope) -> Value:
    """The day or the amount that a decision grants, else what counts without one."""
    if otherwise.kind not in {*MOMENTS, "number"}:
        raise ExpressionError(f"granted gives a day or an amount, not a {otherwise.kind}")
    ask, instead, amount = _decided(id, scope), otherwise.run, otherwise.kind == "number"

    def run(env: Env) -> Any:
        found = ask(env)
        if isinstance(found, Unknown):
            return found
        value = (found.amount if amount else found.until) if found.outcome == ALLOWED else None
        return instead(env) if value is None else value

    return Value("instant" if otherwise.kind == "instant" else otherwise.kind, run, otherwise.names)


def _table(function: str, name: str, keys: list[Value], scope: Scope) -> Value:
    """An entry of a table by its keys, and by one more argument what counts where it has no such entry."""
    if name not in scope.tables:
        raise ExpressionError(
            f"{function}: there is no table {name or 'by that name'}{alike_names(name, scope.tables)}"
        )
    entries = scope.tables[name]
    depth = len(next(iter(entries)))
    instead = keys.pop() if function == "lookup" and len(keys) == depth + 1 else None
    if len(keys) != depth or any(key.kind not in {"text", "date", "number"} for key in keys):
        raise ExpressionError(f"{function}: table {name} is asked with {depth} of texts, days and numbers")
    runs = [key.run if key.kind == "text" else lifted(_as_text, [key.run]) for key in keys]
    if function == "listed":
        return Value("flag", _looked_up(name, dict.fromkeys(entries, _yes), runs, _no), Value.asked(keys))
    kind: Kind | None = next(iter(entries.values())).kind
    for entry in (*entries.values(), *((instead,) if instead else ())):
        kind = joined(kind, entry.kind) if kind else None
    if kind is None:
        raise ExpressionError(f"lookup: what table {name} and the last argument give is not of one kind")
    found = _looked_up(name, {key: entry.run for key, entry in entries.items()}, runs, instead.run if instead else None)
    return Value(kind, found, Value.asked([*keys, *entries.values(), *((instead,) if instead else ())]))


def _as_text(key: date | Decimal) -> str:
    """A day or a number as tables name their entries."""
    return key.isoformat() if isinstance(key, date) else f"{key.normalize():f}"


def _looked_up(table: str, entries: Mapping[tuple[str, ...], Run], keys: list[Run], instead: Run | None) -> Run:
    def run(env: Env) -> Any:
        said = tuple([key(env) for key in keys])
        if missing := Unknown.among(said):
            return missing
        entry = entries.get(said, instead)
        return entry(env) if entry else Unknown({f"{', '.join(said)} as an entry of table {table}"})

    return run


def _yes(_env: Env) -> bool:
    return True


def _no(_env: Env) -> bool:
    return False
