"""Alice signs in; somebody else guesses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from audit.models import Entry
from people import tries
from people.models import Tries, User

pytestmark = pytest.mark.django_db
PASSWORD = "a quiet morning"


@pytest.fixture
def alice():
    return User.objects.create_user("alice", password=PASSWORD, role="operator")


def sign_in(client, name, password, **more):
    return client.post("/sign-in/", {"username": name, "password": password, **more})


def test_with_name_and_password_one_is_in_and_the_trail_says_so(client, alice):
    answer = sign_in(client, "alice", PASSWORD)
    assert answer.status_code == 302
    assert answer.url == "/"
    assert client.get("/settings/").status_code == 200
    assert Entry.objects.get(action="person.signed-in").actor == "alice"


def test_one_comes_back_to_the_page_that_asked(client, alice):
    asked = client.get("/trail/?who=bob")
    assert asked.url == "/sign-in/?next=/trail/%3Fwho%3Dbob"
    assert sign_in(client, "alice", PASSWORD, next="/trail/?who=bob").url == "/trail/?who=bob"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "javascript:alert(1)", "http:///x"])
def test_one_is_never_sent_to_another_host(client, alice, elsewhere):
    assert sign_in(client, "alice", PASSWORD, next=elsewhere).url == "/"


def test_the_same_is_said_of_a_wrong_password_a_wrong_name_and_one_who_may_not_sign_in(client, alice):
    User.objects.create_user("gone", password=PASSWORD, is_active=False)
    pages = [sign_in(client, "alice", "wrong"), sign_in(client, "nobody", PASSWORD), sign_in(client, "gone", PASSWORD)]
    assert {page.status_code for page in pages} == {422}
    assert all("Name and password do not fit." in page.content.decode() for page in pages)


def test_after_five_bad_tries_even_the_right_password_has_to_wait(client, alice):
    for left in (4, 3, 2, 1):
        assert f"{left} tr" in sign_in(client, "alice", "wrong").content.decode()
    assert "Try again at" in sign_in(client, "alice", "wrong").content.decode()
    refused = sign_in(client, "alice", PASSWORD)
    assert refused.status_code == 422
    assert "Try again at" in refused.content.decode()
    assert not Entry.objects.filter(action="person.signed-in").exists()


def test_a_name_that_does_not_exist_has_to_wait_just_so(client):
    pages = [sign_in(client, "nobody", "wrong").content.decode() for _ in range(5)]
    assert "4 tries left" in pages[0]
    assert "Try again at" in pages[4]


def test_when_the_wait_is_over_the_right_password_is_looked_at_again(client, alice):
    for _ in range(5):
        sign_in(client, "alice", "wrong")
    Tries.objects.update(until=now() - timedelta(seconds=1))
    assert sign_in(client, "alice", PASSWORD).status_code == 302
    assert not Tries.objects.exists()


def test_another_name_and_another_address_need_not_wait(client, alice):
    User.objects.create_user("bob", password=PASSWORD)
    for _ in range(5):
        sign_in(client, "alice", "wrong")
    assert (
        client.post("/sign-in/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7").status_code
        == 302
    )
    client.logout()
    assert sign_in(client, "bob", PASSWORD).status_code == 302


def test_capitals_and_spaces_do_not_give_more_tries(client, alice):
    for name in ("alice", "Alice", " ALICE", "alice ", "aLice"):
        sign_in(client, name, "wrong")
    assert tries.wait_until("alice", "127.0.0.1")


def test_the_wait_doubles_up_to_a_quarter_of_an_hour():
    waits = [tries.wait_after(count).total_seconds() for count in range(4, 12)]
    assert waits == [0, 30, 60, 120, 240, 480, 900, 900]
    assert tries.wait_after(10**6) == tries.LONGEST_WAIT


def test_what_was_typed_as_a_name_is_not_in_the_trail(client, alice):
    sign_in(client, "my secret password typed in the wrong place", "x")
    assert not Entry.objects.exists()


def test_signing_out_is_a_press_and_ends_the_session(client, alice):
    client.force_login(alice)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == "/sign-in/"
    assert client.get("/settings/").status_code == 302


def test_a_very_long_name_is_refused_with_a_sentence(client):
    assert sign_in(client, "x" * 100_000, "y").status_code == 422


@pytest.mark.parametrize("name", ["al%00ice", "%ED%A0%80", "%FF%FE"])
def test_a_name_that_no_database_can_hold_is_refused_with_a_sentence(client, name):
    form = "application/x-www-form-urlencoded"
    assert client.post("/sign-in/", f"username={name}&password=x", content_type=form).status_code == 422
