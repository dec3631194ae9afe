"""Two sources that are both to be believed say different things.

What it protects: an amount, date or owner must not depend on which file arrived last. mdfsync keeps the
value that stands, shows both, and lets a person decide; it never averages, picks or overwrites.

When it fires: two sources that the field dictionary names as authoritative for a cell deliver different
values. Of leads, where a partner's list spells thousands of cells its own way:
- company and names are compared by the reconciliation, which knows what is the same in other words and holds the lead
  where it is not (`unreconciled_lead`); that is not told twice;
- job title, phone and country are one exception per campaign and field, of low severity, with all its leads.

What clears it: the sources agree again (one of them is corrected at its origin).
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import SourceConflict, View

ID = "source_conflict"
TABLES: tuple[str, ...] = ()


_RECONCILED = frozenset({"company", "first_name", "last_name"})
_BOTH = frozenset({"hubspot.contacts", "partner.leads"})
_DESCRIPTIVE = frozenset({"job_title", "phone", "country"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    sets: dict[tuple[str, str], list[SourceConflict]] = {}
    for conflict in view.facts.conflicts:
        if conflict.subject.table == "Leads":
            if conflict.field in _RECONCILED and set(conflict.values) == _BOTH:
                continue
            joint = _campaign(view, conflict)
            if joint and conflict.field in _DESCRIPTIVE:
                sets.setdefault((joint, conflict.field), []).append(conflict)
                continue
        yield speak(
            setting,
            conflict.subject,
            f"Sources disagree about {conflict.field}.",
            evidence={f"{conflict.field} in {source}": value for source, value in conflict.values.items()},
            sources=conflict.values,
            key=conflict.field,
        )
    for (joint, field), conflicts in sorted(sets.items()):
        yield _of_leads(setting, joint, field, conflicts)


def _campaign(view: View, conflict: SourceConflict) -> str:
    lead = view.row("Leads", conflict.subject.id)
    return view.ref(lead, "joint_campaign_id") if lead else ""


def _of_leads(setting: RuleSetting, joint: str, field: str, conflicts: list[SourceConflict]) -> Finding:
    lines = sorted(f"{c.subject.id}: {', '.join(f'{s} “{v}”' for s, v in sorted(c.values.items()))}" for c in conflicts)
    leads = "1 lead" if len(lines) == 1 else f"{len(lines)} leads"
    return speak(
        setting,
        Subject(table="Sources", id="partner.leads"),
        f"Sources disagree about {field} of {leads} of {joint}.",
        evidence={"leads": "\n".join(lines)},
        sources=[source for conflict in conflicts for source in conflict.values],
        key=f"{joint} {field}",
        severity="low",
    )
