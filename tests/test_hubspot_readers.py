"""The sandbox's HubSpot as independent readers see it.

First the locked `hubspot-api-client`: every endpoint that the client has and the sandbox emulates is read through the
client's typed calls, and every member of its models must be filled, but for those named beside the call, which HubSpot
leaves out too. Then `hubspot-sdk` and HubSpot's OpenAPI documents, where they are at hand: see
`tests/conformance/README.md`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hubspot
import pytest
from hubspot_specs import Specs
from sandbox_bench import served

from mdfsync.sandbox.server import Running

CONFORMANCE = Path(__file__).parent / "conformance"
# Read here: conftest hides our variables from the tests.
SDK, SPECS = os.environ.get("MDFSYNC_HUBSPOT_SDK", ""), os.environ.get("MDFSYNC_HUBSPOT_SPECS", "")
DEAL, FORM, EVENT = "50010001", "aa10c0de-0000-4000-8000-000000001042", 71000101
LAST_PAGE = {"paging"}
LIVE_RECORD = {"archived_at", "object_write_trace_id"}
PLAIN_RECORD = {*LIVE_RECORD, "associations", "properties_with_history"}
ERROR = {"errors.errors", "errors.id", "errors.links", "errors.sub_category", "links", "requested_at"}
DEFINITION = {
    "archived_at", "calculation_formula", "created_user_id", "updated_user_id", "referenced_object_type",
    "show_currency_symbol", "options.description",
}  # fmt: skip
FORM_PARTS = {
    "archived_at", "display_options.css_class", "field_groups.rich_text",
    *(f"field_groups.fields.{name}" for name in (
        "allow_multiple_files", "default_value", "default_values", "description", "options", "placeholder",
        "use_country_code_select", "validation.max_allowed_digits", "validation.min_allowed_digits",
    )),
    *(f"legal_consent_options.{name}" for name in (
        "communication_consent_text", "communications_checkboxes", "consent_to_process_checkbox_label",
        "consent_to_process_footer_text", "consent_to_process_text", "lawful_basis", "privacy_text",
        "subscription_type_ids",
    )),
}  # fmt: skip
STAGE = {"archived_at"}


def rows(*names: set[str]) -> set[str]:
    """Names below `results`."""
    return {f"results.{name}" for group in names for name in group}


Case = tuple[str, Callable[[Any], Any], set[str]]


def activities(kind: str) -> Case:
    """All engagements of a kind."""
    blank = rows(PLAIN_RECORD) | LAST_PAGE
    return kind, lambda c: getattr(c.crm.objects, kind).basic_api.get_page(limit=100), blank


CASES: list[Case] = [
    *(activities(kind) for kind in ("calls", "emails", "meetings", "notes", "tasks")),
    (
        "deals with history and links",
        lambda c: c.crm.deals.basic_api.get_page(
            limit=5, properties=["amount"], properties_with_history=["dealname"], associations=["companies"]
        ),
        rows(LIVE_RECORD, {"associations.paging", "properties_with_history.source_label"}),
    ),
    ("archived deals", lambda c: c.crm.deals.basic_api.get_page(archived=True),
     rows(PLAIN_RECORD - {"archived_at"}) | LAST_PAGE),
    ("a contact", lambda c: c.crm.contacts.basic_api.get_by_id("30101"), PLAIN_RECORD),
    ("companies", lambda c: c.crm.companies.basic_api.get_page(), rows(PLAIN_RECORD)),
    ("campaigns as objects", lambda c: c.crm.objects.basic_api.get_page("0-35"), rows(PLAIN_RECORD) | LAST_PAGE),
    ("a search", lambda c: c.crm.deals.search_api.do_search({"limit": 2}),
     rows(LIVE_RECORD, {"properties_with_history"}) | {"paging.next.link"}),
    ("a batch, one missing",
     lambda c: c.crm.deals.batch_api.read({"inputs": [{"id": DEAL}, {"id": "1"}], "properties": []}),
     rows(LIVE_RECORD, {"properties_with_history"}) | ERROR),
    ("links, one without", lambda c: c.crm.associations.v4.batch_api.get_page(
        "deals", "contacts", {"inputs": [{"id": DEAL}, {"id": "1"}]}),
     ERROR - {"errors.sub_category"} | rows({"paging", "to.association_types.label"})),
    ("links of one", lambda c: c.crm.associations.v4.basic_api.get_page("deals", DEAL, "companies"),
     rows({"association_types.label"}) | LAST_PAGE),
    ("labels", lambda c: c.crm.associations.v4.schema.definitions_api.get_all("deals", "companies"), rows({"label"})),
    ("owners", lambda c: c.crm.owners.owners_api.get_page(), rows({"teams"}) | LAST_PAGE),
    ("owners who left", lambda c: c.crm.owners.owners_api.get_page(archived=True),
     rows({"teams", "user_id"}) | LAST_PAGE),
    ("an owner", lambda c: c.crm.owners.owners_api.get_by_id(77010001), {"teams"}),
    ("pipelines", lambda c: c.crm.pipelines.pipelines_api.get_all("deals"),
     rows({"archived_at", "stages.archived_at"})),
    ("a pipeline", lambda c: c.crm.pipelines.pipelines_api.get_by_id("deals", "default"),
     {"archived_at", "stages.archived_at"}),
    ("stages", lambda c: c.crm.pipelines.pipeline_stages_api.get_all("deals", "default"), rows(STAGE)),
    ("properties", lambda c: c.crm.properties.core_api.get_all("deals"), rows(DEFINITION)),
    ("a property", lambda c: c.crm.properties.core_api.get_by_name("deals", "pipeline"), DEFINITION),
    ("forms", lambda c: c.marketing.forms.forms_api.get_page(), rows(FORM_PARTS) | LAST_PAGE),
    ("a form", lambda c: c.marketing.forms.forms_api.get_by_id(FORM), FORM_PARTS),
    ("events", lambda c: c.marketing.events.basic_api.get_all(),
     rows({"app_info", "attendees", "event_description", "external_event_id"}) | LAST_PAGE),
    ("an event", lambda c: c.marketing.events.basic_api.get_by_object_id(str(EVENT)),
     {"app_info", "event_description"}),
    ("counters", lambda c: _states(c).get_participations_counters_by_marketing_event_id(EVENT), set()),
    ("people of an event", lambda c: _states(c).get_participations_breakdown_by_marketing_event_id(EVENT, limit=100),
     rows({"properties.attendance_duration_seconds", "properties.attendance_percentage"}) | LAST_PAGE),
    ("events of a person", lambda c: _states(c).get_participations_breakdown_by_contact_id("30104"), LAST_PAGE),
    ("people of an app's event",
     lambda c: _states(c).get_participations_breakdown_by_external_event_id("44120117", "streamforge-4401", limit=100),
     rows({"properties.attendance_duration_seconds", "properties.attendance_percentage"}) | LAST_PAGE),
    ("members of a list", lambda c: c.crm.lists.memberships_api.get_page("812"), {"paging"}),
    ("members by join", lambda c: c.crm.lists.memberships_api.get_page_ordered_by_added_to_list_date("812"),
     {"paging"}),
    ("lists of a record", lambda c: c.crm.lists.memberships_api.get_lists("0-1", "30101"), {"paging", "total"}),
    ("lists", lambda c: c.crm.lists.lists_api.do_search({"offset": 0}),
     {f"lists.{name}" for name in ("created_by_id", "deleted_at", "filters_updated_at", "updated_by_id")}),
]  # fmt: skip


def _states(client: Any) -> Any:
    return client.marketing.events.retrieve_participant_state_api


def blanks(model: Any, path: str = "") -> set[str]:
    """Members of a model, and of the models in it, that are None."""
    if hasattr(model, "openapi_types"):
        found: set[str] = set()
        for name in model.openapi_types:
            value, here = getattr(model, name), f"{path}.{name}".lstrip(".")
            found |= {here} if value is None else blanks(value, here)
        return found
    if isinstance(model, dict):
        model = [value for value in model.values() if value is not None]
    return {name for one in model for name in blanks(one, path)} if isinstance(model, list) else set()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        running.admin("POST", "hubspot", {"action": "archive", "kind": "deals", "id": "50010034"})
        running.admin("POST", "hubspot", {"action": "put_list", "id": "812", "name": "Met at the fair"})
        running.admin("POST", "hubspot", {"action": "join", "id": "812", "record": "30101"})
        yield running


@pytest.mark.parametrize(("call", "left_out"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_official_clients_models_are_filled(
    sandbox: Running, call: Callable[[Any], Any], left_out: set[str]
) -> None:
    url = sandbox.hubspot_url
    model = call(hubspot.HubSpot(access_token=sandbox.hubspot_token, host=url, base_url=url, retry=False))
    listed = getattr(model, "results", None)
    assert listed is None or listed, "nothing to look at"
    assert blanks(model) - left_out == set()


@pytest.mark.skipif(not SDK, reason="MDFSYNC_HUBSPOT_SDK names no folder for hubspot-sdk: tests/conformance/README.md")
def test_the_next_sdk_reads_what_it_expects() -> None:
    ran = _script("run_hubspot_sdk.py", "--folder", SDK)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.skipif(not SPECS, reason="MDFSYNC_HUBSPOT_SPECS names no checkout: tests/conformance/README.md")
def test_answers_fit_hubspots_specifications() -> None:
    ran = _script("run_hubspot_specs.py", SPECS)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _script(*command: str) -> subprocess.CompletedProcess[str]:
    script, *arguments = command
    run = [sys.executable, str(CONFORMANCE / script), *arguments]
    return subprocess.run(run, capture_output=True, text=True, timeout=280, check=False)


OWNERS = {
    "paths": {"/crm/owners/2026-03/{id}": {"get": {"responses": {
        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/PublicOwner"}}}},
        "default": {"$ref": "#/components/responses/Error"},
    }}}},
    "components": {
        "responses": {"Error": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Error"}}}}},
        "schemas": {
            "PublicOwner": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "string"}, "userId": {"type": "integer"},
                "createdAt": {"type": "string", "format": "date-time"},
            }},
            "Error": {"type": "object", "required": ["message", "category"], "properties": {
                "message": {"type": "string"}, "category": {"type": "string"},
            }},
        },
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status", "answer", "fault"),
    [
        ("77", 200, {"id": "77", "userId": None, "createdAt": "2026-01-02T03:04:05Z"}, ""),
        ("77", 200, {"id": 77}, "id: 77 is not of type"),
        ("77", 200, {"userId": 1}, "'id' is a required property"),
        ("77", 200, {"id": "77", "createdAt": "yesterday"}, "createdAt: 'yesterday' is not a"),
        ("77", 200, {"id": "77", "invented": 1}, "'invented' was unexpected"),
        ("77", 207, {"id": "77"}, "status 207 is not in"),
        ("77", 404, {"status": "error", "message": "gone"}, ""),
        ("77/teams", 200, {}, "no such operation"),
    ],
)
def test_what_does_not_fit_a_specification_is_told(
    tmp_path: Path, path: str, status: int, answer: dict[str, Any], fault: str
) -> None:
    file = tmp_path / "PublicApiSpecs/CRM/Crm Owners/Rollouts/146888/2026-03/crmOwners.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(OWNERS), encoding="utf-8")
    found = Specs(tmp_path).faults("owners", "2026-03", "GET", f"/crm/owners/2026-03/{path}", status, answer)
    assert bool(found) == bool(fault) and fault in " ".join(found)
