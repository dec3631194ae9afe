"""What `doctor` looks at: can each credential do what a run needs, is the base as the dictionary says, what runs out.

Reads only. Each check says what it saw and, where something is amiss, what to do. A refusal ends its own check and
those that need what was refused; they are named as skipped, and every other one is still made. Effectful over `wiring`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.edge.crossbeam import CrossbeamApi
from mdfsync.edge.http import Forbidden
from mdfsync.edge.hubspot import account, capabilities, open_hubspot
from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_setup import property_states
from mdfsync.errors import MdfsyncError, Stopped
from mdfsync.mapping.portal import fault_of_property
from mdfsync.model import Snapshot
from mdfsync.policy import Policy
from mdfsync.ports import Source
from mdfsync.settings import Settings
from mdfsync.snapshot import build_snapshot
from mdfsync.wiring import Wired, wire

FREE_CALLS, FREE_RECORDS = 1_000, 1_000
SCOPES = "give the token its scopes and the base, and its user the creator role (docs/administrators.md)"

REFUSED = "give the token a scope that reads this object type, or leave its properties out of schema/tracking.toml"
SET_UP = "set them up in HubSpot (docs/administrators.md), or write the names of yours in schema/tracking.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One check. `fatal` = a run cannot work without it; `skipped` = not looked at, since what it needs was refused."""

    check: str
    ok: bool
    says: str
    do: str = ""
    fatal: bool = False
    skipped: bool = False


def diagnose(settings: Settings, policy: Policy) -> list[Checked]:
    """Every check that can be made. `UsageError` for settings that cannot be used at all."""
    unopened: dict[str, str] = {}
    with wire(settings, policy, unopened=unopened) as wired:
        stateless = "state" in unopened
        return [
            *_home(wired, unopened.get("state", "")),
            *_airtable(wired, stateless=stateless),
            *_hubspot(wired),
            *_files(wired),
        ]


def _refused(check: str, error: MdfsyncError, do: str) -> Checked:
    return Checked(check=check, ok=False, fatal=True, says=str(error), do=do)


def _skipped(needs: str, *checks: str) -> Iterator[Checked]:
    for check in checks:
        yield Checked(check=check, ok=False, skipped=True, says=f"not looked at, it needs {needs}")


def _home(wired: Wired, broken: str) -> Iterator[Checked]:
    """What lies on this machine: policy files, state, archive."""
    policy = wired.policy
    said = f"{policy.version}, {len(policy.register.sources)} sources, {len(policy.jobs)} jobs, consistent"
    yield Checked(check="policy", ok=True, says=said)
    if broken:
        restore = "restore it from the backup, or remove it and run `mdfsync init --adopt`"
        yield Checked(check="state", ok=False, fatal=True, says=broken, do=restore)
        yield from _skipped("the state", "taken over", "Airtable calls this month")
    else:
        yield from _state(wired)
    try:
        kept = len(wired.archive.entries())
    except MdfsyncError as error:
        yield _refused("archive", error, "mdfsync verify says what is wrong; restore it from the backup")
    else:
        yield Checked(check="archive", ok=True, says=f"{kept} deliveries (`mdfsync verify` checks every byte)")


def _state(wired: Wired) -> Iterator[Checked]:
    state, base_id = wired.state, wired.world.base_id
    faults = state.chain_verify(base_id)
    whole = f"{state.chain_head(base_id)[0]} sealed changes, the chain is whole"
    yield Checked(
        check="state", ok=not faults, says=faults[0] if faults else whole,
        do="mdfsync verify lists every fault; restore the state from the backup" if faults else "",
    )  # fmt: skip
    taken = state.get(f"adopted:{base_id}")
    yield Checked(check="taken over", ok=bool(taken), says=taken or "not yet", do="" if taken else "mdfsync init")
    calls = state.calls(f"{wired.world.clock.now():%Y-%m}").get("airtable", 0)
    yield Checked(
        check="Airtable calls this month", ok=calls < FREE_CALLS * 0.8 or wired.world.embedded,
        says=f"{calls} by this worker (the free plan allows {FREE_CALLS}, Team 100,000)",
    )  # fmt: skip


def _airtable(wired: Wired, *, stateless: bool) -> Iterator[Checked]:
    try:
        yield _token(wired)
    except Stopped as error:
        yield _refused("Airtable token", error, "check AIRTABLE_API_KEY")
        if not isinstance(error, Forbidden):
            yield from _skipped("a token that Airtable takes", "base", "change feed", "records")
            return
    try:
        wired.rebind()
    except Stopped as error:
        yield _refused("base", error, SCOPES)
        yield from _skipped("the schema of the base", "change feed", "records")
        return
    yield from _base(wired)
    yield from _skipped("the state", "change feed") if stateless else _feed(wired)
    yield _records(wired)


def _token(wired: Wired) -> Checked:
    who = wired.base.whoami()
    name = str(who.get("email") or who.get("id"))
    own = wired.policy.approvals.is_worker(name)
    return Checked(
        check="Airtable token", ok=True, says=f"belongs to {name}",
        do="" if own else "give the worker a user of its own and name it in approval-matrix.toml, worker_users",
    )  # fmt: skip


def _base(wired: Wired) -> Iterator[Checked]:
    lacking = len(wired.found.operations)
    yield Checked(
        check="base", ok=not lacking, fatal=bool(lacking),
        says=f"{wired.world.base_id}: {lacking or 'no'} tables or fields missing",
        do="mdfsync schema apply" if lacking else "",
    )  # fmt: skip
    for step in wired.found.manual:
        if step.blocking:
            yield Checked(check="base", ok=False, says=str(step), do="by hand in Airtable")


def _feed(wired: Wired) -> Iterator[Checked]:
    cursor = wired.state.feed_cursor(wired.world.base_id)
    try:
        edits, _, notice = wired.base.edits(cursor, now=wired.world.clock.now(), watch=False)
    except Stopped as error:
        edits, notice = (), str(error)
    yield Checked(
        check="change feed", ok=not notice, says=notice or f"readable, {len(edits)} edits since the last run",
        do="it is set up by init, schema apply and the first run; if it stays away, give the token webhook:manage and "
        "its user the creator role"
        if notice
        else "",
    )  # fmt: skip


def _records(wired: Wired) -> Checked:
    try:
        records = sum(1 for table in wired.found.bind.tables for _ in wired.base.read_table(table))
    except Stopped as error:
        return _refused("records", error, SCOPES)
    return Checked(
        check="records", ok=records < FREE_RECORDS * 0.8 or wired.world.embedded,
        says=f"{records} (the free plan allows {FREE_RECORDS} a base, Team 50,000)",
    )  # fmt: skip


def _hubspot(wired: Wired) -> Iterator[Checked]:
    try:
        api = open_hubspot(token=wired.world.hubspot_token, url=wired.world.hubspot_url, calls=wired.calls)
        portal = account(api)
        able = capabilities(api, {id: entry.scope for id, entry in wired.policy.register.sources.items()})
    except MdfsyncError as error:
        yield _refused("HubSpot", error, "check HUBSPOT_ACCESS_TOKEN")
        yield from _skipped("a token that HubSpot takes", "HubSpot sources")
        return
    yield Checked(check="HubSpot", ok=True, says=f"portal {portal.portal_id}, {portal.time_zone}, {portal.currency}")
    yield from _properties(wired, api)
    for source_id, lacking in sorted(able.items()):
        entry = wired.policy.register.sources.get(source_id)
        if entry is not None:
            yield Checked(
                check=source_id, ok=not lacking, fatal=bool(lacking) and entry.required,
                says=lacking or "readable", do=f"add {', '.join(entry.scope)}{_instead(source_id)}" if lacking else "",
            )  # fmt: skip


def _instead(source_id: str) -> str:
    """What else may be done where a scope alone does not help."""
    if source_id != "hubspot.campaign_totals":
        return ""
    return ", or do without: accounts without revenue attribution have no such report, and nothing depends on it"


def _properties(wired: Wired, api: HubspotApi) -> Iterator[Checked]:
    """The custom properties that `schema/tracking.toml` asks for, one check per object type."""
    for kind, names in wired.policy.tracking.required.items():
        check = f"HubSpot properties of {kind}"
        try:
            found = property_states(api, kind, names)
        except Stopped as error:
            yield Checked(check=check, ok=False, says=str(error), do=REFUSED)
            continue
        faults = [
            f"{wanted.name} {fault}"
            for wanted in wired.policy.tracking.properties
            if wanted.object_type == kind and (fault := fault_of_property(wanted, found[wanted.name]))
        ]
        says = "; ".join(faults) or f"{', '.join(names)}: as required"
        yield Checked(check=check, ok=not faults, says=says, do=SET_UP if faults else "")


def _files(wired: Wired) -> Iterator[Checked]:
    for source_id, source in wired.delivered(_nothing_read(wired)).items():
        yield _crossbeam(source) if isinstance(source, CrossbeamApi) else _file(wired, source_id, source)


def _file(wired: Wired, source_id: str, source: Source) -> Checked:
    try:
        pull = source.pull(None, full=False, known={}, now=wired.world.clock.now())
    except Stopped as error:
        return _refused(source_id, error, "look at the folder, its owner and the archive")
    says = pull.absent or pull.held or f"{len(pull.rows)} rows, {len(pull.rejects)} refused"
    required = wired.policy.register.sources[source_id].required
    if pull.absent and not required:
        says += "; if nobody delivers such a list, nothing is amiss"
    amiss = pull.held or (pull.absent and required)
    return Checked(check=source_id, ok=not amiss, says=says)


def _crossbeam(source: CrossbeamApi) -> Checked:
    try:
        lacking = source.capability()
    except MdfsyncError as error:
        lacking = str(error)
    fix = "authorise the integration again with these scopes, or leave CROSSBEAM_REFRESH_TOKEN blank"
    return Checked(check=source.source_id, ok=not lacking, says=lacking or "readable", do=fix if lacking else "")


def _nothing_read(wired: Wired) -> Snapshot:
    return build_snapshot(wired.world.base_id, {}, wired.policy.dictionary, taken_at=wired.world.clock.now())
