"""`/_sandbox`: the knobs and witnesses of the sandbox, for tests, the story and the command line.

Not part of any emulated service and never harmed by faults. Requests that a browser page of another origin sends
are refused, so that no web site can reset a developer's sandbox.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdfsync.sandbox import knobs, snapshots, vendors_by_hand
from mdfsync.sandbox.airtable import by_hand, payloads, people, quota, writelog
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.faults import ADMIN, Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.limits import RateLimit
from mdfsync.sandbox.store import Doc

Handler = Callable[[Request, Any], Any]
_LIMIT = frozenset({"per_second", "per_user", "penalty", "singular", "retry_after"})
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Admin:
    """The admin endpoints of one world."""

    def __init__(self, life: Life, faults: Faults) -> None:
        self.life = life
        self.faults = faults
        self.store = life.store
        self.world: World = life.world

    def routes(self) -> list[Route]:
        """All of `/_sandbox`."""
        paths: dict[tuple[str, str], Handler] = {
            ("GET", "health"): self.health,
            ("GET", "state"): self.state,
            ("GET", "base"): self.base,
            ("GET", "people"): self.people,
            ("POST", "people"): self.change_person,
            ("GET", "writelog"): self.writelog,
            ("GET", "faults"): self.show_faults,
            ("POST", "faults"): self.add_faults,
            ("DELETE", "faults"): self.clear_faults,
            ("POST", "limit"): self.limit,
            ("GET", "requests"): self.requests,
            ("DELETE", "requests"): self.clear_requests,
            ("GET", "knobs"): self.show_knobs,
            ("POST", "knobs"): self.turn_knobs,
            ("GET", "quota"): self.quota,
            ("POST", "quota"): self.spend_quota,
            ("POST", "create_base"): self.create_base,
            ("POST", "copy_base"): self.copy_base,
            ("POST", "schema"): self.schema,
            ("POST", "hubspot"): self.hubspot,
            ("POST", "crossbeam"): self.crossbeam,
            ("POST", "webhook"): self.break_webhook,
            ("POST", "clock"): self.clock,
            ("POST", "advance"): self.advance,
            ("POST", "fill_in"): self.fill_in,
            ("POST", "reset"): self.reset,
            ("GET", "snapshot"): self.snapshots,
            ("POST", "snapshot"): self.snapshot,
            ("DELETE", "snapshot"): self.drop_snapshot,
            ("POST", "restore"): self.restore,
        }
        return [_route(method, name, handler) for (method, name), handler in paths.items()]

    # -- the world

    def health(self, _request: Request, _body: Any) -> Doc:
        """Alive, and which world this is."""
        home = str(self.store.path.parent) if self.store.path else ""
        return {"ok": True, "pid": os.getpid(), "home": home, "now": self.life.clock.text()}

    def state(self, _request: Request, _body: Any) -> Doc:
        """Counts by collection, for a look from outside."""
        sizes = {name: len(self.store.all(name)) for name in self.store.collections()}
        return {"now": self.life.clock.text(), "base_id": self.world.main_base(), "sizes": sizes}

    def base(self, _request: Request, _body: Any) -> Doc:
        """The base that the sandbox hands out."""
        doc = self.world.base(self.world.main_base())
        return {"id": doc["id"], "name": doc["name"]}

    def create_base(self, _request: Request, body: Any) -> Doc:
        """`{name}`: one more, empty base."""
        return {"id": self.world.create_base(str(body.get("name", "Untitled base")))}

    def copy_base(self, _request: Request, body: Any) -> Doc:
        """`{base?, name?}`: a duplicate with new ids; the main base by default."""
        base_id = str(body.get("base") or self.world.main_base())
        name = str(body.get("name") or f"{self.world.base(base_id)['name']} copy")
        return {"id": by_hand.copy_base(self.world, self._someone(body), base_id, name), "name": name}

    def schema(self, _request: Request, body: Any) -> Doc:
        """`{action, base?, table, field?, …}`: see `airtable.by_hand.act`."""
        base_id = str(body.get("base") or self.world.main_base())
        return by_hand.act(self.world, self._someone(body), base_id, body)

    def hubspot(self, _request: Request, body: Any) -> Doc:
        """`{action, …}`: see `vendors_by_hand.HUBSPOT`."""
        return vendors_by_hand.act_in_hubspot(self.store, self.life.clock, body)

    def crossbeam(self, _request: Request, body: Any) -> Doc:
        """`{action, …}`: see `vendors_by_hand.CROSSBEAM`."""
        return vendors_by_hand.act_in_crossbeam(self.store, self.life.clock, body)

    def break_webhook(self, _request: Request, body: Any) -> Doc:
        """`{code, id?, base?}`: an error payload for one webhook or all of a base; see `airtable.payloads.CODES`."""
        base_id = str(body.get("base") or self.world.main_base())
        if body["code"] not in payloads.CODES:
            raise ValueError(f"unknown code; known: {', '.join(payloads.CODES)}")
        hooks = [h for h in self.store.all("hooks").values() if h["base"] == base_id]
        chosen = [h for h in hooks if body.get("id") in (None, h["id"])]
        for hook in chosen:
            payloads.fail(self.world, hook, body["code"])
        return {"broken": [hook["id"] for hook in chosen]}

    def _someone(self, body: Any) -> Person:
        """The person named by `by`, else the first who is not the worker."""
        named = people.find(self.store, str(body["by"])) if body.get("by") else None
        others = [p for p in people.everyone(self.store) if p.email != people.WORKER_EMAIL]
        return named or (others or people.everyone(self.store))[0]

    def clock(self, _request: Request, body: Any) -> Doc:
        """`{freeze: "…Z" | null}` stops or restarts the world's time, `{days: n}` moves it without a story."""
        if "freeze" in body:
            self.life.clock.freeze(datetime.fromisoformat(body["freeze"]) if body["freeze"] else None)
        if "days" in body:
            self.life.clock.advance(float(body["days"]))
        return {"now": self.life.clock.text()}

    def advance(self, _request: Request, body: Any) -> Doc:
        """One day on (`{days: n}` for more): the clock and the story."""
        for _ in range(int(body.get("days", 1))):
            self.life.advance()
        return {"now": self.life.clock.text()}

    def fill_in(self, _request: Request, body: Any) -> Doc:
        """`{base?}`: the operators type their rows into a base whose tables exist."""
        self.life.fill_in(str(body.get("base") or self.world.main_base()))
        return {"ok": True}

    def reset(self, _request: Request, _body: Any) -> Doc:
        """A fresh world with a new, empty base."""
        self.life.reset()
        return {"base_id": self.world.main_base(), "now": self.life.clock.text()}

    def snapshots(self, _request: Request, _body: Any) -> list[Doc]:
        """Saved states of the world: `{name, at, documents}`."""
        return snapshots.taken(self.store)

    def snapshot(self, _request: Request, body: Any) -> Doc:
        """`{name}`: keep the world as it is, over an older state of that name."""
        return {"name": body["name"], "at": self.life.save(str(body["name"]))}

    def restore(self, _request: Request, body: Any) -> Doc:
        """`{name}`: the world as it was then, its clock too."""
        self.life.restore(str(body["name"]))
        return {"base_id": self.world.main_base(), "now": self.life.clock.text()}

    def drop_snapshot(self, _request: Request, body: Any) -> Doc:
        """`{name}`: forget one."""
        snapshots.drop(self.store, str(body["name"]))
        return {"ok": True}

    # -- people and witnesses

    def people(self, _request: Request, _body: Any) -> list[Doc]:
        """Everyone with name, e-mail, role, token and user id."""
        return self.life.people()

    def change_person(self, _request: Request, body: Any) -> Doc:
        """`{email, permission_level? scopes? bases? revoked? source? token?}`: what a token may do from now on."""
        for key, doc in self.store.all(people.COLLECTION).items():
            if doc["email"] == body.get("email"):
                return self.store.put(people.COLLECTION, key, {**doc, **body})
        raise Refusal(404, "NOT_FOUND", f"no person {body.get('email')}")

    def writelog(self, request: Request, _body: Any) -> list[Doc]:
        """`?after=SEQ&table=NAME`: every changed cell."""
        after = int(request.query_params.get("after", "0"))
        return writelog.read(self.store, after, request.query_params.get("table", ""))

    def requests(self, _request: Request, _body: Any) -> Doc:
        """How many requests each service answered, and the last 5,000 of them."""
        counts = dict(self.faults.counts)
        violations = self.faults.limit.violations if self.faults.limit else 0
        recent = list(self.faults.recent)
        return {"total": sum(counts.values()), "by": counts, "violations": violations, "recent": recent}

    def clear_requests(self, _request: Request, _body: Any) -> Doc:
        """Count from zero."""
        self.faults.counts.clear()
        self.faults.recent.clear()
        return {"ok": True}

    # -- knobs

    def show_faults(self, _request: Request, _body: Any) -> list[Doc]:
        """All rules with what they saw and did."""
        return [asdict(rule) for rule in self.faults.rules]

    def add_faults(self, _request: Request, body: Any) -> list[Doc]:
        """A rule or a list of rules, see `faults.Fault`."""
        self.faults.add(body)
        return [asdict(rule) for rule in self.faults.rules]

    def clear_faults(self, _request: Request, _body: Any) -> Doc:
        """No more faults and no rate limit."""
        self.faults.rules.clear()
        self.faults.limit = None
        return {"ok": True}

    def limit(self, _request: Request, body: Any) -> Doc:
        """`{per_second, per_user?, penalty?, singular?, retry_after?}`; both counts 0 switch it off."""
        asked = {"per_second": 5, "penalty": 30.0, **body}
        limit = RateLimit(**{key: asked[key] for key in asked.keys() & _LIMIT})
        self.faults.limit = limit if limit.per_second or limit.per_user else None
        return asked

    def show_knobs(self, _request: Request, _body: Any) -> Doc:
        """Behaviour switches and their values."""
        return knobs.everything(self.store)

    def turn_knobs(self, _request: Request, body: Any) -> Doc:
        """`{name: value}` for any of them."""
        knobs.turn(self.store, body)
        return knobs.everything(self.store)

    def quota(self, _request: Request, _body: Any) -> Doc:
        """Calls of this month of the world: `{month, used, allowed}`."""
        return quota.used(self.world)

    def spend_quota(self, _request: Request, body: Any) -> Doc:
        """`{used: n}`: as if so many calls had been made this month."""
        return quota.spend(self.world, int(body["used"]))


def _route(method: str, name: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).hostname not in _LOOPBACK:
            return JSONResponse({"error": "requests from other origins are refused"}, 403)
        raw = await request.body()
        store = request.app.state.store
        try:
            body = json.loads(raw) if raw else {}
            with store.transaction():
                answer = handler(request, body)
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse(answer)

    return Route(f"{ADMIN}/{name}", endpoint, methods=[method])
