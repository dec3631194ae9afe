"""The verb `verify`: what this home keeps is whole, or a packet or an archive that somebody holds is.

Both are checked without a base, a network or credentials: whoever got it can run this.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from rich.markup import escape

from mdfsync.cli.archive import verify_archive
from mdfsync.cli.console import OUT, print_json
from mdfsync.currencies import in_currency
from mdfsync.documents.bundle import document_of
from mdfsync.documents.packet_check import packet_checks
from mdfsync.settings import load_settings
from mdfsync.wiring import open_policy, policy_root, wire


@click.command(epilog="Example: mdfsync verify packet-rb-1041-1-v1.zip")
@click.argument("bundle", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(bundle: Path | None, as_json: bool) -> None:
    """Check a BUNDLE, a packet or the archive of a campaign (its zip, or the folder it was unpacked to): hashes and
    manifest, of a packet also totals and lines. Without one: the evidence archive's bytes and chain, and the chain of
    Change History."""
    if bundle is None:
        _home(as_json=as_json)
    elif document_of(bundle) == "archive":
        verify_archive(bundle, as_json=as_json)
    else:
        _packet(bundle, as_json=as_json)


def _packet(path: Path, *, as_json: bool) -> None:
    schema = policy_root(load_settings()) / "schema" / "packet-manifest.schema.json"
    manifest, checked = packet_checks(path, json.loads(schema.read_text(encoding="utf-8")))
    whole = not any(one.faults for one in checked)
    if as_json:
        of: Any = manifest.get("of") if isinstance(manifest, dict) else None
        said = [{"what": one.what, "faults": list(one.faults)} for one in checked]
        print_json({"ok": whole, "packet": of, "version": manifest.get("version"), "checked": said})
    else:
        for one in checked:
            OUT.print(f"{'[red]not so[/]' if one.faults else 'yes'}: {escape(one.what)}")
            for fault in one.faults:
                OUT.print(f"  [red]{escape(fault)}[/]")
        if whole:
            draft = "a draft, not to be filed or paid on: " if manifest["draft"] else ""
            total = in_currency(Decimal(manifest["totals"]["claimed"]), manifest["currency"])
            OUT.print(f"whole: {draft}{escape(manifest['of']['id'])}, version {manifest['version']}, {total}")
        else:
            OUT.print("not whole: do not pay on it; ask its sender for the packet again")
    if not whole:
        raise Exit(1)


def _home(*, as_json: bool) -> None:
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        problems = [f"archive: {p}" for p in wired.archive.verify()]
        problems += [f"change history: {p}" for p in wired.state.chain_verify(wired.world.base_id)]
        count, head = wired.state.chain_head(wired.world.base_id)
    if as_json:
        print_json({"ok": not problems, "problems": problems, "chain": {"rows": count, "head": head}})
    else:
        for problem in problems:
            OUT.print(f"[red]{escape(problem)}[/]")
        OUT.print(f"{'not whole' if problems else 'whole'}: {count} sealed changes, head {head[:16]}")
    if problems:
        raise Exit(1)
