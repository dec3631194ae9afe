"""Every expense of the base judged: by its programme, by the house, by people; once for all who ask.

    View ─judged─> Line, Line, …

The programme is the one that the request's fund names, else its agreement, else the campaign; the version is the one in
force for the expense. What a person refused, what is called off and what the house holds against an expense goes into
the programme's reckoning, so that nothing that will not be claimed uses up a shared ceiling. Which of the reasons are
told as holds, and under which key, is settled here too: rules and derivations only put it into words. Sixth layer,
between `view` and `rules`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from mdfsync.eligibility.case import case_of
from mdfsync.eligibility.house import Cause, causes_of
from mdfsync.eligibility.invoices import twice_claimed
from mdfsync.eligibility.life import is_cancelled
from mdfsync.eligibility.place import Place, place_of, purposes_of
from mdfsync.model import Subject
from mdfsync.policy.programmes import programme_name
from mdfsync.programme import Programme, Proof, Reason, Verdict, judge_versions, required
from mdfsync.programme.verdict import Effect
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force

HOUSE = "house "
REFUSED = frozenset({"ineligible", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expense: what the house has against it, and its programme's verdict. `named` = the programme by which it is
    to be judged, `named_by` the row that names it or should; there is no verdict where there is no such programme.
    `refused` = a cause that nothing cures stands against it; `asked` = the sets of evidence that it needs."""

    expense: Row
    causes: tuple[Cause, ...]
    refused: bool
    named: str
    named_by: Subject
    programme: Programme | None = None
    verdict: Verdict | None = None
    asked: tuple[Proof, ...] = ()

    @property
    def purposes(self) -> Mapping[str, str]:
        """Purpose (performance, financial) of each set of evidence that the programme knows, by its id."""
        return purposes_of((self.programme,)) if self.programme else {}

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the programme itself said."""
        return tuple(r for r in self.verdict.reasons if not r.rule.startswith(HOUSE)) if self.verdict else ()


def judged(view: View) -> Mapping[str, Line]:
    """The lines of a view by expense id, those without an id left out; worked out when first asked for."""
    known: dict[str, Line] | None = view.memo.get(("eligibility",))
    if known is None:
        known = view.memo["eligibility",] = _lines(view)
    return known


def _lines(view: View) -> dict[str, Line]:
    barred = frozenset(word.casefold() for word in view.rules["ineligible_expense"].params["barred_categories"])
    firm = frozenset(view.rules["ineligible_expense"].params["never_waived"])
    twice = {row.id for group in twice_claimed(view) for row in group}
    groups: dict[str, list[Row]] = {}
    names: dict[str, tuple[str, Subject]] = {}
    for expense in view.rows("Expenses"):
        if expense.id:
            names[expense.id] = name, _ = _named(view, expense)
            groups.setdefault(name, []).append(expense)
    out: dict[str, Line] = {}
    for name, expenses in groups.items():
        versions = view.versions(name)
        causes = {row.id: _causes(view, row, barred, firm, versions) for row in expenses}
        against = {row.id: _against(view, row, causes[row.id], twice) for row in expenses}
        cases = {row.id: case_of(view, row) for row in expenses} if versions else {}
        excepted = _Excepted(view, purposes_of(versions))
        said = judge_versions(versions, cases.values(), against, excepted) if versions else []
        verdicts = {verdict.id: verdict for verdict in said}
        by_version = {programme.head.version: programme for programme in versions}
        for row in expenses:
            verdict = verdicts.get(row.id)
            programme = by_version[verdict.version] if verdict else None
            out[row.id] = Line(
                expense=row,
                causes=causes[row.id],
                refused=any(reason.effect == "ineligible" for reason in against[row.id]),
                named=name,
                named_by=names[row.id][1],
                programme=programme,
                verdict=verdict,
                asked=tuple(required(programme, cases[row.id])) if programme else (),
            )
    return out


def _named(view: View, expense: Row) -> tuple[str, Subject]:
    """(name of the programme, the row that names it or should)."""
    request = view.target(expense, "mdf_request_id")
    papers = [view.target(request, "fund_id"), view.target(request, "agreement_id")] if request else []
    campaign = campaign_in_force(view, view.ref(expense, "joint_campaign_id"))
    rows = [row for row in (*papers, campaign) if row is not None]
    for row in rows:
        if name := programme_name(row.text("mdf_programme")):
            return name, row.place
    return "", rows[0].place if rows else expense.place


def _causes(
    view: View, expense: Row, barred: frozenset[str], firm: frozenset[str], versions: Sequence[Programme]
) -> tuple[Cause, ...]:
    """What the house has against the expense once people and the programme have had their say."""
    decision = expense.text("eligibility_decision")
    if is_cancelled(expense):
        return (Cause(key="cancelled", message="Finance's system calls the expense off.", refuses=True),)
    if decision in REFUSED:
        names = ("eligibility_decision", "eligibility_decision_reason")
        evidence = {name: text for name in names if (text := expense.text(name))}
        refuses = decision == "ineligible"
        return (Cause(key="decided", message=f"A person decided: {decision}.", evidence=evidence, refuses=refuses),)
    stood_for = {cause for programme in versions for rule in programme.file.rule for cause in rule.stands_for}
    found = (cause for cause in causes_of(view, expense, barred) if cause.key not in stood_for)
    standing = tuple(cause for cause in found if decision != "eligible" or cause.key in firm)
    return (*standing, *_PLANNED) if expense.money("net_amount") is None else standing


_PLANNED = (Cause(key="planned", message="Not invoiced yet: judged on what is committed, approved or planned."),)
_TWICE = Cause(key="duplicate", message="The same invoice is claimed more than once.")


def _against(view: View, expense: Row, causes: Sequence[Cause], twice: Container[str]) -> list[Reason]:
    """What the house holds against the expense, as the programme's reckoning takes it; not what people let pass."""
    out = []
    for cause in (*causes, *((_TWICE,) if expense.id in twice else ())):
        if Place(rule="ineligible_expense", subject=expense.place, key=cause.key).is_waived(view):
            continue
        effect: Effect = "ineligible" if cause.refuses else "held"
        values = dict(cause.evidence)
        out.append(Reason(rule=f"{HOUSE}{cause.key}", clause="", effect=effect, says=cause.message, values=values))
    return out


@dataclass(frozen=True, slots=True)
class _Excepted:
    """Whether people let a reason pass: a hold that was waived, or a rule against an expense that a person decided to
    be eligible. Proof and amounts remain."""

    view: View
    purposes: Mapping[str, str]

    def __call__(self, id: str, reason: Reason) -> bool:
        expense = self.view.row("Expenses", id)
        if expense is None:
            return False
        place = place_of(self.view, expense, self.purposes, reason)
        if place.is_waived(self.view):
            return True
        return expense.text("eligibility_decision") == "eligible" and place.rule == "ineligible_expense"
