"""The sandbox's fault knobs, seen from the client: what is refused, cut, delayed, and whether it took effect."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import Bench, new_bench, served

from mdfsync.sandbox.server import Running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def create(bench: Bench) -> requests.Response:
    return bench.call("POST", f"{bench.base_id}/Partners", {"fields": {"partner_id": "pt-1"}})


def fault(bench: Bench, kind: str, **rule: Any) -> None:
    bench.sandbox.admin("POST", "faults", {"kind": kind, "method": "POST", "times": 1, **rule})


@pytest.mark.parametrize(
    ("kind", "status", "rows"),
    [
        ("rate_limit", 429, 0),
        ("billing", 429, 0),
        ("unavailable", 503, 0),
        ("unavailable_after", 503, 1),
        ("bad_gateway", 502, 0),
        ("bad_gateway_after", 502, 1),
    ],
)
def test_refusals_before_and_after_the_write_took_effect(bench: Bench, kind: str, status: int, rows: int) -> None:
    fault(bench, kind)
    assert create(bench).status_code == status
    assert len(bench.partners.all()) == rows
    assert create(bench).status_code == 200


@pytest.mark.parametrize(("kind", "rows"), [("drop", 0), ("drop_after", 1), ("truncated", 1)])
def test_a_cut_connection_leaves_the_client_in_doubt(bench: Bench, kind: str, rows: int) -> None:
    fault(bench, kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        create(bench)
    assert len(bench.partners.all()) == rows


@pytest.mark.parametrize(("kind", "rows"), [("slow", 0), ("slow_after", 1)])
def test_a_slow_answer_before_or_after_the_write(bench: Bench, kind: str, rows: int) -> None:
    fault(bench, kind, seconds=0.3)
    url = f"{bench.sandbox.airtable_url}/v0/{bench.base_id}/Partners"
    headers = {"Authorization": f"Bearer {bench.sandbox.airtable_token}"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json={"fields": {"partner_id": "pt-1"}}, headers=headers, timeout=0.1)
    assert len(bench.partners.all()) == rows
    time.sleep(0.4)
    assert len(bench.partners.all()) == 1


def test_a_request_that_is_held_waits_for_its_rule_to_go(bench: Bench) -> None:
    fault(bench, "held", times=1)
    waiting = threading.Thread(target=create, args=(bench,))
    waiting.start()
    while not bench.sandbox.admin("GET", "faults")[0]["acted"]:
        time.sleep(0.01)
    assert bench.partners.all() == []
    bench.sandbox.admin("DELETE", "faults")
    waiting.join()
    assert len(bench.partners.all()) == 1


def test_the_rate_limit_body_is_the_plural_one_and_billing_the_singular(bench: Bench) -> None:
    fault(bench, "rate_limit", retry_after=30)
    answer = create(bench)
    assert answer.json()["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    assert answer.headers["Retry-After"] == "30"
    fault(bench, "billing")
    assert create(bench).json()["error"]["type"] == "PUBLIC_API_BILLING_LIMIT_EXCEEDED"


def test_rules_match_by_path_skip_and_repeat(bench: Bench) -> None:
    fault(bench, "unavailable", path=r"/Partners$", skip=1, times=2)
    assert [create(bench).status_code for _ in range(4)] == [200, 503, 503, 200]
    other = bench.call("POST", f"{bench.base_id}/Campaigns", {"fields": {}})
    assert other.status_code == 200
    assert [(r["seen"], r["acted"]) for r in bench.sandbox.admin("GET", "faults")] == [(4, 2)]


def test_a_rate_of_failures_is_the_same_every_time(bench: Bench) -> None:
    seen = []
    for _ in range(2):
        bench.sandbox.admin("DELETE", "faults")
        fault(bench, "unavailable", rate=0.5, seed="7", times=None)
        seen.append([create(bench).status_code for _ in range(12)])
    assert seen[0] == seen[1] and {200, 503} == set(seen[0])


def test_an_unknown_fault_is_refused(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="unknown fault"):
        fault(bench, "earthquake")


def test_the_rate_limit_punishes_the_sixth_request_and_counts_violations(bench: Bench) -> None:
    bench.sandbox.admin("POST", "limit", {"per_second": 5, "penalty": 0.4})
    assert [create(bench).status_code for _ in range(7)] == [200] * 5 + [429, 429]
    assert bench.sandbox.admin("GET", "requests")["violations"] == 1
    time.sleep(0.5)
    bench.sandbox.admin("POST", "limit", {"per_second": 0})
    assert create(bench).status_code == 200


def test_an_offset_can_be_made_to_expire(bench: Bench) -> None:
    bench.partners.batch_create([{"amount": n} for n in range(3)])
    fault(bench, "expired_offset", method="GET")
    with pytest.raises(requests.HTTPError) as error:
        bench.partners.all(page_size=2)
    assert error.value.response.json() == {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}


def test_requests_are_counted_by_service_and_can_be_looked_at(bench: Bench) -> None:
    bench.sandbox.admin("DELETE", "requests")
    fault(bench, "unavailable")
    create(bench)
    requests.get(f"{bench.sandbox.hubspot_url}/crm/v3/objects/deals", timeout=5)
    counted = bench.sandbox.admin("GET", "requests")
    assert counted["by"] == {"airtable": 1, "hubspot": 1}
    assert [(r["service"], r["method"], r["status"]) for r in counted["recent"]] == [
        ("airtable", "POST", 503), ("hubspot", "GET", 401)
    ]  # fmt: skip


def test_answers_carry_the_worlds_date(bench: Bench) -> None:
    bench.sandbox.admin("POST", "clock", {"freeze": "2031-03-01T00:00:00+00:00"})
    assert create(bench).headers["Date"] == "Sat, 01 Mar 2031 00:00:00 GMT"
    bench.sandbox.admin("POST", "clock", {"freeze": None})
