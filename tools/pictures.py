"""The pictures of the documents, taken of the program as it is: `make pictures`. Look at them before they are kept."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import looking, program
from tests.browser.hands import WIPED, Person

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PATIENCE = 90.0  # seconds


def main() -> int:
    if looking.chromium() is None:
        print("make pictures needs a browser: install chromium (Debian: apt install chromium).")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="am-") as var,
        program.running(Path(var)) as running,
        sync_playwright() as playwright,
        looking.person(looking.launch(playwright), running.address) as (page, _),
    ):
        looking.sign_in(page, running.name, running.one_time, then="one of many long words")
        overview(page)
    return 0


def overview(page: Page) -> None:
    """The overview a few seconds after a volume was wiped by its own sync, with copies to bring it back from."""
    person = Person(page, scripts=True)
    page.goto("/")
    person.until(lambda: "never listed" not in page.locator("main").inner_text(), PATIENCE, "copies", reloads=True)
    person.break_(WIPED)
    for finding in ("Volume started over", "Sentinel missing"):
        person.sees(page.locator("#now .question.fail li", has_text=finding), within=PATIENCE)
    page.goto("/")
    page.screenshot(path=PICTURES / "overview.png")


if __name__ == "__main__":
    sys.exit(main())
