"""What fails now, since when, on what evidence; what is unknown, and why; and how old all of that is."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now

from backups.models import Source, Volume
from cluster.errors import Unreachable
from health import queries, sentences, tasks
from health.models import Finding, Reading
from health.sweep import sweep
from health.usual import remember, usual
from tests.health.views import claim, crashed, healthy, view


class Told:
    """A cluster that says what it is told to say, as of now."""

    name = "told"

    def __init__(self, *views_):
        self.views = list(views_)

    def view(self):
        each = self.views.pop(0) if len(self.views) > 1 else self.views[0]
        if isinstance(each, Exception):
            raise each
        return dataclasses.replace(each, at=now())

    def released(self):
        return ()


@pytest.fixture
def volume(db):
    return Volume.objects.create(namespace="home", claim="config", sentinels=[".storage/auth"])


def swept(*views_, times: int | None = None) -> None:
    cluster = Told(*views_)
    for _ in range(times or len(views_)):
        sweep(lambda: cluster)


DENIED = "[Errno 13] Permission denied: '/config/.run.lock'"


def shown(client, person, name="health", *args, **query) -> str:
    client.force_login(person)
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_finding_has_its_evidence_its_subject_and_a_runbook_to_launch(client, carol, volume):
    swept(crashed(DENIED), times=2)
    page = shown(client, carol)
    assert "Crash loop" in page
    assert "Container app may not touch its files" in page
    assert f"{reverse('runbook', args=['fix-permissions'])}?volume={volume.pk}" in page
    found = Finding.objects.get(check_name="permission-denied")
    alone = shown(client, carol, "finding", found.pk)
    assert "home/app-1/app: log" in alone
    assert "Errno 13" in alone


def test_nothing_is_fine_before_anybody_looked(client, carol, db):
    page = shown(client, carol)
    assert "Nobody has looked at the cluster yet" in page
    assert "Nothing fails" not in page


def test_when_all_is_well_the_page_says_so(client, carol, volume):
    swept(healthy(), times=2)
    page = shown(client, carol)
    assert "Nothing fails, and every check got an answer." in page


def test_an_old_sweep_is_said_first_and_nothing_is_green(client, carol, volume):
    swept(healthy(), times=2)
    Reading.objects.filter(what="cluster").update(at=now() - timedelta(minutes=3))
    page = shown(client, carol)
    assert "The last look at the cluster is 3" in page
    assert 'class="state ok"' not in page
    assert "Nothing fails" not in page


def test_a_cluster_that_does_not_answer_is_unknown_with_its_reason(client, carol, volume):
    swept(crashed(DENIED), crashed(DENIED), Unreachable("connection refused"))
    assert Finding.objects.filter(state="open").count() == 2
    reading = Reading.objects.get(what="cluster")
    assert reading.error == "connection refused"
    assert reading.at < reading.tried
    page = shown(client, carol)
    assert "connection refused" in page
    assert "Unknown, " in page


def test_a_part_that_is_refused_makes_its_checks_unknown_since_then(client, carol, volume):
    swept(view(pods=(), blind={"pods": "forbidden"}))
    since = {row.check: row.since for row in queries.health().unknown}
    swept(view(pods=(), blind={"pods": "forbidden"}), times=2)
    again = {row.check: row.since for row in queries.health().unknown}
    assert set(since) == {"crash-loop", "permission-denied", "volume-reset"}
    assert again == since
    assert "The pods could not be read: forbidden" in shown(client, carol, state="unknown")


def test_a_subject_nobody_can_tell_about_is_unknown_since_the_first_time(client, carol, volume):
    swept(crashed(), times=1)  # it crashes, and its log was not read
    (first,) = queries.health().unknown
    swept(crashed(), times=2)
    (again,) = queries.health().unknown
    assert (again.check, again.subject, again.since) == ("permission-denied", first.subject, first.since)
    assert "The log of home/app-1/app could not be read." in shown(client, carol, state="unknown")
    swept(healthy())
    assert queries.health().unknown == ()


def test_the_filters_and_the_search_need_no_script(client, carol, volume):
    swept(crashed(DENIED), times=2)
    assert "Crash loop" in shown(client, carol, state="fail")
    assert "Failing" not in shown(client, carol, state="unknown")
    assert "Permission denied" in shown(client, carol, state="fail", q="permission")
    assert "Nothing." in shown(client, carol, state="fail", q="no such thing")
    assert "Crash loop" in shown(client, carol, state="drop table", before="x")


def test_the_fragment_polls_itself_and_a_finding_that_ended_no_longer_does(client, carol, volume):
    client.force_login(carol)
    swept(crashed(), crashed())
    found = Finding.objects.get()
    address = reverse("finding", args=[found.pk])
    part = client.get(address, headers={"hx-request": "true"}).content.decode()
    assert f'hx-get="{address}"' in part
    assert "<html" not in part
    swept(healthy(), times=3)
    assert "hx-get" not in client.get(address, headers={"hx-request": "true"}).content.decode()
    assert (
        'hx-get="/health/?q=a&amp;state=fail"'
        in client.get(reverse("health"), {"q": "a", "state": "fail"}, headers={"hx-request": "true"}).content.decode()
    )


def test_a_volumes_findings_are_those_on_it_on_its_copies_and_on_what_runs_with_it(client, carol, volume):
    other = Volume.objects.create(namespace="home", claim="other")
    source = Source.objects.create(volume=volume, kind="mirror", bucket="b")
    swept(crashed(DENIED), times=2)
    about = {"check_name": "backup-emptied", "state": "open", "facts": {"code": "no-pods"}}
    Finding.objects.create(subject=f"volume:home/config#{source.pk}", volume=volume, **about)
    Finding.objects.create(subject="volume:home/other", volume=other, **about)
    rows = queries.of_volume(volume.pk, "home/config")
    assert {row.finding.check_name for row in rows} == {"crash-loop", "permission-denied", "backup-emptied"}
    assert "Crash loop" in shown(client, carol, "volume-findings", volume.pk)


def test_a_thousand_findings_cost_no_more_queries_and_come_in_pages(
    client, carol, volume, django_assert_max_num_queries
):
    swept(healthy())
    about = {"check_name": "crash-loop", "state": "open", "level": "fail", "facts": {"code": "no-pods"}}
    Finding.objects.bulk_create(
        Finding(subject=f"workload:n/Deployment/a{i}", volume=volume, **about) for i in range(1000)
    )
    client.force_login(carol)
    with django_assert_max_num_queries(16):
        first = client.get(reverse("health"), {"state": "fail"}).content.decode()
    assert "Failing, 1\N{NARROW NO-BREAK SPACE}000" in first
    oldest = Finding.objects.order_by("-pk")[99]
    assert f"before={oldest.pk}" in first
    second = client.get(reverse("health"), {"state": "fail", "before": oldest.pk}).content.decode()
    assert f"finding-{oldest.pk}" not in second


def test_every_sentence_can_be_said_in_both_languages_and_one_that_is_not_known_too():
    texts = {name: name for name in ("container", "line", "claim", "reason", "error", "where")}
    counts = {"restarts": 3, "exit": 1, "pods": 1, "of": 2, "used": 1, "usual": 2, "was": 3, "count": 1, "seconds": 5}
    odd = {"source": "mirror b/p", "last": now().isoformat(), "paths": ["a"], "part": "pods"}
    params = {**texts, **counts, **odd}
    for language in ("en", "fr"):
        with translation.override(language):
            for code in sentences.SAID:
                assert sentences.say({"code": code, **params}).strip()
            assert sentences.say({"code": "of-tomorrow", "n": 1}) == "of-tomorrow n=1"
            assert sentences.say({}) == ""


def test_the_claims_of_the_last_sweep_can_be_picked(client, root, volume):
    other = dataclasses.replace(claim().ref, name="other")
    swept(view(claims=(claim(), claim(other))))
    page = shown(client, root, "claims")
    assert f"{reverse('volume-new')}?namespace=home&amp;claim=other" in page
    assert reverse("volume", args=[volume.pk]) in page


# --- Who sweeps


@pytest.mark.django_db(transaction=True)
def test_four_workers_that_are_knocked_at_once_sweep_once(monkeypatch):
    looks, started, go_on = [], threading.Event(), threading.Event()

    class Slow(Told):
        def view(self):
            looks.append(1)
            started.set()
            go_on.wait(10)
            return super().view()

    monkeypatch.setattr(tasks, "connect", lambda: Slow(healthy()))

    def work():
        tasks.sweep()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    assert started.wait(10)
    for _ in range(50):
        if sum(worker.is_alive() for worker in workers) == 1:
            break
        threading.Event().wait(0.1)
    go_on.set()
    for worker in workers:
        worker.join(10)
    assert len(looks) == 1


def test_a_sweep_costs_a_constant_number_of_queries(volume, django_assert_max_num_queries):
    swept(crashed(DENIED), times=3)
    for number in range(20):
        more = Volume.objects.create(namespace="n", claim=f"c{number}")
        Source.objects.create(volume=more, kind="mirror", bucket="b", prefix=str(number))
    cluster = Told(crashed(DENIED))
    with django_assert_max_num_queries(32):
        sweep(lambda: cluster)


# --- What a claim usually holds


def test_the_most_of_the_last_days_is_what_is_usual():
    day = now().date()
    history = remember({}, [claim(used=900)], day - timedelta(days=3))
    history = remember(history, [claim(used=100)], day)
    history = remember(history, [claim(used=50), dataclasses.replace(claim(), uid="silent", used=None)], day)
    assert usual(history) == {claim().uid: 900}
    assert usual(remember(history, [], day + timedelta(days=5))) == {claim().uid: 100}
    assert usual(remember(history, [], day + timedelta(days=9))) == {}
