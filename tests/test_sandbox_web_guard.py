"""Who may ask the sandbox's page, and what its answers let a browser do."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_bench import FIELDS, LEE
from web_bench import Grid, open_grid

from mdfsync.sandbox import web
from mdfsync.sandbox.airtable.people import WORKER_EMAIL

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with open_grid(tmp_path_factory.mktemp("guard")) as opened:
        yield opened


def raw(grid: Grid, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, str]:
    """A request with exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", grid.sandbox.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def names(grid: Grid) -> list[str]:
    return [row["cells"].get("partner_id", "") for row in grid.rows("Partners")]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.168.1.2", "[::1"])
@pytest.mark.parametrize("path", ["/", "/_web/api/session", "/_web/app.js", "/_sandbox/people", "/_sandbox/health"])
def test_a_name_that_only_points_here_is_refused(grid: Grid, host: str, path: str) -> None:
    status, text = raw(grid, "GET", path, {"Host": host})
    assert status == 421 and "northlight" not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_loopback_by_any_name_is_let_in(grid: Grid, host: str) -> None:
    assert raw(grid, "GET", "/_web/api/session", {"Host": f"{host}:{grid.sandbox.port}"})[0] == 200


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:3000", "https://127.0.0.1", "http://127.0.0.1"])
def test_writes_from_other_origins_are_refused(grid: Grid, origin: str) -> None:
    before = names(grid)
    body = {"cells": {"partner_id": "pt-evil"}}
    status, _ = grid.refused("POST", "tables/Partners/rows", body, headers={"Origin": origin})
    assert status == 403 and names(grid) == before


def test_writes_of_the_page_itself_are_done(grid: Grid) -> None:
    origin = grid.sandbox.web_url.rstrip("/")
    body = {"cells": {"partner_id": "pt-page"}}
    same = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert grid.ask("POST", "tables/Partners/rows", body, headers=same).status_code == 200
    assert "pt-page" in names(grid)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["session", "explain?table=Partners&id=x"])
def test_other_sites_may_not_even_make_us_work(grid: Grid, site: str, path: str) -> None:
    assert grid.refused("GET", path, headers={"Sec-Fetch-Site": site})[0] == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost:3000"}, {"Origin": EVIL}, {"Sec-Fetch-Site": "same-site"}]
)
def test_no_other_page_of_this_machine_resets_the_world(grid: Grid, headers: dict[str, str]) -> None:
    base = grid.sandbox.base_id
    host = {"Host": f"127.0.0.1:{grid.sandbox.port}"}
    assert raw(grid, "POST", "/_sandbox/reset", host | headers, "{}")[0] == 403
    assert grid.sandbox.base_id == base


def test_a_link_from_another_site_may_lead_to_the_page(grid: Grid) -> None:
    headers = {"Host": f"127.0.0.1:{grid.sandbox.port}", "Sec-Fetch-Site": "cross-site"}
    assert raw(grid, "GET", "/", headers)[0] != 403


@pytest.mark.parametrize("person", ["", "nobody@northlight.example", WORKER_EMAIL, "usrMdfsyncWorker1"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "tables/Partners/rows", {"cells": {"partner_id": "pt-nobody"}}), ("POST", "advance", {}),
     ("POST", "run", {}), ("POST", "faults", {"name": "hubspot-down", "on": True}), ("DELETE", "faults", None)],
)  # fmt: skip
def test_writes_need_a_person_who_is_not_the_worker(grid: Grid, person: str, method: str, path: str, body: Any) -> None:
    before, day = names(grid), grid.get("session")["now"][:10]
    assert grid.refused(method, path, body, headers={"X-Sandbox-Person": person})[0] == 403
    assert names(grid) == before and grid.get("session")["now"][:10] == day


def test_no_form_of_another_site_can_write(grid: Grid) -> None:
    """A form sends no header of its own; without it nothing is written, whatever else the browser sends."""
    headers = {"Host": f"127.0.0.1:{grid.sandbox.port}", "Content-Type": "text/plain"}
    body = '{"cells": {"partner_id": "pt-form"}}'
    assert raw(grid, "POST", "/_web/api/tables/Partners/rows", headers, body)[0] == 403
    assert "pt-form" not in names(grid)


def test_people_keep_their_permissions(grid: Grid) -> None:
    grid.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "read"})
    lee = Grid(grid.sandbox, person=LEE)
    assert lee.refused("POST", "tables/Partners/rows", {"cells": {"partner_id": "pt-lee"}})[0] == 403
    grid.sandbox.admin("POST", "people", {"email": LEE, "permission_level": "edit", "revoked": True})
    assert lee.refused("POST", "tables/Partners/rows", {"cells": {"partner_id": "pt-lee"}})[0] == 403
    grid.sandbox.admin("POST", "people", {"email": LEE, "revoked": False})
    assert "pt-lee" not in names(grid)


@pytest.mark.parametrize("path", ["", "_web/api/session", "_web/api/nothing", "_web/nothing.js"])
def test_every_answer_carries_the_pages_policy(grid: Grid, path: str) -> None:
    answer = grid.session.get(grid.sandbox.web_url + path, timeout=10)
    assert answer.headers["content-security-policy"].split("; ") == [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "connect-src 'self'", "font-src 'self'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'",
    ]  # fmt: skip
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in answer.headers
    if path.startswith("_web/api"):
        assert answer.headers["cache-control"] == "no-store"


def test_a_preflight_of_another_origin_gets_no_permission(grid: Grid) -> None:
    headers = {"Origin": EVIL, "Access-Control-Request-Headers": "x-sandbox-person"}
    answer = grid.ask("OPTIONS", "tables/Partners/rows", headers=headers)
    assert answer.status_code >= 400 and "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/_web/../server.py", "/_web/%2e%2e/server.py", "/_web/..%2fserver.py", "/_web//etc/passwd", "/_web/%00", "/_web/",
     "/_web/vendor", "/_web/documents/../../server.py", "/_web/" + "a" * 5000],
)  # fmt: skip
def test_only_the_pages_own_files_are_served(grid: Grid, path: str) -> None:
    status, text = raw(grid, "GET", path, {"Host": "127.0.0.1"})
    assert status == 404 and "import" not in text


def test_the_pages_files_are_read_not_written(grid: Grid) -> None:
    assert raw(grid, "POST", "/_web/index.html", {"Host": "127.0.0.1"})[0] == 405


def test_a_request_may_not_be_endless(grid: Grid) -> None:
    field = next(f["name"] for f in FIELDS if f["type"] == "multipleAttachments")
    row = grid.add("Partners", partner_id="pt-1")["id"]
    data = b"x" * (web.LARGEST_BODY + 1)
    status, sentence = grid.refused("POST", f"tables/Partners/rows/{row}/attachments/{field}", data=data)
    assert status == 413 and "5 MB" in sentence


@pytest.mark.parametrize("data", ["{", "[]", "1", '"x"', "[" * 100_000])
def test_nonsense_is_refused_in_words(grid: Grid, data: str) -> None:
    status, sentence = grid.refused("POST", "tables/Partners/rows", data=data)
    assert status == 400 and sentence.endswith(".")
