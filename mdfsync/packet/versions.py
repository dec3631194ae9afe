"""One version of a packet and the next: what decides that there is one, and what is new in it.

    content ─content_digest─> same as the last version: that version again    other: the next one, with `changes`

Content is plain values (`documents/packet_data`) without version, prepared time or changes. What people sign is less:
lines, amounts and documents (`claimed_digest`), so that a signature shows whether it was given to the same claim. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdfsync.values import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version that was made. `sha256` and `manifest` name the zip and its manifest in the archive, `zip` the file's
    name; `lines` = what it claims, by line id."""

    version: int
    digest: str
    claimed: str
    prepared_at: str
    zip: str
    sha256: str
    manifest: str
    lines: Mapping[str, str]


def content_digest(content: Mapping[str, Any]) -> str:
    """The hash by which a version is told from the next."""
    return digest(dict(content))


def claimed_digest(currency: str, lines: Sequence[Mapping[str, Any]]) -> str:
    """The hash of what is claimed: currency, lines, amounts, documents."""
    return digest([currency, *([line["line_id"], line["amount"], *_documents(line)] for line in lines)])


def _documents(line: Mapping[str, Any]) -> list[str]:
    return sorted(
        f"{proof['evidence_id']} {file['sha256']}" for proof in line["proof"] for file in proof["files"] or [_NO_FILE]
    )


_NO_FILE = {"sha256": ""}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is new since the last version, in the order in which a reader looks: lines, amounts, evidence, the rest."""
    return [{"what": what, "was": was, "is": now} for what, was, now in _changes(before, after)]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    was, now = ({line["line_id"]: line for line in one["lines"]} for one in (before, after))
    currency = after["currency"]
    for id in sorted(was.keys() | now.keys()):
        if id not in now:
            yield f"line {id} left", f"{was[id]['amount']} {before['currency']}", _why_left(id, after)
        elif id not in was:
            yield f"line {id} entered", "", f"{now[id]['amount']} {currency}"
        else:
            yield from _of_line(id, was[id], now[id], currency)
    for name in after["totals"]:
        if before["totals"].get(name) != after["totals"][name]:
            yield (
                f"total {name}",
                _amount(before["totals"].get(name), currency),
                _amount(after["totals"][name], currency),
            )
    yield from _of_others(before, after)


def _of_line(id: str, was: Mapping[str, Any], now: Mapping[str, Any], currency: str) -> Iterator[tuple[str, str, str]]:
    if was["amount"] != now["amount"]:
        yield f"amount of line {id}", f"{was['amount']} {currency}", f"{now['amount']} {currency}"
    old, new = set(_documents(was)), set(_documents(now))
    for gone in sorted(old - new):
        yield f"evidence of line {id}", _document(gone), "left"
    for come in sorted(new - old):
        yield f"evidence of line {id}", "", _document(come)
    others = [name for name in now if name not in {"number", "amount", "proof"} and was.get(name) != now[name]]
    if others:
        yield f"details of line {id}", "", f"changed: {', '.join(name.replace('_', ' ') for name in others)}"


def _document(text: str) -> str:
    id, _, sha = text.partition(" ")
    return f"{id} ({sha[:12]})" if sha else f"{id} (no file)"


def _why_left(id: str, after: Mapping[str, Any]) -> str:
    found = next((barred for barred in after["not_claimed"] if barred["line_id"] == id), None)
    if found is None:
        return "no longer part of it"
    return f"{found['standing']}: {found['reasons'][0]['says']}" if found["reasons"] else str(found["standing"])


def _amount(amount: str | None, currency: str) -> str:
    return "not known" if amount is None else f"{amount} {currency}"


def _of_others(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Signatures one by one; of what is left, that it changed."""
    signed = {one["role"]: _signature(one) for one in before["sign_offs"]}
    for one in after["sign_offs"]:
        if signed.get(one["role"], "") != _signature(one):
            yield f"signature of {one['role']}", signed.get(one["role"], ""), _signature(one)
    told = {"lines", "totals", "sign_offs", "claimed_digest", "checks", "problems"}
    for name in after:
        if name not in told and before.get(name) != after[name]:
            yield name.replace("_", " "), "", "changed"


def _signature(one: Mapping[str, Any]) -> str:
    return f"{one['state']} {one['person']} {one['at'][:10]}".strip()
