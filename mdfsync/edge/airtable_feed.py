"""The change feed: who changed which cell from what to what, out of Airtable's webhook payload log.

The log is polled, so no public address is needed. Our hook has no name; it is known by its specification, to
the letter and without a notification address, and other hooks are never touched. Payloads of one user action
share a transaction number and are taken together; our own writes come along and are told apart later, against
the journal. It refuses to pretend: where the log cannot have seen everything (no right to watch, hook gone or
expired, payloads older than the seven days that Airtable keeps), the interval is named in a notice. Beside
`airtable.py` at the edge; the flow sees `model.Edit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pyairtable import Base as RemoteBase

from mdfsync.edge.airtable_payloads import Binding, Json, edits_of
from mdfsync.edge.http import Caller, Forbidden, Garbled, ReadRejected
from mdfsync.errors import OutcomeUnknown, WriteRejected
from mdfsync.model import Edit
from mdfsync.policy.dictionary import Dictionary
from mdfsync.values import instant_text, to_instant

SPECIFICATION: Mapping[str, Any] = {
    "options": {
        "filters": {"dataTypes": ["tableData"]},
        "includes": {"includeCellValuesInFieldIds": "all", "includePreviousCellValues": True},
    }
}
PAGE = 50
KEPT = timedelta(days=7)
LOOKED_AT_EVERY = timedelta(hours=24)

Cursor = Mapping[str, Any]


class _NoFeed(Exception):
    """There is no hook to read; the text says why."""


@dataclass(slots=True)
class _Log:
    """What was read of a hook: payloads in order, the number of the next one, the holes that showed, and
    since when the hook is known to be dead."""

    payloads: list[Json] = field(default_factory=list)
    next: int = 1
    holes: list[str] = field(default_factory=list)
    dead_since: datetime | None = None


class Feed:
    """Polls one base's payload log. `poll` raises what `Caller.read` raises, except that missing rights and a
    hook that cannot be made end as a notice."""

    def __init__(self, base: RemoteBase, caller: Caller, dictionary: Dictionary, binding: Binding) -> None:
        self._api, self._url, self._caller = base.api, str(base.urls.webhooks), caller
        self._dictionary, self._binding = dictionary, binding

    def poll(
        self, cursor: Cursor | None, *, now: datetime, watch: bool = True
    ) -> tuple[tuple[Edit, ...], Cursor | None, str]:
        """(edits since the cursor, new cursor, notice).

        The cursor is JSON: `webhook` and `cursor` say what to read next, `until` how far the log has been
        read, `looked_at` when the hook itself was last seen alive. Without a cursor a hook of ours that is
        there is read from its beginning (state was lost), else one is made, unless `watch` is false.
        """
        if cursor is None:
            try:
                hook = self._ready(self._hooks(), now, watch)
            except _NoFeed as reason:
                return (), None, f"no change feed: {reason}"
            log = self._read(hook, 1, now)
            return self._told(log, hook, now, now)
        hook, until = str(cursor["webhook"]), to_instant(cursor["until"])
        looked_at = to_instant(cursor["looked_at"])
        log = self._read_known(hook, int(cursor["cursor"]), until, now)
        if now - until > KEPT:
            log.holes.insert(0, _interval(until, now - KEPT, "older than Airtable keeps"))
        if log.dead_since is not None or now - looked_at >= LOOKED_AT_EVERY:
            try:
                hook, looked_at = self._looked_after(log, hook, until, looked_at, now, watch), now
            except _NoFeed as reason:
                log.holes.append(_interval(log.dead_since or looked_at, now, str(reason)))
        return self._told(log, hook, looked_at, now)

    # -- the hook

    def _hooks(self) -> Sequence[Json]:
        def listed() -> Sequence[Json]:
            return list(self._api.get(self._url)["webhooks"])

        try:
            return self._caller.read("listing the webhooks", listed)
        except Forbidden:
            raise _NoFeed("the token may not manage webhooks (scope webhook:manage)") from None

    def _looked_after(
        self, log: _Log, hook: str, until: datetime, looked_at: datetime, now: datetime, watch: bool
    ) -> str:
        """The hook to read from now on: the same one while it lives, else another, whose log is read too."""
        hooks = self._hooks()
        known = next((h for h in hooks if h.get("id") == hook), None)
        if log.dead_since is None:
            log.dead_since = _dead_since(known, until, looked_at, now)
        if log.dead_since is None:
            return hook
        other = self._ready([h for h in hooks if h.get("id") != hook], now, watch)
        log.holes.append(_interval(log.dead_since, now, "the webhook was gone or expired and was made anew"))
        fresh = self._read(other, 1, now)
        log.payloads += fresh.payloads
        log.next = fresh.next
        log.holes += fresh.holes
        return other

    def _ready(self, hooks: Sequence[Json], now: datetime, watch: bool) -> str:
        """Id of a living hook with our specification, made if there is none."""
        for hook in hooks:
            ours = _stated(hook.get("specification")) == _stated(SPECIFICATION)
            if ours and not hook.get("notificationUrl") and _dead_since(hook, now, now, now) is None:
                return str(hook["id"])
        if not watch:
            raise _NoFeed("its webhook is made by a run that may write")
        try:
            return self._caller.write("making the webhook", self._make, resend_when_limited=True)
        except Forbidden:
            raise _NoFeed("the token may not make a webhook (creator role)") from None
        except (WriteRejected, OutcomeUnknown) as error:
            # If it was made after all, the next poll finds it by its specification.
            raise _NoFeed(str(error)) from None

    def _make(self) -> str:
        return str(self._api.post(self._url, json={"specification": dict(SPECIFICATION)})["id"])

    # -- the log

    def _read_known(self, hook: str, start: int, until: datetime, now: datetime) -> _Log:
        """The log of the cursor's hook. Airtable answers for a hook that is gone as for one that we may not
        see, so a refusal means no more than "look at the list of hooks"."""
        try:
            return self._read(hook, start, now)
        except (ReadRejected, Forbidden):
            return _Log(next=start, dead_since=until)

    def _read(self, hook: str, start: int, now: datetime) -> _Log:
        log = _Log(next=start)
        more = True
        while more:
            asked = log.next
            payloads, log.next, more = self._caller.read("reading the change feed", partial(self._page, hook, asked))
            missed = log.next - asked - len(payloads)
            if missed > 0:
                before = str(payloads[0].get("timestamp")) if payloads else instant_text(now)
                log.holes.append(f"{missed} changes before {before} are no longer in the log")
            for payload in payloads:
                self._note_error(log, payload, now)
            log.payloads += [p for p in payloads if not p.get("error")]
            more = more and log.next > asked
        return log

    def _page(self, hook: str, start: int) -> tuple[list[Json], int, bool]:
        page = self._api.get(f"{self._url}/{hook}/payloads", params={"cursor": start, "limit": PAGE})
        payloads, following = page["payloads"], page["cursor"]
        whole = isinstance(payloads, list) and isinstance(following, int) and following >= start
        if not whole or not all(p.get("timestamp") or p.get("error") for p in payloads):
            raise Garbled("payload page")
        return payloads, following, bool(page["mightHaveMore"])

    def _note_error(self, log: _Log, payload: Json, now: datetime) -> None:
        """An error payload stands for changes that the log could not tell; all but an internal error of
        Airtable also mean that the hook watches no more."""
        if not payload.get("error"):
            return
        at = to_instant(payload["timestamp"]) if payload.get("timestamp") else now
        code = str(payload.get("code") or "error")
        log.holes.append(f"changes at {instant_text(at)} are missing ({code})")
        if code != "INTERNAL_ERROR":
            log.dead_since = at

    def _told(self, log: _Log, hook: str, looked_at: datetime, now: datetime) -> tuple[tuple[Edit, ...], Cursor, str]:
        edits, unreadable = edits_of(log.payloads, self._dictionary, self._binding)
        if unreadable:
            log.holes.append(f"{unreadable} changed cells could not be read")
        cursor = {
            "webhook": hook,
            "cursor": log.next,
            "until": instant_text(now),
            "looked_at": instant_text(looked_at),
        }
        notice = f"change feed with gaps: {'; '.join(log.holes)}" if log.holes else ""
        return edits, cursor, notice


def _stated(specification: Any) -> Any:
    """A specification without what it leaves at its default, so that ours is known however it is echoed."""
    if not isinstance(specification, dict):
        return specification
    plain = {key: _stated(value) for key, value in specification.items()}
    return {key: value for key, value in plain.items() if value not in (None, False, [], {})}


def _dead_since(hook: Json | None, until: datetime, looked_at: datetime, now: datetime) -> datetime | None:
    """Since when a hook, as the list shows it (None = not at all), records nothing; None while it lives.
    `until` = last successful reading, `looked_at` = last time it was seen alive."""
    if hook is None:
        return until
    expires = to_instant(hook["expirationTime"]) if hook.get("expirationTime") else None
    if expires is not None and expires <= now:
        return max(until, expires)
    return None if hook.get("isHookEnabled", True) else looked_at


def _interval(start: datetime, end: datetime, why: str) -> str:
    return f"blind from {instant_text(start)} to {instant_text(end)} ({why})"
