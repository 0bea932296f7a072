"""Every page that can be reached by following links, in a browser: on a desk and on a phone, light and dark."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser import looking

MOST = 60
SEEDS = ["/", "/settings/", "/people/", "/trail/?who=nobody", "/incidents/new/", "/nothing/here/"]


def shape(path: str) -> str:
    """Pages of the same kind have the same shape: of each, one is looked at."""
    return "/".join("N" if part.isdigit() else part for part in path.split("/"))


def crawl(page: Page, address: str) -> list[str]:
    """The first page of each shape, from the overview on."""
    todo, found = list(SEEDS), {}
    while todo and len(found) < MOST:
        path = todo.pop(0)
        if shape(path) in found:
            continue
        answer = page.goto(path)
        kind = (answer.headers.get("content-type", "") if answer else "").split(";")[0]
        if kind != "text/html":
            continue
        found[shape(path)] = path
        links = page.eval_on_selector_all("a[href]:not([download])", "all => all.map((a) => a.getAttribute('href'))")
        for link in links:
            parts = urlsplit(urljoin(page.url, link))
            if urljoin(address, "/") == f"{parts.scheme}://{parts.netloc}/" and not is_file(parts.path):
                todo.append(parts.path + (f"?{parts.query}" if parts.query and "runbooks" in parts.path else ""))
    return list(found.values())


def is_file(path: str) -> bool:
    return "/export" in path or "/documents/" in path or path.startswith("/static/")


@pytest.fixture(scope="module")
def pages(browser, aftermath, signed_in):
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        return crawl(page, aftermath.address)


def test_there_are_pages_of_every_place(pages):
    assert {"/", "/incidents/", "/recoverability/", "/health/", "/runbooks/", "/trail/", "/people/"} <= set(pages)


@pytest.mark.parametrize(
    ("size", "theme"), [(looking.DESK, "light"), (looking.PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
def test_axe_finds_nothing_and_nothing_sticks_out(browser, aftermath, signed_in, pages, size, theme):
    wrong: dict[str, list[str]] = {}
    options = {"viewport": size, "color_scheme": theme, "storage_state": signed_in}
    with looking.person(browser, aftermath.address, **options) as (page, _watch):
        for path in pages:
            page.goto(path)
            if found := looking.faults(page) + looking.too_wide(page):
                wrong[path] = found
    assert wrong == {}


def test_the_door_is_as_good(browser, aftermath):
    for size, theme in ((looking.DESK, "dark"), (looking.PHONE, "light")):
        with looking.person(browser, aftermath.address, viewport=size, color_scheme=theme) as (page, _watch):
            page.goto("/sign-in/")
            assert looking.faults(page) + looking.too_wide(page) == []
            page.get_by_label("Name").fill("nobody")
            page.get_by_label("Password").fill("nothing")
            page.get_by_role("button", name="Sign in").click()
            page.get_by_text("Name and password do not fit.").wait_for()
            assert looking.faults(page) == []


def test_every_page_in_french_says_so_and_fits_a_phone(browser, aftermath, signed_in, pages):
    wide: dict[str, list[str]] = {}
    options = {"viewport": looking.PHONE, "storage_state": signed_in}
    with looking.person(browser, aftermath.address, **options) as (page, _watch):
        page.goto("/settings/")
        page.get_by_label("Language").select_option("fr")
        page.locator("main form").first.get_by_role("button").click()
        try:
            for path in pages:
                page.goto(path)
                assert page.locator("html").get_attribute("lang") == "fr"
                if found := looking.too_wide(page):
                    wide[path] = found
        finally:
            page.goto("/settings/")
            page.locator("#id_language").select_option("")
            page.locator("main form").first.get_by_role("button").click()
            page.wait_for_load_state()
    assert wide == {}


def test_the_typeface_and_the_marks_come_from_here(browser, aftermath, signed_in):
    with looking.person(browser, aftermath.address, storage_state=signed_in) as (page, _watch):
        got: list[str] = []
        page.on("response", lambda answer: got.append(f"{answer.status} {urlsplit(answer.url).path}"))
        page.goto("/")
        page.wait_for_function("document.fonts.check('16px Inter')")
        assert any("inter-latin-wght" in line and line.startswith("200") for line in got)
        assert any(line == "200 /static/marks.svg" for line in got)
        assert page.evaluate("document.querySelector('main .figure .mark').getBoundingClientRect().width") > 8
