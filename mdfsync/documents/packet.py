"""A packet as a paper: cover, totals, index, what is claimed and what is not, and each line with everything behind it.

    manifest + index of files ─packet_paper─> Paper      (`packet_pdf` puts the originals behind their lines)

Whoever pays on it reads this alone, so it says what the figures are of and where each proof stands. Results that were
promised come last and apart: they decide nothing about the money. A builder over plain values; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mdfsync.currencies import in_currency
from mdfsync.documents.packet_line import line_section
from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, SignHere, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.values import in_utc

Manifest = Mapping[str, Any]
_TOTALS = (
    ("planned", "Planned", "cost that was planned for all lines"),
    ("approved", "Approved", "cost that was approved for all lines"),
    ("actual", "Actual", "invoiced cost of all lines without tax, less credits"),
    ("eligible", "Eligible base", "the part of the cost that counts, of the lines that are claimed"),
    ("claimed", "Claimed in this packet", "the payer's share of that base, after every limit"),
    ("cut", "Cut", "asked for in the base beyond what the lines are worth"),
    ("held", "Held", "not claimed here: something has to be cured first"),
    ("disallowed", "Disallowed", "not claimed: cannot be claimed as it stands"),
)
_DIRECTIONS = {"we_claim": "we claim from the partner", "we_reimburse": "we reimburse the partner"}
_STANDING = {"held": "held", "rejected": "disallowed", "elsewhere": "in another claim"}
LINES_FROM = 11
"""Sections that stand before those of the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the index: where the file stands in the zip, its pages there, its page in the PDF (`""`: not shown, and
    `why`), its hash."""

    place: str
    of: str
    pages: str
    page: str
    sha256: str
    why: str = ""


def packet_paper(manifest: Manifest, index: Sequence[Entry]) -> Paper:
    """The packet as a paper. Section `LINES_FROM` and those after it are the lines, each from the top of a page."""
    of, draft = manifest["of"], manifest["draft"]
    version = f"draft of version {manifest['version']}" if draft else f"version {manifest['version']}"
    shown = {entry.place: entry for entry in index}
    return Paper(
        title="Reimbursement packet",
        subtitle=f"{of['title']} ({of['id']})" if of["title"] else of["id"],
        running=f"Packet {of['id']}, {version}, content {manifest['digest'][:16]}",
        about=tuple(_about(manifest, version)),
        notices=tuple(_notices(manifest)),
        sections=(
            Section(title="Money of this packet", blocks=(_totals(manifest),)),
            Section(title="Index of files", blocks=(_index(index),)),
            Section(title="What is claimed", blocks=tuple(_schedule(manifest))),
            Section(title="What is not claimed, and why", blocks=tuple(_not_claimed(manifest))),
            Section(title="Deviations from the plan", blocks=tuple(_deviations(manifest))),
            Section(title="What was let pass", blocks=tuple(_let_pass(manifest))),
            Section(title="Reconciliation", blocks=tuple(_checks(manifest))),
            Section(title="Who carries the cost", blocks=tuple(_match(manifest))),
            Section(title="Lead list", blocks=(_leads(manifest),)),
            Section(title="Sign-offs", blocks=tuple(_sign_offs(manifest))),
            Section(title="Changes since the last version", blocks=tuple(_changes(manifest))),
            *(line_section(manifest, line, shown) for line in manifest["lines"]),
            Section(title="Results that were promised", blocks=tuple(_results(manifest)), own_page=True),
        ),
        as_of=date.fromisoformat(manifest["prepared_at"][:10]),
        data=manifest,
    )


def amount_text(amount: str | None, currency: str) -> str:
    """An amount of the manifest as people read it."""
    return BLANK if amount is None else in_currency(Decimal(amount), currency)


def day_words(day: str) -> str:
    """A day of the manifest; whatever is no day stays as it was typed."""
    try:
        return day_text(date.fromisoformat(day)) if day else BLANK
    except ValueError:
        return day


def _about(manifest: Manifest, version: str) -> Iterator[tuple[str, str]]:
    of, period = manifest["of"], manifest["period"]
    number = f", the payer's number {of['payer_claim_number']}" if of["payer_claim_number"] else ""
    kind = "Claim" if of["table"] == "Reimbursements" else "MDF request"
    yield kind, f"{of['id']}{number}"
    yield "Claimant", manifest["claimant"] or BLANK
    yield "Payer", manifest["payer"] or BLANK
    yield "Addressed to", manifest["addressee"] or BLANK
    yield "Direction", _DIRECTIONS.get(manifest["direction"], "no paper says who pays whom")
    yield "Programme", "\n".join(manifest["programmes"]) or BLANK
    yield "Partner", _named(manifest["partner"])
    yield "Joint campaign", _named(manifest["campaign"])
    if period["start"] or period["end"]:
        yield "Period of the fund", f"{day_words(period['start'])} to {day_words(period['end'])}"
    yield "Currency", manifest["currency"] or BLANK
    yield "Prepared", in_utc(datetime.fromisoformat(manifest["prepared_at"]))
    yield "Filed by", manifest["preparer"] or BLANK
    yield "Version", f"{version}, policy {manifest['policy_version']}"
    yield "Content (SHA-256)", manifest["digest"]


def _named(named: Mapping[str, str]) -> str:
    return f"{named['name']} ({named['id']})" if named["name"] else named["id"] or BLANK


def _notices(manifest: Manifest) -> Iterator[Words]:
    if manifest["draft"]:
        why = "\n".join(manifest["problems"]) or "It was asked for as a draft."
        yield Words(text=f"DRAFT. Not to be filed or paid on.\n{why}", tone="warning")
    total = amount_text(manifest["totals"]["claimed"], manifest["currency"])
    count = len(manifest["lines"])
    lines = f"{count} line{'' if count == 1 else 's'}"
    yield Words(text=f"Claimed: {total} in {lines}. Every line is eligible as concluded when this was prepared.")


def _totals(manifest: Manifest) -> Grid:
    rows = [(title, amount_text(manifest["totals"][name], manifest["currency"]), says) for name, title, says in _TOTALS]
    return Grid(
        columns=("", "Amount", "What it is"), rows=tuple(rows), widths=(26, 22, 52), right=(1,), nature="calculation",
        sources=("Expenses", "Reimbursement Lines", "MDF Ledger"),
    )  # fmt: skip


def _index(index: Sequence[Entry]) -> Grid:
    rows = tuple((e.page or e.why, e.place, e.of, e.pages, e.sha256) for e in index)
    return Grid(
        columns=("Page", "File", "Belongs to", "Pages", "SHA-256"), rows=rows, widths=(13, 32, 14, 8, 33), nature="fact"
    )


def _schedule(manifest: Manifest) -> Iterator[Block]:
    currency = manifest["currency"]
    rows = tuple(
        (
            str(line["number"]), f"{line['title'] or line['expense_id']}\n{line['vendor']}\n{line['line_id']}",
            f"{line['invoice_number'] or BLANK}\n{line['invoice_date']}", _figure(line["cost"]), _figure(line["base"]),
            _share(line["share"]), _figure(line["amount"]),
        )
        for line in manifest["lines"]
    )  # fmt: skip
    if not rows:
        yield Words(text="No line is claimed.", nature="fact")
        return
    totals = manifest["totals"]
    total = ("", "Total", "", "", _figure(totals["eligible"]), "", _figure(totals["claimed"]))
    yield Grid(
        columns=("No.", "Line", "Invoice", f"Cost {currency}", f"Base {currency}", "Share", f"Claimed {currency}"),
        rows=(*rows, total), widths=(5, 31, 16, 13, 13, 8, 14), right=(3, 4, 5, 6), nature="calculation",
        sources=("Expenses", "Reimbursement Lines"),
    )  # fmt: skip


def _figure(amount: str) -> str:
    return f"{Decimal(amount):,}"


def _share(share: str | None) -> str:
    return "" if share is None else f"{(Decimal(share) * 100).normalize():f} %"


def _not_claimed(manifest: Manifest) -> Iterator[Block]:
    rows = tuple(
        (
            f"{barred['title'] or barred['expense_id']}\n{barred['vendor']}\n{barred['line_id']}".strip(),
            _STANDING[barred["standing"]], amount_text(barred["stated"], manifest["currency"]),
            "\n".join(r["says"] + (f" [{r['rule']}]" if r["rule"] else "") for r in barred["reasons"]),
        )
        for barred in manifest["not_claimed"]
    )  # fmt: skip
    if not rows:
        yield Words(text="Every line is claimed; none is held or disallowed.", nature="fact")
        return
    yield Grid(
        columns=("Line", "Standing", "Asked for", "Reasons, with the rule"), rows=rows, widths=(24, 13, 17, 46),
        right=(2,), nature="calculation", sources=("Holds", "Expenses"),
    )  # fmt: skip


def _deviations(manifest: Manifest) -> Iterator[Block]:
    if not manifest["deviations"]:
        yield Words(text="Nothing on the lines that are claimed differs from the plan.", nature="fact")
        return
    rows = tuple(
        (d["line_id"], d["what"], d["planned"], d["actual"], d["accepted"] or "nobody is on record")
        for d in manifest["deviations"]
    )
    yield Grid(
        columns=("Line", "What", "Plan", "Actual", "Accepted by"), rows=rows, widths=(16, 12, 26, 22, 24),
        nature="fact", sources=("MDF Budgets", "Deliverables", "Expenses", "Evidence", "Decisions"),
    )  # fmt: skip


def _let_pass(manifest: Manifest) -> Iterator[Block]:
    if not manifest["let_pass"]:
        yield Words(text="No hold was waived on the lines that are claimed, and no exception was used.", nature="fact")
        return
    rows = tuple(
        (p["line_id"], f"{p['what']} [{p['rule']}]", p["by"], "; until ".join(filter(None, (p["reason"], p["until"]))))
        for p in manifest["let_pass"]
    )
    yield Grid(
        columns=("Line", "What", "By", "Reason"),
        rows=rows,
        widths=(16, 40, 20, 24),
        nature="decision",
        sources=("Holds",),
    )


def _checks(manifest: Manifest) -> Iterator[Block]:
    currency = manifest["currency"]
    rows = tuple(
        (
            c["name"] + (f"\n{c['note']}" if c["note"] else ""), _side(c["left"], currency),
            "equals" if c["sign"] == "=" else "at least", _side(c["right"], currency), "yes" if c["holds"] else "NO",
        )
        for c in manifest["checks"]
    )  # fmt: skip
    yield Grid(
        columns=("Check", "This", "", "That", "Holds"), rows=rows, widths=(26, 28, 11, 28, 7), nature="calculation",
        sources=("Reimbursement Lines", "Evidence", "MDF Ledger"),
    )  # fmt: skip
    filed = any(c["name"].startswith("The ledger moved") for c in manifest["checks"])
    if not filed:
        words = "It is not filed yet, so the ledger has no claim of it; what it will take is still reserved."
        yield Words(text=words, nature="fact", sources=("MDF Ledger",))


def _side(side: Mapping[str, Any], currency: str) -> str:
    return f"{amount_text(side['amount'], currency)}\n{side['what']}"


def _match(manifest: Manifest) -> Iterator[Block]:
    currency = manifest["currency"]
    for match in manifest["match"]:
        promised = match["promised"]
        met = "" if promised is None else _met(Decimal(match["claimant"]), Decimal(promised))
        paper = match["evidence_id"] or "no document is named"
        missing = "" if match["evidence_there"] or not match["evidence_id"] else " (not in the base)"
        yield Pairs(
            title=f"Request {match['request_id']}",
            rows=(
                ("Cost of the lines claimed", amount_text(match["cost"], currency)),
                ("Of it, the payer", amount_text(match["payer"], currency)),
                ("Of it, the claimant", amount_text(match["claimant"], currency)),
                ("Match promised", "none" if promised is None else f"{amount_text(promised, currency)}; {met}"),
                ("Proof of the match", "not asked" if promised is None else paper + missing),
                ("Other funding", match["other_funding"]),
            ),
            nature="calculation", sources=("MDF Budgets", "Expenses"),
        )  # fmt: skip
    if not manifest["match"]:
        yield Words(text="No request stands behind a line that is claimed.", nature="fact")


def _met(carried: Decimal, promised: Decimal) -> str:
    if carried >= promised:
        return "the lines claimed here meet it"
    return "the lines claimed here do not reach it yet; it is promised for the whole request"


def _leads(manifest: Manifest) -> Words:
    leads = manifest["leads"]
    if leads is None:
        return Words(text="The programme asks for no list of people on these lines; none is included.", nature="fact")
    return Words(
        text=f"leads.csv and leads.xlsx name {leads['cleared']} people who may be named to {leads['for']}: consent is "
        f"on record, nobody opted out, no hold stands. {leads['held']} more are held and {leads['barred']} barred; "
        "they are not in the list. The list shows what was done; it is no list for sales.",
        nature="fact", sources=("Leads",),
    )  # fmt: skip


def _sign_offs(manifest: Manifest) -> Iterator[Block]:
    rows = tuple(
        (
            s["role"], s["person"], s["state"],
            in_utc(datetime.fromisoformat(s["at"])) if s["at"] else "", _signed_version(s),
        )
        for s in manifest["sign_offs"]
    )  # fmt: skip
    yield Grid(
        columns=("Role", "Person", "State", "When", "What"), rows=rows, widths=(23, 29, 12, 16, 20), nature="decision",
        sources=("Approvals", "schema/approval-matrix.toml"),
    )  # fmt: skip
    yield Words(text="Each signs as a different person, and none who filed, requested or submitted what is claimed.")
    places = tuple((s["role"], s["person"]) for s in manifest["sign_offs"] if s["state"] != "signed")
    if places:
        yield SignHere(places=places)


def _signed_version(sign_off: Mapping[str, Any]) -> str:
    if sign_off["fault"]:
        return str(sign_off["fault"])
    if sign_off["state"] != "signed":
        return ""
    if sign_off["version"] is None:
        return "before the first version"
    same = "same lines and amounts" if sign_off["same_lines"] else "lines or amounts have changed since"
    return f"version {sign_off['version']}: {same}"


def _changes(manifest: Manifest) -> Iterator[Block]:
    if manifest["changes_since"] is None:
        yield Words(text="This is the first version.", nature="fact")
        return
    rows = tuple((change["what"], change["was"], change["is"]) for change in manifest["changes"])
    yield Words(text=f"Against version {manifest['changes_since']}:")
    yield Grid(columns=("What", "Was", "Is"), rows=rows, widths=(34, 30, 36), nature="calculation")


def _results(manifest: Manifest) -> Iterator[Block]:
    yield Words(text="These decide nothing about what may be claimed, and are no proof of it.", tone="plain")
    if not manifest["promised_results"]:
        yield Words(text="No result was promised.", nature="fact")
        return
    rows = tuple((r["of"], r["promised"] or BLANK, r["actual"] or "not reported") for r in manifest["promised_results"])
    yield Grid(
        columns=("Of", "Promised", "Reached"), rows=rows, widths=(30, 40, 30), nature="fact",
        sources=("Campaigns", "MDF Budgets", "Deliverables"),
    )  # fmt: skip
