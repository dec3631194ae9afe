"""Rule changes that the record speaks for, each with the cases that show the need. They are proposed and never made.

Five tests, all of them counts that a reader can repeat; a case is a row of the base. At least one case of each change
is of the campaign that is looked back on.

- *Let pass for the same reason*: people waived a rule at least three times with the same words, and at least half of
  all that it found. The parameter that its evidence measures is moved to cover those cases; where it measures none, the
  rule is made one step less severe.
- *Never done in time*: at least five findings of a rule were cleared, none within `due_days`. The clock becomes the
  median of the days it took.
- *Always refused*: the payer refused every decided line of a category, at least two, that we had called eligible. The
  category joins those that are barred.
- *Asked for and never used*: at least three lines were granted while a piece of proof that our own programme asks for
  was lacking, and none was ever refused for it. The piece leaves the set. Another side's programme is not
  ours to change.
- *Approved late each time*: at least five approvals were given, none within the clock. The clock becomes the median.

Rules that never found anything, or that found something on every row, are told without a change: a guard that never
has to act may be a good one.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from mdfsync.model import Subject
from mdfsync.policy.approvals import ApprovalMatrix
from mdfsync.policy.rulebook import FILE as RULES_FILE
from mdfsync.policy.rulebook import KNOWN
from mdfsync.view import Row, View
from mdfsync.wanted import wanted

APPROVALS_FILE = "schema/approval-matrix.toml"
SAME_REASON, CLEARED_LATE, REFUSED, UNUSED, SEEN = 3, 5, 2, 3, 5
_GRANTED = frozenset({"granted", "partly_granted"})
_SEVERITIES = ("low", "medium", "high", "critical")
_NUMBER = re.compile(r"^\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row that shows the need, and what it says."""

    row: str
    words: str
    campaign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One value of one policy file: `path` leads to it (names of tables and keys; in a list of tables the `id`).
    `proposed` replaces `prior`; a `path` that ends in a list names the whole list."""

    file: str
    path: tuple[str, ...]
    prior: int | str | tuple[str, ...]
    proposed: int | str | tuple[str, ...]
    why: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """`changes` in the order of the tests; `silent` are the rules that never found anything, `remarks` what else the
    counts show and no change follows from."""

    changes: tuple[RuleChange, ...]
    silent: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of Holds or Exceptions."""

    row: Row
    rule: str

    @property
    def days(self) -> int | None:
        """From first seen to cleared; `None` while it stands."""
        first, last = self.row.instant("first_seen"), self.row.instant("cleared_at")
        return (last.date() - first.date()).days if first and last and self.row.text("status") == "cleared" else None

    @property
    def waived(self) -> bool:
        return self.row.text("status") == "waived"

    def case(self, words: str) -> Case:
        about = f"{self.row.text('table')}/{self.row.text('record')}"
        return Case(row=str(self.row.place), words=f"{about}: {words}", campaign=self.row.text("joint_campaign_id"))


def lessons(view: View, campaign: Row) -> Lessons:
    """What the record of the whole base says that a campaign takes part in."""
    by_rule: defaultdict[str, list[_Found]] = defaultdict(list)
    for table, name in (("Holds", "rule_id"), ("Exceptions", "exception_type")):
        for row in view.rows(table):
            by_rule[row.text(name)].append(_Found(row, row.text(name)))
    found = (
        *_let_pass(view, by_rule),
        *_never_in_time(view, by_rule),
        *_always_refused(view),
        *_never_used(view),
        *_approved_late(view, view.matrix),
    )
    changes = tuple(one for one in found if any(case.campaign == campaign.id for case in one.cases))
    silent = sorted(rule for rule, setting in view.rules.items() if setting.on and not by_rule.get(rule))
    return Lessons(changes=changes, silent=tuple(silent), remarks=tuple(_remarks(view, by_rule)))


# ---------------------------------------------------------------- findings


def _let_pass(view: View, by_rule: Mapping[str, Sequence[_Found]]) -> Iterator[RuleChange]:
    for rule, rows in sorted(by_rule.items()):
        reasons = Counter(_plain(one.row.text("waive_reason")) for one in rows if one.waived)
        reason, times = max(reasons.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
        if rule not in view.rules or not reason or times < SAME_REASON or 2 * times < len(rows):
            continue
        same = [one for one in rows if one.waived and _plain(one.row.text("waive_reason")) == reason]
        said = same[0].row.text("waive_reason")
        why = f"Let pass {times} times of {len(rows)} for the same reason: “{said}”."
        cases = tuple(one.case(f"let pass by {one.row.text('decided_by') or 'nobody known'}") for one in same)
        yield from _less_strict(view, rule, same, why, cases)


def _less_strict(
    view: View, rule: str, same: Sequence[_Found], why: str, cases: tuple[Case, ...]
) -> Iterator[RuleChange]:
    setting = view.rules[rule]
    counts = [name for name, kind in (KNOWN[rule].params if rule in KNOWN else {}).items() if kind == "count"]
    for name in counts:
        measured = [_measured(one.row, name) for one in same]
        if all(value is not None and value > setting.params[name] for value in measured):
            most = max(value for value in measured if value is not None)
            words = f"{why} The evidence of each gives `{name}`; the largest is {most}."
            yield _change(RULES_FILE, ("rules", rule, "params", name), int(setting.params[name]), most, words, cases)
            return
    place = _SEVERITIES.index(setting.severity)
    if place:
        words = f"{why} No parameter of the rule measures these cases, so its weight is all that can be changed."
        path = ("rules", rule, "severity")
        yield _change(RULES_FILE, path, setting.severity, _SEVERITIES[place - 1], words, cases)


def _measured(row: Row, name: str) -> int | None:
    """The whole number that the evidence gives under the name of a parameter."""
    for line in row.text("evidence").splitlines():
        said, _, value = line.partition(": ")
        if said == name and _NUMBER.match(value.strip()):
            return int(value)
    return None


def _never_in_time(view: View, by_rule: Mapping[str, Sequence[_Found]]) -> Iterator[RuleChange]:
    for rule, rows in sorted(by_rule.items()):
        cleared = [(one, days) for one in rows if (days := one.days) is not None]
        setting = view.rules.get(rule)
        if setting is None or len(cleared) < CLEARED_LATE or any(days <= setting.due_days for _, days in cleared):
            continue
        took = min(math.ceil(median(days for _, days in cleared)), 365)
        why = f"{len(cleared)} findings were cleared, none within {setting.due_days} days; half took {took} or less."
        cases = tuple(one.case(f"cleared after {days} days") for one, days in cleared)
        yield _change(RULES_FILE, ("rules", rule, "due_days"), setting.due_days, took, why, cases)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _change(
    file: str,
    path: tuple[str, ...],
    prior: int | str | tuple[str, ...],
    proposed: int | str | tuple[str, ...],
    why: str,
    cases: Iterable[Case],
) -> RuleChange:
    return RuleChange(
        file=file,
        path=path,
        prior=prior,
        proposed=proposed,
        why=why,
        cases=tuple(sorted(cases, key=lambda case: case.row)),
    )


# ---------------------------------------------------------------- lines of claims


def _decided_lines(view: View) -> Iterator[tuple[Row, Row, str]]:
    """(line, expense, campaign) of every line that the payer decided."""
    for line in view.rows("Reimbursement Lines"):
        expense = view.target(line, "expense_id")
        if expense is not None and line.text("line_decision") in {*_GRANTED, "refused"}:
            yield line, expense, view.ref(expense, "joint_campaign_id")


def _always_refused(view: View) -> Iterator[RuleChange]:
    by_category: defaultdict[str, list[tuple[Row, Row, str]]] = defaultdict(list)
    for one in _decided_lines(view):
        by_category[one[1].text("eligible_category")].append(one)
    setting = view.rules.get("ineligible_expense")
    barred = tuple(setting.params["barred_categories"]) if setting else ()
    for category, lines in sorted(by_category.items()):
        refused = [one for one in lines if one[0].text("line_decision") == "refused"]
        ours = all(view.will_be(line, "line_status") == "eligible" for line, _, _ in refused)
        if not setting or not category or category in barred or len(refused) < max(REFUSED, len(lines)) or not ours:
            continue
        why = (
            f"The payer refused all {len(lines)} decided lines of category {category}, which our rules called eligible."
        )
        cases = [
            Case(
                row=str(line.place), words=f"{expense.id}: {line.text('short_pay_reason') or 'no reason'}", campaign=of
            )
            for line, expense, of in refused
        ]
        path = ("rules", "ineligible_expense", "params", "barred_categories")
        yield _change(RULES_FILE, path, barred, (*barred, category), why, cases)


def _never_used(view: View) -> Iterator[RuleChange]:
    decided: defaultdict[str, list[tuple[Row, Row, str]]] = defaultdict(list)
    for line in _decided_lines(view):
        decided[line[1].id].append(line)
    lacking: defaultdict[tuple[str, str, str], dict[str, tuple[Row, Row, str]]] = defaultdict(dict)
    names: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for one in wanted(view):
        programme = one.line.programme
        if one.state == "there" or programme is None or programme.head.direction != "we_reimburse":
            continue
        if one.proof.any_of or len(one.pieces) != 1 or not any(piece.type for piece in one.proof.all_of):
            continue
        key = programme.head.id, one.proof.id, one.pieces[0].type
        names[key] = tuple(piece.type for piece in one.proof.all_of)
        for line in decided.get(one.line.expense.id, ()):
            lacking[key][line[0].id] = line
    for (programme_id, proof, piece), lines in sorted(lacking.items()):
        set_of = names[programme_id, proof, piece]
        granted = [one for one in lines.values() if one[0].text("line_decision") in _GRANTED]
        if len(granted) < UNUSED or len(granted) < len(lines) or len(set_of) < 2 or set_of.count(piece) != 1:
            continue
        why = f"All {len(granted)} decided lines that lacked “{piece}” were granted; none was refused for it."
        cases = [Case(row=str(line.place), words=f"{e.id} granted without it", campaign=of) for line, e, of in granted]
        path = ("evidence", proof, "all_of")
        left = tuple(name for name in set_of if name != piece)
        yield _change(f"schema/programmes/{programme_id}.toml", path, set_of, left, why, cases)


# ---------------------------------------------------------------- approvals


def _approved_late(view: View, matrix: ApprovalMatrix) -> Iterator[RuleChange]:
    clock = matrix.clocks.get("approval")
    took = []
    for row in view.rows("Approvals"):
        asked, given = row.day("requested_on"), _decided(row)
        if asked and given and row.text("decision"):
            took.append((row, (given - asked).days))
    if clock is None or len(took) < SEEN or any(days <= clock.due_days for _, days in took):
        return
    half = math.ceil(median(days for _, days in took))
    days = min(half, clock.escalate_after_days)  # a clock may not run out after it escalates
    if days <= clock.due_days:
        return
    why = f"{len(took)} approvals were given, none within {clock.due_days} days; half took {half} or less."
    cases = [
        Case(row=str(row.place), words=f"{row.text('gate')}: {n} days", campaign=view.ref(row, "joint_campaign_id"))
        for row, n in took
    ]
    yield _change(APPROVALS_FILE, ("clocks", "approval", "due_days"), clock.due_days, days, why, cases)


def _decided(row: Row) -> date | None:
    at = row.instant("decided_at")
    return at.date() if at else row.day("decided_on")


# ---------------------------------------------------------------- what no change follows from


def _remarks(view: View, by_rule: Mapping[str, Sequence[_Found]]) -> Iterator[str]:
    for rule, rows in sorted(by_rule.items()):
        tables = Counter(one.row.text("table") for one in rows)
        for table, found in sorted(tables.items()):
            places = {Subject(table=table, id=one.row.text("record")) for one in rows if one.row.text("table") == table}
            whole = len(view.rows(table))
            if whole >= SEEN and found and len(places) >= whole:
                yield f"{rule} found something on all {whole} rows of {table}: ask whether it tells them apart."
