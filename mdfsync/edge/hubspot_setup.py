"""How the HubSpot account is set up, as far as a joint campaign needs it: currencies, custom properties, forms,
events.

Read once a day, one request per object type and one per hundred forms or events. A property that is asked for and not
defined is ignored by HubSpot without a word, so whether it is defined has to be looked up; one that was archived is
told apart from one that never was. A part that the token may not read is a row that says so: then it is unknown what
is set up there, and nothing is called missing. No answer of a form and no name of a person is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_pull import HubspotSource, lacking
from mdfsync.edge.hubspot_touches import cutter
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Page, Reading
from mdfsync.model import RawRow, SourcePull, SourceRef
from mdfsync.ports import Archive

Items = dict[str, dict[str, Any]]


_OF_A_SOURCE = frozenset({"forms", "marketing_events"})
"""Parts behind which stands a source of their own: that one says which scope is refused."""


class SetupSource(HubspotSource):
    """One row per part: external id `properties:deals` (so for each object type with `required` names), `account`,
    `forms`, `marketing_events`. Body: `part`; `refused` = why it cannot be read, else blank; `items` = what there is,
    by property name, currency code, form id or event id. Of properties only the required ones are kept: `state`
    (defined | archived | missing), `type`, `options` (the values that may be chosen)."""

    def __init__(self, api: HubspotApi, archive: Archive, *, required: Mapping[str, Sequence[str]]) -> None:
        super().__init__("hubspot.setup", api, archive)
        self._required = {kind: frozenset(names) for kind, names in required.items()}

    def read(self, reading: Reading) -> SourcePull:
        rows: list[RawRow] = []
        refusals: list[Refused] = []
        for part, look in self._parts(reading):
            try:
                rows.append(look())
            except Refused as refused:
                if refused.status not in {400, 403, 404}:
                    raise
                refusals.append(refused)
                why = lacking(refused) if refused.status == 403 else str(refused)
                if not (refused.status == 403 and part in _OF_A_SOURCE):
                    reading.say(f"{part} cannot be read: {why}")
                rows.append(RawRow(ref=_nowhere(reading, part), body={"part": part, "refused": why, "items": {}}))
        if refusals and len(refusals) == len(rows):
            raise refusals[0]
        gone = set(reading.known) - {row.ref.external_id for row in rows}
        return reading.done(rows, gone=gone, cursor={})

    def _parts(self, reading: Reading) -> Iterator[tuple[str, Callable[[], RawRow]]]:
        for kind in sorted(self._required):
            yield f"properties:{kind}", partial(self._properties, reading, kind)
        yield "forms", partial(self._listed, reading, "forms", self.api.forms, "id", ("name", "formType", "archived"))
        yield "account", partial(self._account, reading)
        facts = ("eventName", "startDateTime", "eventCancelled")
        yield "marketing_events", partial(self._listed, reading, "marketing_events", self.api.events, "objectId", facts)

    def _account(self, reading: Reading) -> RawRow:
        """The account's currencies; `home` marks the one in which HubSpot adds up."""
        page = reading.page("setup-account", self.api.account)
        home = str(page.body.get("companyCurrency") or "")
        others = [str(code) for code in page.body.get("additionalCurrencies") or ()]
        return _row(reading, "account", page, {code: {"home": code == home} for code in (home, *others) if code})

    def _properties(self, reading: Reading, kind: str) -> RawRow:
        part, pages = f"properties:{kind}", []

        def ask(archived: bool) -> list[dict[str, Any]]:
            name = f"properties-{kind}-archived" if archived else f"properties-{kind}"
            pages.append(reading.page(name, partial(self.api.property_definitions, kind, archived=archived)))
            return pages[-1].results()

        items = _states(ask, self._required[kind])
        return _row(reading, part, pages[0], items)

    def _listed(self, reading: Reading, part: str, ask: Callable[..., Any], key: str, facts: Sequence[str]) -> RawRow:
        items: Items = {}
        first: Page | None = None
        clean = cutter(lambda result: {name: result[name] for name in (key, *facts) if name in result})
        for page in reading.pages(f"setup-{part}", lambda after: ask(after=after), clean):
            first = first or page
            for result in page.results():
                if id := str(result.get(key) or ""):
                    items[id] = {name: result[name] for name in facts if name in result}
        return _row(reading, part, first, items)


def _row(reading: Reading, part: str, page: Page | None, items: Items) -> RawRow:
    ref = reading.ref(part, page, "/results", None) if page else _nowhere(reading, part)
    return RawRow(ref=ref, body={"part": part, "refused": "", "items": items})


def _nowhere(reading: Reading, part: str) -> SourceRef:
    """The place of a row behind which there is no archived answer: what was refused has none."""
    return SourceRef(source_id=reading.source_id, external_id=part, observed_at=None, fetched_at=reading.now, blob="")


def property_states(api: HubspotApi, kind: str, names: Sequence[str]) -> Items:
    """How HubSpot defines these properties now, without keeping the answer: for `doctor`. As the rows' `items`."""

    def ask(archived: bool) -> list[dict[str, Any]]:
        results = api.property_definitions(kind, archived=archived).body.get("results")
        return [found for found in results if isinstance(found, dict)] if isinstance(results, list) else []

    return _states(ask, frozenset(names))


def _states(ask: Callable[[bool], list[dict[str, Any]]], wanted: frozenset[str]) -> Items:
    """`ask` lists the definitions in use, or the archived ones; these only when something is not among the first."""
    items = {name: _defined(found) for found in ask(False) if (name := str(found.get("name"))) in wanted}
    missing = wanted - set(items)
    archived = {str(found.get("name")) for found in ask(True)} if missing else set()
    return items | {name: {"state": "archived" if name in archived else "missing"} for name in sorted(missing)}


def _defined(found: Mapping[str, Any]) -> dict[str, Any]:
    options = [
        str(o["value"]) for o in found.get("options") or () if isinstance(o, dict) and o.get("value") is not None
    ]
    state = "archived" if found.get("archived") else "defined"
    return {"state": state, "type": str(found.get("type") or ""), "options": sorted(options)}
