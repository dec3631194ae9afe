"""The sandbox's Crossbeam over HTTP: tokens, organisation header, pages, bookmarks, sharing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from serving import served
from starlette.applications import Starlette
from starlette.routing import Mount

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    ORGANIZATION,
    REFRESH_TOKEN,
    routes,
)
from mdfsync.sandbox.crossbeam.overlaps import share
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.crossbeam import add_overlap, drop_overlap, seed_crossbeam
from mdfsync.sandbox.story.dates import begin
from mdfsync.sandbox.story.hubspot import seed_hubspot

FERNWAY = "5f941382-9ae5-5dc9-8753-6f68b10c63c6"
OSTREA = "af232cb3-0cb5-54aa-93be-f62311fa9701"
GONE = "Fernway Systems|8810020225|Vintner & Vale"


class World:
    """Seeded overlaps behind a real socket."""

    def __init__(self, store: Store, clock: Clock, url: str) -> None:
        self.store, self.clock, self.url = store, clock, url

    def get(
        self, path: str, token: str = ACCESS_TOKEN, organization: str = ORGANIZATION, **params: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", "Xbeam-Organization": organization}
        return requests.get(self.url + path, params=params, headers=headers, timeout=10)

    def follow(self, href: str) -> Any:
        headers = {"Authorization": f"Bearer {ACCESS_TOKEN}", "Xbeam-Organization": ORGANIZATION}
        return requests.get(href, headers=headers, timeout=10).json()

    def overlaps(self, **params: Any) -> tuple[list[Any], str]:
        """All pages of a pull, and the bookmark."""
        page = self.get("/v1/overlaps/accounts", **params).json()
        rows = list(page["data"])
        while page["pagination"]["has_more"]:
            page = self.follow(page["pagination"]["next_href"])
            rows += page["data"]
        return rows, str(page["pagination"]["next_cursor"])

    def since(self, bookmark: str) -> list[Any]:
        return list(self.get("/v1/overlaps/accounts", cursor=bookmark).json()["data"])

    def refresh(self, **given: str) -> requests.Response:
        form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return requests.post(
            f"{self.url}/oauth/token", data={**form, "refresh_token": REFRESH_TOKEN, **given}, timeout=10
        )


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Starlette, str]]:
    with served() as (app, address):
        yield app, f"{address}/crossbeam"


@pytest.fixture
def world(server: tuple[Starlette, str]) -> World:
    app, url = server
    store = Store(None)
    clock = Clock(store)
    with store.transaction():
        zero = begin(store, clock)
        seed_hubspot(store, clock, zero)
        seed_crossbeam(store, zero)
    app.router.routes[:] = [Mount("/crossbeam", routes=routes(store, clock))]
    return World(store, clock, url)


def test_a_refresh_token_buys_an_access_token_for_a_day(world: World) -> None:
    token = world.refresh().json()["access_token"]
    assert world.get("/v1/partners", token=token).status_code == 200
    world.clock.advance(1)
    assert world.get("/v1/partners", token=token).status_code == 401


def test_wrong_credentials_buy_nothing(world: World) -> None:
    assert world.refresh(refresh_token="old").json()["error"] == "invalid_grant"
    assert world.refresh(client_secret="guess").status_code == 401
    assert world.refresh(grant_type="client_credentials").status_code == 403


def test_a_rotated_refresh_token_replaces_the_old_one(world: World) -> None:
    world.store.set("crossbeam.rotate_refresh", True)
    fresh = world.refresh().json()["refresh_token"]
    assert world.refresh().status_code == 403
    assert world.refresh(refresh_token=fresh).status_code == 200


def test_a_missing_organisation_is_a_bare_403(world: World) -> None:
    refused = world.get("/v1/partners", organization="")
    assert (refused.status_code, refused.content) == (403, b"")
    assert world.get("/v1/users/me", organization="").status_code == 200


def test_users_me_has_two_shapes(world: World) -> None:
    assert world.get("/v1/users/me").json()["data"][0]["organizations"][0]["uuid"] == ORGANIZATION
    world.store.set("crossbeam.users_me", "authorizations")
    assert world.get("/v1/users/me").json()["data"][0]["authorizations"][0]["organization"]["uuid"] == ORGANIZATION


def test_pages_add_up_to_every_shared_pair_once(world: World) -> None:
    rows, _ = world.overlaps(limit=5)
    pairs = {(r["crossbeam_record_id"], r["partner_crossbeam_record_id"]) for r in rows}
    assert len(rows) == len(pairs) == 23
    assert not any(r["is_deleted"] for r in rows)
    assert {r["partner_name"] for r in rows} == {"Fernway Systems", "Ostrea Pay, Inc."}


def test_rows_carry_no_time_and_our_id_is_the_hubspot_company(world: World) -> None:
    rows, _ = world.overlaps(limit=1000)
    assert all(r["record_id"] in world.store.all("hubspot.companies") for r in rows)
    assert not {"overlap_time", "created_at", "updated_at"} & set(rows[0])


def test_a_bookmark_gives_what_changed_since_and_then_nothing(world: World) -> None:
    _, bookmark = world.overlaps()
    assert world.since(bookmark) == []
    drop_overlap(world.store, GONE)
    row = dict(world.store.all("story.overlaps")["Fernway Systems|8810020386|Zephyr Parcel"])
    add_overlap(world.store, {**row, "partner_populations": "Customers"})
    delta = world.get("/v1/overlaps/accounts", cursor=bookmark).json()
    told = {r["record_name"]: (r["is_deleted"], r["partner_populations"][0]["name"]) for r in delta["data"]}
    assert told == {"Vintner & Vale": (True, "Prospects"), "Zephyr Parcel": (False, "Customer")}
    assert world.since(delta["pagination"]["next_cursor"]) == []


def test_a_full_pull_knows_nothing_of_what_is_gone(world: World) -> None:
    drop_overlap(world.store, GONE)
    rows, _ = world.overlaps(limit=1000)
    assert "Vintner & Vale" not in {r["record_name"] for r in rows if r["partner_id"] == FERNWAY}


@pytest.mark.parametrize(("level", "listed"), [("counts", True), ("hidden", False)])
def test_a_partner_that_stops_sharing_takes_its_rows_away(world: World, level: str, listed: bool) -> None:
    _, bookmark = world.overlaps()
    share(world.store, OSTREA, level, at=world.clock.text())
    delta = world.since(bookmark)
    assert len(delta) == 6
    assert all(r["is_deleted"] for r in delta)
    assert (OSTREA in {p["uuid"] for p in world.get("/v1/partners").json()["data"]}) is listed


def test_sharing_again_brings_the_rows_back(world: World) -> None:
    share(world.store, OSTREA, "hidden", at=world.clock.text())
    share(world.store, OSTREA, "overlaps", at=world.clock.text())
    rows, _ = world.overlaps(limit=1000)
    assert sum(r["partner_id"] == OSTREA for r in rows) == 6


def test_filters_take_uuids_small_numbers_and_populations(world: World) -> None:
    by_uuid, _ = world.overlaps(**{"partner-id": OSTREA})
    by_number, _ = world.overlaps(**{"partner-id": "4"})
    customers, _ = world.overlaps(**{"population-ids[]": "40111"})
    assert len(by_uuid) == len(by_number) == 6
    assert {p["id"] for r in customers for p in r["populations"]} == {40111}


def test_limits_are_clamped_and_the_envelope_can_be_the_old_one(world: World) -> None:
    assert len(world.get("/v1/overlaps/accounts", limit=5000).json()["data"]) == 23
    world.store.set("crossbeam.envelope", "items")
    assert len(world.get("/v1/overlaps/accounts").json()["items"]) == 23


def test_our_records_come_with_their_owner(world: World) -> None:
    page = world.get("/v1/records/accounts", limit=1000).json()
    assert len(page["data"]) == 41
    assert page["pagination"]["next_href"] is None
    owners = {r["record_id"]: r["owner"]["owner_email"] for r in page["data"]}
    assert owners["8810020027"] == "mira.okonkwo@northlight.example"


def test_partners_are_paged_the_old_way(world: World) -> None:
    first = world.get("/v1/partners", limit=3).json()
    second = world.follow(first["pagination"]["next_href"])
    assert [p["name"] for p in first["data"] + second["data"]] == [
        "Cobalt Harbor",
        "Fernway Systems",
        "Quillstack",
        "Ostrea Pay, Inc.",
    ]


def test_populations_have_types_only_when_standard(world: World) -> None:
    ours = {p["name"]: p["standard_type"] for p in world.get("/v1/populations").json()["data"]}
    assert ours["EMEA Target Accounts"] is None
    theirs = {p["id"] for p in world.get("/v1/partner-populations").json()["data"]}
    assert {52001, 53001} <= theirs
