"""Every address, by every role and by nobody, with every method: only those may whom the table names."""

from __future__ import annotations

import pytest

from people.models import User
from people.roles import TABLE, May, Role
from tests.pages.addresses import ALL, Address
from tests.pages.conftest import ROLES

pytestmark = pytest.mark.django_db
METHODS = ("get", "head", "post", "put", "patch", "delete")
NOT_DONE = {302, 405}
# These would break or mend a cluster; who may press them is asked of those who may not, and of one press elsewhere.
TOUCHES_THE_RANGE = {"range-break", "range-mend"}


def ask(client, method, url):
    return getattr(client, method)(url)


def is_to_sign_in(answer):
    return answer.status_code == 302 and answer.url.startswith("/sign-in/")


def test_there_are_addresses_of_every_layer_that_has_pages():
    assert {address.app for address in ALL} >= {
        "config",
        "people",
        "audit",
        "backups",
        "health",
        "incidents",
        "runbooks",
    }
    assert len({address.name for address in ALL}) == len(ALL)


@pytest.mark.parametrize("address", ALL, ids=lambda address: address.name)
def test_every_view_says_who_may(address: Address):
    assert hasattr(address.view, "who_may"), f"{address.name} has no who_may"
    assert address.may is None or isinstance(address.may, May)


def test_what_anybody_may_is_only_the_door():
    assert {address.name for address in ALL if address.may is None} == {"sign-in", "sign-out", "set-language"}


@pytest.mark.parametrize("address", [a for a in ALL if a.may is not None], ids=lambda address: address.name)
def test_nobody_sees_or_does_anything_without_signing_in(client, objects, address: Address):
    for method in METHODS:
        answer = ask(client, method, address.url(objects))
        assert is_to_sign_in(answer) or answer.status_code == 405, (method, answer.status_code)
        assert b"appartement" not in answer.content


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("address", [a for a in ALL if a.may is not None], ids=lambda address: address.name)
def test_a_role_may_what_the_table_says_and_no_more(client, people, objects, address: Address, role):
    allowed = address.may in TABLE[Role(role)]
    for method in METHODS:
        if allowed and address.name in TOUCHES_THE_RANGE and method == "post":
            continue
        client.force_login(User.objects.get(pk=people[role].pk))
        answer = ask(client, method, address.url(objects))
        assert answer.status_code < 500, (method, answer.status_code)
        if allowed:
            assert answer.status_code != 403, method
            assert not is_to_sign_in(answer), method
        else:
            assert answer.status_code in (403, 405), (method, answer.status_code)


@pytest.mark.parametrize("address", [a for a in ALL if a.may is not None], ids=lambda address: address.name)
def test_a_fragment_takes_the_whole_browser_to_the_sign_in_page(client, objects, address: Address):
    answer = client.get(address.url(objects), headers={"hx-request": "true"})
    assert answer.status_code == 405 or "/sign-in/" in answer.headers["HX-Redirect"]


def test_somebody_with_a_printed_password_sees_nothing_before_another_is_chosen(client, objects, people):
    User.objects.filter(pk=people["admin"].pk).update(one_time=True)
    client.force_login(people["admin"])
    free = {"choose-password", "sign-out", "set-language"}
    for address in ALL:
        if address.name not in free:
            assert client.get(address.url(objects)).url == "/choose-password/", address.name


def test_the_cookie_of_a_session_is_for_no_script_and_no_other_site(client, people):
    people["viewer"].set_password("a quiet morning")
    people["viewer"].save()
    client.post("/sign-in/", {"username": people["viewer"].username, "password": "a quiet morning"})
    cookie = client.cookies["sessionid"]
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]


def test_a_form_from_elsewhere_is_refused_with_a_page(people, client):
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(people["viewer"])
    answer = strict.post("/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "too old" in answer.text
