"""Whether the account may do what a runbook needs is known before anyone needs it, and turns off nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from backups.models import Volume
from cluster.api import ClaimRef, Right
from cluster.errors import ClusterError, Forbidden, NotFound, Unreachable
from cluster.range import faults
from health.models import Reading
from runbooks import actions, may, tasks
from runbooks.base import shelf
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.rebind_released import RebindReleased
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import Run
from tests.pages.markup import inspected

SNAPSHOTS = Right("create", "snapshot.storage.k8s.io", "volumesnapshots")
KEEP = Right("patch", "snapshot.storage.k8s.io", "volumesnapshotcontents", namespaced=False)
REBIND = Right("patch", "", "persistentvolumes", namespaced=False)
CLAIMS = Right("create", "", "persistentvolumeclaims")
WITHOUT_PARTS = ("archive-volume", "fix-permissions")
NOWHERE = "This cluster has no snapshots at all."
CLASSLESS = "This cluster has no VolumeSnapshotClass of the driver disks.example."


@dataclass(frozen=True)
class Account:
    """A cluster that says what an account may: all, but for what is denied in a namespace ("" is in each)."""

    denied: dict[str, set[Right]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    volumes: dict[str, dict[str, str] | ClusterError] = field(default_factory=dict)

    def allowed(self, namespace, rights):
        self.asked.append(namespace)
        if self.silent:
            raise Unreachable("The API server does not answer: timed out")
        no = self.denied.get(namespace, set()) | self.denied.get("", set())
        return {right: right not in no for right in rights}

    def lacks(self, claim=None):
        found = self.volumes.get(str(claim), {}) if claim else self.missing
        if isinstance(found, ClusterError):
            raise found
        return found


@pytest.fixture
def wiki(volume):
    return Volume.objects.create(namespace="wiki", claim="pages", uid=1000, gid=1000, sentinels=["index"])


def knock(monkeypatch, account):
    """A knock, heard by a worker that talks to this cluster."""
    monkeypatch.setattr(tasks, "connect", lambda: account)
    Reading.objects.filter(what=may.WHAT).update(not_before=now())
    tasks.ask_access()


def states(namespace):
    here = may.answer()
    return {slug: here.of(kind, namespace).state for slug, kind in shelf().items()}


def test_nobody_knows_before_it_was_asked(volume):
    assert set(states("home").values()) == {"unknown"}
    assert may.refusal(SnapshotVolume, "home") is None


def test_a_right_that_is_missing_turns_off_what_needs_it_there_and_nothing_else(monkeypatch, volume, wiki):
    knock(monkeypatch, Account({"wiki": {SNAPSHOTS}}))
    needing = {slug for slug, kind in shelf().items() if SNAPSHOTS in kind.needs}
    assert {"snapshot-volume", "restore-volume"} <= needing < shelf().keys()
    assert {slug for slug, state in states("wiki").items() if state == "fail"} == needing
    assert set(states("home").values()) == {"ok"}


def test_what_a_part_would_use_turns_off_nothing(monkeypatch, volume):
    knock(monkeypatch, Account({"": {KEEP}}))
    wanting = {slug for slug, kind in shelf().items() if KEEP in kind.wants and KEEP not in kind.needs}
    assert {slug for slug, state in states("home").items() if state == "warn"} == wanting != set()
    assert may.answer().of(SnapshotVolume, "home").less == (str(KEEP),)
    assert may.refusal(SnapshotVolume, "home") is None


def test_what_the_cluster_has_not_turns_off_what_is_nothing_without_it(monkeypatch, volume):
    knock(monkeypatch, Account(missing={"snapshots": NOWHERE}))
    off = {slug for slug, state in states("home").items() if state == "fail"}
    assert off == {slug for slug, kind in shelf().items() if "snapshots" in kind.parts}
    assert "snapshot-volume" in off
    assert not off & set(WITHOUT_PARTS)
    assert may.refusal(SnapshotVolume, "home").lacks == (NOWHERE,)


def test_a_volume_whose_driver_has_no_snapshots_turns_off_what_is_nothing_without_for_it_alone(
    monkeypatch, client, carol, alice, volume, by
):
    other = Volume.objects.create(namespace="home", claim="media", uid=1, gid=1)
    knock(monkeypatch, Account(volumes={"home/media": {"snapshots": CLASSLESS}}))
    assert set(states("home").values()) == {"ok"}
    here = may.answer()
    off = {slug for slug, kind in shelf().items() if here.off(kind, may.volumes())}
    assert off == {slug for slug, kind in shelf().items() if "snapshots" in kind.parts} == {"snapshot-volume"}
    with pytest.raises(actions.TurnedOff) as refused:
        actions.draft(SnapshotVolume(volume=other.pk), by=by)
    assert (refused.value.standing.claim, refused.value.standing.lacks) == ("media", (CLASSLESS,))
    assert actions.draft(FixPermissions(volume=other.pk), by=by).state == "looking"
    assert actions.draft(SnapshotVolume(volume=volume.pk), by=by).state == "looking"
    client.force_login(alice)
    page = reverse("runbook", args=["snapshot-volume"])
    assert CLASSLESS in client.get(page).text
    assert CLASSLESS in client.get(page, {"volume": other.pk}).text
    assert CLASSLESS not in client.get(page, {"volume": volume.pk}).text
    client.force_login(carol)
    text = client.get(reverse("access")).text
    assert text.count(CLASSLESS) == 1
    assert "For media only:" in text
    well = text.partition("may run")[2]
    assert reverse("runbook", args=["snapshot-volume"]) in well, "for the other volume it may"


def test_where_no_volume_has_snapshots_the_page_does_not_say_that_one_may_be_taken(monkeypatch, client, carol, volume):
    knock(monkeypatch, Account(volumes={str(volume): {"snapshots": CLASSLESS}}))
    client.force_login(carol)
    well = client.get(reverse("access")).text.partition("may run")[2]
    assert reverse("runbook", args=["fix-permissions"]) in well
    assert reverse("runbook", args=["snapshot-volume"]) not in well


def test_what_is_not_known_of_a_volume_is_said_and_turns_nothing_off(monkeypatch, client, carol, volume, wiki):
    unknown = {str(wiki): Forbidden("cannot get persistentvolumes"), str(volume): {"driver": "no CSIDriver disks"}}
    knock(monkeypatch, Account(volumes=unknown))
    assert {*states("home").values(), *states("wiki").values()} == {"ok"}
    assert may.refusal(SnapshotVolume, "wiki", "pages") is None
    client.force_login(carol)
    text = client.get(reverse("access")).text
    assert "cannot get persistentvolumes" in text
    assert "no CSIDriver disks" in text
    may.want()
    knock(monkeypatch, Account(volumes={str(wiki): NotFound("gone")}))
    assert may.answer().volumes[str(wiki)] == {"unknown": "gone"}


def test_a_new_volume_of_a_known_namespace_is_asked_about_at_the_next_knock(monkeypatch, volume):
    account = Account(volumes={"home/media": {"snapshots": CLASSLESS}})
    knock(monkeypatch, account)
    Volume.objects.create(namespace="home", claim="media", uid=1, gid=1)
    assert may.refusal(SnapshotVolume, "home", "media") is None, "nobody knows yet"
    knock(monkeypatch, account)
    assert may.refusal(SnapshotVolume, "home", "media").lacks == (CLASSLESS,)


def test_what_the_practice_cluster_says_of_a_volume_is_kept(world, monkeypatch, volume):
    faults.without_class(world.ground, ClaimRef(volume.namespace, volume.claim))
    knock(monkeypatch, world)
    assert (
        "no VolumeSnapshotClass of the driver" in may.refusal(SnapshotVolume, volume.namespace, volume.claim).lacks[0]
    )


def test_each_namespace_is_asked_about_once_and_every_few_minutes(monkeypatch, volume, wiki):
    account = Account()
    for _ in range(3):
        knock(monkeypatch, account)
    assert account.asked == ["home", "wiki"]
    Reading.objects.filter(what=may.WHAT).update(tried=now() - timedelta(seconds=may.EVERY + 1))
    knock(monkeypatch, account)
    assert account.asked == ["home", "wiki"] * 2


def test_a_new_namespace_is_asked_about_at_the_next_knock(monkeypatch, volume):
    account = Account()
    knock(monkeypatch, account)
    Volume.objects.create(namespace="wiki", claim="pages", uid=1000, gid=1000)
    assert set(states("wiki").values()) == {"unknown"}
    knock(monkeypatch, account)
    assert set(states("wiki").values()) == {"ok"}


def test_two_workers_do_not_ask_at_once(monkeypatch, volume):
    account = Account()
    Reading.objects.create(what=may.WHAT, not_before=now() + timedelta(seconds=30))
    monkeypatch.setattr(tasks, "connect", lambda: account)
    tasks.ask_access()
    assert account.asked == []


def test_without_an_answer_the_last_one_stays_with_its_age(monkeypatch, volume):
    account = Account({"home": {SNAPSHOTS}})
    knock(monkeypatch, account)
    before = may.answer()
    may.want()
    knock(monkeypatch, replace(account, silent=True))
    after = may.answer()
    assert (after.at, after.denied, after.asking) == (before.at, before.denied, False)
    assert "timed out" in after.error


def test_an_old_answer_refuses_nothing(monkeypatch, volume, by):
    knock(monkeypatch, Account({"home": {SNAPSHOTS}}))
    Reading.objects.filter(what=may.WHAT).update(at=now() - may.OLD - timedelta(seconds=1))
    assert actions.draft(SnapshotVolume(volume=volume.pk), by=by).state == "looking"


def test_a_draft_of_what_is_off_is_refused_and_leaves_nothing(monkeypatch, volume, by):
    knock(monkeypatch, Account({"home": {SNAPSHOTS}}))
    with pytest.raises(actions.TurnedOff) as refused:
        actions.draft(SnapshotVolume(volume=volume.pk), by=by)
    assert refused.value.standing.denied == (str(SNAPSHOTS),)
    assert not Run.objects.exists()
    assert not Entry.objects.filter(action="run.looking").exists()
    assert actions.draft(FixPermissions(volume=volume.pk), by=by).state == "looking"


def test_what_is_of_no_volume_is_off_without_a_right_that_is_of_no_namespace(monkeypatch, client, alice, volume, by):
    rebind = RebindReleased(released="pv-1", claim="again")
    knock(monkeypatch, Account({"home": {CLAIMS}}))
    assert actions.draft(rebind, by=by).state == "looking", "its claim may be made in another namespace"
    Run.objects.all().delete()
    may.want()
    knock(monkeypatch, Account({"": {REBIND}}))
    with pytest.raises(actions.TurnedOff):
        actions.draft(rebind, by=by)
    client.force_login(alice)
    answer = client.post(reverse("runbook", args=["rebind-released"]), {"released": "pv-1", "claim": "again"})
    assert not Run.objects.exists()
    assert str(REBIND) in answer.text
    assert actions.draft(FixPermissions(volume=volume.pk), by=by).state == "looking"


def test_the_launch_page_says_why_and_refuses_with_it(monkeypatch, client, alice, volume, wiki):
    knock(monkeypatch, Account({"wiki": {SNAPSHOTS}}))
    client.force_login(alice)
    page = reverse("runbook", args=["snapshot-volume"])
    assert "Off in wiki." in client.get(page).text
    assert "Off in" not in client.get(page, {"volume": volume.pk}).text
    for headers in ({}, {"hx-request": "true"}):
        assert str(SNAPSHOTS) in client.get(page, {"volume": wiki.pk}, headers=headers).text
    answer = client.post(page, {"volume": wiki.pk})
    assert answer.status_code == 422
    assert str(SNAPSHOTS) in answer.text
    assert not Run.objects.exists()
    assert client.post(page, {"volume": volume.pk}).status_code == 302


def test_the_page_tells_each_namespace_and_how_old_the_answer_is(monkeypatch, client, carol, volume, wiki):
    client.force_login(carol)
    assert "Nobody has asked the cluster yet." in client.get(reverse("access")).text
    knock(monkeypatch, Account({"wiki": {SNAPSHOTS}}, {"snapshots": NOWHERE}))
    text = client.get(reverse("access")).text
    assert {"in-home", "in-wiki"} <= set(inspected(text).ids)
    assert f'href="{reverse("trail")}"' in text, "the navigation is there"
    assert f"The account may not, in wiki: {SNAPSHOTS}." in text
    assert NOWHERE in text
    Reading.objects.filter(what=may.WHAT).update(at=now() - timedelta(hours=2))
    assert "as it was then" in client.get(reverse("access")).text


def test_whoever_may_draft_may_have_it_asked_again(monkeypatch, client, bob, carol, volume):
    knock(monkeypatch, Account())
    sent = []
    monkeypatch.setattr(tasks.ask_access, "apply_async", lambda **options: sent.append(options))
    client.force_login(carol)
    assert "Ask again" not in client.get(reverse("access")).text
    assert client.post(reverse("access-ask")).status_code == 403
    client.force_login(bob)
    assert "Ask again" in client.get(reverse("access")).text
    answer = client.post(reverse("access-ask"), headers={"hx-request": "true"})
    assert (len(sent), may.answer().asking) == (1, True)
    assert 'hx-trigger="every 2s"' in answer.text
    account = Account()
    knock(monkeypatch, account)
    assert account.asked == ["home"]
    assert "hx-trigger" not in client.get(reverse("access"), headers={"hx-request": "true"}).text


def test_the_page_costs_no_more_queries_with_more_namespaces(
    monkeypatch, client, carol, volume, django_assert_max_num_queries
):
    for number in range(20):
        Volume.objects.create(namespace=f"n{number}", claim="data", uid=1, gid=1)
    knock(monkeypatch, Account())
    client.force_login(carol)
    with django_assert_max_num_queries(12):
        client.get(reverse("access"))
