"""The same world reached as any live service is: by URLs and tokens, with the same commands and nothing of the sandbox.

And the refusals around it: which world is meant is never guessed, and no credential ever leaves the environment.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from flow_lab import HEARTBEAT, WORKER, Lab, live, unrecorded
from flow_start import later, set_deal

from mdfsync.sandbox.hubspot import TOKEN

LIVE = ("AIRTABLE_API_KEY", "AIRTABLE_BASE_ID", "HUBSPOT_ACCESS_TOKEN")


@pytest.fixture
def world(fresh: Lab) -> Lab:
    later(fresh)
    return fresh


@pytest.fixture
def lab(world: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A new, empty base in that world, and a home that knows it by its address only."""
    base_id = world.world.admin("POST", "create_base", {"name": "Joint campaigns"})["id"]
    return live(world, monkeypatch, tmp_path / "live-home", base_id)


def furnished(lab: Lab) -> Lab:
    """The base built, its people's rows typed, one run done."""
    assert lab.mdfsync("init", "--yes").code == 0
    lab.world.admin("POST", "fill_in", {"base": lab.base_id})
    lab.run()
    return lab


# ---------------------------------------------------------------- the same work


def test_an_empty_live_base_is_built_filled_and_then_left_alone(lab: Lab) -> None:
    assert "run `mdfsync init`" in lab.mdfsync("run").err
    made = lab.mdfsync("init", "--yes")
    assert (made.code, "the base is taken over. Next: mdfsync run --plan" in made.out) == (0, True)
    lab.world.admin("POST", "fill_in", {"base": lab.base_id})
    mark = lab.mark()
    shown = lab.mdfsync("run", "--plan")
    assert (shown.code, lab.writes(mark)) == (0, [])
    first = lab.run()
    assert "sandbox" not in first.out + first.err
    assert {w["table"] for w in lab.writes(mark)} >= {"Opportunities", "Leads", "Shared Accounts", "Expenses", "Holds"}
    assert not unrecorded(lab, mark)
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
    assert (lab.home / "live" / "reports").is_dir()
    assert not (lab.home / "sandbox").exists()


def test_decisions_count_in_a_live_base_as_anywhere(lab: Lab) -> None:
    furnished(lab)
    set_deal(lab, "50010003", amount="71250")
    lab.run()
    row = lab.row("Change History", field="amount", record="hs-deal-50010003", state="pending")
    lab.edit(row["fields"]["owner"], "Change History", row["id"], disposition="approved")
    later(lab)
    mark = lab.mark()
    lab.run()
    deal = lab.row("Opportunities", opportunity_id="hs-deal-50010003")["fields"]
    decided = next(r["fields"] for r in lab.rows("Change History") if r["id"] == row["id"])
    assert (deal["amount"], decided["state"], decided["decided_by"]) == (71250, "applied", row["fields"]["owner"])
    assert not unrecorded(lab, mark)


def test_nothing_may_be_written_for_another_day(lab: Lab) -> None:
    furnished(lab)
    mark = lab.mark()
    refused = lab.mdfsync("run", "--as-of", "2026-12-24T00:00:00Z")
    assert (refused.code, "only together with --plan" in refused.err) == (2, True)
    assert lab.mdfsync("run", "--plan", "--as-of", "2026-12-24T00:00:00Z").code == 0
    assert lab.writes(mark) == []


def test_a_refresh_token_that_was_authorised_anew_replaces_the_one_that_was_kept(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = lab.world.life
    assert life is not None
    life.store.set("crossbeam.rotate_refresh", True)
    furnished(lab)
    life.store.set("crossbeam.refresh_token", "revoked")
    assert "CROSSBEAM_REFRESH_TOKEN" in lab.mdfsync("run").err
    life.store.set("crossbeam.refresh_token", "authorised-anew")
    monkeypatch.setenv("CROSSBEAM_REFRESH_TOKEN", "authorised-anew")
    lab.run()
    lab.run()


# ---------------------------------------------------------------- which world is meant


@pytest.mark.parametrize("missing", LIVE)
def test_some_but_not_all_credentials_stop_and_name_what_is_missing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    mark = lab.mark()
    for verb in (("run",), ("status",), ("doctor",), ("schema", "plan")):
        refused = lab.mdfsync(*verb)
        assert (refused.code, f"set {missing} too" in refused.err, refused.out) == (2, True, "")
    assert lab.writes(mark) == []
    assert not (lab.home / "sandbox").exists()


def test_live_mode_never_falls_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIVE:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MDFSYNC_MODE", "live")
    refused = lab.mdfsync("run")
    assert (refused.code, all(name in refused.err for name in LIVE)) == (2, True)
    assert not (lab.home / "sandbox").exists()


def test_a_home_that_served_a_live_base_never_falls_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lab.mdfsync("schema", "plan").code == 0
    for name in LIVE:
        monkeypatch.delenv(name)
    refused = lab.mdfsync("run")
    assert (refused.code, "serves a live base" in refused.err) == (2, True)
    assert not (lab.home / "sandbox").exists()


OFF_LOOPBACK = [
    "http://api.airtable.example",
    "http://127.0.0.1.evil.example",
    "http://localhost@evil.example",
    "ftp://x",
]


@pytest.mark.parametrize("setting", ["AIRTABLE_API_URL", "HUBSPOT_API_URL", "CROSSBEAM_API_URL"])
def test_plain_http_leaves_this_machine_for_no_service(lab: Lab, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    asked = lab.world.admin("GET", "requests")["total"]
    for url in OFF_LOOPBACK:
        monkeypatch.setenv(setting, url)
        refused = lab.mdfsync("run")
        assert refused.code == 2
        assert refused.err.startswith(f"mdfsync: {setting}: ")
        assert "only https, or http on this machine, is allowed" in refused.err
    assert lab.world.admin("GET", "requests")["total"] == asked, "refused before anything is asked"


def test_a_pace_that_airtable_punishes_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRTABLE_API_URL")
    refused = lab.mdfsync("run")
    assert (refused.code, "may not exceed 4.8" in refused.err) == (2, True)


# ---------------------------------------------------------------- credentials stay where they are


def test_an_env_file_that_others_can_read_is_refused(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name: os.environ[name] for name in LIVE}
    for name in LIVE:
        monkeypatch.delenv(name)
    monkeypatch.chdir(lab.home)
    env = Path(".env")
    env.write_text("".join(f"{name}={value}\n" for name, value in secrets.items()), encoding="utf-8")
    env.chmod(0o644)
    refused = lab.mdfsync("schema", "plan")
    assert (refused.code, "chmod 600 .env" in refused.err) == (2, True)
    env.chmod(0o600)
    assert lab.mdfsync("schema", "plan").code == 0


def forms(secret: str) -> set[bytes]:
    """How a secret may look where it should not be: as it is, in a URL, in base64 at any offset."""
    raw = secret.encode()
    shifted = (base64.b64encode(b"x" * n + raw + b"xxx")[4 if n else 0 : -8] for n in range(3))
    return {raw, quote(secret, safe="").encode(), raw[::-1], raw.hex().encode(), *shifted}


def test_no_credential_is_in_any_output_report_archive_or_state(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    airtable, hubspot = "patCanaryAirtable.0a1b2c+/=d3e4f5a6", "pat-na1-canary+/=0000-1111-2222-3333"
    refresh = "canary-refresh+/=44445555"
    life = lab.world.life
    assert life is not None
    lab.world.admin("POST", "people", {"email": WORKER, "token": airtable})
    with life.store.transaction():
        life.store.put("hubspot.tokens", hubspot, dict(life.store.all("hubspot.tokens")[TOKEN]))
        life.store.set("crossbeam.refresh_token", refresh)
        life.store.set("crossbeam.rotate_refresh", True)
    monkeypatch.setenv("AIRTABLE_API_KEY", airtable)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", hubspot)
    monkeypatch.setenv("CROSSBEAM_REFRESH_TOKEN", refresh)
    furnished(lab)
    said = [lab.mdfsync(*verb) for verb in (("run", "--json"), ("doctor",), ("status",), ("schema", "plan", "--json"))]
    kept_token = lab.home / "live" / "crossbeam-refresh-token"
    rotated = kept_token.read_text(encoding="utf-8").split()[-1]
    for path, service in (("^/v0/app", airtable), ("^/hubspot/crm", hubspot), ("^/crossbeam/oauth", rotated)):
        body = {
            "error": "invalid",
            "error_description": f"no {service}",
            "message": f"no {service}",
        }  # thrown back at us
        lab.world.admin("POST", "faults", {"kind": "answer", "path": path, "status": 401, "body": body})
        said.append(lab.mdfsync("run"))
        lab.world.admin("DELETE", "faults")
    assert [s.code for s in said] == [0, 0, 0, 0, 1, 1, 1]
    assert kept_token.stat().st_mode & 0o077 == 0
    secrets = (airtable, hubspot, lab.world.crossbeam["client_secret"], refresh, rotated)
    files = [p for p in lab.home.rglob("*") if p.is_file() and p != kept_token]
    assert len(files) > 20
    places = {str(p): p.read_bytes() for p in files}
    places |= {f"output {n}": (s.out + s.err).encode() for n, s in enumerate(said)}
    places |= {"urls": str([r["target"] for r in lab.world.admin("GET", "requests")["recent"]]).encode()}
    places |= {"base": str([lab.rows(t) for t in ("Change History", "Sources", HEARTBEAT, "Exceptions")]).encode()}
    found = [(where, secret[:12]) for where, data in places.items() for secret in secrets
             for form in forms(secret) if form in data]  # fmt: skip
    assert found == []
