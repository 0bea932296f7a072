"""Somebody restores from a file that they have: brings it, says which folder is the root, and is led to the restore."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.agent.test_archives_made_by_an_enemy import entry, tar_of
from tests.browser import hands

FILES = ["data/.storage/auth", "data/configuration.yaml", "data/automations.yaml"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_file_is_brought_read_asked_about_and_offered_for_restoring(browser, aftermath, signed_in, tmp_path, scripts):
    wrong, right = tmp_path / "invoice.pdf", tmp_path / "by-hand.tar"
    wrong.write_bytes(b"%PDF-1.7\n" + bytes(5000))
    right.write_bytes(tar_of(*(entry(name, data=b'{"version": 1}') for name in FILES)))
    with hands.somebody(browser, aftermath, signed_in, scripts=scripts) as person:
        page = person.page
        page.goto("/recoverability/")
        page.get_by_role("link", name="home/home-assistant-config").first.click()
        page.get_by_role("link", name="Restore from a file").click()
        page.get_by_label("The file").set_input_files(wrong)
        page.get_by_role("button", name="Bring it").click()
        person.sees(page.get_by_text("That is a PDF, not an archive."))
        if scripts:
            assert hands.sound(page) == []
        page.get_by_label("The file").set_input_files(right)
        page.get_by_role("button", name="Bring it").click()
        page.wait_for_url("**/uploads/*/")
        person.sees(page.get_by_text("Which one is the root?"))
        if scripts:
            assert hands.sound(page) == []
        page.get_by_label("data/").check()
        page.get_by_role("button", name="That is the root").click()
        person.sees(page.get_by_text("It is a recovery point."))
        if scripts:
            assert hands.sound(page) == []
        page.get_by_role("link", name="Restore", exact=True).click()
        page.wait_for_url("**/runbooks/restore-volume/**")
        chosen = page.locator("[name=point] option:checked, [name=point]:checked")
        expect(chosen).to_have_count(1)
