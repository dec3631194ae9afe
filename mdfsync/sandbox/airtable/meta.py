"""Handlers of the sandbox's Airtable for tokens, schema and webhooks: permission first, then the work.

What is done is in `airtable/schema` and `airtable/webhooks`; here it is decided who may ask for it.
"""

from __future__ import annotations

from mdfsync.sandbox.airtable import schema, webhooks
from mdfsync.sandbox.airtable.ask import Ask
from mdfsync.sandbox.store import Doc


def whoami(ask: Ask) -> Doc:
    """`GET /meta/whoami`: needs no scope; the e-mail only with `user.email:read`."""
    shown = {"id": ask.person.id}
    if ask.person.scopes is None or "user.email:read" in ask.person.scopes:
        shown["email"] = ask.person.email
    return shown


def bases(ask: Ask) -> Doc:
    """`GET /meta/bases`."""
    ask.person.require("none", "schema.bases:read")
    return schema.bases(ask.world, ask.person, ask.param("offset"))


def base_info(ask: Ask) -> Doc:
    """`GET /meta/bases/{b}`."""
    ask.person.require("read", "schema.bases:read")
    return schema.base_info(ask.world, ask.person, ask.base(ask.path[2]), collaborators=_includes(ask, "collaborators"))


def tables(ask: Ask) -> Doc:
    """`GET /meta/bases/{b}/tables`; pyairtable asks for `visibleFieldIds` without brackets."""
    ask.person.require("read", "schema.bases:read")
    return schema.tables(ask.world, ask.base(ask.path[2]), visible_fields=_includes(ask, "visibleFieldIds"))


def _includes(ask: Ask, what: str) -> bool:
    return any(key in {"include", "include[]"} and value == what for key, value in ask.query)


def create_base(ask: Ask) -> Doc:
    """`POST /meta/bases`."""
    ask.person.require("create", "schema.bases:write")
    return schema.create_base(ask.world, ask.person, ask.body)


def create_table(ask: Ask) -> Doc:
    """`POST …/tables`."""
    base_id = ask.base(ask.path[2])
    ask.person.require("create", "schema.bases:write")
    return schema.create_table(ask.world, ask.person, base_id, ask.body)


def patch_table(ask: Ask) -> Doc:
    """`PATCH …/tables/{t}`."""
    table = ask.world.table(ask.base(ask.path[2]), ask.path[4])
    ask.person.require("create", "schema.bases:write")
    return schema.patch_table(ask.world, ask.person, ask.path[2], table, ask.body)


def create_field(ask: Ask) -> Doc:
    """`POST …/fields`."""
    table = ask.world.table(ask.base(ask.path[2]), ask.path[4])
    ask.person.require("create", "schema.bases:write")
    return schema.create_field(ask.world, ask.person, ask.path[2], table, ask.body)


def patch_field(ask: Ask) -> Doc:
    """`PATCH …/fields/{f}`."""
    table = ask.world.table(ask.base(ask.path[2]), ask.path[4])
    ask.person.require("create", "schema.bases:write")
    return schema.patch_field(ask.world, ask.person, ask.path[2], table, ask.path[6], ask.body)


# -- webhooks


def _hook_base(ask: Ask, level: str) -> str:
    """The base, when the person may do this with webhooks."""
    base_id = ask.base(ask.path[1])
    ask.person.require(level, "webhook:manage")
    return base_id


def hooks(ask: Ask) -> Doc:
    """`GET …/webhooks`."""
    return {"webhooks": webhooks.listing(ask.world, _hook_base(ask, "read"))}


def create_hook(ask: Ask) -> Doc:
    """`POST …/webhooks`: base creators only."""
    return webhooks.create(ask.world, _hook_base(ask, "create"), ask.person, ask.body)


def delete_hook(ask: Ask) -> None:
    """`DELETE …/webhooks/{h}`."""
    webhooks.delete(ask.world, _hook_base(ask, "create"), ask.path[3])


def refresh_hook(ask: Ask) -> Doc:
    """`POST …/refresh`."""
    return webhooks.refresh(ask.world, _hook_base(ask, "create"), ask.path[3])


def enable_hook(ask: Ask) -> None:
    """`POST …/enableNotifications`: an empty answer."""
    webhooks.enable(ask.world, _hook_base(ask, "create"), ask.path[3], ask.body)


def payloads(ask: Ask) -> Doc:
    """`GET …/payloads?cursor=&limit=`: readers may."""
    return webhooks.payloads(ask.world, _hook_base(ask, "read"), ask.path[3], ask.param("cursor"), ask.param("limit"))
