"""What the worker relies on around Airtable's records: links, files, comments, schema, change feed.

As `test_contract_airtable`: the sandbox and a live base must both pass.
"""

from __future__ import annotations

import base64
import re

import pytest
from contract_lab import Base, content_url, kind
from contract_lab import base as base

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


# -- links, files, comments


def test_a_link_shows_on_both_sides(base: Base) -> None:
    (group,) = base.add({"id": "g-1"}, table=base.groups)
    (item,) = base.add({"id": "linked", "group": [group["id"]]})
    assert base.cells(item["id"])["group"] == [group["id"]]
    other = base.call("GET", f"{base.groups}/{group['id']}").json()["fields"]
    assert [item["id"]] in other.values()
    wrong = {"records": [{"id": item["id"], "fields": {"group": [item["id"]]}}]}
    assert base.call("PATCH", base.items, wrong).status_code == 422
    base.call("PATCH", base.items, {"records": [{"id": item["id"], "fields": {"group": []}}]}).raise_for_status()
    assert "group" not in base.cells(item["id"])


def test_an_uploaded_file_can_be_read_back_from_its_url(base: Base) -> None:
    (row,) = base.add({"id": "file-1"})
    upload = {"contentType": "text/plain", "filename": "proof.txt", "file": base64.b64encode(b"proof").decode()}
    path = f"/v0/{base.base_id}/{row['id']}/{base.fields['files']}/uploadAttachment"
    answer = base.server.ask("POST", path, upload, url=content_url(base.server))
    assert answer.status_code == 200
    (file,) = base.cells(row["id"])["files"]
    assert (file["filename"], file["type"], file["size"]) == ("proof.txt", "text/plain", 5)
    assert file["id"].startswith("att") and base.server.ask("GET", "", url=file["url"]).content == b"proof"


def test_comments_are_written_listed_and_counted(base: Base) -> None:
    (row,) = base.add({"id": "comment-1"})
    made = base.call("POST", f"{base.items}/{row['id']}/comments", {"text": "Looks right."}).json()
    assert made["id"].startswith("com") and made["author"]["id"].startswith("usr")
    listed = base.call("GET", f"{base.items}/{row['id']}/comments").json()["comments"]
    assert [comment["text"] for comment in listed] == ["Looks right."]
    counted = base.call("GET", base.items, filterByFormula="{id}='comment-1'", **{"recordMetadata[]": "commentCount"})
    assert [r["commentCount"] for r in counted.json()["records"]] == [1]


# -- schema, feed, limits


def test_the_schema_gives_ids_types_choices_and_descriptions(base: Base) -> None:
    tables = base.server.ask("GET", f"/v0/meta/bases/{base.base_id}/tables").json()["tables"]
    mine = next(table for table in tables if table["id"] == base.items)
    fields = {f["name"]: f for f in mine["fields"]}
    assert fields["id"]["description"] == "stable id [contract]"
    assert mine["primaryFieldId"] == base.fields["id"] and mine["views"]
    assert {c["name"] for c in fields["tier"]["options"]["choices"]} >= {"gold", "silver"}
    assert fields["group"]["options"]["linkedTableId"] == base.groups
    groups = next(table for table in tables if table["id"] == base.groups)
    backward = next(f for f in groups["fields"] if f["type"] == "multipleRecordLinks")
    assert backward["options"]["inverseLinkFieldId"] == base.fields["group"]


def test_a_field_can_be_made_and_described_but_no_second_one_of_its_name(base: Base) -> None:
    path = f"/v0/meta/bases/{base.base_id}/tables/{base.items}/fields"
    made = base.server.ask("POST", path, {"name": "later", "type": "multilineText"}).json()
    told = base.server.ask("PATCH", f"{path}/{made['id']}", {"description": "made later"}).json()
    assert (told["description"], told["type"]) == ("made later", "multilineText")
    again = base.server.ask("POST", path, {"name": "later", "type": "multilineText"})
    assert kind(again) == (422, "DUPLICATE_OR_EMPTY_FIELD_NAME")


def test_the_feed_tells_who_changed_what_from_what(base: Base) -> None:
    (row,) = base.add({"id": "feed-1", "tier": "gold", "amount": 1})
    hook = base.watch()
    body = {"records": [{"id": row["id"], "fields": {"tier": "silver", "amount": None}}]}
    base.call("PATCH", base.items, body).raise_for_status()
    payload = base.heard(hook)[-1]
    assert payload["payloadFormat"] == "v0" and INSTANT.fullmatch(payload["timestamp"])
    changed = payload["changedTablesById"][base.items]["changedRecordsById"][row["id"]]
    now, before = (changed[side]["cellValuesByFieldId"] for side in ("current", "previous"))
    tier, amount = base.fields["tier"], base.fields["amount"]
    assert (now[tier]["name"], before[tier]["name"]) == ("silver", "gold")
    assert (now[amount], before[amount]) == (None, 1)
    assert payload["actionMetadata"]["source"] == "publicApi"


def test_ordinary_answers_carry_no_retry_after(base: Base) -> None:
    answer = base.call("GET", base.items, pageSize=1)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "Retry-After" not in answer.headers and answer.headers["Date"].endswith("GMT")


def test_too_many_requests_are_refused_for_a_while(base: Base) -> None:
    if base.server.live:
        pytest.skip("nobody drives a live base into its limit")
    base.server.ask("POST", "/_sandbox/limit", {"per_second": 2, "penalty": 0.2})
    try:
        late = [base.call("GET", base.items, pageSize=1) for _ in range(3)][-1]
    finally:
        base.server.ask("POST", "/_sandbox/limit", {"per_second": 0})
    assert late.status_code == 429 and late.headers["Content-Type"] == "application/json"
    assert late.json()["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    assert "Retry-After" not in late.headers


def test_the_token_has_a_user(base: Base) -> None:
    told = base.server.ask("GET", "/v0/meta/whoami").json()
    assert told["id"].startswith("usr")
