"""The sandbox's story: a world that is always current, holds the six holds honestly, and moves on by itself."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from story_lab import TABLES, build, fields_of

from mdfsync.sandbox import story
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.server import Running, Sandbox
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.dates import SEED, day_zero, resolve, seed_rows
from mdfsync.sandbox.story.papers import paper

ROOT = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def world(home: Path) -> Iterator[tuple[Store, Clock]]:
    store = Store(home / "world.sqlite")
    clock = Clock(store)
    with store.transaction():
        story.seed(store, clock)
    yield store, clock
    store.close()


@pytest.fixture
def running(home: Path) -> Iterator[Running]:
    sandbox = Sandbox(home).start()
    build(sandbox)
    yield sandbox
    sandbox.stop()


def advance(store: Store, clock: Clock, days: int) -> None:
    for _ in range(days):
        with store.transaction():
            clock.advance(1)
            story.advance(store, clock)


def rows_of(home: Path, name: str) -> list[dict[str, str]]:
    path = home / "drop" / "inbox" / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# -- dates


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("D", "2026-11-20"),
        ("D-40", "2026-10-11"),
        ("D+1T14:30:00", "2026-11-21T14:30:00.000Z"),
        ("Ran out {D-30}.", "Ran out 2026-10-21."),
        ("Dublin", "Dublin"),
    ],
)
def test_relative_dates_become_real_ones(text: str, real: str) -> None:
    assert resolve(text, date(2026, 11, 20)) == real


def test_no_record_is_newer_than_the_world(world: tuple[Store, Clock]) -> None:
    store, clock = world
    now = clock.text()
    for kind in ("deals", "contacts", "companies", "meetings", "calls", "emails", "notes", "tasks"):
        for id, doc in store.all(f"hubspot.{kind}").items():
            assert doc["createdAt"] <= doc["updatedAt"] <= now, (kind, id)


def test_the_world_begins_on_the_clocks_day(home: Path) -> None:
    store = Store(home / "other.sqlite")
    clock = Clock(store)
    clock.freeze(datetime(2031, 3, 1, 12, tzinfo=UTC))
    story.seed(store, clock)
    assert day_zero(store) == date(2031, 3, 1)
    assert store.all("hubspot.deals")["50010001"]["createdAt"] == "2030-11-21T10:20:00.000Z"
    store.close()


# -- the world's people and names


def test_everyone_is_at_an_example_address() -> None:
    texts = "\n".join(p.read_text(encoding="utf-8") for p in SEED.iterdir())
    addresses = re.findall(r"[\w.+-]+@([\w.-]+)", texts)
    assert addresses
    assert all(a.endswith(".example") for a in addresses)


def test_people_hold_the_roles_of_the_approval_matrix() -> None:
    matrix = (ROOT / "schema" / "approval-matrix.toml").read_text(encoding="utf-8")
    people = json.loads((SEED / "people.json").read_text(encoding="utf-8"))
    roles = {p["role"] for p in people} - {"worker"}
    assert all(f"[roles.{role}]" in matrix for role in roles)
    assert len({p["user_id"] for p in people}) == len({p["token"] for p in people}) == 7


# -- what operators type


def _batches() -> list[dict[str, Any]]:
    batches: list[dict[str, Any]] = json.loads((SEED / "rows.json").read_text(encoding="utf-8"))
    return batches


def test_operators_type_into_fields_of_the_dictionary_that_people_may_write() -> None:
    for batch in _batches():
        known = fields_of(batch["table"])
        for row in batch["rows"]:
            for name, value in row.items():
                field = known[name]
                relation = field["kind"] == "link"  # people may set it instead of the text id
                assert relation or field["write"] in {"identity", "operator", "propose"}, (batch["table"], name)
                choices = value if isinstance(value, list) else [value]
                assert not field.get("allowed") or set(choices) <= set(field["allowed"]), (name, value)


def test_the_cells_that_people_type_over_later_are_in_the_dictionary_too() -> None:
    days = json.loads((SEED / "days.json").read_text(encoding="utf-8"))["days"]
    edits = [e for events in days.values() for e in events if e["do"] == "type"]
    assert any(fields_of(e["table"])[name]["write"] == "track" for e in edits for name in e["set"])
    assert all(name in fields_of(e["table"]) for e in edits for name in e["set"])
    added = [e for events in days.values() for e in events if e["do"] == "add"]
    assert all(name in fields_of(e["table"]) for e in added for name in e["row"])


def test_every_id_that_a_row_names_is_a_row() -> None:
    ids: dict[str, set[str]] = {}
    for batch in _batches():
        key = TABLES[batch["table"]]["id_field"]
        ids.setdefault(key, set()).update(row[key] for row in batch["rows"])
    ids["mdf_request_id"] |= {r["Request ID"] for r in seed_rows("requests.csv", date(2026, 1, 1))}
    ids["expense_id"] |= {r["Expense ID"] for r in seed_rows("expenses.csv", date(2026, 1, 1))}
    ids["opportunity_id"] = {f"hs-deal-{r['id']}" for r in seed_rows("deals.csv", date(2026, 1, 1))}
    for batch in _batches():
        for row in batch["rows"]:
            for name in set(row) & set(ids) - {"evidence_ids"}:
                assert row[name] in ids[name], (batch["table"], name, row[name])


def test_finance_rows_name_campaigns_partners_and_funds_of_the_base() -> None:
    zero = date(2026, 1, 1)
    known = {value for b in _batches() for row in b["rows"] for value in row.values() if isinstance(value, str)}
    for row in seed_rows("requests.csv", zero):
        assert {row["Campaign ID"], row["Partner ID"], row["Fund ID"], row["Agreement ID"]} <= known
    for row in seed_rows("expenses.csv", zero):
        assert {row["Campaign ID"], row["Partner ID"]} <= known
        assert row["Deliverable ID"] in known | {""}


def test_rows_are_typed_by_the_people_themselves(running: Running) -> None:
    running.admin("POST", "fill_in", {})
    written = running.admin("GET", "writelog?after=0")
    actors = {e["actor"] for e in written}
    assert "mdfsync-worker@northlight.example" not in actors
    assert len(actors) == 6
    decided = [e for e in written if e["table"] == "Approvals" and e["field"] == "decision"]
    assert decided
    headers = {"Authorization": f"Bearer {running.airtable_token}"}
    url = f"{running.airtable_url}/v0/{running.base_id}/Deliverables"
    linked = requests.get(url, headers=headers, timeout=30).json()["records"]
    ads = next(r["fields"] for r in linked if r["fields"]["deliverable_id"] == "dl-1042-ads")
    assert len(ads["campaign"]) == 1
    assert "joint_campaign_id" not in ads


def test_decisions_get_a_column_that_says_who_made_them(running: Running) -> None:
    running.admin("POST", "fill_in", {})
    headers = {"Authorization": f"Bearer {running.airtable_token}"}
    url = f"{running.airtable_url}/v0/meta/bases/{running.base_id}/tables"
    tables = requests.get(url, headers=headers, timeout=30).json()["tables"]
    by_hand = {t["name"] for t in tables for f in t["fields"] if f["type"] == "lastModifiedBy"}
    assert by_hand == {name for name in TABLES if "disposition" in fields_of(name)}


def test_papers_are_pdf_files_of_their_lines() -> None:
    made = paper(["Invoice (1)", "Åse \\ Ørsted"])
    assert made.startswith(b"%PDF-1.4")
    assert made == paper(["Invoice (1)", "Åse \\ Ørsted"])
    assert int(made.rsplit(b"startxref\n", 1)[1].split()[0]) == made.index(b"xref\n0 ")


# -- the six holds


def test_each_of_the_six_holds_has_an_honest_cause(world: tuple[Store, Clock], home: Path) -> None:
    store, _ = world
    expenses = {r["Expense ID"]: r for r in rows_of(home, "finance/expenses.csv")}
    requests_ = {r["Request ID"]: r for r in rows_of(home, "finance/requests.csv")}
    typed = {next(iter(r.values())): r for b in _batches() for r in b["rows"]}
    # ineligible: committed before the approval; a barred kind of cost
    assert expenses["EXP-2006"]["Commit date"] < requests_["MDF-5101"]["Approval date"]
    assert "whisky" in expenses["EXP-2005"]["Description"]
    # disputed: two partners registered one deal
    assert typed["dr-0103"]["opportunity_id"] == typed["dr-0104"]["opportunity_id"]
    # unreconciled: on the partner's list, not in HubSpot
    emails = {d["properties"]["email"] for d in store.all("hubspot.contacts").values()}
    unknown = [r for r in rows_of(home, "partners/leads-cobalt-harbor.csv") if r["Work email"] not in emails]
    assert [r["Lead ID"] for r in unknown] == ["CH-0411"]
    # unsupported: influence claimed where there is an overlap and nothing else
    assert typed["attr-50010004-pt-cobalt-harbor"]["claimed_class"] == "influenced"
    touched = {r["contact"] for r in seed_rows("campaign_touches.csv", date(2026, 1, 1))}
    attended = {r["contact"] for r in seed_rows("participations.csv", date(2026, 1, 1))}
    assert "30135" not in touched | attended
    # missing proof: claimed and said to be paid, without payment document or proof of performance
    paid = {d["Expense ID"] for d in store.all("story.files.payments").values()}
    assert typed["rl-1042-6"]["expense_id"] == "EXP-2007"
    assert "EXP-2007" not in paid
    # outside the agreement: in the gap between two periods, or after the last
    assert expenses["EXP-2008"]["Activity start"] > resolve("D-46", day_zero(store))
    assert typed["dr-0106"]["submitted_at"] == "D-8T14:00:00"


# -- links of HubSpot to joint campaigns


def test_deals_are_tied_to_campaigns_in_each_of_the_four_ways(world: tuple[Store, Clock]) -> None:
    store, _ = world
    deals = {id: d["properties"] for id, d in store.all("hubspot.deals").items()}
    guids = {r["hubspot_campaign_id"] for b in _batches() for r in b["rows"] if r.get("hubspot_campaign_id")}
    assert deals["50010001"]["joint_campaign_id"] == "JC-1042"
    assert deals["50010012"]["hs_manual_campaign_ids"] in guids
    assert not deals["50010015"].get("joint_campaign_id")
    assert deals["50010008"]["utm_campaign"] == "cobaltharbor-spend-series"
    look_alike = [c for c in store.all("hubspot.campaigns").values() if "Co-branded" in c["properties"]["hs_name"]]
    assert not look_alike[0]["properties"]["joint_campaign_id"]


# -- files


def test_files_are_dropped_in_their_departments_own_shapes(world: tuple[Store, Clock], home: Path) -> None:
    inbox = home / "drop" / "inbox"
    invoices = (inbox / "finance" / "invoices.csv").read_bytes().decode("cp1252")
    assert '"4,200.00"' in invoices
    sheet = openpyxl.load_workbook(inbox / "finance" / "payments.xlsx", data_only=True).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert isinstance(rows[1][rows[0].index("Payment date")], datetime)
    assert rows[1][rows[0].index("Payment ID")] == "PAY-1001"


def test_exports_are_named_and_shaped_as_crossbeam_does(world: tuple[Store, Clock], home: Path) -> None:
    exports = sorted((home / "drop" / "crossbeam").iterdir())
    assert [p.name.split("_vs_")[1].split("_All_")[0] for p in exports] == ["Cobalt_Harbors", "Quillstacks"]
    with exports[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = next(r for r in rows if r["Record"] == "Bramblewick Foods")
    assert re.fullmatch(r'\("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+00:00"\)', first["Overlap Time"])
    assert first["Cobalt Harbor: Account Owner Name"] == "Ines Halloran"
    assert (first["Opportunities Amount"], first["Opportunities Count"]) == ("48000.0", "1")
    assert len(rows) not in {10, 50, 100, 1000}


def test_a_world_without_a_home_drops_no_files() -> None:
    store = Store(None)
    story.seed(store, Clock(store))
    assert len(store.all("story.files.expenses")) == 19


# -- the days


def test_a_deals_amount_swings_from_day_to_day(world: tuple[Store, Clock]) -> None:
    store, clock = world
    seen = []
    for _ in range(4):
        seen.append(store.all("hubspot.deals")["50010012"]["properties"]["amount"])
        advance(store, clock, 1)
    assert seen == ["62000", "68500", "62000", "68500"]


def test_the_first_day_brings_an_invoice_a_lead_and_the_same_export_again(
    world: tuple[Store, Clock], home: Path
) -> None:
    store, clock = world
    advance(store, clock, 1)
    quill = [p.read_bytes() for p in sorted((home / "drop" / "crossbeam").glob("*Quillstack*"))]
    assert len(quill) == 2
    assert quill[0] == quill[1]
    assert "BP-5702" in (home / "drop" / "inbox" / "finance" / "invoices.csv").read_text(encoding="cp1252")
    assert store.all("hubspot.contacts")["30191"]["properties"]["email"] == "tilde.aune@stellwerk.example"
    newest = max(s["submittedAt"] for s in store.all("hubspot.submissions").values())
    assert 0 <= clock.now().timestamp() * 1000 - newest < 60_000


def test_the_second_day_moves_overlaps_and_closes_a_deal(world: tuple[Store, Clock], home: Path) -> None:
    store, clock = world
    advance(store, clock, 2)
    newest = sorted((home / "drop" / "crossbeam").glob("*Cobalt*"))[-1].read_text(encoding="utf-8")
    assert "Hearthside Homes" in newest
    assert "Dunmore Biotech" not in newest
    assert store.all("hubspot.deals")["50010001"]["properties"]["hs_is_closed_won"] == "true"


def test_the_third_day_withdraws_sharing_and_a_value(world: tuple[Store, Clock]) -> None:
    store, clock = world
    advance(store, clock, 3)
    ostrea = [d for d in store.all("crossbeam.overlaps").values() if d["row"]["partner_name"].startswith("Ostrea")]
    assert ostrea
    assert all(d["deleted"] for d in ostrea)
    assert store.all("hubspot.deals")["50010014"]["properties"]["amount"] is None


def test_days_are_the_same_in_every_world(tmp_path: Path) -> None:
    def live(name: str) -> dict[str, Any]:
        store = Store(tmp_path / name / "world.sqlite")
        clock = Clock(store)
        clock.freeze(datetime(2026, 11, 20, 9, tzinfo=UTC))
        story.seed(store, clock)
        advance(store, clock, 9)
        found: dict[str, Any] = {c: dict(store.all(c)) for c in store.collections("hubspot.")}
        found["files"] = {p.name: p.read_bytes().hex() for p in sorted((tmp_path / name).rglob("*.csv"))}
        store.close()
        return found

    assert live("one") == live("two")


def test_a_person_types_over_a_synced_cell_once_the_row_is_there(running: Running) -> None:
    headers = {"Authorization": f"Bearer {running.airtable_token}"}
    url = f"{running.airtable_url}/v0/{running.base_id}/Opportunities"
    row = {"opportunity_id": "hs-deal-50010016", "amount": 78000}
    requests.post(url, json={"fields": row}, headers=headers, timeout=30).raise_for_status()
    running.admin("POST", "advance", {})
    last = running.admin("GET", "writelog?after=0&table=Opportunities")[-1]
    assert (last["actor"], last["field"], last["before"], last["after"]) == (
        "tom.hale@northlight.example",
        "amount",
        78000,
        82000,
    )


def test_a_reset_takes_the_old_worlds_files_away(running: Running, home: Path) -> None:
    stray = home / "drop" / "inbox" / "finance" / "expenses-old.csv"
    stray.write_text("x", encoding="utf-8")
    running.admin("POST", "reset", {})
    assert not stray.exists()
    assert (home / "drop" / "inbox" / "finance" / "expenses.csv").exists()
