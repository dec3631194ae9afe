"""Expenses that no MDF programme judges.

What it protects: nobody may claim, or refuse, money by rules that nobody can show. The programme is named by the fund
of the request, else by its agreement, else by the campaign, and its rules stand in a file of that name.

When it fires: expenses on which money is bound or used have no programme, because nothing names one or because no file
has the name. One hold on the fund, agreement or campaign that should say it; it blocks all of those expenses.

What clears it: the programme is named, or its rules are written (`docs/programmes.md`), or the name is corrected.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.eligibility import Line, judged
from mdfsync.eligibility.life import is_cancelled, is_spent
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, sources_of, speak
from mdfsync.view import View

ID = "no_programme"
TABLES = ("Expenses", "Reimbursement Lines")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    bare: dict[tuple[Subject, str], list[Line]] = {}
    for line in judged(view).values():
        if line.verdict is None and not is_cancelled(line.expense) and is_spent(view, line.expense):
            bare.setdefault((line.named_by, line.named), []).append(line)
    for (subject, name), lines in sorted(bare.items()):
        words = f"No file holds the rules of the MDF programme “{name}”" if name else "No MDF programme is named here"
        yield speak(
            setting,
            subject,
            f"{words}, so nothing says whether its expenses are paid for.",
            evidence={
                "mdf_programme": name or "not named",
                "expenses": ", ".join(sorted(line.expense.id for line in lines)),
                "programmes on file": ", ".join(sorted(view.programmes)),
            },
            sources=sources_of(view, subject.table, "mdf_programme"),
            key=name,
            blocks=[
                place for line in lines for place in (line.expense.place, *lines_of(view, line.expense.id))
            ],
        )  # fmt: skip
