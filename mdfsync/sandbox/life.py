"""The life of a sandbox world: how it begins, how a day passes, how it starts over or goes back.

The plot itself (companies, deals, overlaps, what operators type) is `story`'s; here is only when it is told.
"""

from __future__ import annotations

from datetime import datetime

from mdfsync.sandbox import snapshots, story
from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable.listing import forget_offsets
from mdfsync.sandbox.airtable.world import World, world
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.ids import GENERATION
from mdfsync.sandbox.snapshots import RESTORED
from mdfsync.sandbox.store import Doc, Store

BASE_NAME = "Joint campaigns"


class Life:
    """One world in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Clock(store)
        self.world: World = world(store, self.clock)

    def begin(self) -> None:
        """On an empty home: the people, an empty base, the story's first day. Otherwise nothing."""
        if self.world.main_base():
            return
        with self.store.transaction():
            people.ensure(self.store)
            self.store.set("main_base", self.world.create_base(BASE_NAME))
            story.seed(self.store, self.clock)

    def advance(self) -> None:
        """The next day: the clock first, then what happens on it."""
        with self.store.transaction():
            self.clock.advance(1)
            story.advance(self.store, self.clock)
            # HubSpot tells the time by the second: who looks right away must not find the day's last second still open.
            self.clock.advance(2 / 86_400)

    def fill_in(self, base_id: str) -> None:
        """The operators type their rows."""
        with self.store.transaction():
            story.people_fill_in(self.store, self.clock, base_id)

    def reset(self) -> None:
        """Forget everything and begin again; ids of the old world never come back."""
        generation = int(self.store.setting(GENERATION, 1)) + 1
        with self.store.transaction():
            self.store.reset()
            self.store.set(GENERATION, generation)
            self.begin()
        forget_offsets(self.world)

    def save(self, name: str) -> str:
        """Keep the world as it is under a name; returns its time."""
        if not name.strip():
            raise ValueError("a snapshot needs a name")
        at = self.clock.text()
        snapshots.save(self.store, name, at)
        return at

    def restore(self, name: str) -> None:
        """Go back to a saved world and its time. Ids that were given since will be given again: whoever remembers the
        time between (a worker's state) has to be taken back too."""
        with self.store.transaction():
            past = int(self.store.setting(RESTORED, 0))
            self.clock.resume(datetime.fromisoformat(snapshots.restore(self.store, name)))
            self.store.set(RESTORED, max(past, int(self.store.setting(RESTORED, 0))) + 1)
        forget_offsets(self.world)

    def people(self) -> list[Doc]:
        """Everyone as `/_sandbox/people` and `Running.people` show them."""
        return [
            {"name": p.name, "email": p.email, "role": p.role, "token": p.token, "user_id": p.id}
            for p in people.everyone(self.store)
        ]
