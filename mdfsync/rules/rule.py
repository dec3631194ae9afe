"""What every rule file is made of: an id, the tables it guards, and one pure function from a view to
findings.

A rule looks and speaks; it never changes, logs or asks the time (`view.as_of` is the only present), and it
leaves running clocks out of its messages, so the same cause says the same words on every run. `due` is
given only where a date of its own decides (a claim deadline); else whoever publishes the finding counts the
setting's days from the day it was first seen, to the last day on which it can be cured at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mdfsync.model import Finding, Severity, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.view import Row, View

Check = Callable[[View, RuleSetting], Iterator[Finding]]
BASE = "airtable.base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`tables` are the tables whose rows may not go on unjudged if the rule breaks; empty = every table. `late`: it
    looks at what is concluded from the others, and holds nothing itself."""

    id: str
    tables: tuple[str, ...]
    check: Check
    policy: str
    late: bool = False


def speak(
    setting: RuleSetting,
    subject: Subject,
    message: str,
    *,
    evidence: Mapping[str, str],
    sources: Iterable[str] = (),
    key: str = "",
    blocks: Iterable[Subject] = (),
    due: str = "",
    curable_until: date | None = None,
    severity: Severity | None = None,
    required_action: str = "",
    owner: str = "",
    owner_role: str = "",
) -> Finding:
    """A finding in the words of its rulebook entry; evidence keeps only values that are there."""
    return Finding(
        rule_id=setting.id,
        kind=setting.kind,
        severity=severity or setting.severity,
        subject=subject,
        message=message,
        evidence={name: value for name, value in sorted(evidence.items()) if value},
        source_ids=tuple(sorted(set(sources))),
        owner_role=owner_role or setting.owner_role,
        required_action=required_action or setting.required_action,
        key=key,
        blocks=tuple(sorted(set(blocks))),
        due=due,
        curable_until=curable_until.isoformat() if curable_until else "",
        owner=owner,
    )


def sources_of(view: View, table: str, *names: str) -> tuple[str, ...]:
    """Register ids behind fields of a table: their sources of truth in order; what people type counts as
    the base."""
    spec = view.dictionary.tables.get(table)
    found: dict[str, None] = {}
    for name in names:
        if spec and name in spec.fields:
            for source in spec.fields[name].sources:
                if source != "computed":
                    found[BASE if source == "operator" else source] = None
    return tuple(found)


def shown(row: Row, *names: str) -> dict[str, str]:
    """Evidence from a row: the cells that decided, by field name."""
    return {name: row.text(name) for name in names if row.text(name)}


def lines_of(view: View, expense_id: str) -> tuple[Subject, ...]:
    """The Reimbursement Lines that carry an expense: what a hold on it keeps out of a packet."""
    return tuple(line.place for line in view.where("Reimbursement Lines", "expense_id", expense_id))


def ruled(view: View, subject: Subject, *kinds: str) -> bool:
    """Whether people have ruled on this row: a Decisions row of one of these types, decided and still
    valid."""
    today = view.as_of.date()
    for decision in view.rows("Decisions"):
        if decision.text("decision_type") not in kinds or decision.text("decision_state") != "decided":
            continue
        until = decision.day("valid_until")
        named = decision.text("subject_table") == subject.table and subject.id in decision.listed("subject_ids")
        if named and (until is None or until >= today):
            return True
    return False
