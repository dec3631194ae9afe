"""What people let pass on lines that are claimed: waived holds, a person's word on eligibility, exceptions applied.

A payer's auditor asks for exactly these, so they are printed with who, why and until when. Nothing is waived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mdfsync.eligibility.standing import Standing
from mdfsync.eligibility.telling import clause_of
from mdfsync.model import Finding, Subject
from mdfsync.packet.content import Asked, Line, Passed
from mdfsync.publish import finding_subject
from mdfsync.view import View


def passed_of(
    view: View, asked: Asked, lines: Iterable[Line], standing: Mapping[str, Standing], waived: Iterable[Finding]
) -> Iterator[Passed]:
    """Everything that was let pass, line by line."""
    by_place: dict[Subject, list[Finding]] = {}
    for finding in waived:
        for place in dict.fromkeys((finding.subject, *finding.blocks)):
            by_place.setdefault(place, []).append(finding)
    for line in lines:
        places = [line.expense.place, Subject(table="Reimbursement Lines", id=line.id), asked.row.place]
        places += [line.request.place] if line.request else []
        found = {finding.fingerprint: finding for place in places for finding in by_place.get(place, ())}
        yield from (_waived(view, line.id, finding) for finding in found.values())
        yield from _decided(view, line)
        yield from _excepted(line, standing[line.expense.id])


def _waived(view: View, line_id: str, finding: Finding) -> Passed:
    place = finding_subject(finding)
    row = view.row(place.table, place.id)

    def cell(name: str) -> str:
        return view.will_be(row, name) if row else ""

    return Passed(
        line_id=line_id, what=finding.message, rule=finding.rule_id, by=cell("decided_by") or "not on record",
        reason=cell("waive_reason") or "no reason given", until=cell("waive_until"),
    )  # fmt: skip


def _decided(view: View, line: Line) -> Iterator[Passed]:
    """A person's decision where the rules leave discretion."""
    if line.expense.text("eligibility_decision") == "eligible":
        author = view.facts.authors.get((line.expense.subject, "eligibility_decision"))
        yield Passed(
            line_id=line.id, what="A person decided that the expense is eligible.", rule="eligibility_decision",
            by=author.actor if author else "not on record",
            reason=line.expense.text("eligibility_decision_reason") or "no reason given", until="",
        )  # fmt: skip


def _excepted(line: Line, standing: Standing) -> Iterator[Passed]:
    """Exceptions that the programme itself provides for."""
    for reason in standing.line.reasons:
        if reason.effect == "excepted":
            code = line.expense.text("exception_code") or (line.request.text("exception_code") if line.request else "")
            yield Passed(
                line_id=line.id, what=reason.says, rule=clause_of(standing.line, reason), by="the programme",
                reason=f"exception {code}" if code else "an exception that the programme provides for", until="",
            )  # fmt: skip
