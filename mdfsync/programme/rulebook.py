"""A programme as its file gives it: who it is, how it counts, what it demands, what it pays.

`load_programme` reads one TOML file, compiles every expression and refuses the whole file with every reason at once.
What the keys mean is explained key by key in `schema/programmes/template.toml`. Data for `judging`; it judges
nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mdfsync.programme.attributes import ATTRIBUTES
from mdfsync.programme.calendars import Calendar
from mdfsync.programme.compiling import compile_node
from mdfsync.programme.errors import ExpressionError, ProgrammeError
from mdfsync.programme.expression import parse
from mdfsync.programme.reading import CASE_KINDS, Kind
from mdfsync.programme.values import Scope, Value

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Text = Annotated[str, Field(min_length=1)]
Expression = Annotated[str, Field(min_length=1)]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip


HOUSE = (
    "barred", "category", "not_approved", "before_approval", "commit_date", "campaign_window", "approved_period",
    "amount", "over_approved", "currency", "double_funding", "segregation",
)  # fmt: skip
"""What is held against an expense whatever its programme says, unless a rule of the programme stands for it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cited(_Part):
    """Where the programme's own words stand."""

    title: Text
    url: str = ""
    read: date


class Head(_Part):
    """Who the programme is and from when to when this version holds."""

    id: Id
    title: Text
    version: Text
    valid_from: date
    valid_until: date | None = None
    governed_by: Expression = "as_of"
    claim_by: Expression | None = None
    zone: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    direction: Literal["we_claim", "we_reimburse", "both"] = "both"
    cites: list[Cited] = []


class Counting(_Part):
    """Business days and fiscal periods."""

    weekend: list[Literal[DAYS]] = ["saturday", "sunday"]  # type: ignore[valid-type]
    holidays: list[date] = []
    fiscal_year_begins: Literal[MONTHS] = "january"  # type: ignore[valid-type]


class Demand(_Part):
    """A rule: what must hold, where it applies, what follows where it does not, and until when it can be cured."""

    id: Id
    clause: Text
    says: Text
    must: Expression | None = None
    when: Expression | None = None
    unless: Expression | None = None
    otherwise: Literal["ineligible", "held"] = "ineligible"
    until: Expression | None = None
    discretion: bool = False
    owner: str = ""
    supply: str = ""
    stands_for: list[Literal[HOUSE]] = []  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _either(self) -> Demand:
        if self.discretion == (self.must is not None):
            raise ValueError("a rule has either `must` or `discretion = true`")
        if self.discretion and (self.until or self.unless or self.otherwise == "held"):
            raise ValueError("a rule of discretion has no `until`, `unless` or `otherwise`")
        if self.until and self.otherwise == "held":
            raise ValueError("what can be cured `until` a day is ineligible afterwards: no `otherwise`")
        return self


class Piece(_Part):
    """One kind of proof: its type, and what must be true of the file."""

    type: Text
    where: Expression | None = None
    says: str = ""


class Proof(_Part):
    """A set of evidence that is required for some activities or expenses."""

    id: Id
    clause: Text
    says: Text
    when: Expression | None = None
    all_of: list[Piece] = []
    any_of: list[Piece] = []
    until: Expression | None = None
    owner: str = ""
    purpose: Literal["performance", "financial"] = "performance"
    once: bool = False

    @model_validator(mode="after")
    def _some(self) -> Proof:
        if bool(self.all_of) == bool(self.any_of):
            raise ValueError("evidence names either `all_of` or `any_of`")
        return self


class Step(_Part):
    """One step from the cost to the amount: exactly one of `exclude`, `share`, `ceiling`, `minimum`."""

    id: Id
    clause: Text
    says: Text
    when: Expression | None = None
    exclude: Expression | None = None
    share: Expression | None = None
    ceiling: Expression | None = None
    per: list[Expression] = []
    minimum: Expression | None = None
    otherwise: Literal["ineligible", "held"] = "ineligible"
    owner: str = ""

    @model_validator(mode="after")
    def _one(self) -> Step:
        if sum(getattr(self, name) is not None for name in STEPS) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(STEPS)}")
        if self.per and self.ceiling is None:
            raise ValueError("`per` belongs to a ceiling")
        return self


STEPS = ("exclude", "share", "ceiling", "minimum")


class Amount(_Part):
    """From what is claimable at all, step by step; rounded once, half up, at the end."""

    of: Expression
    clause: str = ""
    step: list[Step] = []


class File(_Part):
    """The whole file."""

    programme: Head
    calendar: Counting = Counting()
    rates: dict[str, Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]] = {}
    attributes: dict[str, Literal[CASE_KINDS]] = {}  # type: ignore[valid-type]
    values: dict[Id, Expression] = {}
    rule: list[Demand] = []
    evidence: list[Proof] = []
    amount: Amount


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that can judge: its file, and the function behind every expression by its key."""

    file: File
    compiled: Mapping[str, Value]
    calendar: Calendar
    rates: Mapping[str, Decimal]

    @property
    def head(self) -> Head:
        return self.file.programme

    @property
    def attributes(self) -> dict[str, Kind]:
        """Every attribute that a case of this programme may have, with its kind."""
        return {**ATTRIBUTES, **self.file.attributes}

    def get(self, key: str) -> Value | None:
        """The compiled expression of a key such as `rule.lead-time.must`, None where the file has none."""
        return self.compiled.get(key)


def load_programme(path: Path) -> Programme:
    """The programme of a file. `ProgrammeError` names every problem with its key; `OSError` as it comes."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProgrammeError([f"{path.name}: {error}"]) from None
    return read_programme(raw, path.name)


def read_programme(raw: Mapping[str, Any], name: str) -> Programme:
    """The programme of a parsed file."""
    try:
        file = File.model_validate(raw)
    except ValidationError as error:
        raise ProgrammeError(
            [_problem(name, e) for e in error.errors(include_url=False, include_input=False)]
        ) from None
    problems = [f"{name}: {what}" for what in _clashes(file)]
    try:
        zone = ZoneInfo(file.programme.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ProgrammeError([*problems, f"{name}: programme.zone: no zone {file.programme.zone}"]) from None
    calendar = Calendar(
        zone,
        frozenset(DAYS.index(day) for day in file.calendar.weekend),
        frozenset(file.calendar.holidays),
        MONTHS.index(file.calendar.fiscal_year_begins) + 1,
    )
    compiled: dict[str, Value] = {}
    for key, value, problem in _compiled(file, calendar):
        if problem:
            problems.append(f"{name}: {key}: {problem}")
        elif value is not None:
            compiled[key] = value
    if problems:
        raise ProgrammeError(problems)
    return Programme(file, compiled, calendar, {code: Decimal(rate) for code, rate in file.rates.items()})


def _problem(name: str, error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{name}: {where}: {error['msg'].removeprefix('Value error, ')}"


def _clashes(file: File) -> Iterator[str]:
    seen: set[str] = set()
    for id in (*(r.id for r in file.rule), *(e.id for e in file.evidence), *(s.id for s in file.amount.step)):
        if id in seen:
            yield f"{id}: two rules have this id"
        seen.add(id)
    for path, kind in file.attributes.items():
        if ATTRIBUTES.get(path, kind) != kind:
            yield f"attributes.{path}: a {ATTRIBUTES[path]} in every programme, not a {kind}"
    until = file.programme.valid_until
    if until is not None and until < file.programme.valid_from:
        yield "programme.valid_until: before valid_from"


def _compiled(file: File, calendar: Calendar) -> Iterator[tuple[str, Value | None, str]]:
    """(key, compiled, problem) of every expression; named values first, in their order."""
    attributes: dict[str, Kind] = {**ATTRIBUTES, **file.attributes}
    named: dict[str, Value] = {}
    scope = Scope(attributes, calendar, file.programme.currency, named)
    for name, text in file.values.items():
        value, problem = _value(text, scope, None)
        if name in attributes or any(a.startswith(f"{name}.") for a in attributes):
            problem = "is an attribute of a case already"
        if value is not None and not problem:
            named[name] = value
        yield f"values.{name}", value, problem
    for key, text, kinds, items in _expressions(file):
        value, problem = _value(text, scope.within(items) if items else scope, kinds)
        yield key, value, problem


_FLAG, _NUMBER, _MOMENT = frozenset({"flag"}), frozenset({"number"}), frozenset({"date", "instant"})


def _expressions(file: File) -> Iterator[tuple[str, str, frozenset[str] | None, str]]:
    """(key, text, kinds it may have, list inside which it is read)."""
    yield "programme.governed_by", file.programme.governed_by, _MOMENT, ""
    if file.programme.claim_by:
        yield "programme.claim_by", file.programme.claim_by, _MOMENT, ""
    for rule in file.rule:
        for name, kinds in (("when", _FLAG), ("unless", _FLAG), ("must", _FLAG), ("until", _MOMENT)):
            if text := getattr(rule, name):
                yield f"rule.{rule.id}.{name}", text, kinds, ""
    for proof in file.evidence:
        for name, kinds in (("when", _FLAG), ("until", _MOMENT)):
            if text := getattr(proof, name):
                yield f"evidence.{proof.id}.{name}", text, kinds, ""
        for n, piece in enumerate((*proof.all_of, *proof.any_of)):
            if piece.where:
                yield f"evidence.{proof.id}.{n}.where", piece.where, _FLAG, "evidence"
    yield "amount.of", file.amount.of, _NUMBER, ""
    for step in file.amount.step:
        for name, kinds in (("when", _FLAG), *((s, _NUMBER) for s in STEPS)):
            if text := getattr(step, name):
                yield f"amount.{step.id}.{name}", text, kinds, ""
        for n, text in enumerate(step.per):
            yield f"amount.{step.id}.per.{n}", text, None, ""


def _value(text: str, scope: Scope, kinds: frozenset[str] | None) -> tuple[Value | None, str]:
    try:
        value = compile_node(parse(text), scope)
    except ExpressionError as error:
        return None, str(error)
    if kinds is not None and value.kind not in kinds:
        return None, f"gives a {value.kind}, not a {' or '.join(sorted(kinds))}"
    return value, ""
