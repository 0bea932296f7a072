"""What a person does with the pages: break, launch, start, wait. With scripts or without, it reads the same."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Error, Locator, Page

from cluster.api import ClaimRef
from cluster.range import errands
from cluster.range.owners import give, owner
from cluster.range.range import Range
from tests.browser import looking, program

HOME = ClaimRef("home", "home-assistant-config")
WIKI = ClaimRef("wiki", "pages")
WRONG_OWNER, EMPTIED, WIPED = "Wrong owner", "Emptied volume", "Wiped by its own sync"
AT_ONCE, SOON, LONG = 10.0, 30.0, 120.0  # seconds; a machine may be busy with more than this
ALIVE = {".ha_run.lock"}
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
LOOKS: tuple[tuple[dict[str, int], Literal["light", "dark"]], ...] = ((looking.DESK, "light"), (looking.PHONE, "dark"))
INCIDENT = re.compile(r"/incidents/\d+/(#|$)")
OVER = re.compile(r"Done|Taken back|Stuck|Refused|Left as it is")


@dataclass
class Person:
    """Somebody at a window of their own. `scripts`: whether their browser runs any."""

    page: Page
    scripts: bool

    def sees(self, what: Locator, within: float = SOON) -> Locator:
        """
        Wait for it and for the rest of its page; without scripts, by loading the page again. Fails saying what the page
        said instead.
        """
        self.until(lambda: what.first.is_visible(), within, str(what))
        self.page.wait_for_load_state()
        return what.first

    def finds(self, what: Locator, within: float = LONG) -> Locator:
        """Load the page again until it is there, on a page that does not move by itself."""
        self.until(lambda: what.first.is_visible(), within, str(what), reloads=True)
        return what.first

    def until(self, true: Callable[[], Any], within: float, what: str, *, reloads: bool = False) -> None:
        reloads = reloads or not self.scripts
        deadline = time.monotonic() + within
        while not so(true):
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {within:g} s: {what}\n{self.page.locator('main').inner_text()}")
            self.page.wait_for_timeout(500 if reloads else 200)
            if reloads and not so(true):
                self.page.reload()

    def break_(self, way: str) -> None:
        self.page.goto("/")
        self.page.locator("#range li", has_text=way).get_by_role("button").click()
        self.sees(self.page.get_by_text("It shows here within seconds."))

    def drafts(self, runbook: str, link: Locator | None = None, **choices: str) -> str:
        """
        To the launch page, by a `link` or by its address, and from there to the plan. `choices`: by label, words of an
        option. Returns the run's address.
        """
        page = self.page
        if link is None:
            page.goto(f"/runbooks/{runbook}/")
        else:
            link.click()
            page.wait_for_url(f"**/runbooks/{runbook}/**")
        for label, option in choices.items():
            choose(page.get_by_label(label.replace("_", " ").capitalize()), option)
        return self.looks()

    def looks(self) -> str:
        """From the launch page to the plan. Returns the run's address."""
        self.page.get_by_role("button", name="Look, and show me the plan").click()
        self.page.wait_for_url(re.compile(r"/runs/\d+/"))
        self.sees(self.page.get_by_role("heading", name="Plan"))
        return self.page.url

    def resolves(self, incident: str) -> None:
        """So that it is no longer among what is wrong now."""
        self.page.goto(incident)
        self.page.get_by_role("button", name="Resolve").click()
        self.sees(self.page.get_by_role("button", name="Reopen"))

    def starts(self, typed: str = "", why: str = "") -> None:
        if typed:
            self.page.get_by_label("Type the volume’s name").fill(typed)
        self.page.get_by_label("Why").fill(why)
        self.page.get_by_role("button", name="Start").click()

    def sees_it_end(self, how: str, within: float = LONG) -> None:
        """Watch a run until it is over, and that it ended so."""
        self.until(lambda: OVER.match(self.state()), within, f"the run to be {how}")
        assert self.state() == how, self.page.locator("main").inner_text()

    def state(self) -> str:
        return self.page.locator(".title .figures .state").inner_text().strip()


def so(true: Callable[[], Any]) -> bool:
    """Whether it is; while a page makes way for another one, it is not."""
    try:
        return bool(true())
    except Error as e:
        if "Execution context was destroyed" in e.message:
            return False
        raise


def number(address: str) -> str:
    """Of the run or the incident that a page is about."""
    return str(re.findall(r"/(\d+)/", address)[0])


def choose(field: Locator, words: str) -> None:
    """The first option that has these words; a space is a space, however wide."""
    options = [re.sub(r"\s", " ", option) for option in field.locator("option").all_inner_texts()]
    wanted = [n for n, option in enumerate(options) if words in option]
    assert wanted, f"{words!r} is not among {options}"
    field.select_option(index=wanted[0])


@contextmanager
def somebody(browser: Browser, running: program.Running, state: Any, *, scripts: bool = True) -> Iterator[Person]:
    """A window of somebody who is signed in; nothing may leave the machine and no script may fail in it."""
    options = {"storage_state": state, "java_script_enabled": scripts}
    with looking.person(browser, running.address, **options) as (page, _watch):
        yield Person(page, scripts)


def world(running: program.Running) -> Range:
    """The practice cluster on the disk."""
    return Range(Path(running.var) / "range")


def files(running: program.Running, claim: ClaimRef = HOME) -> dict[str, Any]:
    """Every file of a claim as it is on the disk: its kind, owner, mode, digest and time."""
    prints: dict[str, Any] = world(running).fingerprint()["files"][str(claim)]
    return prints


def owners(prints: dict[str, Any]) -> set[str]:
    return {print_[1] for print_ in prints.values()}


def content(prints: dict[str, Any]) -> dict[str, Any]:
    """The same without times, which an application touches, and without what it writes anew at each start."""
    return {path: print_[:4] for path, print_ in prints.items() if path not in ALIVE}


def fill(running: program.Running, claim: ClaimRef, count: int) -> None:
    """Many files more, owned as the others are; so small that the claim does not hold much more by them."""
    range_ = world(running)
    root, kind = range_.ground.volumes.data(claim), range_.ground.objects.read().owners
    uid, gid = owner(root, kind)
    folder = root / "many"
    folder.mkdir()
    for n in range(count):
        (folder / f"{n:06d}.txt").write_text("x")
    for path in (folder, *folder.iterdir()):
        give(path, uid, gid, kind)


@contextmanager
def held_at(running: program.Running, doing: str) -> Iterator[None]:
    """
    The program of the first job that says how many files it is through with, `doing` this, stands still until the block
    ends: on a fast machine it is over before a page has asked once.
    """
    jobs, said = world(running).ground.volumes.job("any").parent, re.compile(rf'"doing": ?"{doing}".*"files": ?[1-9]')
    earlier = set(jobs.glob("*"))
    over, stopped = threading.Event(), list[int]()

    def watch() -> None:
        while not stopped and not over.wait(0.005):
            for job in set(jobs.glob("*")) - earlier:
                if any(said.search(line) for line in errands.lines(job / "out")) and errands.alive(job):
                    pid = int((job / "pid").read_text())
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def mend(running: program.Running, browser: Browser, state: Any) -> None:
    """As at first, and seen to run: the application has its files and is ready."""
    with somebody(browser, running, state) as person:
        deadline = time.monotonic() + LONG
        while True:
            person.page.goto("/")
            person.until(lambda: not person.page.get_by_text("Live run").count(), LONG, "no run at work")
            person.page.get_by_role("button", name="Mend it").click(timeout=1000 * LONG)
            person.sees(person.page.locator("#messages").get_by_text("practice cluster"), within=LONG)
            if person.page.get_by_text("The practice cluster is as it was at first.").count():
                break
            assert time.monotonic() < deadline, person.page.locator("#messages").inner_text()
            person.page.wait_for_timeout(500)
    range_ = world(running)
    while not all(pod.ready for pod in range_.view().pods):
        assert time.monotonic() < deadline, range_.view().pods
        time.sleep(0.2)


def sound(page: Page) -> list[str]:
    """What is wrong with a page as it is: on a desk in the light, on a phone in the dark."""
    wrong = []
    for size, theme in LOOKS:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(PAINTED)
        found = looking.faults(page) + [f"too wide: {part}" for part in looking.too_wide(page)]
        wrong += [f"{size['width']} {theme}: {fault}" for fault in found]
    page.set_viewport_size({"width": looking.DESK["width"], "height": looking.DESK["height"]})
    page.emulate_media(color_scheme="light")
    return wrong


def uploads(person: Person, path: Path) -> None:
    """From the page that asks for a document to the one that shows what was understood."""
    page = person.page
    page.goto("/incidents/import/")
    page.get_by_label("A file").set_input_files(path)
    page.get_by_role("button", name="Read it").click()
    page.wait_for_url(re.compile(r"/import/\d+/"))


def agrees(person: Person) -> None:
    """Save what an import shows, also when it was imported before."""
    page = person.page
    twice = page.get_by_label("Import it a second time")
    if twice.count():
        twice.check()
    page.get_by_role("button", name="Save as an incident").click()
    page.wait_for_url(INCIDENT)
