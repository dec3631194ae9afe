"""`cellFormat=string` of the sandbox's Airtable: every cell as the text a person would see.

Dates are written in the request's `timeZone` and, where a field's format is `local`, in the manner of its `userLocale`;
both are mandatory then. The real service promises nothing about these texts, so the sandbox promises none of them
either, beyond: blank cells are left out, and a text is what the field's own format says.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from mdfsync.sandbox.airtable.cells import record_names
from mdfsync.sandbox.airtable.params import Manner
from mdfsync.sandbox.airtable.records import Presenter
from mdfsync.sandbox.airtable.world import Table, World
from mdfsync.sandbox.store import Doc

_LOCAL = {"de": "%D.%M.%Y", "en": "%M/%D/%Y", "fr": "%D/%m/%Y", "ja": "%Y/%M/%D", "sv": "%Y-%m-%d", "zh": "%Y/%M/%D"}
_FORMS = {"friendly": "%B %D, %Y", "us": "%M/%D/%Y", "european": "%D/%M/%Y", "iso": "%Y-%m-%d"}
_AMERICAN = ("en", "en-us")
_INSTANTS = frozenset({"dateTime", "createdTime", "lastModifiedTime"})


class StringPresenter(Presenter):
    """A `Presenter` whose cells are all texts."""

    def __init__(
        self, world: World, table: Table, how: Manner, *, by_id: bool = False, only: list[str] | None = None
    ) -> None:
        super().__init__(world, table, by_id=by_id, only=only)
        self._how = how
        self._fields = {f["id"] if by_id else f["name"]: f for f in table.doc["fields"]}

    def __call__(self, row: Doc) -> Doc:
        shown = super().__call__(row)
        cells = {key: text(self.world, self._fields[key], cell, self._how) for key, cell in shown["fields"].items()}
        return {**shown, "fields": cells}


def text(world: World, field: Doc, shown: Any, how: Manner) -> str:
    """One cell, as record endpoints return it in JSON, as text."""
    kind, options = field["type"], field.get("options") or {}
    if kind == "multipleRecordLinks":
        target = world.table_by_id(options["linkedTableId"])
        return ", ".join(record_names(world, target, shown))
    if kind == "multipleAttachments":
        return ", ".join(f"{item['filename']} ({item['url']})" for item in shown)
    if isinstance(shown, list):
        return ", ".join(_plain(item) for item in shown)
    if kind == "checkbox":
        return "checked"
    if kind in {"number", "currency", "percent"} and isinstance(shown, int | float):
        return _number(kind, options, shown)
    if kind == "duration" and isinstance(shown, int | float):
        return _duration(str(options["durationFormat"]), shown)
    if kind == "date":
        return _day(options, date.fromisoformat(shown), how)
    if kind in _INSTANTS:
        return _instant(options.get("result", {}).get("options") or options, datetime.fromisoformat(shown), how)
    return _plain(shown)


def _plain(shown: Any) -> str:
    if isinstance(shown, dict):  # a person, a barcode, NaN, #ERROR!
        members = ("name", "text", "specialValue", "error", "id")
        return str(next((shown[m] for m in members if m in shown), ""))
    return str(shown)


def _number(kind: str, options: Doc, value: float) -> str:
    places = int(options["precision"])
    if kind == "percent":
        return f"{value * 100:.{places}f}%"
    if kind == "currency":
        return f"{'-' if value < 0 else ''}{options['symbol']}{abs(value):,.{places}f}"
    return f"{value:.{places}f}"


def _duration(form: str, seconds: float) -> str:
    places = len(form.partition(".")[2])
    ticks = round(abs(seconds) * 10**places)
    whole, part = divmod(ticks, 10**places)
    minutes, rest = divmod(whole, 60)
    written = f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02d}"
    if form != "h:mm":
        written += f":{rest:02d}" + (f".{part:0{places}d}" if places else "")
    return written


def _day(options: Doc, day: date, how: Manner) -> str:
    name = options.get("dateFormat", {}).get("name", "local")
    form = _FORMS.get(name)
    if form is None:
        language = how.locale.split("-")[0]
        form = _LOCAL.get(language, "%D/%M/%Y")
        if language == "en" and how.locale not in _AMERICAN:
            form = "%D/%M/%Y"
    # strftime has no portable code for a day or month without its zero
    return day.strftime(form.replace("%D", str(day.day)).replace("%M", str(day.month)))


def _instant(options: Doc, moment: datetime, how: Manner) -> str:
    local = moment.astimezone(how.zone)
    if options.get("timeFormat", {}).get("name") == "24hour":
        clock = local.strftime("%H:%M")
    else:
        clock = f"{local.hour % 12 or 12}:{local.minute:02d}{'am' if local.hour < 12 else 'pm'}"
    return f"{_day(options, local.date(), how)} {clock}"
