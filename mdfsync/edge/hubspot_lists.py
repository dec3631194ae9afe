"""Owners and deal pipelines: small lists, read whole.

Owners who left the company come only in a second, archived listing; deals keep pointing to them, so they stay
rows. The archived listing is read on a first load and on `full`, and only then may an owner be called gone.
"""

from __future__ import annotations

from functools import partial

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_pull import HubspotSource
from mdfsync.edge.paged import Answer, Page, Reading, moment
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive

_OWNER = (
    "id", "email", "firstName", "lastName", "userId", "userIdIncludingInactive", "type", "createdAt",
    "updatedAt", "archived", "teams",
)  # fmt: skip


class OwnerSource(HubspotSource):
    """One row per owner: `id`, `email`, names, `userId` (null for people who left), `archived`, `teams`."""

    def __init__(self, api: HubspotApi, archive: Archive) -> None:
        super().__init__("hubspot.owners", api, archive)

    def read(self, reading: Reading) -> SourcePull:
        rows: dict[str, RawRow] = {}
        for archived in (False, True) if reading.full else (False,):
            name = "owners-archived" if archived else "owners"
            for page in reading.pages(name, partial(self._page, archived)):
                for row in _rows(reading, page):
                    rows.setdefault(row.ref.external_id, row)
        complete = reading.full and not reading.rejects
        gone = set(reading.known) - set(rows) if complete else ()
        return reading.done(rows.values(), gone=gone, complete=complete, cursor={})

    def _page(self, archived: bool, after: str | None) -> Answer:
        return self.api.owners(archived=archived, after=after)


class PipelineSource(HubspotSource):
    """One row per deal pipeline: `id`, `label`, `stages` with their `metadata` (texts: `isClosed`, `probability`)."""

    def __init__(self, api: HubspotApi, archive: Archive) -> None:
        super().__init__("hubspot.pipelines", api, archive)

    def read(self, reading: Reading) -> SourcePull:
        page = reading.page("pipelines-deals", partial(self.api.pipelines, "deals"))
        rows = {row.ref.external_id: row for row in _rows(reading, page)}
        complete = not reading.rejects
        gone = set(reading.known) - set(rows) if complete else ()
        return reading.done(rows.values(), gone=gone, complete=complete, cursor={})


def _rows(reading: Reading, page: Page) -> list[RawRow]:
    """Rows by `id`; owners are cut to what is listed above (pipelines carry nothing personal)."""
    rows = []
    for index, result in enumerate(page.results()):
        id = str(result.get("id") or "")
        if not id:
            reading.reject(page, f"/results/{index}", "missing id", "an entry without an id")
            continue
        body = result if "stages" in result else {name: result[name] for name in _OWNER if name in result}
        ref = reading.ref(id, page, f"/results/{index}", moment(result.get("updatedAt")))
        rows.append(RawRow(ref=ref, body=body))
    return rows
