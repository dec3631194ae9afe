"""Hold the sandbox's HubSpot against HubSpot's published OpenAPI documents:
`python tests/conformance/run_hubspot_specs.py CHECKOUT`.

CHECKOUT is a checkout of github.com/HubSpot/HubSpot-public-api-spec-collection, or a bare mirror of it; those documents
are not for others' use and none of them is kept here. Every answer must fit the schema of its status, and may have no
member that the schema does not know. Where the documents are known to differ from the live service (`hubspot_specs`),
a patched copy in memory is what counts. Exit code 1 when an answer does not fit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

from hubspot_specs import Specs  # noqa: E402

from mdfsync.sandbox.server import Running, Sandbox  # noqa: E402

GUID = "2c9d4a10-83fe-4f7b-8d52-000000001041"
FORM, EVENT, DEAL = "aa10c0de-0000-4000-8000-000000001042", "71000101", "50010001"
DATED = ("2025-09", "2026-03", "2026-09")
READ: dict[str, Any] = {"inputs": [{"id": DEAL}, {"id": "1"}], "properties": ["amount"], "propertiesWithHistory": []}
SEARCH = {"limit": 3, "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]}
MEMBERSHIPS = {"inputs": [{"objectTypeId": "0-1", "recordId": "30101"}]}
LINKS = {"inputs": [{"id": DEAL}, {"id": "1"}]}
ASKED: tuple[tuple[str, str, Any], ...] = (
    ("objects", "/crm/{v}/objects/deals?limit=5&properties=amount&associations=companies", None),
    ("objects", "/crm/{v}/objects/contacts?propertiesWithHistory=email&archived=false", None),
    ("objects", "/crm/{v}/objects/meetings?properties=hs_timestamp,hs_meeting_outcome", None),
    ("objects", f"/crm/{{v}}/objects/deals/{DEAL}?propertiesWithHistory=dealstage", None),
    ("objects", "/crm/{v}/objects/deals/1", None),
    ("objects", "/crm/{v}/objects/deals/batch/read", READ),
    ("objects", "/crm/{v}/objects/deals/search", SEARCH),
    ("objects", "/crm/{v}/objects/deals/search", {**SEARCH, "limit": 999}),
    ("associations", f"/crm/objects/{{v}}/deals/{DEAL}/associations/companies", None),
    ("associations", "/crm/associations/{v}/deals/contacts/batch/read", LINKS),
    ("associations", "/crm/associations/{v}/deals/companies/batch/read", {"inputs": [{"id": DEAL}]}),
    ("labels", "/crm/associations/{v}/deals/companies/labels", None),
    ("owners", "/crm/{v}/owners?archived=true", None),
    ("owners", "/crm/{v}/owners/77010001", None),
    ("pipelines", "/crm/{v}/pipelines/deals", None),
    ("pipelines", "/crm/{v}/pipelines/deals/default", None),
    ("pipelines", "/crm/{v}/pipelines/deals/default/stages", None),
    ("properties", "/crm/{v}/properties/deals", None),
    ("properties", "/crm/{v}/properties/contacts/email", None),
    ("campaigns", "/marketing/{v}/campaigns?limit=3&properties=hs_name,hs_utm", None),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}?startDate=2026-01-01&endDate=2026-12-31", None),
    ("campaigns", "/marketing/{v}/campaigns/batch/read?properties=hs_utm", {"inputs": [{"id": GUID}, {"id": "none"}]}),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}/assets/EMAIL", None),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}/budget/totals", None),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}/reports/metrics", None),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}/reports/revenue", None),
    ("campaigns", f"/marketing/{{v}}/campaigns/{GUID}/reports/contacts/influencedContacts?limit=2", None),
    ("account", "/account-info/{v}/details", None),
    ("account", "/account-info/{v}/api-usage/daily/private-apps", None),
    ("forms", "/marketing/{v}/forms?limit=2&formTypes=all", None),
    ("forms", f"/marketing/{{v}}/forms/{FORM}", None),
    ("events", "/marketing/{v}/marketing-events", None),
    ("events", f"/marketing/{{v}}/marketing-events/{EVENT}", None),
    ("events", f"/marketing/{{v}}/marketing-events/participations/{EVENT}", None),
    ("events", f"/marketing/{{v}}/marketing-events/participations/{EVENT}/breakdown?limit=3", None),
    ("events", "/marketing/{v}/marketing-events/participations/contacts/30104/breakdown", None),
    ("lists", "/crm/{v}/lists/search", {"offset": 0, "additionalProperties": []}),
    ("lists", "/crm/{v}/lists/812/memberships?limit=1", None),
    ("lists", "/crm/{v}/lists/812/memberships/join-order", None),
    ("lists", "/crm/{v}/lists/records/0-1/30101/memberships", None),
    (
        "lists",
        "/crm/{v}/lists/records/memberships/batch/read",
        MEMBERSHIPS,
    ),
)
OLDER = {"/crm/objects/{v}": "/crm/v4/objects", "/crm/associations/{v}": "/crm/v4/associations"}


def paths(family: str, template: str) -> list[tuple[str, str]]:
    """(version, path) of one request in every generation that has it."""
    older = template
    if template == "/marketing/{v}/marketing-events":
        older = "/marketing/marketing-events/v3"  # only this one is spelled so
    for dated, v4 in OLDER.items():
        older = older.replace(dated, v4)
    versions: tuple[str, ...] = () if family == "forms" else DATED
    if family == "associations" and template.startswith("/crm/objects/"):
        versions = tuple(v for v in versions if v != "2026-09")
    found = [(version, _dated(template, version)) for version in versions]
    return [("v4" if "/v4/" in older else "v3", older.replace("{v}", "v3")), *found]


def _dated(template: str, version: str) -> str:
    """`/crm/{v}/owners` becomes `/crm/owners/2026-03`, and so on."""
    first, _, rest = template.partition("/{v}")
    if not first.endswith(("/crm", "/marketing")):
        return f"{first}/{version}{rest}"
    name, slash, more = rest[1:].partition("/")
    plain, mark, query = name.partition("?")
    return f"{first}/{plain}/{version}{mark}{query}{slash}{more}"


def main() -> int:
    """Ask everything, say what does not fit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="checkout or bare mirror of HubSpot's specification collection")
    specs = Specs(parser.parse_args().checkout)
    with tempfile.TemporaryDirectory(prefix="mdfsync-hubspot-specs-") as folder:
        sandbox = Sandbox(Path(folder)).start()
        try:
            return _run(sandbox, specs)
        finally:
            sandbox.stop()


def _run(sandbox: Running, specs: Specs) -> int:
    sandbox.admin("POST", "hubspot", {"action": "put_list", "id": "812", "name": "Met at the fair"})
    for contact in ("30102", "30101"):
        sandbox.admin("POST", "hubspot", {"action": "join", "id": "812", "record": contact})
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {sandbox.hubspot_token}"
    asked = failed = 0
    for family, template, body in ASKED:
        for version, path in paths(family, template):
            method = "GET" if body is None else "POST"
            answer = session.request(method, sandbox.hubspot_url + path, json=body, timeout=30)
            faults = specs.faults(family, version, method, path.partition("?")[0], answer.status_code, answer.json())
            asked, failed = asked + 1, failed + bool(faults)
            for fault in faults:
                sys.stdout.write(f"{method} {path} {answer.status_code}: {fault}\n")
    sys.stdout.write(f"{asked - failed} answers fit, {failed} do not\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
