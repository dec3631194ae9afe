"""What the rules on deal registrations share: who is told, and in what words a registration is shown."""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.registrations import TABLE, RegistrationStanding

Outcomes = Mapping[str, str]


def tell(
    view: View,
    setting: RuleSetting,
    standing: RegistrationStanding,
    message: str,
    *,
    key: str = "",
    cells: tuple[str, ...] = (),
    evidence: Mapping[str, str] | None = None,
    due: str = "",
    required_action: str = "",
) -> Finding:
    """A finding on one registration, for the manager of its partner."""
    partner = view.target(standing.row, "partner_id")
    return speak(
        setting,
        standing.row.place,
        message,
        evidence={**shown(standing.row, "partner_id", "submitted_at", *cells), **(evidence or {})},
        sources=sources_of(view, TABLE, "submitted_at", *cells),
        key=key,
        due=due,
        required_action=required_action,
        owner=partner.text("partner_manager") if partner else "",
    )


def in_short(view: View, row: Row) -> str:
    """A registration in one line: whose, when submitted, how decided."""
    at = row.instant("submitted_at")
    decision = row.text("registration_decision") or "not decided"
    return f"{view.ref(row, 'partner_id')}, submitted {instant_text(at) if at else 'at an unknown time'}, {decision}"


def outcomes(view: View) -> Outcomes:
    """The conflict table: what follows, by scenario."""
    found: Outcomes = view.rules["disputed_ownership"].params["outcomes"]
    return found
