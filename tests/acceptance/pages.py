"""What a person does with the pages to get the scene's data back, and how many presses that takes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator

from tests.acceptance.scene.objects import CLAIM
from tests.acceptance.stage import Stage
from tests.browser import hands, looking, program

LABELS = {"incident": "For incident"}
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
    took: str = ""  # by the last restore

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
        row = page.locator("li").filter(has=page.get_by_text(self.name, exact=True))
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
            field_ = self.page.get_by_label(LABELS.get(label) or label.replace("_", " ").capitalize()).first
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
        known = self.page.get_by_label("I know that this is gone for good")
        if known.count():
            known.check()
        name = "Remove it for good" if known.count() else "Start"
        self.sees(self.page.get_by_role("button", name=name)).click()

    def point(self, volume: str, row: re.Pattern[str] | str) -> Locator:
        """A recovery point of the volume, once a scan has seen it."""
        self.page.goto(volume)
        return self.finds(self.page.locator("table.points tbody tr").filter(has_text=row), within=hands.LONG)

    def restores(self, volume: str, row: re.Pattern[str] | str, *, incident: str = "") -> str:
        """From a recovery point on the volume's page to a restore that is done; `took` says how long that was."""
        began = self.starts_counting()
        self.point(volume, row).get_by_role("link", name="Restore").click()
        self.page.wait_for_url("**/runbooks/restore-volume/**")
        address = self.goes_on(**({"incident": incident} if incident else {}))
        self.took = self.since(began)
        return address

    def brings(self, volume: str, file: Path) -> None:
        """Upload a file as a copy of the volume, and go on to restore it."""
        page = self.page
        page.goto(volume)
        page.get_by_role("link", name="Restore from a file").click()
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Bring it").click()
        self.sees(page.get_by_text("It is a recovery point."), within=LONG)
        page.locator("#restore").click()
        page.wait_for_url("**/runbooks/restore-volume/**")

    def takes_back(self, run: str) -> None:
        self.page.goto(run)
        self.page.get_by_role("button", name="Take it all back").click()
        self.sees_it_end("Taken back", within=LONG)

    # --- What is written down ---

    def acts(self, run: str) -> list[str]:
        """The sentences of a run's acts, in order."""
        self.page.goto(run)
        found = self.page.locator(".acts-spine .act > span:last-child").all_inner_texts()
        assert found
        return [plain(text) for text in found]

    def timeline(self, incident: str) -> str:
        """All that its timeline says was done, on however many pages."""
        self.page.goto(f"{incident}?show=evidence")
        told = [self.page.locator("#part-entry").inner_text()]
        while (later := self.page.get_by_role("link", name="Later")).count():
            later.click()
            told.append(self.page.locator("#part-entry").inner_text())
        return plain("\n".join(told))

    def chain(self) -> str:
        """What the trail's page says of its seals, once all are checked now."""
        self.page.goto("/trail/")
        self.page.get_by_role("button", name=re.compile("Check it now|Go on")).click()
        word = self.page.locator("#chain .state").first
        self.until(
            lambda: word.inner_text().strip() in ("Whole", "Does not hold"), hands.LONG, "the trail to be checked"
        )
        return word.inner_text().strip()

    # --- Counted ---

    def starts_counting(self) -> tuple[float, int]:
        return time.monotonic(), self.presses()

    def since(self, began: tuple[float, int]) -> str:
        return f"{time.monotonic() - began[0]:.0f} s, {self.presses() - began[1]} presses"


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def offered(field_: Locator, words: str) -> bool:
    return any(words in re.sub(r"\s", " ", option) for option in field_.locator("option").all_inner_texts())


@contextmanager
def responder(browser: Browser, running: program.Running, state: Any, stage: Stage) -> Iterator[Responder]:
    with looking.person(browser, running.address, storage_state=state) as (page, _watch):
        page.context.add_init_script(COUNTS)
        yield Responder(page, True, stage)
