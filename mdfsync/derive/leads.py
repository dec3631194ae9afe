"""Computed cells of Leads: how the lists agree, whether the lead counts, whose it is, where it may go, its clocks.

Every cell is what the package `leads` says, which the rules read too; this only writes it down. It comes after the
rules that hold, because a held lead leaves every outgoing list. A count of touches that a source which nobody could
read might change is left as it stands, and a text that no longer holds says `none`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.leads.classes import class_of, counts
from mdfsync.leads.clocks import follow_up, qualifying, unread_touches
from mdfsync.leads.lists import lists_of
from mdfsync.leads.outgoing import BARRED, CLEARED, HELD, Standing, Verdict, held_by_findings, recipients, verdict
from mdfsync.leads.ownership import ownership
from mdfsync.leads.reconciled import reconciled
from mdfsync.model import Finding
from mdfsync.values import instant_text
from mdfsync.view import Row, View

RULE = "leads"
_INPUTS = ("hubspot.contacts", "partner.leads")
_DEALS = ("hubspot.deals", "crossbeam.api", "crossbeam.exports")


def leads(view: View, findings: Iterable[Finding]) -> Iterator[Computed]:
    """Computed cells of every lead. `findings` are those that nobody let pass."""
    standing = held_by_findings(findings)
    for lead in view.rows("Leads"):
        owned = ownership(view, lead)
        about = reconciled(view, lead)
        yield from cells(
            lead.place,
            {
                "reconciliation_status": about.status,
                "reconciliation_reason": about.reason or NOTHING,
                "duplicate_of": lists_of(view).twins.get(lead.place, NOTHING),
                "lead_class": class_of(view, lead)[0],
            },
            rule=RULE,
            inputs=_INPUTS,
        )
        rule = {"ownership_by_rule": owned.by_rule, "ownership_by_rule_reason": "\n".join(owned.reasons) or NOTHING}
        yield from cells(lead.place, rule, rule=RULE, inputs=_DEALS)
        yield from cells(lead.place, _outgoing(view, lead, standing), rule=RULE, inputs=_INPUTS)
        yield from cells(lead.place, _touches(view, lead), rule=RULE, inputs=("hubspot.contacts", "Campaigns"))


def _outgoing(view: View, lead: Row, standing: Standing) -> dict[str, str]:
    """Cleared when at least one partner may be told of the lead; the reason says for which and why not for others."""
    partners = recipients(view, view.ref(lead, "joint_campaign_id"))
    if not partners:
        return {"outgoing_status": HELD, "outgoing_reason": "no partner takes part in the campaign"}
    verdicts = [verdict(view, lead, partner, standing.get(lead.place, ())) for partner in partners]
    found = {v.status for v in verdicts}
    status = next(s for s in (CLEARED, HELD, BARRED) if s in found)
    return {"outgoing_status": status, "outgoing_reason": "\n".join(map(_in_words, verdicts))}


def _in_words(said: Verdict) -> str:
    return f"{said.partner_id}: {said.status}" + (f" ({'; '.join(said.reasons)})" if said.reasons else "")


def _touches(view: View, lead: Row) -> dict[str, str]:
    touches = qualifying(view, lead)
    values: dict[str, str] = {}
    if touches:
        first, last = (t.moment.stated for t in (touches[0], touches[-1]))
        values = {"first_touch_type": touches[0].kind}
        values |= {"first_touch_at": instant_text(first)} if first else {}
        values |= {"last_touch_at": instant_text(last)} if last else {}
    if not unread_touches(view, view.ref(lead, "joint_campaign_id")):
        values["qualifying_touches"] = str(len(touches))
        values.setdefault("first_touch_type", NOTHING)
    clock = follow_up(view, lead) if counts(view, lead) else None
    if clock is not None:
        values["follow_up_due"] = instant_text(clock.due)
        values |= {"followed_up_at": instant_text(clock.done)} if clock.done else {}
    return values
