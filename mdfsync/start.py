"""The first use of the embedded world: the base is built over its API and its people type in what people type.

A live base is never furnished by this: there `init` asks. Effectful; called by the verbs that need a base.
"""

from __future__ import annotations

from mdfsync.lease import sole_writer
from mdfsync.refreshing import Telling
from mdfsync.wiring import Wired


def ready(wired: Wired, telling: Telling) -> None:
    """Build and fill the embedded base once; do nothing for a live one or one that stands."""
    base_id, admin = wired.world.base_id, wired.world.admin
    if admin is None or wired.state.get(f"adopted:{base_id}"):
        return
    if not wired.found.operations:
        wired.state.put(f"adopted:{base_id}", "joined")
        return
    with sole_writer(wired.state, base_id):
        wired.rebind()
        if wired.found.operations:
            with telling.stage("Building the base from the field dictionary"):
                wired.build(telling.tick)
            with telling.stage("People fill in their rows"):
                admin("POST", "fill_in", {})
        wired.state.put(f"adopted:{base_id}", "built")
