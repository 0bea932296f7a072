"""What was done is in the incident as evidence and in the trail, with who and when; and the trail holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser import hands, program
from tests.browser.hands import HOME, WRONG_OWNER


@pytest.fixture(scope="module", autouse=True)
def left_whole(browser, aftermath, signed_in):
    hands.mend(aftermath, browser, signed_in)
    yield
    hands.mend(aftermath, browser, signed_in)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_each_act_of_a_run_is_in_the_timeline_and_in_the_trail(browser, aftermath, signed_in, scripts):
    with hands.somebody(browser, aftermath, signed_in, scripts=scripts) as person:
        page = person.page
        title = f"Nobody may write, {'with' if scripts else 'without'} scripts"
        page.goto("/incidents/new/")
        page.get_by_label("Title").fill(title)
        page.get_by_role("button", name="Open the incident").click()
        page.wait_for_url(hands.INCIDENT)
        incident = page.url

        person.break_(WRONG_OWNER)
        page.goto("/")
        link = person.sees(page.locator("#now").get_by_role("link", name="Fix permissions"), within=60)
        run = hands.number(person.drafts("fix-permissions", link, for_incident=title))
        person.starts(str(HOME), why="So that it may write again")
        person.sees_it_end("Done")
        acts = [act.strip() for act in page.locator(".acts-spine .act span:last-child").all_inner_texts()]
        assert len(acts) >= 2

        page.goto(incident)
        for act in acts:
            entry = page.locator("#part-entry li.evid", has_text=f"Run {run}: {act}")
            expect(entry).to_have_count(1)
            assert re.match(r"\d\d:\d\d:\d\d", entry.locator(".when").inner_text())
            assert f"/runs/{run}/" in str(entry.get_by_role("link", name="Evidence").get_attribute("href"))
        if not scripts:
            page.get_by_role("link", name="The runs for this incident").click()
        person.sees(page.get_by_text("Done, started by admin"))

        page.goto(f"/runs/{run}/")
        page.get_by_role("link", name="In the trail").click()
        person.sees(page.get_by_role("heading", name="Trail", exact=True))
        trail = page.locator("ol.spine li")
        for act in acts:
            entry = trail.filter(has_text=act)
            expect(entry).to_have_count(1)
            assert "started by admin" in entry.inner_text()
            assert re.search(r"\d\d:\d\d:\d\d", entry.inner_text())
        for done in ("run.looking", "run.queued"):
            assert re.search(r"\badmin\b", trail.filter(has_text=done).inner_text())
        expect(trail.filter(has_text="So that it may write again")).to_have_count(1)
        person.resolves(incident)


def test_the_trail_is_whole_by_the_command_and_by_the_page(browser, aftermath, signed_in):
    told = verify(aftermath)
    assert told.returncode == 0, told.stdout + told.stderr
    with hands.somebody(browser, aftermath, signed_in) as person:
        person.page.goto("/trail/")
        person.page.get_by_role("button", name="Check it now").click()
        person.sees(person.page.get_by_text(re.compile("^(Whole|Unbroken)")))


def verify(running: program.Running) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, "manage.py", "trail", "verify"],
        cwd=program.BASE,
        env=env | {"AFTERMATH_VAR": str(running.var)},
        capture_output=True,
        text=True,
        check=False,
    )
