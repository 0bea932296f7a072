"""What holds for every page there is: its policy, its markup, its language, its place in the navigation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from people.models import User
from tests.pages.addresses import ALL, Address
from tests.pages.markup import inspected

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, people):
    client.force_login(people["admin"])
    return client


def is_page(answer):
    return answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")


@pytest.mark.parametrize("address", ALL, ids=lambda address: address.name)
def test_every_answer_has_the_policy_and_nothing_inline(admin, objects, address: Address):
    for answer in (admin.get(address.url(objects)), admin.get(address.url(objects), headers={"hx-request": "true"})):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            page = inspected(answer.text)
            assert page.inline == []
            assert page.away == []
            assert sorted(set(page.ids)) == sorted(page.ids), "an id stands twice"


@pytest.mark.parametrize("address", ALL, ids=lambda address: address.name)
def test_every_page_has_one_first_heading_and_a_title(admin, objects, address: Address):
    answer = admin.get(address.url(objects))
    if is_page(answer) and "<html" in answer.text:
        assert inspected(answer.text).headings.count("h1") == 1
        title = re.search(r"<title>(.*?)</title>", answer.text, re.S)
        assert title
        assert title[1].strip().split(" – ")[0]


@pytest.mark.parametrize("address", ALL, ids=lambda address: address.name)
def test_every_page_can_be_had_in_french(admin, people, objects, address: Address):
    User.objects.filter(pk=people["admin"].pk).update(language="fr")
    answer = admin.get(address.url(objects))
    if is_page(answer) and "<html" in answer.text:
        assert inspected(answer.text).language == "fr"
        assert answer.headers["Content-Language"] == "fr"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("overview", "Overview"),
        ("incidents", "Incidents"),
        ("recoverability", "Recoverability"),
        ("health", "Health"),
        ("runbooks", "Runbooks"),
        ("trail", "Trail"),
    ],
)
def test_the_navigation_says_where_one_is(admin, objects, name, place):
    page = admin.get(reverse(name)).text
    here = re.findall(r'aria-current="page"[^>]*>(?:<svg.*?</svg>)?\s*([^<\s]+)', page)
    assert here
    assert here[0] == place


def test_what_a_reader_may_not_do_is_not_offered(client, people, objects):
    client.force_login(people["viewer"])
    page = client.get("/").text
    assert reverse("range-break") not in page
    assert reverse("incident-new") not in page
    assert reverse("people") not in page


def test_a_page_that_is_not_there_is_a_page(admin):
    answer = admin.get("/nothing/like/this/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_an_address_of_a_form_is_a_page_that_says_so(admin):
    answer = admin.get("/theme/")
    assert answer.status_code == 405
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "Use the button" in answer.text


def test_when_something_breaks_a_page_says_so_and_needs_nothing(admin, monkeypatch):
    admin.raise_request_exception = False
    monkeypatch.setattr("config.views.answers", lambda: 1 / 0)
    answer = admin.get("/")
    assert answer.status_code == 500
    assert "Something in Aftermath broke" in answer.text
    assert inspected(answer.text).inline == []


def test_the_two_ways_of_the_colours_are_the_same():
    """Browsers without light-dark() get a second list; it must not drift from the first."""
    text = (Path(django_settings.BASE_DIR) / "static/css/tokens.css").read_text()
    modern, old = text.split("@supports not (color: light-dark(red, red))", 1)
    pairs = re.findall(r"(--[\w-]+): light-dark\(((?:[^(),]|\([^()]*\))+),\s*((?:[^(),]|\([^()]*\))+)\);", modern)
    assert len(pairs) > 20
    for name, light, dark in pairs:
        values = re.findall(rf"{name}: ([^;]+);", old)
        assert values[:3] == [light.strip(), dark.strip(), dark.strip()], name
