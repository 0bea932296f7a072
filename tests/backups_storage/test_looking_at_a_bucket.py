from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import bucket, storage
from backups.errors import Forbidden, NotFound, Refused, Unreachable
from backups.scan import Item, Totals
from backups.storage import Credentials, Store
from tests.stores import through


def fill(s3, store, *names, size=3):
    for name in names:
        path = s3.folder / store.bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def keys(pages):
    return sorted(item.key for page in pages for item in page)


def test_every_object_is_listed_once_however_the_folders_lie(s3, store):
    names = ["p/top", "p/a/1", "p/a/2", "p/b/c/d/e", "p/b/f"]
    fill(s3, store, *names, "other/no", "pq/neither")
    assert keys(store.listing("p")) == sorted(names)
    assert len(keys(store.listing(""))) == 7


def test_a_lonely_folder_is_gone_down_into(s3, store):
    fill(s3, store, "one/two/three/x", "one/two/three/y/z")
    assert keys(store.listing("")) == ["one/two/three/x", "one/two/three/y/z"]


def test_more_objects_than_a_page_holds_are_all_listed_flat_and_sharded(s3, store):
    fill(s3, store, *(f"flat/{n:05}" for n in range(1_200)))
    fill(s3, store, *(f"deep/{n % 7}/{n:05}" for n in range(2_500)))
    assert len(keys(store.listing("flat"))) == 1_200
    assert len(set(keys(store.listing("deep")))) == 2_500


def test_a_prefix_with_nothing_below_it_is_empty_and_complete(store):
    assert keys(store.listing("nothing")) == []
    assert store.scan("nothing").complete


def test_listing_stops_when_its_reader_stops(s3, store):
    fill(s3, store, *(f"{n % 5}/{n:04}" for n in range(400)))
    assert len(list(itertools.islice(store.listing(""), 1))) == 1


def test_a_scan_keeps_totals_by_folder_and_by_day_and_no_key_but_the_sentinels(s3, store):
    fill(s3, store, "p/.storage/auth", "p/.storage/core", "p/db", "p/www/a")
    scan = store.scan("p", [".storage/auth", "missing"])
    assert (scan.complete, scan.objects, scan.bytes) == (True, 4, 12)
    assert {name: (tally.objects, tally.bytes) for name, tally in scan.top.items()} == {
        ".": (1, 3),
        ".storage": (2, 6),
        "www": (1, 3),
    }
    assert sum(day.objects for day in scan.days.values()) == 4
    assert scan.sentinels[".storage/auth"].exists
    assert scan.sentinels[".storage/auth"].bytes == 3
    assert not scan.sentinels["missing"].exists
    assert scan.bucket.versioning == "off"
    plain = scan.plain()
    assert plain["newest"].startswith("20")
    assert "core" not in str(plain)


def test_a_bucket_that_is_not_there_is_said_to_be_not_found(store):
    nowhere = Store(store.endpoint, store.region, "no-such-bucket", store.credentials)
    with pytest.raises(NotFound):
        list(nowhere.listing(""))
    with pytest.raises(NotFound):
        nowhere.scan("")


def test_a_wrong_key_is_forbidden_and_its_secret_is_never_shown(store):
    wrong = Store(store.endpoint, store.region, store.bucket, Credentials("somebody-else", "a-secret-of-note"))
    for ask in (lambda: list(wrong.listing("p")), lambda: wrong.get_bytes("x"), lambda: wrong.scan("p")):
        with pytest.raises(Forbidden) as caught:
            ask()
        assert "a-secret-of-note" not in repr(wrong) + str(caught.value)
    with pytest.raises(Forbidden):
        list(wrong._flat("p/", 1e12))


def test_a_server_that_is_not_there_is_unreachable(store, monkeypatch):
    monkeypatch.setattr(storage, "TRIES", 1)
    gone = through(store, 1)
    with pytest.raises(Unreachable):
        list(gone.listing("p"))
    with pytest.raises(Unreachable):
        gone.head("x")
    with pytest.raises(Unreachable):
        list(gone._flat("p/", 1e12))


def test_a_listing_that_takes_too_long_breaks_off(s3, store):
    fill(s3, store, *(f"{n % 5}/{n:04}" for n in range(50)))
    with pytest.raises(Unreachable):
        list(store.listing("", deadline=-1))


def test_a_scan_that_breaks_off_is_incomplete_and_says_why(store, monkeypatch):
    def broken(*_, **__):
        yield [Item("a/b", 1, datetime(2026, 1, 1, tzinfo=UTC))]
        raise Unreachable("The wire was cut.")

    monkeypatch.setattr(Store, "listing", broken)
    scan = store.scan("a")
    assert (scan.complete, scan.objects, scan.error) == (False, 1, "The wire was cut.")


def test_small_objects_are_written_read_and_destroyed(store):
    store.put_bytes("a/b.json", b"{}")
    assert store.get_bytes("a/b.json") == b"{}"
    assert store.head("a/b.json").size == 2
    assert store.exists("a/b.json")
    store.delete("a/b.json")
    store.delete("a/b.json")
    assert not store.exists("a/b.json")
    with pytest.raises(NotFound):
        store.get_bytes("a/b.json")


def test_an_object_that_should_be_small_and_is_not_is_refused(store):
    store.put_bytes("big", b"x" * 100)
    with pytest.raises(Refused) as caught:
        store.get_bytes("big", limit=99)
    assert caught.value.code == "too-large"


@pytest.mark.parametrize("key", ["", "../up", "a/../b", "./a", "a\nb", "x" * 1025])
def test_a_key_that_could_name_something_else_is_refused(store, key):
    with pytest.raises(Refused):
        store.put_bytes(key, b"")


def test_credentials_come_from_the_environment_or_from_files(tmp_path):
    (tmp_path / "secret").write_text("hidden\n")
    read = Credentials.from_environment(
        {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "secret")}
    )
    assert (read.key, read.secret) == ("k", "hidden")
    assert "hidden" not in repr(read)
    with pytest.raises(Refused):
        Credentials.from_environment({})


def test_what_a_bucket_keeps_is_read_from_the_answers_of_s3():
    assert bucket.versioning({"Status": "Enabled"}) == {"versioning": "on"}
    assert bucket.versioning({"Status": "Suspended"}) == {"versioning": "suspended"}
    rule = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Years": 1}}}}
    assert bucket.lock(rule)["lock_days"] == 365
    rules = [
        {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 3}, "Expiration": {"Days": 90}},
        {"Status": "Disabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    ]
    assert bucket.lifecycle({"Rules": rules}) == {"lifecycle": "on", "noncurrent_days": 3, "expire_days": 90}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a/x", "b/y/z", "c"]),
            st.integers(0, 1 << 40),
            st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
            st.sampled_from([(True, False), (False, False), (True, True), (False, True)]),
        )
    )
)
def test_totals_add_up_whatever_is_listed(rows):
    totals = Totals("", ["a/x"])
    for key, size, when, (latest, marker) in rows:
        totals.add(Item(key, size, when.replace(tzinfo=UTC), "e", "v", latest, marker))
    scan = totals.scan(complete=True)
    live = [row for row in rows if row[3] == (True, False)]
    assert scan.objects == len(live) == sum(day.objects for day in scan.days.values())
    assert scan.bytes == sum(row[1] for row in live) == sum(top.bytes for top in scan.top.values())
    assert scan.objects + scan.old_versions.objects + scan.delete_markers == len(rows)
    assert scan.sentinels["a/x"].exists == any(row[0] == "a/x" for row in live)
