"""What `doctor` looks at: can each credential do what a run needs, is the base as the dictionary says, what runs out.

Reads only. Each finding says what it saw and, where something is amiss, what to do. Effectful over `wiring`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.edge.crossbeam import CrossbeamApi
from mdfsync.edge.hubspot import account, capabilities, open_hubspot
from mdfsync.errors import MdfsyncError
from mdfsync.wiring import Wired

FREE_CALLS, FREE_RECORDS = 1_000, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One check. `fatal` = a run cannot work without it."""

    check: str
    ok: bool
    says: str
    do: str = ""
    fatal: bool = False


def diagnose(wired: Wired) -> list[Checked]:
    """Every check, none skipped because an earlier one failed."""
    return [*_airtable(wired), *_hubspot(wired), *_files(wired), *_caps(wired)]


def _airtable(wired: Wired) -> Iterator[Checked]:
    who = wired.base.whoami()
    name = str(who.get("email") or who.get("id"))
    own = wired.policy.approvals.is_worker(name)
    yield Checked(
        check="Airtable token", ok=True, says=f"belongs to {name}",
        do="" if own else "give the worker a user of its own and name it in approval-matrix.toml, worker_users",
    )  # fmt: skip
    lacking = len(wired.found.operations)
    yield Checked(
        check="base", ok=not lacking, fatal=bool(lacking),
        says=f"{wired.world.base_id}: {lacking or 'no'} tables or fields missing",
        do="mdfsync schema apply" if lacking else "",
    )  # fmt: skip
    for step in wired.found.manual:
        if step.blocking:
            yield Checked(check="base", ok=False, says=str(step), do="by hand in Airtable")
    taken = wired.state.get(f"adopted:{wired.world.base_id}")
    yield Checked(check="taken over", ok=bool(taken), says=taken or "not yet", do="" if taken else "mdfsync init")
    edits, _, notice = wired.base.edits(
        wired.state.feed_cursor(wired.world.base_id), now=wired.world.clock.now(), watch=False
    )
    yield Checked(
        check="change feed", ok=not notice, says=notice or f"readable, {len(edits)} edits since the last run",
        do="it is set up by init, schema apply and the first run; if it stays away, give the token webhook:manage and "
        "its user the creator role"
        if notice
        else "",
    )  # fmt: skip


def _hubspot(wired: Wired) -> Iterator[Checked]:
    api = open_hubspot(token=wired.world.hubspot_token, url=wired.world.hubspot_url, calls=wired.calls)
    try:
        portal = account(api)
        able = capabilities(api)
    except MdfsyncError as error:
        yield Checked(check="HubSpot", ok=False, fatal=True, says=str(error), do="check HUBSPOT_ACCESS_TOKEN")
        return
    yield Checked(check="HubSpot", ok=True, says=f"portal {portal.portal_id}, {portal.time_zone}, {portal.currency}")
    for source_id, lacking in sorted(able.items()):
        entry = wired.policy.register.sources.get(source_id)
        if entry is not None:
            yield Checked(
                check=source_id, ok=not lacking, fatal=bool(lacking) and entry.required,
                says=lacking or "readable", do=f"add {', '.join(entry.scope)}" if lacking else "",
            )  # fmt: skip


def _files(wired: Wired) -> Iterator[Checked]:
    now = wired.world.clock.now()
    for source_id, source in wired.ends(keep=False).sources(_empty(wired)).items():
        if source_id.startswith("hubspot."):
            continue
        if isinstance(source, CrossbeamApi):
            yield _crossbeam(source)
            continue
        pull = source.pull(None, full=False, known={}, now=now)
        says = pull.absent or pull.held or f"{len(pull.rows)} rows, {len(pull.rejects)} refused"
        yield Checked(check=source_id, ok=not (pull.absent or pull.held), says=says)


def _crossbeam(source: CrossbeamApi) -> Checked:
    try:
        lacking = source.capability()
    except MdfsyncError as error:
        lacking = str(error)
    fix = "authorise the integration again with these scopes, or leave CROSSBEAM_REFRESH_TOKEN blank"
    return Checked(check=source.source_id, ok=not lacking, says=lacking or "readable", do=fix if lacking else "")


def _empty(wired: Wired):  # type: ignore[no-untyped-def]
    from mdfsync.snapshot import build_snapshot

    return build_snapshot(wired.world.base_id, {}, wired.policy.dictionary, taken_at=wired.world.clock.now())


def _caps(wired: Wired) -> Iterator[Checked]:
    month = f"{wired.world.clock.now():%Y-%m}"
    calls = wired.state.calls(month).get("airtable", 0)
    yield Checked(
        check="Airtable calls this month", ok=calls < FREE_CALLS * 0.8 or wired.world.embedded,
        says=f"{calls} by this worker (the free plan allows {FREE_CALLS}, Team 100,000)",
    )  # fmt: skip
    records = sum(1 for table in wired.found.bind.tables for _ in wired.base.read_table(table))
    yield Checked(
        check="records", ok=records < FREE_RECORDS * 0.8 or wired.world.embedded,
        says=f"{records} (the free plan allows {FREE_RECORDS} a base, Team 50,000)",
    )  # fmt: skip
