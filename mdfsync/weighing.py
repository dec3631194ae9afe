"""From the base as it would be to what follows from it: computed cells and findings, in the order in which they rest on
each other.

    facts ─derive─> cells ─judge─> findings ─conclude─> cells ─judge late─> findings ─sign_off─> cells

A rule sees the cells that were computed before it, as this run leaves them (`View.will_be`); what is concluded from
holds comes after the rules that hold; approvals are looked at last, since what they approved may be any of it. So one
run says what the next would say. It writes nothing and compares with nothing itself. A pure function, called by `plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mdfsync.approval import fault_of
from mdfsync.compare import Compared
from mdfsync.derive import Computed, conclude, derive, sign_off
from mdfsync.model import Change, Finding, Observation, RawRow, Snapshot, SourceRef
from mdfsync.policy import Policy
from mdfsync.publish import computed_ref
from mdfsync.rules import judge
from mdfsync.values import STAMP_NOW, canonical, instant_text, legible
from mdfsync.view import Facts, SourceHealth, View, project


def projected(
    snapshot: Snapshot,
    changes: Iterable[Change],
    policy: Policy,
    *,
    as_of: datetime,
    mirror: Mapping[str, tuple[RawRow, ...]],
    sources: Mapping[str, SourceHealth],
    facts: Facts,
) -> View:
    """The base with `changes` applied, to be judged by everything that the policy settles."""
    return project(
        snapshot,
        changes,
        as_of=as_of,
        dictionary=policy.dictionary,
        mirror=mirror,
        sources=sources,
        facts=facts,
        programmes=policy.programmes,
        rules=policy.rules,
        charter_terms=policy.charter,
        tracking=policy.tracking,
        matrix=policy.approvals,
        approval_fault=fault_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The view with what this run computes, every finding, and the computed cells compared with the base."""

    view: View
    findings: tuple[Finding, ...]
    derived: Compared


def weigh(
    view: View, told: Iterable[Finding], policy: Policy, compare: Callable[[Iterable[Observation]], Compared]
) -> Weighed:
    """Everything that follows. `told` are the findings of the stages before, which stand before those of the rules."""

    def compared(cells: Iterable[Computed]) -> Compared:
        return compare(_observed(cells, policy, view.as_of))

    derived = compared(derive(view, policy))
    view = view.with_coming(derived.moving())
    findings = _in_order((*told, *judge(view, policy.rules)))
    derived.merge(compared(conclude(view, _standing(view, findings))))
    view = view.with_coming(derived.moving())
    findings = _in_order((*findings, *judge(view, policy.rules, late=True)))
    derived.merge(compared(sign_off(view, _standing(view, findings), policy)))
    return Weighed(view=view, findings=findings, derived=derived)


def _standing(view: View, findings: Iterable[Finding]) -> list[Finding]:
    """Those that nobody let pass."""
    return [finding for finding in findings if finding.fingerprint not in view.facts.waived]


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    unique: dict[str, Finding] = {}
    for finding in findings:
        unique.setdefault(f"{finding.kind}:{finding.fingerprint}", finding)
    return tuple(sorted(unique.values(), key=lambda f: (f.kind, f.rule_id, f.subject, f.key)))


def _observed(cells: Iterable[Computed], policy: Policy, as_of: datetime) -> list[Observation]:
    """Computed cells as observations. A derivation that comes to nothing says `none`: cells are never blanked. One that
    comes to the time of this run is a stamp, so that the plan reads the same until it is applied."""
    present = instant_text(as_of)
    out = []
    refs: dict[tuple[str, tuple[str, ...]], SourceRef] = {}
    for made in cells:
        spec = policy.dictionary.tables[made.subject.table].fields.get(made.field)
        if spec is None or spec.write != "computed":
            continue
        value = canonical(spec.kind, legible(made.value))
        if not value and spec.kind in {"text", "long_text"}:
            value = "none"
        if value == present and spec.kind == "instant":
            value = STAMP_NOW
        ref = refs.get((made.rule, made.inputs))
        if ref is None:
            ref = refs[made.rule, made.inputs] = computed_ref(made.rule, as_of, "; ".join(made.inputs))
        out.append(Observation(subject=made.subject, field=made.field, value=value, ref=ref))
    return out
