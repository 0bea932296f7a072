"""A claim that the cluster is known not to have is registered only by who says that it is to come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from backups.claims import near
from backups.models import Volume
from cluster.api import ClaimRef
from health.models import Reading
from tests.volumes.test_the_pages_of_volumes import ABOUT

pytestmark = pytest.mark.django_db
MISSPELT = {**ABOUT, "namespace": "wiki", "claim": "page"}
TICK = "Register it all the same"


@pytest.fixture
def swept():
    """The claims of a sweep of a moment ago."""
    there = [("wiki", "pages"), ("wiki", "attachments"), ("home", "config")]
    told = {"claims": [{"namespace": namespace, "name": name} for namespace, name in there]}
    Reading.objects.create(what="cluster", at=now(), told={"blind": {}, "unreadable": 0})
    return Reading.objects.create(what="claims", at=now(), told=told)


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    return client


def test_it_is_refused_with_the_names_that_are_like_it(admin, swept):
    answer = admin.post(reverse("volume-new"), MISSPELT)
    assert answer.status_code == 422
    assert (
        "There is no claim wiki/page in the cluster, as it was last seen. Of a name like it: wiki/pages." in answer.text
    )
    assert TICK in answer.text
    assert not Volume.objects.exists()


def test_it_is_registered_by_who_says_that_it_is_to_come_back(admin, swept):
    answer = admin.post(reverse("volume-new"), {**MISSPELT, "absent": "on"})
    assert answer.url == reverse("source-new", args=[Volume.objects.get(claim="page").pk])
    assert Entry.objects.get().facts["absent"] is True


def test_the_tick_stays_where_something_else_is_wrong(admin, swept):
    answer = admin.post(reverse("volume-new"), {**MISSPELT, "absent": "on", "rpo": 0})
    assert answer.status_code == 422
    assert "There is no claim" not in answer.text
    assert 'name="absent"' in answer.text
    assert "checked" in answer.text.split('name="absent"')[1].split(">")[0]


@pytest.mark.parametrize("ticked", [{}, {"absent": "on"}])
def test_one_that_is_there_is_registered_and_nobody_is_asked(admin, swept, ticked):
    assert TICK not in admin.get(reverse("volume-new")).text
    assert admin.post(reverse("volume-new"), {**ABOUT, **ticked}).status_code == 302
    assert "absent" not in Entry.objects.get().facts


def old(claims: Reading) -> None:
    Reading.objects.filter(what="claims").update(at=now() - timedelta(hours=1))


def blind(claims: Reading) -> None:
    Reading.objects.filter(what="cluster").update(told={"blind": {"claims": "forbidden"}})


def blind_there(claims: Reading) -> None:
    Reading.objects.filter(what="cluster").update(told={"blind": {"claims:wiki": "forbidden"}})


def half_read(claims: Reading) -> None:
    Reading.objects.filter(what="cluster").update(told={"blind": {}, "unreadable": 1})


def silent(claims: Reading) -> None:
    Reading.objects.filter(what="cluster").update(error="no answer")


def never(claims: Reading) -> None:
    Reading.objects.all().delete()


@pytest.mark.parametrize("unknown", [old, blind, blind_there, half_read, silent, never], ids=lambda each: each.__name__)
def test_unknown_is_not_no(admin, swept, unknown):
    unknown(swept)
    assert admin.post(reverse("volume-new"), MISSPELT).status_code == 302


def test_what_cannot_be_seen_elsewhere_does_not_matter(admin, swept):
    Reading.objects.filter(what="cluster").update(told={"blind": {"claims:other": "forbidden", "pods": "forbidden"}})
    assert admin.post(reverse("volume-new"), MISSPELT).status_code == 422


def test_a_volume_whose_claim_is_gone_can_still_be_edited(admin, swept, volume):
    swept.told = {"claims": []}
    swept.save()
    same = {"title": "Other", "uid": 1000, "gid": 1000, "sentinels": ".storage/auth", "rpo": 360, "rto": 60}
    assert admin.post(reverse("volume-edit", args=[volume.pk]), same).status_code == 302


def test_the_same_name_elsewhere_comes_first():
    there = [ClaimRef("media", "config"), ClaimRef("home", "confiq"), ClaimRef("x", "y")]
    assert near(ClaimRef("home", "config"), there) == ["media/config", "home/confiq"]
    assert near(ClaimRef("home", "config"), []) == []
