"""HubSpot's own Python client with our transport under it, and the few calls it lacks.

`hubspot-api-client` builds a new connection pool at every attribute access, has no timeout, swallows HTML answers
and rewrites values. So its API objects are made once by `api_factory`, their transport is `Wire`, and every answer
is taken raw (`_preload_content=False`): what is archived and hashed is what HubSpot sent. The client has no
campaigns and no form submissions; those go through the same `Wire`. It refuses nothing and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mdfsync.edge.hubspot_wire import Query, Wire
from mdfsync.edge.paged import Answer
from mdfsync.errors import UsageError

_CAMPAIGNS = "/marketing/v3/campaigns"
_SUBMISSIONS = "/form-integrations/v1/submissions/forms"


class HubspotApi:
    """Typed reads of one account. Every method returns the raw `Answer` and raises what `Wire.send` raises."""

    def __init__(self, wire: Wire) -> None:
        from hubspot import HubSpot  # 0.1 s: only when HubSpot is really spoken to

        self.wire = wire
        self._made: dict[tuple[str, str], Any] = {}
        # The wire's session carries the token; the client needs none, so it can leak none.
        self._client: Any = HubSpot(
            access_token="", host=wire.url, base_url=wire.url, api_factory=self._api, retry=False
        )

    def _api(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        key = (package.__name__, name)
        if key not in self._made:
            configuration = package.Configuration()
            configuration.host = config["host"]
            api_client = package.ApiClient(configuration=configuration)
            api_client.rest_client = _Rest(self.wire)
            self._made[key] = getattr(package, name)(api_client=api_client)
        return self._made[key]

    def list_objects(self, kind: str, *, properties: Sequence[str], after: str | None, limit: int = 100) -> Answer:
        """One page (≤ 100) of active records, ordered by id."""
        return _raw(
            self._client.crm.objects.basic_api.get_page(
                kind, limit=limit, properties=list(properties), **_after(after), **_RAW
            )
        )

    def search_objects(self, kind: str, body: Mapping[str, Any]) -> Answer:
        """One search page (≤ 200)."""
        return _raw(self._client.crm.objects.search_api.do_search(kind, dict(body), **_RAW))

    def read_objects(
        self, kind: str, ids: Sequence[str], *, properties: Sequence[str], archived: bool = False
    ) -> Answer:
        """Up to 100 records by id, from the records themselves and not from the search index."""
        body = {"inputs": [{"id": id} for id in ids], "properties": list(properties), "propertiesWithHistory": []}
        return _raw(self._client.crm.objects.batch_api.read(kind, body, archived=archived, **_RAW))

    def property_definitions(self, kind: str, *, archived: bool = False) -> Answer:
        """Every property definition of an object type; `archived` gives those that were archived instead."""
        return _raw(self._client.crm.properties.core_api.get_all(kind, archived=archived, **_RAW))

    def associations(self, kind: str, other: str, inputs: Sequence[Mapping[str, str]]) -> Answer:
        """Links of up to 1,000 records (`{"id", "after"?}`) to another object type."""
        api = self._client.crm.associations.v4.batch_api
        return _raw(api.get_page(kind, other, {"inputs": list(inputs)}, **_RAW))

    def association_labels(self, kind: str, other: str) -> Answer:
        """Association types between two object types."""
        return _raw(self._client.crm.associations.v4.schema.definitions_api.get_all(kind, other, **_RAW))

    def owners(self, *, archived: bool, after: str | None, limit: int = 500) -> Answer:
        """One page of owners; people who left only with `archived`."""
        api = self._client.crm.owners.owners_api
        return _raw(api.get_page(limit=limit, archived=archived, **_after(after), **_RAW))

    def pipelines(self, kind: str) -> Answer:
        """Every pipeline of an object type with its stages."""
        return _raw(self._client.crm.pipelines.pipelines_api.get_all(kind, **_RAW))

    def forms(self, *, after: str | None, limit: int = 100) -> Answer:
        """One page of form definitions of every type."""
        api = self._client.marketing.forms.forms_api
        return _raw(api.get_page(limit=limit, form_types=["all"], **_after(after), **_RAW))

    def submissions(self, form: str, *, after: str | None, limit: int = 50) -> Answer:
        """One page of a form's submissions, newest first (v1: the client has none)."""
        return self.wire.get(f"{_SUBMISSIONS}/{_step(form)}", _paged(limit, after))

    def events(self, *, after: str | None, limit: int = 100) -> Answer:
        """One page of marketing events."""
        return _raw(self._client.marketing.events.basic_api.get_all(limit=limit, **_after(after), **_RAW))

    def participations(self, event: str, *, after: str | None, limit: int = 100) -> Answer:
        """One page of the people of a marketing event and their present state."""
        api = self._client.marketing.events.retrieve_participant_state_api
        call = api.get_participations_breakdown_by_marketing_event_id
        return _raw(call(_step(event), limit=limit, **_after(after), **_RAW))

    def campaigns(self, *, properties: Sequence[str], after: str | None, limit: int = 100) -> Answer:
        """One page of campaigns in the order of their creation (by name, rows would slip between pages)."""
        query = [("sort", "createdAt"), ("properties", ",".join(properties)), *_paged(limit, after)]
        return self.wire.get(_CAMPAIGNS, query)

    def campaign_budget(self, guid: str) -> Answer:
        """Budget and spend items of a campaign with their totals."""
        return self.wire.get(f"{_CAMPAIGNS}/{_step(guid)}/budget/totals")

    def campaign_contacts(self, guid: str, contact_type: str, *, after: str | None, limit: int = 100) -> Answer:
        """One page of the ids of contacts that a campaign touched."""
        path = f"{_CAMPAIGNS}/{_step(guid)}/reports/contacts/{contact_type}"
        return self.wire.get(path, _paged(limit, after))

    def campaign_revenue(self, guid: str) -> Answer:
        """HubSpot's totals of a campaign since its beginning: contacts, deals, amounts; no id of any of them."""
        return self.wire.get(f"{_CAMPAIGNS}/{_step(guid)}/reports/revenue")

    def account(self) -> Answer:
        """Portal id, time zone, currencies."""
        return self.wire.get("/account-info/v3/details")


class _Rest:
    """Takes the place of the client's urllib3 transport; headers and timeouts are the session's."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def GET(self, url: str, query_params: Query | None = None, **_: Any) -> Answer:
        """As the client calls it."""
        return self._wire.send("GET", self._path(url), query_params or (), None)

    def POST(self, url: str, query_params: Query | None = None, body: Any = None, **_: Any) -> Answer:
        """As the client calls it."""
        return self._wire.send("POST", self._path(url), query_params or (), body)

    def _path(self, url: str) -> str:
        if not url.startswith(self._wire.url + "/"):
            raise RuntimeError("the HubSpot client left its host")
        return url.removeprefix(self._wire.url)


_RAW: Mapping[str, Any] = {"_preload_content": False}


def _raw(answer: Any) -> Answer:
    if not isinstance(answer, Answer):
        raise RuntimeError(f"the HubSpot client answered with {type(answer).__name__}, not through the wire")
    return answer


def _after(after: str | None) -> dict[str, str]:
    return {} if after is None else {"after": after}


def _paged(limit: int, after: str | None) -> list[tuple[str, Any]]:
    return [("limit", limit), *_after(after).items()]


def _step(id: str) -> str:
    """An id as one step of a path: a GUID or a number, nothing that could lead elsewhere."""
    if not id or not all(c.isalnum() or c in "-_" for c in id) or not id.isascii():
        raise UsageError(f"not a HubSpot id: {id[:60]!r}")
    return id
