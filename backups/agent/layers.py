"""
What an archive may be wrapped in: another archive around it, and a folder that is to be the root of the volume.

Nothing is guessed here: the layout is said.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from backups.agent.compress import Poured
from backups.agent.judge import inside
from backups.agent.tarstream import EXTENDED, Member, Scanner, Taker
from backups.agent.tree import KEPT
from backups.errors import Refused
from backups.manifest import shown

Admit = Callable[[Member], Taker | None]


@dataclass(frozen=True)
class Layout:
    """`inner`: the entry that is the archive, "" for the whole; `strip`: the folder that is the root, "" for all."""

    inner: str = ""
    strip: str = ""


class Root:
    """Entries as seen from one folder, which becomes the root. What lies beside it is passed over."""

    def __init__(self, folder: str) -> None:
        self.folder, self.below = folder, f"{folder}/"
        self.seen = False
        self.outside = 0

    def pick(self, member: Member) -> Member | None:
        path = inside(member.path)
        if path != self.folder and not path.startswith(self.below):
            self.outside += 1
            return None
        self.seen = True
        link = self._link(member) if member.kind == "hardlink" else member.link
        return member._replace(path="./" + path[len(self.below) :], link=link)

    def _link(self, member: Member) -> str:
        with contextlib.suppress(Refused):
            target = inside(member.link)
            if target.startswith(self.below):
                return target[len(self.below) :]
        words = f"The hard link {shown(member.path)} leads out of {shown(self.folder)}, to {shown(member.link)}."
        raise Refused(words, code="link-leaves", path=shown(member.path), target=shown(member.link))

    def finish(self) -> None:
        if not self.seen:
            words = f"The archive has no folder {shown(self.folder)}."
            raise Refused(words, code="no-root", folder=shown(self.folder))


class Picker(Scanner):
    """A scanner that gives back only the entries below `root`, each with the headers that speak of it."""

    def __init__(self, admit: Admit, root: Root) -> None:
        super().__init__(self._choose)
        self.judge, self.root = admit, root
        self.wanted = False
        self.held: list[bytes] = []

    def feed(self, chunk: bytes) -> memoryview:
        if self.ended:
            return self._after(memoryview(chunk))
        data, at = self.left + chunk, 0
        view, kept = memoryview(data), list[memoryview | bytes]()
        while True:
            if self.skip and not self.extending:
                step = self._pass(view[at:])
                if self.wanted:
                    kept.append(view[at : at + step])
                at += step
                if self.skip:
                    break
            extending, kind = self.extending, data[at + 156 : at + 157]
            step = self._header(data, at)
            if self.ended:
                self.left = b""
                self._after(view[at:])
                return memoryview(b"".join(kept))
            if not step:
                break
            self._keep(view[at : at + step], kept, extends=not extending and kind in EXTENDED)
            at += step
        self.left = bytes(view[at:])
        return memoryview(b"".join(kept))

    def _keep(self, blocks: memoryview, kept: list[memoryview | bytes], *, extends: bool) -> None:
        if extends:
            self.held.append(bytes(blocks))
            return
        if self.wanted:
            kept += [*self.held, blocks]
        self.held.clear()

    def finish(self) -> None:
        super().finish()
        self.root.finish()

    def _choose(self, member: Member) -> Taker | None:
        mine = self.root.pick(member)
        self.wanted = mine is not None and mine.path[2:].partition("/")[0] not in KEPT
        return None if mine is None else self.judge(mine)


class Reader:
    """Feeds what is asked for by the layout to `admit`, and what was let in to `out`."""

    def __init__(self, layout: Layout, admit: Admit, out: Callable[[memoryview], object] | None = None) -> None:
        self.layout, self.out = layout, out
        self.root = Root(layout.strip) if layout.strip else None
        self.scanner = Picker(admit, self.root) if self.root else Scanner(admit)
        self.around = Scanner(self._inner) if layout.inner else None
        self.poured: Poured | None = None

    @property
    def outside(self) -> int:
        """How many entries were passed over, lying beside the root."""
        return self.root.outside if self.root else 0

    def feed(self, chunk: bytes) -> None:
        if self.around is not None:
            self.around.feed(chunk)
        else:
            self._plain(chunk)

    def finish(self) -> None:
        if self.around is not None:
            self.around.finish()
            if self.poured is None:
                words = f"The archive holds no {shown(self.layout.inner)}."
                raise Refused(words, code="no-inner", inner=shown(self.layout.inner))
            self.poured.finish()
        self.scanner.finish()

    def _plain(self, chunk: bytes) -> None:
        passed = self.scanner.feed(chunk)
        if self.out is not None:
            self.out(passed)

    def _inner(self, member: Member) -> Taker | None:
        if inside(member.path) != self.layout.inner:
            return None
        self.poured = opened(member, self.poured, self._plain)
        return self.poured


def opened(member: Member, before: Poured | None, out: Callable[[bytes], object]) -> Poured:
    """Begin to read an inner archive. Raises Refused for what cannot be one."""
    if before is not None or member.kind != "file" or member.sparse:
        words = f"{shown(member.path)} is no archive, or is there twice."
        raise Refused(words, code="bad-archive", path=shown(member.path))
    return Poured(out)
