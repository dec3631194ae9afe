"""The base that pyairtable's integration tests expect, built in a sandbox by its API and, where no API can, by hand."""

from __future__ import annotations

from typing import Any

from pyairtable import Api, Base

from mdfsync.sandbox.server import Running

NAME = "Test Wrapper"
CHOICES = {"choices": [{"name": "one"}, {"name": "two"}]}
DAY = {"dateFormat": {"name": "iso"}}
INSTANT = {**DAY, "timeZone": "utc", "timeFormat": {"name": "24hour"}}
CHECK = {"icon": "check", "color": "greenBright"}

Fields = list[dict[str, Any]]


def field(name: str, kind: str, **options: Any) -> dict[str, Any]:
    """A field of a create request."""
    return {"name": name, "type": kind, **({"options": options} if options else {})}


TEST_TABLE: Fields = [
    field("text", "singleLineText"),
    field("number", "number", precision=2),
    field("boolean", "checkbox", **CHECK),
    field("datetime", "dateTime", **INSTANT),
    field("attachment", "multipleAttachments"),
]
ADDRESS: Fields = [field("Street", "singleLineText"), field("Number", "number", precision=0)]
CONTACT: Fields = [
    field("First Name", "singleLineText"),
    field("Last Name", "singleLineText"),
    field("Email", "email"),
    field("Registered", "checkbox", **CHECK),
    field("Birthday", "date", **DAY),
    field("Last Access", "dateTime", **INSTANT),
]
EVERYTHING: Fields = [
    field("Name", "singleLineText"),
    field("Notes", "richText"),
    field("Assignee", "singleCollaborator"),
    field("Watchers", "multipleCollaborators"),
    field("Status", "singleSelect", **CHOICES),
    field("Attachments", "multipleAttachments"),
    field("Done", "checkbox", **CHECK),
    field("Tags", "multipleSelects", **CHOICES),
    field("Date", "date", **DAY),
    field("DateTime", "dateTime", **INSTANT),
    field("Duration (h:mm)", "duration", durationFormat="h:mm"),
    field("Duration (h:mm:ss.s)", "duration", durationFormat="h:mm:ss.S"),
    field("Phone", "phoneNumber"),
    field("Email", "email"),
    field("URL", "url"),
    field("Integer", "number", precision=0),
    field("Decimal 1", "number", precision=1),
    field("Decimal 2", "number", precision=2),
    field("Dollars", "currency", precision=2, symbol="$"),
    field("Percent", "percent", precision=0),
    field("Stars", "rating", icon="star", color="yellowBright", max=5),
    field("Barcode", "barcode"),
]
LINKED = {"recordLinkFieldId": "Link to Self"}
BY_HAND: Fields = [
    field("Autonumber", "autoNumber"),
    field("Open URL", "button"),
    field("Formula Int", "formula", formula="{Autonumber} + 1"),
    field("Formula Float", "formula", formula="{Autonumber} / 2"),
    field("Formula Text", "formula", formula="'#' & {Autonumber}"),
    field("Formula Error", "formula", formula="ERROR()"),
    field("Formula NaN", "formula", formula="{Integer} / {Integer}"),
    field("Link to Self (Count)", "count", **LINKED),
    field("Rollup Int", "rollup", **LINKED, fieldIdInLinkedTable="Formula Int", formula="SUM(values)"),
    field("Rollup Error", "rollup", **LINKED, fieldIdInLinkedTable="Formula Error", formula="SUM(values)"),
    field("Lookup Int", "multipleLookupValues", **LINKED, fieldIdInLinkedTable="Formula Int"),
    field("Lookup Error", "multipleLookupValues", **LINKED, fieldIdInLinkedTable="Formula Error"),
    field("Created", "createdTime"),
    field("Created By", "createdBy"),
    field("Last Modified", "lastModifiedTime"),
    field("Last Modified By", "lastModifiedBy"),
]


def build(sandbox: Running) -> dict[str, Any]:
    """Build the base and say where it is: `{endpoint, base_id, table_id, fields: {name: id}}` of their main table."""
    base_id = str(sandbox.admin("POST", "create_base", {"name": NAME})["id"])
    base = Api(sandbox.airtable_token, endpoint_url=sandbox.airtable_url).base(base_id)
    main = base.create_table("TEST_TABLE", TEST_TABLE)
    sandbox.admin("POST", "schema", _act(base_id, "rename_view", "TEST_TABLE", view="Grid view", name="view"))
    address = base.create_table("Address", ADDRESS).id
    base.create_table("Contact", [*CONTACT, field("Address", "multipleRecordLinks", linkedTableId=address)])
    _everything(sandbox, base, address)
    fields = {f.name: f.id for f in main.schema().fields}
    return {"endpoint": sandbox.airtable_url, "base_id": base_id, "table_id": main.id, "fields": fields}


def _everything(sandbox: Running, base: Base, address: str) -> None:
    table = base.create_table(
        "Everything", [*EVERYTHING, field("Address", "multipleRecordLinks", linkedTableId=address)]
    )
    table.create_field("Link to Self", "multipleRecordLinks", options={"linkedTableId": table.id})
    for spec in BY_HAND:
        sandbox.admin("POST", "schema", _act(base.id, "create_field", "Everything", **spec))


def _act(base_id: str, action: str, table: str, **more: Any) -> dict[str, Any]:
    return {"base": base_id, "action": action, "table": table, **more}
