"""One class per opportunity and partner: sourced, assisted, influenced, direct, or hold when it cannot be
told.

Tried in that order; the first class that an event carries is the class. If none carries one but something
is unknown (a time, a link, a source that was not delivered, two clocks in dispute), the class is `hold`
with its reasons, never `direct`: only what was looked for and not found is direct. If a second partner also
comes out as sourced, both are held. Overlap alone never gives a class. Used by the derivation that fills
Attributions and by the rule that holds unsupported claims, so that both speak of one judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mdfsync.view.base import View
from mdfsync.view.case import Case, case_of
from mdfsync.view.row import Row
from mdfsync.view.trials import Trial, assisted, influenced, sourced, unreadable

Class = Literal["sourced", "assisted", "influenced", "direct", "hold"]
RANK: Mapping[str, int] = {"direct": 0, "influenced": 1, "assisted": 2, "sourced": 3}
LABELS: Mapping[str, str] = {
    "sourced": "sourced",
    "partner-sourced": "sourced",
    "originated": "sourced",
    "assisted": "assisted",
    "partner-assisted": "assisted",
    "accelerated": "assisted",
    "co-sell": "assisted",
    "influenced": "influenced",
    "partner-influenced": "influenced",
    "direct": "direct",
}
"""Labels of other documents onto ours. "Influenced" in a claim means what its sender's programme calls so; the claim
is still tried as ours, and the label as sent stays on the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The class, the trial that decided it (`None` for direct and for a case that cannot be opened), the
    reasons in words, what spoke against the stronger classes, and the case that was weighed (`None` when
    something it needs is not in the base). `unread` are sources without which a touch may have been
    missed."""

    class_: Class
    trial: Trial | None
    reasons: tuple[str, ...]
    case: Case | None
    against: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def classify(view: View, row: Row, defaults: Mapping[str, Any]) -> Verdict:
    """The verdict on an Attributions row; `defaults` = the rulebook's windows where the charter states
    none."""
    verdict = _alone(view, row, defaults)
    if verdict.class_ != "sourced" or verdict.case is None:
        return verdict
    rivals = [
        other.text("partner_id")
        for other in view.where("Attributions", "opportunity_id", verdict.case.opportunity.id)
        if view.ref(other, "partner_id") != verdict.case.partner_id
        and _alone(view, other, defaults).class_ == "sourced"
    ]
    if not rivals:
        return verdict
    reason = f"{', '.join(sorted(rivals))} also meets every test of sourced, and one partner can source a deal"
    return replace(verdict, class_="hold", reasons=(reason, *verdict.reasons))


def claim_of(row: Row) -> str:
    """The class that a row's claim amounts to: the claimed class, else its label in our words, else `""`."""
    label = row.text("claimed_label").strip().casefold().replace(" ", "-")
    return row.text("claimed_class") or LABELS.get(label, "")


def _alone(view: View, row: Row, defaults: Mapping[str, Any]) -> Verdict:
    """The verdict without regard to other partners; kept, since the rule and the derivation both ask."""
    key = ("Attributions", "verdict", row.id)
    found: Verdict | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _tried(view, row, defaults)
    return found


def _tried(view: View, row: Row, defaults: Mapping[str, Any]) -> Verdict:
    case = case_of(view, row, defaults)
    if isinstance(case, str):
        return Verdict(class_="hold", trial=None, reasons=(case,), case=None)
    unread = unreadable(case)
    doubts: list[Trial] = []
    against: list[str] = []

    def verdict(class_: Class, trial: Trial | None, reasons: tuple[str, ...]) -> Verdict:
        said = tuple(dict.fromkeys(against))
        return Verdict(class_=class_, trial=trial, reasons=reasons or said, case=case, against=said, unread=unread)

    trials: tuple[tuple[Class, list[Trial]], ...] = (
        ("sourced", sourced(case)),
        ("assisted", assisted(case)),
        ("influenced", influenced(case)),
    )
    for class_, of_class in trials:
        carried = next((trial for trial in of_class if trial.outcome == "yes"), None)
        if carried and not doubts:
            return verdict(class_, carried, carried.reasons)
        doubts += [trial for trial in of_class if trial.outcome == "unknown"]
        against += [f"not {class_}: {text}" for t in of_class if t.outcome == "no" for text in t.reasons]
        if not of_class:
            against.append(f"not {class_}: {_NO_EVENT[class_]}")
        if carried:
            break
    if doubts:
        return verdict("hold", doubts[0], tuple(dict.fromkeys(text for trial in doubts for text in trial.reasons)))
    if unread:
        return verdict("hold", None, (f"touches cannot be read: {', '.join(unread)}",))
    return verdict("direct", None, ())


_NO_EVENT: Mapping[Class, str] = {
    "sourced": "no registration, introduction or lead of this partner on record",
    "assisted": "no dated action of the partner's staff on record",
    "influenced": "no dated touch of the campaign on anybody who is on the deal",
}
