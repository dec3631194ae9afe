"""Crossbeam's REST source: against the sandbox's Crossbeam over HTTP, and against answers given by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from hubspot_lab import Time, by_id, said, served, unhurried
from starlette.applications import Starlette
from starlette.routing import Mount

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.crossbeam import CrossbeamApi
from mdfsync.edge.crossbeam_wire import PRODUCTION, PRODUCTION_TOKENS, CrossbeamWire
from mdfsync.edge.pace import Calls
from mdfsync.errors import AuthLost, Unreachable, UsageError
from mdfsync.model import SourcePull
from mdfsync.sandbox import crossbeam as sandbox
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.overlaps import pair_key, put_overlap, remove_overlap, share
from mdfsync.sandbox.store import Store
from mdfsync.values import digest

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PARTNERS = {"p-1": "Cobalt Harbor", "p-2": "Fernway Systems"}


def overlap(number: int, partner: str = "p-1", **more: Any) -> dict[str, Any]:
    return {
        "record_id": str(8810020000 + number),
        "record_name": f"Account {number}",
        "record_website": f"account{number}.example",
        "record_email": None,
        "crossbeam_record_id": f"our-{number}",
        "populations": [{"id": 40113, "name": "Prospects"}, {"id": 40120, "name": "EMEA Target Accounts"}],
        "partner_id": partner,
        "partner_name": PARTNERS[partner],
        "partner_record_type": "account",
        "partner_record_name": f"Their {number}",
        "partner_record_website": f"their{number}.example",
        "partner_crossbeam_record_id": f"{partner}-{number}",
        "partner_populations": [{"id": 51001, "name": "Customers"}],
        "partner_owner": {"owner_name": "Tomas Reyl", "owner_email": "tomas.reyl@cobaltharbor.example"},
        "partner_source_data": [{"field_name": "Account Type", "field_value": "Customer"}],
        **more,
    }


class Lab:
    """One organisation and what our source keeps of it between pulls."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.archive = FolderArchive(folder)
        self.time, self.calls = Time(), Calls()
        self.rotated: list[str] = []
        self.refresh_token = sandbox.REFRESH_TOKEN
        self.cursor: Mapping[str, Any] | None = None
        self.known: dict[str, str] = {}

    def wire(self, organization: str = sandbox.ORGANIZATION) -> CrossbeamWire:
        return CrossbeamWire(
            client_id=sandbox.CLIENT_ID,
            client_secret=sandbox.CLIENT_SECRET,
            refresh_token=self.refresh_token,
            rotated=self.rotated.append,
            url=self.url,
            organization=organization,
            pace=unhurried(self.time),
            calls=self.calls,
        )

    def pull(self, *, full: bool = False, organization: str = sandbox.ORGANIZATION, **options: Any) -> SourcePull:
        source = CrossbeamApi(self.wire(organization), self.archive, **options)
        pull = source.pull(self.cursor, full=full, known=self.known, now=NOW)
        if not pull.held and not pull.absent:
            self.known |= {row.ref.external_id: digest(row.body) for row in pull.rows}
            self.known = {id: sha for id, sha in self.known.items() if id not in pull.gone}
            self.cursor = pull.cursor
        return pull


class Served(Lab):
    """The same against the sandbox's Crossbeam, with 2,300 overlaps of one partner and three of another."""

    def __init__(self, app: Starlette, url: str, folder: Path) -> None:
        super().__init__(f"{url}/crossbeam", folder)
        self.store = Store(None)
        app.router.routes[:] = [Mount("/crossbeam", routes=sandbox.routes(self.store, Clock(self.store)))]
        for uuid, name in PARTNERS.items():
            doc = {"uuid": uuid, "name": name, "domain": f"{uuid}.example", "tags": [], "sharing": "overlaps"}
            self.store.put("crossbeam.partners", uuid, doc)
        for id, name, kind in (
            (40113, "Prospects", "prospects"),
            (40120, "EMEA Target Accounts", None),
        ):
            self.store.put("crossbeam.populations", str(id), {"id": id, "name": name, "standard_type": kind})
        customers = {"id": 51001, "name": "Customers", "standard_type": "customers"}
        self.store.put("crossbeam.partner_populations", "51001", customers)
        with self.store.transaction():
            for number in range(2300):
                put_overlap(self.store, overlap(number))
            for number in range(3):
                put_overlap(self.store, overlap(number, "p-2"))


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Starlette, str]]:
    with served() as running:
        yield running


@pytest.fixture
def lab(server: tuple[Starlette, str], tmp_path: Path) -> Served:
    return Served(*server, tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Lab:
    return Lab(PRODUCTION, tmp_path)


# -- against the sandbox


def test_a_full_read_takes_every_pair_once_even_when_pages_repeat_rows(lab: Served) -> None:
    lab.store.set("crossbeam.repeat_last_row", True)
    pull = lab.pull()
    assert len(pull.rows) == len(by_id(pull)) == 2303
    assert pull.complete
    assert pull.requests == 1 + 3 + 2 + 1  # token, pages, populations of both sides, partners


def test_a_row_carries_crossbeams_own_fields_and_the_keys_of_every_overlap_source(lab: Served) -> None:
    row = by_id(lab.pull())["our-7:p-1-7"]
    assert row["partner_source_data"] == [{"field_name": "Account Type", "field_value": "Customer"}]
    shared = {
        "account_name": "Account 7",
        "domain": "account7.example",
        "our_record_id": "8810020007",
        "our_populations": "EMEA Target Accounts, Prospects",
        "our_population_types": "custom, prospects",
        "partner_name": "Cobalt Harbor",
        "partner_populations": "Customers",
        "partner_population_types": "customers",
        "partner_record_name": "Their 7",
        "partner_domain": "their7.example",
        "partner_owner_name": "Tomas Reyl",
        "partner_owner_email": "tomas.reyl@cobaltharbor.example",
        "overlap_time": "",
    }
    assert {key: row[key] for key in shared} == shared


def test_every_row_points_at_itself_in_the_archived_bytes(lab: Served) -> None:
    lab.store.set("crossbeam.envelope", "items")
    for row in lab.pull(partner_id="p-2").rows:
        page = json.loads(lab.archive.get(row.ref.blob))
        _, name, index = row.ref.row.split("/")
        assert name == "items"
        assert page[name][int(index)]["crossbeam_record_id"] == row.body["crossbeam_record_id"]


def test_after_the_bookmark_only_what_changed_comes_and_deletions_are_gone(lab: Served) -> None:
    lab.pull()
    put_overlap(lab.store, overlap(5, partner_record_name="Renamed"))
    put_overlap(lab.store, overlap(9001))
    remove_overlap(lab.store, pair_key(overlap(6)))
    pull = lab.pull()
    assert sorted(by_id(pull)) == ["our-5:p-1-5", "our-9001:p-1-9001"]
    assert pull.gone == ("our-6:p-1-6",)
    assert not pull.complete


def test_a_full_read_asks_the_bookmark_which_of_the_missing_pairs_were_removed(lab: Served) -> None:
    lab.pull()
    remove_overlap(lab.store, pair_key(overlap(6)))
    lab.known |= {"our-x:p-1-x": "a pair that nobody reported as removed"}
    pull = lab.pull(full=True)
    assert (pull.gone, pull.told) == (("our-6:p-1-6", "our-x:p-1-x"), ("our-6:p-1-6",))
    assert lab.pull(full=True).requests == 2 + 3 + 2 + 1 - 1  # nothing is missing: the bookmark is not asked


def test_an_idle_refresh_is_a_token_and_one_page(lab: Served) -> None:
    lab.pull()
    pull = lab.pull()
    assert (pull.requests, pull.rows, pull.gone) == (2, (), ())


def test_a_pull_that_was_not_accepted_is_given_again(lab: Served) -> None:
    lab.pull()
    before = lab.cursor
    put_overlap(lab.store, overlap(9001))
    lab.pull()
    lab.cursor = before
    assert list(by_id(lab.pull())) == ["our-9001:p-1-9001"]


def test_a_bookmark_of_other_parameters_is_not_used(lab: Served) -> None:
    lab.pull()
    pull = lab.pull(partner_id="p-2")
    assert pull.complete
    assert len(pull.rows) == 3


def test_a_partner_that_shows_counts_only_is_named_and_its_pairs_are_gone(lab: Served) -> None:
    lab.pull()
    share(lab.store, "p-2", "counts", at="2026-11-20T09:00:00.000Z")
    pull = lab.pull(full=True)
    assert len(pull.gone) == 3
    assert "without a visible overlap: Fernway Systems" in said(pull)


def test_a_rotated_refresh_token_is_handed_on_and_used_next(lab: Served) -> None:
    lab.store.set("crossbeam.rotate_refresh", True)
    lab.pull()
    assert len(lab.rotated) == 1
    lab.refresh_token = lab.rotated[0]
    assert lab.pull().held == ""


def test_an_access_token_that_died_is_renewed_once(lab: Served) -> None:
    wire = lab.wire()
    source = CrossbeamApi(wire, lab.archive)
    source.pull(None, full=False, known={}, now=NOW)
    for token in list(lab.store.all("crossbeam.tokens")):
        lab.store.remove("crossbeam.tokens", token)
    assert wire.get("/v1/populations").attempts == 3


def test_a_worthless_refresh_token_ends_the_run(lab: Served) -> None:
    lab.refresh_token = "worn-out"
    with pytest.raises(AuthLost, match=r"CROSSBEAM_REFRESH_TOKEN.*invalid_grant"):
        lab.pull()


def test_a_foreign_organisation_makes_the_source_absent(lab: Served) -> None:
    assert "organisation" in lab.pull(organization="00000000-aaaa-bbbb-cccc-000000000000").absent
    assert CrossbeamApi(lab.wire("nobody"), lab.archive).capability() != ""
    assert CrossbeamApi(lab.wire(), lab.archive).capability() == ""


@pytest.mark.parametrize("shape", ["organizations", "authorizations"])
def test_the_organisation_is_learnt_from_users_me_in_either_shape(lab: Served, shape: str) -> None:
    lab.store.set("crossbeam.users_me", shape)
    first = lab.pull(organization="", partner_id="p-2")
    assert len(first.rows) == 3
    assert first.cursor is not None
    assert first.cursor["organization"] == sandbox.ORGANIZATION
    assert lab.pull(organization="", partner_id="p-2").requests == 2


# -- answers by hand


def given(path: str, body: Any, **more: Any) -> None:
    responses.add("GET", f"{PRODUCTION}{path}", json=body, **more)


def tokens() -> None:
    responses.add("POST", PRODUCTION_TOKENS, json={"access_token": "at-1", "expires_in": 86400})


def page(rows: Sequence[Mapping[str, Any]], more: bool = False, href: str | None = None) -> dict[str, Any]:
    return {"data": rows, "pagination": {"has_more": more, "next_href": href, "next_cursor": None}}


OVERLAPS = "/v1/overlaps/accounts"


@responses.activate
def test_a_next_page_on_another_host_is_not_followed(alone: Lab) -> None:
    tokens()
    given(OVERLAPS, page([overlap(1)], more=True, href="https://api.crossbeam.com.evil.example/v1/overlaps"))
    assert "another host" in alone.pull().held
    assert len(responses.calls) == 2


@responses.activate
@pytest.mark.parametrize("href", [None, f"{PRODUCTION}{OVERLAPS}?cursor=same"])
def test_more_without_a_new_link_is_held(alone: Lab, href: str | None) -> None:
    tokens()
    given(OVERLAPS, page([overlap(1)], more=True, href=href))
    assert "no new link" in alone.pull().held


@responses.activate
def test_an_overlap_without_its_pair_is_rejected_and_nothing_is_called_gone(alone: Lab) -> None:
    tokens()
    given(OVERLAPS, page([overlap(1, partner_crossbeam_record_id=None)]))
    given("/v1/partners", {"data": []})
    alone.known = {"our-1:p-1-1": ""}
    pull = alone.pull()
    assert ([r.reason for r in pull.rejects], pull.gone, pull.complete) == (["missing id"], (), False)


@responses.activate
def test_several_organisations_must_be_chosen_from(alone: Lab) -> None:
    tokens()
    users = [{"organizations": [{"uuid": "u-1", "name": "Northlight"}, {"uuid": "u-2", "name": "Northlight Labs"}]}]
    given("/v1/users/me", {"data": users})
    with pytest.raises(UsageError, match=r"CROSSBEAM_ORGANIZATION.*u-2 Northlight Labs"):
        alone.pull(organization="")


@responses.activate
def test_a_429_is_sat_out_and_a_broken_server_given_up(alone: Lab) -> None:
    tokens()
    given(OVERLAPS, {}, status=429, headers={"Retry-After": "40"})
    given(OVERLAPS, {}, status=503)
    with pytest.raises(Unreachable):
        alone.pull()
    assert alone.time.slept[0] == 40
