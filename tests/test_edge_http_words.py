"""What errors say and what they must never carry: envelopes understood, tokens and requests left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from http_lab import AIRTABLE_429, BILLING_429, CANARY, URL, Line, http_answer, send, server

from mdfsync.edge.http import complaint, redacted, retry_after
from mdfsync.errors import MdfsyncError


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def _everything_on(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        pending += [current.__cause__, current.__context__]
        yield repr(current)
        yield repr(vars(current))
        if isinstance(current, requests.RequestException):
            yield f"{CANARY} is reachable"


@pytest.mark.parametrize("verb", ["get", "post"])
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "body": f"denied: Bearer {CANARY}"},
        {"status": 403, "json": {"error": {"type": "INVALID_PERMISSIONS", "message": f"token {CANARY}"}}},
        {"status": 422, "json": {"error": {"type": "X", "message": f"{CANARY}"}}},
        {"status": 429, "json": AIRTABLE_429},
        {"status": 429, "json": BILLING_429},
        {"status": 500, "body": CANARY},
        {"status": 200, "body": f"<html>{CANARY}"},
        {"status": 302, "headers": {"Location": f"https://elsewhere.example/{CANARY}"}},
        {"body": requests.ReadTimeout(f"timed out with {CANARY}")},
        {"body": requests.ConnectionError(f"reset with {CANARY}")},
    ],
)
def test_no_error_carries_the_token_or_the_request(
    verb: str, answer: dict[str, Any], wire: responses.RequestsMock
) -> None:
    wire.add(verb.upper(), URL, **answer)
    with pytest.raises(MdfsyncError) as caught:
        getattr(Line(), verb)()
    assert not [text for text in _everything_on(caught.value) if "CANARY" in text]


def test_wire_logs_show_no_query_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with server(send(http_answer("{}"))) as (url, _), caplog.at_level("DEBUG"):
        Line().get(f"{url}?filterByFormula=ana@northlight.example")
    assert "northlight" not in caplog.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"type": "T", "message": "m"}}, ("T", "m")),
        ({"error": {"type": "T"}}, ("T", "")),
        ({"error": "NOT_FOUND"}, ("NOT_FOUND", "")),
        ({"errors": [{"error": "RATE_LIMIT_REACHED", "message": "m"}]}, ("RATE_LIMIT_REACHED", "m")),
        ({"errors": [{"type": "T", "message": "m"}]}, ("T", "m")),
        (
            {"status": "error", "message": "m", "errorType": "RATE_LIMIT", "policyName": "DAILY"},
            ("DAILY", "m"),
        ),
        ({"status": "error", "message": "m", "category": "MISSING_SCOPES"}, ("MISSING_SCOPES", "m")),
        (
            {"status": "error", "message": "m", "category": "VALIDATION_ERROR", "errors": [{"message": "n"}]},
            ("VALIDATION_ERROR", "m"),
        ),
        ({"error": "invalid_grant", "error_description": "expired"}, ("invalid_grant", "expired")),
        (["odd"], ("", "")),
        (None, ("", "")),
    ],
)
def test_every_error_envelope_is_understood(body: Any, expected: tuple[str, str]) -> None:
    assert complaint(body) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "12"}, 12.0),
        ({"Retry-After": "soon"}, 0.0),
        (
            {"Retry-After": "Fri, 20 Nov 2026 05:01:30 GMT", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"},
            90.0,
        ),
        ({"Retry-After": "Fri, 20 Nov 2026 05:01:30 GMT"}, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sent Bearer {CANARY} twice", "sent [token] twice"),
        ("key pat0123456789abcd.deadbeef0123 bad", "key [token] bad"),
        ("key pat-na1-01234567-89ab-cdef bad", "key [token] bad"),
        ("a\nERROR forged\x07", "a ERROR forged"),
    ],
)
def test_messages_are_one_clean_line(text: str, expected: str) -> None:
    assert redacted(text) == expected
