"""What the review of a deal registration has to look at before anybody decides.

What it protects: a registration that is approved unread gives exclusivity for a customer that another partner already
works, that is nobody's market, or that nobody can find. The checks are the worker's; the decision is not.

When it fires, one exception per registration and cause. What speaks for rejecting an undecided registration is told
alone, since nobody need complete what is refused; one that lacks something is asked for that first:
- `other partner`: it is not decided, and another partner registered the same deal before; that one still stands. Where
  the two dispute the deal, `disputed_ownership` holds it instead.
- `duplicate`: the same partner registered the same deal before, and no other partner did.
- `territory`: it is not decided, and the account's country is none of the campaign's markets; both by name.
- `incomplete`: it is not decided, and customer name, domain, amount, expected close, contact or products are missing.
- `account`: it still claims its deal, and it names no account; the companies that may be meant are listed.
- `reason`: it was rejected or called in conflict, and nobody says why.
- `not counted`: a day was entered that the rules do not allow: a second or longer extension, one that came too late, a
  longer protection than the charter's, a report dated in the future.
Whether an agreement covers it is told by `outside_agreement`, a certification that had ended by `registration_barred`,
our own deals by `disputed_ownership`.

What clears it: the missing value, the account, the reason or the corrected day; or the decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from mdfsync.hosts import host_name
from mdfsync.model import Finding
from mdfsync.overlaps.markets import markets_of
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.registrations import in_short, tell
from mdfsync.view import Row, View
from mdfsync.view.contests import contest_of, related
from mdfsync.view.registrations import TABLE, RegistrationStanding, charter_for, standing_of
from mdfsync.view.touches import property_of

ID = "registration_check"
TABLES = (TABLE,)
COMPANIES = "hubspot.companies"
_MAX_CANDIDATES = 5


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        for key, message, evidence, action in _causes(view, standing):
            yield tell(
                view,
                setting,
                standing,
                message,
                key=key,
                cells=("account_name_given", "account_id", "opportunity_id"),
                evidence=evidence,
                required_action=action,
            )


Cause = tuple[str, str, Mapping[str, str], str]


def _causes(view: View, standing: RegistrationStanding) -> Iterator[Cause]:
    row = standing.row
    if standing.undecided:
        before = [*_other_partner(view, standing)] or [*_duplicate(view, standing)]
        against = [*before, *_territory(view, standing)]
        yield from against or _incomplete(standing) or _account(view, row)
    elif standing.live:
        yield from _duplicate(view, standing)
        yield from _account(view, row)
    refused = row.text("registration_decision")
    if refused in {"rejected", "conflict"} and not row.text("registration_decision_reason"):
        words = "rejected" if refused == "rejected" else "called in conflict"
        yield (
            "reason",
            f"The registration was {words}, and no reason is given.",
            {},
            "Enter registration_decision_reason.",
        )
    today = view.as_of.astimezone(standing.zone).date()
    matters = standing.status == "valid" or (row.day("extended_until") or date.min) >= today
    if standing.protection.faults and matters:
        words = "; ".join(standing.protection.faults)
        yield "not counted", f"Not everything that was entered counts: {words}.", {}, "Correct the day that is named."


def _incomplete(standing: RegistrationStanding) -> list[Cause]:
    if standing.status != "incomplete":
        return []
    message = f"The registration lacks: {', '.join(standing.missing)}."
    return [("incomplete", message, {}, "Ask the partner for it; the review waits until then.")]


def _other_partner(view: View, standing: RegistrationStanding) -> Iterator[Cause]:
    row, partner = standing.row, view.ref(standing.row, "partner_id")
    if contest_of(view, row):
        return
    before = [
        other
        for other in related(view, row)
        if view.ref(other.row, "partner_id") != partner
        and (other.row.text("submitted_at") < row.text("submitted_at") or other.status == "valid")
    ]
    if before:
        ids = ", ".join(other.row.id for other in before)
        yield (
            "other partner",
            f"Another partner registered this deal before: {ids}.",
            {other.row.id: in_short(view, other.row) for other in before},
            f"Reject it as a duplicate of {ids}, or call it in conflict with the reason.",
        )


def _duplicate(view: View, standing: RegistrationStanding) -> Iterator[Cause]:
    row, partner = standing.row, view.ref(standing.row, "partner_id")
    earlier = [
        other.row.id
        for other in related(view, row)
        if view.ref(other.row, "partner_id") == partner
        and (other.row.text("submitted_at"), other.row.id) < (row.text("submitted_at"), row.id)
    ]
    if earlier:
        ids = ", ".join(earlier)
        words = f"The same partner registered this deal before: {ids}."
        yield "duplicate", words, {}, f"Reject it as a duplicate of {ids}, or set closed_outcome of the earlier one."


def _companies(view: View) -> dict[tuple[str, str], list[str]]:
    """HubSpot companies, as they are shown, by domain and by name; worked out once per view."""
    found: dict[tuple[str, str], list[str]] | None = view.memo.get((COMPANIES, "shown"))
    if found is None:
        found = view.memo[COMPANIES, "shown"] = {}
        for company in view.mirror.get(COMPANIES, ()):
            shown = f"hs-co-{company.ref.external_id} {property_of(company, 'name')}"
            domain, name = host_name(property_of(company, "domain")), property_of(company, "name").casefold()
            for key in (("domain", domain), ("name", name)):
                if key[1]:
                    found.setdefault(key, []).append(shown)
    return found


def _account(view: View, row: Row) -> Iterator[Cause]:
    if row.text("account_id") or view.ref(row, "opportunity_id"):
        return
    domain, name = host_name(row.text("customer_domain")), row.text("account_name_given").casefold()
    fitting = {*_companies(view).get(("domain", domain), ()), *_companies(view).get(("name", name), ())}
    found = "; ".join(sorted(fitting)[:_MAX_CANDIDATES]) or "no company with that domain or name"
    action = "Enter account_id, or have the company made in HubSpot first."
    yield "account", "The registration names no account of ours.", {"candidates": found}, action


def _territory(view: View, standing: RegistrationStanding) -> Iterator[Cause]:
    charter = charter_for(view, standing.row)
    stated = charter.campaign.text("markets") if charter else ""
    markets = markets_of(stated, view.rules["overlap_changed"].params["regions"])
    country = _country(view, standing.row.text("account_id"))
    if markets.bar(country):
        shown = {"country": country, "markets": stated}
        words = f"The customer's country, {country}, is none of the campaign's markets."
        yield "territory", words, shown, "Reject it as out of territory, or have the charter's markets changed first."


def _country(view: View, account_id: str) -> str:
    countries: dict[str, str] | None = view.memo.get(("", "countries of accounts"))
    if countries is None:
        countries = {f"hs-co-{c.ref.external_id}": property_of(c, "country") for c in view.mirror.get(COMPANIES, ())}
        view.memo["", "countries of accounts"] = countries
    return countries.get(account_id, "")
