"""Which HubSpot company an overlap is of, how sure that is, and whom it might be of where it is not sure.

    our record id ─> merged record id ─> website host ─> otherwise candidates, ranked, and no row

Crossbeam gives no score and no reason for its matches, so confidence is ours: high when both sides show the same
website; medium when they show different ones and the names agree, or one belongs to the other's family; low when a
website is missing or nothing agrees; blocked when a website says nothing (free mail, the partner's own, one that many
companies share) or our record id is none of HubSpot's. A name alone never merges anything: names only rank candidates,
each with its score and the evidence behind it. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.company_names import alike, plain_name
from mdfsync.countries import country_code
from mdfsync.hosts import host_name, label, registrable
from mdfsync.model import RawRow
from mdfsync.view.people import property_of

AGREE = 90
"""From here on (of 100) two names count as the same name."""
_COMMON = 200
"""A word that stands in more names than this finds nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A company that an overlap may be of. `score`: 0 to 100, only good for the order; `evidence`: what it rests on."""

    company: str
    name: str
    score: int
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"hs-co-{self.company} “{self.name}” ({self.score}: {', '.join(self.evidence)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The company an overlap was matched to, and on what ground; `candidates` when it could not be decided."""

    company: str = ""
    basis: str = ""
    confidence: str = ""
    candidates: tuple[Candidate, ...] = ()

    @property
    def weakness(self) -> tuple[bool, int]:
        """Sorts the best ground first: our own record id, then by confidence."""
        return (not self.basis.startswith("record_id"), ("high", "medium", "low", "blocked", "").index(self.confidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """From the rulebook: websites that say nothing of a company, how many companies one website may have, how many
    candidates are named and from which score on."""

    useless_domains: frozenset[str]
    most_per_domain: int
    max_candidates: int
    min_score: int


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a company is known by when an overlap might be it: `name` as written, the others as they are compared."""

    name: str
    domain: str
    others: frozenset[str]
    country: str
    parent: str = ""


class Companies:
    """The HubSpot companies, to be found by record id, website and name."""

    def __init__(self, rows: Mapping[str, RawRow], settings: Settings) -> None:
        self._rows = rows
        self._settings = settings
        self._merged = {
            old.strip(): company
            for company, row in sorted(rows.items())
            for old in property_of(row, "hs_merged_object_ids").split(";")
            if old.strip()
        }
        self._of_domain: dict[str, list[str]] = {}
        for company, row in sorted(rows.items()):
            if domain := registrable(property_of(row, "domain")):
                self._of_domain.setdefault(domain, []).append(company)
        self._of_word: dict[str, list[str]] | None = None
        self._looks: dict[str, _Looks] = {}

    def match(self, body: Mapping[str, Any], partner_domains: frozenset[str]) -> Match:
        """The company of one overlap. `partner_domains` = the partner's own registrable domains."""
        own, host = str(body.get("our_record_id") or ""), host_name(str(body.get("domain") or ""))
        company, basis = own, "record_id"
        if own not in self._rows:
            company, basis = self._merged.get(own, ""), "record_id (merged)"
        if company not in self._rows:
            company, basis = self._by_host(host), "domain"
        if not company:
            return Match(candidates=self._candidates(body))
        confidence, why = self._confidence(company, body, partner_domains, known=basis != "domain" or not own)
        return Match(company=company, basis=f"{basis}; {why}", confidence=confidence)

    def _by_host(self, host: str) -> str:
        """The only company of a website; a website that says nothing finds nobody."""
        domain = registrable(host)
        if not domain or domain in self._settings.useless_domains:
            return ""
        found = [c for c in self._of_domain.get(domain, ()) if host_name(property_of(self._rows[c], "domain")) == host]
        return found[0] if len(found) == 1 else ""

    def _confidence(
        self, company: str, body: Mapping[str, Any], partner_domains: frozenset[str], *, known: bool
    ) -> tuple[str, str]:
        row = self._rows[company]
        ours = host_name(property_of(row, "domain")) or host_name(str(body.get("domain") or ""))
        theirs = host_name(str(body.get("partner_domain") or ""))
        domains = {registrable(ours), registrable(theirs)} - {""}
        if not known:
            return "blocked", "our record id is none of HubSpot's"
        if useless := sorted(domains & self._settings.useless_domains):
            return "blocked", f"{useless[0]} says nothing of a company"
        if own := sorted(domains & partner_domains):
            return "blocked", f"{own[0]} is the partner's own website"
        if len(self._of_domain.get(registrable(ours), ())) > self._settings.most_per_domain:
            return "blocked", f"{registrable(ours)} is the website of too many companies"
        if not ours or not theirs:
            side = "our" if not ours else "the partner's"
            return "low", f"its website on {side} side is missing"
        if ours == theirs or theirs in self._others(row):
            return "high", "same website" if ours == theirs else f"{theirs} is another website of the company"
        if registrable(ours) == registrable(theirs):
            return "medium", "one website is a subdomain of the other"
        parent = self._rows.get(property_of(row, "hs_parent_company_id"))
        if parent is not None and host_name(property_of(parent, "domain")) == theirs:
            return "medium", "the partner names the parent company's website"
        if alike(property_of(row, "name"), str(body.get("partner_record_name") or "")) >= AGREE:
            return "medium", "different websites, same name"
        return "low", "different websites and different names"

    @staticmethod
    def _others(row: RawRow) -> frozenset[str]:
        listed = property_of(row, "hs_additional_domains").replace(",", ";").split(";")
        return frozenset(host_name(text) for text in listed) - {""}

    # ---------------------------------------------------------------- candidates

    def _candidates(self, body: Mapping[str, Any]) -> tuple[Candidate, ...]:
        """Companies that it might be, best first."""
        domain = registrable(str(body.get("domain") or ""))
        wanted = _Looks(str(body.get("account_name") or ""), domain, frozenset(), country_code(_country(body)))
        found = set(self._of_domain.get(domain, ())) if domain not in self._settings.useless_domains else set()
        for word in _words(wanted.name):
            found |= self._named(word)
        ranked = sorted((self._ranked(company, wanted) for company in found), key=lambda c: (-c.score, c.company))
        good = [c for c in ranked if c.score >= self._settings.min_score]
        return tuple(good[: self._settings.max_candidates])

    def _named(self, word: str) -> set[str]:
        """Companies with a name that begins one of its words alike; none for a word that stands everywhere."""
        if self._of_word is None:
            self._of_word = {}
            for company, row in sorted(self._rows.items()):
                for own in _words(property_of(row, "name")):
                    self._of_word.setdefault(own[:4], []).append(company)
        found = self._of_word.get(word[:4], [])
        return set(found) if len(found) <= _COMMON else set()

    def _look(self, company: str) -> _Looks:
        """A company is looked at for many overlaps."""
        if company not in self._looks:
            row = self._rows[company]
            self._looks[company] = _Looks(
                name=property_of(row, "name"),
                domain=registrable(property_of(row, "domain")),
                others=frozenset(registrable(host) for host in self._others(row)),
                country=country_code(property_of(row, "country")),
                parent=property_of(row, "hs_parent_company_id"),
            )
        return self._looks[company]

    def _ranked(self, company: str, wanted: _Looks) -> Candidate:
        """Names weigh most of what is no website; a website weighs more than any name."""
        known = self._look(company)
        name = alike(known.name, wanted.name)
        score, evidence = name / 2, [f"names agree by {name:.0f} %"]
        ours, theirs = known.domain, wanted.domain
        if ours and ours == theirs:
            score, evidence = score + 40, [f"same domain {ours}", *evidence]
        elif theirs and theirs in known.others:
            score, evidence = score + 40, [f"{theirs} is another of its domains", *evidence]
        elif ours and theirs and label(ours) == label(theirs):
            score, evidence = score + 15, [*evidence, f"{ours} has another ending than {theirs}"]
        elif ours and theirs:
            score, evidence = score - 10, [*evidence, f"its domain is {ours}"]
        here, there = known.country, wanted.country
        if here and there:
            score, evidence = score + (10 if here == there else -10), [
                *evidence, f"{'same' if here == there else 'another'} country ({here})"
            ]  # fmt: skip
        if known.parent:
            evidence.append(f"child of hs-co-{known.parent}")
        return Candidate(
            company=company, name=known.name, score=round(max(0.0, min(score, 100.0))), evidence=tuple(evidence)
        )


def company_settings(params: Mapping[str, Any], freemail: Iterable[str]) -> Settings:
    """Settings from the params of the rule `overlap_unmatched`; a freemail domain says nothing of a company either."""
    return Settings(
        useless_domains=frozenset(str(name).lower() for name in (*params["useless_domains"], *freemail)),
        most_per_domain=int(params["most_per_domain"]),
        max_candidates=int(params["max_candidates"]),
        min_score=int(params["min_score"]),
    )


def own_domains(texts: Iterable[str]) -> frozenset[str]:
    """Registrable domains of lines that name websites."""
    return frozenset(registrable(line) for text in texts for line in text.replace(",", "\n").splitlines()) - {""}


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in plain_name(name).split() if len(word) > 2 and word not in {"and", "the", "und"})


def _country(body: Mapping[str, Any]) -> str:
    """The country that the overlap itself names, in whichever output it came."""
    fields = body.get("fields") or {}
    if isinstance(fields, Mapping):
        for name in ("record_country", "partner_record_country"):
            if fields.get(name):
                return str(fields[name])
    for item in body.get("partner_source_data") or ():
        if isinstance(item, Mapping) and str(item.get("field_name", "")).casefold().endswith("country"):
            return str(item.get("field_value") or "")
    return ""
