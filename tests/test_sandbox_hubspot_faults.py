"""Limits and failures of the sandbox's HubSpot, switched over HTTP: for the world, for single requests, at a rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import served

from mdfsync.sandbox.server import Running

DEALS = "/crm/v3/objects/deals"
LINKS = "/crm/v4/associations/deals/contacts/batch/read"


class Portal:
    """HubSpot of a served sandbox, and its switches."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def get(self, path: str, token: str = "", **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.running.hubspot_token}"}
        return requests.get(self.running.hubspot_url + path, params=query, headers=headers, timeout=10)

    def post(self, path: str, body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.running.hubspot_token}"}
        return requests.post(self.running.hubspot_url + path, json=body, headers=headers, timeout=10)

    def knob(self, **values: Any) -> None:
        self.running.admin("POST", "knobs", {f"hubspot.{name}": value for name, value in values.items()})

    def act(self, action: str, **given: Any) -> None:
        self.running.admin("POST", "hubspot", {"action": action, **given})

    def fault(self, kind: str, **rule: Any) -> None:
        self.running.admin("POST", "faults", {"kind": kind, "path": "^/hubspot/", "times": 1, **rule})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as sandbox:
        yield sandbox


@pytest.fixture
def portal(running: Running) -> Iterator[Portal]:
    at_rest = {name: value for name, value in running.admin("GET", "knobs").items() if name.startswith("hubspot.")}
    yield Portal(running)
    running.admin("DELETE", "faults")
    running.admin("POST", "clock", {"freeze": None})
    running.admin("POST", "knobs", at_rest)


# -- limits


def test_any_ten_seconds_hold_so_many_calls_but_association_reads_are_exempt(portal: Portal) -> None:
    portal.knob(ten_seconds=1)
    answers = [portal.get("/crm/v3/owners/") for _ in range(2)]
    late = answers[-1]
    assert late.status_code == 429
    assert {k: late.json()[k] for k in ("status", "errorType", "policyName", "message")} == {
        "status": "error", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING",
        "message": "You have reached your ten_secondly_rolling limit.",
    }  # fmt: skip
    assert late.json()["correlationId"] == late.headers["X-HubSpot-Correlation-Id"]
    assert "category" not in late.json() and late.json()["requestId"]
    assert late.headers["X-HubSpot-RateLimit-Max"] == "1"
    assert "Retry-After" not in late.headers
    assert portal.post(LINKS, {"inputs": [{"id": "50010001"}]}).status_code == 200
    assert portal.post(f"{DEALS}/search", {"limit": 1}).status_code == 200


def test_a_429_may_name_seconds_and_have_a_category(portal: Portal) -> None:
    portal.knob(ten_seconds=1, retry_after=7, rate_limit_category=True)
    late = [portal.get("/crm/v3/owners/") for _ in range(2)][-1]
    assert (late.headers["Retry-After"], late.json()["category"]) == ("7", "RATE_LIMITS")


def test_the_day_ends_at_midnight_in_the_accounts_time_zone(portal: Portal) -> None:
    usage = "/account-info/v3/api-usage/daily/private-apps"
    portal.running.admin("POST", "clock", {"freeze": "2031-03-02T04:59:00+00:00"})  # 23:59 in New York
    portal.knob(daily=2)
    told = portal.get(usage).json()["results"][0]
    assert (told["usageLimit"], told["currentUsage"]) == (2, 1)
    assert told["resetsAt"] == "2031-03-02T05:00:00.000Z"
    assert portal.get(DEALS).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    refused = portal.get(DEALS)
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    assert refused.json()["message"] == "You have reached your daily limit."
    portal.running.admin("POST", "clock", {"freeze": "2031-03-02T05:00:01+00:00"})
    assert portal.get(DEALS).status_code == 200


def test_too_long_an_address_is_a_proxys_414(portal: Portal) -> None:
    refused = portal.get(DEALS, properties=",".join(f"property_{n}" for n in range(1500)))
    assert (refused.status_code, refused.headers["Content-Type"].split(";")[0]) == (414, "text/html")
    assert portal.get(DEALS, properties=",".join(f"property_{n}" for n in range(200))).status_code == 200


def test_the_date_can_be_off(portal: Portal) -> None:
    portal.running.admin("POST", "clock", {"freeze": "2031-03-02T10:00:00+00:00"})
    portal.knob(clock_skew_seconds=3600)
    assert portal.get(DEALS).headers["Date"] == "Sun, 02 Mar 2031 11:00:00 GMT"


# -- failures of single requests


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("hubspot_daily", 429, '"DAILY"'),
        ("hubspot_ten_secondly", 429, '"TEN_SECONDLY_ROLLING"'),
        ("hubspot_secondly", 429, '"SECONDLY"'),
        ("hubspot_rate_limits", 429, '"RATE_LIMITS"'),
        ("hubspot_revoked", 401, "INVALID_AUTHENTICATION"),
        ("hubspot_scope", 403, "requiredGranularScopes"),
        ("hubspot_too_long", 414, "<html>"),
        ("hubspot_locked", 423, "locked"),
        ("hubspot_migrating", 477, "migrated"),
        ("hubspot_internal", 500, "INTERNAL_ERROR"),
        ("bad_gateway", 502, "<html>"),
        ("hubspot_web_down", 521, "<html>"),
        ("hubspot_unreachable", 523, "<html>"),
        ("hubspot_timeout", 524, "<html>"),
        ("hubspot_html", 200, "<html>"),
        ("hubspot_nothing", 202, ""),
    ],
)
def test_one_request_fails_and_the_next_does_not(portal: Portal, kind: str, status: int, said: str) -> None:
    portal.fault(kind, retry_after=3)
    failed = portal.get(DEALS)
    assert (failed.status_code, failed.headers["Retry-After"]) == (status, "3")
    assert said in failed.text
    assert portal.get(DEALS).json()["results"]


def test_a_token_can_be_revoked_in_the_middle(portal: Portal) -> None:
    portal.act("token", token="pat-na1-short", scopes=["crm.objects.deals.read"])
    assert portal.get(DEALS, token="pat-na1-short").status_code == 200
    portal.act("revoke", token="pat-na1-short")
    assert portal.get(DEALS, token="pat-na1-short").status_code == 401
    portal.fault("hubspot_revoked", skip=2, times=None)
    assert [portal.get(DEALS).status_code for _ in range(4)] == [200, 200, 401, 401]


def test_a_rate_of_failures_repeats_itself(portal: Portal) -> None:
    def seen() -> list[int]:
        portal.running.admin("DELETE", "faults")
        portal.fault("hubspot_ten_secondly", rate=0.4, seed="3", times=None)
        return [portal.get(DEALS).status_code for _ in range(12)]

    assert seen() == seen()
    assert set(seen()) == {200, 429}


# -- answers changed on their way


@pytest.mark.parametrize("path", [DEALS, "/marketing/v3/campaigns"])
def test_a_cursor_can_lead_to_where_it_came_from(portal: Portal, path: str) -> None:
    first = portal.get(path, limit=2).json()["paging"]["next"]["after"]
    portal.fault("hubspot_repeated_cursor", times=None)
    again = portal.get(path, limit=2, after=first).json()["paging"]["next"]
    assert again["after"] == first and f"after={first[:8]}" in again["link"].replace("%3D", "=")


def test_an_offset_of_a_search_can_lead_to_where_it_came_from(portal: Portal) -> None:
    portal.fault("hubspot_repeated_cursor", times=None)
    assert portal.post(f"{DEALS}/search", {"limit": 5, "after": "10"}).json()["paging"]["next"]["after"] == "10"


@pytest.mark.parametrize("path", [DEALS, "/crm/objects/2026-03/0-3", "/crm/v3/owners/", "/marketing/v3/forms"])
def test_a_row_can_come_on_two_pages(portal: Portal, path: str) -> None:
    portal.fault("hubspot_repeated_row")
    first = portal.get(path, limit=2).json()
    second = portal.get(path, limit=2, after=first["paging"]["next"]["after"]).json()
    assert second["results"][0]["id"] == first["results"][-1]["id"]


def test_a_row_of_a_search_can_come_on_two_pages(portal: Portal) -> None:
    portal.fault("hubspot_repeated_row")
    first = portal.post(f"{DEALS}/search", {"limit": 5}).json()
    second = portal.post(f"{DEALS}/search", {"limit": 5, "after": first["paging"]["next"]["after"]}).json()
    assert second["results"][0]["id"] == first["results"][-1]["id"]


def test_a_part_of_a_batch_can_fail(portal: Portal) -> None:
    body = {"inputs": [{"id": "50010001"}, {"id": "50010002"}, {"id": "1"}]}
    portal.fault("hubspot_partial", times=None)
    answer = portal.post(f"{DEALS}/batch/read", body)
    assert (answer.status_code, len(answer.json()["results"])) == (207, 1)
    assert [e["category"] for e in answer.json()["errors"]] == ["OBJECT_NOT_FOUND", "INTERNAL_ERROR"]
    links = portal.post(LINKS, {"inputs": [{"id": "50010001"}]}).json()
    assert (links["results"], links["numErrors"]) == ([], 1)


def test_values_can_come_bare(portal: Portal) -> None:
    portal.fault("hubspot_bare_values")
    shown = portal.get(DEALS, properties="amount,hs_is_closed", limit=1).json()["results"][0]["properties"]
    assert isinstance(shown["hs_is_closed"], bool) and not isinstance(shown["amount"], str)


def test_a_knob_can_hold_for_one_request(portal: Portal) -> None:
    portal.fault("knob", knobs={"hubspot.campaign_tier": False}, path="/campaigns")
    assert [portal.get("/marketing/v3/campaigns").status_code for _ in range(2)] == [403, 200]


# -- by hand


def test_what_happens_in_hubspot_can_be_made_to_happen(portal: Portal) -> None:
    portal.act("create", kind="contacts", id="39001", properties={"email": "one@alderfinch.example"})
    portal.act("create", kind="contacts", id="39002", properties={"email": "two@alderfinch.example"})
    portal.act("change", kind="contacts", id="39002", properties={"firstname": "Two"})
    portal.act("link", kind="contacts", id="39002", other="deals", target="50010001", label=[41, "Champion"])
    portal.act("merge", kind="contacts", ids=["39002"], into="39001")
    links = portal.get("/crm/v4/objects/contacts/39001/associations/deals").json()["results"]
    assert [link["toObjectId"] for link in links] == [50010001]
    portal.act("unlink", kind="contacts", id="39001", other="deals", target="50010001")
    portal.act("archive", kind="contacts", id="39001")
    assert portal.get("/crm/v3/objects/contacts/39001", archived="true").json()["archivedAt"]
    portal.act("erase", kind="contacts", id="39001")
    assert portal.get("/crm/v3/objects/contacts/39001", archived="true").status_code == 404
    with pytest.raises(RuntimeError, match="unknown action"):
        portal.act("explode")
