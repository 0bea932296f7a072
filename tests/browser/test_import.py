"""Somebody imports a post-mortem that was written elsewhere: reads what was understood, corrects it, agrees."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import hands, program

SAMPLE = program.BASE / "tests" / "postmortems" / "sample.fr.md"
WHOLE = SAMPLE.read_bytes()
BROKEN = WHOLE.decode().encode().decode("mac_roman").encode()


@pytest.mark.parametrize(
    ("document", "scripts"), [(WHOLE, True), (BROKEN, False)], ids=["whole-scripts", "broken-encoding-no-scripts"]
)
def test_a_french_document_is_read_beside_its_source_corrected_and_saved(
    browser, aftermath, signed_in, tmp_path, document, scripts
):
    name = f"restitution-{'a' if scripts else 'b'}.md"
    (tmp_path / name).write_bytes(document)
    with hands.somebody(browser, aftermath, signed_in, scripts=scripts) as person:
        page = person.page
        hands.uploads(person, tmp_path / name)
        said = page.locator("main").inner_text()
        assert "Home Assistant est reparti vide, et sa sauvegarde avec lui" in said
        assert figures(page) == {"Timeline": 12, "Causes": 3, "Actions": 8, "Lessons": 3, "Appendix": 1}
        assert ("That was undone before reading" in said) == (document is BROKEN), (
            "it is told when an encoding was mended"
        )
        band = page.locator(".band", has_text="aucune politique d’instantanés sur le volume")
        assert re.search(r"19:30", band.locator(".source").inner_text()), "the source stands beside the record"
        expect(page.locator(".band", has_text="kubectl scale").get_by_text("Appendix, kept as it is")).to_have_count(1)

        entry = page.locator(".band", has_text="Idris découvre que le bucket est vide")
        entry.get_by_role("link", name="Correct").click()
        page.get_by_label("What happened").fill("Idris voit que le bucket est vide, lui aussi")
        page.get_by_role("button", name="Correct it so").click()
        person.sees(page.get_by_text("corrected", exact=True))
        expect(page.locator(".became", has_text="Idris voit que le bucket est vide, lui aussi")).to_have_count(1)
        if scripts:
            assert hands.sound(page) == []

        page.get_by_role("button", name="Save as an incident").click()
        page.wait_for_url(hands.INCIDENT)
        person.sees(page.get_by_text("Saved. Nothing of the document was lost."))
        timeline = page.locator("#part-entry")
        person.sees(timeline.get_by_text("Idris voit que le bucket est vide, lui aussi"))
        expect(timeline.locator("li[id^=entry-]")).to_have_count(12)
        with page.expect_download() as kept:
            page.get_by_role("link", name=name).click()
        assert kept.value.path().read_bytes() == document, "the original bytes are kept"
        if scripts:
            assert hands.sound(page) == []


def figures(page) -> dict[str, int]:
    pairs = page.locator(".title .figures > div").all_inner_texts()
    return {name: int(count) for name, count in (pair.split("\n") for pair in pairs)}


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("report.md", b"PK\x03\x04" + bytes(300), "zip"),
        ("report.pdf", b"%PDF-1.7\n" + bytes(range(256)), "PDF"),
        ("noise.md", bytes(range(256)) * 40, ""),
    ],
    ids=["zip", "pdf", "noise"],
)
def test_what_is_no_text_is_refused_with_a_sentence(browser, aftermath, signed_in, tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with hands.somebody(browser, aftermath, signed_in) as person:
        page = person.page
        page.goto("/incidents/import/")
        page.get_by_label("A file").set_input_files(tmp_path / name)
        page.get_by_role("button", name="Read it").click()
        sentence = person.sees(page.locator("main .error, main [role=alert]")).inner_text()
        assert says in sentence
        assert len(sentence.split()) > 4


def test_a_document_that_is_no_post_mortem_is_told_so_and_can_be_kept(browser, aftermath, signed_in, tmp_path):
    (tmp_path / "shopping.md").write_text("# For the week-end\n\nTwo breads, and a lamp for the cellar.\n")
    with hands.somebody(browser, aftermath, signed_in) as person:
        page = person.page
        hands.uploads(person, tmp_path / "shopping.md")
        person.sees(page.get_by_text("This does not look like a post-mortem."))
        page.get_by_role("button", name="Keep it in a new incident").click()
        person.sees(page.get_by_text("Kept as an appendix."))
        expect(page.locator("#part-appendix").get_by_text("a lamp for the cellar")).to_have_count(1)
        person.resolves(page.url)
