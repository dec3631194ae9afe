"""The verb `packet`: the reimbursement packet of a claim or a request, as one zip that its payer can check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from filelock import FileLock
from rich.markup import escape

from mdfsync.cli.console import OUT, print_json, telling
from mdfsync.cli.documents import as_json, concluding, into
from mdfsync.currencies import in_currency
from mdfsync.documents.bundle import write_bundle
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.keeping import file_name, keep
from mdfsync.documents.money import money_data, money_words
from mdfsync.documents.packet_data import content_of
from mdfsync.documents.packet_places import Original, originals_of
from mdfsync.documents.packet_zip import packet_parts, sealed
from mdfsync.errors import Refused, Stopped, UsageError
from mdfsync.leads.outgoing import OutgoingList, held_by_findings, outgoing
from mdfsync.packet import Asked, packet_of
from mdfsync.packet.versions import Version, content_digest
from mdfsync.refreshing import Telling
from mdfsync.values import instant_text
from mdfsync.view import View
from mdfsync.view.packets import packets_key
from mdfsync.wiring import Wired

SOURCE = "mdfsync.packets"


@click.command(epilog="Example: mdfsync packet rb-1041-1 --out claims")
@click.argument("claim", metavar="CLAIM-or-REQUEST")
@click.option("--draft", is_flag=True, help="Make it although it may not go out as it is, marked as a draft.")
@into
@as_json
def packet(claim: str, draft: bool, out: Path | None, as_json: bool) -> None:
    """The reimbursement packet of a CLAIM (reimbursement_id) or a REQUEST (mdf_request_id): only lines that are
    eligible now, each with approval, invoice, payment and proof; the held and rejected ones with their reasons; totals
    that reconcile; the originals. One zip, the same for the same content; what changed makes the next version."""
    progress = telling(quiet=as_json)
    with concluding(quiet=as_json) as (c, wired), FileLock(wired.world.home / "packets.lock"):
        asked = asked_for(c.view, claim)
        making = _Making(c, wired, asked, progress)
        manifest, path, again = making.make(out, draft=draft)
        made = making.packet
        risk = c.money(
            campaign=made.campaign.id if made.campaign else "", partner=made.partner.id if made.partner else ""
        )
    if manifest is None:
        if as_json:
            print_json({"document": "packet", "id": asked.row.place.id, "zip": None, "problems": list(made.problems)})
            raise Exit(3)
        raise Refused(f"{asked.row.place.id}: {' '.join(made.problems)} Look at it with --draft.")
    if as_json:
        print_json({**manifest, "zip": str(path), "made_before": again, "money_at_risk": money_data(risk)})
        return
    _tell(manifest, again)
    for who, words in money_words(risk).items():
        OUT.print(f"[dim]{escape(who)}: {escape(words)}[/]")
    OUT.print(escape(str(path)))


def asked_for(view: View, wanted: str) -> Asked:
    """The one claim or request of that id or record id. `UsageError` when there is none or more than one."""
    rows = [*view.rows("Reimbursements"), *view.rows("MDF Budgets")]
    found = [row for row in rows if wanted in {row.id, row.record_id, str(row.place)}]
    found = found or [row for row in rows if row.id.casefold() == wanted.casefold()]
    if len(found) == 1:
        return Asked(row=found[0])
    if found:
        raise UsageError(f"{len(found)} rows carry the id {wanted!r}; name one by its record id")
    known = ", ".join(sorted(row.id for row in rows if row.id)[:8]) or "none"
    raise UsageError(
        f"no claim or MDF request {wanted!r} in the base; there are {known}{' …' if len(rows) > 8 else ''}"
    )


class _Making:
    """One packet being made: its content, and the versions before it."""

    def __init__(self, c: Concluded, wired: Wired, asked: Asked, progress: Telling) -> None:
        self.c, self.wired, self.asked, self.progress = c, wired, asked, progress
        with progress.stage("Gathering the packet"):
            self.packet = packet_of(_with_bytes(c.view, wired), asked, c.findings(), c.waived)
        self.id = asked.row.place.id
        self.key = packets_key(wired.world.base_id)
        kept: dict[str, list[dict[str, Any]]] = json.loads(wired.state.get(self.key) or "{}")
        self.kept = kept
        self.versions = tuple(Version(**entry) for entry in kept.get(self.id, ()))

    def make(self, out: Path | None, *, draft: bool) -> tuple[Mapping[str, Any] | None, Path | None, bool]:
        """(manifest, zip, whether this version was made before); no manifest where it may not be made."""
        draft_only = bool(self.packet.problems)
        if draft_only and not draft:
            return None, None, False
        leads = self._leads()
        content = content_of(self.c.view, self.packet, leads, self.versions, self.c.policy.version)
        folder = out or self.wired.world.home / "documents" / file_name(self.id)
        last = self.versions[-1] if self.versions else None
        same = last is not None and last.digest == content_digest(content) and not draft
        version, prepared_at, before = len(self.versions) + 1, instant_text(self.c.view.as_of), last
        if last is not None and same:
            version, prepared_at = last.version, last.prepared_at
            before = self.versions[-2] if len(self.versions) > 1 else None
            if (path := self._again(last, folder)) is not None:
                return self._manifest(last), path, True
        manifest = sealed(
            content, version=version, prepared_at=prepared_at, draft=draft,
            before=self._manifest(before) if before else None,
        )  # fmt: skip
        path = folder / f"packet-{file_name(self.id)}-{'draft' if draft else f'v{version}'}.zip"
        whole = self._write(path, manifest, leads)
        if not draft:
            self._keep(path, whole)
        return whole, path, same

    def _leads(self) -> OutgoingList | None:
        """The list of people for the partner, screened, where the programme asks for one."""
        packet = self.packet
        if not packet.asks_for_leads or packet.campaign is None or packet.partner is None:
            return None
        return outgoing(self.c.view, packet.campaign, packet.partner.id, held_by_findings(self.c.findings()))

    def _write(self, path: Path, manifest: Mapping[str, Any], leads: OutgoingList | None) -> dict[str, Any]:
        originals: Sequence[Original] = originals_of(self.packet)
        with self.progress.stage("Putting the packet together"):
            parts = packet_parts(
                manifest, originals, self.wired.archive.get, leads,
                fonts=self.wired.world.home.parent / "fonts", tell=self.progress.tick,
            )  # fmt: skip
            return write_bundle(path, parts, manifest, tell=self.progress.tick)

    def _again(self, last: Version, folder: Path) -> Path | None:
        """The version as it was made, out of the archive; `None` where that has it no more."""
        try:
            data = self.wired.archive.get(last.sha256)
        except KeyError:
            return None
        return keep(folder, {last.zip: data})[0]

    def _manifest(self, version: Version) -> dict[str, Any]:
        try:
            manifest: dict[str, Any] = json.loads(self.wired.archive.get(version.manifest))
        except KeyError:
            words = f"archive: what version {version.version} of {self.id} said is gone: restore it from the backup"
            raise Stopped(words) from None
        return manifest

    def _keep(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Archive the version and remember it."""
        data, text = path.read_bytes(), json.dumps(manifest, ensure_ascii=False).encode()
        put, at = self.wired.archive.put, self.c.view.as_of
        name = f"{self.id}/v{manifest['version']}"
        made = Version(
            version=manifest["version"], digest=manifest["digest"], claimed=manifest["claimed_digest"],
            prepared_at=manifest["prepared_at"], zip=path.name,
            sha256=put(SOURCE, f"{name}.zip", data, fetched_at=at, media_type="application/zip"),
            manifest=put(SOURCE, f"{name}.json", text, fetched_at=at, media_type="application/json"),
            lines={line["line_id"]: line["amount"] for line in manifest["lines"]},
        )  # fmt: skip
        others = [version for version in self.versions if version.version != made.version]
        self.kept[self.id] = [asdict(version) for version in (*others, made)]
        self.wired.state.put(self.key, json.dumps(self.kept, sort_keys=True))


def _with_bytes(view: View, wired: Wired) -> View:
    """The view, with each file that the archive has lost told as lost."""
    gone = {}
    there = {row.sha256 for row in wired.archive.entries() if not row.purged_by}
    for id, file in view.facts.files.items():
        if file.sha256 and file.sha256 not in there:
            gone[id] = replace(file, sha256="", lost="its bytes are no longer in the archive")
    if not gone:
        return view
    return replace(view, facts=replace(view.facts, files={**view.facts.files, **gone}), memo={})


def _tell(manifest: Mapping[str, Any], again: bool) -> None:
    totals, currency = manifest["totals"], manifest["currency"]
    word = "draft of version" if manifest["draft"] else "version"
    unchanged = ", unchanged since it was made" if again else ""
    total, count = in_currency(Decimal(totals["claimed"]), currency), len(manifest["lines"])
    OUT.print(
        f"[bold]{escape(manifest['of']['title'] or manifest['of']['id'])}[/]: {word} {manifest['version']}{unchanged}: "
        f"{total} in {count} line{'' if count == 1 else 's'}"
    )
    for problem in manifest["problems"]:
        OUT.print(f"  [yellow]draft only[/]: {escape(problem)}")
    for barred in manifest["not_claimed"]:
        reason = barred["reasons"][0]["says"] if barred["reasons"] else ""
        OUT.print(f"  {barred['standing']}: {escape(barred['line_id'])}: {escape(reason)}")
    for change in manifest["changes"]:
        OUT.print(
            f"  changed: {escape(change['what'])}: {escape(change['was'] or '-')} → {escape(change['is'] or '-')}"
        )
    unsigned = [one["role"] for one in manifest["sign_offs"] if one["state"] != "signed"]
    if unsigned:
        OUT.print(f"  not signed: {escape(', '.join(unsigned))}")
