"""The change feed: whose edit a payload tells, which hook is ours, and what is said about time nobody watched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from airtable_lab import API, BASE, error, rec, small_dictionary, unhurried_base
from http_lab import Time

from mdfsync.edge.airtable import AirtableBase
from mdfsync.edge.airtable_feed import SPECIFICATION
from mdfsync.errors import AuthLost
from mdfsync.values import instant_text

HOOKS = f"{API}/v0/bases/{BASE}/webhooks"
NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def base(tmp_path: Path) -> AirtableBase:
    return unhurried_base(small_dictionary(tmp_path), Time())


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def hook(hook_id: str, *, expires: datetime = NOW + timedelta(days=6), **more: Any) -> dict[str, Any]:
    return {
        "id": hook_id,
        "specification": SPECIFICATION,
        "notificationUrl": None,
        "isHookEnabled": True,
        "cursorForNextPayload": 9,
        "expirationTime": instant_text(expires),
        **more,
    }


def cursor_at(number: int, *, until: datetime = NOW - HOUR, looked_at: datetime = NOW - HOUR) -> dict[str, Any]:
    return {
        "webhook": "achOurs",
        "cursor": number,
        "until": instant_text(until),
        "looked_at": instant_text(looked_at),
    }


def payload(
    tables: Mapping[str, Any], number: int = 1, user: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    person = {"id": "usrAna", "email": "Ana@Northlight.example", "permissionLevel": "edit"}
    return {
        "timestamp": "2026-11-20T04:30:00.000Z",
        "baseTransactionNumber": number,
        "payloadFormat": "v0",
        "actionMetadata": {
            "source": "client",
            "sourceMetadata": {"user": person if user is None else user},
        },
        "changedTablesById": tables,
        **more,
    }


def changed(current: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
    record: dict[str, Any] = {"current": {"cellValuesByFieldId": _by_id(current)}}
    if previous is not None:
        record["previous"] = {"cellValuesByFieldId": _by_id(previous)}
    return {"tblLeads": {"changedRecordsById": {rec(1): record}}}


def created(cells: Mapping[str, Any]) -> dict[str, Any]:
    record = {"createdTime": "2026-11-20T04:30:00.000Z", "cellValuesByFieldId": _by_id(cells)}
    return {"tblLeads": {"createdRecordsById": {rec(1): record}}}


def _by_id(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {f"fldLeads_{name}": value for name, value in cells.items()}


def page(payloads: Sequence[Mapping[str, Any]], cursor: int, *, more: bool = False) -> dict[str, Any]:
    return {"payloads": list(payloads), "cursor": cursor, "mightHaveMore": more}


def told(
    base: AirtableBase, wire: responses.RequestsMock, *payloads: Mapping[str, Any]
) -> list[tuple[str, str | None, str]]:
    """(field, prior, value) of every edit that these payloads make."""
    wire.get(f"{HOOKS}/achOurs/payloads", json=page(payloads, 5 + len(payloads)))
    edits, _, _ = base.edits(cursor_at(5), now=NOW)
    return [(edit.field, edit.prior, edit.value) for edit in edits]


# -- edits


def test_an_edit_says_who_changed_which_cell_from_what_to_what(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    move = changed({"amount": 1500.5}, {"amount": 1200})
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([payload(move)], 6))
    (edit,), _, notice = base.edits(cursor_at(5), now=NOW)
    assert (edit.table, edit.record_id, edit.field, edit.prior, edit.value) == (
        "Leads", rec(1), "amount", "1200", "1500.5",
    )  # fmt: skip
    assert (edit.actor, edit.origin, notice) == ("ana@northlight.example", "client", "")
    assert edit.at == datetime(2026, 11, 20, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("user", "actor"),
    [({"id": "usrBot"}, "usrBot"), ({}, ""), ({"id": "usrAna", "email": "ANA@x.example"}, "ana@x.example")],
)
def test_the_actor_is_an_address_else_a_user_id_else_nobody(
    user: dict[str, Any], actor: str, base: AirtableBase, wire: responses.RequestsMock
) -> None:
    move = payload(changed({"notes": "new"}, {"notes": "old"}), user=user)
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([move], 6))
    assert [edit.actor for edit in base.edits(cursor_at(5), now=NOW)[0]] == [actor]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (changed({"stage": {"id": "sel1", "name": "new"}}, {"stage": None}), [("stage", "", "new")]),
        (changed({"stage": None}, {"stage": {"id": "sel1", "name": "new"}}), [("stage", "new", "")]),
        (changed({"notes": "x"}, {}), [("notes", "", "x")]),
        (changed({"notes": "x"}, None), [("notes", None, "x")]),
        (
            changed({"partner": [{"id": rec(9), "name": "Fernway"}]}, {"partner": []}),
            [("partner", "", f'["{rec(9)}"]')],
        ),
        (changed({"notes": "same "}, {"notes": "same"}), []),
        (created({"lead_id": "lead-1", "notes": None}), [("lead_id", "", "lead-1")]),
        ({"tblLeads": {"destroyedRecordIds": [rec(1)]}}, []),
        ({"tblLeads": {"changedRecordsById": {rec(1): {"current": {"cellValuesByFieldId": {"fldX": 1}}}}}}, []),
        ({"tblOther": {"createdRecordsById": {rec(1): {"cellValuesByFieldId": {"fldX": 1}}}}}, []),
    ],
)
def test_only_cells_of_the_dictionary_that_changed_are_edits(
    tables: dict[str, Any], expected: list[Any], base: AirtableBase, wire: responses.RequestsMock
) -> None:
    assert told(base, wire, payload(tables)) == expected


def test_one_action_in_several_payloads_is_one_edit_per_cell(base: AirtableBase, wire: responses.RequestsMock) -> None:
    first = payload(changed({"notes": "b"}, {"notes": "a"}), number=7)
    second = payload(changed({"notes": "c", "touches": 2}, {"notes": "b", "touches": 1}), number=7)
    third = payload(changed({"notes": "d"}, {"notes": "c"}), number=8)
    assert told(base, wire, first, second, third) == [
        ("notes", "a", "c"),
        ("touches", "1", "2"),
        ("notes", "c", "d"),
    ]


def test_a_cell_that_cannot_be_read_is_counted_not_guessed(base: AirtableBase, wire: responses.RequestsMock) -> None:
    move = changed({"touches": {"valuesByLinkedRecordId": {}}, "notes": "x"}, {})
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([payload(move)], 6))
    edits, _, notice = base.edits(cursor_at(5), now=NOW)
    assert [edit.field for edit in edits] == ["notes"]
    assert notice == "change feed with gaps: 1 changed cells could not be read"


def test_every_page_is_read_with_the_cursor_of_the_last(base: AirtableBase, wire: responses.RequestsMock) -> None:
    one = payload(changed({"notes": "b"}, {"notes": "a"}), number=1)
    two = payload(changed({"notes": "c"}, {"notes": "b"}), number=2)
    query = responses.matchers.query_param_matcher
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([one], 6, more=True), match=[query({"cursor": 5, "limit": 50})])
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([two], 7), match=[query({"cursor": 6, "limit": 50})])
    edits, cursor, _ = base.edits(cursor_at(5), now=NOW)
    assert [edit.value for edit in edits] == ["b", "c"]
    assert cursor == cursor_at(7, until=NOW)


# -- the hook


def test_an_idle_poll_is_one_request(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([], 5))
    assert base.edits(cursor_at(5), now=NOW) == ((), cursor_at(5, until=NOW), "")
    assert len(wire.calls) == 1


def test_the_first_poll_makes_a_hook_without_a_public_address(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(HOOKS, json={"webhooks": []})
    wire.post(HOOKS, json={"id": "achOurs", "macSecretBase64": "c2VjcmV0", "expirationTime": None})
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([], 1))
    edits, cursor, notice = base.edits(None, now=NOW)
    assert (edits, cursor, notice) == ((), cursor_at(1, until=NOW, looked_at=NOW), "")
    assert json.loads(wire.calls[1].request.body or "") == {"specification": SPECIFICATION}


def test_only_a_living_hook_of_our_specification_is_taken_for_ours(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wider = {"options": {"filters": {"dataTypes": ["tableData", "tableFields"]}}}
    others = [
        hook("achWider", specification=wider),
        hook("achPinged", notificationUrl="https://cobaltharbor.example/hook"),
        hook("achExpired", expires=NOW - HOUR),
        hook("achDisabled", isHookEnabled=False),
    ]
    wire.get(HOOKS, json={"webhooks": [*others, hook("achOurs")]})
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([payload(created({"notes": "x"}))], 2))
    edits, cursor, _ = base.edits(None, now=NOW)
    assert (len(edits), cursor) == (1, cursor_at(2, until=NOW, looked_at=NOW))


def test_once_a_day_the_hook_itself_is_looked_at(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([], 5))
    wire.get(HOOKS, json={"webhooks": [hook("achOurs")]})
    _, cursor, notice = base.edits(cursor_at(5, looked_at=NOW - 24 * HOUR), now=NOW)
    assert (cursor, notice) == (cursor_at(5, until=NOW, looked_at=NOW), "")


@pytest.mark.parametrize("status", [403, 404])
def test_a_hook_that_is_gone_is_made_anew_and_the_time_between_is_named(
    status: int, base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.get(f"{HOOKS}/achOurs/payloads", status=status, json=error("MODEL_NOT_FOUND"))
    wire.get(HOOKS, json={"webhooks": [hook("achTheirs", specification={})]})
    wire.post(HOOKS, json={"id": "achNew"})
    wire.get(f"{HOOKS}/achNew/payloads", json=page([], 1))
    _, cursor, notice = base.edits(cursor_at(5), now=NOW)
    assert cursor == {**cursor_at(1, until=NOW, looked_at=NOW), "webhook": "achNew"}
    assert notice == (
        "change feed with gaps: blind from 2026-11-20T04:00:00.000Z to 2026-11-20T05:00:00.000Z"
        " (the webhook was gone or expired and was made anew)"
    )


def test_after_a_long_pause_both_blind_intervals_are_named(base: AirtableBase, wire: responses.RequestsMock) -> None:
    until, expired = NOW - timedelta(days=10), NOW - timedelta(days=3)
    kept = payload(changed({"notes": "b"}, {"notes": "a"}))
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([kept], 9))
    wire.get(HOOKS, json={"webhooks": [hook("achOurs", expires=expired, isHookEnabled=False)]})
    wire.post(HOOKS, json={"id": "achNew"})
    wire.get(f"{HOOKS}/achNew/payloads", json=page([], 1))
    edits, _, notice = base.edits(cursor_at(5, until=until, looked_at=until), now=NOW)
    assert [edit.value for edit in edits] == ["b"]
    assert "blind from 2026-11-10T05:00:00.000Z to 2026-11-13T05:00:00.000Z" in notice
    assert "3 changes before 2026-11-20T04:30:00.000Z are no longer in the log" in notice
    assert "blind from 2026-11-17T05:00:00.000Z to 2026-11-20T05:00:00.000Z" in notice


def test_an_invalid_hook_is_replaced(base: AirtableBase, wire: responses.RequestsMock) -> None:
    broken = {"error": True, "code": "INVALID_HOOK", "timestamp": "2026-11-20T04:45:00.000Z"}
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([broken], 6))
    wire.get(HOOKS, json={"webhooks": [hook("achOurs")]})
    wire.post(HOOKS, json={"id": "achNew"})
    wire.get(f"{HOOKS}/achNew/payloads", json=page([], 1))
    _, cursor, notice = base.edits(cursor_at(5), now=NOW)
    assert cursor is not None
    assert cursor["webhook"] == "achNew"
    assert "missing (INVALID_HOOK)" in notice
    assert "blind from 2026-11-20T04:45:00.000Z to 2026-11-20T05:00:00.000Z" in notice


def test_an_internal_error_of_airtable_is_a_gap_and_no_more(base: AirtableBase, wire: responses.RequestsMock) -> None:
    broken = {"error": True, "code": "INTERNAL_ERROR", "timestamp": "2026-11-20T04:45:00.000Z"}
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([broken], 6))
    _, cursor, notice = base.edits(cursor_at(5), now=NOW)
    assert cursor == cursor_at(6, until=NOW)
    assert notice == "change feed with gaps: changes at 2026-11-20T04:45:00.000Z are missing (INTERNAL_ERROR)"


# -- no feed


def test_without_the_right_to_watch_the_actor_stays_unknown_and_nothing_fails(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.get(HOOKS, status=403, json=error("INVALID_PERMISSIONS"))
    edits, cursor, notice = base.edits(None, now=NOW)
    assert (edits, cursor) == ((), None)
    assert notice == "no change feed: the token may not manage webhooks (scope webhook:manage)"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, error("INVALID_PERMISSIONS"), "creator role"),
        (422, error("TOO_MANY_WEBHOOKS_IN_BASE"), "TOO_MANY_WEBHOOKS_IN_BASE"),
        (503, error("RETRIABLE_ERROR"), "failed at making the webhook"),
    ],
)
def test_a_hook_that_cannot_be_made_is_a_notice(
    status: int, body: Any, why: str, base: AirtableBase, wire: responses.RequestsMock
) -> None:
    wire.get(HOOKS, json={"webhooks": []})
    wire.post(HOOKS, status=status, json=body)
    edits, cursor, notice = base.edits(None, now=NOW)
    assert (edits, cursor) == ((), None)
    assert why in notice


def test_what_an_expired_hook_still_tells_is_kept_when_no_new_one_can_be_made(
    base: AirtableBase, wire: responses.RequestsMock
) -> None:
    move = payload(changed({"notes": "b"}, {"notes": "a"}))
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([move], 6))
    wire.get(HOOKS, json={"webhooks": [hook("achOurs", isHookEnabled=False)]})
    wire.post(HOOKS, status=403, json=error("INVALID_PERMISSIONS"))
    looked_at = NOW - 30 * HOUR
    edits, cursor, notice = base.edits(cursor_at(5, looked_at=looked_at), now=NOW)
    assert [edit.value for edit in edits] == ["b"]
    assert cursor == cursor_at(6, until=NOW, looked_at=looked_at)
    assert "blind from 2026-11-18T23:00:00.000Z to 2026-11-20T05:00:00.000Z" in notice
    assert "creator role" in notice


def test_a_refused_token_is_not_mistaken_for_a_missing_feed(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(f"{HOOKS}/achOurs/payloads", status=401, json=error("AUTHENTICATION_REQUIRED"))
    with pytest.raises(AuthLost):
        base.edits(cursor_at(5), now=NOW)


def test_a_run_that_writes_nothing_makes_no_hook(base: AirtableBase, wire: responses.RequestsMock) -> None:
    wire.get(HOOKS, json={"webhooks": []})
    _, cursor, notice = base.edits(None, now=NOW, watch=False)
    assert (cursor, notice) == (None, "no change feed: its webhook is made by a run that may write")


def test_our_hook_is_known_when_airtable_echoes_defaults_too(base: AirtableBase, wire: responses.RequestsMock) -> None:
    options = SPECIFICATION["options"]
    echoed = {
        "filters": {**options["filters"], "fromSources": [], "recordChangeScope": None},
        "includes": {**options["includes"], "includePreviousFieldDefinitions": False},
    }
    wire.get(HOOKS, json={"webhooks": [hook("achOurs", specification={"options": echoed})]})
    wire.get(f"{HOOKS}/achOurs/payloads", json=page([], 1))
    assert base.edits(None, now=NOW)[1] == cursor_at(1, until=NOW, looked_at=NOW)
