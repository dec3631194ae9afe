"""From a file to a programme that can judge: read, checked, compiled.

    TOML ─faults─> parts.File ─compiled─> compiled.Programme

It refuses the whole file with every fault at once, those of its form and those of its expressions. Rules may ask for
each other (`met`), but not in a circle.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdfsync.currencies import currency_exponent
from mdfsync.programme.asking import asked_as
from mdfsync.programme.attributes import ATTRIBUTES
from mdfsync.programme.calendars import Calendar
from mdfsync.programme.compiled import Evidence, Programme, Returned, Rule, Stage, Wanted
from mdfsync.programme.compiling import compile_node, remembered
from mdfsync.programme.decisions import decider
from mdfsync.programme.errors import ExpressionError, ProgrammeError
from mdfsync.programme.expression import parse
from mdfsync.programme.faults import checked
from mdfsync.programme.parts import DAYS, MONTHS, Demand, File, Piece, Proof, Repayment, Step
from mdfsync.programme.reading import Env, Kind, Run, item_attribute
from mdfsync.programme.values import Fixed, Scope, Value, paths_of

LARGEST = 5_000_000  # bytes of a programme file
IN_STEPS = ("cost", "so_far")  # named values that only steps of the amount know
IN_REPAYMENTS = ("claimable", "received")
Keys = tuple[str, ...]
_FLAG, _NUMBER, _SPAN = frozenset({"flag"}), frozenset({"number"}), frozenset({"span"})
_MOMENT = frozenset({"date", "instant"})
_COUNTED = frozenset({"number", "text", "texts"})
_KEY = frozenset({"text", "number", "date", "instant", "flag"})


def load_programme(path: Path) -> Programme:
    """The programme of a file. `ProgrammeError` names every problem with its key; `OSError` as it comes."""
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise ProgrammeError([f"{path.name}: larger than {LARGEST // 1_000_000} MB, that is no programme"])
    try:
        document = tomllib.loads(raw.decode("utf-8-sig").replace("\r\n", "\n"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise ProgrammeError([f"{path.name}: not UTF-8 text"]) from None
    except RecursionError:
        raise ProgrammeError([f"{path.name}: nested too deeply"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError([f"{path.name}: no TOML: {error}"]) from None
    except (ValueError, ArithmeticError):
        raise ProgrammeError([f"{path.name}: a number with more digits than any amount has"]) from None
    return read_programme(document, path.name)


def read_programme(raw: Mapping[str, Any], name: str) -> Programme:
    """The programme of a parsed file."""
    file, problems = checked(raw)
    if file is not None:
        builder = _Builder(file)
        programme = builder.programme()
        problems = [*problems, *_clashes(file), *builder.problems]
        if not problems:
            return programme
    raise ProgrammeError([f"{name}: {problem}" for problem in dict.fromkeys(problems)])


def _clashes(file: File) -> Iterator[str]:
    seen: set[str] = set()
    parts = (*file.rule, *file.evidence, *file.amount.step, *file.repayment)
    for id in (part.id for part in parts):
        if id in seen:
            yield f"{id}: two rules have this id"
        seen.add(id)
    for path, kind in file.attributes.items():
        if path in {*IN_STEPS, *IN_REPAYMENTS}:
            yield f"attributes.{path}: is the language's own name for something else"
        if ATTRIBUTES.get(path, kind) != kind:
            yield f"attributes.{path}: a {ATTRIBUTES[path]} in every programme, not a {kind}"
    for code, rate in file.rates.items():
        if not Decimal(rate):
            yield f"rates.{code}: a rate is above 0"
    attributes = {**ATTRIBUTES, **file.attributes}
    for name in file.values:
        if name in attributes or any(a.startswith(f"{name}.") for a in attributes):
            yield f"values.{name}: is an attribute of a case already"
        elif name in {*IN_STEPS, *IN_REPAYMENTS}:
            yield f"values.{name}: is the language's own name for something else"
    until = file.programme.valid_until
    if until is not None and until < file.programme.valid_from:
        yield "programme.valid_until: before valid_from"


class _Builder:
    """The parts of a file with their expressions compiled; what cannot be goes to `problems`."""

    def __init__(self, file: File) -> None:
        self.file, self.problems = file, list[str]()
        head, counting = file.programme, file.calendar
        try:
            zone = ZoneInfo(head.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo("UTC")
            self.problems.append(f"programme.zone: no zone {head.zone}")
        weekend, fiscal = frozenset(map(DAYS.index, counting.weekend)), MONTHS.index(counting.fiscal_year_begins) + 1
        self.calendar = Calendar(zone, weekend, frozenset(counting.holidays), fiscal)
        self.counting: dict[str, Value] = {}
        self.named: dict[str, Value] = {}
        self.failed: set[str] = set()
        self.tables: dict[str, dict[tuple[str, ...], Value]] = {}
        self.asks: dict[str, set[str]] = {}
        decide = decider(self.calendar, head.currency, self.counting)
        ids = frozenset(part.id for part in (*file.rule, *file.evidence, *file.amount.step))
        attributes: dict[str, Kind] = {**ATTRIBUTES, **file.attributes}
        self.scope = Scope(attributes, self.calendar, head.currency, self.named, self.tables, ids, decide)

    def programme(self) -> Programme:
        """Tables first, then named values in their order, then everything else."""
        file = self.file
        for name, table in file.tables.items():
            self.tables[name] = dict(self._entries(f"tables.{name}", table, ()))
        for name, text in file.values.items():
            before = len(self.problems)
            value = self._value(f"values.{name}", text)
            if len(self.problems) > before:
                self.failed.add(name)
            else:
                self.named[name] = value
        cost = self._value("amount.of", file.amount.of, _NUMBER)
        built = Programme(
            file=file, calendar=self.calendar, rates={code: Decimal(rate) for code, rate in file.rates.items()},
            cent=Decimal(1).scaleb(-currency_exponent(file.programme.currency)),
            governed_by=self._value("programme.governed_by", file.programme.governed_by, _MOMENT),
            claim_by=self._maybe("programme.claim_by", file.programme.claim_by, _MOMENT),
            cost=replace(cost, run=remembered("amount.of", cost.run)),
            received=self._value("received", "sum(reimbursements.amount)", _NUMBER),
            prior_amount=item_attribute("prior_use", "amount", "amount", file.programme.currency),
            rules=tuple(self._rule(rule) for rule in file.rule),
            proofs=tuple(self._proof(proof) for proof in file.evidence),
            stages=tuple(self._stage(step) for step in file.amount.step),
            returns=tuple(self._returned(part) for part in file.repayment),
            decide=self.scope.decide,
        )  # fmt: skip
        self.problems += _circles(self.asks)
        return built

    def _entries(
        self, key: str, table: Mapping[str, Any], above: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Value]]:
        depths = {isinstance(entry, dict) for entry in table.values()}
        if len(depths) != 1:
            self.problems.append(f"{key}: {'is empty' if not depths else 'has entries and tables side by side'}")
        for name, entry in table.items():
            if isinstance(entry, dict):
                yield from self._entries(f"{key}.{name}", entry, (*above, name))
            else:
                yield (*above, name), self._value(f"{key}.{name}", entry)

    def _rule(self, said: Demand) -> Rule:
        key = f"rule.{said.id}"
        if said.where:
            decisions = self.scope.within("decisions")
            self.counting[said.id] = self._value(f"{key}.where", said.where, _FLAG, decisions)
        must = self._maybe(f"{key}.must", said.must, _FLAG)
        when = self._maybe(f"{key}.when", said.when, _FLAG)
        unless = self._maybe(f"{key}.unless", said.unless, _FLAG)
        until = self._maybe(f"{key}.until", said.until, _MOMENT)
        unique = tuple(self._value(f"{key}.unique", text, _KEY) for text in said.unique)
        up_to = self._maybe(f"{key}.up_to", said.up_to, _NUMBER)
        self._asks(said.id, (must, when, unless, *unique, self.counting.get(said.id)))
        shows = paths_of(must, *unique, up_to, when, unless)
        return Rule(said, must, when, unless, until, unique, up_to, shows)

    def _proof(self, said: Proof) -> Evidence:
        key = f"evidence.{said.id}"
        when = self._maybe(f"{key}.when", said.when, _FLAG)
        until = self._maybe(f"{key}.until", said.until, _MOMENT)
        per = tuple(self._value(f"{key}.per", text, _KEY) for text in said.per)
        all_of = tuple(self._wanted(f"{key}.all_of", piece) for piece in said.all_of)
        any_of = tuple(self._wanted(f"{key}.any_of", piece) for piece in said.any_of)
        counts = tuple(count for count in _counts((*all_of, *any_of)) if not isinstance(count.run, Fixed))
        self._asks(said.id, (when, *_conditions((*all_of, *any_of))))
        return Evidence(said, when, until, per, all_of, any_of, counts, paths_of(when, *per, *counts))

    def _wanted(self, key: str, said: Piece) -> Wanted:
        at_least = self._value(f"{key}.at_least", said.at_least, _NUMBER)
        if isinstance(at_least.run, Fixed) and not (at_least.run.value >= 1 and at_least.run.value % 1 == 0):
            self.problems.append(f"{key}.at_least: is how many files: a whole number above 0")
        return Wanted(
            said=said,
            kind=said.type.strip().casefold(),
            where=self._maybe(f"{key}.where", said.where, _FLAG, self.scope.within("evidence")),
            at_least=at_least,
            all_of=tuple(self._wanted(f"{key}.all_of", piece) for piece in said.all_of),
            any_of=tuple(self._wanted(f"{key}.any_of", piece) for piece in said.any_of),
        )

    def _stage(self, said: Step) -> Stage:
        key, scope = f"amount.{said.id}", self._knowing(IN_STEPS)
        value = self._value(f"{key}.{said.kind}", getattr(said, said.kind), _NUMBER, scope)
        when = self._maybe(f"{key}.when", said.when, _FLAG, scope)
        per = tuple(self._value(f"{key}.per", text, _KEY) for text in said.per)
        of = self._maybe(f"{key}.of", said.of, _COUNTED)
        within = self._maybe(f"{key}.within", said.within, _SPAN)
        on = self._maybe(f"{key}.on", said.on, _MOMENT)
        found = value.run.value if isinstance(value.run, Fixed) else 0
        if said.kind == "share" and isinstance(found, Decimal) and not 0 <= found <= 1:
            self.problems.append(f"{key}.share: {said.share} is no share from 0 to 100 %; half is written 50%")
        self._asks(said.id, (value, when, *per, of))
        return Stage(
            said, said.kind, f"taken({said.id})", value, when, per, of, within, on,
            shows=paths_of(value, when), shows_shared=paths_of(*per, of, on),
        )  # fmt: skip

    def _returned(self, said: Repayment) -> Returned:
        key, scope = f"repayment.{said.id}", self._knowing(IN_REPAYMENTS)
        of = self._value(f"{key}.of", said.of, _NUMBER, scope)
        when = self._maybe(f"{key}.when", said.when, _FLAG, scope)
        due = self._maybe(f"{key}.due", said.due, _MOMENT, scope)
        return Returned(said, of, when, due, paths_of(of, when, due))

    def _knowing(self, names: tuple[str, ...]) -> Scope:
        """The scope in which these names have a meaning too; what they are is known once the case is judged."""
        extra = {name: Value("number", _said_by_judging(name)) for name in names}
        scope = self.scope
        return Scope(
            scope.attributes, scope.calendar, scope.currency, {**self.named, **extra}, scope.tables, scope.ids,
            scope.decide,
        )  # fmt: skip

    def _maybe(
        self, key: str, text: str | None, kinds: frozenset[str] | None = None, scope: Scope | None = None
    ) -> Value | None:
        return None if text is None else self._value(key, text, kinds, scope)

    def _value(self, key: str, text: str, kinds: frozenset[str] | None = None, scope: Scope | None = None) -> Value:
        """The compiled expression; where it is faulty something that stands in for it."""
        try:
            value = compile_node(parse(text), scope or self.scope)
            if kinds is not None and value.kind not in kinds:
                raise ExpressionError(f"gives a {value.kind}, not a {' or '.join(sorted(kinds))}")
        except ExpressionError as error:
            if str(error).split(" ", 1)[0] not in self.failed:  # a value that is faulty itself has been told already
                self.problems.append(f"{key}: {error}")
            return Value("flag", _said_by_judging(key))
        except RecursionError:
            self.problems.append(f"{key}: nested too deeply")
            return Value("flag", _said_by_judging(key))
        return value

    def _asks(self, id: str, values: tuple[Value | None, ...]) -> None:
        """Notes for which others a part asks; for a step only later steps can ask."""
        asked = {n for v in values if v is not None for n in v.names if n.startswith("met(")}
        self.asks[asked_as(id)] = asked
        for step in self.file.amount.step:
            if asked_as(step.id) in asked and asked_as(step.id) not in self.asks:
                self.problems.append(f"{id}: {asked_as(step.id)} can be asked by later steps only")


def _said_by_judging(name: str) -> Run:
    def said(env: Env) -> Any:
        return env.known[name]

    return said


def _conditions(pieces: tuple[Wanted, ...]) -> Iterator[Value | None]:
    for piece in pieces:
        yield from (piece.where, piece.at_least)
        yield from _conditions((*piece.all_of, *piece.any_of))


def _counts(pieces: tuple[Wanted, ...]) -> Iterator[Value]:
    for piece in pieces:
        yield piece.at_least
        yield from _counts((*piece.all_of, *piece.any_of))


def _circles(asks: Mapping[str, set[str]]) -> Iterator[str]:
    try:
        TopologicalSorter(asks).prepare()
    except CycleError as error:
        yield f"{' asks for '.join(reversed(error.args[1]))}: that is a circle"
