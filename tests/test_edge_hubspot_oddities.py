"""What HubSpot now and then does, answered by hand: limits, pages, batches and bodies that do not hold together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from hubspot_lab import Time, by_id, said, unhurried

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.hubspot import hubspot_sources, open_hubspot
from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_wire import PREFIXES, rewritten
from mdfsync.errors import MdfsyncError, Unreachable, UsageError
from mdfsync.model import SourcePull

API = "https://api.hubapi.com"
TOKEN = "pat-na1-0f9e8d7c-secret"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
LIST = f"{API}/crm/v3/objects/deals"
OWNERS = f"{API}/crm/v3/owners/"


class Lab:
    """A client of the real host, whose answers the test gives, and what it left in the archive."""

    def __init__(self, folder: Path) -> None:
        self.time = Time()
        self.folder = folder
        self.api: HubspotApi = open_hubspot(token=TOKEN, pace=unhurried(self.time), search_pace=unhurried(self.time))

    def pull(
        self, source_id: str, cursor: Mapping[str, Any] | None = None, known: tuple[str, ...] = (), **options: Any
    ) -> SourcePull:
        given: dict[str, Any] = {"campaign_guids": list, "deal_ids": lambda: ["1", "2"]}
        source = hubspot_sources(self.api, FolderArchive(self.folder), **given | options)[source_id]
        return source.pull(cursor, full=False, known=dict.fromkeys(known, ""), now=NOW)

    def archived(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.folder.rglob("*") if p.is_file())


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def deal(id: int, **properties: str | None) -> dict[str, Any]:
    at = "2026-11-20T11:00:00Z"
    return {
        "id": str(id),
        "properties": {"hs_lastmodifieddate": at, "hs_object_id": str(id), **properties},
        "createdAt": at,
        "updatedAt": at,
        "archived": False,
    }


def answer(body: Any, url: str = LIST, method: str = "GET", **more: Any) -> responses.BaseResponse:
    return responses.add(method, url, json=body, headers={"Date": DATE, **more.pop("headers", {})}, **more)


def limited(policy: str, url: str = OWNERS, method: str = "GET") -> None:
    body = {"status": "error", "message": "too many", "errorType": "RATE_LIMIT", "policyName": policy}
    answer(body, url, method, status=429)


# -- the wire


@responses.activate
@pytest.mark.parametrize(("policy", "waits"), [("SECONDLY", [1, 2]), ("TEN_SECONDLY_ROLLING", [10, 20])])
def test_a_429_is_sat_out_as_long_as_its_policy_asks(lab: Lab, policy: str, waits: list[float]) -> None:
    limited(policy)
    limited(policy)
    answer({"results": [{"id": "1", "email": "mira.okonkwo@northlight.example"}]}, OWNERS)
    pull = lab.pull("hubspot.owners", cursor={})
    assert lab.time.slept == waits
    assert (len(pull.rows), pull.requests) == (1, 3)


@responses.activate
def test_an_html_page_with_status_200_is_asked_for_again_and_never_read_as_nothing(lab: Lab) -> None:
    responses.add("GET", OWNERS, body="<html>maintenance</html>", content_type="text/html")
    with pytest.raises(Unreachable):
        lab.pull("hubspot.owners", cursor={})
    assert len(responses.calls) == 5


@responses.activate
def test_a_200_without_results_is_held(lab: Lab) -> None:
    answer({"message": "fine"})
    assert "without a list of results" in lab.pull("hubspot.deals").held


@responses.activate
def test_a_portal_that_moves_between_data_centres_ends_the_run(lab: Lab) -> None:
    answer({}, OWNERS, status=477)
    with pytest.raises(Unreachable, match="moving"):
        lab.pull("hubspot.owners")


@responses.activate
def test_a_403_without_scopes_is_absence_and_says_what_hubspot_says(lab: Lab) -> None:
    body = {"status": "error", "message": "This account does not have access.", "category": "BANNED"}
    answer(body, f"{API}/marketing/v3/campaigns", status=403)
    assert "403 BANNED: This account does not have access." in lab.pull("hubspot.campaigns").absent


@responses.activate
def test_neither_the_token_nor_an_exception_of_requests_leaves_with_an_error(lab: Lab) -> None:
    answer({"message": f"bad token {TOKEN}", "category": "INVALID_AUTHENTICATION"}, OWNERS, status=401)
    with pytest.raises(MdfsyncError) as caught:
        lab.pull("hubspot.owners")
    assert TOKEN not in str(caught.value)
    assert not isinstance(caught.value.__cause__ or caught.value.__context__, requests.RequestException)


@responses.activate
def test_a_netrc_entry_does_not_replace_the_token(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine api.hubapi.com login someone password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    answer({"results": []}, OWNERS)
    lab.pull("hubspot.owners", cursor={})
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_nothing_that_writes_can_be_sent(lab: Lab) -> None:
    for method, path in (("POST", "/crm/v3/objects/deals"), ("PATCH", "/crm/v3/objects/deals/1"), ("DELETE", "/x")):
        with pytest.raises(RuntimeError, match="only reads"):
            lab.api.wire.send(method, path, (), None)


def test_only_known_versions_and_safe_ids_make_a_path(lab: Lab) -> None:
    with pytest.raises(UsageError):
        open_hubspot(token=TOKEN, version="v5")
    with pytest.raises(UsageError):
        lab.api.submissions("../../account-info", after=None)


@pytest.mark.parametrize(("old", "dated"), PREFIXES)
def test_each_prefix_has_its_dated_form(old: str, dated: str) -> None:
    assert rewritten(f"{old.rstrip('/')}/rest", "2026-03") == f"{dated.format(version='2026-03').rstrip('/')}/rest"


# -- pages


@responses.activate
def test_a_cursor_that_comes_back_is_held(lab: Lab) -> None:
    answer({"results": [deal(1)], "paging": {"next": {"after": "7"}}})
    assert "came back" in lab.pull("hubspot.deals").held


@responses.activate
def test_a_row_on_two_pages_counts_once_as_last_modified(lab: Lab) -> None:
    older = {**deal(1, dealname="old"), "updatedAt": "2026-11-20T10:00:00Z"}
    answer({"results": [deal(1, dealname="new")], "paging": {"next": {"after": "7"}}})
    answer({"results": [older]})
    answer({"results": []}, f"{API}/crm/v3/properties/deals")
    pull = lab.pull("hubspot.deals")
    assert by_id(pull)["1"]["properties"]["dealname"] == "new"


@responses.activate
def test_a_row_without_an_id_is_rejected_and_then_nothing_is_called_gone(lab: Lab) -> None:
    answer({"results": [{**deal(1), "id": None}, deal(2)]})
    answer({"results": []}, f"{API}/crm/v3/properties/deals")
    pull = lab.pull("hubspot.deals", known=("1", "2"))
    assert [reject.reason for reject in pull.rejects] == ["missing id"]
    assert (pull.complete, pull.gone) == (False, ())


@responses.activate
def test_what_nobody_asked_for_is_dropped_before_it_is_archived(lab: Lab) -> None:
    note = {**deal(5), "properties": {**deal(5)["properties"], "hs_note_body": "She said no."}}
    answer({"results": [note]}, f"{API}/crm/v3/objects/notes")
    pull = lab.pull("hubspot.notes")
    assert "hs_note_body" in said(pull)
    assert "hs_note_body" not in by_id(pull)["5"]["properties"]
    assert b"She said no." not in lab.archived()
    assert json.loads(FolderArchive(lab.folder).get(pull.blobs[0]))["_redacted"] == ["hs_note_body"]


@responses.activate
def test_campaigns_that_are_announced_and_not_listed_hold_the_delivery(lab: Lab) -> None:
    answer({"total": 3, "results": [{"id": "g-1", "properties": {}}]}, f"{API}/marketing/v3/campaigns")
    assert "announced 3 campaigns and listed 1" in lab.pull("hubspot.campaigns").held


# -- searches and batches

SEARCH, BATCH = f"{LIST}/search", f"{LIST}/batch/read"


def since(lab: Lab) -> Mapping[str, Any]:
    """The cursor that a listing of 11:30 leaves."""
    answer({"results": [deal(1)]}, headers={"Date": "Fri, 20 Nov 2026 11:30:00 GMT"})
    answer({"results": [{"name": "joint_campaign_id"}, {"name": "utm_campaign"}]}, f"{API}/crm/v3/properties/deals")
    cursor = lab.pull("hubspot.deals").cursor
    assert cursor is not None
    return cursor


@responses.activate
def test_the_search_is_a_closed_lagged_window_by_id_and_never_pages_by_offset(lab: Lab) -> None:
    cursor = since(lab)
    answer({"total": 2, "results": [deal(3)], "paging": {"next": {"after": "200"}}}, SEARCH, "POST")
    answer({"total": 1, "results": [deal(8)]}, SEARCH, "POST")
    answer({"results": [deal(3), deal(8)]}, BATCH, "POST")
    assert set(by_id(lab.pull("hubspot.deals", cursor=cursor))) == {"3", "8"}
    asked = [json.loads(c.request.body or "") for c in responses.calls if str(c.request.url) == SEARCH]
    filters = [{f["operator"]: f["value"] for f in body["filterGroups"][0]["filters"]} for body in asked]
    lower = round(datetime(2026, 11, 20, 10, 25, tzinfo=UTC).timestamp() * 1000)
    upper = round(datetime(2026, 11, 20, 11, 25, tzinfo=UTC).timestamp() * 1000)
    assert [f["GTE"] for f in filters] == [str(lower)] * 2
    assert [f["GT"] for f in filters] == ["0", "3"]
    assert int(filters[0]["LTE"]) >= upper
    assert not any("after" in body for body in asked)


@responses.activate
def test_rows_outside_the_window_are_left_to_their_own_window(lab: Lab) -> None:
    cursor = since(lab)
    late = deal(4, hs_lastmodifieddate="2026-11-20T13:00:00Z")
    answer({"total": 1, "results": [late]}, SEARCH, "POST")
    pull = lab.pull("hubspot.deals", cursor=cursor)
    assert (pull.rows, pull.held) == ((), "")


@responses.activate
def test_ids_out_of_order_hold_the_delivery(lab: Lab) -> None:
    cursor = since(lab)
    answer({"total": 2, "results": [deal(9), deal(3)]}, SEARCH, "POST")
    assert "left the order of ids" in lab.pull("hubspot.deals", cursor=cursor).held


@responses.activate
def test_a_search_that_gives_less_than_announced_moves_no_cursor(lab: Lab) -> None:
    cursor = since(lab)
    answer({"total": 5, "results": [deal(3)]}, SEARCH, "POST")
    answer({"results": [deal(3)]}, BATCH, "POST")
    pull = lab.pull("hubspot.deals", cursor=cursor)
    assert pull.cursor is not None
    assert pull.cursor["hi"] == cursor["hi"]
    assert "announced 5 deals and gave 1" in said(pull)


def batch_of(*errors: Mapping[str, Any]) -> None:
    answer({"total": 2, "results": [deal(3), deal(4)]}, SEARCH, "POST")
    answer({"results": [deal(3)], "numErrors": len(errors), "errors": list(errors)}, BATCH, "POST", status=207)


@responses.activate
def test_a_207_that_says_absent_is_a_missing_record(lab: Lab) -> None:
    cursor = since(lab)
    batch_of({"category": "OBJECT_NOT_FOUND", "context": {"ids": ["4"]}})
    answer({"results": [{**deal(4), "archived": True}]}, BATCH, "POST")
    pull = lab.pull("hubspot.deals", cursor=cursor, known=("3", "4"))
    assert (pull.gone, sorted(by_id(pull))) == (("4",), ["3", "4"])


@responses.activate
def test_a_207_that_says_failed_holds_the_delivery(lab: Lab) -> None:
    cursor = since(lab)
    batch_of({"category": "INTERNAL_ERROR", "context": {"ids": ["4"]}})
    assert "INTERNAL_ERROR" in lab.pull("hubspot.deals", cursor=cursor, known=("4",)).held


@responses.activate
def test_a_batch_that_forgets_an_id_holds_the_delivery(lab: Lab) -> None:
    cursor = since(lab)
    batch_of()
    assert "says nothing about 4" in lab.pull("hubspot.deals", cursor=cursor, known=("4",)).held


@responses.activate
def test_a_batch_that_answers_under_another_id_tells_of_a_merge(lab: Lab) -> None:
    cursor = since(lab)
    answer({"total": 1, "results": [deal(4)]}, SEARCH, "POST")
    answer({"results": [deal(77, hs_merged_object_ids="4;5")]}, BATCH, "POST")
    pull = lab.pull("hubspot.deals", cursor=cursor, known=("4", "5"))
    assert pull.gone == ("4", "5")
    assert "4 into 77" in said(pull)


@responses.activate
def test_links_that_a_batch_forgets_hold_the_delivery(lab: Lab) -> None:
    links = f"{API}/crm/v4/associations/deals/contacts/batch/read"
    answer({"results": [{"from": {"id": "1"}, "to": []}]}, links, "POST")
    assert "says nothing about 2" in lab.pull("hubspot.associations").held


@responses.activate
def test_deals_of_an_activity_that_a_batch_forgets_hold_the_delivery(lab: Lab) -> None:
    def links(other: str) -> str:
        return f"{API}/crm/v4/associations/meetings/{other}/batch/read"

    answer(
        {"results": [{"from": {"id": id}, "to": [{"toObjectId": 7}]} for id in ("8", "9")]}, links("contacts"), "POST"
    )
    answer({"results": [{"from": {"id": "8"}, "to": [{"toObjectId": 1}]}]}, links("deals"), "POST")
    pull = lab.pull("hubspot.associations", deal_ids=list, activity_ids=lambda: {"meetings": ["8", "9"]})
    assert "batch of links says nothing about 9" in pull.held


# -- people's data


@responses.activate
def test_a_submission_keeps_mail_and_utm_of_its_values_and_of_its_address(lab: Lab) -> None:
    form = "aa10c0de-0000-4000-8000-000000001042"
    values = [{"name": "email", "value": "h.grant@hollisgrant.example"}, {"name": "salary", "value": "a lot"}]
    page = "https://www.northlight.example/spend?utm_campaign=spend&email=h.grant%40hollisgrant.example#h.grant"
    answer({"results": [{"id": form, "name": "Spend", "formType": "hubspot"}]}, f"{API}/marketing/v3/forms/")
    sent = {"submittedAt": 1_763_000_000_000, "values": values, "pageUrl": page}
    answer({"results": [sent]}, f"{API}/form-integrations/v1/submissions/forms/{form}")
    pull = lab.pull("hubspot.form_submissions")
    body = pull.rows[0].body
    assert body["values"] == {"email": "h.grant@hollisgrant.example"}
    assert body["page_url"] == "https://www.northlight.example/spend?utm_campaign=spend"
    assert b"a lot" not in lab.archived()


@responses.activate
def test_times_come_as_milliseconds_or_iso_and_blog_comments_are_not_asked_for(lab: Lab) -> None:
    forms = [{"id": "f-1", "formType": "blog_comment"}, {"id": "f-2", "formType": "captured"}]
    answer({"results": forms}, f"{API}/marketing/v3/forms/")
    sent = {"submittedAt": "2026-11-13T02:13:20Z", "values": [], "conversionId": "c-1"}
    answer({"results": [sent]}, f"{API}/form-integrations/v1/submissions/forms/f-2")
    pull = lab.pull("hubspot.form_submissions")
    assert by_id(pull)["c-1"]["submitted_at"] == 1_794_536_000_000
    assert pull.requests == 2
