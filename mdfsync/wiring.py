"""The one place where concrete ends meet the flow: settings in, `Ends` out.

It decides which world is meant, opens or joins the sandbox, opens state and archive of that mode, binds the base by its
schema, and hands the sources what they have to ask others for. Nothing else names an edge or the sandbox, and below it
nothing knows the present or an address.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mdfsync.build_base import Built, build_base, forget_lost, forget_made
from mdfsync.drift import Drift, drift
from mdfsync.edge.airtable import AirtableBase
from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.attachments import AttachedFiles
from mdfsync.edge.crossbeam import CrossbeamApi
from mdfsync.edge.crossbeam_files import CrossbeamExports
from mdfsync.edge.crossbeam_wire import CrossbeamWire
from mdfsync.edge.files import FileSource
from mdfsync.edge.http import is_loopback, require_safe_url
from mdfsync.edge.hubspot import hubspot_sources, named_properties, open_hubspot
from mdfsync.edge.hubspot_objects import LAG
from mdfsync.edge.pace import AIRTABLE_PER_SECOND, Calls, Pace
from mdfsync.edge.state import State
from mdfsync.errors import BaseBusy, Stopped, UsageError
from mdfsync.lease import this_process
from mdfsync.mirror import SeenRows
from mdfsync.model import Snapshot
from mdfsync.observe.linking import crm_numbers, linked_campaigns
from mdfsync.policy import Policy, load_policy
from mdfsync.ports import Source
from mdfsync.refreshing import Ends
from mdfsync.settings import LIVE_NEEDS, Mode, Settings
from mdfsync.values import digest

if TYPE_CHECKING:
    from mdfsync.sandbox.server import Running
    from mdfsync.sandbox.web.worker import Outside

PACKAGE = Path(__file__).parent
ACTIVITIES = ("meetings", "calls", "emails", "notes")
EMBEDDED_PER_SECOND = 500.0
_NOT_FOR_THE_PAGE = frozenset({*LIVE_NEEDS, "CROSSBEAM_CLIENT_SECRET", "CROSSBEAM_REFRESH_TOKEN", "FORCE_COLOR"})


@dataclass(frozen=True, slots=True)
class Clock:
    """The present. The sandbox's world may be days ahead; `offset` is its lead in seconds."""

    offset: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.offset, UTC)


def unhurried(per_second: float) -> Pace:
    """A pace whose burst grows with its rate."""
    return Pace(per_second, burst=max(5, int(per_second)))


@dataclass(slots=True, kw_only=True)
class World:
    """Addresses and credentials of one run, whichever world they lead to."""

    mode: Mode
    home: Path
    airtable_url: str
    airtable_token: str
    base_id: str
    hubspot_url: str
    hubspot_token: str
    crossbeam_url: str
    crossbeam: Mapping[str, str]
    inbox: Path
    exports: Path | None
    per_second: float
    hubspot_lag: timedelta = LAG
    clock: Clock = field(default_factory=Clock)
    admin: Callable[[str, str, Mapping[str, object]], object] | None = None

    def pace_of(self, url: str) -> Pace | None:
        """The pace for a service on this machine, which has no limits to respect; None = the service's own."""
        return unhurried(self.per_second) if _loopback(url) and self.per_second > AIRTABLE_PER_SECOND else None

    @property
    def embedded(self) -> bool:
        """Whether this is the sandbox, whose `admin` moves its world."""
        return self.admin is not None


def policy_root(settings: Settings) -> Path:
    """Where the policy files are: `MDFSYNC_POLICY`, else the repository's, else those in the package."""
    if settings.policy is not None:
        if not (settings.policy / "field-dictionary.json").is_file():
            raise UsageError(f"MDFSYNC_POLICY: no field-dictionary.json in {settings.policy}")
        return settings.policy
    repository = PACKAGE.parent
    return repository if (repository / "field-dictionary.json").is_file() else PACKAGE / "release"


def open_policy(settings: Settings) -> Policy:
    """The policy in force; `PolicyError` with every reason."""
    return load_policy(policy_root(settings))


@contextmanager
def open_world(settings: Settings) -> Iterator[World]:
    """The world that the settings mean; the embedded one is started, or joined where it is being served."""
    mode = settings.resolve_mode()
    home = settings.home_of(mode)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if mode == "live":
        yield _live(settings, home)
        return
    from mdfsync.sandbox.server import running

    folder = home / "world"
    folder.mkdir(exist_ok=True)
    joined = running(folder)
    serving = joined or start_sandbox(folder)
    try:
        lead = datetime.fromisoformat(serving.admin("GET", "health")["now"]).timestamp() - datetime.now(UTC).timestamp()
        yield World(
            mode="sandbox", home=home, airtable_url=serving.airtable_url, airtable_token=serving.airtable_token,
            base_id=serving.base_id, hubspot_url=serving.hubspot_url, hubspot_token=serving.hubspot_token,
            crossbeam_url=serving.crossbeam_url, crossbeam=serving.crossbeam, inbox=folder / "drop" / "inbox",
            exports=folder / "drop" / "crossbeam", per_second=EMBEDDED_PER_SECOND,
            hubspot_lag=timedelta(0), clock=Clock(lead),
            admin=serving.admin,
        )  # fmt: skip
    finally:
        if joined is None:
            serving.stop()


def start_sandbox(folder: Path, port: int = 0) -> Running:
    """Start the embedded world of a folder; what stands in the way is an error of ours."""
    import sqlite3

    from mdfsync.sandbox.server import Sandbox
    from mdfsync.sandbox.store import StoreBusy

    try:
        return Sandbox(folder, worker_of(folder.resolve().parent)).start(port)
    except StoreBusy:
        raise BaseBusy(f"the sandbox in {folder} is open in another process; use that one or stop it") from None
    except sqlite3.DatabaseError as error:
        raise Stopped(f"the sandbox in {folder} cannot be read ({error}); remove the folder for a new world") from None


def worker_of(home: Path) -> Outside:
    """What the sandbox's web page may run: this very program, on the sandbox of this home and on nothing else."""
    from mdfsync.sandbox.web.worker import Outside

    kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_PAGE}
    path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {
        "MDFSYNC_HOME": str(home.parent), "MDFSYNC_MODE": "sandbox", "NO_COLOR": "1", "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "COLUMNS": "120",
    }  # fmt: skip
    return Outside(
        command=(sys.executable, "-m", "mdfsync"), environment={**kept, **own},
        papers={"report": home / "reports", "document": home / "documents"},
    )  # fmt: skip


def _live(settings: Settings, home: Path) -> World:
    token, hubspot = settings.airtable_api_key, settings.hubspot_access_token
    if token is None or hubspot is None:  # resolve_mode has seen both
        raise UsageError("live credentials are missing")
    for name in ("airtable_api_url", "hubspot_api_url", "crossbeam_api_url"):
        require_safe_url(getattr(settings, name), name.upper())
    if settings.requests_per_second > AIRTABLE_PER_SECOND and not _loopback(settings.airtable_api_url):
        raise UsageError(
            "MDFSYNC_REQUESTS_PER_SECOND may not exceed 4.8: Airtable punishes the sixth request with 30 s"
        )
    secret, refresh = settings.crossbeam_client_secret, settings.crossbeam_refresh_token
    return World(
        mode="live", home=home, airtable_url=settings.airtable_api_url, airtable_token=token.get_secret_value(),
        base_id=settings.airtable_base_id, hubspot_url=settings.hubspot_api_url,
        hubspot_token=hubspot.get_secret_value(), crossbeam_url=settings.crossbeam_api_url,
        crossbeam={
            "client_id": settings.crossbeam_client_id,
            "client_secret": secret.get_secret_value() if secret else "",
            "refresh_token": refresh.get_secret_value() if refresh else "",
            "organization": settings.crossbeam_organization,
        },
        inbox=home / "inbox", exports=settings.crossbeam_export_dir, per_second=settings.requests_per_second,
    )  # fmt: skip


def _loopback(url: str) -> bool:
    from urllib.parse import urlsplit

    return is_loopback(urlsplit(url).hostname or "")


@dataclass(slots=True, kw_only=True)
class Wired:
    """An open base with everything around it."""

    world: World
    policy: Policy
    base: AirtableBase
    state: State
    archive: FolderArchive
    calls: Calls
    pace: Pace
    found: Drift

    def rebind(self) -> None:
        """Read the schema (again, after it was extended) and use its ids from now on."""
        self.found = drift(self.policy.dictionary, self.base.schema())
        self.base.bind(self.found.bind)
        if self.world.mode == "live":  # from now on this home never falls back to the sandbox
            (self.world.home / "base").write_text(self.world.base_id + "\n", encoding="utf-8")

    def build(self, tell: Callable[[str], None] = lambda _line: None) -> Built:
        """Carry out what the dictionary wants and the base lacks."""
        told = forget_lost(self.state, self.world.base_id, self.found, self.world.clock.now())
        built = build_base(self.base, self.policy.dictionary, self.found, tell=tell)
        forget_made(self.state, self.world.base_id, built)
        self.rebind()
        self.watch()
        return replace(built, told=told)

    def watch(self) -> str:
        """Have the change feed on before people type, so that their edits have an author; why not, if it cannot be."""
        base_id = self.world.base_id
        edits, cursor, notice = self.base.edits(self.state.feed_cursor(base_id), now=self.world.clock.now())
        if cursor is not None:
            self.state.save_edits(base_id, edits, cursor)
        return notice

    def ends(self, *, keep: bool, absence: bool = True) -> Ends:
        """The ends of a run; without `keep` nothing is remembered of what it pulls, without `absence` nothing is
        called gone."""
        seen = SeenRows(self.state, keep=keep, absence=absence)
        return Ends(
            base=self.base, state=self.state, archive=self.archive,
            sources=lambda snapshot: self._sources(snapshot, seen),
            files=AttachedFiles(self.archive, api_url=self.world.airtable_url, calls=self.calls), seen=seen,
            clock=self.world.clock, policy=self.policy, drift=self.found, requests=self.calls.counts,
            mode=self.world.mode, runner=this_process(),
        )  # fmt: skip

    def _sources(self, snapshot: Snapshot, seen: SeenRows) -> dict[str, Source]:
        return {**self._hubspot(snapshot, seen), **self.delivered(snapshot)}

    def delivered(self, snapshot: Snapshot) -> dict[str, Source]:
        """The sources beside HubSpot: Crossbeam, and the files that people deliver."""
        return {**self._crossbeam(snapshot), **self._files()}

    def _hubspot(self, snapshot: Snapshot, seen: SeenRows) -> dict[str, Source]:
        def ids(source: str) -> list[str]:
            return [row.ref.external_id for row in seen.rows(source)]

        def campaigns() -> list[str]:
            return sorted(linked_campaigns(seen.rows("hubspot.campaigns"), snapshot.tables.get("Campaigns", ())))

        def numbers() -> list[str]:
            return crm_numbers(seen.rows("hubspot.campaigns"), campaigns())

        def contacts() -> list[str]:
            return sorted(
                {str(row.body.get("contact_id", "")) for row in seen.rows("hubspot.campaign_contacts")} - {""}
            )

        def stages() -> list[str]:
            return [str(stage["id"]) for row in seen.rows("hubspot.pipelines") for stage in row.body.get("stages", ())]

        paths = [(source, path) for spec in self.policy.dictionary.all_fields() for source, path in spec.paths.items()]
        wishes = self.policy.rules["overlap_changed"].params["do_not_contact_properties"]  # names differ by portal
        world = self.world
        api = open_hubspot(
            token=world.hubspot_token, url=world.hubspot_url, calls=self.calls, pace=world.pace_of(world.hubspot_url),
            search_pace=world.pace_of(world.hubspot_url),
        )  # fmt: skip
        return hubspot_sources(
            api, self.archive, campaign_guids=campaigns, deal_ids=lambda: ids("hubspot.deals"), contact_ids=contacts,
            activity_ids=lambda: {kind: ids(f"hubspot.{kind}") for kind in ACTIVITIES}, stage_ids=stages,
            campaign_numbers=numbers,
            custom=named_properties(paths), either={"hubspot.companies": wishes},
            required=self.policy.tracking.required, lag=self.world.hubspot_lag,
            scopes={id: entry.scope for id, entry in self.policy.register.sources.items()},
        )  # fmt: skip

    def _crossbeam(self, snapshot: Snapshot) -> dict[str, Source]:
        out: dict[str, Source] = {}
        register = self.policy.register.sources
        partners = [
            name
            for row in snapshot.tables.get("Partners", ())
            for name in (row.get("crossbeam_partner_name"), row.get("partner_name"), row.get("legal_entity"))
            if name
        ]
        if self.world.exports is not None:
            entry = register["crossbeam.exports"]
            mappings = [self.policy.mappings[name] for name in entry.mapping]
            out[entry.source_id] = CrossbeamExports(
                entry.source_id, self.world.exports, entry.location, mappings, self.archive, partners=partners
            )
        if self.world.crossbeam["refresh_token"]:
            wire = CrossbeamWire(
                client_id=self.world.crossbeam["client_id"], client_secret=self.world.crossbeam["client_secret"],
                refresh_token=self._refresh_token(), rotated=self._keep_refresh_token, url=self.world.crossbeam_url,
                organization=self.world.crossbeam["organization"], calls=self.calls,
                pace=self.world.pace_of(self.world.crossbeam_url),
            )  # fmt: skip
            out["crossbeam.api"] = CrossbeamApi(wire, self.archive)
        return out

    def _token_file(self) -> Path:
        return self.world.home / "crossbeam-refresh-token"

    def _refresh_token(self) -> str:
        """The newest refresh token that followed from the one in the settings: Crossbeam may hand out another with each
        use. A new one in the settings begins anew."""
        path, given = self._token_file(), self.world.crossbeam["refresh_token"]
        origin, _, newest = path.read_text(encoding="utf-8").strip().partition(" ") if path.is_file() else ("", "", "")
        return newest if newest and origin == digest(given) else given

    def _keep_refresh_token(self, token: str) -> None:
        path = self._token_file()
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(f"{digest(self.world.crossbeam['refresh_token'])} {token}", encoding="utf-8")

    def _files(self) -> dict[str, Source]:
        out: dict[str, Source] = {}
        for entry in self.policy.register.sources.values():
            if entry.location and entry.source_id != "crossbeam.exports":
                mappings = [self.policy.mappings[name] for name in entry.mapping]
                out[entry.source_id] = FileSource(
                    entry.source_id,
                    self.world.inbox,
                    entry.location,
                    mappings,
                    self.archive,
                    self.policy.dictionary.tables,
                )
        return out


@contextmanager
def wire(settings: Settings, policy: Policy, *, unopened: dict[str, str] | None = None) -> Iterator[Wired]:
    """Everything open, bound and counted; closed again at the end. With `unopened` (for `doctor`) the base is left
    unbound, and a state that cannot be opened is noted there, an empty one in memory in its place."""
    with open_world(settings) as world:
        calls = Calls()
        pace = unhurried(world.per_second)
        base = AirtableBase(
            token=world.airtable_token, base_id=world.base_id, dictionary=policy.dictionary, pace=pace,
            api_url=world.airtable_url, calls=calls,
        )  # fmt: skip
        state = _open_state(settings.state_url or f"sqlite:///{(world.home / 'state.db').resolve()}", unopened)
        try:
            archive, found = FolderArchive(_archive_folder(settings, world)), drift(policy.dictionary, {})
            wired = Wired(
                world=world, policy=policy, base=base, state=state, archive=archive, calls=calls, pace=pace, found=found
            )
            if unopened is None:
                wired.rebind()
            yield wired
        finally:
            state.close()


def _open_state(url: str, unopened: dict[str, str] | None) -> State:
    try:
        return State.open(url)
    except Stopped as error:
        if unopened is None:
            raise
        unopened["state"] = str(error)
        return State.open("sqlite://")


def _archive_folder(settings: Settings, world: World) -> Path:
    if not settings.archive_url:
        return world.home / "archive"
    if "://" in settings.archive_url:
        raise UsageError("MDFSYNC_ARCHIVE_URL: only a folder is supported in this release")
    return Path(settings.archive_url)
