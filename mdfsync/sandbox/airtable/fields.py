"""Field types of the sandbox's Airtable: which can be created, with which options, and how options read back.

`field_from` turns the JSON of a create request into the kept schema of one field or refuses it with the code that
the real service uses. What a read adds (choice ids and colours, date format texts, link bookkeeping) is added here
once, so that the metadata endpoints return kept schemas as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable.errors import Refusal, invalid_field_options, invalid_request
from mdfsync.sandbox.airtable.world import COMPUTED, World
from mdfsync.sandbox.store import Doc

_PLAIN = {
    "singleLineText", "multilineText", "richText", "email", "url", "phoneNumber", "barcode", "singleCollaborator",
    "multipleCollaborators",
}  # fmt: skip
_PRIMARY = {
    "singleLineText", "multilineText", "email", "url", "phoneNumber", "number", "currency", "percent", "duration",
    "date", "dateTime", "barcode", "autoNumber", "formula",
}  # fmt: skip
_CREATABLE_COMPUTED = {"formula", "rollup", "multipleLookupValues"}
_DATE_FORMATS = {"local": "l", "friendly": "LL", "us": "M/D/YYYY", "european": "D/M/YYYY", "iso": "YYYY-MM-DD"}
_TIME_FORMATS = {"12hour": "h:mma", "24hour": "HH:mm"}
_DURATIONS = {"h:mm", "h:mm:ss", "h:mm:ss.S", "h:mm:ss.SS", "h:mm:ss.SSS"}
_HUES = ("green", "teal", "cyan", "blue", "purple", "pink", "red", "orange", "yellow", "gray")
_BRIGHT = frozenset(f"{hue}Bright" for hue in _HUES)
_CHOICE_COLOURS = frozenset(f"{hue}{shade}" for hue in _HUES for shade in ("Light2", "Light1", "Bright", "Dark1"))
_ICONS = frozenset({"check", "xCheckbox", "star", "heart", "thumbsUp", "flag", "dot"})
_COLOURS = ("blueLight2", "cyanLight2", "tealLight2", "greenLight2", "yellowLight2", "orangeLight2", "redLight2")
_LONGEST_DESCRIPTION = 20_000

Check = Callable[[World, str, Doc], Doc]


def field_from(world: World, table_name: str, spec: Any, *, by_hand: bool = False, primary: bool = False) -> Doc:
    """The kept schema of a new field, without any reverse link. `by_hand` = made in Airtable's own pages (the admin
    endpoint), where every type can be made."""
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
        raise invalid_request()
    kind, name = spec["type"], spec.get("name")
    where = f"{table_name}.{name}"
    if not isinstance(name, str) or not name.strip():
        raise duplicate_field()
    if kind not in _CHECKS:
        raise invalid_request()
    if kind in COMPUTED and not by_hand:
        _refuse_computed(world, kind, where)
    if primary and kind not in _PRIMARY:
        raise invalid_request(f"{kind} cannot be the type of a primary field")
    options = spec.get("options")
    if options is not None and not isinstance(options, dict):
        raise invalid_field_options(where, "options must be an object")
    kept = _CHECKS[kind](world, where, options or {})
    field: Doc = {"id": ids.new(world.store, "fld"), "name": name.strip(), "type": kind}
    if spec.get("description"):
        field["description"] = description(spec["description"])
    if kept:
        field["options"] = kept
    return field


def description(text: Any) -> str:
    """A description of at most 20,000 characters."""
    if not isinstance(text, str) or len(text) > _LONGEST_DESCRIPTION:
        raise invalid_request()
    return text


def duplicate_field() -> Refusal:
    return Refusal(422, "DUPLICATE_OR_EMPTY_FIELD_NAME", "Field names must be unique and cannot be empty")


def _refuse_computed(world: World, kind: str, where: str) -> None:
    if kind not in _CREATABLE_COMPUTED or not world.knob("computed_field_creation"):
        message = f"Creating {kind} fields is not supported at this time"
        raise Refusal(422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE", f"{where}: {message}")


def _only(where: str, options: Doc, *allowed: str) -> None:
    for key in options:
        if key not in allowed:
            raise invalid_field_options(where, f"{key} is not allowed")


def _one_of(where: str, options: Doc, key: str, allowed: Any) -> Any:
    if not isinstance(options.get(key), str) or options[key] not in allowed:
        raise invalid_field_options(where, f"{key} is missing or not allowed")
    return options[key]


def _whole(where: str, options: Doc, key: str, low: int, high: int) -> int:
    number = options.get(key)
    if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
        raise invalid_field_options(where, f"{key} must be a whole number from {low} to {high}")
    return number


def _word(where: str, options: Doc, key: str) -> str:
    text = options.get(key)
    if not isinstance(text, str) or not text:
        raise invalid_field_options(where, f"{key} is missing")
    return text


def _none(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options)
    return {}


def _attachments(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options)
    return {"isReversed": False}


def _number(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "precision")
    return {"precision": _whole(where, options, "precision", 0, 8)}


def _currency(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "precision", "symbol")
    return {"precision": _whole(where, options, "precision", 0, 7), "symbol": _word(where, options, "symbol")}


def _rating(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "icon", "color", "max")
    icon = _one_of(where, options, "icon", _ICONS - {"check", "xCheckbox"})
    colour = _one_of(where, options, "color", _BRIGHT)
    return {"icon": icon, "color": colour, "max": _whole(where, options, "max", 1, 10)}


def _duration(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "durationFormat")
    return {"durationFormat": _one_of(where, options, "durationFormat", _DURATIONS)}


def _checkbox(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "icon", "color")
    return {"icon": _one_of(where, options, "icon", _ICONS), "color": _one_of(where, options, "color", _BRIGHT)}


def _format(where: str, options: Doc, key: str, known: dict[str, str]) -> Doc:
    form = options.get(key)
    name = form.get("name") if isinstance(form, dict) else None
    if not isinstance(name, str) or name not in known:
        raise invalid_field_options(where, f"{key} is missing or not allowed")
    return {"name": name, "format": known[name]}


def _date(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "dateFormat")
    return {"dateFormat": _format(where, options, "dateFormat", _DATE_FORMATS)}


def _date_time(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "timeZone", "dateFormat", "timeFormat")
    zone = _word(where, options, "timeZone")
    if zone not in {"utc", "client"} and ("/" not in zone or zone not in available_timezones()):
        raise invalid_field_options(where, "timeZone is not allowed")
    return {
        "timeZone": zone,
        "dateFormat": _format(where, options, "dateFormat", _DATE_FORMATS),
        "timeFormat": _format(where, options, "timeFormat", _TIME_FORMATS),
    }


def _select(world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "choices")
    choices = options.get("choices")
    if not isinstance(choices, list) or not all(isinstance(c, dict) for c in choices):
        raise invalid_field_options(where, "choices is missing")
    names = [choice.get("name") for choice in choices]
    if not all(isinstance(n, str) and n.strip() for n in names) or len(set(names)) != len(names):
        raise invalid_field_options(where, "choices must have distinct names")
    kept = []
    for place, choice in enumerate(choices):
        _only(where, choice, "name", "color")
        chosen = {"color": choice.get("color") or _COLOURS[place % len(_COLOURS)]}
        colour = _one_of(where, chosen, "color", _CHOICE_COLOURS)
        kept.append({"id": ids.new(world.store, "sel"), "name": choice["name"], "color": colour})
    return {"choices": kept}


def _links(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "linkedTableId", "viewIdForRecordSelection")
    kept = {
        "linkedTableId": _word(where, options, "linkedTableId"),
        "isReversed": False,
        "prefersSingleRecordLink": False,
    }
    return kept | {k: v for k, v in options.items() if k == "viewIdForRecordSelection"}


def _formula(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "formula")
    return {"formula": _word(where, options, "formula")}


def _lookup(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "recordLinkFieldId", "fieldIdInLinkedTable")
    link, field = _word(where, options, "recordLinkFieldId"), _word(where, options, "fieldIdInLinkedTable")
    return {"recordLinkFieldId": link, "fieldIdInLinkedTable": field}


def _rollup(world: World, where: str, options: Doc) -> Doc:
    formula = _word(where, options, "formula")
    rest = {key: value for key, value in options.items() if key != "formula"}
    return {**_lookup(world, where, rest), "formula": formula}


def _count(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "recordLinkFieldId")
    return {"recordLinkFieldId": _word(where, options, "recordLinkFieldId")}


def _last_modified_time(_world: World, where: str, options: Doc) -> Doc:
    kept = _watched(_world, where, options)
    formats = {"timeZone": "utc", "dateFormat": {"name": "iso", "format": "YYYY-MM-DD"}}
    result = {"type": "dateTime", "options": {**formats, "timeFormat": {"name": "24hour", "format": "HH:mm"}}}
    return {**kept, "isValid": True, "result": result}


def _watched(_world: World, where: str, options: Doc) -> Doc:
    _only(where, options, "referencedFieldIds")
    return {"referencedFieldIds": list(options.get("referencedFieldIds", []))}


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(_PLAIN, _none),
    **dict.fromkeys(("autoNumber", "createdBy", "createdTime", "aiText", "button", "manualSort"), _none),
    "externalSyncSource": lambda _world, where, options: _none(_world, where, options) | {"choices": []},
    "number": _number, "percent": _number, "currency": _currency, "rating": _rating, "duration": _duration,
    "checkbox": _checkbox, "date": _date, "dateTime": _date_time, "singleSelect": _select,
    "multipleSelects": _select, "multipleRecordLinks": _links, "multipleAttachments": _attachments,
    "formula": _formula, "multipleLookupValues": _lookup, "rollup": _rollup, "count": _count,
    "lastModifiedTime": _last_modified_time, "lastModifiedBy": _watched,
}  # fmt: skip
