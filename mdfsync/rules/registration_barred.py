"""Registrations of partners whose certification had ended.

What it protects: only certified sellers register deals and are paid for them. A registration that counts without a
certificate pays a partner that cannot sell, and binds the others.

When it fires: the day of submission is later than the partner's `certification_expiry`, and the registration still
claims its deal or its credit: it is neither rejected nor withdrawn. A partner whose certification is not on record is
not barred; the review has to look.

What clears it: the partner is certified anew and the new day stands in `certification_expiry`; or the registration is
rejected. It blocks the registration and the partner's part in its opportunity.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import View
from mdfsync.view.registrations import TABLE, certified_until, standing_of

ID = "registration_barred"
TABLES = (TABLE,)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        until, over = certified_until(view, standing)
        if not over or standing.status in {"rejected", "closed"}:
            continue
        partner = view.target(row, "partner_id")
        attributions = view.where("Attributions", "opportunity_id", view.ref(row, "opportunity_id"))
        yield speak(
            setting,
            row.place,
            f"It was submitted on {standing.submitted_on}; the partner's certification ended on {until}.",
            evidence={**shown(row, "partner_id", "submitted_at"), "certification_expiry": str(until)},
            sources=(BASE,),
            blocks=[a.place for a in attributions if view.ref(a, "partner_id") == view.ref(row, "partner_id")],
            owner=partner.text("partner_manager") if partner else "",
        )
