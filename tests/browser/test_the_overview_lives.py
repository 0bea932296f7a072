"""The overview moves by itself, says when it cannot, and needs none of that to be read."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import looking


@pytest.fixture
def mended(browser, aftermath, signed_in):
    """Whatever a test breaks is put back, and seen to be."""
    yield
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        page.goto("/#range")
        page.get_by_role("button", name="Mend it").click()
        page.get_by_text("The practice cluster is as it was at first.").wait_for()
        page.locator("#now").get_by_text("Nothing, of all that was asked.").wait_for(timeout=60_000)


def test_what_is_broken_appears_without_a_press(browser, aftermath, signed_in, mended):
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        page.goto("/")
        page.locator(".ways form").first.get_by_role("button").click()
        page.get_by_text("It shows here within seconds.").wait_for()
        page.locator("#now .question.fail").get_by_text("Permission denied").first.wait_for(timeout=60_000)
        expect(page.locator("#now").get_by_role("link", name="Fix permissions").first).to_be_visible()
        assert looking.faults(page) == []


def test_without_scripts_it_is_the_same_after_a_reload(browser, aftermath, signed_in, mended):
    options = {"storage_state": signed_in, "java_script_enabled": False}
    with looking.person(browser, aftermath.address, **options) as (page, _watch):
        page.goto("/")
        page.locator(".ways form").first.get_by_role("button").click()
        page.get_by_text("It shows here within seconds.").wait_for()
        for _ in range(60):
            page.goto("/")
            if page.locator("#now .question.fail").get_by_text("Permission denied").count():
                break
            page.wait_for_timeout(1000)
        expect(page.locator("#now .question.fail").get_by_text("Permission denied").first).to_be_visible()


def test_the_focus_stays_where_it_was_when_the_page_moves(browser, aftermath, signed_in):
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        page.goto("/")
        link = page.locator("#now .aside a", has_text="Trail")
        link.focus()
        before = link.element_handle()
        page.wait_for_function("(old) => !document.contains(old)", arg=before, timeout=15_000)
        page.wait_for_timeout(100)
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/trail/"


def test_a_page_that_gets_no_answer_says_so_and_takes_it_back(browser, aftermath, signed_in):
    context = browser.new_context(base_url=aftermath.address, storage_state=signed_in)
    page = context.new_page()
    page.goto("/")
    assert page.locator("#no-answer").is_hidden()
    context.set_offline(True)
    page.locator("#no-answer").wait_for(state="visible", timeout=15_000)
    context.set_offline(False)
    page.locator("#no-answer").wait_for(state="hidden", timeout=15_000)
    context.close()


def test_everything_can_be_reached_by_keyboard(browser, aftermath, signed_in):
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className").startswith("skip")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.locator("button.who").focus()
        page.keyboard.press("Enter")
        page.locator("#person").wait_for(state="visible")
        page.keyboard.press("Escape")
        page.locator("#person").wait_for(state="hidden")


def test_on_a_phone_the_places_are_under_the_thumb(browser, aftermath, signed_in):
    options = {"storage_state": signed_in, "viewport": looking.PHONE, "has_touch": True}
    with looking.person(browser, aftermath.address, **options) as (page, _watch):
        page.goto("/trail/")
        tabs = page.locator(".tabs")
        assert tabs.is_visible()
        assert not page.locator(".places").is_visible()
        tabs.get_by_role("button", name="More").tap()
        page.locator("#more").get_by_role("link", name="Runbooks").tap()
        page.wait_for_url("**/runbooks/")
