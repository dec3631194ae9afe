"""Costs that look like one cost though their invoices say otherwise.

What it protects: a cost that was refused, or already paid by somebody, comes back under a new invoice number or in
another campaign. Nothing proves it from the papers alone, so nobody is held: somebody looks.

When it fires, one exception per group of expenses with an amount that finance has not called off:
- the same supplier, amount and day of invoice, under different invoice numbers or none;
- the same words and amount in two campaigns;
- the same payment and amount behind two invoices.
Refused expenses are compared too. Lines of one invoice are told by the invoice: if it is claimed twice, that is a hold
(`ineligible_expense`); costs that share a document are told by the document (`duplicate_document`).

What clears it: one of the expenses is corrected or called off at its source; or a person waives it with the reason why
they are different costs.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.alike import claimed_by, same_costs, same_documents
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import sources_of, speak
from mdfsync.view import View

ID = "similar_cost"
TABLES = ("Expenses",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    held = [claimed_by(view, group) for group in same_documents(view)]
    for group in same_costs(view):
        if any(ids.issuperset(row.id for row in group.rows) for ids in held):
            continue
        first, *others = group.rows
        refused = [row.id for row in group.rows if row.text("eligibility_decision") == "ineligible"]
        yield speak(
            setting,
            first.place,
            f"The same {group.words} as {', '.join(row.id for row in others)}.",
            evidence={
                **group.values,
                "expenses": ", ".join(row.id for row in group.rows),
                "campaigns": ", ".join(dict.fromkeys(row.text("joint_campaign_id") for row in group.rows)),
                "refused": ", ".join(refused),
            },
            sources=sources_of(view, "Expenses", *group.values),
            key=group.key,
        )
