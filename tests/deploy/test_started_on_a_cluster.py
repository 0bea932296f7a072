"""
The manifests on a real cluster: the program starts in a namespace that admits restricted pods alone, somebody signs in,
sees the cluster's claims, registers one, is told what may be done where, and does it with those rights and no others.
"""

from __future__ import annotations

import os
import re
import time

import pytest

from tests.cluster.kit import BOX, CLASS, bucket, connected
from tests.deploy.kubectl import kubectl
from tests.deploy.product import Person, Product, forwarded, plain, volume

PASSWORD = "a short sentence is good"


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    connected()
    name = f"am-deploy-{os.getpid()}"
    store, _lent = bucket(name)
    here = Product(name, f"{name}-home", f"{name}-closed", tmp_path_factory.mktemp("product"), store["endpoint"])
    try:
        here.start()
        for namespace in (here.home, here.closed):
            kubectl("apply", "-f", "-", given=volume(namespace, "config", CLASS, BOX))
        try:
            here.ready()
        except AssertionError as e:
            raise AssertionError(f"{e}\n{here.said()}") from None
        yield here
    finally:
        here.end()


@pytest.fixture(scope="module")
def person(product):
    """An admin who has signed in with the password that was printed, and has chosen another."""
    with forwarded(product.namespace) as port:
        here = Person(port)
        name, once = product.admin()
        here.read("/sign-in/")
        here.send("/sign-in/", username=name, password=once)
        here.send("/choose-password/", new_password1=PASSWORD, new_password2=PASSWORD)
        yield here


def register(person, namespace):
    form = {"namespace": namespace, "claim": "config", "title": "Configuration", "uid": "1000", "gid": "1000"}
    person.send("/recoverability/volumes/new/", **form, sentinels="kept", rpo="1440", rto="60")
    return re.search(r"/volumes/(\d+)/", person.at).group(1)


@pytest.fixture(scope="module")
def volumes(product, person):
    """The number of the volume in each namespace."""
    for namespace in (product.home, product.closed):
        person.until("/health/claims/", rf"{namespace}/config")
    return {namespace: register(person, namespace) for namespace in (product.home, product.closed)}


def test_somebody_signs_in(person):
    text = person.read("/")
    assert "kubernetes" in text
    assert "sign-out" in text


def test_every_part_is_up_and_none_was_started_again(product):
    said = product.ask("get", "pods", "-l", "app.kubernetes.io/name=aftermath", "-o", COLUMNS)
    parts = {line.split()[0]: line.split()[1:] for line in said.splitlines()}
    assert parts.keys() == {"web", "worker", "beat", "migrate"}
    assert all(restarts == "0" for part, (_phase, restarts) in parts.items() if part != "migrate"), said
    assert parts["migrate"][0] == "Succeeded"


COLUMNS = (
    "jsonpath={range .items[*]}{.metadata.labels.app\\.kubernetes\\.io/component} {.status.phase} "
    "{.status.containerStatuses[0].restartCount}{'\\n'}{end}"
)


def test_only_the_worker_has_a_token(product):
    look = ("--container=program", "--", "ls", "/var/run/secrets/kubernetes.io/serviceaccount")
    assert "token" in product.ask("exec", "deployment/worker", *look)
    assert "token" not in product.ask("exec", "deployment/web", *look, check=False)


def test_the_claims_of_the_cluster_are_seen_and_one_is_picked(product, person, volumes):
    text = person.read("/health/claims/")
    assert f'href="/recoverability/volumes/{volumes[product.home]}/"' in text
    said = plain(person.read(f"/recoverability/volumes/{volumes[product.home]}/"))
    assert f"{product.home}/config" in said


def part_of(page, namespace):
    return re.search(rf'aria-labelledby="in-{namespace}">(.*?)</section>', page, re.DOTALL).group(1)


def test_what_may_be_done_where_is_known_before_anyone_needs_it(product, person, volumes):
    page = person.until("/access/", rf"in-{product.closed}.*(?:may run|in part|off)", 90)
    home, closed = (standings(part_of(page, name)) for name in (product.home, product.closed))
    assert home["restore-volume"] == "warn", "in part: nothing may be done to a volume that is of no namespace"
    assert home["snapshot-volume"] in {"ok", "warn"}
    assert {closed["restore-volume"], closed["snapshot-volume"]} == {"fail"}
    assert "create volumesnapshots.snapshot.storage.k8s.io" in plain(part_of(page, product.closed))


def standings(part):
    """The state of each runbook, by its slug: a row says it of one, or of all that may run."""
    rows = re.findall(r'class="state (\w+)"(.*?)</tr>', part, re.DOTALL)
    return {slug: state for state, row in rows for slug in re.findall(r"/runbooks/([\w-]+)/", row)}


def test_a_runbook_that_is_off_says_why_and_is_refused(product, person, volumes):
    number = volumes[product.closed]
    person.until("/access/", rf"in-{product.closed}.*off", 90)
    said = plain(person.read(f"/runbooks/snapshot-volume/?volume={number}"))
    assert f"Off in {product.closed}." in said
    status, text = person.ask("POST", "/runbooks/snapshot-volume/", volume=number)
    assert status == 422
    assert "create volumesnapshots" in plain(text)


def state(*words):
    """What a run's page says of it, as a pattern."""
    return rf"<dt>State</dt><dd[^>]*>.*?</svg>\s*(?:{'|'.join(words)})\s*</span>"


def done(person, slug, volume, seconds=240, **form):
    """From the press of the button to the end of a run that ends well."""
    number, name = volume
    person.send(f"/runbooks/{slug}/", volume=number, **form)
    run = re.search(r"/runs/\d+/", person.at).group()
    page = person.until(run, state("Draft", "Refused"), 120)
    looks = re.search(r'name="looks" value="(\d+)"', page)
    assert looks, plain(page)[:3000]
    person.send(f"{run}start/", typed=name, looks=looks.group(1))
    page = person.until(run, state("Done", "Stuck", "Taken back", "Refused"), seconds)
    assert re.search(state("Done"), page, re.DOTALL), plain(page)[:3000]


def here(product, volumes):
    return volumes[product.home], f"{product.home}/config"


def test_a_snapshot_is_taken_with_the_rights_of_the_manifests(product, person, volumes):
    person.until("/access/", rf"in-{product.home}", 90)
    done(person, "snapshot-volume", here(product, volumes), quiet="on")
    ready = "jsonpath={.items[*].status.readyToUse}"
    assert kubectl("--namespace", product.home, "get", "volumesnapshots", "-o", ready) == "true"


def test_what_a_volume_held_is_archived_and_restored_with_the_rights_of_the_manifests(product, person, volumes):
    """By the agent in jobs of its namespace, which the account in the cluster may make there and nowhere else."""
    number, name = here(product, volumes)
    store = {"kind": "archives", "bucket": product.namespace, "prefix": "config", "every": "5"}
    person.send(f"/recoverability/volumes/{number}/sources/new/", **store)
    done(person, "archive-volume", (number, name))
    page = person.until(f"/recoverability/volumes/{number}/", r'id="restore-\d+"', 60)
    point = re.search(r'id="restore-(\d+)"', page).group(1)
    inside = ("--namespace", product.home, "exec", "deployment/config", "--")
    kubectl(*inside, "sh", "-c", "echo spoilt > /config/kept; echo more > /config/stray")
    done(person, "restore-volume", (number, name), 420, point=point)
    assert kubectl(*inside, "cat", "/config/kept").strip() == "1"
    assert "stray" not in kubectl(*inside, "ls", "/config")
    left = kubectl("--namespace", product.home, "get", "secrets", "-o", "name")
    assert "secret/am-" not in left, "the credentials that a job was lent go with it"


def test_a_worker_that_is_killed_is_replaced(product, person):
    """Its pod goes at once, and its deployment makes another that is ready within two minutes."""
    before = product.ask("get", "pods", "-l", "app.kubernetes.io/component=worker", "-o", "name")
    product.ask("delete", *before.split(), "--grace-period=0", "--force")
    end = time.monotonic() + 120
    while product.ask("get", "pods", "-l", "app.kubernetes.io/component=worker", "-o", "name") == before:
        assert time.monotonic() < end
    product.ready(120)
    assert "kubernetes" in person.read("/")
