"""One document that stands behind two different things.

What it protects: a photo, an invoice or a payment proves one activity or cost. Shown for a second one, perhaps in
another campaign, with another partner or from another fund, it makes somebody pay twice, and an audit finds it.

When it fires, one hold per group of documents that have arrived and that no reviewer has refused:
- `bytes`: the same file, byte for byte, is attached to documents about different expenses or activities.
- `invoice`: the same invoice (supplier and number, however written) is on record more than once, for different
  expenses.
- `payment`: the same payment (reference, payee, amount) is on record for different expenses.
It does not fire for copies about the same expense or activity, for parts of one invoice on one request, for the lines
of one transfer, nor where the expenses themselves are already held for claiming one invoice twice
(`ineligible_expense`).

What clears it: the wrong one of the documents is replaced or refused; or a permitted person lets it pass, with the
reason why one document may stand for both. One payment is never let pass: if it did pay for both, one document names
both. The hold hangs on the first of the documents and blocks the expenses behind all of them.

Params: `never_waived` = the causes that nobody may let pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.alike import claimed_by, same_documents
from mdfsync.eligibility.invoices import twice_claimed
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, sources_of, speak
from mdfsync.view import View

ID = "duplicate_document"
TABLES = ("Evidence",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    held = {row.id: n for n, group in enumerate(twice_claimed(view)) for row in group}  # none is in two of them
    for group in same_documents(view):
        expenses = claimed_by(view, group)
        claims = [held[id] for id in expenses if id in held]
        if len(set(claims)) < len(claims):
            continue
        first, *others = group.rows
        yield speak(
            setting,
            first.place,
            f"The same {group.words} is also on record as {', '.join(row.id for row in others)}.",
            evidence={
                **group.values,
                "documents": ", ".join(row.id for row in group.rows),
                "expenses": ", ".join(sorted(expenses)),
            },
            sources=sources_of(view, "Evidence", "file", *group.values),
            key=group.key,
            blocks=[place for id in expenses for place in (Subject(table="Expenses", id=id), *lines_of(view, id))],
        )
