"""What people claim of a partner's part in a deal: HubSpot's own fields, and the lists that partners send.

A claim is what somebody says; it stands beside the computed class and never makes one. HubSpot's Deal Source or Partner
Influence Type is a claim for the partner that the deal names, or for its only one; a partner's list is one for itself.
Which HubSpot property is which is the dictionary's path, what a label means is the rulebook's list. A label or partner
that nobody knows becomes an exception, never a guess. Part of `observe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.model import RawRow, Record, Snapshot, SourceRef, Subject
from mdfsync.observe.saying import BASE, Sayings, at_path
from mdfsync.view.labels import class_of_label
from mdfsync.view.people import property_of

ByPartner = Mapping[str, Subject]
"""The Attributions rows of one deal, by partner."""
_LINE = re.compile(r"\s*(?:hs-deal-)?([A-Za-z0-9_-]+)[\s,;:]+(\S.*?)\s*")
_NAMES = ("partner_id", "partner_name", "legal_entity", "crossbeam_partner_name")
COMPATIBLE = frozenset({"assisted", "influenced"})
"""Deal Source has one word for both; Partner Influence Type tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A label as sent, and our class for it."""

    label: str
    class_: str


def observe_claims(say: Sayings, deals: Mapping[str, tuple[RawRow, ByPartner]], snapshot: Snapshot) -> None:
    """Claimed label and class of each Attributions row; `deals` by deal id. What a partner lists comes before what
    HubSpot says of it."""
    partners = {
        _key(record.get(name)): record.subject.id
        for record in snapshot.tables.get("Partners", ())
        for name in _NAMES
        if record.get(name)
    }
    merged = {
        old: id for id, (row, _) in deals.items() for old in property_of(row, "hs_merged_object_ids").split(";") if old
    }
    said: dict[Subject, list[tuple[Claim, SourceRef]]] = {}
    for record in snapshot.tables.get("Campaign Partners", ()):
        for listed, claim in _listed(say, record, snapshot):
            deal = merged.get(listed, listed)
            claimed = deals[deal][1].get(record.get("partner_id")) if deal in deals else None
            ref = _ref(record, snapshot)
            if claimed is None:
                words = f"the partner's list claims deal {deal}, which no campaign with this partner has"
                _strange(say, record.subject, words, ref, {"deal": deal}, deal)
            else:
                said.setdefault(claimed, []).append((claim, ref))
    for row, rows in deals.values():
        if set_there := _crm_claim(say, row):
            for subject in _claimed_for(say, row, set_there, rows, partners):
                said.setdefault(subject, []).append((set_there, row.ref))
    stands = {record.subject: record for record in snapshot.tables.get("Attributions", ())}
    for subject, claims in said.items():
        _say(say, subject, claims, stands.get(subject))


def _say(say: Sayings, subject: Subject, claims: list[tuple[Claim, SourceRef]], stands: Record | None) -> None:
    """Every class, so that claims that differ are told; the label of the first in authority alone, and only where the
    one that stands there means something else."""
    for claim, ref in claims:
        say.value(subject, "claimed_class", claim.class_, ref)
    first, ref = claims[0]
    if stands is None or class_of_label(say.policy.rules, stands.get("claimed_label")) != first.class_:
        say.value(subject, "claimed_label", first.label, ref)


def _crm_claim(say: Sayings, row: RawRow) -> Claim | None:
    """The deal's own claim: Partner Influence Type, else Deal Source."""
    fields = say.policy.dictionary.tables["Opportunities"].fields
    found = []
    for name in ("claim_influence_type", "claim_deal_source"):
        label = str(at_path(row.body, fields[name].paths[row.ref.source_id]) or "").strip()
        if not label:
            continue
        class_ = class_of_label(say.policy.rules, label)
        if class_:
            found.append(Claim(label=label, class_=class_))
        else:
            _strange(say, _deal(row), f"“{label}” is no label of a claim that we know", row.ref, {name: label}, name)
    classes = {claim.class_ for claim in found}
    if len(classes) > 1 and not classes <= COMPATIBLE:
        evidence = {claim.label: claim.class_ for claim in found}
        _strange(say, _deal(row), "HubSpot's own claims about the partner contradict each other", row.ref, evidence, "")
        return None
    return found[0] if found else None


def _claimed_for(
    say: Sayings, row: RawRow, claim: Claim, rows: ByPartner, partners: Mapping[str, str]
) -> tuple[Subject, ...]:
    """The rows that a deal's claim is about."""
    path = say.policy.dictionary.field("Opportunities", "claim_partner_name").paths[row.ref.source_id]
    name = str(at_path(row.body, path) or "").strip()
    if not name:
        if len(rows) == 1 or claim.class_ == "direct":
            return tuple(rows.values())
        words = f"HubSpot claims “{claim.label}” and names no partner, and the deal has {len(rows)}"
        _strange(say, _deal(row), words, row.ref, {"label": claim.label}, "claim_partner_name")
        return ()
    partner = partners.get(_key(name), "")
    if partner in rows:
        return (rows[partner],)
    what = "takes no part in the deal's campaigns" if partner else "is no partner in the base"
    words = f"HubSpot claims “{claim.label}” for “{name}”, which {what}"
    _strange(say, _deal(row), words, row.ref, {"label": claim.label, "partner": name}, "claim_partner_name")
    return ()


def _listed(say: Sayings, record: Record, snapshot: Snapshot) -> Iterator[tuple[str, Claim]]:
    """The lines of a partner's list as deal and claim."""
    for line in filter(str.strip, record.get("attribution_claims").splitlines()):
        read = _LINE.fullmatch(line)
        class_ = class_of_label(say.policy.rules, read[2]) if read else ""
        if read and class_:
            yield read[1], Claim(label=read[2], class_=class_)
        else:
            words = f"a line of the partner's claims is not “opportunity id, label”: {line.strip()}"
            _strange(say, record.subject, words, _ref(record, snapshot), {"line": line.strip()}, line.strip())


def _strange(
    say: Sayings, subject: Subject, message: str, ref: SourceRef, evidence: Mapping[str, str], key: str
) -> None:
    say.finding("unknown_value", subject, message, ref=ref, evidence=evidence, key=f"claim {key}".strip())


def _deal(row: RawRow) -> Subject:
    return Subject(table="Opportunities", id=f"hs-deal-{row.ref.external_id}")


def _ref(record: Record, snapshot: Snapshot) -> SourceRef:
    """A partner's list stands in a cell that people fill, so its claim is the base's own."""
    return SourceRef(
        source_id=BASE, external_id=str(record.subject), observed_at=None, fetched_at=snapshot.taken_at, blob=""
    )


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
