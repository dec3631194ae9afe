"""A seeded HubSpot of the sandbox behind a real socket, its store in hand: shared by the tests of that half."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hubspot
import pytest
import requests
from serving import served
from starlette.applications import Starlette
from starlette.routing import Mount

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot import TOKEN, routes
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.dates import begin
from mdfsync.sandbox.story.hubspot import seed_hubspot

G1041 = "2c9d4a10-83fe-4f7b-8d52-000000001041"


class World:
    """A seeded portal behind a real socket."""

    def __init__(self, store: Store, clock: Clock, url: str) -> None:
        self.store, self.clock, self.url = store, clock, url

    def get(self, path: str, token: str = TOKEN, **params: Any) -> requests.Response:
        return requests.get(self.url + path, params=params, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def post(self, path: str, body: Any, **params: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.post(self.url + path, json=body, params=params, headers=headers, timeout=10)

    def search(self, kind: str, **body: Any) -> Any:
        return self.post(f"/crm/v3/objects/{kind}/search", body).json()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Starlette, str]]:
    with served(date_header=False) as (app, address):
        yield app, f"{address}/hubspot"


@pytest.fixture
def world(server: tuple[Starlette, str]) -> World:
    app, url = server
    store = Store(None)
    clock = Clock(store)
    with store.transaction():
        seed_hubspot(store, clock, begin(store, clock))
    app.router.routes[:] = [Mount("/hubspot", routes=routes(store, clock))]
    return World(store, clock, url)


@pytest.fixture
def client(world: World) -> Any:
    return hubspot.HubSpot(access_token=TOKEN, host=world.url, base_url=world.url, retry=False)
