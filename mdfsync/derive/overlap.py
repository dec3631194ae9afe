"""What an overlap is worth: status on both sides, presence at launch, and whether the account may be
targeted.

Overlap is presence, never credit. It refuses to call an overlap "at launch" that nobody saw before launch,
to call a population of former customers customers, and to let a rule overrule a person's decision on an
account. A row that its source no longer shows is `no_longer_visible`, which does not say that the partner
lost it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.view import Row, View
from mdfsync.view.deals import own_deals
from mdfsync.view.standing import campaign_in_force, in_force

RULE = "overlap"
SOURCES = ("crossbeam.api", "crossbeam.exports")
_INPUTS = (*SOURCES, "hubspot.companies", "hubspot.deals")
_NOT_NOW = re.compile(r"\b(former|lost|churned|past|non|no|not|ex)\b")
_WORDS = (("customer", "customer"), ("opportunit", "open_opportunity"), ("prospect", "prospect"))
_STAGES = {
    "customer": "customer",
    "evangelist": "customer",
    "opportunity": "open_opportunity",
    "lead": "prospect",
    "subscriber": "prospect",
    "marketingqualifiedlead": "prospect",
    "salesqualifiedlead": "prospect",
}


def overlap(view: View) -> Iterator[Computed]:
    """Computed cells of Shared Accounts."""
    vanished = {v.subject for v in view.facts.vanished if v.source_id in SOURCES}
    deals = own_deals(view)
    partners: dict[tuple[str, str], set[str]] = {}
    for row in view.rows("Shared Accounts"):
        key = row.text("joint_campaign_id"), row.text("account_id")
        partners.setdefault(key, set()).add(row.text("partner_id"))
    for row in view.rows("Shared Accounts"):
        joint, account, partner = (row.text(n) for n in ("joint_campaign_id", "account_id", "partner_id"))
        open_deals = len(deals.get(account, ()))
        ours = _ours(row, open_deals)
        theirs = standing(row.text("partner_population"))
        target, reason = _target(view, row, ours, theirs)
        values = {
            "customer_status_ours": ours,
            "customer_status_partner": theirs,
            "account_overlap": _kind(ours, theirs),
            "overlap_status": "no_longer_visible" if row.subject in vanished else _presence(view, row),
            "target_status": target,
            "exclusion_reason": reason or NOTHING,
            "open_opportunities": str(open_deals),
            "other_partner_ids": ", ".join(sorted(partners[joint, account] - {partner})) or NOTHING,
        }
        yield from cells(row.subject, values, rule=RULE, inputs=_INPUTS)


@lru_cache(maxsize=4096)
def standing(populations: str) -> str:
    """Customer, open opportunity, prospect or unknown, from the names of Crossbeam populations: the
    closest one counts. Names are free text, so they are compared by the word they contain; "former
    customers" says nothing."""
    found = set()
    for name in populations.split(","):
        plain = name.casefold()
        if not _NOT_NOW.search(plain):
            found |= {status for word, status in _WORDS if word in plain}
    return next((status for _, status in _WORDS if status in found), "unknown")


def _ours(row: Row, open_deals: int) -> str:
    """Our own side: the CRM's lifecycle and open deals before the population's name."""
    by_stage = _STAGES.get(row.text("account_lifecycle_stage").casefold(), "")
    by_population = standing(row.text("our_population"))
    known = {by_stage, by_population, "open_opportunity" if open_deals else ""}
    return next((status for _, status in _WORDS if status in known), "unknown")


def _kind(ours: str, theirs: str) -> str:
    if "unknown" in {ours, theirs}:
        return "unknown"
    for status, noun in (("customer", "customer"), ("open_opportunity", "opportunity")):
        sides = (ours == status, theirs == status)
        if any(sides):
            return f"{'mutual' if all(sides) else 'our' if sides[0] else 'partner'}_{noun}"
    return "net_new_for_both"


def _presence(view: View, row: Row) -> str:
    """Whether the overlap was there at launch, as far as Crossbeam's own time or our first sight of it
    can tell."""
    if row.text("snapshot_label") == "at_launch":
        return "at_launch"
    campaign = view.row("Campaigns", row.text("joint_campaign_id"))
    launch = campaign.instant("launch_at") if campaign else None
    if launch is None or launch > view.as_of:
        return "before_launch"
    since, captured = row.instant("overlap_since"), row.instant("captured_at")
    if since is not None:
        return "at_launch" if since <= launch else "added_after_launch"
    return "at_launch" if captured is not None and captured <= launch else "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """The charter's word on accounts, from the campaign, the partner and the partner's part in the
    campaign."""

    campaign: Row | None
    partner: Row | None
    part: Row | None

    def barred(self, row: Row) -> str:
        """Why the account is excluded by name; `""` when it is not."""
        names = {row.text("account_name").casefold(), row.text("account_domain").casefold()} - {""}
        for where, holder, field in (
            ("the charter's exclusions", self.campaign, "exclusions"),
            ("the partner's competitor exclusions", self.partner, "competitor_exclusions"),
        ):
            for line in holder.text(field).casefold().splitlines() if holder else ():
                first = re.split(r"[;,(:]|\s[-–—]\s", line.strip())[0].strip()
                if first in names or row.text("account_id").casefold() in line.split():
                    return f"named in {where}: {line.strip()}"
        return ""


def _target(view: View, row: Row, ours: str, theirs: str) -> tuple[str, str]:
    """Target, excluded or review, with the facts that decide; a person's decision stands before every
    rule."""
    decision = row.text("target_decision")
    if decision:
        words = f"decided by a person: {row.text('target_decision_reason') or decision}"
        return {"target": "target", "exclude": "excluded", "pause": "review"}[decision], words
    joint, partner_id = row.text("joint_campaign_id"), row.text("partner_id")
    parts = view.where("Campaign Partners", "joint_campaign_id", joint)
    scope = _Scope(
        campaign=campaign_in_force(view, joint),
        partner=view.row("Partners", partner_id),
        part=next((in_force(view, part) for part in parts if view.ref(part, "partner_id") == partner_id), None),
    )
    if reason := _excluded(scope, row, ours, theirs):
        return "excluded", reason
    doubts = [
        words
        for words, doubtful in (
            ("our status is unknown", ours == "unknown"),
            ("the partner's status is unknown", theirs == "unknown"),
            (
                f"match confidence is {row.text('match_confidence') or 'unknown'}",
                row.text("match_confidence") != "high",
            ),
        )
        if doubtful
    ]
    return ("review", "; ".join(doubts)) if doubts else ("target", "")


def _excluded(scope: _Scope, row: Row, ours: str, theirs: str) -> str:
    campaign, partner = scope.campaign, scope.partner
    if partner and row.text("account_id") == f"hs-co-{partner.text('hubspot_company_id')}":
        return "the account is the partner itself"
    if reason := scope.barred(row):
        return reason
    wanted = campaign.text("account_scope") if campaign else ""
    if wanted == "net_new" and ours == "customer":
        return "our customer, and the charter targets net new accounts"
    if wanted == "expansion" and ours not in {"customer", "unknown"}:
        return "not our customer, and the charter targets expansion"
    named = campaign.text("account_scope_detail").casefold() if campaign else ""
    if wanted == "named_accounts" and row.text("account_name").casefold() not in named:
        return "not among the charter's named accounts"
    if campaign and campaign.text("partner_customers_in_scope") == "no" and theirs == "customer":
        return "the partner's customer, and the charter leaves those out"
    return _outside_populations(scope.part, row)


def _outside_populations(part: Row | None, row: Row) -> str:
    """Populations that the partner's part names as in scope; a side that names none takes all."""
    for side, scope_field, field in (
        ("our", "in_scope_populations_ours", "our_population"),
        ("the partner's", "in_scope_populations_partner", "partner_population"),
    ):
        wanted = {name.casefold() for name in part.listed(scope_field)} if part else set()
        there = {name.casefold() for name in row.listed(field)}
        if wanted and there and not wanted & there:
            return f"in none of {side} populations in scope"
    return ""
