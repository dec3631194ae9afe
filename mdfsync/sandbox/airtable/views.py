"""Views and sorts of the sandbox's Airtable: which records a listing has, and in what order.

A view may keep records by a formula, sort them and hide fields; people set that in Airtable's own pages, the API
shows only a view's id, name and type, and on request its visible fields. A listing by view has the view's rows in the
view's order, hidden fields all the same. Blank cells sort first, choices in their own order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import params
from mdfsync.sandbox.airtable.cells import cell_text
from mdfsync.sandbox.airtable.computed import cell_value, resolver
from mdfsync.sandbox.airtable.errors import invalid_formula, invalid_request, unknown_field, view_not_found
from mdfsync.sandbox.airtable.formula import Getter, InvalidFormula, Scope, compile_formula, holds
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World
from mdfsync.sandbox.store import Doc

_SETTINGS = frozenset({"filterByFormula", "sort", "hidden"})


def find(table: Table, id_or_name: str) -> Doc:
    """A view of the table; refused when unknown."""
    for view in table.doc["views"]:
        if id_or_name in (view["id"], view["name"]):
            found: Doc = view
            return found
    raise view_not_found(id_or_name)


def rows(world: World, table: Table, view: Doc) -> list[Doc]:
    """The view's records in the view's order: its sort, else that of creation."""
    keep = formula(world, table, view.get("filterByFormula"))
    kept = [row for row in world.records(table.id).values() if keep is None or holds(keep, row)]
    return ordered(world, table, kept, view.get("sort") or [])


def has(world: World, table: Table, view: Doc, row: Doc | None) -> bool:
    """Whether a record is in the view."""
    keep = formula(world, table, view.get("filterByFormula"))
    return row is not None and (keep is None or holds(keep, row))


def formula(world: World, table: Table, text: Any) -> Getter | None:
    """A filter over the table's records, None for no text; refused when it is no formula."""
    if not text:
        return None
    try:
        return compile_formula(str(text), Scope(resolver(world, table), world.clock.now))
    except InvalidFormula as error:
        raise invalid_formula(str(error)) from None


def ordered(world: World, table: Table, found: Iterable[Doc], sort: list[Doc]) -> list[Doc]:
    """Records sorted by `[{field, direction?}]`, the first one first."""
    rows = list(found)
    for spec in reversed(sort):
        field = table.field(spec["field"])
        if field is None:
            raise unknown_field(spec["field"])
        keys = {row["id"]: _sort_key(world, table, field, row) for row in rows}
        rows.sort(key=lambda row: keys[row["id"]], reverse=spec.get("direction") == "desc")
    return rows


def _sort_key(world: World, table: Table, field: Doc, row: Doc) -> tuple[int, float, str]:
    value = cell_value(world, table, field, row) if field["type"] in COMPUTED else row["cells"].get(field["id"])
    if value is None:
        return (0, 0, "")
    if field["type"] == "singleSelect":
        names = [choice["name"] for choice in field["options"]["choices"]]
        return (1, names.index(value), "")
    if isinstance(value, bool | int | float):
        return (1, value, "")
    return (1, 0, (str(value) if field["type"] in COMPUTED else cell_text(world, field, value)).casefold())


def shown(table: Table, *, visible_fields: bool) -> list[Doc]:
    """The table's views as the metadata endpoints return them."""
    views = []
    for view in table.doc["views"]:
        made = {key: value for key, value in view.items() if key not in _SETTINGS}
        if visible_fields and view["type"] == "grid":
            made["visibleFieldIds"] = [f for f in table.fields if f not in view.get("hidden", ())]
        views.append(made)
    return views


# -- by hand


def create(world: World, table: Table, action: Mapping[str, Any]) -> None:
    """`{name, filterByFormula?, sort?, hidden?}`: one more grid view."""
    view = {"id": ids.new(world.store, "viw"), "name": _name(table, action), "type": "grid"}
    _put(world, table, [*table.doc["views"], view | _settings(world, table, action)])


def change(world: World, table: Table, action: Mapping[str, Any]) -> None:
    """`{view, filterByFormula?, sort?, hidden?}`: what is not named is as in a new view."""
    known = find(table, str(action.get("view")))
    plain = {key: value for key, value in known.items() if key not in _SETTINGS}
    _replace(world, table, known, plain | _settings(world, table, action))


def rename(world: World, table: Table, action: Mapping[str, Any]) -> None:
    """`{view, name}`."""
    known = find(table, str(action.get("view")))
    _replace(world, table, known, {**known, "name": _name(table, action)})


def delete(world: World, table: Table, action: Mapping[str, Any]) -> None:
    """`{view}`; the last one stays."""
    known = find(table, str(action.get("view")))
    if len(table.doc["views"]) == 1:
        raise invalid_request("a table keeps one view")
    _put(world, table, [view for view in table.doc["views"] if view is not known])


def _name(table: Table, action: Mapping[str, Any]) -> str:
    name = action.get("name")
    if not isinstance(name, str) or not name.strip() or any(name == view["name"] for view in table.doc["views"]):
        raise invalid_request("a view needs a name of its own")
    return name


def _settings(world: World, table: Table, action: Mapping[str, Any]) -> Doc:
    settings: Doc = {key: action[key] for key in _SETTINGS if action.get(key)}
    formula(world, table, settings.get("filterByFormula"))
    params.check_lists(settings)
    ordered(world, table, (), settings.get("sort", []))
    if "hidden" in settings:
        fields = [table.field(str(name)) for name in settings["hidden"]]
        settings["hidden"] = [field["id"] for field in fields if field is not None]
    return settings


def _replace(world: World, table: Table, old: Doc, new: Doc) -> None:
    _put(world, table, [new if view is old else view for view in table.doc["views"]])


def _put(world: World, table: Table, views: list[Doc]) -> None:
    world.put_table({**table.doc, "views": views})
