"""HubSpot refuses a scope from the first run on: what rests on it is unknown, never absent, told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_lab import HEARTBEAT, Lab, open_lab
from flow_start import later, open_exceptions

from mdfsync.sandbox.hubspot import TOKEN

UNREAD = "HubSpot's contacts could not be read"


@pytest.fixture
def lab(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A world before its first run."""
    with open_lab(tmp_path, capsys, monkeypatch, frozen=True) as lab:
        yield lab


def scopes(lab: Lab, *, take: str = "", give: str = "") -> None:
    life = lab.world.life
    assert life is not None
    with life.store.transaction():
        had = life.store.all("hubspot.tokens")[TOKEN]
        kept = [scope for scope in had["scopes"] if scope != take] + ([give] if give else [])
        life.store.put("hubspot.tokens", TOKEN, {**had, "scopes": kept})


def assert_idle(lab: Lab) -> None:
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} <= {HEARTBEAT}


def told(text: str, cause: str) -> list[str]:
    return [line for line in text.splitlines() if cause in line]


def test_people_who_could_not_be_read_are_neither_missing_nor_known(lab: Lab) -> None:
    scopes(lab, take="crm.objects.contacts.read")
    done = lab.run()
    said = told(done.out, "needs scope crm.objects.contacts.read")
    assert [line.partition(":")[0] for line in said] == ["note", "absent"], "the links, and the sources in one line"
    assert {row["fields"]["reconciliation_status"] for row in lab.rows("Leads")} == {"unknown"}
    assert "cleared" not in {row["fields"]["outgoing_status"] for row in lab.rows("Leads")}
    kinds = {kind for kind, _ in open_exceptions(lab)}
    assert "source_stale" in kinds
    assert not {"follow_up_overdue", "link_disagreement"} & kinds
    rules = {(hold["fields"]["rule_id"], hold["fields"]["table"]) for hold in lab.rows("Holds")}
    assert ("unreconciled_lead", "Leads") not in rules
    leads = lab.mdfsync("leads", "JC-1041", "--format", "md")
    assert "13 leads count; 29 unknown" in leads.out
    assert len(told(leads.out, UNREAD)) == 1
    story = lab.mdfsync("journeys", "JC-1042", "--format", "md").out
    assert UNREAD in story
    page = next(lab.home.glob("sandbox/documents/JC-1042/journeys*.md")).read_text(encoding="utf-8")
    assert "there may be more leads, than counted here" in page
    for absent in ("names no contact", "HubSpot no longer had it", "Not sourced", "Direct"):
        assert absent not in story
    assert_idle(lab)


def test_people_are_known_once_the_scope_is_given(lab: Lab) -> None:
    scopes(lab, take="crm.objects.contacts.read")
    lab.run()
    scopes(lab, give="crm.objects.contacts.read")
    later(lab)
    assert "absent: hubspot" not in lab.run("--full").out
    assert "unknown" not in {row["fields"]["reconciliation_status"] for row in lab.rows("Leads")}
    assert_idle(lab)


def test_forms_that_are_refused_are_told_once_with_the_scope_that_doctor_names(lab: Lab) -> None:
    scopes(lab, take="forms")
    done = lab.run()
    assert told(done.out, "needs scope") == [
        "absent: hubspot.form_submissions: needs scope forms (HubSpot: 403 MISSING_SCOPES)"
    ]
    scopes(lab, take="sales-email-read")
    doctor = lab.mdfsync("doctor").out
    assert "needs scope crm.objects.contacts.read, sales-email-read" in doctor
    assert "→ add crm.objects.contacts.read, sales-email-read" in doctor
