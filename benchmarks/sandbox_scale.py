"""How much the sandbox's Airtable carries: loading, listing, snapshots and memory, over sockets and in this process.

    .venv/bin/python -m benchmarks.sandbox_scale [RECORDS]

RECORDS leads (50,000 unless told) of twelve fields, fifty of them linked to each campaign, are created ten a request,
while a webhook watches and the write log runs, and listed a hundred a page. Over sockets the sandbox is a process of
its own on a file, asked by one client that waits for each answer; `inside` it is asked in this process, in memory. CPU
is the sandbox's own over sockets, and that of both sides inside; MB is the peak of the process that holds the world.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from mdfsync.sandbox.inprocess import Inside
from mdfsync.sandbox.server import Running, Sandbox

Cpu = Callable[[], float]
LEADS_EACH = 50
SINGLES = 500
FIELDS: list[dict[str, Any]] = [
    {"name": "lead_id", "type": "singleLineText"},
    {"name": "name", "type": "singleLineText"},
    {"name": "email", "type": "email"},
    {"name": "notes", "type": "multilineText"},
    {"name": "amount", "type": "currency", "options": {"precision": 2, "symbol": "€"}},
    {"name": "touches", "type": "number", "options": {"precision": 0}},
    {"name": "agreed", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    {"name": "due", "type": "date", "options": {"dateFormat": {"name": "iso"}}},
    {
        "name": "seen_at", "type": "dateTime",
        "options": {"timeZone": "utc", "dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}},
    },
    {"name": "stage", "type": "singleSelect", "options": {"choices": [{"name": "new"}, {"name": "working"}]}},
    {"name": "topics", "type": "multipleSelects", "options": {"choices": [{"name": "data"}, {"name": "search"}]}},
]  # fmt: skip


def lead(number: int, campaign: str) -> dict[str, Any]:
    """One row."""
    return {
        "lead_id": f"lead-{number:06d}", "name": f"Person {number}", "email": f"p{number}@cobaltharbor.example",
        "notes": "Asked for the price list at the joint webinar.", "amount": number / 4, "touches": number % 7,
        "agreed": number % 2 == 0, "due": "2026-12-01", "seen_at": "2026-11-20T09:00:00.000Z", "stage": "working",
        "topics": ["data", "search"], "campaign": [campaign],
    }  # fmt: skip


class Client:
    """Plain HTTP to one base of a sandbox, as the worker."""

    def __init__(self, sandbox: Running, session: requests.Session) -> None:
        self.session = session
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {sandbox.airtable_token}"
        self.root = f"{sandbox.airtable_url}/v0"
        self.base = sandbox.base_id

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The answer's JSON; anything but 200 ends the measurement."""
        answer = self.session.request(method, f"{self.root}/{path}", json=body, params=params, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def build(self, campaigns: int) -> list[str]:
        """The tables, the webhook and the campaigns, whose ids are returned."""
        tables = f"meta/bases/{self.base}/tables"
        target = self.ask("POST", tables, {"name": "Campaigns", "fields": [FIELDS[1]]})["id"]
        link = {"name": "campaign", "type": "multipleRecordLinks", "options": {"linkedTableId": target}}
        self.ask("POST", tables, {"name": "Leads", "fields": [*FIELDS, link]})
        watched = {"specification": {"options": {"filters": {"dataTypes": ["tableData"]}}}}
        self.ask("POST", f"bases/{self.base}/webhooks", watched)
        rows = [{"fields": {"name": f"Campaign {n}"}} for n in range(campaigns)]
        tens = [rows[first : first + 10] for first in range(0, campaigns, 10)]
        made = [self.ask("POST", f"{self.base}/Campaigns", {"records": ten}) for ten in tens]
        return [record["id"] for answer in made for record in answer["records"]]

    def load(self, records: int, campaigns: list[str]) -> int:
        """All leads, ten a request; how many requests."""
        for first in range(0, records, 10):
            numbers = range(first, min(first + 10, records))
            rows = [{"fields": lead(n, campaigns[n % len(campaigns)])} for n in numbers]
            self.ask("POST", f"{self.base}/Leads", {"records": rows})
        return -(-records // 10)

    def singles(self, count: int, campaign: str) -> int:
        """So many more leads, each in a request of its own."""
        for number in range(count):
            self.ask("POST", f"{self.base}/Leads", {"fields": lead(1_000_000 + number, campaign)})
        return count

    def gets(self, count: int, campaign: str) -> int:
        """One record, so many times."""
        for _ in range(count):
            self.ask("GET", f"{self.base}/Campaigns/{campaign}")
        return count

    def list(self, **options: Any) -> int:
        """Every page; how many."""
        pages, offset = 0, dict[str, str]()
        while True:
            answer = self.ask("GET", f"{self.base}/Leads", **options, **offset)
            pages += 1
            if "offset" not in answer:
                return pages
            offset = {"offset": answer["offset"]}


def measure(name: str, records: int, client: Client, sandbox: Running, cpu: Cpu) -> None:
    """Every step with its time."""
    campaigns = client.build(-(-records // LEADS_EACH))

    def step(what: str, unit: str, work: Callable[[], int]) -> None:
        begun, spent = time.perf_counter(), cpu()
        done = work()
        wall, busy = time.perf_counter() - begun, cpu() - spent
        pace = f"{done / wall:8.1f} {unit}/s ({done / busy:.1f} by CPU)"
        print(f"{name:8} {what:26} {wall:7.2f} s, CPU {busy:6.2f} s: {pace}")

    def admin(path: str) -> Callable[[], int]:
        return lambda: len([sandbox.admin("POST", path, {"name": "loaded"})])

    step(f"load {records} records", "requests", lambda: client.load(records, campaigns))
    step("list", "pages", client.list)
    step("list three fields", "pages", lambda: client.list(**{"fields[]": ["lead_id", "stage", "campaign"]}))
    step("list by a formula", "pages", lambda: client.list(filterByFormula="AND({touches}>2, FIND('9', {name}))"))
    step("list sorted", "pages", lambda: client.list(**{"sort[0][field]": "amount", "sort[0][direction]": "desc"}))
    step("find one by its id field", "requests", lambda: client.list(filterByFormula="{lead_id}='lead-000007'"))
    step("create one by one", "requests", lambda: client.singles(SINGLES, campaigns[0]))
    step("get one by one", "requests", lambda: client.gets(SINGLES, campaigns[0]))
    step("snapshot", "snapshots", admin("snapshot"))
    step("restore", "restores", admin("restore"))


def _served(home: str, pipe: Connection) -> None:
    """The sandbox's own process: says its port, and on every word what it used so far."""
    sandbox = Sandbox(Path(home)).start()
    pipe.send(sandbox.port)
    while pipe.recv():
        pipe.send((time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    sandbox.stop()


@contextmanager
def served(home: str) -> Iterator[tuple[Running, Callable[[], tuple[float, float]]]]:
    """A sandbox in another process, and what it used: (CPU seconds, peak MB)."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_served, args=(home, there))
    process.start()

    def used() -> tuple[float, float]:
        here.send(True)
        cpu, memory = here.recv()
        return float(cpu), float(memory)

    yield Running(here.recv()), used
    here.send(False)
    process.join()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("records", type=int, nargs="?", default=50_000, metavar="RECORDS")
    records: int = asked.parse_args().records
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="mdfsync-scale-") as home:
        with served(home) as (sandbox, used):
            measure("sockets", records, Client(sandbox, requests.Session()), sandbox, lambda: used()[0])
            print(
                f"sockets  peak {used()[1]:.0f} MB, file {(Path(home) / 'world.sqlite').stat().st_size / 2**20:.0f} MB"
            )
        begun = time.perf_counter()
        with served(home) as (sandbox, used):
            client = Client(sandbox, requests.Session())
            client.ask("GET", f"{client.base}/Leads")
            print(f"sockets  opened again, first page after {time.perf_counter() - begun:.2f} s, {used()[1]:.0f} MB")
    with Inside() as inner:
        measure("inside", records, Client(inner, inner.session()), inner, time.process_time)
    print(f"inside   peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
