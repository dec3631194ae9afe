"""Claims of partner credit that the dated facts do not carry.

What it protects: pipeline that is called partner-sourced because an account merely overlapped, because a
contact was put on the deal after it was won, or because a meeting was entered with last month's date. Such
a number pays commissions and renews budgets.

When it fires: a claim says sourced, assisted or influenced, and the charter's tests (see `view/trials.py`)
find less: no qualifying touch by a contact who was on the deal before its close, inside the window and the
agreement; an order of events that its two clocks dispute; or facts that cannot be known because a source
was not delivered or refused its scope. An overlap, an invitation, a no-show or a campaign report without a
time supports nothing.

What clears it: the dated touch and the contact's place on the deal are supplied, the missing source is
read, the claim is withdrawn or lowered, or a permitted person validates the class and says why. A held
claim counts for nothing.

Params: the windows used where a charter states none, in days; `backdating_gap_days` = how long after its
stated time a touch may have been logged; `delivery_days` = how long after what it tells of a partner's list may come.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, speak
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.case import shown_at
from mdfsync.view.classes import RANK, UNTOLD, Verdict, absorbed, claim_of, classify
from mdfsync.view.touches import LINKS

ID = "unsupported_influence"
TABLES = ("Attributions",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for row in view.rows("Attributions"):
        claim = row.text("validated_class") or claim_of(view, row)
        if RANK.get(claim, 0) == 0 or _is_settled(row) or absorbed(view, row):
            continue
        verdict = classify(view, row, setting.params)
        if verdict.class_ != "hold" and RANK[verdict.class_] >= RANK[claim]:
            continue
        yield speak(
            setting,
            row.place,
            _message(claim, verdict),
            evidence=_evidence(row, claim, verdict),
            sources=_sources(verdict),
        )


def _message(claim: str, verdict: Verdict) -> str:
    """Why the claim does not stand: what cannot be decided, else what spoke against the claimed class."""
    if verdict.class_ == "hold":
        return f"The claim “{claim}” cannot be decided: {verdict.reasons[0]}."
    if untold := next((text for text in verdict.against if text.startswith(f"{claim}{UNTOLD}")), ""):
        return f"The claim “{claim}” cannot be decided: {untold.removeprefix(f'{claim}{UNTOLD}')}."
    against = next((text for text in verdict.against if text.startswith(f"not {claim}: ")), verdict.reasons[0])
    return (
        f"The claim “{claim}” is not carried, the facts say {verdict.class_}: {against.removeprefix(f'not {claim}: ')}."
    )


def _is_settled(row: Row) -> bool:
    """A permitted person validated the class and gave the reason."""
    return bool(row.text("validated_class") and row.text("validation_reason"))


def _evidence(row: Row, claim: str, verdict: Verdict) -> dict[str, str]:
    evidence = {
        "claim": claim,
        "claimed_label": row.text("claimed_label"),
        "class by the rules": verdict.class_,
        "reasons": "; ".join(verdict.reasons),
        "against": "; ".join(verdict.against) if verdict.against != verdict.reasons else "",
        "not readable": ", ".join(verdict.unread),
    }
    case, trial = verdict.case, verdict.trial
    if case is not None:
        evidence["opportunity created"] = shown_at(case.created)
        evidence["opportunity closed"] = shown_at(case.closed) if case.closed else ""
        evidence["rule version"] = case.charter.named
    if trial is not None:
        evidence["event"] = trial.event.name
        evidence["event at"] = shown_at(trial.event.moment)
        recorded = trial.event.moment.recorded
        evidence["event recorded"] = instant_text(recorded) if recorded else ""
        evidence["contact"] = trial.event.contact
    return evidence


def _sources(verdict: Verdict) -> set[str]:
    sources = {BASE, "hubspot.deals", LINKS, *verdict.unread}
    if verdict.trial is not None:
        sources.add(verdict.trial.event.source_id)
    return sources
