"""Comments on records of the sandbox's Airtable: read, write, edit, delete, mention.

One document per commented record (collection `comments:<tbl…>`), so that a listing can count comments without
reading them and a deleted record takes its comments along. Only the author may edit or delete a comment. A mention is
`@[usr…]` of somebody who can open the base; anybody else stays plain text. Commenting changes no cell: nothing of it
is in the write log, the last modified times or the webhook payloads.
"""

from __future__ import annotations

import re
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable.ask import Ask
from mdfsync.sandbox.airtable.errors import Refusal, forbidden, invalid_offset, invalid_request
from mdfsync.sandbox.airtable.records import missing_record
from mdfsync.sandbox.airtable.world import Table, World, comments_of
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc

MOST = 100
LONGEST = 100_000
_MENTION = re.compile(r"@\[(usr[0-9A-Za-z]{14})\]")


def count(world: World, table: Table, record_id: str) -> int:
    """How many comments a record has."""
    return len(_kept(world, table, record_id))


def of_record(world: World, table: Table, record_id: str) -> list[Doc]:
    """All comments on a record as the endpoints return them, newest first."""
    return [_shown(world, comment) for comment in _kept(world, table, record_id)[::-1]]


def read(ask: Ask) -> Doc:
    """`GET …/{rec}/comments?pageSize=&offset=`: newest first; `offset` is null on the last page."""
    table, record_id = _place(ask, "read", "data.recordComments:read", "read comments")
    newest_first = _kept(ask.world, table, record_id)[::-1]
    size, start = ask.param("pageSize") or str(MOST), 0
    if not size.isdecimal() or not 1 <= int(size) <= MOST:
        raise invalid_request()
    if after := ask.param("offset"):
        known = [comment["id"] for comment in newest_first]
        if after not in known:
            raise invalid_offset()
        start = known.index(after) + 1
    page = newest_first[start : start + int(size)]
    more = len(newest_first) > start + len(page)
    return {"comments": [_shown(ask.world, comment) for comment in page], "offset": page[-1]["id"] if more else None}


def create(ask: Ask) -> Doc:
    """`POST …/{rec}/comments` with `{text, parentCommentId?}`."""
    table, record_id = _place(ask, "comment", "data.recordComments:write", "comment on records")
    text = _text(ask.body, {"text", "parentCommentId"})
    kept = _kept(ask.world, table, record_id)
    comment: Doc = {"id": ids.new(ask.world.store, "com"), "author": ask.person.id, "text": text}
    comment |= {"createdTime": instant_text(ask.world.clock.now()), "lastUpdatedTime": None}
    if "parentCommentId" in ask.body:
        comment["parentCommentId"] = _find(kept, ask.body["parentCommentId"])["id"]
    _keep(ask.world, table, record_id, [*kept, comment])
    return _shown(ask.world, comment)


def edit(ask: Ask) -> Doc:
    """`PATCH …/comments/{com}` with `{text}`: mentions follow the new text."""
    table, record_id, kept, comment = _own(ask, "edit this comment")
    changed = {**comment, "text": _text(ask.body, {"text"}), "lastUpdatedTime": instant_text(ask.world.clock.now())}
    _keep(ask.world, table, record_id, [changed if c is comment else c for c in kept])
    return _shown(ask.world, changed)


def delete(ask: Ask) -> Doc:
    """`DELETE …/comments/{com}`: answers to it stay."""
    table, record_id, kept, comment = _own(ask, "delete this comment")
    _keep(ask.world, table, record_id, [c for c in kept if c is not comment])
    return {"id": comment["id"], "deleted": True}


def _place(ask: Ask, level: str, scope: str, doing: str) -> tuple[Table, str]:
    """The record in the path, when the person may do this there."""
    table = ask.world.table(ask.base(ask.path[0]), ask.path[1])
    ask.person.require(level, scope, doing)
    if ask.path[2] not in ask.world.records(table.id):
        raise missing_record(ask.world)
    return table, ask.path[2]


def _own(ask: Ask, doing: str) -> tuple[Table, str, list[Doc], Doc]:
    table, record_id = _place(ask, "comment", "data.recordComments:write", doing)
    kept = _kept(ask.world, table, record_id)
    comment = _find(kept, ask.path[4])
    if comment["author"] != ask.person.id:
        raise forbidden(doing)
    return table, record_id, kept, comment


def _find(kept: list[Doc], comment_id: Any) -> Doc:
    for comment in kept:
        if comment["id"] == comment_id:
            return comment
    raise Refusal(404, "MODEL_ID_NOT_FOUND", "Comment not found")


def _kept(world: World, table: Table, record_id: str) -> list[Doc]:
    """Oldest first."""
    doc = world.store.get(comments_of(table.id), record_id)
    kept: list[Doc] = doc["comments"] if doc else []
    return kept


def _keep(world: World, table: Table, record_id: str, comments: list[Doc]) -> None:
    if comments:
        world.store.put(comments_of(table.id), record_id, {"comments": comments})
    else:
        world.store.remove(comments_of(table.id), record_id)


def _text(body: Any, allowed: set[str]) -> str:
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or set(body) - allowed:
        raise invalid_request()
    return text


def _shown(world: World, comment: Doc) -> Doc:
    """A comment as the endpoints return it; `mentioned` only when somebody is."""
    author = people.find(world.store, comment["author"])
    shown = {**comment, "author": author.collaborator() if author else {"id": comment["author"]}, "reactions": []}
    mentioned: Doc = {}
    for user_id in _MENTION.findall(comment["text"]):
        person = people.find(world.store, user_id)
        if person is not None and person.level != "none":
            mentioned[user_id] = {
                "id": user_id, "type": "user", "displayName": person.name, "email": person.email
            }  # fmt: skip
    return shown | ({"mentioned": mentioned} if mentioned else {})
