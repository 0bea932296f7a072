from __future__ import annotations

import gzip
import io
import os
import tarfile
import time

import msgspec
import pytest
import zstandard

from backups.agent import judge, tarstream
from backups.errors import Refused
from tests.agent.trees import Refusal, Worker

OUTSIDE = "outside"


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"", **more: object) -> tuple:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar_of(*entries: tuple, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


GOOD = entry("good", data=b"1")
LINK, HARD, DIRECTORY = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
HOSTILE = {
    "goes up": ("parent-path", [entry("../escaped", data=b"x")]),
    "goes up in the middle": ("parent-path", [entry("a/../../escaped", data=b"x")]),
    "goes up and comes back": ("parent-path", [entry("a/../b", data=b"x")]),
    "absolute": ("absolute-path", [entry("/tmp/escaped", data=b"x")]),
    "a device": ("device", [entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3)]),
    "a disk": ("device", [entry("sda", tarfile.BLKTYPE, devmajor=8)]),
    "a pipe": ("device", [entry("pipe", tarfile.FIFOTYPE)]),
    "a device where nothing is restored": ("device", [entry(".//.aftermath/null", tarfile.CHRTYPE, devmajor=1)]),
    "a link up": ("link-leaves", [entry("l", LINK, "../escaped")]),
    "a link up from below": ("link-leaves", [entry("a/b/l", LINK, "../../../escaped")]),
    "a link that leads out through another": (
        "link-leaves",
        [entry("a/b/c", DIRECTORY), entry("a/b/up", LINK, "../.."), entry("out", LINK, "a/b/up/..")],
    ),
    "a hard link up": ("link-leaves", [entry("h", HARD, "../escaped")]),
    "a hard link to an absolute name": ("link-leaves", [entry("h", HARD, "/etc/passwd")]),
    "a hard link through a link": ("through-link", [entry("l", LINK, "/etc"), entry("h", HARD, "l/passwd")]),
    "a file through a link": ("through-link", [entry("l", LINK, "/tmp"), entry("l/escaped", data=b"x")]),
    "a file through a link to a directory": (
        "through-link",
        [entry("d", DIRECTORY), entry("l", LINK, "d"), entry("l/escaped", data=b"x")],
    ),
    "a file deep below a link": ("through-link", [entry("l", LINK, "/tmp"), entry("l/a/b/escaped", data=b"x")]),
    "a directory in place of a link": ("through-link", [entry("l", LINK, "/tmp"), entry("l", DIRECTORY)]),
    "a file in place of a link": ("through-link", [entry("l", LINK, "/tmp/escaped"), entry("l", data=b"x")]),
    "a link in place of a directory": (
        "through-link",
        [entry("d", DIRECTORY), entry("d", LINK, "/tmp"), entry("d/escaped", data=b"x")],
    ),
    "a link in place of a directory that was only implied": (
        "through-link",
        [entry("d/x", data=b""), entry("d", LINK, "/tmp"), entry("d/escaped", data=b"x")],
    ),
    "a link in place of a directory, and nothing more": (
        "through-link",
        [entry("d/x", data=b""), entry("e", data=b""), entry("d", LINK, "e")],
    ),
    "through a second name of a link": (
        "through-link",
        [entry("l", LINK, "/tmp"), entry("h", HARD, "l"), entry("h/escaped", data=b"x")],
    ),
    "a link in place of the root": ("through-link", [entry("./", LINK, "/tmp")]),
    "nothing": ("empty-archive", []),
}


@pytest.fixture
def outside(anybody: Worker):
    before = sorted(os.listdir("/tmp"))
    yield
    assert not (anybody.data / ".aftermath/escaped").exists()
    assert not (anybody.place / "escaped").exists()
    assert "escaped" in before or not os.path.exists("/tmp/escaped")


def offer(worker: Worker, data: bytes, **spec: object) -> dict:
    (worker.place / "upload").write_bytes(data)
    worker.fill({"live": b"as it was"})
    return worker.agent("restore", run="r", file=str(worker.place / "upload"), **spec)


def nothing_was_unpacked(worker: Worker) -> bool:
    return not (worker.data / ".aftermath/r/staging").exists() and (worker.data / "live").read_bytes() == b"as it was"


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_by_name_and_nothing_of_it_is_left(anybody, outside, what):
    code, entries = HOSTILE[what]
    with pytest.raises(Refusal) as caught:
        offer(anybody, tar_of(*([GOOD, *entries] if entries else [])))
    assert caught.value.code == code
    assert nothing_was_unpacked(anybody)


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_too_when_a_manifest_promises_it_and_there_is_no_listing_first(anybody, outside, what):
    code, entries = HOSTILE[what]
    promise = manifest(files=100, directories=100, bytes=1000)
    with pytest.raises(Refusal) as caught:
        offer(anybody, tar_of(*([GOOD, *entries] if entries else [])), manifest=promise)
    assert caught.value.code == code
    assert nothing_was_unpacked(anybody)


def manifest(**counts: object) -> dict:
    return {"taken_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:00Z", **counts}


def test_an_absolute_link_is_let_be_and_not_followed(anybody):
    offer(anybody, tar_of(GOOD, entry("clock", LINK, "/etc/localtime"), entry("self", LINK, "clock")))
    assert os.readlink(anybody.data / ".aftermath/r/staging/clock") == "/etc/localtime"


def test_a_link_that_leaves_can_be_kept_by_a_person_who_says_so(anybody):
    told = offer(anybody, tar_of(GOOD, entry("l", LINK, "../../usr/share")), leaving_links="keep")
    assert "links-leaving" in told["notes"]


def test_a_hard_link_to_a_file_of_the_archive_is_one_file(anybody):
    offer(anybody, tar_of(GOOD, entry("second", HARD, "good")))
    staging = anybody.data / ".aftermath/r/staging"
    assert (staging / "good").stat().st_ino == (staging / "second").stat().st_ino


@pytest.mark.parametrize(
    ("promise", "code"),
    [
        ({"files": 19, "directories": 0, "bytes": 10**6}, "too-many-files"),
        ({"files": 21, "directories": 0, "bytes": 1900}, "too-many-bytes"),
    ],
)
def test_more_than_promised_is_refused_as_soon_as_it_shows(anybody, promise, code):
    entries = [entry(f"f{n}", data=b"x" * 100) for n in range(21)]
    with pytest.raises(Refusal) as caught:
        offer(anybody, tar_of(*entries), manifest=manifest(**promise))
    assert caught.value.code == code
    assert nothing_was_unpacked(anybody)


def bomb(size: int) -> bytes:
    """A header that promises `size` zeros, and that many, packed small."""
    info = tarfile.TarInfo("zeros")
    info.size = size
    zstd = zstandard.ZstdCompressor(level=1).compressobj()
    out = [zstd.compress(info.tobuf(tarfile.GNU_FORMAT))]
    for _ in range(size // (1 << 20)):
        out.append(zstd.compress(bytes(1 << 20)))
    return b"".join([*out, zstd.compress(bytes(1024)), zstd.flush()])


def test_a_bomb_is_refused_before_it_goes_off(anybody):
    packed = bomb(2 << 30)
    assert len(packed) < 1 << 20
    with pytest.raises(Refusal, match="too-many-bytes"):
        offer(anybody, packed, manifest=manifest(files=1, directories=0, bytes=1000))
    assert nothing_was_unpacked(anybody)


def test_a_bomb_of_nothing_after_the_end_is_refused(anybody):
    zstd = zstandard.ZstdCompressor(level=1).compressobj()
    packed = zstd.compress(tar_of(GOOD)) + b"".join(zstd.compress(bytes(1 << 20)) for _ in range(40)) + zstd.flush()
    with pytest.raises(Refusal, match="bad-archive"):
        offer(anybody, packed)


def test_an_archive_that_would_not_fit_is_refused_before_it_is_unpacked(anybody, monkeypatch):
    monkeypatch.setattr("backups.agent.restoring.ROOM", 1e9)
    with pytest.raises(Refusal) as caught:
        offer(anybody, tar_of(entry("f", data=b"x" * 10_000)))
    assert caught.value.code == "no-space"
    assert caught.value.params["needed"] > caught.value.params["free"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
@pytest.mark.parametrize("part", [0.99, 0.5, 0.1])
def test_a_truncated_archive_is_refused_wherever_it_ends(anybody, pack, part):
    whole = pack(tar_of(*[entry(f"f{n}", data=os.urandom(1000)) for n in range(50)])).rstrip(b"\0")
    with pytest.raises(Refusal) as caught:
        offer(anybody, whole[: int(len(whole) * part)])
    assert caught.value.code in ("truncated", "bad-archive")
    assert nothing_was_unpacked(anybody)


def test_an_archive_cut_between_two_entries_is_known_by_its_missing_end(anybody):
    whole = tar_of(entry("a"), entry("b"), form=tarfile.USTAR_FORMAT)
    with pytest.raises(Refusal, match="truncated"):
        offer(anybody, whole[:512])


def made(worker: Worker) -> tuple[str, dict]:
    worker.fill({"live": b"as it was", ".storage/auth": b"{}" * 1000})
    archive = str(worker.place / "a.tar.zst")
    return archive, worker.agent("archive", run="a", name="a", file=archive)["manifest"]


def test_a_byte_that_changed_is_a_wrong_digest(anybody):
    archive, promise = made(anybody)
    promise["archive"]["sha256"] = "0" * 64
    with pytest.raises(Refusal, match="wrong-digest"):
        anybody.agent("restore", run="r", file=archive, manifest=promise)
    assert nothing_was_unpacked(anybody)


def test_an_archive_shorter_or_longer_than_its_manifest_says_is_not_even_read(anybody):
    archive, promise = made(anybody)
    for less, code in ((1, "truncated"), (-1, "wrong-digest")):
        promise["archive"]["bytes"] += less
        with pytest.raises(Refusal) as caught:
            anybody.agent("restore", run="r", file=archive, manifest=promise)
        assert caught.value.code == code
        promise["archive"]["bytes"] -= less


@pytest.mark.parametrize("change", [{"files": -1}, {"bytes": 2**70}, {"extra": 1}, {"top": {"a": {"files": "x"}}}])
def test_a_hostile_manifest_is_refused(anybody, change):
    archive, promise = made(anybody)
    beside = archive.replace(".tar.zst", ".manifest.json")
    with open(beside, "wb") as file:
        file.write(msgspec.json.encode({**promise, **change}))
    with pytest.raises(Refusal, match="bad-manifest"):
        anybody.agent("restore", run="r", file=archive)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04" + bytes(600), b"\x28\xb5\x2f\xfd" + b"rubbish" * 100, b"\x1f\x8b" + bytes(50), b"x" * 2000],
)
def test_what_is_no_archive_is_refused(anybody, data):
    with pytest.raises(Refusal) as caught:
        offer(anybody, data)
    assert caught.value.code in ("truncated", "bad-archive")


def test_a_name_with_a_newline_is_restored_right(anybody):
    offer(anybody, tar_of(entry("a\n../b", data=b"1"), entry("\n", data=b"2")))
    staging = anybody.data / ".aftermath/r/staging"
    assert (staging / "a\n.." / "b").read_bytes() == b"1"
    assert (staging / "\n").read_bytes() == b"2"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_common_format_is_read(anybody, form):
    long = "d" * 90 + "/" + "e" * 60
    entries = [entry("plain", data=b"1"), entry(long, data=b"2"), entry("l", LINK, "d" * 90), entry("d/", DIRECTORY)]
    told = offer(anybody, gzip.compress(tar_of(*entries, form=form)))
    assert (told["files"], told["directories"]) == (3, 2)  # the long one's is nowhere but in its name
    assert (anybody.data / ".aftermath/r/staging" / long).read_bytes() == b"2"


def test_a_sparse_file_of_the_old_form_is_read_as_tar_reads_it(anybody):
    with open(anybody.place / "holes", "wb") as file:
        for at in range(0, 40 << 20, 1 << 20):
            file.seek(at)
            file.write(b"x" * 4096)
    for form in ("gnu", "posix --sparse-version=0.1", "posix --sparse-version=1.0"):
        archive = anybody.place / "s.tar"
        assert not os.system(f"cd {anybody.place} && tar --format={form} --sparse -cf {archive} holes")
        told = anybody.agent("restore", run=f"r{form[-1]}", file=str(archive))
        size = (anybody.place / "holes").stat().st_size
        assert told["bytes"] == size
        assert told["manifest"]["stored"] < size
        copy = anybody.data / f".aftermath/r{form[-1]}/staging/holes"
        assert copy.read_bytes() == (anybody.place / "holes").read_bytes()


AMBIGUOUS = {
    "a wrong checksum": lambda tar: tar[:148] + b"0000000\0" + tar[156:],
    "something after the end": lambda tar: tar + tar,
    "an unknown type": lambda tar: checked(tar[:156] + b"V" + tar[157:]),
    "contents in a directory": lambda tar: checked(tar[:156] + b"5" + tar[157:]),
    "a negative size": lambda tar: checked(tar[:124] + b"\xff" * 12 + tar[136:]),
    "a size in another base": lambda tar: checked(tar[:124] + b"0x000000001\0" + tar[136:]),
}


def checked(tar: bytes) -> bytes:
    header = bytearray(tar[:512])
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tar[512:]


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_what_two_readers_could_understand_differently_is_refused(anybody, what):
    with pytest.raises(Refusal, match="bad-archive"):
        offer(anybody, AMBIGUOUS[what](tar_of(GOOD, form=tarfile.USTAR_FORMAT)))


@pytest.mark.parametrize(
    "records",
    [{"path": "a\0b"}, {"size": "-1"}, {"size": "1e3"}, {"uid": "x"}, {"mtime": "nan"}, {"path": "p" * 5000}],
)
def test_pax_records_that_make_no_sense_are_refused(anybody, records):
    with pytest.raises(Refusal, match="bad-archive"):
        offer(anybody, tar_of(entry("good", data=b"1", pax_headers=records)))


def test_a_header_for_all_entries_may_not_name_them(anybody):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "/tmp/escaped"}) as tar:
        tar.addfile(GOOD[0], io.BytesIO(b"1"))
    with pytest.raises(Refusal, match="bad-archive"):
        offer(anybody, out.getvalue())


def test_pax_may_rename_only_to_what_a_plain_name_could_be(anybody):
    with pytest.raises(Refusal, match="parent-path"):
        offer(anybody, tar_of(entry("good", data=b"1", pax_headers={"GNU.sparse.name": "../escaped"})))


def pass_on(scanner: tarstream.Scanner, data: bytes, passed: bytearray) -> None:
    for at in range(0, len(data), 100):
        passed += scanner.feed(data[at : at + 100])


def test_bytes_that_hold_an_entry_are_not_passed_on_before_it_was_admitted():
    passed = bytearray()

    def admit(member: tarstream.Member) -> None:
        if member.path == "bad":
            raise Refused("no")

    scanner = tarstream.Scanner(admit)
    whole = tar_of(entry("good", data=b"1" * 700), entry("bad", data=b"2"), form=tarfile.USTAR_FORMAT)
    with pytest.raises(Refused):
        pass_on(scanner, whole, passed)
    assert bytes(passed) == whole[: 512 + 1024]


def test_two_hundred_thousand_tiny_files_are_judged_and_unpacked_in_a_bounded_time(anybody):
    header = entry("0" * 10)[0].tobuf(tarfile.USTAR_FORMAT)
    rest, total = header[10:148], sum(header[10:148]) + sum(header[156:]) + 256
    names = [b"%03d/%06d" % (n % 500, n) for n in range(200_000)]
    blocks = [name + rest + b"%06o\0 " % (total + sum(name)) + header[156:] for name in names]
    packed = zstandard.ZstdCompressor(level=1).compress(b"".join([*blocks, bytes(1024)]))
    begun = time.monotonic()
    told = offer(anybody, packed)
    assert told["files"] == 200_000
    assert time.monotonic() - begun < 90
    assert len(os.listdir(anybody.data / ".aftermath/r/staging")) == 500


def test_the_judge_follows_links_as_the_kernel_would():
    links = {"a/up": "..", "b": "a/up/..", "loop": "loop", "abs": "/x", "c": "abs/../..", "d": "a/up/d2", "d2": "."}
    outside = {path for path in links if judge.leads_outside(path, links)}
    assert outside == {"b"}
