"""Who may do what in the sandbox's bases: tokens, people, permission levels.

People come from the seed (`seed/people.json`: name, email, role, token, user_id) into the store's `people`
collection; optional keys change what a token may do: `permission_level` (`none read comment edit create`),
`scopes`, `bases`, `revoked`, `source`. A person's token stands for that person working in Airtable's own pages
(change source `client`), the worker's token for the public API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable.errors import forbidden, model_not_found
from mdfsync.sandbox.store import Doc, Store

COLLECTION = "people"
WORKER_EMAIL = "mdfsync-worker@northlight.example"
WORKER_TOKEN = "patSandboxWorker.0000000000000000"  # noqa: S105  (a loopback password, public by design)
LEVELS = ("none", "read", "comment", "edit", "create")
SEED = Path(__file__).parents[1] / "seed" / "people.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The owner of a token. `level` is the permission level on every base, `source` the webhook action source."""

    id: str
    name: str
    email: str
    role: str
    token: str
    level: str
    source: str
    scopes: frozenset[str] | None
    bases: frozenset[str] | None
    revoked: bool

    def require(self, level: str, scope: str, doing: str = "perform this operation") -> None:
        """Refuse when the token's scopes or the person's level do not reach."""
        if self.scopes is not None and scope not in self.scopes:
            raise forbidden(doing)
        if LEVELS.index(self.level) < LEVELS.index(level):
            raise forbidden(doing)

    def require_base(self, base_id: str) -> None:
        """Refuse a base that the token was not granted."""
        if not self.may_open(base_id):
            raise model_not_found()

    def may_open(self, base_id: str) -> bool:
        """Whether the base was granted."""
        return self.level != "none" and (self.bases is None or base_id in self.bases)

    def collaborator(self) -> Doc:
        """The person as a collaborator cell shows them."""
        return {"id": self.id, "email": self.email, "name": self.name}


def _person(doc: Doc) -> Person:
    worker = doc["email"] == WORKER_EMAIL
    scopes, bases = doc.get("scopes"), doc.get("bases")
    return Person(
        id=doc.get("user_id") or ids.fixed("usr", doc["email"]),
        name=doc.get("name") or doc["email"],
        email=doc["email"],
        role=doc.get("role", ""),
        token=doc["token"],
        level=doc.get("permission_level") or ("create" if worker else "edit"),
        source=doc.get("source") or ("publicApi" if worker else "client"),
        scopes=None if scopes is None else frozenset(scopes),
        bases=None if bases is None else frozenset(bases),
        revoked=bool(doc.get("revoked", False)),
    )


def ensure(store: Store) -> None:
    """Fill an empty `people` collection from the seed, or with the worker alone when there is no seed."""
    if store.all(COLLECTION):
        return
    if SEED.exists():
        docs: list[Doc] = json.loads(SEED.read_text(encoding="utf-8"))
    else:
        docs = [{"name": "mdfsync worker", "email": WORKER_EMAIL, "role": "worker", "token": WORKER_TOKEN}]
    for doc in docs:
        store.put(COLLECTION, doc["email"], doc)


def everyone(store: Store) -> list[Person]:
    """All people in seed order, whatever key the story stored them under."""
    return [_person(doc) for doc in store.all(COLLECTION).values()]


def by_token(store: Store, token: str) -> Person | None:
    """The person behind a bearer token that is not revoked."""
    for doc in store.all(COLLECTION).values():
        if doc.get("token") == token:
            person = _person(doc)
            return None if person.revoked else person
    return None


def find(store: Store, user_id_or_email: str) -> Person | None:
    """A person by `usr…` id or e-mail (case-insensitive)."""
    wanted = user_id_or_email.lower()
    for person in everyone(store):
        if person.id == user_id_or_email or person.email.lower() == wanted:
            return person
    return None


def worker(store: Store) -> Person:
    """The worker's own user; `LookupError` when the seed has none."""
    person = find(store, WORKER_EMAIL)
    if person is None:
        raise LookupError(f"the sandbox has no user {WORKER_EMAIL}")
    return person
