"""What a person does with the pages to get the scene's data back, and how many presses that takes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.acceptance.scene.objects import CLAIM
from tests.acceptance.stage import Stage
from tests.browser import hands, looking, program

LONG = 300.0  # seconds of a run
SENTINELS = ".storage/auth\nconfiguration.yaml"
# Counted where the person presses: a press of a key or a choice in a list is none.
COUNTS = """document.addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.setItem("presses", Number(sessionStorage.getItem("presses") || 0) + 1);
}, true);"""


@dataclass
class Responder(hands.Person):
    """Somebody at a window who knows which volume it is about. `runs` are the addresses of what was started."""

    stage: Stage
    runs: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.stage.namespace}/{CLAIM}"

    def presses(self) -> int:
        return int(self.page.evaluate("sessionStorage.getItem('presses') || 0"))

    # --- Before anything breaks ---

    def registers(self) -> str:
        """Pick the claim among those of the cluster, and say where its copies are. Returns the volume's address."""
        page = self.page
        page.goto("/health/claims/")
        row = page.locator("li", has_text=re.compile(rf"^\s*{re.escape(self.name)}\s"))
        self.finds(row).get_by_role("link", name="Register").click()
        self.fills(User_id="1000", Group_id="1000", Sentinels=SENTINELS)
        page.get_by_role("button", name="Register").click()
        page.wait_for_url("**/sources/new/")
        self.names("Archives in S3", Bucket=self.stage.bucket, Prefix="archives")
        address = page.url
        page.get_by_role("link", name="Name another place").click()
        self.names("Snapshots")
        return address

    def names(self, kind: str, **words: str) -> None:
        """A place where copies are."""
        hands.choose(self.page.get_by_label("Kind"), kind)
        self.fills(**words)
        self.page.get_by_role("button", name="Name it").click()
        self.page.wait_for_url(re.compile(r"/volumes/\d+/$"))

    def fills(self, **words: str) -> None:
        for label, text in words.items():
            self.page.get_by_label(label.replace("_", " ")).first.fill(text)

    def opens(self, title: str) -> str:
        """An incident. Returns its address."""
        self.page.goto("/incidents/new/")
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_role("button", name="Open the incident").click()
        self.page.wait_for_url(hands.INCIDENT)
        return self.page.url.partition("#")[0]

    # --- Runs ---

    def does(self, runbook: str, *, ends: str = "Done", why: str = "", **choices: str) -> str:
        """Draft it, read it, start it, and watch it end. Returns the run's address."""
        self.goes_to(runbook)
        return self.goes_on(ends=ends, why=why, **choices)

    def goes_to(self, runbook: str) -> None:
        self.page.goto("/runbooks/")
        self.page.locator(f"a[href^='/runbooks/{runbook}/']").first.click()
        self.page.wait_for_url(f"**/runbooks/{runbook}/**")

    def goes_on(self, *, ends: str = "Done", why: str = "", **choices: str) -> str:
        """From the launch page to the end of the run."""
        address = self.asks(**choices)
        self.begins(why)
        self.sees_it_end(ends, within=LONG)
        return address

    def asks(self, **choices: str) -> str:
        """From the launch page to the plan."""
        for label, option in choices.items():
            field_ = self.page.get_by_label(label.replace("_", " ").capitalize(), exact=False).first
            self.until(lambda f=field_, o=option: offered(f, o), hands.LONG, f"{option!r} to be offered", reloads=False)
            hands.choose(field_, option)
        self.page.get_by_role("button", name="Look, and show me the plan").click()
        self.page.wait_for_url(re.compile(r"/runs/\d+/"))
        self.sees(self.page.get_by_role("heading", name="Plan"), within=hands.LONG)
        self.runs.append(self.page.url)
        return self.page.url

    def begins(self, why: str = "") -> None:
        typed = self.page.get_by_label("Type the volume’s name")
        if typed.count():
            typed.fill(self.name)
        if why:
            self.page.get_by_label("Why").fill(why)
        self.page.get_by_role("button", name="Start").click()

    def point(self, volume: str, row: re.Pattern[str] | str) -> Locator:
        """A recovery point of the volume, once a scan has seen it."""
        self.page.goto(volume)
        return self.finds(self.page.locator("table.points tbody tr").filter(has_text=row), within=hands.LONG)

    def acts(self) -> list[str]:
        """The sentences of a run's acts, in order."""
        return [re.sub(r"\s+", " ", text) for text in self.page.locator(".acts-spine .act").all_inner_texts()]


def offered(field_: Locator, words: str) -> bool:
    return any(words in re.sub(r"\s", " ", option) for option in field_.locator("option").all_inner_texts())


@contextmanager
def responder(browser: Browser, running: program.Running, state: Any, stage: Stage) -> Iterator[Responder]:
    with looking.person(browser, running.address, storage_state=state) as (page, _watch):
        page.context.add_init_script(COUNTS)
        yield Responder(page, True, stage)


@dataclass
class Took:
    """How long something took, and how many presses."""

    what: str
    page: Page
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"{self.what}: {time.monotonic() - self.began:.0f} s"
