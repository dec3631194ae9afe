"""Where a campaign's charter stands: its version and hash, who has signed it, and which version is in force.

    terms + signatures + what the base remembers ─standing─> version, status, the terms in force

The version counts up only when a term changes after somebody signed; terms that are put back to what is in force
are that version again. What everybody signed stays in force until everybody has signed the next version: rules and
derivations read `in_force`, people go on editing the cells. A signature is for the version that stood in the base when
it was first seen, or for the one it names. What the base remembers of all this is read by `remembered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.view.base import View
from mdfsync.view.remembered import CELL_LIMIT, Book, InForce, read_book, read_in_force, whole_number
from mdfsync.view.row import Row
from mdfsync.view.signatures import Signature, Signer, signatures_by, signatures_of, signers_of
from mdfsync.view.terms import Terms, Values, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """Somebody whose signature on the present version is wanting, and why."""

    signer: Signer
    why: str

    def __str__(self) -> str:
        person = f" ({self.signer.person})" if self.signer.person else ""
        return f"{self.signer.title}{person}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A term that is not what was signed."""

    table: str
    id: str
    field: str
    signed: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`status` is draft | partly_signed | signed | outdated; `signatures` are all that count, each with the version it
    is for; `parts` = status of each partner's signature by Campaign Partners id; `too_long` = the terms do not fit the
    cell that would remember them, so that nothing can come into force."""

    terms: Terms
    digest: str
    version: int
    status: str
    in_force: InForce | None
    signatures: tuple[tuple[int, Signature], ...]
    book: Book
    unsigned: tuple[Unsigned, ...]
    parts: Mapping[str, str]
    too_long: bool

    @property
    def moved(self) -> tuple[Moved, ...]:
        """Terms that differ from those in force; none while nothing is."""
        if self.in_force is None:
            return ()
        return tuple(_moved(self.in_force.terms, self.terms.values))


def standing(view: View, campaign: Row) -> Standing:
    """Where the charter of a campaign stands; worked out once per view."""
    key = ("Campaigns", "charter", campaign.place.id)
    found: Standing | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _standing(view, campaign)
    return found


def _standing(view: View, campaign: Row) -> Standing:
    terms = terms_of(view, campaign)
    digest = terms.digest
    remembered, earlier = (
        read_in_force(campaign.text("charter_in_force")),
        read_book(campaign.text("charter_signatures")),
    )
    shown = whole_number(campaign.text("charter_version"))
    version = _version(shown, campaign.text("charter_digest"), digest, remembered, earlier)
    given = signatures_of(view, terms)
    valid = [(_version_of(s, earlier, shown or version), s) for s in given if not s.fault]
    valid = [(n, s) for n, s in valid if n <= version]
    signers = signers_of(view, terms)
    present = {s.who for n, s in valid if n == version}
    unsigned = tuple(
        Unsigned(signer=signer, why=_why(signer, given, {s.row.id: n for n, s in valid}, version))
        for signer in signers
        if signer.who not in present
    )
    complete = bool(terms.parties) and not unsigned
    candidate = InForce(version=version, digest=digest, terms=terms.values)
    too_long = len(candidate.text) > CELL_LIMIT
    signed = complete and not too_long
    in_force = candidate if signed else remembered
    book = tuple(sorted({*earlier, *((n, s.row.id) for n, s in valid)}))
    return Standing(
        terms=terms,
        digest=digest,
        version=version,
        status=_status(signed, bool(present), any(n < version for n, _ in book) or remembered is not None),
        in_force=in_force,
        signatures=tuple(valid),
        book=book,
        unsigned=unsigned,
        parts={party.part.id: _part_status(str(party.part.place), valid, version) for party in terms.parties},
        too_long=too_long,
    )


def _status(signed: bool, begun: bool, before: bool) -> str:
    if signed:
        return "signed"
    if begun:
        return "partly_signed"
    return "outdated" if before else "draft"


def _version(shown: int, known: str, digest: str, in_force: InForce | None, book: Book) -> int:
    """The number of the present terms. `shown` and `known` = version and hash as the last run left them (0 = none)."""
    if in_force is not None and digest == in_force.digest:
        return in_force.version
    highest = max((in_force.version if in_force else 0, *(n for n, _ in book)))
    if not shown:
        return highest + 1
    if digest != known and highest >= shown:
        return highest + 1
    return shown


def _version_of(signature: Signature, book: Book, shown: int) -> int:
    """The version a signature is for: the one it names, else the one that stood in the base when it was first seen."""
    return signature.version or next((n for n, id in book if id == signature.row.id), shown)


def _why(signer: Signer, given: tuple[Signature, ...], versions: Mapping[str, int], version: int) -> str:
    said = list(signatures_by(given, signer.who))
    faults = [f"{s.row.id}: {s.fault}" for s in said if s.fault]
    if faults:
        return "; ".join(faults)
    earlier = max((versions[s.row.id] for s in said if s.row.id in versions), default=0)
    if earlier:
        return f"signed version {earlier}"
    named = [s.version for s in said]
    return f"names version {named[0]}, the present one is {version}" if named else "has not signed"


def _part_status(part: str, valid: list[tuple[int, Signature]], version: int) -> str:
    mine = next((n for n, signature in valid if signature.who == part), 0)
    return "signed" if mine == version else "outdated" if mine else "unsigned"


def _moved(signed: Values, now: Values) -> list[Moved]:
    out = []
    for table in sorted({*signed, *now}):
        before, after = signed.get(table, {}), now.get(table, {})
        for id in sorted({*before, *after}):
            was, is_ = before.get(id, {}), after.get(id, {})
            out += [
                Moved(table=table, id=id, field=name, signed=was.get(name, ""), now=is_.get(name, ""))
                for name in sorted({*was, *is_})
                if was.get(name, "") != is_.get(name, "")
            ]
    return out


# ---------------------------------------------------------------- what rules read


def in_force(view: View, row: Row) -> Row:
    """A row of Campaigns or Campaign Partners as the version in force has it: its terms as they were signed by all, its
    other cells as they are. A charter that was never signed by all is read as it stands."""
    key = (row.subject.table, "in force", row.place.id)
    found: Row | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _in_force(view, row)
    return found


def _in_force(view: View, row: Row) -> Row:
    joint = row.id if row.subject.table == "Campaigns" else view.ref(row, "joint_campaign_id")
    campaign = view.row("Campaigns", joint)
    if campaign is None:
        return row
    stands = standing(view, campaign)
    signed = stands.in_force.terms.get(row.subject.table, {}).get(row.id, {}) if stands.in_force else {}
    version = str(stands.in_force.version) if stands.in_force else f"draft {stands.version}"
    cells = {**row.fields, **signed, **({"charter_version": version} if row.subject.table == "Campaigns" else {})}
    return Row(row.subject, row.record_id, {name: text for name, text in cells.items() if text})


def campaign_in_force(view: View, joint_campaign_id: str) -> Row | None:
    """The campaign of that id by the charter in force; `None` when it is not in the base."""
    campaign = view.row("Campaigns", joint_campaign_id)
    return in_force(view, campaign) if campaign is not None else None
