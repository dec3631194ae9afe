"""Whether an account may be targeted: target, excluded or for review, with the rule that decides and its facts.

A person's decision stands before every rule. Then comes what bars an account outright, in the order below, then what
leaves it to a person; only what is barred by nothing and in doubt about nothing is a target. An account that turned up
after the list was approved or the campaign launched never becomes a target by itself. Rules judge by the charter in
force. Part of `overlaps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.company_names import plain_name
from mdfsync.countries import country_code
from mdfsync.exclusion_lists import entries
from mdfsync.hosts import host_name, registrable
from mdfsync.model import RawRow
from mdfsync.observe.companies import own_domains
from mdfsync.overlaps.markets import markets_of
from mdfsync.overlaps.standing import UNKNOWN, standing
from mdfsync.view import Row, View
from mdfsync.view.outsiders import is_ours
from mdfsync.view.people import property_of
from mdfsync.view.standing import campaign_in_force, in_force

RULE = "overlap_changed"
"""The rule whose params hold the regions, test words and HubSpot properties that are read here."""
BY = {
    "person": "a person's decision",
    "withdrawn": "no longer visible in Crossbeam",
    "partner": "the partner itself",
    "own_company": "our own company",
    "named": "named in an exclusion list",
    "do_not_contact": "do not contact",
    "sharing": "data sharing is over",
    "our_customer": "our customer",
    "not_our_customer": "not our customer",
    "not_named": "not among the named accounts",
    "partner_customer": "the partner's customer",
    "partner_opportunity": "the partner's open opportunity",
    "population": "outside the populations in scope",
    "market": "outside the markets",
    "appeared": "appeared after approval or launch",
    "not_from_partner": "not shared by the partner itself",
    "test_record": "looks like a test record",
    "duplicate": "another record of the same account",
    "match": "the match is not certain",
    "status": "a side's status is unknown",
    "market_unknown": "the market cannot be told",
}
"""Rules by name, in the order in which they are asked, as documents call them."""
_DECIDED = {"target": "target", "exclude": "excluded", "pause": "review"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`by` = the rule that decides, a key of `BY`; `""` for a target that nothing speaks against."""

    status: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account with what its verdict rests on. `rival` = another account that stands for the same record of the
    partner and goes first."""

    row: Row
    ours: str
    theirs: str
    visible: bool
    rival: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """The charter's word on accounts, from the campaign, the partner and the partner's part in the campaign; `own` =
    the partner's websites."""

    campaign: Row | None
    partner: Row | None
    part: Row | None
    own: frozenset[str]

    def of_campaign(self, name: str) -> str:
        return self.campaign.text(name) if self.campaign else ""

    def of_partner(self, name: str) -> str:
        return self.partner.text(name) if self.partner else ""


def verdict(view: View, account: Account) -> Verdict:
    """Target, excluded or review."""
    row = account.row
    if decision := row.text("target_decision"):
        words = f"decided by a person: {row.text('target_decision_reason') or decision}"
        return Verdict(status=_DECIDED.get(decision, "review"), by="person", reason=words)
    terms = _terms(view, row.text("joint_campaign_id"), row.text("partner_id"))
    params = view.rules[RULE].params if RULE in view.rules else {}
    for by, reason in _bars(view, account, terms, params):
        return Verdict(status="excluded", by=by, reason=reason)
    doubts = list(_doubts(account, terms, params))
    if doubts:
        return Verdict(status="review", by=doubts[0][0], reason="; ".join(words for _, words in doubts))
    return Verdict(status="target", by="", reason="")


def _terms(view: View, joint: str, partner_id: str) -> _Terms:
    key = ("Shared Accounts", "terms", joint, partner_id)
    found: _Terms | None = view.memo.get(key)
    if found is None:
        parts, partner = view.where("Campaign Partners", "joint_campaign_id", joint), view.row("Partners", partner_id)
        found = view.memo[key] = _Terms(
            campaign=campaign_in_force(view, joint),
            partner=partner,
            own=own_domains((partner.text("partner_domains"),)) if partner else frozenset(),
            part=next((in_force(view, part) for part in parts if view.ref(part, "partner_id") == partner_id), None),
        )
    return found


# ---------------------------------------------------------------- what bars an account


def _bars(view: View, account: Account, terms: _Terms, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(rule, reason) of everything that bars the account, in order; the first one is told."""
    row = account.row
    if not account.visible:
        yield "withdrawn", "no longer visible in Crossbeam; ask the partner why before anybody works it"
    yield from _who(view, row, terms)
    yield from _named(view, row, terms)
    if wish := _do_not_contact(view, row, params):
        yield "do_not_contact", f"HubSpot says do not contact ({wish})"
    ends = terms.partner.day("data_sharing_expires_on") if terms.partner else None
    if ends is not None and ends < view.as_of.date():
        yield "sharing", f"data may be shared with the partner only until {ends.isoformat()}"
    yield from _scope(account, terms)
    if words := _outside_populations(terms.part, row, account):
        yield "population", words
    yield from _market(row, terms, params)


def _who(view: View, row: Row, terms: _Terms) -> Iterator[tuple[str, str]]:
    """The partner itself, and ourselves."""
    host = registrable(row.text("account_domain"))
    company = terms.of_partner("hubspot_company_id")
    if (company and row.text("account_id") == f"hs-co-{company}") or host in terms.own:
        yield "partner", "the account is the partner itself"
    if ours := is_ours(view, host_name(row.text("account_domain"))):
        yield "own_company", f"{ours} is our own domain"


def _named(view: View, row: Row, terms: _Terms) -> Iterator[tuple[str, str]]:
    name, host, account = row.text("account_name"), host_name(row.text("account_domain")), row.text("account_id")
    for where, text in (
        ("the charter's exclusions", terms.of_campaign("exclusions")),
        ("the partner's competitor exclusions", terms.of_partner("competitor_exclusions")),
    ):
        for entry in entries(text):
            if entry.holds(view.as_of.date()) and entry.means(name, host, account):
                yield "named", f"named in {where}: {entry.line}"


def _do_not_contact(view: View, row: Row, params: Mapping[str, Any]) -> str:
    """The HubSpot property that bars the company, where HubSpot has one and it was pulled."""
    key = ("hubspot.companies", "by account")
    found: dict[str, RawRow] | None = view.memo.get(key)
    if found is None:
        found = {f"hs-co-{company.ref.external_id}": company for company in view.mirror.get("hubspot.companies", ())}
        view.memo[key] = found
    company = found.get(row.text("account_id"))
    wishes = params.get("do_not_contact_properties", ()) if company is not None else ()
    said = ((name, property_of(company, name)) for name in wishes) if company is not None else ()
    return next((name for name, value in said if value.casefold() in {"true", "yes"}), "")


def _scope(account: Account, terms: _Terms) -> Iterator[tuple[str, str]]:
    row, wanted = account.row, terms.of_campaign("account_scope")
    if wanted == "net_new" and account.ours == "customer":
        yield "our_customer", "our customer, and the charter targets net new accounts"
    if wanted == "expansion" and account.ours not in {"customer", UNKNOWN}:
        yield "not_our_customer", "not our customer, and the charter targets expansion"
    if wanted == "named_accounts" and not _is_listed(row, terms.of_campaign("account_scope_detail")):
        yield "not_named", "not among the charter's named accounts"
    if terms.of_campaign("partner_customers_in_scope") == "no" and account.theirs == "customer":
        yield "partner_customer", "the partner's customer, and the charter leaves those out"
    owner = row.text("partner_owner_name") or row.text("partner_owner_email")
    if account.theirs == "open_opportunity" and owner and "open_opportunity" not in _wanted(terms.part, "partner"):
        yield "partner_opportunity", f"the partner has an open opportunity ({owner}): co-sell check before any contact"


def _is_listed(row: Row, detail: str) -> bool:
    plain = f" {plain_name(detail)} "
    return f" {plain_name(row.text('account_name'))} " in plain or row.text("account_id") in detail.split()


def _wanted(part: Row | None, side: str) -> frozenset[str]:
    """What the populations in scope come to."""
    names = part.listed(f"in_scope_populations_{side}") if part else ()
    return frozenset(standing(name) for name in names) - {UNKNOWN}


def _outside_populations(part: Row | None, row: Row, account: Account) -> str:
    """Populations that the partner's part names as in scope; a side that names none takes all. Names differ ("Customer"
    and "Customers"), so what they come to counts as well."""
    for side, whose, field, status in (
        ("our", "ours", "our_population", account.ours),
        ("the partner's", "partner", "partner_population", account.theirs),
    ):
        wanted = {name.casefold() for name in part.listed(f"in_scope_populations_{whose}")} if part else set()
        there = {name.casefold() for name in row.listed(field)}
        if wanted and there and not wanted & there and status not in _wanted(part, whose):
            return f"in none of {side} populations in scope"
    return ""


def _market(row: Row, terms: _Terms, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    markets = markets_of(terms.of_campaign("markets"), params.get("regions", ()))
    if markets.bar(row.text("account_country")):
        yield "market", f"{row.text('account_country')} is none of the charter's markets"


# ---------------------------------------------------------------- what leaves it to a person


def _doubts(account: Account, terms: _Terms, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    row = account.row
    if row.text("appeared_after"):
        yield "appeared", f"appeared after {row.text('appeared_after')}"
    if terms.of_partner("crossbeam_data_from") in {"uploaded_list", "open_data"}:
        words = terms.of_partner("crossbeam_data_from").replace("_", " ")
        yield "not_from_partner", f"comes from {words}, not from the partner itself"
    if {*plain_name(row.text("account_name")).split()} & {*params.get("test_words", ())}:
        yield "test_record", "its name reads like a test record"
    if account.rival:
        yield "duplicate", f"the partner's one record of it is met by {account.rival} as well"
    if (confidence := row.text("match_confidence")) != "high":
        basis = row.text("match_basis")
        yield "match", f"match confidence is {confidence or UNKNOWN}" + (f" ({basis})" if basis else "")
    for whose, status in (("our", account.ours), ("the partner's", account.theirs)):
        if status == UNKNOWN:
            yield "status", f"{whose} status is unknown"
    yield from _unclear_market(row, terms, params)


def _unclear_market(row: Row, terms: _Terms, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    markets = markets_of(terms.of_campaign("markets"), params.get("regions", ()))
    country = row.text("account_country")
    code = country_code(country)
    if not markets.stated or markets.everywhere or code in markets.codes:
        return
    if not code:
        yield "market_unknown", f"country “{country}” cannot be told" if country else "its country is unknown"
    elif markets.unread:
        yield "market_unknown", f"whether {country} belongs to “{markets.unread[0]}” cannot be told"
