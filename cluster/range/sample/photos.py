"""Photographs: some hundreds of files that do not compress, in folders by month, with a note beside each tenth."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.range.sample.application import DAY, HOUR, Application, MiB, as_json, noise
from cluster.range.volumes import Item

MONTHS = ("2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11")


def items(small: bool) -> Iterator[Item]:
    months, per = (MONTHS[-1:], 4) if small else (MONTHS, 45)
    albums = {"albums": [{"name": month, "photos": per} for month in months]}
    yield Item("albums.json", as_json(albums), age=6 * HOUR)
    yield Item("originals", mode=0o750, age=6 * HOUR)
    for k, month in enumerate(months):
        yield Item(f"originals/{month}", mode=0o750, age=(5 - k) * DAY + HOUR)
        for n in range(per):
            yield from photo(f"originals/{month}/img_{k * 100 + n:04d}", n, age=(5 - k) * 4 * DAY + n * 1800)
    if not small:
        yield Item("latest", link="originals/2026-11", age=DAY)


def photo(path: str, n: int, age: float) -> Iterator[Item]:
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
    yield Item(f"{path}.jpg", head + noise(path, 4_000 + n * 311 % 16_000), mode=0o640, age=age)
    if n % 10 == 0:
        yield Item(f"{path}.xmp", f"<x:xmpmeta about='{path}'/>\n".encode(), mode=0o640, age=age - 600)


PHOTOS = Application(
    name="photos",
    title="Photos",
    namespace="photos",
    claim="originals",
    mount="/photos",
    uid=1002,
    gid=100,
    image="practice/photos:1.131",
    command=("photos", "--library", "/photos"),
    capacity=4096 * MiB,
    sentinels=("albums.json",),
    needs=("albums.json", "originals"),
    items=items,
    hello="library opened",
)
