"""Root adds, changes and locks out; there is always somebody who can."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import connection

from audit.models import Entry
from people import actions
from people.actors import person
from people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    return client


def one_time(page):
    return re.search(r'<code class="typed">([^<]+)</code>', page.content.decode()).group(1)


def test_somebody_new_gets_a_password_that_is_shown_once(admin):
    page = admin.post("/people/", {"username": "dora", "role": "responder"})
    password = one_time(page)
    dora = User.objects.get(username="dora")
    assert dora.one_time
    assert dora.check_password(password)
    assert password not in admin.get("/people/").content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_a_name_can_be_had_once_whatever_its_capitals(admin, carol):
    page = admin.post("/people/", {"username": "Carol", "role": "viewer"})
    assert page.status_code == 422
    assert "Somebody is called that already." in page.content.decode()


@pytest.mark.parametrize(
    "sent",
    [{"username": "", "role": "viewer"}, {"username": "x y", "role": "viewer"}, {"username": "x", "role": "king"}],
)
def test_what_cannot_be_is_refused(admin, sent):
    assert admin.post("/people/", sent).status_code == 422


def test_a_role_is_changed_and_the_trail_knows_from_what(admin, carol):
    admin.post(f"/people/{carol.pk}/role/", {"role": "operator"})
    assert User.objects.get(pk=carol.pk).role == "operator"
    assert Entry.objects.get(action="person.changed-role").facts == {"was": "viewer", "role": "operator"}


def test_the_last_admin_stays_one(admin, root, carol):
    admin.post(f"/people/{root.pk}/role/", {"role": "viewer"})
    admin.post(f"/people/{root.pk}/deactivate/")
    kept = User.objects.get(pk=root.pk)
    assert (kept.role, kept.is_active) == ("admin", True)
    assert "last who may manage people" in admin.get("/people/").content.decode()
    assert not Entry.objects.filter(action__in=["person.changed-role", "person.deactivated"]).exists()


def test_of_two_admins_one_may_go(admin, root):
    other = User.objects.create_user("other", role="admin")
    actions.deactivate(root, by=person(other))
    assert not User.objects.get(pk=root.pk).is_active
    with pytest.raises(actions.LastAdmin):
        actions.change_role(other, "viewer", by=person(other))


def test_an_admin_who_may_not_sign_in_does_not_count(root):
    User.objects.create_user("asleep", role="admin", is_active=False)
    with pytest.raises(actions.LastAdmin):
        actions.deactivate(root, by=person(root))


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_lock_each_other_out_at_once_leave_one():
    pair = [User.objects.create_user(name, role="admin") for name in ("ann", "ben")]
    start, errors = threading.Barrier(2), []

    def lock_out(by: User, other: User) -> None:
        try:
            start.wait(20)
            actions.deactivate(other, by=person(by))
        except actions.LastAdmin as e:
            errors.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=lock_out, args=[pair[n], pair[1 - n]]) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(errors) == 1
    assert User.objects.filter(role="admin", is_active=True).count() == 1
    assert Entry.objects.filter(action="person.deactivated").count() == 1


def test_who_may_no_longer_sign_in_is_out_at_once_and_can_be_let_in_again(admin, carol, client):
    hers = type(client)()
    hers.force_login(carol)
    assert hers.get("/settings/").status_code == 200
    admin.post(f"/people/{carol.pk}/deactivate/")
    assert hers.get("/settings/").status_code == 302
    admin.post(f"/people/{carol.pk}/reactivate/")
    assert User.objects.get(pk=carol.pk).is_active


def test_a_lost_password_is_replaced_and_ends_the_sessions(admin, carol, client):
    hers = type(client)()
    hers.force_login(carol)
    page = admin.post(f"/people/{carol.pk}/password/")
    assert User.objects.get(pk=carol.pk).check_password(one_time(page))
    assert hers.get("/settings/").status_code == 302


def test_ones_own_can_be_replaced_without_being_thrown_out(admin, root):
    page = admin.post(f"/people/{root.pk}/password/")
    assert one_time(page)
    assert admin.get("/trail/").url == "/choose-password/"


def test_somebody_who_is_not_there_is_404(admin):
    assert admin.post("/people/999999/role/", {"role": "viewer"}).status_code == 404
    assert admin.post("/people/999999/deactivate/").status_code == 404
