"""Crossbeam overlaps onto Shared Accounts: one row per joint campaign, partner and account.

The account is a HubSpot company, found by `companies`: by our record id first, then by website host when exactly one
company has it. An overlap that meets no company, or several, is an exception with its candidates, not a row. The same
pair twice is one row; several records of the partner on one account of ours are one row that keeps every name and
population; several accounts of ours for one record of the partner stay several rows. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mdfsync.model import RawRow, Snapshot, Subject
from mdfsync.observe.companies import Companies, Match, company_settings, own_domains
from mdfsync.observe.linking import Links
from mdfsync.observe.saying import Sayings
from mdfsync.values import digest
from mdfsync.view.people import property_of

EXPORTS = "crossbeam.exports"
SOURCES = (EXPORTS, "crossbeam.api")
RULE = "overlap_unmatched"
CLOSED = frozenset({"archived", "cancelled"})
_NAMES = {
    "account_name": ("account_name", "record_name"),
    "domain": ("domain", "record_website"),
    "our_record_id": ("our_record_id", "record_id"),
    "our_populations": ("our_populations", "populations"),
    "partner_domain": ("partner_record_website", "partner_domain"),
}
_LISTS = ("our_populations", "partner_populations", "our_population_types", "partner_population_types")
MANY_NAMED = 20
"""Accounts that one exception about many names."""
_Unmatched = tuple[RawRow, dict[str, Any], Match]
_NAMES_OF_PARTNERS = ("crossbeam_partner_name", "partner_name", "legal_entity")


def observe_overlaps(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], snapshot: Snapshot, links: Links) -> None:
    """Shared Accounts subjects of every overlap whose partner runs a joint campaign with us."""
    partners = _partners(snapshot)
    domains = {r.subject.id: own_domains((r.get("partner_domains"),)) for r in snapshot.tables.get("Partners", ())}
    campaigns = _campaigns_of_partners(snapshot)
    rules = say.policy.rules
    freemail = rules["unreconciled_lead"].params["freemail_domains"]
    companies = Companies(links.companies, company_settings(rules[RULE].params, freemail))
    best: dict[tuple[str, str], Match] = {}  # over all sources: a thinner export does not weaken a match
    met: list[dict[tuple[str, str], list[tuple[RawRow, dict[str, Any]]]]] = []
    for source in SOURCES:
        pairs: dict[tuple[str, str], list[tuple[RawRow, dict[str, Any]]]] = {}
        alone: dict[str, list[_Unmatched]] = {}
        strangers: dict[str, list[RawRow]] = {}
        for row in mirror.get(source, ()):
            partner = partners.get(name_key(row.body.get("partner_name")))
            if not partner:
                strangers.setdefault(str(row.body.get("partner_name") or "no partner"), []).append(row)
            if not partner or partner not in campaigns:
                continue
            body = overlap_body(row.body)
            match = companies.match(body, domains[partner])
            if match.company:
                place = (partner, match.company)
                pairs.setdefault(place, []).append((row, body))
                best[place] = min(best.get(place, match), match, key=lambda found: found.weakness)
            else:
                alone.setdefault(partner, []).append((row, body, match))
        met.append(pairs)
        if source == EXPORTS and strangers:  # somebody dropped the file on purpose; the API shows everybody
            _strangers(say, strangers)
        for partner, unmatched in alone.items():
            if len(unmatched) > int(say.policy.rules[RULE].params["most_each"]):
                _many_unmatched(say, partner, unmatched)
                continue
            for row, body, match in unmatched:
                _unmatched(say, row, body, partner, match)
    for pairs in met:
        for (partner, company), rows in pairs.items():
            body = _folded([body for _, body in rows])
            for joint in campaigns[partner]:
                for row, _ in rows:
                    say.used(row)
                _say(say, rows[0][0], body, joint, partner, best[partner, company], links)


def _folded(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Several overlaps of one account with one partner (their subsidiaries, our duplicates) as one: every name and
    population is kept, the overlap counts from the earliest."""
    if len(bodies) == 1:
        return bodies[0]
    out = dict(bodies[0])
    for name in _LISTS:
        said = [part.strip() for body in bodies for part in str(body.get(name) or "").split(",")]
        out[name] = ", ".join(sorted({part for part in said if part}))
    for name in ("partner_record_name", "partner_domain"):  # a name may hold a comma: "Lumen & Tide, Inc."
        out[name] = "; ".join(sorted({str(body[name]) for body in bodies if body.get(name)}))
    times = sorted(str(body["overlap_time"]) for body in bodies if body.get("overlap_time"))
    out["overlap_time"] = times[0] if times else ""
    return out


def overlap_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """An overlap under one set of names, whichever Crossbeam output it came from."""
    out = dict(body)
    for name, aliases in _NAMES.items():
        out[name] = next((body[a] for a in aliases if body.get(a)), "")
    return out


def _say(
    say: Sayings, row: RawRow, body: Mapping[str, Any], joint: str, partner: str, match: Match, links: Links
) -> None:
    """The overlap's own facts and the company's. Crossbeam only repeats our name and domain of the account, so it
    speaks of them where HubSpot is silent."""
    account = f"hs-co-{match.company}"
    subject = Subject(table="Shared Accounts", id=f"sa-{joint}-{partner}-{account}")
    company = links.companies[match.company]
    known = {"account_name": property_of(company, "name"), "domain": property_of(company, "domain")}
    say.row(subject, row, {**body, **{name: "" for name, told in known.items() if told}})
    say.row(subject, company)
    owner = links.owners.get(property_of(company, "hubspot_owner_id"), "")
    if owner:
        say.value(subject, "account_owner", owner, company.ref)
    parent = property_of(company, "hs_parent_company_id")
    say.value(subject, "parent_account_id", f"hs-co-{parent}" if parent else "", company.ref)
    for field, value in (
        ("joint_campaign_id", joint),
        ("partner_id", partner),
        ("account_id", account),
        ("match_basis", match.basis),
        ("match_confidence", match.confidence),
    ):
        say.value(subject, field, value, row.ref)


def _unmatched(say: Sayings, row: RawRow, body: Mapping[str, Any], partner: str, match: Match) -> None:
    few = ("meets no HubSpot company", "meets no HubSpot company for certain, but may be this one")
    met = (*few, "may be one of several HubSpot companies")[min(len(match.candidates), 2)]
    say.finding(
        RULE,
        Subject(table="Partners", id=partner),
        f"overlap account “{body.get('account_name')}” {met}",
        ref=row.ref,
        evidence={
            "account_name": str(body.get("account_name") or ""),
            "domain": str(body.get("domain") or ""),
            "our_record_id": str(body.get("our_record_id") or ""),
            "candidates": "; ".join(map(str, match.candidates)),
        },
        key=row.ref.external_id,
    )


def _many_unmatched(say: Sayings, partner: str, unmatched: list[_Unmatched]) -> None:
    """More than anybody would work off one by one: a list without ids or websites, which is exported again instead."""
    names = [str(body.get("account_name") or row.ref.external_id) for row, body, _ in unmatched]
    say.finding(
        RULE,
        Subject(table="Partners", id=partner),
        f"{len(unmatched)} overlap accounts meet no HubSpot company for certain",
        ref=unmatched[0][0].ref,
        evidence={"accounts": "; ".join(sorted(names)[:MANY_NAMED]) + (" …" if len(names) > MANY_NAMED else "")},
        key=digest(sorted(row.ref.external_id for row, _, _ in unmatched))[:16],
    )


def _strangers(say: Sayings, strangers: Mapping[str, list[RawRow]]) -> None:
    """Overlaps with partners that Partners does not know by these names: none of them becomes a row."""
    told = ", ".join(f"{name} ({len(rows)})" for name, rows in sorted(strangers.items()))
    say.finding(
        RULE,
        Subject(table="Sources", id=EXPORTS),
        f"Overlaps with partners that Partners does not know by name are not used: {told}",
        ref=next(iter(strangers.values()))[0].ref,
        evidence={"names": "; ".join(sorted(strangers))},
        key=digest(["strangers", *sorted(strangers)])[:16],
        action="Enter the name in crossbeam_partner_name of the partner's row, or let it pass if it is no partner of "
        "a joint campaign.",
    )


def name_key(value: Any) -> str:
    """A partner's name as it is looked up: Crossbeam's and ours differ in punctuation."""
    return " ".join(str(value or "").casefold().replace(",", " ").replace(".", " ").split())


def _partners(snapshot: Snapshot) -> dict[str, str]:
    return partners_by_name((r.subject.id, r.fields) for r in snapshot.tables.get("Partners", ()))


def partners_by_name(rows: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Partner id by each name under which Crossbeam may know it."""
    out: dict[str, str] = {}
    for partner, cells in rows:
        for field in _NAMES_OF_PARTNERS:
            if cells.get(field):
                out.setdefault(name_key(cells[field]), partner)
    return out


def _campaigns_of_partners(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    closed = {r.subject.id for r in snapshot.tables.get("Campaigns", ()) if r.get("campaign_status") in CLOSED}
    out: dict[str, set[str]] = {}
    for row in snapshot.tables.get("Campaign Partners", ()):
        if row.get("joint_campaign_id") and row.get("joint_campaign_id") not in closed:
            out.setdefault(row.get("partner_id"), set()).add(row.get("joint_campaign_id"))
    return {partner: tuple(sorted(joint)) for partner, joint in out.items() if partner}
