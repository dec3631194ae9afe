"""Forms, form submissions and marketing events of the sandbox's HubSpot.

Submissions come newest first, without contact id or UTM fields (those are in `pageUrl` or hidden fields), with epoch
milliseconds that the sender set. A participation is a current state per person and event, not a log; names and e-mails
come unasked. Asked by event, HubSpot may not have the rows yet that it has when asked by contact (a knob). Events of an
app are found by that app's own ids only with `externalAccountId` = this portal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.hubspot.records import milliseconds
from mdfsync.sandbox.hubspot.wire import Call, Json, Refusal
from mdfsync.sandbox.store import Doc

_HIDDEN = {"externalAccountId", "otherApp"}
_STATES = ("REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW", "EMPTY")


def list_forms(call: Call) -> Json:
    """`GET /marketing/v3/forms`: only type `hubspot` unless `formTypes` says otherwise."""
    asked = set(call.names("formTypes")) or {"hubspot"}
    forms = [
        _form(id, doc)
        for id, doc in sorted(call.store.all("hubspot.forms").items())
        if ("all" in asked or doc["formType"] in asked) and doc["archived"] == call.flag("archived")
    ]
    page, paging = _cut(call, forms, call.number("limit", 20, most=500))
    return {"results": page, **paging}


def get_form(call: Call) -> Json:
    """`GET /marketing/v3/forms/{id}`."""
    doc = call.store.get("hubspot.forms", call.path["guid"])
    if doc is None or doc["archived"] != call.flag("archived"):
        raise Refusal(404, f"form {call.path['guid']} was not found", "OBJECT_NOT_FOUND")
    return _form(call.path["guid"], doc)


def _form(id: str, doc: Doc) -> Json:
    """A definition with the parts that HubSpot always sends; ours ask for an e-mail address."""
    email = {
        "objectTypeId": "0-1", "name": "email", "label": "E-mail", "required": True, "hidden": False,
        "fieldType": "email", "validation": {"blockedEmailDomains": [], "useDefaultBlockList": False},
        "dependentFields": [],
    }  # fmt: skip
    configuration = {
        "language": "en", "cloneable": True, "editable": True, "archivable": True, "recaptchaEnabled": False,
        "notifyContactOwner": False, "notifyRecipients": [], "createNewContactForNewEmail": False,
        "prePopulateKnownValues": True, "allowLinkToResetKnownValues": False, "lifecycleStages": [],
        "postSubmitAction": {"type": "thank_you", "value": "Thank you."},
    }  # fmt: skip
    style = {
        "fontFamily": "arial", "backgroundWidth": "100%", "labelTextColor": "#33475b", "labelTextSize": "14px",
        "helpTextColor": "#7c98b6", "helpTextSize": "11px", "legalConsentTextColor": "#33475b",
        "legalConsentTextSize": "14px", "submitColor": "#ff7a59", "submitAlignment": "left",
        "submitFontColor": "#ffffff", "submitSize": "12px",
    }  # fmt: skip
    display = {"renderRawHtml": False, "theme": "default_style", "submitButtonText": "Submit", "style": style}
    group = {"groupType": "default_group", "richTextType": "text", "fields": [email]}
    return {
        "id": id, **doc, "fieldGroups": [group], "configuration": configuration, "displayOptions": display,
        "legalConsentOptions": {"type": "none"},
    }  # fmt: skip


def submissions(call: Call) -> Json:
    """`GET /form-integrations/v1/submissions/forms/{guid}`: newest first, 20 by default, 50 at most."""
    form = call.store.get("hubspot.forms", call.path["guid"])
    if form is None:
        raise Refusal(404, f"form {call.path['guid']} was not found", "OBJECT_NOT_FOUND")
    if form["formType"] == "blog_comment":
        raise Refusal(400, "Form type not allowed", more={"errorType": "FORM_TYPE_NOT_ALLOWED"})
    found = [s for s in call.store.all("hubspot.submissions").values() if s["form"] == call.path["guid"]]
    found.sort(key=lambda s: int(s["submittedAt"]), reverse=True)
    shown = [{k: v for k, v in s.items() if k != "form"} for s in found]
    page, paging = _cut(call, shown, call.number("limit", 20, most=50))
    return {"results": page, **paging}


def list_events(call: Call) -> Json:
    """`GET /marketing/v3/marketing-events/`: no updated-since filter."""
    events = [_event(call, id, doc) for id, doc in sorted(call.store.all("hubspot.marketing_events").items())]
    page, paging = _cut(call, events, call.number("limit", 10, most=100))
    return {"results": page, **paging}


def get_event(call: Call) -> Json:
    """`GET …/{objectId}`."""
    return _event(call, call.path["id"], _known_event(call, call.path["id"]))


def counters(call: Call) -> Json:
    """`GET …/participations/{marketingEventId}`."""
    return _counted(call, call.path["id"])


def external_counters(call: Call) -> Json:
    """`GET …/participations/{externalAccountId}/{externalEventId}`."""
    return _counted(call, _own_event(call))


def _counted(call: Call, event: str) -> Json:
    _known_event(call, event)
    states = [p["state"] for p in _participations(call, event=event)]
    return {
        "attended": states.count("ATTENDED"), "registered": states.count("REGISTERED"),
        "cancelled": states.count("CANCELLED"), "noShows": states.count("NO_SHOW"),
    }  # fmt: skip


def event_breakdown(call: Call) -> Json:
    """`GET …/participations/{marketingEventId}/breakdown`."""
    return _people_of(call, call.path["id"])


def external_breakdown(call: Call) -> Json:
    """`GET …/participations/{externalAccountId}/{externalEventId}/breakdown`."""
    return _people_of(call, _own_event(call))


def _people_of(call: Call, event: str) -> Json:
    _known_event(call, event)
    lagging = knobs.value(call.store, "hubspot.event_breakdown_lag")
    return _breakdown(call, [] if lagging else _participations(call, event=event))


def _own_event(call: Call) -> str:
    """The event an app knows by its own ids; 404 for one that another app made."""
    for id, doc in call.store.all("hubspot.marketing_events").items():
        ids = doc.get("externalAccountId"), doc.get("externalEventId")
        if ids == (call.path["account"], call.path["external"]) and not doc.get("otherApp"):
            return id
    raise Refusal(404, f"No marketing event with externalEventId {call.path['external']}", "OBJECT_NOT_FOUND")


def contact_breakdown(call: Call) -> Json:
    """`GET …/participations/contacts/{contactIdOrEmail}/breakdown`."""
    return _breakdown(call, _participations(call, person=call.path["contact"]))


def _breakdown(call: Call, found: Sequence[Doc]) -> Json:
    state, person = call.query.get("state"), call.query.get("contactIdentifier")
    if state is not None and state not in _STATES:
        raise Refusal(400, f"Invalid state: {state}")
    rows = [
        _participation(call, p)
        for p in found
        if state in (None, p["state"]) and (person is None or person in (p["contactId"], _email(call, p)))
    ]
    page, paging = _cut(call, rows, call.number("limit", 10, most=100))
    return {"total": len(rows), "results": page, **paging}


def _participations(call: Call, *, event: str = "", person: str = "") -> list[Doc]:
    return [
        {"id": id, **doc}
        for id, doc in sorted(call.store.all("hubspot.participations").items())
        if (not event or doc["event"] == event) and (not person or person in (doc["contactId"], _email(call, doc)))
    ]


def _participation(call: Call, doc: Doc) -> Json:
    contact = call.store.get("hubspot.contacts", doc["contactId"])
    properties = contact["properties"] if contact else {}
    event = call.store.all("hubspot.marketing_events")[doc["event"]]
    iso = knobs.value(call.store, "hubspot.event_times_iso")
    shown: Json = {
        "attendanceState": doc["state"],
        "occurredAt": doc["occurredAt"] if iso else milliseconds(doc["occurredAt"]),
    }
    if doc.get("seconds"):
        shown |= {
            "attendanceDurationSeconds": doc["seconds"],
            "attendancePercentage": doc.get("percentage", "100"),
        }
    return {
        "id": doc["id"],
        "createdAt": doc["createdAt"],
        "properties": shown,
        "associations": {
            "contact": {
                "contactId": doc["contactId"], "email": properties.get("email"),
                "firstname": properties.get("firstname"), "lastname": properties.get("lastname"),
            },
            "marketingEvent": {
                "marketingEventId": doc["event"], "name": event["eventName"],
                "externalAccountId": event.get("externalAccountId"),
                "externalEventId": event.get("externalEventId"),
            },
        },
    }  # fmt: skip


def _email(call: Call, doc: Doc) -> str | None:
    contact = call.store.get("hubspot.contacts", doc["contactId"])
    return contact["properties"].get("email") if contact else None


def _event(call: Call, id: str, doc: Doc) -> Json:
    now = instant_text(call.clock.now())
    over = doc["endDateTime"] < now
    states = [p["state"] for p in _participations(call, event=id)]
    status = "CANCELLED" if doc.get("eventCancelled") else "PAST" if over else "UPCOMING"
    shown = {name: value for name, value in doc.items() if name not in _HIDDEN}
    counted: Json = {
        "registrants": len(states), "attendees": states.count("ATTENDED") if over else None,
        "cancellations": states.count("CANCELLED"), "noShows": states.count("NO_SHOW") if over else -1,
    }  # fmt: skip
    return {
        "objectId": id, "customProperties": [], "appInfo": None, **shown, **counted,
        "eventStatus": status, "eventStatusV2": "completed" if over else "scheduled", "eventCompleted": over,
    }  # fmt: skip


def _known_event(call: Call, id: str) -> Doc:
    doc = call.store.get("hubspot.marketing_events", id)
    if doc is None:
        raise Refusal(404, f"No marketing event with objectId {id}", "OBJECT_NOT_FOUND")
    return doc


def _cut(call: Call, items: Sequence[Any], limit: int) -> tuple[Sequence[Any], Json]:
    start = call.query.get("after") or "0"
    if not start.isdigit():
        raise Refusal(400, f"invalid after: {start}")
    end = int(start) + limit
    return items[int(start) : end], ({"paging": call.next_page(str(end))} if end < len(items) else {})
