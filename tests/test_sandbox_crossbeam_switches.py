"""The sandbox's Crossbeam beyond overlaps: small tables, signals, refusals, limits; switched over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sandbox_bench import served

from mdfsync.sandbox.server import Running

OSTREA = "af232cb3-0cb5-54aa-93be-f62311fa9701"
ORGANIZATION = "d530e82c-8380-56ce-9553-64ed6fd52270"


class Account:
    """Crossbeam of a served sandbox, and its switches."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def ask(self, path: str, organization: str = ORGANIZATION, token: str = "", **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.running.crossbeam_token}"}
        headers["XBeam-Organization"] = organization
        return requests.get(self.running.crossbeam_url + path, params=query, headers=headers, timeout=10)

    def rows(self, path: str, **query: Any) -> list[Any]:
        return list(self.ask(path, **query).json()["data"])

    def refresh(self, token: str = "") -> requests.Response:
        flow = self.running.crossbeam
        form = {"grant_type": "refresh_token", "client_id": flow["client_id"], "client_secret": flow["client_secret"]}
        given = {**form, "refresh_token": token or flow["refresh_token"]}
        return requests.post(f"{self.running.crossbeam_url}/oauth/token", data=given, timeout=10)

    def knob(self, **values: Any) -> None:
        self.running.admin("POST", "knobs", {f"crossbeam.{name}": value for name, value in values.items()})

    def act(self, action: str, **given: Any) -> None:
        self.running.admin("POST", "crossbeam", {"action": action, **given})

    def fault(self, kind: str, **rule: Any) -> None:
        self.running.admin("POST", "faults", {"kind": kind, "path": "^/crossbeam/", "times": 1, **rule})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as sandbox:
        yield sandbox


@pytest.fixture
def account(running: Running) -> Account:
    running.admin("DELETE", "faults")
    running.admin("POST", "reset", {})
    return Account(running)


# -- small tables


def test_one_population_partner_and_organisation_can_be_read(account: Account) -> None:
    ours = account.rows("/v1/populations")
    assert account.rows(f"/v1/populations/{ours[0]['id']}") == [ours[0]]
    theirs = account.rows("/v1/partner-populations")
    assert account.rows(f"/v1/partner-populations/{theirs[0]['id']}") == [theirs[0]]
    assert "organization_id" not in theirs[0]
    assert account.rows(f"/v1/users/organization/{ORGANIZATION}")[0]["organizations"][0]["uuid"] == ORGANIZATION
    for path in ("/v1/populations/1", "/v1/partners/none", "/v1/partner-populations/1", "/v1/users/organization/x"):
        missing = account.ask(path)
        assert (missing.status_code, missing.content) == (404, b"")


def test_reports_are_definitions_and_their_rows_are_nowhere(account: Account) -> None:
    report = account.rows("/v1/reports")[0]
    assert report["report_type"] == "standard" and report["population_ids"]
    assert account.ask(f"/v1/reports/{report['id']}/data").status_code == 404


def test_our_records_are_found_by_name_id_and_domain(account: Account) -> None:
    every = account.rows("/v1/records/accounts", limit=1000)
    one = every[0]
    for query in ({"term": one["record_name"][:5].lower()}, {"record_id": one["record_id"]}):
        assert one["record_id"] in {row["record_id"] for row in account.rows("/v1/records/accounts/search", **query)}
    by_domain = account.rows("/v1/records/accounts/search", domain=one["record_website"])
    assert [row["source_id"] for row in by_domain] == [1]
    assert account.rows("/v1/records/accounts/search", term="no such name") == []


def test_leads_are_there_and_empty(account: Account) -> None:
    for path in ("/v1/records/leads", "/v1/overlaps/leads", "/v1/overlaps/leads/search", "/v1/records/leads/search"):
        assert account.rows(path) == []


def test_a_change_of_sharing_stands_in_the_audit_log(account: Account) -> None:
    account.act("share", partner=OSTREA, level="counts")
    account.act("share", partner=OSTREA, level="hidden")
    newest, before = account.rows("/v1/audit-logs")
    assert (newest["metadata"], newest["previous_state"]) == ({"level": "hidden"}, {"level": "counts"})
    assert before["partners_impacted"][0]["uuid"] == OSTREA
    assert OSTREA not in {row["uuid"] for row in account.rows("/v1/partners")}


# -- signals


def signal(number: int, **more: Any) -> dict[str, Any]:
    row = {"event_id": f"ev-{number}", "event_type": "partner_deal_opened", "record_id": "8810020225"}
    at = f"2026-11-{number:02d}T10:00:00.000+00:00"
    return {**row, "triggered_at": at, "record_type": "account", "partner_id": OSTREA, **more}


def test_signals_come_in_pages_and_then_only_new_ones(account: Account) -> None:
    for number in (1, 2, 3):
        account.act("signal", family="accounts", row=signal(number))
    first = account.ask("/v1/signals/accounts", limit=2).json()
    assert first["pagination"]["has_more"]
    second = account.ask("/v1/signals/accounts", cursor=first["pagination"]["next_cursor"]).json()
    assert [r["event_id"] for r in first["data"] + second["data"]] == ["ev-1", "ev-2", "ev-3"]
    bookmark = second["pagination"]["next_cursor"]
    account.act("signal", family="accounts", row=signal(4))
    assert [r["event_id"] for r in account.rows("/v1/signals/accounts", cursor=bookmark)] == ["ev-4"]
    assert account.rows("/v1/signals/own-deals") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"event_type": '"partner_deal_closed_won"'}, ["ev-3"]),
        ({"triggered_at[gte]": "2026-11-02T00:00:00Z", "triggered_at[lt]": "2026-11-03T00:00:00Z"}, ["ev-2"]),
        ({"partner_id": '"4"'}, ["ev-1", "ev-2", "ev-3"]),
        ({"record_id": "1"}, []),
    ],
)
def test_signals_are_filtered_by_names_with_underscores(
    account: Account, query: dict[str, str], expected: list[str]
) -> None:
    for number, kind in ((1, "opened"), (2, "opened"), (3, "closed_won")):
        account.act("signal", family="accounts", row=signal(number, event_type=f"partner_deal_{kind}"))
    assert [r["event_id"] for r in account.rows("/v1/signals/accounts", **query)] == expected


# -- refusals and limits


def test_a_revoked_refresh_token_buys_nothing_while_the_access_token_lasts(account: Account) -> None:
    access = account.refresh().json()["access_token"]
    account.act("revoke")
    refused = account.refresh()
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
    assert account.ask("/v1/partners", token=access).status_code == 200


def test_tokens_live_as_long_as_told(account: Account) -> None:
    account.knob(token_seconds=60, rotate_refresh=True)
    bought = account.refresh().json()
    assert bought["expires_in"] == 60
    account.running.admin("POST", "clock", {"days": 61 / 86_400})
    assert account.ask("/v1/partners", token=bought["access_token"]).status_code == 401
    assert account.refresh(bought["refresh_token"]).status_code == 200


def test_a_missing_organisation_and_a_large_limit_are_refused_as_told(account: Account) -> None:
    assert account.ask("/v1/partners", organization="").status_code == 403
    account.knob(missing_organization_status=400, above_limit_status=422)
    assert account.ask("/v1/partners", organization="").status_code == 400
    assert account.ask("/v1/overlaps/accounts", limit=1001).status_code == 422
    assert account.ask("/v1/overlaps/accounts", limit=1000).status_code == 200


def test_the_meter_of_record_exports_counts_a_record_once_and_then_blocks(account: Account) -> None:
    account.knob(record_exports=6)
    page = account.ask("/v1/overlaps/accounts", limit=5)
    assert account.rows("/v1/overlaps/accounts", limit=5) == page.json()["data"]
    assert account.ask(page.json()["pagination"]["next_href"].partition("/crossbeam")[2]).status_code == 200
    blocked = account.ask("/v1/overlaps/accounts", limit=5)
    assert (blocked.status_code, blocked.content) == (403, b"")
    assert account.ask("/v1/partners").status_code == 200


def test_a_broken_cursor_is_400_and_one_of_other_parameters_is_taken(account: Account) -> None:
    assert account.ask("/v1/overlaps/accounts", cursor="broken").status_code == 400
    bookmark = account.ask("/v1/overlaps/accounts", limit=1000).json()["pagination"]["next_cursor"]
    assert account.ask("/v1/overlaps/accounts", cursor=bookmark, **{"partner-id": OSTREA}).json()["data"] == []


def test_next_href_carries_every_parameter_and_bare_padding(account: Account) -> None:
    href = account.ask("/v1/overlaps/accounts", limit=3, **{"partner-id": OSTREA}).json()["pagination"]["next_href"]
    assert f"partner-id={OSTREA}" in href and "limit=3" in href and "%3D" not in href


# -- failures


@pytest.mark.parametrize(
    ("kind", "status"), [("crossbeam_rate_limit", 429), ("crossbeam_revoked", 401), ("crossbeam_forbidden", 403)]
)
def test_failures_are_bare(account: Account, kind: str, status: int) -> None:
    account.fault(kind, retry_after=9)
    failed = account.ask("/v1/partners")
    assert (failed.status_code, failed.content, failed.headers["Retry-After"]) == (status, b"", "9")
    assert account.ask("/v1/partners").status_code == 200


def test_a_page_can_be_html(account: Account) -> None:
    account.fault("crossbeam_html")
    assert account.ask("/v1/partners").text.startswith("<html>")


def test_partner_fields_can_be_missing_always_the_same_ones(account: Account) -> None:
    whole = account.rows("/v1/overlaps/accounts", limit=1000)
    account.fault("crossbeam_missing_fields", times=None)
    first, second = (account.rows("/v1/overlaps/accounts", limit=1000) for _ in range(2))
    assert first == second != whole
    assert all({"partner_id", "partner_name", "partner_crossbeam_record_id"} <= set(row) for row in first)


def test_a_time_can_be_malformed(account: Account) -> None:
    account.act("signal", family="accounts", row=signal(28))
    account.fault("crossbeam_bad_time")
    assert account.rows("/v1/signals/accounts")[0]["triggered_at"].startswith("2026-11-028T")


def test_an_overlap_that_is_unshared_by_itself_is_in_the_next_delta(account: Account) -> None:
    page = account.ask("/v1/overlaps/accounts", limit=1000).json()
    row = page["data"][0]
    account.act("unshare", pair=f"{row['crossbeam_record_id']}/{row['partner_crossbeam_record_id']}")
    delta = account.rows("/v1/overlaps/accounts", cursor=page["pagination"]["next_cursor"])
    assert [(r["record_id"], r["is_deleted"]) for r in delta] == [(row["record_id"], True)]
