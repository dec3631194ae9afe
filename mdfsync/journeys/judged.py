"""The class of each partner on a deal, with the event that decided, every test in plain words, and two sentences that
say why.

`view.classes` judges; this only retells it. Passed tests are shown where a trial tells them. What cannot be told is
listed with the source that would tell. A class that a person validated is what reports use, and the page says so
beside the one by the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mdfsync.journeys.ground import Ground, day_words
from mdfsync.journeys.story import Entry, Judgement, Test, Tried, Unknown, Weight
from mdfsync.journeys.touched import noun
from mdfsync.view import Row
from mdfsync.view.case import Case
from mdfsync.view.classes import Verdict
from mdfsync.view.trials import BASE, Event, Trial, assisted, influenced, own_activity, sourced

MOST = 2
"""Reasons of one kind that the two sentences name; the tests below them name all."""
_STRONGER = {
    "direct": ("sourced", "assisted", "influenced"), "influenced": ("sourced", "assisted"), "assisted": ("sourced",),
}  # fmt: skip
_ORDER: tuple[Weight, ...] = ("decides", "counts", "against", "unknown", "does_not_count", "context")
_WEIGHT: Mapping[str, Weight] = {"yes": "counts", "unknown": "unknown", "no": "does_not_count"}
_TELLS = (
    (r"cannot be read: (?P<source>.+)", "{source}"),
    (r"agreement", "Agreements: the signed period"),
    (r"registration .*(decided|conflict|names an account)", "Deal Registrations: the decision and the deal it names"),
    (r"lacks|confirmed by", "Attributions: the assist cells, confirmed by the deal's owner"),
    (r"contacts of the deal|on the deal|no contact", "hubspot.associations: the contacts of the deal"),
    (r"logged", "the list that the event itself kept"),
    (r"close", "hubspot.deals: the moment of close"),
)


def entry_id(event: Event, attribution: Row) -> str:
    """The entry that tells of a trial's event."""
    if event.source_id != BASE or event.registration is not None:
        return event.name
    return f"{'introduction' if event.name == 'introduction' else 'assist'} {attribution.id}"


def trials_of(case: Case) -> tuple[tuple[str, Trial], ...]:
    """Every event that was tried for a class, with the class."""
    groups = (("sourced", sourced(case)), ("assisted", assisted(case)), ("influenced", influenced(case)))
    return tuple((class_, trial) for class_, trials in groups for trial in trials)


def names_of(case: Case, ground: Ground) -> dict[str, str]:
    """How the words of a test name a touch, as a noun."""
    contacts = case.account_contacts | frozenset(case.on_deal)
    return {touch.name: noun(touch, ground) for touch in case.touches_of(contacts)}


def tried_entries(
    entries: Sequence[Entry], case: Case, trials: Sequence[tuple[str, Trial]], verdict: Verdict, ground: Ground
) -> list[Entry]:
    """The entries with how they fared for this case's partner."""
    names = names_of(case, ground)
    found: dict[str, list[Tried]] = {}
    for class_, trial in trials:
        tests = tuple(
            Test(outcome=outcome, text=ground.plain(text, case.zone, names)) for outcome, text in tests_of(trial)
        )
        tried = Tried(partner_id=case.partner_id, class_=class_, outcome=trial.outcome, tests=tests)
        found.setdefault(entry_id(trial.event, case.row), []).append(tried)
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
    """The entries, where our own sales activity that ended sourcing says so."""
    event = next((trial.event for class_, trial in trials if class_ == "sourced" and trial.outcome != "yes"), None)
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


def tests_of(trial: Trial) -> tuple[tuple[str, str], ...]:
    """The tests of a trial with their outcomes."""
    return tuple((trial.outcome, text) for text in trial.reasons)


def deciding(verdict: Verdict, attribution: Row) -> str:
    """The entry that decided the class; `""` for direct and for a case that cannot be opened."""
    return entry_id(verdict.trial.event, attribution) if verdict.trial else ""


def judgement(
    row: Row, partner_id: str, verdict: Verdict, trials: Sequence[tuple[str, Trial]], entries: Mapping[str, Entry],
    ground: Ground,
) -> Judgement:  # fmt: skip
    case, partner = verdict.case, ground.partner(partner_id)
    names = names_of(case, ground) if case else {}

    def plain(text: str) -> str:
        return ground.plain(text, case.zone, names) if case else ground.without_addresses(text)

    against = tuple(dict.fromkeys(plain(text) for text in verdict.against))
    teller = _Teller(verdict, partner, against, trials, entries, ground, plain)
    validated = row.text("validated_class")
    return Judgement(
        attribution_id=row.id,
        partner_id=partner_id,
        partner=partner,
        class_=validated or verdict.class_,
        by_rules=verdict.class_,
        claimed=row.text("claimed_class") or row.text("claimed_label"),
        validated=validated,
        why=teller.with_validation(validated, ground.without_addresses(row.text("validation_reason"))),
        against=against,
        deciding=deciding(verdict, row),
        unknown=tuple(_unknown(verdict, trials, plain)),
        rule_version=case.charter.named if case else "",
        in_base=row.text("attribution_class"),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says in two sentences why a class is what it is: what decided, and why nothing stronger."""

    verdict: Verdict
    partner: str
    against: Sequence[str]
    trials: Sequence[tuple[str, Trial]]
    entries: Mapping[str, Entry]
    ground: Ground
    plain: Callable[[str], str]

    def with_validation(self, validated: str, reason: str) -> str:
        why = self.why()
        if not validated:
            return why
        given = f" Reason given: {reason.rstrip('.')}." if reason else " No reason is given."
        if validated == self.verdict.class_:
            return f"{why} A person validated it.{given}"
        rules = "on hold" if self.verdict.class_ == "hold" else self.verdict.class_
        by_rules = f"By the rules it would be {rules}: {why.partition(': ')[2]}"
        return f"Reports use “{validated}” for {self.partner}, because a person validated it.{given} {by_rules}"

    def why(self) -> str:
        case, trial = self.verdict.case, self.verdict.trial
        if self.verdict.class_ == "hold":
            return self._on_hold()
        entry = self.entries.get(deciding(self.verdict, case.row)) if case else None
        if case is None or trial is None or entry is None:
            return f"Direct: nothing that {self.partner} did counts for this deal{self._not_credit()}. {self._weaker()}"
        verb = {"sourced": "Sourced by", "assisted": "Assisted by", "influenced": "Influenced by"}[self.verdict.class_]
        did = entry.title.partition(", naming ")[0]
        did = f"it{did.removeprefix(self.partner)}" if did.startswith(self.partner) else did
        day = trial.event.moment.on(case.zone)
        when = f" on {day_words(day)}, {_distance(case.created_on, day)}" if day else ""
        first = f"{verb} {self.partner}: {did}{when}{self._membership(case, trial.event, did)}."
        if self.verdict.class_ != "sourced":
            return f"{first} {self._weaker()}".strip()
        days = case.charter.sales_lookback_days
        return f"{first} Our own sales have no activity with the account on record in the {days} days before that."

    def _on_hold(self) -> str:
        doubted = dict.fromkeys(class_ for class_, trial in self.trials if trial.outcome == "unknown")
        reasons = _listed([self.plain(text) for text in self.verdict.reasons], "; ")
        whether = f"whether it is {' or '.join(doubted)} cannot be told: " if doubted else ""
        return f"On hold for {self.partner}: {whether}{reasons}. Until that is settled it counts for nothing."

    def _not_credit(self) -> str:
        """What readers may take for credit, and is none."""
        case = self.verdict.case
        said = []
        if case and any(e.lane == "presence" and e.partner_id == case.partner_id for e in self.entries.values()):
            said.append("the overlap is presence, never credit")
        joint = set(case.campaigns) if case else set()
        colleagues = sum(e.lane == "colleagues" and bool(joint & set(e.campaigns)) for e in self.entries.values())
        if colleagues:
            several = colleagues > 1
            said.append(
                f"{colleagues} touch{'es' if several else ''} of colleagues who are not on the deal "
                f"{'do' if several else 'does'} not count"
            )
        return f" ({'; '.join(said)})" if said else ""

    def _membership(self, case: Case, event: Event, did: str) -> str:
        """Where the event's contact stands on the deal, for an event that carried its class."""
        if not event.contact or event.contact not in case.on_deal:
            return ""
        name = self.ground.person(event.contact)
        on_deal = "was on the deal before it closed" if case.closed else "is on the deal"
        return f", and {on_deal}" if did.startswith(name) else f"; {name} {on_deal}"

    def _weaker(self) -> str:
        """`Not sourced: …; not assisted: …`, each with its first reasons."""
        said: dict[str, list[str]] = {}
        for text in self.against:
            head, _, reason = text.partition(": ")
            said.setdefault(head.removeprefix("not "), []).append(reason)
        # What was looked at and failed tells more than what nobody recorded.
        order = sorted(_STRONGER.get(self.verdict.class_, ()), key=lambda c: said.get(c, ["no "])[0].startswith("no "))
        parts = [f"not {class_}: {said[class_][0]}{_more(len(said[class_]) - 1)}" for class_ in order if class_ in said]
        text = "; ".join(parts)
        return f"{text[0].upper()}{text[1:]}." if text else ""


def _distance(created: date, day: date) -> str:
    days = (created - day).days
    if days == 0:
        return "the day the deal was created"
    count = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
    return f"{count} {'before' if days > 0 else 'after'} the deal was created"


def _more(count: int) -> str:
    return f" (and {count} more reason{'s' if count > 1 else ''})" if count > 0 else ""


def _listed(reasons: Sequence[str], between: str) -> str:
    more = f"{between}and {len(reasons) - MOST} more" if len(reasons) > MOST else ""
    return between.join(reasons[:MOST]) + more


def _unknown(verdict: Verdict, trials: Sequence[tuple[str, Trial]], plain: Callable[[str], str]) -> list[Unknown]:
    found = [Unknown(what="whether a touch was missed", source=source) for source in verdict.unread]
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
