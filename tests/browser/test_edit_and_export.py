"""Somebody marks actions, edits in place, takes the incident away as a file, and brings the file back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import hands
from tests.browser.test_import import SAMPLE

OF_THIS_COPY = {"id", "exported", "opened", "document", "documents"}


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def person(request, browser, aftermath, signed_in):
    with hands.somebody(browser, aftermath, signed_in, scripts=request.param) as person:
        yield person


@pytest.fixture
def incident(person, tmp_path):
    """An incident of this test's own, imported; the window stands on its page."""
    source = tmp_path / f"{person.scripts}-{tmp_path.name}.md"
    source.write_text(SAMPLE.read_text() + f"\n<!-- {source.name} -->\n")
    hands.uploads(person, source)
    hands.agrees(person)
    return person.page.url


def test_an_action_is_marked_done_and_open_again(person, incident):
    row = person.page.get_by_role("row", name="Mettre .storage dans chaque copie")
    assert "To do" in row.inner_text()
    row.get_by_role("button", name=re.compile("^Done")).click()
    person.sees(row.get_by_role("button", name=re.compile("^Reopen")))
    assert "Done" in row.inner_text()
    person.sees(person.page.locator("#part-action .part-head", has_text="8, of which 4 done"))
    row.get_by_role("button", name=re.compile("^Reopen")).click()
    person.sees(row.get_by_role("button", name=re.compile("^Done")))


def test_every_kind_of_field_is_edited_where_it_stands(person, incident):
    page = person.page

    page.get_by_role("link", name="Edit title, severity, days and zone").click()
    page.get_by_label("Title").fill("Home Assistant est reparti à neuf")
    page.get_by_label("Severity").select_option(label="S2, major")
    saves(person)
    person.sees(page.get_by_role("heading", name="Home Assistant est reparti à neuf", level=1))
    assert page.locator(".title .severity").inner_text() == "S2"

    page.locator("#part-summary").get_by_role("link", name="Edit").click()
    page.get_by_label("What happened, in a few sentences").fill("Tout est revenu.")
    saves(person)
    person.sees(page.locator("#part-summary").get_by_text("Tout est revenu."))

    for part, was, field, now in (
        ("entry", "un utilisateur propose", "What happened", "une archive est proposée"),
        ("cause", "Aucun point de retour", "Why", "rien ne permettait de revenir"),
        ("action", "Prendre un instantané", "What is to be done", "Prendre un instantané chaque heure"),
        ("lesson", "Un miroir", "What was learnt", "Un miroir suit, il ne garde pas."),
        ("appendix", "kubectl", "Text", "Rien à ajouter."),
    ):
        here = page.locator(f"#part-{part}")
        edit = here.get_by_role("link", name=re.compile(f"^Edit: .*{re.escape(was)}", re.DOTALL))
        (edit if edit.count() else here.get_by_role("link", name="Edit")).first.click()
        person.sees(here.get_by_label(field)).fill(now)
        saves(person)
        person.sees(here.get_by_text(now))

    page.goto(f"/trail/?subject=incident:{hands.number(incident)}")
    written = page.locator("ol.spine li", has_text="Tout est revenu.")
    expect(written).to_have_count(1)


def saves(person: hands.Person) -> None:
    form = person.page.locator("form.in-place").first
    form.get_by_role("button", name="Save").click()
    person.page.locator("form.in-place").first.wait_for(state="detached")


def test_it_is_taken_away_in_four_forms_and_two_of_them_bring_it_back(person, incident, tmp_path):
    page = person.page
    got = {form: exported(person, form, tmp_path) for form in ("Markdown", "HTML", "PDF", "JSON")}
    markdown = got["Markdown"].read_text()
    headings = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert headings[:2] == ["Résumé", "Chronologie"], "in the document's language, whatever the reader's"
    assert got["PDF"].read_bytes().startswith(b"%PDF-")
    html = got["HTML"].read_text()
    assert "Home Assistant est reparti vide" in html
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html), "nothing external"

    first = records(got["JSON"])
    for form in ("Markdown", "JSON"):
        hands.uploads(person, got[form])
        hands.agrees(person)
        assert page.url != incident
        again = exported(person, "JSON", tmp_path / form)
        assert records(again) == first


def exported(person: hands.Person, form: str, to: Path) -> Path:
    page = person.page
    page.locator("summary", has_text="More").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name=f"Export as {form}").click()
    path = to / taken.value.suggested_filename
    taken.value.save_as(path)
    page.locator("summary", has_text="More").click()
    return path


def records(path: Path) -> Any:
    """What an exported incident says, without what belongs to this copy of it alone."""
    return without(json.loads(path.read_text()))


def without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(inner) for name, inner in value.items() if name not in OF_THIS_COPY}
    return [without(inner) for inner in value] if isinstance(value, list) else value
