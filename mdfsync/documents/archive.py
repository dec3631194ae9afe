"""The archive of a campaign: everything that a claim, a credit or a decision of it rests on, in one bundle.

    rows, originals, reports, history, policy, postmortem ─archived─> Archived (parts, manifest) ─write_bundle─> zip
    zip ─archive_faults─> what is wrong with it

    postmortem/   the draft, in its forms, and the proposed rule changes
    originals/    every attached file, byte for byte out of the evidence archive
    record/       rows of the campaign as they stand, their changes, holds and exceptions with their ends
    sources/      the manifest rows of the deliveries behind its cells
    reports/      reports of the runs that speak of it        documents/    what was made for it before
    policy/       all policy files in force

It adds no time of its own and does not say where it lies itself: the same inputs give the same bytes. What should be in
it and is not (a file that was purged or never came) is listed with the reason. It decides nothing about how long it is
kept; that is told in the manifest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from mdfsync.documents.archive_report import report_of
from mdfsync.documents.archive_rows import HISTORY, OWN_CELLS, SHARED, Rows, rows_of
from mdfsync.documents.bundle import Part, faults_of, part
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.keeping import file_name
from mdfsync.documents.postmortem_data import retention_data
from mdfsync.documents.postmortem_draft import Drafted
from mdfsync.errors import UsageError
from mdfsync.model import Subject
from mdfsync.policy import digest_of_files
from mdfsync.postmortem import last_day
from mdfsync.values import attachment_of
from mdfsync.view import Row

FORMAT = 1
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What lies outside the base. `original` opens the archived bytes of a hash (`KeyError` when they are gone);
    `deliveries` are the rows of the evidence archive's manifest; `blobs` = hashes of the deliveries behind cells, by
    row; `chain` are the sealed rows of Change History; `reports` and `documents` are files by their name in the
    bundle; `policy` = bytes by path."""

    original: Callable[[str], IO[bytes]]
    deliveries: Sequence[Mapping[str, Any]]
    blobs: Mapping[Subject, frozenset[str]]
    chain: Sequence[Mapping[str, str]]
    reports: Mapping[str, Path]
    documents: Mapping[str, Path]
    policy: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What goes into the bundle, in order, and its manifest without the files."""

    parts: tuple[Part, ...]
    manifest: Mapping[str, Any]


def archived(c: Concluded, drafted: Drafted, kept: Kept, papers: Mapping[str, Path]) -> Archived:
    """The archive of a campaign; `papers` are the forms of its postmortem by file name."""
    rows = rows_of(c.view, drafted.campaign)
    left_out: list[dict[str, str]] = []
    parts = [
        *(_file(f"postmortem/{name}", path, kind="postmortem") for name, path in sorted(papers.items())),
        *_originals(c, rows, kept, left_out),
        *_record(c, rows),
        _json("record/change-history-sealed.json", list(_sealed(rows, kept.chain)), kind="record"),
        _json("sources/deliveries.json", list(_deliveries(c, rows, kept)), kind="sources"),
        *_reports(drafted.campaign, rows, kept.reports, left_out),
        *(_file(f"documents/{name}", path, kind="document") for name, path in sorted(kept.documents.items())),
        *(part(f"policy/{name}", data, kind="policy") for name, data in kept.policy.items()),
    ]
    return Archived(parts=tuple(parts), manifest=_manifest(c, drafted, parts, left_out))


def _manifest(
    c: Concluded, drafted: Drafted, parts: Iterable[Part], left_out: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    campaign, last = drafted.campaign, last_day(c.view, drafted.campaign)
    counts: dict[str, int] = {}
    for one in parts:
        folder = one.name.partition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    return {
        "document": "archive",
        "format": FORMAT,
        "joint_campaign_id": campaign.id,
        "campaign_name": campaign.text("campaign_name") or None,
        "as_of": c.view.as_of.date().isoformat(),
        "interim": not drafted.over,
        "last_day": last.isoformat() if last else None,
        "policy": {"version": c.policy.version, "digest": c.policy.digest},
        "retention": retention_data(drafted),
        "counts": dict(sorted(counts.items())),
        "left_out": list(left_out),
    }


def _file(name: str, path: Path, **about: Any) -> Part:
    return Part(name=name, open=lambda: path.open("rb"), about=about)


def _reports(campaign: Row, rows: Rows, reports: Mapping[str, Path], left_out: list[dict[str, str]]) -> Iterator[Part]:
    """What the reports of runs say of the campaign's own rows."""
    ids = {row.id for table, of in rows.items() if table not in SHARED for row in of}
    for name, path in sorted(reports.items()):
        try:
            yield _json(f"reports/{name}", report_of(path.read_bytes(), campaign.id, ids), kind="report")
        except ValueError as fault:
            left_out.append({"what": f"reports/{name}", "why": f"cannot be read: {fault}"})


def _json(name: str, document: Any, **about: Any) -> Part:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    return part(name, text.encode("utf-8", "backslashreplace") + b"\n", **about)


# ---------------------------------------------------------------- originals


def _originals(c: Concluded, rows: Rows, kept: Kept, left_out: list[dict[str, str]]) -> Iterator[Part]:
    """Every attached file of the rows, once; those whose bytes are not there go to `left_out`."""
    purged = {row["sha256"]: row["purged_by"] for row in kept.deliveries if row["purged_by"]}
    made: set[str] = set()
    for row, name, sha, lost in _attached(c, rows):
        why = lost or _why_gone(kept, purged, sha)
        if why:
            left_out.append({"what": f"{row.place}: {name}", "why": why})
            continue
        place = f"originals/{file_name(row.subject.table)}/{file_name(row.place.id)}/{sha[:12]}-{_original_name(name)}"
        if place.casefold() not in made:
            made.add(place.casefold())
            about = {"kind": "original", "row": str(row.place), "original_name": name, "archived_as": sha}
            yield Part(name=place, open=partial(kept.original, sha), about=about)


def _attached(c: Concluded, rows: Rows) -> Iterator[tuple[Row, str, str, str]]:
    """(row, file's name, SHA-256, why it could not be read)."""
    fields = [spec for spec in c.policy.dictionary.all_fields() if spec.kind == "attachment"]
    for spec in fields:
        for row in rows.get(spec.table, ()):
            for item in row.items(spec.name):
                id, name, _ = attachment_of(item)
                read = c.view.facts.files.get(id)
                lost = "nobody has read it yet" if read is None else read.lost
                yield row, _told(name), read.sha256 if read else "", lost


def _told(name: str) -> str:
    """A file's name as a manifest can hold it: half a character, which some systems let through, is spelt out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _why_gone(kept: Kept, purged: Mapping[str, str], sha: str) -> str:
    try:
        with kept.original(sha):
            return ""
    except KeyError:
        return f"removed under {purged[sha]}" if sha in purged else "its bytes are not in the evidence archive"


def _original_name(name: str) -> str:
    """A file's name with its ending, where the ending is plain."""
    stem, dot, ending = name.rpartition(".")
    return f"{file_name(stem)}.{ending}" if dot and stem and _EXTENSION.fullmatch(ending) else file_name(name)


# ---------------------------------------------------------------- rows, history, sources


def _record(c: Concluded, rows: Rows) -> Iterator[Part]:
    for table, found in rows.items():
        spec = c.policy.dictionary.tables[table]
        told = []
        for row in found:
            cells = {name: text for name in spec.fields if name not in OWN_CELLS and (text := c.cell(row, name))}
            told.append({"id": row.id, "airtable_record_id": row.record_id, "cells": cells})
        yield _json(f"record/{file_name(table.lower().replace(' ', '-'))}.json", told, kind="record", rows=len(told))


def _sealed(rows: Rows, chain: Iterable[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Sealed changes of the rows with their hashes, those included whose row is not in the base any more."""
    known = {row.id for row in rows.get(HISTORY, ())}
    places = {(table, row.id) for table, found in rows.items() for row in found}
    campaigns = {row.id for row in rows["Campaigns"]}
    for row in chain:
        about = row.get("table", ""), row.get("record", "")
        if row.get("field") in OWN_CELLS:
            continue
        named = row.get("joint_campaign_id", "") in campaigns
        if row["change_id"] in known or named or (about in places and not row.get("joint_campaign_id")):
            yield dict(row)


def _deliveries(c: Concluded, rows: Rows, kept: Kept) -> Iterator[Mapping[str, Any]]:
    """Manifest rows of what stands behind the cells and of the originals, in the order of the evidence archive."""
    wanted = {sha for found in rows.values() for row in found for sha in kept.blobs.get(row.subject, ())}
    wanted |= {sha for _, _, sha, _ in _attached(c, rows)}
    return (dict(row) for row in kept.deliveries if row["sha256"] in wanted)


def blobs_behind(plans: Iterable[Mapping[str, Any]]) -> dict[Subject, frozenset[str]]:
    """Hashes of the deliveries from which archived plans wrote each row."""
    found: dict[Subject, set[str]] = {}
    for plan in plans:
        for change in plan["changes"]:
            place = Subject(table=change["table"], id=change["id"])
            said = (ref["blob"] for refs in change["refs"].values() for ref in refs if ref["blob"])
            found.setdefault(place, set()).update(said)
    return {place: frozenset(blobs) for place, blobs in found.items()}


def speaks_of(text: str, id: str) -> bool:
    """Whether a report names an id, by itself or inside the id of one of its rows."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(id)}(?![A-Za-z0-9])", text) is not None


# ---------------------------------------------------------------- checking


def archive_faults(path: Path) -> tuple[dict[str, Any], list[str]]:
    """(manifest, everything that is wrong) of an archive, as a zip or unpacked: a file that is not as listed, an
    original that is not the one that was archived, policy files that are not those in force. `UsageError` for what is
    no archive."""
    manifest, faults = faults_of(path)
    if not faults and manifest.get("document") != "archive":
        raise UsageError(f"{path} is a bundle, but no archive of a campaign")
    return manifest, [*faults, *content_faults(manifest)]


def content_faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What an archive's manifest gets wrong about its own files."""
    files = [file for file in manifest.get("files", ()) if isinstance(file, dict)]
    for file in files:
        if file.get("archived_as", file.get("sha256")) != file.get("sha256"):
            yield f"{file.get('name')}: is not the original that was archived"
    policy = {
        str(file["name"]).removeprefix("policy/"): file["sha256"] for file in files if file.get("kind") == "policy"
    }
    ordered = {name: policy[name] for name in sorted(policy, key=lambda name: Path(name))}
    said = manifest.get("policy", {})
    if policy and isinstance(said, dict) and digest_of_files(ordered) != said.get("digest"):
        yield "policy/: is not the policy that the manifest names"


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of `manifest.json` as it stands in the bundle: what names this archive."""
    text = json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n"
    return hashlib.sha256(text).hexdigest()
