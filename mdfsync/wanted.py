"""What proof of performance the programmes ask for, piece by piece: what is there, what is wanting, who owes it, by
when.

    View ─wanted─> Wanted, Wanted, … ─completeness─> "3 of 5 there", "attendee list is missing (…)", …

A piece is owed once for an activity, however many expenses rest on it: it belongs to the deliverable, else to the
expense. Whether a piece is there the programme has said in its verdict; here it is said what is in the way. Sets of
which nobody can tell yet whether they are needed are left to the verdict. Between `eligibility` and the rules and
derivations that put it into words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mdfsync.eligibility import Line, judged
from mdfsync.eligibility.case import days_of
from mdfsync.eligibility.proof import documents_of, why_not
from mdfsync.evidence.documents import has_arrived, is_void, names_of, requirement
from mdfsync.evidence.faults import unusable
from mdfsync.programme import Proof, Reason
from mdfsync.programme.parts import Piece
from mdfsync.view import Row, View

State = Literal["there", "missing", "sent back", "waiting", "faulty", "other", "stale", "too late"]
PERFORMANCE = frozenset({"performance"})
ALL = frozenset({"performance", "financial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One piece of a set of evidence (or the alternatives of which one will do) that an expense or deliverable owes.

    `subject` owes it; `line` is the first expense that asks for it. `state` and `words` say where it stands,
    `documents` are those that were meant for it. `starts` and `ends` are the days of the activity; `until` is the last
    day on which it can be handed in; `owner` is the person to whom it falls now, `""` where no paper names one."""

    subject: Row
    line: Line
    proof: Proof
    pieces: tuple[Piece, ...]
    state: State
    words: str
    documents: tuple[Row, ...]
    starts: date | None
    ends: date | None
    until: date | None
    owner: str

    @property
    def name(self) -> str:
        """What is wanted, in the programme's words."""
        return " or ".join(_times(p) + (p.says if p.type in p.says else _called(p)) for p in self.pieces)

    @property
    def requirement_id(self) -> str:
        return requirement(self.proof.id, *(piece.type for piece in self.pieces))

    @property
    def evidence_id(self) -> str:
        """Id of the row in which it is expected: a pure function of what is wanted of whom."""
        piece = "" if self.proof.any_of else " ".join(p.type for p in self.pieces)
        parts = ("ex", self.subject.id, self.proof.id, re.sub(r"[^0-9a-z]+", "-", piece.casefold()).strip("-"))
        return "-".join(part for part in parts if part)

    @property
    def urgency(self) -> tuple[bool, date]:
        """What is lacking comes before what is there, and then what is due first."""
        return self.state == "there", self.until or date.max

    @property
    def told(self) -> str:
        """The piece, what is in the way, who owes it and by when."""
        by = f", by {self.until}" if self.until else ""
        return f"{self.name} {self.words} ({self.owner or 'nobody named'}{by})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How much of what a row owes is there."""

    wanted: tuple[Wanted, ...]

    @property
    def lacking(self) -> tuple[Wanted, ...]:
        return tuple(one for one in self.wanted if one.state != "there")

    @property
    def words(self) -> str:
        """`3 of 5 there`, and a line for each that is lacking; `""` when nothing is asked for."""
        if not self.wanted:
            return ""
        count = f"{len(self.wanted) - len(self.lacking)} of {len(self.wanted)} there"
        return "\n".join((count, *(one.told for one in self.lacking)))


def completeness(view: View, row: Row, purposes: Collection[str] = PERFORMANCE) -> Completeness:
    """What an expense or a deliverable owes for these purposes (performance, financial). Of what its deliverable owes,
    an expense owes what its own programme asks for."""
    index: dict[tuple[str, str], list[Wanted]] | None = view.memo.get(("wanted", "by row"))
    if index is None:
        index = {}
        for one in wanted(view):
            index.setdefault((one.subject.subject.table, one.subject.id), []).append(one)
        view.memo["wanted", "by row"] = index
    found = index.get((row.subject.table, row.id), [])
    line = judged(view).get(row.id) if row.subject.table == "Expenses" else None
    if line is not None and not line.refused:
        asked = {proof.id for proof in line.asked}
        shared = index.get(("Deliverables", view.ref(row, "deliverable_id")), ())
        found = [*found, *(one for one in shared if one.proof.id in asked)]
    return Completeness(wanted=tuple(one for one in found if one.proof.purpose in purposes))


def wanted(view: View) -> tuple[Wanted, ...]:
    """Everything that is wanted, once for each row that owes it, in the order of expenses and of the programme."""
    known: tuple[Wanted, ...] | None = view.memo.get(("wanted",))
    if known is None:
        found: dict[str, Wanted] = {}  # expenses of one deliverable ask for the same piece
        for line in judged(view).values():
            if not line.refused:
                for one in _of_line(view, line):
                    same = found.get(one.evidence_id)
                    if same is None or one.urgency < same.urgency:
                        found[one.evidence_id] = one
        known = view.memo["wanted",] = tuple(found.values())
    return known


def _of_line(view: View, line: Line) -> Iterator[Wanted]:
    if line.verdict is None or line.programme is None or not line.asked:
        return
    said = {reason.rule: reason for reason in line.verdict.reasons}
    papers = _Papers(view, line)
    for proof in line.asked:
        reason = said.get(proof.id)
        if reason is not None and _untold(line, reason):
            continue
        for pieces in _owed(proof):
            yield _wanted(view, papers, proof, pieces, reason)


def _owed(part: Proof | Piece) -> Iterator[tuple[Piece, ...]]:
    """The pieces that are owed each by itself; together those of which one will do."""
    if isinstance(part, Piece) and part.type:
        yield (part,)
    elif part.any_of:
        yield tuple(piece for one in part.any_of for pieces in _owed(one) for piece in pieces)
    else:
        for piece in part.all_of:
            yield from _owed(piece)


class _Papers:
    """What bears on all pieces that one expense asks for, each looked up once."""

    def __init__(self, view: View, line: Line) -> None:
        self.line, self._view = line, view
        self.deliverable = view.target(line.expense, "deliverable_id")
        self._documents = [(d, frozenset(names_of(d))) for d in documents_of(view, line.expense)]
        self._activity: tuple[date | None, date | None] | None = None

    def meant_for(self, types: frozenset[str]) -> tuple[Row, ...]:
        return tuple(document for document, names in self._documents if types & names)

    def activity(self) -> tuple[date | None, date | None]:
        """First and last day."""
        if self._activity is None:
            days = days_of(self._view, self.line.expense)
            first, last = (date.fromisoformat(day) if day else None for day in days)
            self._activity = first, last
        return self._activity


def _untold(line: Line, reason: Reason) -> bool:
    """Whether it cannot be told if the set is needed at all: attributes of the case are wanted, not pieces."""
    known = line.programme.attributes if line.programme else {}
    return bool(reason.missing) and all(name.partition(" as ")[0] in known for name in reason.missing)


def _wanted(view: View, papers: _Papers, proof: Proof, pieces: tuple[Piece, ...], reason: Reason | None) -> Wanted:
    deliverable = papers.deliverable if proof.purpose == "performance" else None
    documents = papers.meant_for(frozenset(piece.type for piece in pieces))
    lacks = reason is not None and reason.effect != "excepted" and _lacks(pieces, reason)
    meant = any(document.text("requirement_id") for document in documents)
    starts, ends = papers.activity() if lacks or meant else (None, None)
    state, words = _standing(view, documents, ends) if lacks else ("there", "")
    if lacks and reason is not None and reason.effect == "ineligible":
        state, words = "too late", f"{words}, and can be handed in no more"
    return Wanted(
        subject=deliverable or papers.line.expense, line=papers.line, proof=proof, pieces=pieces, state=state,
        words=words, documents=documents, starts=starts, ends=ends, until=_until(papers.line, reason),
        owner=_owner(view, papers.line.expense, deliverable, reviewer=state == "waiting"),
    )  # fmt: skip


def _called(piece: Piece) -> str:
    """The piece as verdicts call it."""
    return f"{piece.type} ({piece.says})" if piece.says else piece.type


def _times(piece: Piece) -> str:
    """How many are wanted, where that is more than one and the same for every case."""
    return f"{piece.at_least} x " if piece.at_least.isdecimal() and piece.at_least != "1" else ""


def _lacks(pieces: tuple[Piece, ...], reason: Reason) -> bool:
    """Whether the verdict names one of the pieces among what is missing, alone or in a set."""
    names = "|".join(re.escape(_called(piece)) for piece in pieces)
    named = re.compile(rf"(^|\(| and | or |\d x )({names})($|:|\)| and | or )")
    return any(named.search(words) for words in reason.missing)


def _standing(view: View, documents: Iterable[Row], ends: date | None) -> tuple[State, str]:
    """The state of a piece that is lacking, by the document that is nearest to being it."""
    documents = tuple(documents)
    usable = [d for d in documents if has_arrived(d) and not is_void(view, d)]
    wrong = [(d, faults[0]) for d in usable if (faults := unusable(view, d))]
    sound = [d for d in usable if not unusable(view, d)]
    if waiting := [d.id for d in sound if why_not(view, d)]:
        return "waiting", f"is not accepted yet: {', '.join(sorted(waiting))}"
    if stale := [d for d in sound if ends and (last := d.day("covers_to")) and last < ends]:
        return "stale", f"covers the activity only to {stale[0].text('covers_to')}: {stale[0].id}"
    if sound:
        return "other", f"is not what the programme asks for: {', '.join(sorted(d.id for d in sound))}"
    if wrong:
        return "faulty", f"is wrong: {'; '.join(f'{d.id} {fault.words}' for d, fault in wrong)}"
    if sent_back := sorted(d.id for d in documents if is_void(view, d)):
        return "sent back", f"was sent back: {', '.join(sent_back)}"
    return "missing", "is missing"


def _until(line: Line, reason: Reason | None) -> date | None:
    """The last day on which it can be handed in: by the set itself, else by the claim."""
    if reason is not None and reason.curable_until is not None:
        return reason.curable_until
    return line.verdict.claim_by if line.verdict else None


def _owner(view: View, expense: Row, deliverable: Row | None, *, reviewer: bool) -> str:
    """Who has to act: the reviewer where a document waits, else who owes the deliverable, else the claimant's side."""
    campaign, partner = view.target(expense, "joint_campaign_id"), view.target(expense, "partner_id")
    if reviewer:
        return campaign.text("finance_approver") if campaign else ""
    if deliverable and deliverable.text("deliverable_owner"):
        return deliverable.text("deliverable_owner")
    request = view.target(expense, "mdf_request_id")
    claimed_by_partner = request is not None and request.text("mdf_direction") == "we_reimburse"
    if claimed_by_partner and partner and partner.text("partner_owner_email"):
        return partner.text("partner_owner_email")
    return campaign.text("campaign_owner") if campaign else ""
