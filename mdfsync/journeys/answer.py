"""The answer that stands at the top of a journey: in two sentences, why a deal has its class for one partner.

What decided comes first, then why nothing stronger: what was looked at and failed before what nobody recorded. Every
word of it comes from the verdict; a person's validation is told as what it is, with the class by the rules beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mdfsync.journeys.ground import Ground, day_words
from mdfsync.journeys.story import Entry
from mdfsync.view import Row
from mdfsync.view.case import Case
from mdfsync.view.classes import UNTOLD, Verdict
from mdfsync.view.trials import BASE, Event, Trial

MOST = 2
"""Reasons of one kind that the two sentences name; the tests below them name all."""
_STRONGER = {
    "direct": ("sourced", "assisted", "influenced"), "influenced": ("sourced", "assisted"), "assisted": ("sourced",),
}  # fmt: skip


def entry_id(event: Event, attribution: Row) -> str:
    """The entry that tells of a trial's event."""
    if event.source_id != BASE or event.registration is not None:
        return event.name
    return f"{'introduction' if event.name == 'introduction' else 'assist'} {attribution.id}"


def deciding(verdict: Verdict, attribution: Row) -> str:
    """The entry that decided the class; `""` for direct and for a case that cannot be opened."""
    return entry_id(verdict.trial.event, attribution) if verdict.trial else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Says in two sentences why a class is what it is: what decided, and why nothing stronger."""

    verdict: Verdict
    partner: str
    against: Sequence[str]
    trials: Sequence[tuple[str, Trial]]
    entries: Mapping[str, Entry]
    ground: Ground
    plain: Callable[[str], str]

    def with_validation(self, validated: str, used: str, reason: str) -> str:
        """The answer with what a person validated; `used` = the class that reports use."""
        why = self.why()
        if not validated:
            return why
        if validated != used:
            return f"{why} A person validated “{validated}” without a reason, which adds nothing."
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
        """`Not sourced: …; not assisted: …`, each with its first reasons; `sourced cannot be told: …` where a source is
        not read that could show it."""
        said: dict[str, list[str]] = {}
        untold = set()
        for text in self.against:
            head, _, reason = text.partition(": ")
            class_ = head.removeprefix("not ").removesuffix(UNTOLD.rstrip(": "))
            if UNTOLD in text:
                untold.add(class_)
                said.setdefault(class_, []).insert(0, reason)
            else:
                said.setdefault(class_, []).append(reason)
        # What was looked at and failed tells more than what nobody recorded.
        order = sorted(_STRONGER.get(self.verdict.class_, ()), key=lambda c: said.get(c, ["no "])[0].startswith("no "))
        heads = {class_: f"{class_}{UNTOLD}" if class_ in untold else f"not {class_}: " for class_ in said}
        parts = [f"{heads[c]}{said[c][0]}{_more(len(said[c]) - 1)}" for c in order if c in said]
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
