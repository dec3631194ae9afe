"""What a person does to rows on the web page: create, type, delete, attach, comment; and what was done to a cell.

The same checks, permissions, write log and webhook payloads as when the story's people work in Airtable's own pages
(`airtable/desk`); nothing here can do what they could not.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from mdfsync.sandbox.airtable import comments, people, writelog
from mdfsync.sandbox.airtable.ask import Ask
from mdfsync.sandbox.airtable.desk import Desk
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.airtable.world import Table
from mdfsync.sandbox.store import Doc
from mdfsync.sandbox.web.rows import Rows
from mdfsync.sandbox.web.visit import Visit

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
LONGEST_NAME = 200


def create(visit: Visit) -> Doc:
    """`POST tables/{table}/rows` with `{cells}`."""
    table, desk = visit.table(visit.path[1]), _desk(visit)
    return _row(visit, table, desk.type_rows(table.id, [_cells(visit)])[0])


def edit(visit: Visit) -> Doc:
    """`PATCH tables/{table}/rows/{id}` with `{cells}`; null clears a cell."""
    table = visit.table(visit.path[1])
    record_id = visit.record(table, visit.path[3])
    _desk(visit).edit(table.id, record_id, _cells(visit))
    return _row(visit, table, record_id)


def delete(visit: Visit) -> Doc:
    """`DELETE tables/{table}/rows/{id}`."""
    table = visit.table(visit.path[1])
    record_id = visit.record(table, visit.path[3])
    _desk(visit).delete(table.id, record_id)
    return {"id": record_id, "deleted": True}


def attach(visit: Visit) -> Doc:
    """`POST tables/{table}/rows/{id}/attachments/{field}`: the body is the file, its name is in `X-Filename`."""
    table = visit.table(visit.path[1])
    record_id = visit.record(table, visit.path[3])
    name = _UNPRINTABLE.sub("", unquote(visit.headers.get("x-filename", ""))).replace("\\", "/").rpartition("/")[2]
    media_type = visit.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    if not visit.raw:
        raise Refusal(422, "EMPTY", "The file is empty.")
    field = table.field(visit.path[5])
    key = str(field["name"]) if field else visit.path[5]
    _desk(visit).attach(table.id, record_id, key, name[-LONGEST_NAME:] or "attachment", media_type, visit.raw)
    return _row(visit, table, record_id)


def _desk(visit: Visit) -> Desk:
    return Desk(visit.life.store, visit.life.clock, visit.base_id, visit.person().email)


def _cells(visit: Visit) -> Doc:
    cells = visit.body().get("cells")
    if not isinstance(cells, dict):
        raise Refusal(400, "BAD_REQUEST", "The request has no cells.")
    return cells


def _row(visit: Visit, table: Table, record_id: str) -> Doc:
    return {"row": Rows(visit.world, table).one(visit.world.records(table.id)[record_id])}


# -- comments


def read_comments(visit: Visit) -> list[Doc]:
    """`GET tables/{table}/rows/{id}/comments`, newest first."""
    table = visit.table(visit.path[1])
    return [_comment(c) for c in comments.of_record(visit.world, table, visit.record(table, visit.path[3]))]


def write_comment(visit: Visit) -> Doc:
    """`POST tables/{table}/rows/{id}/comments` with `{text}`."""
    table = visit.table(visit.path[1])
    path = (visit.base_id, table.id, visit.record(table, visit.path[3]), "comments")
    ask = Ask(
        world=visit.world, person=visit.person(), method=visit.method, path=path, query=[],
        body={"text": visit.body().get("text")}, source="",
    )  # fmt: skip
    return _comment(comments.create(ask))


def _comment(comment: Doc) -> Doc:
    author = comment["author"]
    return {
        "id": comment["id"], "author": {"name": author.get("name", ""), "email": author.get("email", "")},
        "text": comment["text"], "created": comment["createdTime"],
    }  # fmt: skip


# -- history


def history(visit: Visit) -> list[Doc]:
    """`GET history?table=&record=&field=`: who changed a cell (or any cell of the row) from what to what, newest
    first, as the sandbox itself saw it. Records that were deleted have a history too."""
    table = visit.table(visit.query.get("table", ""))
    record_id, named = visit.query.get("record", ""), visit.query.get("field", "")
    field = table.field(named)
    if named and field is None:
        raise Refusal(404, "NOT_FOUND", f"There is no field {named} in {table.name}.")
    rows, told = Rows(visit.world, table), []
    for entry in writelog.of_record(visit.life.store, table.id, record_id):
        if field is not None and entry["field_id"] != field["id"]:
            continue
        person = people.find(visit.life.store, entry["actor_id"])
        told.append(
            {"seq": entry["seq"], "at": entry["at"], "field": entry["field"], "op": entry["op"],
             "by": {"name": person.name if person else entry["actor"], "email": entry["actor"]},
             "source": "link" if entry["derived"] else entry["source"],
             "before": rows.kept(entry["field_id"], entry["before"]),
             "after": rows.kept(entry["field_id"], entry["after"])}
        )  # fmt: skip
    return told[::-1]
