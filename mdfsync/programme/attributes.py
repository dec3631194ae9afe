"""The attributes of a case that every programme knows, with their kinds. A programme names others under `[attributes]`.

`case.json` of the documentation shows them filled in. Amounts stand in the `currency` beside them. Data, read by
`rulebook`.
"""

from __future__ import annotations

from mdfsync.programme.reading import Kind

_GROUPS: dict[str, dict[str, Kind]] = {
    "partner": {
        "id": "text", "name": "text", "legal_entity": "text", "type": "text", "tier": "text", "country": "text",
        "certified_until": "date", "active": "flag",
    },
    "agreement": {
        "id": "text", "signed_at": "date", "starts": "date", "ends": "date", "signed": "flag",
    },
    "fund": {
        "id": "text", "period": "text", "starts": "date", "ends": "date", "claim_by": "date", "balance": "amount",
        "earned": "amount", "currency": "text",
    },
    "request": {
        "id": "text", "submitted_at": "instant", "approved_at": "instant", "approved": "flag", "approved_by": "text",
        "requested_by": "text", "requested_amount": "amount", "approved_activity_cost": "amount",
        "approved_amount": "amount", "approved_activities": "texts", "expires": "date", "currency": "text",
        "conditions": "texts",
    },
    "activity": {
        "id": "text", "type": "text", "title": "text", "starts": "date", "ends": "date", "country": "text",
        "attendees": "number", "persons": "number", "brands": "texts", "cancelled": "flag", "cancelled_at": "date",
        "sponsors": "number",
    },
    "expense": {
        "id": "text", "category": "text", "type": "text", "description": "text", "vendor": "text",
        "vendor_is_partner": "flag", "invoice_number": "text", "invoice_date": "date", "committed_at": "date",
        "net": "amount", "tax": "amount", "gross": "amount", "currency": "text", "rate": "number", "bill_to": "text",
        "itemised": "flag", "language": "text", "funded_elsewhere": "flag", "person": "text", "quantity": "number",
        "lines": "records", "lines.kind": "text", "lines.net": "amount", "lines.description": "text",
        "lines.quantity": "number", "lines.person": "text",
        "credit_notes": "amount", "credited_at": "date", "invoice_total": "amount", "persons": "texts",
    },
    "evidence": {
        "id": "text", "type": "text", "date": "date", "captured_at": "instant", "brands": "texts", "vendor": "text",
        "amount": "amount", "currency": "text", "payee": "text", "readable": "flag", "state": "text",
        "attributes": "texts", "covers_from": "date", "covers_to": "date", "rows": "number", "language": "text",
        "made_by": "text", "count": "number", "purpose": "text", "url": "text", "number": "text", "bill_to": "text",
    },
    "claim": {
        "id": "text", "submitted_at": "instant", "amount": "amount", "currency": "text", "final": "flag",
        "first": "flag", "currencies": "number",
    },
    "payments": {
        "id": "text", "amount": "amount", "currency": "text", "rate": "number", "paid_at": "date", "payee": "text",
        "method": "text", "state": "text",
    },
    "prior_use": {
        "id": "text", "amount": "amount", "currency": "text", "rate": "number", "category": "text", "date": "date",
        "ceiling": "text", "state": "text", "count": "number",
    },
    "funding": {
        "by": "text", "share": "number", "amount": "amount", "currency": "text", "rate": "number", "confirmed": "flag",
    },
    "reimbursements": {
        "id": "text", "amount": "amount", "currency": "text", "rate": "number", "paid_at": "date",
    },
    "decisions": {
        "id": "text", "rule": "text", "outcome": "text", "by": "text", "role": "text", "at": "instant", "note": "text",
        "amount": "amount", "currency": "text", "rate": "number", "until": "date", "expires": "date",
        "conditions": "texts", "conditions_met": "flag", "replaces": "text",
    },
}  # fmt: skip
LISTS = ("evidence", "payments", "prior_use", "funding", "reimbursements", "decisions")
ATTRIBUTES: dict[str, Kind] = {
    "id": "text",
    "as_of": "date",
    "direction": "text",
    **dict.fromkeys(LISTS, "records"),
    **{f"{group}.{name}": kind for group, known in _GROUPS.items() for name, kind in known.items()},
}
