"""The verb `archive`: a campaign that is over as one checked bundle, with its postmortem drafted from the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from rich.markup import escape

from mdfsync.archives import remember_archive
from mdfsync.cli.console import ERR, OUT, print_json
from mdfsync.cli.documents import as_json, campaign_named, concluding, forms, into, keep_files, kept
from mdfsync.documents.archive import Archived, Kept, archive_faults, archived, blobs_behind, manifest_digest, speaks_of
from mdfsync.documents.archive_rows import SHARED, rows_of
from mdfsync.documents.bundle import write_bundle
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.keeping import file_name
from mdfsync.documents.postmortem import PostmortemDocument, postmortem_document
from mdfsync.documents.render import Form
from mdfsync.errors import Refused, Stopped
from mdfsync.pipeline import PLANS
from mdfsync.policy import policy_files
from mdfsync.view import Row
from mdfsync.wiring import Wired

DIFF = "policy-changes.diff"
OWN = ("postmortem-", "archive-")
"""What this verb makes is no input of it."""


@click.command(epilog="Example: mdfsync archive JC-1042 --dry-run; mdfsync archive JC-1042")
@click.argument("campaign")
@click.option("--interim", is_flag=True, help="Also for a campaign that is not over; the base is not told of it.")
@click.option("--dry-run", is_flag=True, help="Say what would go in; write nothing.")
@forms("html", "pdf", "md", "json")
@into
@as_json
def archive(
    campaign: str, interim: bool, dry_run: bool, forms: tuple[Form, ...], out: Path | None, as_json: bool
) -> None:
    """A CAMPAIGN that is over, for the record: its postmortem drafted from what happened, rule changes proposed as a
    diff, and one checked bundle of its evidence, reports, decisions, history and the policy in force.

    Decisions stay with people: what to keep, stop and start, and what becomes of the campaign, are left to them.
    """
    with concluding(quiet=as_json) as (c, wired):
        row = campaign_named(c.view, campaign)
        policy = policy_files(wired.policy.root)
        made = postmortem_document(c, row, policy)
        if not made.drafted.over and not interim:
            raise Refused(f"{row.id} is not over; wait for its end, or take an interim archive with --interim")
        outside = _kept(c, wired, row, policy)
        if dry_run:
            endings = [*dict.fromkeys(forms), *([DIFF] if made.diff else [])]
            names = {f"{_stem(row)}.{ending}": Path() for ending in endings}
            _tell(archived(c, made.drafted, outside, names), made, (), "", as_json=as_json)
            return
        papers = _papers(made, forms, out, row, wired)
        bundle = archived(c, made.drafted, outside, {path.name: path for path in papers})
        stem = f"archive-{file_name(row.id)}{'' if made.drafted.over else '-interim'}"
        path = (out or wired.world.home / "archives") / f"{stem}.zip"
        digest = _written(path, bundle, quiet=as_json)
        if made.drafted.over:
            remember_archive(wired.state, wired.world.base_id, row.id, str(path.resolve()), digest)
        _tell(bundle, made, (*papers, path), digest, as_json=as_json)


def _papers(
    made: PostmortemDocument, forms: tuple[Form, ...], out: Path | None, row: Row, wired: Wired
) -> tuple[Path, ...]:
    """The postmortem in its forms, and the proposed rule changes where there are any."""
    papers = kept(made.paper, forms, out, row.id, _stem(row), wired)
    if made.diff:
        papers += keep_files({f"{_stem(row)}.{DIFF}": made.diff.encode()}, out, row.id, wired)
    return papers


def _stem(row: Row) -> str:
    return f"postmortem-{file_name(row.id)}"


def _written(path: Path, bundle: Archived, *, quiet: bool) -> str:
    """Write the bundle and check what was written; the digest of its manifest. A bundle that is not whole is not
    left."""

    def tell(name: str) -> None:
        if not quiet and ERR.is_terminal:
            ERR.print(f"  {escape(name)}", style="dim")

    manifest = write_bundle(path, bundle.parts, bundle.manifest, tell=tell)
    _, faults = archive_faults(path)
    if faults:
        path.unlink(missing_ok=True)
        raise Stopped(f"the archive is not whole and was removed: {faults[0]}; run `mdfsync verify`, restore a copy")
    return manifest_digest(manifest)


# ---------------------------------------------------------------- what lies outside the base


def _kept(c: Concluded, wired: Wired, row: Row, policy: Mapping[str, bytes]) -> Kept:
    base_id, home = wired.world.base_id, wired.world.home
    return Kept(
        original=wired.archive.open,
        deliveries=[asdict(delivery) for delivery in wired.archive.entries()],
        blobs=blobs_behind(_plans(wired)),
        chain=wired.state.chain(base_id),
        reports=dict(_reports(home / "reports", row.id)),
        documents=dict(_documents(c, home / "documents", row)),
        policy=policy,
    )


def _plans(wired: Wired) -> Iterator[Mapping[str, Any]]:
    for delivery in wired.archive.entries(PLANS):
        with suppress(KeyError):  # a plan that was purged tells nothing any more
            yield json.loads(wired.archive.get(delivery.sha256))


def _reports(folder: Path, id: str) -> Iterator[tuple[str, Path]]:
    """Reports of runs that speak of the campaign."""
    for path in sorted(folder.glob("*/*.json")):
        if (
            path.is_file()
            and not path.is_symlink()
            and speaks_of(path.read_text(encoding="utf-8", errors="replace"), id)
        ):
            yield f"{file_name(path.parent.name)}/{file_name(path.name)}", path


def _documents(c: Concluded, folder: Path, row: Row) -> Iterator[tuple[str, Path]]:
    """What was made before, for the campaign or for a row of its own: what is about a partner or a fund speaks of other
    campaigns too."""
    own = {table: rows for table, rows in rows_of(c.view, row).items() if table not in SHARED}
    ids = {one.id for rows in own.values() for one in rows if one.id}
    for name in sorted({file_name(id) for id in ids}):
        for path in sorted((folder / name).glob("**/*")):
            inside = path.is_file() and path.resolve().is_relative_to(folder.resolve())
            if inside and not path.is_symlink() and not path.name.startswith(OWN):
                place = "/".join(file_name(part) for part in path.relative_to(folder).parts)
                yield place, path


# ---------------------------------------------------------------- checking


def verify_archive(path: Path, *, as_json: bool) -> None:
    """Check an archive that somebody holds, without a base, a network or credentials; exit 1 when it is not whole."""
    manifest, faults = archive_faults(path)
    of = manifest.get("joint_campaign_id", "")
    if as_json:
        print_json({"ok": not faults, "archive": of or None, "problems": faults})
    else:
        for fault in faults:
            OUT.print(f"[red]{escape(fault)}[/]")
        named = f"archive of {of}, {len(manifest.get('files', ()))} files" if of else "archive"
        OUT.print(f"{'not whole' if faults else 'whole'}: {escape(named)}")
    if faults:
        raise Exit(1)


# ---------------------------------------------------------------- what is told


def _tell(bundle: Archived, made: PostmortemDocument, files: tuple[Path, ...], digest: str, *, as_json: bool) -> None:
    manifest = bundle.manifest
    if as_json:
        archive = {
            "dry_run": not digest, "zip": str(files[-1]) if files else None, "digest": digest or None, **manifest,
            "names": [one.name for one in bundle.parts],
        }  # fmt: skip
        print_json({**made.paper.data, "archive": archive, "files": [str(file) for file in files]})
        return
    OUT.print(f"[bold]{escape(made.paper.subtitle)}[/], {'for the record' if not manifest['interim'] else 'interim'}")
    for folder, count in manifest["counts"].items():
        OUT.print(f"  {folder}: {count} {'file' if count == 1 else 'files'}")
    for one in manifest["left_out"]:
        OUT.print(f"  [yellow]not in it:[/] {escape(one['what'])}: {escape(one['why'])}")
    until = manifest["retention"]["until"]
    OUT.print(f"  kept until {until or 'not known'}: {escape(manifest['retention']['by'])}")
    drafted = made.drafted
    OUT.print(
        f"  {len(drafted.found.deviations)} deviations, {len(drafted.found.lost)} lines lost or held, "
        f"{len(drafted.items)} items open, {len(drafted.learnt.changes)} rule changes proposed"
    )
    if not digest:
        OUT.print("[dim]dry run: nothing was written[/]")
        return
    OUT.print(f"  checked; manifest {digest}")
    for file in files:
        OUT.print(escape(str(file)))
