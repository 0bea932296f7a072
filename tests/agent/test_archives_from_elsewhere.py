"""Archives that are not ours: made by hand, by Home Assistant, in a folder of their own, without a manifest."""

from __future__ import annotations

import gzip
import json
import os
import tarfile

import pytest
import zstandard

from backups.agent import judge, layers
from tests.agent.test_archives_made_by_an_enemy import (
    DIRECTORY,
    HARD,
    HOSTILE,
    LINK,
    entry,
    nothing_was_unpacked,
    offer,
    tar_of,
)
from tests.agent.test_talking_to_the_agent import place
from tests.agent.trees import Refusal, Worker
from tests.stores import KEY, SECRET, through

CONFIG = [
    entry("data", DIRECTORY, mode=0o755),
    entry("data/.storage/auth", data=b"{}"),
    entry("data/configuration.yaml", data=b"homeassistant:\n" * 9000),
]
PACKED = {"tar": bytes, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


def home_assistant(
    *config: tuple, packed: str = "gz", name: str = "", protected: bool = False, late: bool = False
) -> bytes:
    """A backup as the application makes it: `backup.json` may stand after what it speaks of."""
    inner = PACKED[packed](tar_of(entry("./homeassistant.json", data=b"{}"), *config))
    about = entry("./backup.json", data=json.dumps({"slug": "a1", "protected": protected}).encode())
    core = entry(name or ("./homeassistant.tar.gz" if packed == "gz" else "./homeassistant.tar"), data=inner)
    addon = entry("./core_mosquitto.tar.gz", data=gzip.compress(tar_of(entry("x", data=b"y"))))
    return tar_of(*([addon, core, about] if late else [about, addon, core]))


def staged(worker: Worker) -> set[str]:
    root = worker.data / ".aftermath/r/staging"
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("packed", ["gz", "tar"])
def test_a_home_assistant_backup_is_known_by_what_it_holds(anybody, packed, late):
    told = offer(anybody, home_assistant(*CONFIG, packed=packed, late=late))
    assert staged(anybody) == {".storage", ".storage/auth", "configuration.yaml"}
    assert (told["inner"], told["strip"]) == ("homeassistant.tar.gz" if packed == "gz" else "homeassistant.tar", "data")
    assert {"inner", "stripped", "outside-root", "no-manifest"} <= set(told["notes"])
    assert told["files"] == 2
    anybody.agent("verify", run="r", sentinels=[".storage/auth"], json=[".storage/auth"])
    anybody.agent("swap", run="r")
    assert (anybody.data / "configuration.yaml").exists()
    assert not (anybody.data / ".aftermath/r/unpacked").exists()


def test_the_same_backup_compressed_once_more_is_known_too(anybody):
    assert offer(anybody, gzip.compress(home_assistant(*CONFIG)))["strip"] == "data"


def test_one_that_is_encrypted_is_refused_with_a_sentence(anybody):
    with pytest.raises(Refusal, match="encrypted") as caught:
        offer(anybody, home_assistant(*CONFIG, protected=True))
    assert "decrypt" in str(caught.value)
    assert nothing_was_unpacked(anybody)


def test_one_whose_inside_is_no_archive_but_says_that_it_is_open_is_refused_as_encrypted(anybody):
    about = entry("backup.json", data=b'{"protected": false}')
    with pytest.raises(Refusal, match="encrypted"):
        offer(anybody, tar_of(about, entry("homeassistant.tar.gz", data=os.urandom(4000))))


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_one_whose_inside_breaks_off_is_refused(anybody, cut):
    about = entry("backup.json", data=b"{}")
    inner = gzip.compress(tar_of(*CONFIG))[:-cut]
    with pytest.raises(Refusal, match="truncated"):
        offer(anybody, tar_of(about, entry("homeassistant.tar.gz", data=inner)))
    assert nothing_was_unpacked(anybody)


def test_a_volume_that_merely_keeps_such_a_file_is_taken_as_it_is(anybody):
    told = offer(anybody, tar_of(entry("homeassistant.tar.gz", data=b"not one"), entry("backup.json", data=b"[]")))
    assert told["strip"] == told["inner"] == ""
    assert staged(anybody) == {"homeassistant.tar.gz", "backup.json"}


@pytest.mark.parametrize("what", sorted(set(HOSTILE) - {"nothing", "absolute"}))
def test_what_an_enemy_puts_into_the_inner_archive_is_refused_as_ever(anybody, what):
    code, entries = HOSTILE[what]
    below = [(named(info, f"data/{info.name}"), data) for info, data in entries]
    with pytest.raises(Refusal) as caught:
        offer(anybody, home_assistant(*CONFIG, *below))
    assert caught.value.code in {code, "parent-path", "through-link"}
    assert nothing_was_unpacked(anybody)


def named(info: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    """The same entry deeper down, by a name that keeps what is odd about it; a hard link means the same one."""
    link = f"data/{info.linkname}" if info.type == HARD and not info.linkname.startswith("/") else info.linkname
    return info.replace(name=name, linkname=link, deep=False)


def test_a_folder_is_never_left_out_unasked(anybody):
    told = offer(anybody, tar_of(*CONFIG))
    assert staged(anybody) == {"data", "data/.storage", "data/.storage/auth", "data/configuration.yaml"}
    assert told["strip"] == ""


@pytest.mark.parametrize("names", ["data", "./data", "a/b", "./a/b"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_the_folder_that_is_named_becomes_the_root_and_what_lies_beside_it_stays_out(anybody, names, form):
    long = "n" * 150 + "é"
    entries = [
        entry("beside", data=b"1" * 3000),
        entry(f"./other/{long}", data=b"2"),
        entry(names, DIRECTORY, mode=0o750),
        entry(f"{names}/{long}", data=b"3" * 1500),
        entry(f"{names}/lost+found/x", data=b"4"),
        entry(f"{names}/l", LINK, long),
        entry(f"{names}/h", HARD, f"{names}/{long}"),
        entry("afterwards", data=b"5"),
        entry(f"{names}/last", data=b"6"),
    ]
    told = offer(anybody, tar_of(*entries, form=form), strip=names.removeprefix("./"))
    root = anybody.data / ".aftermath/r/staging"
    assert staged(anybody) == {long, "l", "h", "last"}
    assert (root / "h").read_bytes() == b"3" * 1500
    assert os.stat(root / "h").st_nlink == 2
    assert os.readlink(root / "l") == long
    assert root.stat().st_mode & 0o777 == 0o750
    assert {"stripped", "outside-root", "left-out"} <= set(told["notes"])
    anybody.agent("verify", run="r")


def test_a_sparse_file_below_the_folder_comes_back_whole_and_one_beside_it_does_not_disturb(anybody):
    for name in ("config/sparse", "beside/sparse"):
        anybody.fill({name: {"hole": 3 << 20}, f"{name}.after": b"x"})
        with open(anybody.data / name, "r+b") as file:
            for at in range(0, 3 << 20, 64 << 10):
                file.seek(at)
                file.write(os.urandom(4096))
    for form in ("--format=gnu", "--format=posix"):
        path = anybody.place / "made.tar"
        os.system(f"tar --create {form} --sparse --file={path} --directory={anybody.data} config beside")
        assert offer(anybody, path.read_bytes())["files"] == 4
        anybody.agent("verify", run="r")
        anybody.agent("discard", run="r")
        told = offer(anybody, path.read_bytes(), strip="config")
        assert told["manifest"]["stored"] < told["bytes"]
        whole = (anybody.data / "config/sparse").read_bytes()
        assert (anybody.data / ".aftermath/r/staging/sparse").read_bytes() == whole
        assert staged(anybody) == {"sparse", "sparse.after"}
        anybody.agent("discard", run="r")


def passed_on(data: bytes, size: int, layout: layers.Layout) -> bytes:
    out = bytearray()
    reader = layers.Reader(layout, judge.Judge(judge.Limits()).admit, out.extend)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    reader.finish()
    return bytes(out)


@pytest.mark.parametrize("packed", PACKED)
def test_however_the_stream_is_cut_the_same_is_passed_on(packed):
    within = tar_of(entry("beside/" + "x" * 200, data=b"1" * 700), *CONFIG, entry("z", data=b"2"))
    data = tar_of(entry("a", data=b"1"), entry("i", data=PACKED[packed](within)), entry("z", data=b"2"))
    layout = layers.Layout("i", "data")
    whole = passed_on(data, len(data), layout)
    assert whole == tar_of(*CONFIG)[: len(whole)]
    assert len(whole) > 100_000
    for size in (1, 100, 511, 513, 70_000):
        assert passed_on(data, size, layout) == whole


def test_files_that_were_added_later_take_the_place_of_those_before(anybody):
    told = offer(anybody, tar_of(*CONFIG, entry("data/.storage/auth", data=b'{"newer": 1}')), strip="data")
    assert told["manifest"]["repeated"] == 1
    anybody.agent("verify", run="r", json=[".storage/auth"])
    (anybody.data / ".aftermath/r/staging/configuration.yaml").unlink()
    with pytest.raises(Refusal, match="count-files"):
        anybody.agent("verify", run="r")


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"strip": "elsewhere"}, "no-root"),
        ({"strip": "data/configuration.yaml"}, "through-link"),
        ({"inner": "no.tar"}, "no-inner"),
        ({"inner": "data"}, "bad-archive"),
        ({"strip": "../data"}, "bad-spec"),
        ({"strip": "data/"}, "bad-spec"),
        ({"inner": "/data"}, "bad-spec"),
    ],
)
def test_what_was_named_and_is_not_there_is_said(anybody, spec, code):
    with pytest.raises(Refusal) as caught:
        offer(anybody, tar_of(*CONFIG), **spec)
    assert caught.value.code == code
    assert nothing_was_unpacked(anybody)


@pytest.mark.parametrize("packed", PACKED)
def test_any_inner_archive_may_be_named(anybody, packed):
    data = tar_of(entry("x", data=b"1"), entry("deep/inner", data=PACKED[packed](tar_of(*CONFIG))))
    told = offer(anybody, data, inner="deep/inner")
    assert told["files"] == 2
    assert "data/configuration.yaml" in staged(anybody)


def test_a_file_of_two_folders_is_counted_once_in_whatever_order_its_names_come(anybody):
    names = [entry("z", DIRECTORY, mode=0o755), entry("z/f", data=b"12345"), entry("a", DIRECTORY, mode=0o755)]
    offer(anybody, tar_of(*names, entry("a/f", HARD, "z/f"), entry("a/own", data=b"1")))
    assert {"a/f", "z/f"} <= staged(anybody)
    anybody.agent("verify", run="r")
    (anybody.data / ".aftermath/r/staging/a/own").write_bytes(b"123456789")
    with pytest.raises(Refusal, match="not-verified") as caught:
        anybody.agent("verify", run="r")
    assert "folder" in str(caught.value.params)


def test_a_sentinel_may_be_another_name_of_a_file_whose_digest_nobody_knows(anybody):
    """So it is written down when the file was brought: there, and read under its other name."""
    names = [entry("z/real", data=b"1"), entry("a/one", HARD, "z/real")]
    told = offer(anybody, tar_of(*names))["manifest"]
    anybody.agent("discard", run="r")
    offer(anybody, tar_of(*names), manifest={**told, "sentinels": [{"path": "a/one", "exists": True}]})
    anybody.agent("verify", run="r", sentinels=["a/one"])
    (anybody.data / ".aftermath/r/staging/a/one").unlink()
    with pytest.raises(Refusal, match="not-verified"):
        anybody.agent("verify", run="r", sentinels=["a/one"])


def test_of_very_many_folders_it_does_not_matter_which_come_first(anybody, monkeypatch):
    monkeypatch.setattr("backups.agent.counting.MOST_NAMES", 2)
    offer(anybody, tar_of(*(part for n in "dbca" for part in folder(n))))
    anybody.agent("verify", run="r")


def folder(name):
    return entry(name, DIRECTORY, mode=0o755), entry(f"{name}/f", data=name.encode())


def test_a_hard_link_out_of_the_folder_is_refused(anybody):
    entries = [entry("secret", data=b"1"), entry("data/h", HARD, "secret")]
    with pytest.raises(Refusal, match="link-leaves"):
        offer(anybody, tar_of(*entries), strip="data")
    assert nothing_was_unpacked(anybody)


def test_bounds_may_be_given_where_no_manifest_says_them(anybody):
    data = tar_of(*(entry(f"f{n}", data=b"1" * 1000) for n in range(10)))
    assert offer(anybody, data, of_files=10, of_bytes=10_000)["files"] == 10
    anybody.agent("discard", run="r")
    for bounds, code in (({"of_files": 9}, "too-many-files"), ({"of_bytes": 9_999}, "too-many-bytes")):
        with pytest.raises(Refusal, match=code):
            offer(anybody, data, **bounds)


def test_what_would_never_fit_is_not_listed_to_its_end(anybody):
    """A few kilobytes that grow to gigabytes are given up as soon as there is no room for them."""
    bomb = gzip.compress(tar_of(entry("zeros", data=bytes(40 << 20)), entry("more", data=bytes(8))), 9)
    with pytest.raises(Refusal, match="no-space"):
        offer(anybody, bomb, capacity=20 << 20)
    assert nothing_was_unpacked(anybody)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz", ".tar.zst", ""])
@pytest.mark.parametrize("packed", PACKED)
def test_an_object_of_the_store_is_known_by_its_bytes_and_not_by_its_name(anybody, store, monkeypatch, ending, packed):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store.put_bytes(f"brought{ending}", PACKED[packed](tar_of(*CONFIG)))
    told = anybody.agent("restore", run="r", key=f"brought{ending}", store=place(store), strip="data")
    assert told["files"] == 2
    assert told["sha256"]
    anybody.agent("verify", run="r")


def test_over_a_wire_that_is_cut_both_readings_go_on(anybody, store, wire, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    noise = [entry(f"data/n{n}", data=os.urandom(1 << 20)) for n in range(8)]
    store.put_bytes("b.tar", home_assistant(*CONFIG, *noise))
    wire.cut_after, wire.cuts = 3 << 20, 4
    told = anybody.agent("restore", run="r", key="b.tar", store=place(through(store, wire.port)))
    assert wire.cuts == 0
    assert told["files"] == 10


def test_what_a_killed_agent_left_half_unpacked_is_not_in_the_way_and_can_be_discarded(anybody):
    anybody.fill({".aftermath/r/unpacked/data/half": b"1"})
    offer(anybody, tar_of(*CONFIG), strip="data")
    assert "half" not in staged(anybody)
    anybody.fill({".aftermath/r/unpacked/data/half": b"1"})
    anybody.agent("discard", run="r")
    assert not (anybody.data / ".aftermath/r/unpacked").exists()
    assert (anybody.data / "live").read_bytes() == b"as it was"
