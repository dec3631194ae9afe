"""Knobs of the sandbox's Airtable: for the world and for single requests; limits by base and user, monthly calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import LEE, Bench, inside, new_bench, refusal


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


def read(bench: Bench, **params: Any) -> requests.Response:
    return bench.call("GET", f"{bench.base_id}/Partners", **params)


MISSING = "recZZZZZZZZZZZZZZ"


# -- turning them


def test_a_rule_turns_knobs_for_the_requests_it_chooses_and_no_others(bench: Bench) -> None:
    rule = {"kind": "knob", "knobs": {"missing_record_status": 404}, "path": "/Partners/rec", "skip": 1, "times": 1}
    bench.sandbox.admin("POST", "faults", rule)
    answers = [bench.call("GET", f"{bench.base_id}/Partners/{MISSING}").status_code for _ in range(3)]
    assert answers == [403, 404, 403]


def test_a_share_of_requests_is_the_same_share_every_time(bench: Bench) -> None:
    seen = []
    for _ in range(2):
        bench.sandbox.admin("DELETE", "faults")
        rule = {"kind": "knob", "knobs": {"missing_record_status": 404}, "rate": 0.5, "seed": "3"}
        bench.sandbox.admin("POST", "faults", rule)
        seen.append([bench.call("GET", f"{bench.base_id}/Partners/{MISSING}").status_code for _ in range(12)])
    assert seen[0] == seen[1] and set(seen[0]) == {403, 404}


@pytest.mark.parametrize("knobs", [{"nope": 1}, {"record_cap": "many"}, {"webhook_split": 1}, {"plan": None}])
def test_knobs_that_make_no_sense_are_refused_in_the_world_and_in_rules(bench: Bench, knobs: Any) -> None:
    with pytest.raises(RuntimeError, match="knob"):
        bench.turn(**knobs)
    with pytest.raises(RuntimeError, match="knob"):
        bench.sandbox.admin("POST", "faults", {"kind": "knob", "knobs": knobs})


# -- what they do to answers


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("rate_limit", 429, '{"errors": [{"error": "RATE_LIMIT_REACHED", "message": "'),
        ("rate_limit_singular", 429, '{"error": {"type": "RATE_LIMIT_REACHED", "message": "'),
        ("billing", 429, '{"error": {"type": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "'),
        ("billing_plural", 429, '{"errors": [{"error": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "'),
        (
            "unauthenticated",
            401,
            '{"error": {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}}',
        ),
        ("model_not_found", 403, '{"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "message": "'),
        ("too_large", 413, '{"error": {"type": "'),
        ("unavailable", 503, '{"error": {"type": "RETRIABLE_ERROR", "message": "'),
        ("server_error", 500, '{"error": {"type": "SERVER_ERROR", "message": "'),
        ("bad_gateway", 502, "<html>"),
        ("gateway_timeout", 504, "<html>"),
    ],
)
def test_every_refusal_can_be_had(bench: Bench, kind: str, status: int, text: str) -> None:
    bench.sandbox.admin("POST", "faults", {"kind": kind, "times": 1})
    answer = read(bench)
    assert (answer.status_code, answer.text[: len(text)]) == (status, text)
    assert read(bench).status_code == 200


@pytest.mark.parametrize("kind", ["server_error_after", "gateway_timeout_after"])
def test_a_server_may_fail_after_the_write(bench: Bench, kind: str) -> None:
    bench.sandbox.admin("POST", "faults", {"kind": kind, "times": 1})
    assert bench.call("POST", f"{bench.base_id}/Partners", {"fields": {}}).status_code >= 500
    assert len(bench.partners.all()) == 1


def test_eras_of_error_answers(bench: Bench) -> None:
    bench.turn(missing_table_status=404, broken_json_status=400, largest_body=60)
    assert refusal(bench.call("GET", f"{bench.base_id}/Nowhere")) == (404, "TABLE_NOT_FOUND")
    assert refusal(bench.call("POST", f"{bench.base_id}/Partners", "x" * 70)) == (413, "REQUEST_ENTITY_TOO_LARGE")
    url = f"{bench.sandbox.airtable_url}/v0/{bench.base_id}/Partners"
    headers = {"Authorization": f"Bearer {bench.sandbox.airtable_token}"}
    session = bench.sandbox.session()  # type: ignore[attr-defined]
    assert refusal(session.post(url, data="{", headers=headers)) == (400, "INVALID_REQUEST_BODY")
    bench.turn(broken_json_status=422)
    assert refusal(session.post(url, data="{", headers=headers)) == (422, "INVALID_REQUEST_BODY")


def test_an_offset_in_a_posted_listing_can_be_made_to_expire_too(bench: Bench) -> None:
    bench.partners.batch_create([{"amount": n} for n in range(3)])
    bench.sandbox.admin("POST", "faults", {"kind": "expired_offset", "times": 1})
    path = f"{bench.base_id}/Partners/listRecords"
    offset = bench.call("POST", path, {"pageSize": 2}).json()["offset"]
    gone = bench.call("POST", path, {"offset": offset})
    assert (gone.status_code, gone.json()) == (422, {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}})
    assert len(bench.call("POST", path, {"offset": offset}).json()["records"]) == 1


def test_offsets_live_as_long_as_the_knob_says(bench: Bench) -> None:
    bench.turn(offset_seconds=3600)
    bench.partners.batch_create([{"amount": n} for n in range(3)])
    offset = read(bench, pageSize=2).json()["offset"]
    bench.sandbox.admin("POST", "clock", {"days": 59 / 1440})
    assert read(bench, offset=offset).status_code == 200
    bench.sandbox.admin("POST", "clock", {"days": 2 / 1440})
    assert read(bench, offset=offset).status_code == 422


def test_an_unsorted_listing_can_be_shuffled_anew_each_time(bench: Bench) -> None:
    bench.turn(unsorted_order="shuffled")
    made = {r["id"] for r in bench.partners.batch_create([{"amount": n} for n in range(30)])}
    orders = [[r["id"] for r in bench.partners.all(page_size=7)] for _ in range(3)]
    assert all(set(order) == made and len(order) == 30 for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    kept = [r["fields"]["amount"] for r in bench.partners.all(formula="{amount}>26", sort=["amount"])]
    assert kept == [27, 28, 29]


# -- limits


def limit(bench: Bench, **rule: Any) -> None:
    bench.sandbox.admin("POST", "clock", {"freeze": "2026-11-20T09:00:00+00:00"})
    bench.sandbox.admin("POST", "limit", rule)


def test_one_user_is_limited_over_all_bases(bench: Bench) -> None:
    other = new_bench(bench.sandbox)
    limit(bench, per_second=0, per_user=3, penalty=30)
    assert [read(b).status_code for b in (bench, other, bench, other)] == [200, 200, 200, 429]
    assert bench.call("GET", f"{bench.base_id}/Partners", token=bench.sandbox.token_of(LEE)).status_code == 200


def test_the_limit_of_a_base_leaves_the_others_and_the_metadata_of_none_alone(bench: Bench) -> None:
    other = new_bench(bench.sandbox)
    limit(bench, per_second=1, penalty=30)
    assert [read(bench).status_code, read(bench).status_code, read(other).status_code] == [200, 429, 200]
    assert [bench.call("GET", "meta/whoami").status_code for _ in range(3)] == [200] * 3
    assert bench.call("GET", f"bases/{bench.base_id}/webhooks").status_code == 429


def test_the_429_can_be_singular_name_a_wait_and_end_at_once(bench: Bench) -> None:
    limit(bench, per_second=1, penalty=0, singular=True, retry_after=30)
    read(bench)
    answer = read(bench)
    assert (refusal(answer), answer.headers["Retry-After"]) == ((429, "RATE_LIMIT_REACHED"), "30")
    bench.sandbox.admin("POST", "clock", {"days": 1.1 / 86_400})
    assert read(bench).status_code == 200


# -- plans


def test_the_free_plan_stops_records_but_not_metadata_until_the_next_month(bench: Bench) -> None:
    bench.sandbox.admin("POST", "clock", {"freeze": "2026-11-20T09:00:00+00:00"})
    bench.turn(plan="free")
    assert bench.sandbox.admin("POST", "quota", {"used": 999}) == {"month": "2026-11", "used": 999, "allowed": 1000}
    assert read(bench).status_code == 200
    assert refusal(read(bench)) == (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED")
    assert bench.call("GET", f"meta/bases/{bench.base_id}/tables").status_code == 200
    bench.sandbox.admin("POST", "clock", {"days": 11})
    assert read(bench).status_code == 200
    assert bench.sandbox.admin("GET", "quota") == {"month": "2026-12", "used": 1, "allowed": 1000}


def test_a_grace_period_answers_a_few_more(bench: Bench) -> None:
    bench.turn(plan="free", grace_calls=2)
    bench.sandbox.admin("POST", "quota", {"used": 1000})
    assert [read(bench).status_code for _ in range(3)] == [200, 200, 429]


def test_the_team_plan_is_slowed_to_two_a_second(bench: Bench) -> None:
    bench.sandbox.admin("POST", "clock", {"freeze": "2026-11-20T09:00:00+00:00"})
    bench.turn(plan="team")
    bench.sandbox.admin("POST", "quota", {"used": 100_000})
    assert [read(bench).status_code for _ in range(3)] == [200, 200, 429]
    assert read(bench).json()["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    bench.sandbox.admin("POST", "clock", {"days": 1.1 / 86_400})
    assert read(bench).status_code == 200


def test_every_answered_call_counts_refused_ones_too_and_strangers_never(bench: Bench) -> None:
    bench.turn(monthly_calls=50)
    read(bench)
    read(bench, pageSize=101)
    bench.call("GET", "meta/whoami", token="patNobody")
    bench.call("GET", "meta/nothing")
    assert bench.sandbox.admin("GET", "quota")["used"] == 2


def test_a_plan_caps_the_records_of_a_base_and_a_knob_its_figure(bench: Bench) -> None:
    bench.turn(plan="free", record_cap=2)
    bench.partners.batch_create([{"partner_id": "pt-1"}, {"partner_id": "pt-2"}])
    assert bench.call("POST", f"{bench.base_id}/Partners", {"fields": {}}).status_code == 422
    bench.turn(record_cap=0)
    assert bench.call("POST", f"{bench.base_id}/Partners", {"fields": {}}).status_code == 200
