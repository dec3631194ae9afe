"""The class of each partner on a deal, with the event that decided, every test in plain words, and two sentences that
say why.

`view.classes` judges; this only retells it. What cannot be told is listed with the source that would tell. The class
that reports use is the one that the next run would write (`derive.attribution`): a person's where it counts, with the
one by the rules beside it. A claim is shown as the class it amounts to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mdfsync.derive.attribution import attribution_cells
from mdfsync.derive.computed import NOTHING
from mdfsync.journeys.answer import Answer, deciding, entry_id
from mdfsync.journeys.ground import Ground
from mdfsync.journeys.story import Entry, Judgement, Test, Tried, Unknown, Weight
from mdfsync.journeys.touched import noun
from mdfsync.view import Row, View
from mdfsync.view.case import Case
from mdfsync.view.classes import Verdict, claim_of
from mdfsync.view.people import CONTACTS, UNREAD
from mdfsync.view.touches import OURS
from mdfsync.view.trials import BASE, Event, Trial, assisted, influenced, own_activity, sourced

_ORDER: tuple[Weight, ...] = ("decides", "counts", "against", "unknown", "does_not_count", "context")
_WEIGHT: Mapping[str, Weight] = {"yes": "counts", "unknown": "unknown", "no": "does_not_count"}
_BEST = ("yes", "unknown", "no")
_TELLS = (
    (r"cannot be read: (?P<source>.+)", "{source}"),
    (UNREAD, CONTACTS),
    (r"agreement", "Agreements: the signed period"),
    (r"registration .*(decided|conflict|names an account)", "Deal Registrations: the decision and the deal it names"),
    (r"lacks|confirmed by", "Attributions: the assist cells, confirmed by the deal's owner"),
    (r"contacts of the deal|on the deal|no contact", "hubspot.associations: the contacts of the deal"),
    (r"logged", "the list that the event itself kept"),
    (r"close", "hubspot.deals: the moment of close"),
)


def trials_of(case: Case) -> tuple[tuple[str, Trial], ...]:
    """Every event that was tried for a class, with the class."""
    groups = (("sourced", sourced(case)), ("assisted", assisted(case)), ("influenced", influenced(case)))
    return tuple((class_, trial) for class_, trials in groups for trial in trials)


def names_of(case: Case, ground: Ground) -> dict[str, str]:
    """How the words of a test name a touch, as a noun."""
    contacts = case.account_contacts | frozenset(case.on_deal)
    return {touch.name: noun(touch, ground) for touch in (*case.touches_of(contacts), *case.touches_by(OURS))}


def tried_entries(
    entries: Sequence[Entry], case: Case, trials: Sequence[tuple[str, Trial]], verdict: Verdict, ground: Ground
) -> list[Entry]:
    """The entries with how they fared for this case's partner: once for each class, by whoever took part and fared
    best."""
    names = names_of(case, ground)
    of_event: dict[tuple[str, str], list[Trial]] = {}
    for class_, trial in trials:
        of_event.setdefault((entry_id(trial.event, case.row), class_), []).append(trial)
    found: dict[str, list[Tried]] = {}
    for (id, class_), fared in of_event.items():
        best = min((trial.outcome for trial in fared), key=_BEST.index)
        said = dict.fromkeys(test for trial in fared if trial.outcome == best for test in trial.tests)
        tests = tuple(Test(outcome=outcome, text=ground.plain(text, case.zone, names)) for outcome, text in said)
        tried = Tried(partner_id=case.partner_id, class_=class_, outcome=best, tests=tests)
        found.setdefault(id, []).append(tried)
    decides = deciding(verdict, case.row) if verdict.class_ != "hold" else ""
    out = []
    for entry in entries:
        if mine := found.get(entry.id):
            outcomes: list[Weight] = [_WEIGHT[tried.outcome] for tried in mine]
            weights = (entry.weight, *outcomes, *(("decides",) if entry.id == decides else ()))
            entry = replace(entry, tried=(*entry.tried, *mine), weight=min(weights, key=_ORDER.index))
        out.append(entry)
    return out


def against_entries(
    entries: Sequence[Entry], case: Case, trials: Sequence[tuple[str, Trial]], ground: Ground
) -> list[Entry]:
    """The entries, where our own sales activity that ended sourcing says so; while any event carries it, none did."""
    origins = [trial for class_, trial in trials if class_ == "sourced"]
    event = origins[0].event if origins and all(trial.outcome != "yes" for trial in origins) else None
    own = own_activity(case, event.moment) if event else None
    if event is None or own is None:
        return list(entries)
    before = ground.plain(event.name, case.zone, names_of(case, ground))
    days = case.charter.sales_lookback_days
    why = (
        f"Speaks against sourced by {ground.partner(case.partner_id)}: "
        f"our own sales, {days} days or less before {before}."
    )
    return [
        replace(entry, weight=min((entry.weight, "against"), key=_ORDER.index), why=why)
        if entry.id == own.name
        else entry
        for entry in entries
    ]


def passed_over(entries: Sequence[Entry], cases: Sequence[Case]) -> list[Entry]:
    """The entries, where a touch of somebody on the deal that looks like one of the campaign and was tried for nothing
    says why."""
    joint = {campaign for case in cases for campaign in case.campaigns}
    kinds = {kind for case in cases for kind in case.charter.qualifying}
    out = []
    for entry in entries:
        if entry.lane == "touches" and not entry.tried and (entry.campaigns or entry.partner_id):
            if entry.campaigns and not joint & set(entry.campaigns):
                why = f"it belongs to {', '.join(entry.campaigns)}, which is not a campaign of this deal"
            elif entry.kind not in kinds:
                why = "it is not a kind of touch that the charter counts"
            else:
                why = "it is of a partner that is not tried on this deal"
            out.append(replace(entry, weight="does_not_count", why=f"{why[0].upper()}{why[1:]}."))
        else:
            out.append(entry)
    return out


def judgement(
    view: View,
    row: Row,
    verdict: Verdict,
    trials: Sequence[tuple[str, Trial]],
    entries: Mapping[str, Entry],
    ground: Ground,
) -> Judgement:
    partner_id = view.ref(row, "partner_id")
    case, partner = verdict.case, ground.partner(partner_id)
    cells = attribution_cells(view, row, verdict)
    names = names_of(case, ground) if case else {}

    def plain(text: str) -> str:
        return ground.plain(text, case.zone, names) if case else ground.without_addresses(text)

    against = tuple(dict.fromkeys(plain(text) for text in verdict.against))
    answer = Answer(verdict, partner, against, trials, entries, ground, plain)
    validated = row.text("validated_class")
    return Judgement(
        attribution_id=row.id,
        partner_id=partner_id,
        partner=partner,
        class_=cells["attribution_class"],
        by_rules=verdict.class_,
        claimed=claim_of(view, row),
        claimed_label=ground.without_addresses(row.text("claimed_label")),
        validated=validated,
        why=answer.with_validation(
            validated, cells["attribution_class"], ground.without_addresses(row.text("validation_reason"))
        ),
        against=against,
        notes=tuple(plain(text) for text in cells["class_notes"].splitlines() if text != NOTHING),
        deciding=deciding(verdict, row),
        unknown=tuple(_unknown(verdict, trials, plain)),
        rule_version=case.charter.named if case else "",
        in_base=row.text("attribution_class"),
        cells=cells,
    )


def _unknown(verdict: Verdict, trials: Sequence[tuple[str, Trial]], plain: Callable[[str], str]) -> list[Unknown]:
    missed = ", ".join(verdict.unread)
    found = [Unknown(what="whether a touch was missed", source=missed)] if missed else []
    for class_, trial in trials:
        if trial.outcome == "unknown":
            for text in trial.reasons:
                found.append(Unknown(what=f"{class_}: {plain(text)}", source=_teller(text, trial.event)))
    if verdict.case is None:
        found += [Unknown(what=text, source=BASE) for text in verdict.reasons]
    return list(dict.fromkeys(found))


def _teller(text: str, event: Event) -> str:
    """The source that would tell."""
    for pattern, source in _TELLS:
        if found := re.search(pattern, text):
            return source.format(**found.groupdict())
    return event.source_id
