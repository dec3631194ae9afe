"""Files, rows and columns as they should not be: said in one line, kept in the archive, and nothing else is lost.

Every kind of `reference/reliability.md` 3.4 and 3.5 that these sources and this base can show. Several bad things
come in one run wherever they do not hide each other, as they do in life.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from flow_files import (
    EXPENSES,
    INVOICES,
    PAYMENTS,
    REQUESTS,
    SOURCES,
    USELESS,
    archived,
    drop,
    exports,
    inbox,
    read,
    row_of,
    with_cells,
    written,
)  # fmt: skip
from flow_lab import HEARTBEAT, Lab, Outcome, unrecorded
from flow_start import later, open_exceptions, set_deal

TOM = "tom.hale@northlight.example"
DATA = {"Expenses", "MDF Budgets", "Evidence", "Leads", "Shared Accounts"}


@pytest.fixture
def lab(fresh: Lab) -> Lab:
    """A world after its first run, a while later."""
    later(fresh)
    return fresh


def refreshed(lab: Lab) -> Outcome:
    """A run beside which a deal moved: it is done, says nothing of itself, and the deal has moved in the base."""
    set_deal(lab, "50010003", dealstage="qualifiedtobuy")
    mark = lab.mark()
    done = lab.run()
    assert "Traceback" not in done.err + done.out
    assert ("stage", "qualifiedtobuy") in {(w["field"], w["after"]) for w in lab.writes(mark, table="Opportunities")}
    assert not unrecorded(lab, mark)
    return done


def standing(lab: Lab) -> dict[str, dict[str, Any]]:
    """Cells of the Sources rows."""
    return {r["fields"]["source_id"]: r["fields"] for r in lab.rows("Sources")}


def rejected(lab: Lab, source: str) -> str:
    """What all exceptions about rejected rows of a source show."""
    rows = [r["fields"] for r in lab.rows("Exceptions")]
    return "\n".join(
        f"{r['message']}\n{r['evidence']}"
        for r in rows
        if (r["exception_type"], r["record"], r["status"]) == ("source_row_rejected", source, "open")
    )


# ---------------------------------------------------------------- files that cannot be used at all

ROUNDS: list[dict[str, str]] = [
    {EXPENSES: "empty", REQUESTS: "header only", INVOICES: "no text at all", PAYMENTS: "zip bomb"},
    {EXPENSES: "unbalanced quote", REQUESTS: "wrong delimiter", INVOICES: "a page instead", PAYMENTS: "old Excel"},
    {EXPENSES: "duplicate header", REQUESTS: "UTF-16 without its mark", PAYMENTS: "entities"},
    {EXPENSES: "a cell without end", INVOICES: "zip of something else", PAYMENTS: "half a workbook"},
]


@pytest.mark.parametrize("bad", ROUNDS, ids=["/".join(r.values()) for r in ROUNDS])
def test_a_useless_file_is_held_with_its_reason_and_everything_else_is_refreshed(lab: Lab, bad: dict[str, str]) -> None:
    bytes_of = {}
    for name, kind in bad.items():
        path = inbox(lab) / name
        good = path.read_bytes()
        bytes_of[name] = drop(lab, path, USELESS[kind][0](good))
    mark = lab.mark()
    done = refreshed(lab)
    for name, kind in bad.items():
        source, words = SOURCES[name], USELESS[kind][1]
        told = [line for line in done.out.splitlines() if line.startswith(f"held: {source}: ")]
        assert [words in line for line in told] == [True], (kind, told)
        assert (standing(lab)[source]["status"], words in standing(lab)[source]["status_reason"]) == ("held", True)
        assert ("source_cut_off", source) in open_exceptions(lab)
        assert archived(lab, bytes_of[name]), kind
    assert not {w["table"] for w in lab.writes(mark)} & DATA, "what the files said before stands"


def test_a_file_that_is_good_again_is_taken_and_its_exception_cleared(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    good = read(path)
    drop(lab, path, b"")
    lab.run()
    later(lab)
    drop(lab, path, written(with_cells(good, "EXP-3004", Vendor="Another vendor")))
    lab.run()
    assert ("source_cut_off", "finance.expenses") not in open_exceptions(lab)
    assert standing(lab)["finance.expenses"]["status"] == "fresh"
    proposals = [r["fields"] for r in lab.rows("Change History") if r["fields"]["field"] == "vendor_name"]
    assert [(p["record"], p["proposed_value"], p["state"]) for p in proposals] == [
        ("EXP-3004", "Another vendor", "pending")
    ]


# ---------------------------------------------------------------- rows that cannot be used

BAD_ROWS: list[tuple[str, dict[str, str], str]] = [
    ("EXP-1001", {"Commit_date": "03/04/2026"}, "Commit date: not a date in any of"),
    ("EXP-1002", {"Invoice_date": "0026-01-01"}, "Invoice date: year out of range"),
    ("EXP-1003", {"Net": "1.234,56"}, "Net: not a number as this layout writes it"),
    ("EXP-2001", {"Net": "NaN"}, "Net: not a number"),
    ("EXP-2002", {"Net": "1e5"}, "Net: not a number"),
    ("EXP-2003", {"Net": "9" * 40}, "Net: number out of range"),
    ("EXP-2004", {"Title": "a\x07bell"}, "holds a control character"),
    ("EXP-2005", {"Expense_ID": "1.23E+11"}, "expense_id is '1.23E+11': format the column as text"),
    ("EXP-2006", {"Expense_ID": ""}, "nothing to fill '{expense_id}' with"),
    ("EXP-2007", {"Expense_ID": "../../etc/passwd"}, "does not look like"),
]


def test_rows_that_cannot_be_read_are_listed_with_their_lines_and_the_others_are_used(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    table = read(path)
    for first, cells, _ in BAD_ROWS:
        table = with_cells(table, first, **cells)
    table += [["EXP-2008", "Another title", *row_of(table, "EXP-2008")[2:]]]
    table += [row_of(table, "EXP-3001")[:-4], [*row_of(table, "EXP-3002"), "too many"]]
    new = ["EXP-9001", *row_of(table, "EXP-3004")[1:]]
    data = drop(lab, path, written([*table, new]))
    mark = lab.mark()
    refreshed(lab)
    shown = rejected(lab, "finance.expenses")
    for first, _, words in BAD_ROWS:
        assert words in shown, (first, shown)
    assert "EXP-2008 stands in line 12, line 21: none of them is used" in shown
    assert "line 22: has 31 cells, the header has 35" in shown
    assert "line 23: has 36 cells, the header has 35" in shown
    assert archived(lab, data)
    assert lab.row("Expenses", expense_id="EXP-9001")["fields"]["net_amount"] == 6000
    assert {w["op"] for w in lab.writes(mark, table="Expenses")} == {"create"}
    gone = {record for kind, record in open_exceptions(lab) if kind == "vanished_from_source"}
    assert not gone, "a row that cannot be read is not gone"


def test_money_that_is_odd_but_readable_waits_for_a_person(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    table = with_cells(read(path), "EXP-2003", Net="(500.00)")
    drop(lab, path, written(with_cells(table, "EXP-2001", Currency="Euro")))
    mark = lab.mark()
    refreshed(lab)
    assert not lab.writes(mark, table="Expenses")
    proposals = {r["fields"]["record"]: r["fields"] for r in lab.rows("Change History")
                 if r["fields"]["field"] in {"net_amount", "expense_currency"}}  # fmt: skip
    assert (proposals["EXP-2003"]["proposed_value"], proposals["EXP-2003"]["state"]) == ("-500", "pending")
    assert (proposals["EXP-2001"]["proposed_value"], proposals["EXP-2001"]["state"]) == ("Euro", "pending")


def test_new_rows_with_strange_values_come_in_without_them_or_with_a_word_about_them(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    table = read(path)
    like = row_of(table, "EXP-3004")
    new = [[f"EXP-900{n}", *like[1:]] for n in (1, 2, 3)]
    table = with_cells([*table, *new], "EXP-9001", Other_funding="perhaps")
    table = with_cells(table, "EXP-9002", Currency="Euro")
    table = with_cells(
        table, "EXP-9003", Title='=HYPERLINK("http://evil.example")', Vendor="@SUM(1+1)*cmd|' /C calc'!A0"
    )
    drop(lab, path, written(table))
    refreshed(lab)
    rows = {r["fields"]["expense_id"]: r["fields"] for r in lab.rows("Expenses")}
    assert ("other_funding_declared" in rows["EXP-9001"], rows["EXP-9001"]["net_amount"]) == (False, 6000)
    assert "perhaps" in open_exceptions(lab)["unknown_value", "EXP-9001"]["evidence"]
    assert "Euro" in open_exceptions(lab)["unknown_value", "EXP-9002"]["evidence"]
    told = rows["EXP-9003"]
    assert (told["expense_title"], told["vendor_name"]) == (
        '=HYPERLINK("http://evil.example")', "@SUM(1+1)*cmd|' /C calc'!A0"
    )  # fmt: skip
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


# ---------------------------------------------------------------- files that are fine but odd


def test_marks_encodings_and_line_ends_change_nothing(lab: Lab) -> None:
    expenses, requests = inbox(lab) / EXPENSES, inbox(lab) / REQUESTS
    drop(lab, expenses, written(read(expenses)).decode().encode("utf-16"))
    drop(lab, requests, b"sep=;\n" + written(read(requests), ";").replace(b"\r\n", b"\n"))
    (inbox(lab) / "finance" / "expenses.csv.part").write_bytes(b"half a")
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


def test_text_that_is_not_utf8_is_read_as_the_mapping_says_and_that_is_said(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    drop(lab, path, written(with_cells(read(path), "EXP-3004", Vendor="Café Zürich")).decode().encode("cp1252"))
    done = lab.run()
    assert "note: finance.expenses: finance/expenses.csv: is not UTF-8, read as cp1252" in done.out
    proposed = [
        r["fields"]["proposed_value"] for r in lab.rows("Change History") if r["fields"]["field"] == "vendor_name"
    ]
    assert proposed == ["Café Zürich"]


def test_names_from_outside_never_become_paths(lab: Lab) -> None:
    folder = inbox(lab) / "finance"
    good = read(folder / "expenses.csv")
    for name, vendor in (("expenses..%2f..%2fx.csv", "One"), ("expenses\nnew\x1b[31m.csv", "Two")):
        later(lab)
        drop(lab, folder / name, written([good[0], *with_cells(good, "EXP-3004", Vendor=vendor)[-4:]]))
    (folder / "expenses-more.csv").symlink_to("/etc/passwd")
    done = lab.run()
    assert "leads out of the folder" in rejected(lab, "finance.expenses")
    assert "\x1b" not in done.out + done.err
    outside = [p for p in lab.home.rglob("*%2f*") if inbox(lab) not in p.parents]
    assert not outside
    assert not [p for p in (lab.home / "sandbox" / "archive").rglob("*") if p.is_symlink()]


def test_files_of_one_age_that_disagree_are_both_left_aside(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    other = path.with_name("expenses-copy.csv")
    drop(lab, other, written(with_cells(read(path), "EXP-3004", Vendor="Another vendor")))
    os.utime(other, (path.stat().st_mtime,) * 2)
    mark = lab.mark()
    lab.run()
    assert "files of one age say different things" in rejected(lab, "finance.expenses")
    assert not lab.writes(mark, table="Expenses")


# ---------------------------------------------------------------- deliveries that are older, doubled, cut, shrunken


def overlaps(lab: Lab) -> Path:
    """The export of Cobalt Harbor's list, which has more than 20 rows."""
    return next(path for path in exports(lab).iterdir() if "Cobalt" in path.name)


def test_an_older_export_and_the_same_one_again_change_nothing(lab: Lab) -> None:
    path = overlaps(lab)
    old = drop(lab, path.with_name(path.name.replace("2026-11-20", "2026-11-10")), written(read(path)[:4]))
    drop(lab, path.with_name(path.name.replace(".csv", " (1).csv")), path.read_bytes())
    drop(lab, path.with_name(path.name.replace("2026-11-20", "2026-11-21")), path.read_bytes())
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
    assert archived(lab, old)


def test_a_file_that_is_older_than_what_was_accepted_is_held(lab: Lab) -> None:
    path = inbox(lab) / EXPENSES
    drop(lab, path, written(read(path)[:-1]))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    mark = lab.mark()
    refreshed(lab)
    assert "older than the export that was accepted" in standing(lab)["finance.expenses"]["status_reason"]
    assert not lab.writes(mark, table="Expenses")


def test_a_list_of_exactly_a_hundred_rows_is_taken_as_cut_off_and_no_row_as_gone(lab: Lab) -> None:
    path = overlaps(lab)
    header, first = read(path)[:2]
    many = [[f"Account {n}", f"99{n:05d}", f"a{n}.example", *first[3:]] for n in range(100)]
    drop(lab, path.with_name(path.name.replace("2026-11-20", "2026-11-21")), written([header, *many]))
    done = lab.run()
    assert "has exactly 100 rows, an export limit" in done.out
    assert ("source_cut_off", "crossbeam.exports") in open_exceptions(lab)
    assert not {"vanished_from_source", "overlap_changed"} & {kind for kind, _ in open_exceptions(lab)}


def test_an_export_that_lost_most_rows_is_held_until_a_person_releases_it(lab: Lab) -> None:
    path = overlaps(lab)
    short = drop(lab, path.with_name(path.name.replace("2026-11-20", "2026-11-21")), written(read(path)[:6]))
    mark = lab.mark()
    refreshed(lab)
    assert "more than 15% are missing" in standing(lab)["crossbeam.exports"]["status_reason"]
    assert "Shared Accounts" not in {w["table"] for w in lab.writes(mark)}
    assert archived(lab, short)
    held = lab.row("Exceptions", exception_type="source_cut_off", record="crossbeam.exports")
    lab.edit(TOM, "Exceptions", held["id"], disposition="waive", waive_reason="cleaned up", waive_until="2026-12-31")
    later(lab)
    lab.run()
    assert lab.row("Exceptions", exception_id=held["fields"]["exception_id"])["fields"]["status"] == "waived"
    later(lab)
    lab.run()
    assert standing(lab)["crossbeam.exports"]["status"] == "fresh"
    told = [record for kind, record in open_exceptions(lab) if kind in {"overlap_changed", "vanished_from_source"}]
    assert sorted(told) == ["cp-1042-cobalt", "cp-1044-cobalt"], "one set per campaign and partner"
    assert not [w for w in lab.writes(0) if w["op"] == "delete"]


def test_a_list_that_nobody_has_to_deliver_is_told_by_the_doctor_and_not_by_every_run(lab: Lab) -> None:
    assert "partner.attendees" not in lab.run().out
    assert "if nobody delivers such a list, nothing is amiss" in lab.mdfsync("doctor").out


def test_a_source_without_its_file_is_absent_and_no_row_is_gone(lab: Lab) -> None:
    (inbox(lab) / EXPENSES).unlink()
    mark = lab.mark()
    refreshed(lab)
    told = standing(lab)["finance.expenses"]
    assert (told["status"], str(lab.home) in told["status_reason"]) == ("absent", False)
    assert not lab.writes(mark, table="Expenses")


# ---------------------------------------------------------------- what HubSpot should not say


def test_garbage_from_hubspot_is_rejected_cell_by_cell(lab: Lab) -> None:
    before = {r["fields"]["opportunity_id"]: r["fields"] for r in lab.rows("Opportunities")}
    set_deal(lab, "50010001", amount="abc")
    set_deal(lab, "50010002", closedate="99999999999999999999")
    set_deal(lab, "50010004", amount=["1"])
    set_deal(lab, "50010005", dealname="nul\x00l")
    set_deal(lab, "50010007", dealname="[bold]=1+1[/] <b>\u202e x")
    done = refreshed(lab)
    shown = rejected(lab, "hubspot.deals")
    for place in ("50010001.amount", "50010002.close_date", "50010004.amount", "50010005.deal_name"):
        assert place in shown, shown
    after = {r["fields"]["opportunity_id"]: r["fields"] for r in lab.rows("Opportunities")}
    for number, name in (("50010001", "amount"), ("50010002", "close_date"), ("50010005", "deal_name")):
        assert after[f"hs-deal-{number}"][name] == before[f"hs-deal-{number}"][name]
    assert after["hs-deal-50010007"]["deal_name"] == "[bold]=1+1[/] <b>\u202e x"
    assert done.code == 0


@pytest.mark.parametrize(("kind", "property"), [("companies", "name"), ("contacts", "firstname")])
def test_a_control_character_in_a_name_that_cells_quote_stops_no_run(lab: Lab, kind: str, property: str) -> None:
    known = "Leads" if kind == "contacts" else "Opportunities"
    column = "contact_id" if kind == "contacts" else "account_id"
    for id in {str(row["fields"].get(column, "")).removeprefix("hs-co-") for row in lab.rows(known)} - {""}:
        change = {"action": "change", "kind": kind, "id": id, "properties": {property: "bell\x07 \x1b[31m"}}
        lab.world.admin("POST", "hubspot", change)
    refreshed(lab)
    mark = lab.mark()
    lab.run()
    assert not [w for w in lab.writes(mark) if w["table"] != "Sync Runs"]


def test_a_text_that_airtable_will_not_take_is_left_out_and_said(lab: Lab) -> None:
    set_deal(lab, "50010001", dealname="x" * 120_000)
    done = refreshed(lab)
    assert "rejected Change History/" in done.out
    later(lab)
    done = lab.run()
    assert ("unknown_value", "hs-deal-50010001") in open_exceptions(lab)
    assert "kept back Opportunities/hs-deal-50010001.deal_name" in done.out
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
