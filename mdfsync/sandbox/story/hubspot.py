"""Fills the sandbox's HubSpot from the seed files: the portal of Northlight Analytics with its history.

Companies, contacts, deals in two pipelines, engagements of every kind, campaigns with their contact reports,
forms with submissions, marketing events with participations. Every text that a careful reader must not fetch
(bodies, titles, subjects) is a canary. Called once per reset, by `story`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from mdfsync.sandbox.clock import Clock, instant_text
from mdfsync.sandbox.hubspot import SCOPES, TOKEN
from mdfsync.sandbox.hubspot.account import options
from mdfsync.sandbox.hubspot.world import READ_ONLY, associate, create
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.dates import seed_json, seed_rows

CANARY = "CANARY"
_TEXTS = {
    "meetings": ("hs_meeting_title", "hs_meeting_body", "hs_internal_meeting_notes", "hs_guest_emails"),
    "calls": ("hs_call_title", "hs_call_body", "hs_call_to_number"),
    "emails": ("hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_to_email"),
    "notes": ("hs_note_body",),
    "tasks": ("hs_task_subject", "hs_task_body"),
}
_CHOICES = {
    "deal_source": ("partner_sourced", "partner_influenced", "direct"),
    "hs_campaign_status": ("planned", "in_progress", "active", "paused", "completed"),
    "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    "hs_call_direction": ("INBOUND", "OUTBOUND"),
    "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
    "hs_analytics_source": (
        "ORGANIC_SEARCH", "PAID_SEARCH", "EMAIL_MARKETING", "SOCIAL_MEDIA", "REFERRALS", "OTHER_CAMPAIGNS",
        "DIRECT_TRAFFIC", "OFFLINE", "PAID_SOCIAL", "AI_REFERRALS",
    ),
    "lifecyclestage": ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"),
}  # fmt: skip
_KINDS = {
    "meetings": {"state": "hs_meeting_outcome"},
    "calls": {"direction": "hs_call_direction", "state": "hs_call_status"},
    "emails": {"direction": "hs_email_direction", "state": "hs_email_status"},
    "notes": {},
    "tasks": {"state": "hs_task_status"},
}


def seed_hubspot(store: Store, clock: Clock, zero: date) -> None:
    """The whole portal, as it stands on day zero."""
    portal = seed_json("hubspot.json", zero)
    store.put("hubspot.tokens", TOKEN, {"scopes": list(SCOPES)})
    store.put("hubspot.account", "details", portal["account"])
    store.put("hubspot.account", "exchange_rates", portal["exchange_rates"])
    for collection in ("owners", "pipelines", "forms", "marketing_events"):
        for doc in portal[collection]:
            store.put(f"hubspot.{collection}", doc["id"], {k: v for k, v in doc.items() if k != "id"})
    _definitions(store, clock, zero)
    _companies(store, clock, zero)
    _contacts(store, clock, zero)
    _deals(store, clock, zero)
    _engagements(store, clock, zero)
    _campaigns(store, clock, portal, zero)
    _submissions(store, zero)
    _participations(store, zero)


def definition(name: str, label: str, kind: str, field_type: str, *, custom: bool, at: str) -> dict[str, Any]:
    """A property definition as `GET /crm/v3/properties/{type}` lists it. HubSpot's own cannot be archived or redefined,
    and what it calculates cannot be typed; `at` = since when it is defined."""
    calculated = name in READ_ONLY or name.startswith(("hs_is_closed", "hs_v2_", "num_associated"))
    return {
        "name": name,
        "label": label,
        "description": "",
        "type": kind,
        "fieldType": field_type,
        "groupName": "partner_programme" if custom else "information",
        "options": options([(value.replace("_", " ").capitalize(), value) for value in _CHOICES.get(name, ())]),
        "displayOrder": -1,
        "calculated": calculated,
        "externalOptions": name in {"hubspot_owner_id", "hs_owner"},
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": not custom,
        "formField": False,
        "archived": False,
        "modificationMetadata": {
            "archivable": custom,
            "readOnlyDefinition": not custom,
            "readOnlyOptions": not custom,
            "readOnlyValue": calculated,
        },
        "createdAt": at,
        "updatedAt": at,
    }


def _definitions(store: Store, clock: Clock, zero: date) -> None:
    at = instant_text(clock.now() - timedelta(days=900))
    for kind, rows in seed_json("hubspot_properties.json", zero).items():
        found = [definition(row[0], row[1], row[2], row[3], custom=bool(row[4:]), at=at) for row in rows]
        store.put("hubspot.properties", kind, {"results": found})


def _filled(row: Mapping[str, str], *leave: str) -> dict[str, str | None]:
    return {name: value or None for name, value in row.items() if name not in {"id", "created", "modified", *leave}}


def _companies(store: Store, clock: Clock, zero: date) -> None:
    for row in seed_rows("companies.csv", zero):
        create(store, clock, "companies", row["id"], _filled(row), created=row["created"], modified=row["modified"])


def _contacts(store: Store, clock: Clock, zero: date) -> None:
    activity = _last_activity(zero)
    for row in seed_rows("contacts.csv", zero):
        at = row["created"]
        properties = {**_filled(row), "notes_last_updated": activity.get(row["id"])}
        create(store, clock, "contacts", row["id"], properties, created=at, modified=max(at, row["modified"]))
        associate(store, clock, "contacts", row["id"], "companies", row["associatedcompanyid"], primary=True)


def _last_activity(zero: date) -> dict[str, str]:
    """Contact → time of the last activity that lies in the past, as HubSpot calculates it."""
    last: dict[str, str] = {}
    for row in seed_rows("engagements.csv", zero):
        if row["at"][:10] >= zero.isoformat():
            continue
        for contact in filter(None, row["contacts"].split(";")):
            last[contact] = max(last.get(contact, ""), row["at"])
    return last


def _deals(store: Store, clock: Clock, zero: date) -> None:
    claims = {row["id"]: _filled(row) for row in seed_rows("deal_claims.csv", zero)}
    for row in seed_rows("deals.csv", zero):
        properties = _filled(row, "company", "contacts", "entered", "createdate", "closedate")
        properties |= {
            "createdate": row["createdate"] or row["created"],
            "closedate": f"{row['closedate']}T00:00:00.000Z",
            "hs_primary_associated_company": row["company"],
            "hs_object_source_label": "CRM_UI",
            "dealtype": "newbusiness",
            **claims.get(row["id"], {}),
        }
        if row["dealstage"] in {"closedwon", "900105"}:
            properties["closed_won_reason"] = "Chosen after a comparison"
        if row["dealstage"] in {"closedlost", "900106"}:
            properties["closed_lost_reason"] = "Budget frozen"
        doc = create(store, clock, "deals", row["id"], properties, created=row["created"], modified=row["modified"])
        if row["entered"]:
            entered = {f"hs_v2_date_entered_{row['dealstage']}": row["entered"]}
            entered["hs_v2_date_entered_current_stage"] = row["entered"]
            store.put("hubspot.deals", row["id"], {**doc, "properties": {**doc["properties"], **entered}})
        associate(store, clock, "deals", row["id"], "companies", row["company"], primary=True)
        for contact in filter(None, row["contacts"].split(";")):
            associate(store, clock, "deals", row["id"], "contacts", contact, at=row["created"])


def _engagements(store: Store, clock: Clock, zero: date) -> None:
    users = {id: doc.get("userIdIncludingInactive") for id, doc in store.all("hubspot.owners").items()}
    for row in seed_rows("engagements.csv", zero):
        kind = row["type"]
        properties: dict[str, str | None] = {
            "hs_timestamp": row["at"],
            "hubspot_owner_id": row["owner"] or None,
            "hs_created_by_user_id": str(users.get(row["owner"]) or "") or None,
            "hs_object_source": "CRM_UI",
            "hs_object_source_label": "CRM_UI",
        }
        if kind == "meetings":
            ends = datetime.fromisoformat(row["at"]) + timedelta(minutes=45)
            properties |= {"hs_meeting_start_time": row["at"], "hs_meeting_end_time": instant_text(ends)}
        properties |= {name: row[part] or None for part, name in _KINDS[kind].items()}
        properties |= {name: f"{CANARY} {name} {row['id']}" for name in (*_TEXTS[kind], "hs_body_preview")}
        properties |= dict(pair.split("=", 1) for pair in row["extra"].split(";") if pair)
        create(store, clock, kind, row["id"], properties, created=row["created"])
        contacts = [c for c in row["contacts"].split(";") if c]
        for contact in contacts:
            associate(store, clock, kind, row["id"], "contacts", contact)
        for company in {_company(store, contact) for contact in contacts}:
            associate(store, clock, kind, row["id"], "companies", company)
        if row["deal"]:
            associate(store, clock, kind, row["id"], "deals", row["deal"])


def _company(store: Store, contact: str) -> str:
    return str(store.all("hubspot.contacts")[contact]["properties"]["associatedcompanyid"])


def _campaigns(store: Store, clock: Clock, portal: Mapping[str, Any], zero: date) -> None:
    touches: dict[str, dict[str, list[list[str]]]] = {}
    for row in seed_rows("campaign_touches.csv", zero):
        touches.setdefault(row["campaign"], {}).setdefault(row["touch"], []).append([row["contact"], row["day"]])
    for campaign in portal["campaigns"]:
        guid = campaign["id"]
        doc = {key: value for key, value in campaign.items() if key != "id"}
        doc["budgetItems"] = [_dated(item) for item in campaign["budgetItems"]]
        doc["spendItems"] = [_dated(item) for item in campaign["spendItems"]]
        store.put("hubspot.campaigns", guid, {**doc, "touches": touches.get(guid, {})})
        number = campaign["properties"]["hs_object_id"]
        for contact, _day in touches.get(guid, {}).get("influencedContacts", []):
            associate(store, clock, "campaigns", number, "contacts", contact)
        for deal in portal["campaign_deals"].get(guid, []):
            associate(store, clock, "campaigns", number, "deals", deal)


def _dated(item: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: milliseconds(item[name]) for name in ("createdAt", "updatedAt")}
    return {**item, **times}


def milliseconds(instant: str) -> int:
    """Epoch milliseconds of an instant's text."""
    return int(datetime.fromisoformat(instant).timestamp() * 1000)


def _submissions(store: Store, zero: date) -> None:
    for number, row in enumerate(seed_rows("submissions.csv", zero), start=1):
        add_submission(store, f"s{number:04d}", row)


def add_submission(store: Store, key: str, row: Mapping[str, str]) -> None:
    """One form submission: UTM in the page's address and in a hidden field, no contact id."""
    utm = row["utm_campaign"]
    address = f"{row['page']}?utm_source=partner&utm_campaign={utm}" if utm else row["page"]
    values = [{"name": "email", "value": row["email"], "objectTypeId": "0-1"}]
    values.append({"name": "message", "value": f"{CANARY} message {key}", "objectTypeId": "0-1"})
    if utm:
        values.append({"name": "utm_campaign", "value": utm, "objectTypeId": "0-1"})
    doc: dict[str, Any] = {"form": row["form"], "submittedAt": milliseconds(row["submitted"]), "values": values}
    doc["pageUrl"] = address
    if row["conversion_id"]:
        doc["conversionId"] = row["conversion_id"]
    store.put("hubspot.submissions", key, doc)


def _participations(store: Store, zero: date) -> None:
    for row in seed_rows("participations.csv", zero):
        doc: dict[str, Any] = {
            "event": row["event"],
            "contactId": row["contact"],
            "state": row["state"],
            "occurredAt": row["occurred"],
            "createdAt": row["created"],
        }
        if row["seconds"]:
            doc["seconds"] = int(row["seconds"])
        store.put("hubspot.participations", row["id"], doc)
