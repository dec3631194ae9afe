"""Webhooks of the sandbox's Airtable through pyairtable: payloads, previous values, actors, filters, expiry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pyairtable.models.webhook import WebhookPayload
from sandbox_bench import DANA, LEE, Bench, new_bench, refusal, served

from mdfsync.sandbox.server import Running

ALL = {"includePreviousCellValues": True, "includeCellValuesInFieldIds": "all"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def watch(bench: Bench, includes: Any = None, **filters: Any) -> str:
    options: dict[str, Any] = {"filters": {"dataTypes": ["tableData"], **filters}}
    if includes:
        options["includes"] = includes
    return bench.base().add_webhook("https://northlight.example/ping", {"options": options}).id


def heard(bench: Bench, hook: str, cursor: int = 1) -> list[WebhookPayload]:
    return list(bench.base().webhook(hook).payloads(cursor))


def field_ids(bench: Bench, table: str) -> dict[str, str]:
    return {f.name: f.id for f in bench.base().schema(force=True).table(table).fields}


def test_an_edit_comes_with_its_previous_value_its_actor_and_the_rest_of_the_row(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1", "tier": "gold", "amount": 1})["id"]
    hook, ids = watch(bench, ALL), field_ids(bench, "Partners")
    bench.as_person(LEE).table("Partners").update(record_id, {"tier": "silver", "amount": None})
    (payload,) = heard(bench, hook)
    (table,) = payload.changed_tables_by_id.values()
    record = table.changed_records_by_id[record_id]
    assert record.previous is not None and record.unchanged is not None
    silver = record.current.cell_values_by_field_id[ids["tier"]]
    assert (silver["name"], silver["id"][:3]) == ("silver", "sel")
    assert record.current.cell_values_by_field_id[ids["amount"]] is None
    assert record.previous.cell_values_by_field_id[ids["amount"]] == 1
    assert record.unchanged.cell_values_by_field_id == {ids["partner_id"]: "pt-1"}
    assert payload.action_metadata is not None
    user = payload.action_metadata.source_metadata["user"]
    assert (payload.action_metadata.source, user["email"], user["permissionLevel"]) == ("client", LEE, "edit")


def test_the_workers_own_writes_come_back_as_public_api(bench: Bench) -> None:
    hook = watch(bench)
    bench.partners.create({"partner_id": "pt-1"})
    (payload,) = heard(bench, hook)
    assert payload.action_metadata is not None and payload.action_metadata.source == "publicApi"


def test_both_sides_of_a_link_are_in_one_payload(bench: Bench) -> None:
    partner = bench.partners.create({"partner_id": "pt-1"})["id"]
    hook = watch(bench)
    campaign = bench.campaigns.create({"campaign_id": "c-1", "partner": [partner]})["id"]
    (payload,) = heard(bench, hook)
    ids = field_ids(bench, "Campaigns") | field_ids(bench, "Partners")
    changed = payload.changed_tables_by_id
    assert [sorted(t.created_records_by_id | t.changed_records_by_id) for t in changed.values()] == [
        [campaign],
        [partner],
    ]
    created = next(t for t in changed.values() if t.created_records_by_id).created_records_by_id[campaign]
    assert created.cell_values_by_field_id[ids["partner"]] == [{"id": partner, "name": "pt-1"}]


def test_a_write_that_changes_nothing_is_not_reported(bench: Bench) -> None:
    record_id = bench.partners.create({"partner_id": "pt-1"})["id"]
    hook = watch(bench)
    bench.partners.update(record_id, {"partner_id": "pt-1"})
    assert heard(bench, hook) == []


def test_a_long_log_is_read_in_pages_of_fifty_and_resumed_by_cursor(bench: Bench) -> None:
    hook = watch(bench)
    for n in range(53):
        bench.partners.create({"amount": n})
    payloads = heard(bench, hook)
    numbers = [p.base_transaction_number for p in payloads]
    assert len(payloads) == 53 and numbers == sorted(set(numbers))
    assert [p.cursor for p in payloads] == list(range(1, 54))
    assert len(heard(bench, hook, cursor=53)) == 1
    answer = bench.call("GET", f"bases/{bench.base_id}/webhooks/{hook}/payloads", cursor=1, limit=50).json()
    assert (len(answer["payloads"]), answer["cursor"], answer["mightHaveMore"]) == (50, 51, True)
    assert bench.call("GET", f"bases/{bench.base_id}/webhooks/{hook}/payloads", limit=51).status_code == 422


def test_filters_narrow_what_is_heard(bench: Bench) -> None:
    ids = field_ids(bench, "Partners")
    by_people = watch(bench, fromSources=["client"])
    amounts = watch(bench, watchDataInFieldIds=[ids["amount"]])
    removals = watch(bench, changeTypes=["remove"])
    campaigns = watch(bench, recordChangeScope=bench.base().schema().table("Campaigns").id)
    one = bench.partners.create({"partner_id": "pt-1"})["id"]
    bench.as_person(DANA).table("Partners").update(one, {"tier": "gold"})
    bench.partners.update(one, {"amount": 5})
    bench.partners.delete(one)
    counts = [len(heard(bench, hook)) for hook in (by_people, amounts, removals, campaigns)]
    assert counts == [1, 2, 1, 0]


def test_an_automation_can_be_played_by_header(bench: Bench) -> None:
    hook = watch(bench)
    headers = {"Authorization": f"Bearer {bench.sandbox.airtable_token}", "X-Sandbox-Source": "automation"}
    url = f"{bench.sandbox.airtable_url}/v0/{bench.base_id}/Partners"
    requests.post(url, json={"fields": {"amount": 1}}, headers=headers, timeout=5)
    (payload,) = heard(bench, hook)
    assert payload.action_metadata is not None and payload.action_metadata.source == "automation"


def test_one_action_can_be_split_over_several_payloads(bench: Bench) -> None:
    hook = watch(bench)
    bench.sandbox.admin("POST", "knobs", {"webhook_split": True})
    bench.partners.batch_create([{"amount": 1}, {"amount": 2}])
    bench.sandbox.admin("POST", "knobs", {"webhook_split": False})
    assert len({p.base_transaction_number for p in heard(bench, hook)}) == 1
    assert len(heard(bench, hook)) == 2


def test_schema_changes_are_heard_by_those_who_ask(bench: Bench) -> None:
    hook = watch(bench, {"includePreviousFieldDefinitions": True}, dataTypes=["tableFields", "tableMetadata"])
    field = bench.base().schema().table("Partners").field("notes")
    field.name = "remarks"
    field.save()
    bench.base().create_table("New", [{"name": "id", "type": "singleLineText"}])
    bench.partners.create({"partner_id": "x"})
    renamed, created = heard(bench, hook)
    change = next(iter(renamed.changed_tables_by_id.values())).changed_fields_by_id[field.id]
    assert change.previous is not None and (change.previous.name, change.current.name) == ("notes", "remarks")
    assert [t.metadata.name for t in created.created_tables_by_id.values() if t.metadata] == ["New"]


def test_hooks_live_seven_days_unless_read_and_payloads_seven_days(bench: Bench) -> None:
    read, unread = watch(bench), watch(bench)
    bench.partners.create({"amount": 1})
    bench.sandbox.admin("POST", "clock", {"days": 4})
    assert len(heard(bench, read)) == 1
    bench.sandbox.admin("POST", "clock", {"days": 4})
    bench.partners.create({"amount": 2})
    live = {h.id: h.is_hook_enabled for h in bench.base().webhooks()}
    assert live == {read: True, unread: False}
    assert [p.cursor for p in heard(bench, read)] == [1] and heard(bench, unread) == []
    bench.sandbox.admin("POST", "clock", {"days": 7})
    assert [h.id for h in bench.base().webhooks()] == [read]


def test_refreshing_extends_and_deleting_removes(bench: Bench) -> None:
    hook = bench.base().webhook(watch(bench))
    before = hook.expiration_time
    bench.sandbox.admin("POST", "clock", {"days": 1})
    hook.extend_expiration()
    assert bench.base().webhook(hook.id).expiration_time != before
    hook.disable_notifications()
    assert bench.base().webhook(hook.id).are_notifications_enabled is False
    hook.delete()
    assert bench.base().webhooks() == []


def test_only_creators_make_hooks_ten_at_most_and_readers_may_listen(bench: Bench) -> None:
    body = {"specification": {"options": {"filters": {"dataTypes": ["tableData"]}}}}
    lee = bench.sandbox.token_of(LEE)
    path = f"bases/{bench.base_id}/webhooks"
    assert refusal(bench.call("POST", path, body, token=lee)) == (403, "INVALID_PERMISSIONS")
    hooks = [bench.call("POST", path, body).json()["id"] for _ in range(10)]
    assert refusal(bench.call("POST", path, body)) == (422, "TOO_MANY_WEBHOOKS_IN_BASE")
    assert bench.call("GET", f"{path}/{hooks[0]}/payloads", token=lee).json()["payloads"] == []
    bad = {"specification": {"options": {"filters": {"dataTypes": ["rumours"]}}}}
    assert refusal(bench.call("POST", path, bad)) == (422, "INVALID_REQUEST_UNKNOWN")
