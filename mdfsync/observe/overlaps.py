"""Crossbeam overlaps onto Shared Accounts: one row per joint campaign, partner and account.

The account is a HubSpot company: by our record id first, then by website host when exactly one company has it. A
shared registrable domain (a subdomain, a division) or a name alone only makes candidates: an overlap that meets no
company, or several, is an exception with its candidates, not a row. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from mdfsync.model import RawRow, Snapshot, Subject
from mdfsync.observe.linking import Links, prop
from mdfsync.observe.saying import Sayings

SOURCES = ("crossbeam.exports", "crossbeam.api")
CLOSED = frozenset({"archived", "cancelled"})
_NAMES = {
    "account_name": ("account_name", "record_name"),
    "domain": ("domain", "record_website"),
    "our_record_id": ("our_record_id", "record_id"),
    "our_populations": ("our_populations", "populations"),
    "partner_domain": ("partner_record_website", "partner_domain"),
}
_SUFFIXES = PublicSuffixList(accept_unknown=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The company an overlap was matched to, and on what ground; `candidates` when it could not be decided."""

    company: str = ""
    basis: str = ""
    confidence: str = ""
    candidates: tuple[str, ...] = ()


def observe_overlaps(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], snapshot: Snapshot, links: Links) -> None:
    """Shared Accounts subjects of every overlap whose partner runs a joint campaign with us."""
    partners = _partners(snapshot)
    campaigns = _campaigns_of_partners(snapshot)
    by_domain, by_name = _companies_by_domain(links), _companies_by_name(links)
    for source in SOURCES:
        pairs: dict[tuple[str, str], list[tuple[RawRow, dict[str, Any]]]] = {}
        best: dict[tuple[str, str], Match] = {}
        for row in mirror.get(source, ()):
            body = overlap_body(row.body)
            partner = partners.get(_key(body.get("partner_name")))
            if not partner or partner not in campaigns:
                continue
            match = _match(body, links, by_domain, by_name)
            if match.company:
                place = (partner, match.company)
                pairs.setdefault(place, []).append((row, body))
                best[place] = min(best.get(place, match), match, key=_weakness)
            else:
                _unmatched(say, row, body, partner, match)
        for (partner, company), rows in pairs.items():
            body = _folded([body for _, body in rows])
            for joint in campaigns[partner]:
                for row, _ in rows:
                    say.used(row)
                _say(say, rows[0][0], body, joint, partner, best[partner, company], links)


def _weakness(match: Match) -> tuple[bool, bool]:
    """Sorts the best ground first: our own record id, then high confidence."""
    return (match.basis != "record_id", match.confidence != "high")


def _folded(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Several overlaps of one account with one partner (their subsidiaries, our duplicates) as one: every name and
    population is kept, the overlap counts from the earliest."""
    out = dict(bodies[0])
    for name in ("our_populations", "partner_populations", "partner_record_name", "partner_domain"):
        said = [part.strip() for body in bodies for part in str(body.get(name) or "").split(",")]
        out[name] = ", ".join(sorted({part for part in said if part}))
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
    known = {"account_name": prop(company, "name"), "domain": prop(company, "domain")}
    say.row(subject, row, {**body, **{name: "" for name, told in known.items() if told}})
    say.row(subject, company)
    owner = links.owners.get(prop(company, "hubspot_owner_id"), "")
    if owner:
        say.value(subject, "account_owner", owner, company.ref)
    for field, value in (
        ("joint_campaign_id", joint),
        ("partner_id", partner),
        ("account_id", account),
        ("match_basis", match.basis),
        ("match_confidence", match.confidence),
    ):
        say.value(subject, field, value, row.ref)


def _unmatched(say: Sayings, row: RawRow, body: Mapping[str, Any], partner: str, match: Match) -> None:
    several = bool(match.candidates)
    say.finding(
        "overlap_unmatched",
        Subject(table="Partners", id=partner),
        f"overlap account “{body.get('account_name')}” meets "
        + ("several HubSpot companies" if several else "no HubSpot company"),
        ref=row.ref,
        evidence={
            "account_name": str(body.get("account_name") or ""),
            "domain": str(body.get("domain") or ""),
            "our_record_id": str(body.get("our_record_id") or ""),
            "candidates": ", ".join(f"hs-co-{c}" for c in match.candidates),
        },
        key=row.ref.external_id,
    )


def _match(
    body: Mapping[str, Any], links: Links, by_domain: Mapping[str, list[str]], by_name: Mapping[str, list[str]]
) -> Match:
    own = str(body.get("our_record_id") or "")
    domain = registrable(str(body.get("domain") or ""))
    if own in links.companies:
        known = registrable(prop(links.companies[own], "domain"))
        agrees = not domain or not known or domain == known
        return Match(company=own, basis="record_id", confidence="high" if agrees else "medium")
    host = host_name(str(body.get("domain") or ""))
    companies = by_domain.get(domain, []) if domain else []
    exact = [c for c in companies if host_name(prop(links.companies[c], "domain")) == host]
    if len(exact) == 1:
        return Match(company=exact[0], basis="domain", confidence="high")
    if companies:
        return Match(candidates=tuple(exact or companies))
    return Match(candidates=tuple(by_name.get(_key(body.get("account_name")), ())))


def _companies_by_domain(links: Links) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for company, row in sorted(links.companies.items()):
        domain = registrable(prop(row, "domain"))
        if domain:
            out.setdefault(domain, []).append(company)
    return out


def _companies_by_name(links: Links) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for company, row in sorted(links.companies.items()):
        if name := _key(prop(row, "name")):
            out.setdefault(name, []).append(company)
    return out


@lru_cache(maxsize=100_000)
def host_name(text: str) -> str:
    """The host of a website in its ASCII form without `www.`; subdomains stay apart. `""` when it is unusable."""
    text = text.strip().lower()
    if not text:
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        return idna.encode(host.rstrip("."), uts46=True).decode().removeprefix("www.")
    except (ValueError, idna.IDNAError):
        return ""


@lru_cache(maxsize=100_000)
def registrable(text: str) -> str:
    """The registrable domain of a website or host (`shop.acme.co.uk` → `acme.co.uk`); `""` when there is none."""
    host = host_name(text)
    if host.endswith(".example"):  # RFC 2606 names have no public suffix but stand for companies in tests and demos
        return ".".join(host.split(".")[-2:])
    return _SUFFIXES.privatesuffix(host) or ""


def _key(value: Any) -> str:
    return " ".join(str(value or "").casefold().replace(",", " ").replace(".", " ").split())


def _partners(snapshot: Snapshot) -> dict[str, str]:
    out: dict[str, str] = {}
    for record in snapshot.tables.get("Partners", ()):
        for field in ("crossbeam_partner_name", "partner_name", "legal_entity"):
            if record.get(field):
                out.setdefault(_key(record.get(field)), record.subject.id)
    return out


def _campaigns_of_partners(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    closed = {r.subject.id for r in snapshot.tables.get("Campaigns", ()) if r.get("campaign_status") in CLOSED}
    out: dict[str, set[str]] = {}
    for row in snapshot.tables.get("Campaign Partners", ()):
        if row.get("joint_campaign_id") and row.get("joint_campaign_id") not in closed:
            out.setdefault(row.get("partner_id"), set()).add(row.get("joint_campaign_id"))
    return {partner: tuple(sorted(joint)) for partner, joint in out.items() if partner}
