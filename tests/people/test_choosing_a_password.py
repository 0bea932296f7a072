"""The printed password is for one time."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from people.actions import one_time_password
from people.models import Tries, User

pytestmark = pytest.mark.django_db
CHOSEN = "nine red herrings"


def printed(capsys, *args):
    call_command("admin", *args)
    return capsys.readouterr().out.splitlines()


def test_one_line_is_printed_and_opens_the_door(capsys, client):
    (line,) = printed(capsys)
    password = line.split()[-1]
    assert "admin" in line
    assert client.post("/sign-in/", {"username": "admin", "password": password}).status_code == 302
    assert client.get("/trail/").url == "/choose-password/"
    assert client.post("/choose-password/", {"new_password1": CHOSEN, "new_password2": CHOSEN}).url == "/"
    assert client.get("/trail/").status_code == 200
    client.logout()
    assert client.post("/sign-in/", {"username": "admin", "password": password}).status_code == 422
    assert client.post("/sign-in/", {"username": "admin", "password": CHOSEN}).status_code == 302


def test_each_call_prints_a_new_one_until_it_was_changed_and_then_nothing(capsys, client):
    first, second = printed(capsys)[0].split()[-1], printed(capsys)[0].split()[-1]
    assert first != second
    assert client.login(username="admin", password=first) is False
    assert client.login(username="admin", password=second) is True
    client.post("/choose-password/", {"new_password1": CHOSEN, "new_password2": CHOSEN})
    assert printed(capsys) == []
    assert one_time_password() is None
    assert User.objects.filter(role="admin").count() == 1


def test_a_name_that_somebody_has_is_not_taken_over(capsys):
    User.objects.create_user("admin", role="viewer")
    made = one_time_password()
    assert made
    assert made[0] == "admin2"
    assert User.objects.get(username="admin").role == "viewer"


def test_somebody_who_is_locked_out_gets_a_new_one_and_need_not_wait(capsys, client, bob):
    for _ in range(5):
        client.post("/sign-in/", {"username": "bob", "password": "wrong"})
    assert Tries.objects.exists()
    (line,) = printed(capsys, "--reset", "bob")
    answer = client.post("/sign-in/", {"username": "bob", "password": line.split()[-1]})
    assert answer.status_code == 302
    assert Entry.objects.filter(action="person.given-password", about="bob", actor="command line").exists()


def test_nobody_of_that_name_is_a_sentence(bob):
    with pytest.raises(CommandError, match=r"Nobody is called robert\. There are: bob"):
        call_command("admin", "--reset", "robert")


@pytest.mark.parametrize(
    ("one", "two", "why"),
    [
        ("short", "short", "too short"),
        ("password123", "password123", "too common"),
        (CHOSEN, CHOSEN + "x", "match"),
    ],
)
def test_a_bad_choice_is_told_and_nothing_changes(client, root, one, two, why):
    User.objects.filter(pk=root.pk).update(one_time=True)
    client.force_login(root)
    answer = client.post("/choose-password/", {"new_password1": one, "new_password2": two})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert User.objects.get(pk=root.pk).one_time


def test_the_printed_password_cannot_be_kept(client):
    name, password = one_time_password()
    client.post("/sign-in/", {"username": name, "password": password})
    answer = client.post("/choose-password/", {"new_password1": password, "new_password2": password})
    assert answer.status_code == 422
    assert "Choose another" in answer.content.decode()


def test_who_has_chosen_is_not_asked_again(client, bob):
    client.force_login(bob)
    assert client.get("/choose-password/").url == "/settings/"


def test_no_password_is_in_the_trail(client):
    name, password = one_time_password()
    client.post("/sign-in/", {"username": name, "password": password})
    client.post("/choose-password/", {"new_password1": CHOSEN, "new_password2": CHOSEN})
    told = [(entry.action, entry.about, entry.facts) for entry in Entry.objects.all()]
    assert {action for action, _about, _facts in told} >= {"person.added", "person.signed-in", "person.chose-password"}
    assert password not in str(told)
    assert CHOSEN not in str(told)
