"""One class per opportunity and partner: sourced, assisted, influenced, direct, or hold when it cannot be
told.

Tried in that order; the first class that an event carries is the class. If none carries one but something
is unknown (a time, a link, a source that was not delivered, two clocks in dispute), the class is `hold`
with its reasons, never `direct`: only what was looked for and not found is direct. So is a class whose deciding event,
its contact or the deal's own record is gone from HubSpot, whether or not our state still knew it: a person says then
whether it counts (`validated_class`). If a second partner also
comes out as sourced, both are held; so is one while another may still come out as the earlier source. Overlap
alone never gives a class. Used by the derivation that fills Attributions and by the rule that holds unsupported
claims, so that both speak of one judgement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mdfsync.view.base import View
from mdfsync.view.case import Case, case_of, merges_of
from mdfsync.view.labels import CLASSES, class_of_label
from mdfsync.view.lost import lost as lost_event
from mdfsync.view.moments import Order, came_before
from mdfsync.view.notes import notes_of
from mdfsync.view.row import Row
from mdfsync.view.trials import NOBODY_READ, Trial, assisted, influenced, sourced, unread_origins, unreadable

Class = Literal["sourced", "assisted", "influenced", "direct", "hold"]
UNTOLD = " cannot be told: "
"""Between a class and why nobody can say whether an event carries it; what was looked at is told as `not`."""
RANK: Mapping[str, int] = {name: rank for rank, name in enumerate(CLASSES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The class, the trial that decided it (`None` for direct and for a case that cannot be opened), the
    reasons in words, what spoke against the stronger classes, and the case that was weighed (`None` when
    something it needs is not in the base). `unread` are sources without which a touch may have been
    missed; `notes` are what a reader should know beside the class, and decide nothing; `open_to` is the
    strongest class that a hold may yet become."""

    class_: Class
    trial: Trial | None
    reasons: tuple[str, ...]
    case: Case | None
    against: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    open_to: Class | None = None


def classify(view: View, row: Row, defaults: Mapping[str, Any]) -> Verdict:
    """The verdict on an Attributions row; `defaults` = the rulebook's windows where the charter states
    none."""
    verdict = _alone(view, row, defaults)
    if verdict.class_ != "sourced" or verdict.case is None:
        return verdict
    rivals = [
        (view.ref(other, "partner_id"), _alone(view, other, defaults))
        for other in view.where("Attributions", "opportunity_id", verdict.case.opportunity.id)
        if view.ref(other, "partner_id") != verdict.case.partner_id
    ]
    orders = sorted(
        (name, _registered_first(verdict, rival, verdict.case)) for name, rival in rivals if rival.class_ == "sourced"
    )
    if first := [name for name, order in orders if order == "not"]:
        against = f"not sourced: {', '.join(first)} registered the opportunity first"
        return _tried(view, row, defaults, lost=against)
    if undecided := [name for name, order in orders if order not in {"firm", "stated"}]:
        reason = f"{', '.join(undecided)} also meets every test of sourced, and one partner can source a deal"
        return replace(verdict, class_="hold", reasons=(reason, *verdict.reasons), open_to="sourced")
    if open_ := sorted((name, rival.reasons[0]) for name, rival in rivals if _may_be_first(verdict, rival)):
        reason = "; ".join(f"{name} may have sourced it too: {why}" for name, why in open_)
        return replace(verdict, class_="hold", reasons=(reason, *verdict.reasons), open_to="sourced")
    return verdict


def _may_be_first(mine: Verdict, other: Verdict) -> bool:
    """Whether another partner, of whom it cannot be told yet, may come out as the source before me."""
    if other.class_ != "hold" or other.open_to != "sourced" or other.trial is None or mine.case is None:
        return False
    return _registered_first(mine, other, mine.case) not in {"firm", "stated"}


def _registered_first(mine: Verdict, other: Verdict, case: Case) -> Order:
    """Whether my registration came before the other's; what was not registered has no rank among partners."""
    if mine.trial is None or other.trial is None:
        return "unknown"
    if mine.trial.event.registration is None or other.trial.event.registration is None:
        return "unknown"
    return came_before(mine.trial.event.moment, other.trial.event.moment, case.zone)


def absorbed(view: View, row: Row) -> str:
    """The opportunity into which that of an Attributions row was merged; `""` when it stands by itself."""
    return merges_of(view).absorbed.get(view.ref(row, "opportunity_id"), "")


def counts_instead(view: View, row: Row) -> str:
    """The row that stands for the same opportunity and partner and counts in this one's stead; `""` when this one does.
    The worker's own row, by its id, comes before one that somebody typed."""
    deal, partner = view.ref(row, "opportunity_id"), view.ref(row, "partner_id")
    ids = [r.id for r in view.where("Attributions", "opportunity_id", deal) if view.ref(r, "partner_id") == partner]
    made = f"attr-{deal.removeprefix('hs-deal-')}-{partner}"
    first = made if made in ids else min(ids, default=row.id)
    return "" if first == row.id else first


def claim_of(view: View, row: Row) -> str:
    """The class that a row's claim amounts to: the claimed class, else its label in our words, else `""`."""
    return row.text("claimed_class") or class_of_label(view.rules, row.text("claimed_label"))


def _alone(view: View, row: Row, defaults: Mapping[str, Any]) -> Verdict:
    """The verdict without regard to other partners; kept, since the rule and the derivation both ask."""
    key = ("Attributions", "verdict", row.id)
    found: Verdict | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _tried(view, row, defaults)
    return found


def _tried(view: View, row: Row, defaults: Mapping[str, Any], *, lost: str = "") -> Verdict:
    """The class by the trials in their order; `lost` = why another partner sourced the opportunity."""
    if absorbed_by := absorbed(view, row):
        reason = f"the deal was merged into {absorbed_by}, which is classified in its stead"
        return Verdict(class_="direct", trial=None, reasons=(reason,), case=None)
    if other := counts_instead(view, row):
        reason = f"{other} stands for the same opportunity and partner, and one class counts"
        return Verdict(class_="hold", trial=None, reasons=(reason,), case=None)
    case = case_of(view, row, defaults)
    if isinstance(case, str):
        return Verdict(class_="hold", trial=None, reasons=(case,), case=None, open_to="sourced")
    touches, origins = unreadable(case), () if lost else unread_origins(case)
    unread = tuple(sorted({*touches, *origins}))
    missed: Mapping[Class, tuple[str, ...]] = {"sourced": origins, "influenced": touches}
    notes = notes_of(case)
    doubts: list[tuple[Class, Trial]] = []
    against: list[str] = [lost] if lost else []

    def verdict(class_: Class, trial: Trial | None, reasons: tuple[str, ...], may_be: Class | None = None) -> Verdict:
        said = tuple(dict.fromkeys(against))
        return Verdict(
            class_=class_, trial=trial, reasons=reasons or said, case=case, against=said, unread=unread, notes=notes,
            open_to=may_be,
        )  # fmt: skip

    trials: tuple[tuple[Class, Iterator[Trial]], ...] = (
        ("sourced", iter(()) if lost else sourced(case)),
        ("assisted", assisted(case)),
        ("influenced", influenced(case)),
    )
    for class_, trying in trials:
        of_class: list[Trial] = []
        carried: Trial | None = None
        for trial in trying:
            of_class.append(trial)
            if trial.outcome == "yes" and carried is None:
                carried = trial
                if not doubts:  # the class stands, whatever else there was
                    return verdict(class_, carried, carried.reasons)
        doubts += [(class_, trial) for trial in of_class if trial.outcome == "unknown"]
        against += [f"not {class_}: {text}" for t in of_class if t.outcome == "no" for text in t.reasons]
        if not carried and (not_read := missed.get(class_)):
            against.append(f"{class_}{UNTOLD}{', '.join(not_read)} could not be read")
        elif not of_class and not (lost and class_ == "sourced"):
            against.append(f"not {class_}: {_NO_EVENT[class_]}")
        if carried:
            break
    if doubts:
        may_be, first = doubts[0]
        reasons = tuple(dict.fromkeys(text for _, trial in doubts for text in trial.reasons))
        return verdict("hold", first, reasons, may_be)
    if unread:
        return verdict("hold", None, (f"touches cannot be read: {', '.join(unread)}",), "influenced")
    if not case.contacts_read:
        return verdict("hold", None, (NOBODY_READ,), "influenced")
    if gone := lost_event(case):
        return verdict("hold", None, (gone,), "influenced")
    return verdict("direct", None, ())


_NO_EVENT: Mapping[Class, str] = {
    "sourced": "no registration, introduction or lead of this partner on record",
    "assisted": "no dated action of the partner's staff on record",
    "influenced": "no dated touch of the campaign on anybody who is on the deal",
}
