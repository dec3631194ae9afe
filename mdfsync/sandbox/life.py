"""The life of a sandbox world: how it begins, how a day passes, how it starts over.

The plot itself (companies, deals, overlaps, what operators type) is `story`'s; here is only when it is told.
"""

from __future__ import annotations

from mdfsync.sandbox import airtable_people as people
from mdfsync.sandbox import story
from mdfsync.sandbox.airtable_world import World, world
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.ids import GENERATION
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

    def people(self) -> list[Doc]:
        """Everyone as `/_sandbox/people` and `Running.people` show them."""
        return [
            {"name": p.name, "email": p.email, "role": p.role, "token": p.token, "user_id": p.id}
            for p in people.everyone(self.store)
        ]
