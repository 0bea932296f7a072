"""One press or two, one person or two, a mouse or a keyboard: a volume has one run at a time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import hands, looking
from tests.browser.conftest import CHOSEN
from tests.browser.hands import WIKI

BOB = "plenty of large stones"
MOST = 60  # presses of Tab to anything on a page


@pytest.fixture(scope="module", autouse=True)
def left_whole(browser, aftermath, signed_in):
    hands.mend(aftermath, browser, signed_in)
    yield
    hands.mend(aftermath, browser, signed_in)


@pytest.fixture(scope="module")
def bob(browser, aftermath, signed_in) -> dict[str, object]:
    """An operator whom the admin let in: the cookies of his browser."""
    with hands.somebody(browser, aftermath, signed_in) as admin:
        admin.page.goto("/people/")
        form = admin.page.locator("form", has=admin.page.get_by_role("button", name="Add", exact=True))
        form.get_by_label("Name").fill("bob")
        form.get_by_label("Role").select_option(label="Operator")
        form.get_by_role("button", name="Add", exact=True).click()
        once = admin.sees(admin.page.locator("#given code")).inner_text()
    with looking.person(browser, aftermath.address) as (page, _watch):
        looking.sign_in(page, "bob", once, then=BOB)
        return dict(page.context.storage_state())


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_double_click_makes_one_run(browser, aftermath, signed_in, scripts):
    with hands.somebody(browser, aftermath, signed_in, scripts=scripts) as person:
        page = person.page
        address = person.drafts("snapshot-volume", volume=str(WIKI))
        before = snapshots(aftermath)
        page.get_by_role("button", name="Start").dblclick()
        person.sees_it_end("Done")
        assert len(snapshots(aftermath) - before) == 1
        page.goto(f"/trail/?subject=run:{hands.number(address)}")
        expect(page.locator("ol.spine li", has_text="admin started")).to_have_count(1)


def snapshots(aftermath) -> set[str]:
    return set(hands.world(aftermath).fingerprint()["snapshots"])


def test_two_people_on_one_volume_get_one_run_and_a_link_to_it(browser, aftermath, signed_in, bob):
    with (
        hands.somebody(browser, aftermath, signed_in) as first,
        hands.somebody(browser, aftermath, bob) as second,
    ):
        for person in (first, second):
            person.page.goto("/runbooks/snapshot-volume/")
            person.page.get_by_label("Take it quietly").check()
            hands.choose(person.page.get_by_label("Volume"), str(WIKI))
            person.looks()
        first.starts(str(WIKI))
        first.sees(first.page.get_by_role("button", name="Stop, take back"))
        second.starts(str(WIKI))
        refused = second.sees(second.page.get_by_role("alert"))
        assert f"Another run is at work on {WIKI}. One at a time." in refused.inner_text()
        refused.get_by_role("link", name=re.compile(r"See run \d+")).click()
        second.page.wait_for_url(first.page.url)
        second.sees(second.page.get_by_text("started by admin"))
        second.page.get_by_role("button", name="Stop, take back").click()
        first.sees_it_end("Taken back")


def test_by_keyboard_alone_from_the_door_to_a_run_that_is_done(browser, aftermath):
    with looking.person(browser, aftermath.address) as (page, _watch):
        person = hands.Person(page, scripts=True)
        page.goto("/")
        tab_to(page, "input[name=username]")
        page.keyboard.type(aftermath.name)
        tab_to(page, "input[type=password]")
        page.keyboard.type(CHOSEN)
        page.keyboard.press("Enter")
        page.wait_for_url(aftermath.address + "/")
        tab_to(page, "nav a[href='/runbooks/']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/runbooks/")
        tab_to(page, "a[href='/runbooks/snapshot-volume/']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/snapshot-volume/")
        tab_to(page, "select[name=volume]")
        page.keyboard.type(str(WIKI))
        assert page.locator("select[name=volume] option:checked").inner_text() == str(WIKI)
        tab_to(page, "main button[type=submit]")
        page.keyboard.press("Enter")
        person.sees(page.get_by_role("heading", name="Plan"))
        tab_to(page, "#reason")
        page.keyboard.type("By hand")
        page.keyboard.press("Enter")
        person.sees_it_end("Done")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; it must be seen to be there."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            break
    else:
        raise AssertionError(f"no Tab leads to {selector}")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", f"the focus on {selector} cannot be seen"
