"""The Sources table: the register's rows with each source's standing, and the guards on what a source delivers.

A delivery that is empty where the last was not, or much smaller, is held as a whole and named by its hash; a person's
waiver of exactly that exception releases exactly that delivery. Seen and pulled times stay in local state, so an
uneventful pull moves no cell. Pure functions; between the pulls and `plan` in the flow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mdfsync.model import SourcePull, Subject
from mdfsync.policy import Policy
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.publish import Published, computed_ref
from mdfsync.rules.source_cut_off import too_few, usual_rows
from mdfsync.values import digest, to_instant
from mdfsync.view import SourceHealth


def delivery_sha(pull: SourcePull) -> str:
    """Name of a delivery: what it said, not when."""
    rows = sorted([r.ref.external_id, json.dumps(r.body, sort_keys=True, default=str)] for r in pull.rows)
    files = sorted(pull.blobs) if pull.scope.get("newest_at") else []  # bytes of answers hold our own clock, files not
    return digest([rows, files, sorted(pull.gone)])[:32]


def held_key(sha: str) -> str:
    """Binds a waiver to one delivery."""
    return f"held {sha}"


def guard(pull: SourcePull, known: int, accepted: Sequence[int], setting: RuleSetting) -> str:
    """Why a delivery as a whole is not used; `""` when it may be. Only a complete listing can be judged by size, and
    only when rows are merely missing from it: what a source itself reports as removed was said and is no gap, and a
    listing that has every row we know takes nothing away, however few those are."""
    if pull.held:
        return pull.held
    if not setting.on or not pull.complete or not set(pull.gone) - set(pull.told):
        return ""
    usual = usual_rows(accepted) if accepted else known
    rows = known - len(pull.gone)
    if rows == 0:
        return f"the source returned nothing where it had {known} rows"
    if missing := too_few(setting, usual, rows):
        unread = f"; {_unread(pull)}" if pull.rejects else ""
        return f"{rows} rows where {usual} were usual: {missing} are missing{unread}"
    return ""


def _unread(pull: SourcePull) -> str:
    """How many rows could not be read, and what the first of them says: often the reason why so few are left."""
    return f"{len(pull.rejects)} could not be read, such as {pull.rejects[0].detail}"


def health(
    status: Mapping[str, Any], accepted: Sequence[int], pull: SourcePull | None, window: timedelta,
    required: bool, as_of: datetime,
) -> SourceHealth:  # fmt: skip
    """A source's standing from local state and this run's pull."""
    last = status.get("last_accepted_at")
    last_at = datetime.fromisoformat(last) if isinstance(last, str) and last else last or None
    held = pull.held if pull else str(status.get("held_reason") or "")
    absent = pull.absent if pull else str(status.get("absent_reason") or "")
    if pull is not None and not held and not absent:
        last_at = as_of
    scope = pull.scope if pull is not None and pull.scope else status.get("scope") or {}
    if scope.get("newest_at"):  # files age by their own time, however often we look at them
        last_at = to_instant(scope["newest_at"])
    standing = "held" if held else "absent" if absent else "never" if last_at is None else "fresh"
    if standing == "fresh" and last_at is not None and window and as_of - last_at > window:
        standing = "stale"
    return SourceHealth(
        last_accepted_at=last_at, refresh_window=window, status=standing, rows=int(status.get("rows") or 0),
        earlier_rows=tuple(accepted), required=required, held=held, absent=absent,
        notices=pull.notices if pull else (), sha=delivery_sha(pull) if pull and held else "",
        cut_off=status.get("cut_off", ()) if pull is None or held or absent else pull.cut_off,
    )  # fmt: skip


def publish_sources(out: Published, sources: Mapping[str, SourceHealth], policy: Policy, as_of: datetime) -> None:
    """One Sources row per register entry; its cells move only when the standing does."""
    for source_id, entry in policy.register.sources.items():
        standing = sources.get(source_id) or SourceHealth()
        reason = standing.held or standing.absent
        cells = {
            "title": entry.title,
            "system": entry.system,
            "authoritative_for": ", ".join(entry.authoritative_for),
            "owner": entry.owner,
            "refresh_window": _in_words(entry.refresh_window),
            "required": "yes" if entry.required else "no",
            "status": standing.status,
            "status_reason": reason or ("delivers within its window" if standing.status == "fresh" else "none"),
        }
        out.cells(Subject(table="Sources", id=source_id), cells, computed_ref("sources", as_of))


def _in_words(window: timedelta) -> str:
    hours = int(window.total_seconds() // 3600)
    return f"{hours // 24} days" if hours and hours % 24 == 0 else f"{hours} hours"
