"""Somebody brings back what was broken: reads the plan, starts it, watches it, stops it, takes it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import hands
from tests.browser.hands import EMPTIED, HOME, LONG, WIKI, WRONG_OWNER

SIZE = "458 kB"  # of the sample application's files when it is whole
MANY = 20_000  # files: enough that extracting them takes a while


@pytest.fixture(autouse=True)
def mended(browser, aftermath, signed_in):
    hands.mend(aftermath, browser, signed_in)


@pytest.fixture(scope="module", autouse=True)
def left_whole(browser, aftermath, signed_in):
    yield
    hands.mend(aftermath, browser, signed_in)


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def person(request, browser, aftermath, signed_in):
    with hands.somebody(browser, aftermath, signed_in, scripts=request.param) as person:
        yield person


def test_files_of_another_are_given_back_to_their_owner(person, aftermath):
    whole = hands.files(aftermath)
    person.break_(WRONG_OWNER)
    assert hands.owners(hands.files(aftermath)) == {"0:0"}
    link = person.sees(person.page.locator("#now").get_by_role("link", name="Fix permissions"))
    person.drafts("fix-permissions", link)
    page = person.page
    assert re.search(r"\d+ files and folders belong to another: .*\(0:0\)", page.locator("main").inner_text())
    expect(page.get_by_role("row", name="Give them back to whom they belonged")).to_have_count(1)
    person.starts(str(HOME))
    person.sees_it_end("Done")
    assert hands.content(hands.files(aftermath)) == hands.content(whole)


def test_an_emptied_volume_comes_back_and_the_restore_is_taken_back(browser, aftermath, signed_in):
    """From a snapshot, with scripts: objections, plan, dry run, the wrong name, the run as it moves, and back."""
    whole = hands.files(aftermath)
    with hands.somebody(browser, aftermath, signed_in) as person:
        page = person.page
        person.break_(EMPTIED)
        link = person.sees(page.locator("#now").get_by_role("link", name="Restore", exact=True))
        empty = hands.content(hands.files(aftermath))
        person.drafts("restore-volume", link, recovery_point=f"snapshot, {SIZE}")

        said = page.locator("main").inner_text()
        assert "None stops the run." in said
        assert f"{HOME} was formatted since it was last seen whole." in said
        plan = page.get_by_role("table").get_by_role("row")
        assert "Scale home/home-assistant from 1 to 0" in plan.nth(3).inner_text()
        assert "accepted" in plan.nth(3).inner_text()
        expect(page.get_by_role("row", name="Put back what was there")).to_have_count(1)
        assert hands.sound(page) == []

        person.starts("home/another")
        person.sees(page.get_by_role("alert").get_by_text(f"Type the name exactly as it is written: {HOME}."))
        assert hands.content(hands.files(aftermath)) == empty, "nothing is done for a wrong name"

        person.starts(str(HOME), why="It asks to be set up again")
        assert len(watched(person)) >= 3, "acts are seen to move"
        person.sees_it_end("Done")
        assert hands.sound(page) == []
        assert hands.content(hands.files(aftermath)) == hands.content(whole)

        page.get_by_role("button", name="Take it all back").click()
        person.sees_it_end("Taken back")
        expect(page.get_by_text("Kept: it is not taken back.").first).to_be_visible()
        assert hands.sound(page) == []
        assert hands.content(hands.files(aftermath)) == empty


def watched(person: hands.Person) -> list[str]:
    """The acts that were seen at work, one after the other, until the run is over."""
    seen: list[str] = []
    now = person.page.locator(".acts-spine li.now .act b")

    def over() -> bool:
        for act in now.all_inner_texts():
            if act not in seen:
                seen.append(act)
        return bool(hands.OVER.match(person.state()))

    person.until(over, LONG, "the run to be over")
    return seen


def test_an_emptied_volume_comes_back_from_an_archive_without_scripts(browser, aftermath, signed_in):
    whole = hands.files(aftermath)
    with hands.somebody(browser, aftermath, signed_in, scripts=False) as person:
        person.break_(EMPTIED)
        link = person.sees(person.page.locator("#now").get_by_role("link", name="Restore", exact=True))
        person.drafts("restore-volume", link, recovery_point=f"archive, {SIZE}")
        person.starts("home/another")
        person.sees(person.page.get_by_role("alert").get_by_text("Type the name exactly as it is written"))
        person.starts(str(HOME))
        person.sees(person.page.get_by_text(re.compile(r"[1-9]\d* of \d+ acts done")))
        person.sees_it_end("Done")
        back = hands.files(aftermath)
        assert back.keys() == whole.keys()
        assert hands.owners(back) == {"1000:1000"}
        assert back[".storage/auth"][:4] == whole[".storage/auth"][:4]
        person.page.goto("/recoverability/")
        assert "never tried" not in person.page.locator("tr", has_text=str(HOME)).inner_text()


def test_a_snapshot_and_a_restore_of_many_files_that_is_watched_and_stopped_half_way(browser, aftermath, signed_in):
    hands.fill(aftermath, WIKI, MANY)
    before = hands.files(aftermath, WIKI)
    with hands.somebody(browser, aftermath, signed_in) as person:
        page = person.page
        person.drafts("snapshot-volume", volume=str(WIKI))
        person.starts()
        person.sees_it_end("Done")

        page.goto("/recoverability/")
        page.get_by_role("link", name=str(WIKI)).first.click()
        mine = page.locator("tr", has_text=re.compile(r"am-\d+-\w+-snapshot"))
        person.drafts("restore-volume", person.finds(mine).get_by_role("link", name="Restore"))
        with hands.held_at(aftermath, "extract"):
            person.starts(str(WIKI))
            moving = page.locator(".acts-spine li.now .progress:has(progress[aria-label=Bytes])")
            person.sees(moving.get_by_text(re.compile(r"[1-9].*files")), within=LONG)
            page.get_by_role("button", name="Stop, take back").click()
            person.sees(page.get_by_role("heading", name="Being taken back"))
        person.sees_it_end("Taken back")
        expect(page.locator(".acts-spine .by").first).to_be_visible()  # what was taken back is said at its act
    assert hands.files(aftermath, WIKI) == before
