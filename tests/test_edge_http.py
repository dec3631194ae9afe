"""What may be sent, what is sent again, and what never leaves: the HTTP floor under every edge."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from http_lab import AIRTABLE_429, BILLING_429, CANARY, URL, Line, http_answer, send, server

from mdfsync.edge.http import Forbidden, Garbled, ReadRejected, checked, require_token
from mdfsync.errors import AuthLost, OutcomeUnknown, QuotaSpent, Unreachable, UsageError, WriteRejected


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


# -- the session


@pytest.mark.parametrize("url", ["http://api.airtable.com/v0", "http://10.0.0.8/v0", "http://localhost.evil.example/"])
def test_plain_http_beyond_this_machine_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError, match="only https"):
        Line().get(url)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "delete"])
def test_put_and_delete_never_leave(method: str, wire: responses.RequestsMock) -> None:
    with pytest.raises(RuntimeError, match="never sends"):
        Line().session.request(method, URL)
    assert len(wire.calls) == 0


def test_a_server_that_never_answers_is_given_up_by_the_injected_timeout() -> None:
    release = threading.Event()
    with server(lambda *_: (release.wait(5), None)[1]) as (url, seen):
        line = Line(timeout=(1.0, 0.1))
        with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
            line.post(url)
        release.set()
    assert len(seen) == 1


def test_neither_netrc_nor_proxy_variables_touch_a_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with server(send(http_answer("{}"))) as (url, seen):
        assert Line().get(url) == {}
    assert f"Bearer {CANARY}".encode() in seen[0]


def test_a_redirect_is_not_followed(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=302, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(ReadRejected, match="redirect"):
        Line().get()
    assert len(wire.calls) == 1


def test_every_physical_request_is_counted(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=500)
    wire.get(URL, json={})
    line = Line()
    line.get()
    assert dict(line.calls.counts()) == {"airtable": 2}


@pytest.mark.parametrize("token", ["", "pat with space", "pat\nX-Evil: 1", "pätoken"])
def test_a_token_that_cannot_be_a_header_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_token(token, "AIRTABLE_API_KEY")
    assert str(caught.value) == "AIRTABLE_API_KEY is empty or holds characters that no token has"


# -- reads


def test_a_read_survives_an_html_502_a_truncated_body_and_an_empty_one(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=502, body="<html>Bad gateway</html>", content_type="text/html")
    wire.get(URL, body='{"records": [{"id"', content_type="application/json")
    wire.get(URL, body="")
    wire.get(URL, json={"records": []})
    assert Line().get() == {"records": []}


def test_a_read_gives_up_after_four_retries(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=500, body="boom")
    with pytest.raises(Unreachable, match="failed at reading the thing"):
        Line().get()
    assert len(wire.calls) == 5


def test_a_truncated_answer_on_the_wire_is_read_again() -> None:
    answers = iter([http_answer('{"a"', length=500), http_answer('{"a": 1}')])
    with server(lambda connection, _: connection.sendall(next(answers))) as (url, seen):
        assert Line().get(url) == {"a": 1}
    assert len(seen) == 2


def test_an_answer_that_makes_no_sense_is_read_again(wire: responses.RequestsMock) -> None:
    wire.get(URL, json={"unexpected": 1})
    wire.get(URL, json={"records": []})
    line = Line()

    def records() -> list[Any]:
        body = checked(line.session.get(URL))
        if "records" not in body:
            raise Garbled("no records")
        return list(body["records"])

    assert line.caller.read("listing", records) == []


@pytest.mark.parametrize(("headers", "wait"), [({}, 30.0), ({"Retry-After": "45"}, 45.0), ({"Retry-After": "2"}, 30.0)])
def test_a_429_is_sat_out(headers: dict[str, str], wait: float, wire: responses.RequestsMock) -> None:
    wire.get(URL, status=429, json=AIRTABLE_429, headers=headers)
    wire.get(URL, json={})
    line = Line()
    line.get()
    assert line.time.slept == [wait]


def test_a_fourth_429_ends_the_read(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=429, json=AIRTABLE_429)
    line = Line()
    with pytest.raises(Unreachable, match="RATE_LIMIT_REACHED"):
        line.get()
    assert (len(wire.calls), line.time.slept) == (4, [30.0] * 3)


def test_a_429_that_asks_for_hours_ends_the_run_at_once(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=429, json=AIRTABLE_429, headers={"Retry-After": "7200"})
    line = Line()
    with pytest.raises(Unreachable, match="7200 s"):
        line.get()
    assert line.time.slept == []


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_spent_allowance_is_not_retried(verb: str, wire: responses.RequestsMock) -> None:
    wire.add(verb.upper(), URL, status=429, json=BILLING_429)
    with pytest.raises(QuotaSpent, match="used up"):
        getattr(Line(), verb)()
    assert len(wire.calls) == 1


@pytest.mark.parametrize("verb", ["get", "post"])
def test_401_and_403_are_lost_access_and_can_be_told_apart(verb: str, wire: responses.RequestsMock) -> None:
    missing = {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "message": "or was not found"}}
    wire.add(verb.upper(), URL, status=401, json={"error": {"type": "AUTHENTICATION_REQUIRED"}})
    wire.add(verb.upper(), URL, status=403, json=missing)
    with pytest.raises(AuthLost, match="check AIRTABLE_API_KEY") as refused:
        getattr(Line(), verb)()
    assert not isinstance(refused.value, Forbidden)
    with pytest.raises(Forbidden, match=r"MODEL_NOT_FOUND.*does not exist"):
        getattr(Line(), verb)()


def test_a_refused_read_says_why(wire: responses.RequestsMock) -> None:
    wire.get(URL, status=422, json={"error": {"type": "UNKNOWN_FIELD_NAME", "message": 'Unknown field name: "X"'}})
    with pytest.raises(ReadRejected) as caught:
        Line().get()
    assert (caught.value.status, caught.value.kind) == (422, "UNKNOWN_FIELD_NAME")
    assert len(wire.calls) == 1


def test_nobody_there_is_unreachable_for_reads_and_writes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(Unreachable, match="ConnectionError"):
        Line().get(url)
    with pytest.raises(Unreachable, match="nothing was sent"):
        Line().post(url)


# -- writes


def test_a_connection_dropped_after_the_commit_is_one_post_and_unknown() -> None:
    def drop(connection: socket.socket, _: bytes) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    with server(drop) as (url, seen), pytest.raises(OutcomeUnknown):
        Line().post(url, resend_when_limited=True)
    assert len(seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_a_write_unknown_and_unsent_again(status: int, wire: responses.RequestsMock) -> None:
    wire.post(URL, status=status, json={"error": "RETRIABLE_ERROR"}, headers={"Retry-After": "1"})
    with pytest.raises(OutcomeUnknown):
        Line().post(resend_when_limited=True)
    assert len(wire.calls) == 1


def test_a_503_with_retry_after_is_not_resent_below_us_either() -> None:
    busy = http_answer("{}", "503 Service Unavailable", None, "Retry-After: 0")
    with server(send(busy)) as (url, seen), pytest.raises(OutcomeUnknown):
        Line().post(url)
    assert len(seen) == 1


def test_a_write_answered_by_a_truncated_body_is_unknown() -> None:
    with server(send(http_answer('{"id": "rec', length=900))) as (url, seen), pytest.raises(OutcomeUnknown):
        Line().post(url)
    assert len(seen) == 1


def test_a_429_refuses_a_write_and_closes_the_latch_for_everybody(wire: responses.RequestsMock) -> None:
    wire.post(URL, status=429, json=AIRTABLE_429)
    line = Line()
    with pytest.raises(WriteRejected) as caught:
        line.post()
    assert (caught.value.status, len(wire.calls), line.pace.closed_for()) == (429, 1, 30.0)
    wire.get(URL, json={})
    line.get()
    assert line.time.slept == [30.0]


def test_a_write_that_is_safe_to_repeat_goes_again_after_the_silence(wire: responses.RequestsMock) -> None:
    wire.post(URL, status=429, json=AIRTABLE_429)
    wire.post(URL, json={"ok": True})
    line = Line()
    assert line.post(resend_when_limited=True) == {"ok": True}
    assert line.time.slept == [30.0]


def test_a_refused_write_says_why(wire: responses.RequestsMock) -> None:
    wire.post(URL, status=422, json={"error": {"type": "ROW_DOES_NOT_EXIST", "message": "Record ID rec1"}})
    with pytest.raises(WriteRejected, match="ROW_DOES_NOT_EXIST: Record ID rec1") as caught:
        Line().post()
    assert (caught.value.status, caught.value.kind) == (422, "ROW_DOES_NOT_EXIST")
