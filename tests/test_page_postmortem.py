"""The postmortem's page in Chromium, opened as a file on a laptop and on a phone: nothing sticks out, nothing is asked
of anybody, and people who use a screen reader find its parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_lab import LAPTOP, PHONE, Watch, new_page, shoot
from casebook import PARTNERSHIP, ROOT, case
from ledger_lab import FUND, REQUEST
from page_lab import expect
from test_postmortem import CLAIM, DELIVERABLE

from mdfsync.documents.concluded import Concluded
from mdfsync.documents.postmortem import postmortem_document
from mdfsync.documents.render import render
from mdfsync.policy import load_policy, policy_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
EVIL = "<img src=http://evil.example/x onerror=alert(1)>" + "x" * 200
OF_THE_LAYOUT = {"empty-table-header", "scrollable-region-focusable"}
"""What is judged with the layout that all documents share."""
ROWS = (
    f"{DELIVERABLE}actual_end: 2026-08-05\ndelivered_on: 2026-08-06\nacceptance_note: {EVIL}\n",
    CLAIM.format(decision="partly_granted", granted="3000", deadline="2026-12-04"),
    "\nDecisions\ndecision_id: d1\ndecision_type: dispute\njoint_campaign_id: JC-1\nquestion: Whose is it?\n",
    *(
        f"\nHolds\nhold_id: h{n}\nrule_id: missing_proof\ntable: Expenses\nrecord: E{n}\nstatus: waived\n"
        "joint_campaign_id: JC-1\nwaive_reason: The host lost it.\n"
        for n in range(3)
    ),
)


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_it_fits_asks_for_nothing_and_can_be_heard(
    browser: Browser, watch: Watch, size: tuple[int, int], tmp_path: Path
) -> None:
    view = case("\n".join((PARTNERSHIP, FUND, REQUEST, *ROWS)))
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    c = Concluded(view=view, policy=load_policy(ROOT), open=(), waived=())
    path = tmp_path / "postmortem.html"
    path.write_bytes(render(postmortem_document(c, campaign, policy_files(ROOT)).paper, "html"))
    watch.allow(f"^request to elsewhere: {re.escape(path.as_uri())}$")
    with new_page(browser, watch, size) as page:
        page.goto(path.as_uri())
        expect(page.get_by_role("heading", name="Rule changes proposed")).to_be_visible()
        expect(page.get_by_text("The host lost it.").first).to_be_visible()
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        wide = page.evaluate(
            "[...document.querySelectorAll('td, th, dd')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        )
        assert wide == 0
        found = axe.Axe().run(page).response["violations"]
        assert [f"{v['id']}: {v['help']}" for v in found if v["id"] not in OF_THE_LAYOUT] == []
        shoot(page, f"postmortem-{size[0]}")
