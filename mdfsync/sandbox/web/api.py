"""`/_web/api/`: which handler answers which request of the page. Says nothing itself."""

from __future__ import annotations

from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.faults import Faults
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.store import Doc
from mdfsync.sandbox.web import desk
from mdfsync.sandbox.web.controls import Controls
from mdfsync.sandbox.web.rows import Marks, Rows, tables
from mdfsync.sandbox.web.visit import Handler, Visit
from mdfsync.sandbox.web.worker import Worker


class Api:
    """The endpoints of the page of one world."""

    def __init__(self, life: Life, faults: Faults, worker: Worker) -> None:
        self.life = life
        self.worker = worker
        self.marks = Marks(life.world)
        controls = Controls(life, faults, worker)
        self._slow: tuple[Handler, ...] = (controls.explain,)
        self._routes: tuple[tuple[str, tuple[str, ...], Handler], ...] = tuple(
            (method, tuple(pattern.split("/")), handler)
            for method, pattern, handler in (
                ("GET", "session", self.session),
                ("GET", "tables", self.tables),
                ("GET", "tables/{}/rows", self.rows),
                ("GET", "changes", self.changes),
                ("POST", "tables/{}/rows", desk.create),
                ("PATCH", "tables/{}/rows/{}", desk.edit),
                ("DELETE", "tables/{}/rows/{}", desk.delete),
                ("POST", "tables/{}/rows/{}/attachments/{}", desk.attach),
                ("GET", "tables/{}/rows/{}/comments", desk.read_comments),
                ("POST", "tables/{}/rows/{}/comments", desk.write_comment),
                ("GET", "history", desk.history),
                ("POST", "run", controls.run),
                ("GET", "run", controls.latest_run),
                ("GET", "explain", controls.explain),
                ("POST", "advance", controls.advance),
                ("GET", "faults", controls.show_faults),
                ("POST", "faults", controls.switch_faults),
                ("DELETE", "faults", controls.clear_faults),
                ("GET", "documents", controls.papers),
                ("GET", "documents/*", controls.paper),
            )
        )

    def handler(self, method: str, path: tuple[str, ...]) -> Handler:
        """The handler of a request; refused when the page has no such address or not this method for it."""
        fitting = [(wanted, handler) for wanted, pattern, handler in self._routes if _fits(pattern, path)]
        for wanted, handler in fitting:
            if wanted == method:
                return handler
        raise Refusal(405, "METHOD", "That cannot be done here.") if fitting else _nowhere()

    def is_slow(self, handler: Handler) -> bool:
        """Whether a handler waits for another process, which in turn may ask this server."""
        return handler in self._slow

    def session(self, _visit: Visit) -> Doc:
        """Who there is and where we are."""
        store, world = self.life.store, self.life.world
        base = world.base(world.main_base()) if world.main_base() else None
        shown = [p for p in people.everyone(store) if p.email != people.WORKER_EMAIL and not p.revoked]
        return {
            "now": self.life.clock.text(), "base": base and {"id": base["id"], "name": base["name"]},
            "people": [{"name": p.name, "email": p.email, "role": p.role} for p in shown],
            "worker": {"available": self.worker.available}, "seq": self.marks.now(),
        }  # fmt: skip

    def tables(self, visit: Visit) -> list[Doc]:
        """Every table with its fields."""
        return tables(visit.world, visit.base_id)

    def rows(self, visit: Visit) -> Doc:
        """All rows of a table, or those of `?ids=`."""
        table = visit.table(visit.path[1])
        wanted = visit.query.get("ids")
        chosen = None if wanted is None else [r for r in wanted.split(",") if r]
        return {"seq": self.marks.now(), "rows": Rows(visit.world, table).some(chosen)}

    def changes(self, visit: Visit) -> Doc:
        """What changed after a mark; polled."""
        after = visit.query.get("after", "")
        if not after.isascii() or not after.isdigit() or len(after) > 16:
            raise Refusal(400, "BAD_REQUEST", "after must be the seq of an earlier answer.")
        return {**self.marks.since(int(after)), "now": self.life.clock.text(), "run": self.worker.brief()}


def _nowhere() -> Refusal:
    return Refusal(404, "NOT_FOUND", "The page has no such address.")


def _fits(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """`{}` takes one segment that is not empty, a final `*` all that follow."""
    if pattern[-1] == "*":
        head = len(pattern) - 1
        return len(path) > head and _fits(pattern[:-1], path[:head])
    return len(pattern) == len(path) and all(p == s or (p == "{}" and s) for p, s in zip(pattern, path, strict=True))
