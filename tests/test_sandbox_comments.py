"""Comments on records of the sandbox's Airtable: who may write, edit and delete them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_bench import DANA, LEE, Bench, new_bench, refusal, served

from mdfsync.sandbox.server import Running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def partner(bench: Bench) -> str:
    return str(bench.partners.create({"partner_id": "pt-1"})["id"])


def path(bench: Bench, record_id: str, comment_id: str = "") -> str:
    return f"{bench.base_id}/Partners/{record_id}/comments" + (f"/{comment_id}" if comment_id else "")


def said(bench: Bench, record_id: str) -> list[str]:
    return [comment.text for comment in bench.partners.comments(record_id)]


def user_id(bench: Bench, email: str) -> str:
    return str(next(person["user_id"] for person in bench.sandbox.people if person["email"] == email))


def test_a_comment_is_shown_with_its_author_and_whom_it_mentions(bench: Bench) -> None:
    record_id, dana = partner(bench), user_id(bench, DANA)
    answer = bench.call("POST", path(bench, record_id), {"text": f"Proof? @[{dana}] @[usrNobody12345678]"})
    comment: dict[str, Any] = answer.json()
    assert comment["id"].startswith("com") and len(comment["id"]) == 17
    assert (comment["author"]["email"], comment["lastUpdatedTime"]) == ("mdfsync-worker@northlight.example", None)
    assert comment["mentioned"] == {dana: {"id": dana, "type": "user", "displayName": "Dana Okafor", "email": DANA}}
    assert bench.call("GET", path(bench, record_id)).json() == {"comments": [comment], "offset": None}


def test_an_edit_moves_the_mentions_and_leaves_a_time(bench: Bench) -> None:
    record_id = partner(bench)
    comment = bench.partners.add_comment(record_id, f"@[{user_id(bench, DANA)}] please look")
    comment.text = "Never mind"
    comment.save()
    (edited,) = bench.partners.comments(record_id)
    assert (edited.text, edited.mentioned) == ("Never mind", {})
    assert edited.last_updated_time is not None and edited.last_updated_time >= edited.created_time


def test_only_the_author_edits_and_deletes(bench: Bench) -> None:
    record_id = partner(bench)
    comment = bench.as_person(DANA).table("Partners").add_comment(record_id, "Mine")
    place, lee = path(bench, record_id, comment.id), bench.sandbox.token_of(LEE)
    assert refusal(bench.call("PATCH", place, {"text": "Mine now"}, token=lee)) == (403, "INVALID_PERMISSIONS")
    assert refusal(bench.call("DELETE", place, token=lee)) == (403, "INVALID_PERMISSIONS")
    assert said(bench, record_id) == ["Mine"]
    dana = bench.sandbox.token_of(DANA)
    assert bench.call("DELETE", place, token=dana).json() == {"id": comment.id, "deleted": True}
    assert said(bench, record_id) == []
    assert refusal(bench.call("DELETE", place, token=dana)) == (404, "MODEL_ID_NOT_FOUND")


@pytest.mark.parametrize(
    ("change", "reads", "writes"),
    [
        ({"permission_level": "read"}, 200, 403),
        ({"permission_level": "comment"}, 200, 200),
        ({"permission_level": "edit", "scopes": ["data.recordComments:read"]}, 200, 403),
        ({"permission_level": "edit", "scopes": ["data.recordComments:write", "data.records:write"]}, 403, 200),
    ],
)
def test_level_and_scope_decide(bench: Bench, change: dict[str, Any], reads: int, writes: int) -> None:
    record_id, lee = partner(bench), bench.sandbox.token_of(LEE)
    bench.sandbox.admin("POST", "people", {"email": LEE, "scopes": None, **change})
    try:
        assert bench.call("GET", path(bench, record_id), token=lee).status_code == reads
        assert bench.call("POST", path(bench, record_id), {"text": "Hi"}, token=lee).status_code == writes
    finally:
        bench.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "edit", "scopes": None})


def test_the_newest_comes_first_in_pages(bench: Bench) -> None:
    record_id = partner(bench)
    for number in range(5):
        bench.partners.add_comment(record_id, f"no. {number}")
    first = bench.call("GET", path(bench, record_id), pageSize=2).json()
    second = bench.call("GET", path(bench, record_id), pageSize=2, offset=first["offset"]).json()
    last = bench.call("GET", path(bench, record_id), pageSize=2, offset=second["offset"]).json()
    pages = [[comment["text"] for comment in page["comments"]] for page in (first, second, last)]
    assert pages == [["no. 4", "no. 3"], ["no. 2", "no. 1"], ["no. 0"]]
    assert last["offset"] is None
    assert refusal(bench.call("GET", path(bench, record_id), offset="com???")) == (422, "INVALID_OFFSET_VALUE")
    assert refusal(bench.call("GET", path(bench, record_id), pageSize=101)) == (422, "INVALID_REQUEST_UNKNOWN")


def test_an_answer_names_its_parent_and_outlives_it(bench: Bench) -> None:
    record_id = partner(bench)
    parent = bench.partners.add_comment(record_id, "Question")
    body = {"text": "Answer", "parentCommentId": parent.id}
    assert bench.call("POST", path(bench, record_id), body).json()["parentCommentId"] == parent.id
    parent.delete()
    assert said(bench, record_id) == ["Answer"]
    assert refusal(bench.call("POST", path(bench, record_id), body)) == (404, "MODEL_ID_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 7}, {"text": "x", "colour": "red"}, ["x"]])
def test_what_is_no_comment_is_422(bench: Bench, body: Any) -> None:
    assert refusal(bench.call("POST", path(bench, partner(bench)), body)) == (422, "INVALID_REQUEST_UNKNOWN")


def test_listings_count_comments_and_nothing_else_notices_them(bench: Bench) -> None:
    record_id, seen = partner(bench), len(bench.writes())
    bench.partners.create({"partner_id": "pt-2"})
    before = {r["id"]: r["fields"] for r in bench.partners.all()}
    bench.partners.add_comment(record_id, "one")
    bench.partners.add_comment(record_id, "two")
    counts = {r["fields"]["partner_id"]: r["commentCount"] for r in bench.partners.all(count_comments=True)}
    assert counts == {"pt-1": 2, "pt-2": 0}
    assert {r["id"]: r["fields"] for r in bench.partners.all()} == before
    assert [entry["record_id"] for entry in bench.writes()[seen:] if entry["record_id"] == record_id] == []


def test_a_deleted_record_takes_its_comments_along(bench: Bench) -> None:
    record_id = partner(bench)
    bench.partners.add_comment(record_id, "gone soon")
    table_id = bench.base().schema().table("Partners").id
    assert f"comments:{table_id}" in bench.sandbox.admin("GET", "state")["sizes"]
    bench.partners.delete(record_id)
    assert f"comments:{table_id}" not in bench.sandbox.admin("GET", "state")["sizes"]
    answer = bench.call("GET", path(bench, record_id))
    assert refusal(answer) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")


def test_comments_are_there_after_a_restart(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        bench = new_bench(first)
        record_id = partner(bench)
        bench.partners.add_comment(record_id, "kept")
    with served(tmp_path) as second:
        assert said(Bench(second, bench.base_id), record_id) == ["kept"]
