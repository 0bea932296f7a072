"""Somebody breaks the practice cluster, and sees on the overview what is broken and what to do about it."""

from __future__ import annotations

import re
import time

import pytest

from tests.browser import hands
from tests.browser.hands import EMPTIED, WIPED, WRONG_OWNER

SHOWN = {
    WRONG_OWNER: ("Permission denied", "may not touch its files", "Fix permissions"),
    EMPTIED: ("Volume started over", "The application shows its onboarding page", "Restore"),
    WIPED: ("Volume started over", "The application shows its onboarding page", "Restore"),
}
SECONDS = 20.0  # from the press to the overview; it is 3 to 7 on a machine that does nothing else


@pytest.fixture(autouse=True)
def mended(browser, aftermath, signed_in):
    hands.mend(aftermath, browser, signed_in)
    with hands.somebody(browser, aftermath, signed_in) as person:
        person.page.goto("/")
        calm = person.page.locator("#now").get_by_text("Nothing, of all that was asked.")
        person.sees(calm, within=hands.LONG)  # or what is seen next was seen before it was broken


@pytest.fixture(scope="module", autouse=True)
def left_whole(browser, aftermath, signed_in):
    yield
    hands.mend(aftermath, browser, signed_in)


@pytest.mark.parametrize(
    ("way", "scripts"),
    [(WRONG_OWNER, True), (EMPTIED, True), (WIPED, True), (EMPTIED, False)],
    ids=["wrong-owner", "emptied", "wiped", "emptied-without-scripts"],
)
def test_what_was_broken_is_on_the_overview_within_seconds_with_its_runbook(
    browser, aftermath, signed_in, way, scripts
):
    finding, says, runbook = SHOWN[way]
    with hands.somebody(browser, aftermath, signed_in, scripts=scripts) as person:
        person.break_(way)
        began = time.monotonic()
        found = person.page.locator("#now .question.fail li", has_text=finding)
        line = person.sees(found.filter(has_text=says), within=SECONDS)
        print(f"{way}: seen after {time.monotonic() - began:.1f} s")
        line.get_by_role("link", name=runbook).click()
        person.page.wait_for_url(re.compile(r"/runbooks/.*volume=\d+"))
        chosen = person.page.get_by_label("Volume").locator("option:checked").inner_text()
        assert chosen == str(hands.HOME)


def test_a_volume_wiped_by_its_own_sync_takes_its_mirror_along_and_the_page_says_so(browser, aftermath, signed_in):
    with hands.somebody(browser, aftermath, signed_in) as person:
        person.break_(WIPED)
        person.sees(person.page.locator("#now").get_by_text("Sentinel missing from the newest copy"), within=60)
        person.page.goto("/health/")  # on the overview the line moves, or makes room, when something else is found
        person.finds(person.page.get_by_role("link", name="Sentinel missing from the newest copy")).click()
        person.sees(person.page.get_by_text(".storage/auth is not in the newest copy in the mirror").first)
        person.page.goto("/recoverability/")
        person.page.get_by_role("link", name=str(hands.HOME)).first.click()
        rows = person.page.locator("tr", has_text="Archive")
        assert rows.filter(has_text="Good").count() >= 3, "older archives are still good"
