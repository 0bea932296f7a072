"""Language, zone, theme and password, each person's own."""

from __future__ import annotations

import pytest

from people.models import User

pytestmark = pytest.mark.django_db


def test_what_is_chosen_is_kept_and_used(client, carol):
    client.force_login(carol)
    sent = {"language": "fr", "zone": "Europe/Paris", "theme": "dark"}
    assert client.post("/settings/", sent).url == "/settings/"
    page = client.get("/settings/").content.decode()
    assert 'lang="fr" data-theme="dark"' in page
    assert '<option value="Europe/Paris" selected>' in page


@pytest.mark.parametrize("sent", [{"zone": "Mars/Olympus"}, {"language": "tlh"}, {"theme": "plaid"}])
def test_what_does_not_exist_is_refused_and_nothing_is_changed(client, carol, sent):
    client.force_login(carol)
    assert client.post("/settings/", sent).status_code == 422
    kept = User.objects.get(pk=carol.pk)
    assert (kept.language, kept.zone, kept.theme) == ("", "", "")


def test_signed_out_the_language_is_kept_in_a_cookie(client):
    client.post("/language/", {"language": "fr", "next": "/sign-in/"})
    assert '<html lang="fr"' in client.get("/sign-in/").content.decode()


def test_signed_in_the_language_is_the_persons_everywhere(client, carol):
    client.force_login(carol)
    assert client.post("/language/", {"language": "fr", "next": "/trail/"}).url == "/trail/"
    assert User.objects.get(pk=carol.pk).language == "fr"


def test_without_a_choice_the_browser_says_which_language(client):
    assert '<html lang="fr"' in client.get("/sign-in/", headers={"accept-language": "fr-CA,fr;q=0.9"}).content.decode()
    assert '<html lang="en"' in client.get("/sign-in/", headers={"accept-language": "de"}).content.decode()


def test_a_language_that_is_not_there_changes_nothing(client, carol):
    client.force_login(carol)
    client.post("/language/", {"language": "../../x"})
    assert User.objects.get(pk=carol.pk).language == ""


def test_the_theme_is_one_press(client, carol):
    client.force_login(carol)
    assert client.post("/theme/", {"theme": "light", "next": "https://example.org"}).url == "/"
    assert 'data-theme="light"' in client.get("/settings/").content.decode()


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(client, carol, django_user_model):
    carol.set_password("an old one, worn")
    carol.save()
    other = type(client)()
    other.force_login(carol)
    client.force_login(carol)
    sent = {"new_password1": "a new one, crisp", "new_password2": "a new one, crisp"}
    assert client.post("/settings/password/", sent | {"old_password": "wrong"}).status_code == 422
    assert client.post("/settings/password/", sent | {"old_password": "an old one, worn"}).status_code == 302
    assert client.get("/settings/").status_code == 200
    assert other.get("/settings/").status_code == 302
