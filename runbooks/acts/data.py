"""Acts on a volume's files: put beside, verified, owned, swapped, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from cluster.api import ClaimRef, JobSpec
from runbooks import rights
from runbooks.acts.agent import CHANGED, Beside, beside, end_what_is_taken_back, found, parent
from runbooks.acts.workloads import Detached
from runbooks.base import Act, Facts, Failed, NotYet, facts
from runbooks.world import World, numbered

HOURS = 60


@dataclass(frozen=True)
class Extract(Beside, Act):
    """
    Put a recovery point's files into a staging place inside the volume; the live files are not touched. `source` is
    the claim that has a released volume.
    """

    claim: ClaimRef
    kind: str  # archive, snapshot, upload or released
    ref: str
    store: Mapping[str, str]
    files: int
    bytes: int
    filesystem: str  # empty: whichever there is
    run: str
    source: str = ""
    minutes: ClassVar[float] = 12 * HOURS
    needs: ClassVar = rights.needed(rights.JOB, rights.CLONE)

    @property
    def stored(self) -> bool:
        return self.kind in ("archive", "upload")

    def told(self) -> Facts:
        code = "extract" if self.kind == "archive" else f"extract-{self.kind}"
        return facts(code, files=self.files, bytes=self.bytes, claim=self.claim, ref=self.ref)

    def job(self, world: World) -> JobSpec:
        # What was the volume's own may have links that lead out of it: they are put back as links, and never followed.
        spec: dict[str, Any] = {"run": self.run, "leaving_links": "refuse" if self.kind == "upload" else "keep"}
        if self.filesystem:
            spec["expect"] = {"filesystem_id": self.filesystem}
        if self.stored:
            spec |= {"key": self.ref, "store": dict(self.store)}
        return beside(
            world,
            self.claim,
            "restore",
            spec,
            minutes=self.minutes,
            snapshot=self.ref if self.kind == "snapshot" else "",
            source=self.source,
            lent=world.records.lent(self.store["bucket"], parent(self.ref)) if self.stored else {},
        )

    def dry(self, world: World) -> str:
        if not self.source:
            return super().dry(world)
        world.cluster.start_job(replace(self.job(world), source=""), dry=True)
        return "later"  # its source is bound by an act before

    def inverse(self) -> Act:
        return Discard(self.claim, self.run)


@dataclass(frozen=True)
class Discard(Beside, Act):
    """Remove a run's staging place. It holds only what was extracted, and that is still where it came from."""

    claim: ClaimRef
    run: str
    minutes: ClassVar[float] = 1 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("discard", claim=self.claim)

    def job(self, world: World) -> JobSpec:
        return beside(world, self.claim, "discard", {"run": self.run})


@dataclass(frozen=True)
class Verify(Beside, Act):
    """Hold the staged files against the manifest: counts, bytes, sentinels; databases and JSON must be whole."""

    claim: ClaimRef
    run: str
    sentinels: tuple[str, ...]
    point: int
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("verify", claim=self.claim, sentinels=len(self.sentinels))

    def job(self, world: World) -> JobSpec:
        spec = {"run": self.run, "sentinels": list(self.sentinels)}
        return beside(world, self.claim, "verify", spec, minutes=self.minutes)

    def do(self, world: World) -> Mapping[str, Any] | None:
        result = super().do(world)
        world.records.verified(self.point)
        return result


@dataclass(frozen=True)
class ListWrong(Beside, Act):
    """Write down exactly which files belong to another, with nobody writing meanwhile. It is kept beside them."""

    claim: ClaimRef
    run: str
    uid: int
    gid: int
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("list-wrong", claim=self.claim, owner=f"{self.uid}:{self.gid}")

    def job(self, world: World) -> JobSpec:
        wanted = {"uid": self.uid, "gid": self.gid, "modes": True, "keep_list": True}
        return beside(world, self.claim, "inspect", {"run": self.run, "wanted": wanted}, minutes=self.minutes)

    def do(self, world: World) -> Mapping[str, Any]:
        differing = (super().do(world) or {}).get("differing") or {}
        return {"count": differing.get("count", 0), "list": differing.get("list")}


@dataclass(frozen=True)
class Own(Beside, Act):
    """
    Give files to a user and group, by number and never through a link; what they were is kept as an undo file.
    `listed`: exactly those that `ListWrong` wrote down.
    """

    claim: ClaimRef
    run: str
    uid: int
    gid: int
    where: str = "live"
    modes: bool = True
    count: int | None = None
    listed: bool = False
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        code = "own-staging" if self.where == "staging" else "own" if self.count is None else "own-count"
        return facts(code, claim=self.claim, owner=f"{self.uid}:{self.gid}", count=self.count or 0)

    def job(self, world: World) -> JobSpec:
        spec = {"run": self.run, "uid": self.uid, "gid": self.gid, "where": self.where, "modes": self.modes}
        return beside(world, self.claim, "own", spec | {"only_listed": self.listed}, minutes=self.minutes)

    def inverse(self) -> Act:
        return Disown(self.claim, self.run)


@dataclass(frozen=True)
class Disown(Beside, Act):
    """Give files back to whom the undo file says they belonged."""

    claim: ClaimRef
    run: str
    nothing: ClassVar[str] = "no-undo"
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("disown", claim=self.claim)

    def job(self, world: World) -> JobSpec:
        return beside(world, self.claim, "unown", {"run": self.run}, minutes=self.minutes)


@dataclass(frozen=True)
class Swap(Beside, Act):
    """
    Put the staged files in place. What was there stays beside them, and a journal says how to go on or back. `keep`
    keeps what is live then, before this is taken back.
    """

    claim: ClaimRef
    run: str
    keep: Act | None
    minutes: ClassVar[float] = 30
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("swap", claim=self.claim)

    def job(self, world: World) -> JobSpec:
        return beside(world, self.claim, "swap", {"run": self.run}, minutes=self.minutes)

    def do(self, world: World) -> Mapping[str, Any] | None:
        wait_until_alone(world, self.claim)
        return super().do(world)

    def inverse(self) -> Act:
        return SwapBack(self.claim, self.run, self.keep)


def wait_until_alone(world: World, claim: ClaimRef) -> None:
    """
    Files are not moved under somebody who has them open: who came meanwhile has to go first, before this is begun.
    Raises NotYet until then.
    """
    if found(world, claim.namespace, world.name()) is not None:
        return
    using = world.cluster.pods_using(claim)
    if pods := [str(pod) for pod in using if not pod.workload.name.startswith(f"{world.tag}-")]:
        raise NotYet(facts("pods-to-go", pods=sorted(pods)))


def wait_until_free(world: World, claim: ClaimRef) -> None:
    """As `wait_until_alone`; and a node that has lost its pod may still write: every witness has to say so, twice."""
    wait_until_alone(world, claim)
    if found(world, claim.namespace, world.name()) is None and not world.memory.get("free"):
        Detached(claim).do(world)
        raise NotYet(facts("agreed-once"), again_in=0.0, progress={"free": True})


@dataclass(frozen=True)
class SwapBack(Beside, Act):
    """
    Put what was there back in its place, by the journal in reverse.

    What was restored has been live: what was written since is nowhere else, and its place is emptied next. So `keep`
    puts it into a copy first, which stays like the one that was made before the restore; None where none could be.
    """

    claim: ClaimRef
    run: str
    keep: Act | None
    nothing: ClassVar[str] = "not-swapped"
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.needed(rights.JOB, rights.SNAPSHOT)

    def told(self) -> Facts:
        return facts("swap-back", claim=self.claim)

    def job(self, world: World) -> JobSpec:
        return beside(world, self.claim, "unswap", {"run": self.run}, minutes=30)

    def do(self, world: World) -> Mapping[str, Any]:
        end_what_is_taken_back(world, self.claim)
        wait_until_free(world, self.claim)
        kept = self.kept_first(world)
        return {**(super().do(world) or {}), **(kept or {})}

    def kept_first(self, world: World) -> Mapping[str, Any] | None:
        """While the copy is made, its own job uses the volume: that it was free before is not forgotten."""
        try:
            return self.keep.do(replace(world, at=f"{world.at}-keep")) if self.keep else None
        except NotYet as e:
            raise NotYet(e.waiting, again_in=e.again_in, progress={**(e.progress or {}), "free": True}) from e


@dataclass(frozen=True)
class Purge(Beside, Act):
    """Destroy what the swap of an earlier run put aside. Nothing brings it back."""

    claim: ClaimRef
    run: str  # the earlier one
    files: int
    bytes: int
    one_way: ClassVar[bool] = True
    minutes: ClassVar[float] = 3 * HOURS
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("purge", claim=self.claim, run=numbered(self.run), files=self.files, bytes=self.bytes)

    def left_to_people(self) -> bool:
        return True  # half of it may be gone: there is no way but on

    def job(self, world: World) -> JobSpec:
        return beside(world, self.claim, "purge", {"run": self.run, "confirm": self.run}, minutes=self.minutes)


@dataclass(frozen=True)
class Archive(Beside, Act):
    """
    Write an archive to the object store, and its manifest last. Copies are kept when a run is taken back. `uid` is the
    claim's and `handle` its volume's, for the manifest.
    """

    claim: ClaimRef
    name: str
    prefix: str
    store: Mapping[str, str]
    sentinels: tuple[str, ...]
    snapshot: str = ""
    baseline: bool = False  # of what was just restored and is live again
    uid: str = ""
    handle: str = ""
    quiet: bool = False  # nobody can write meanwhile: an act before has seen to that
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 12 * HOURS
    needs: ClassVar = rights.needed(rights.JOB, rights.CLONE)

    def told(self) -> Facts:
        return facts("archive", claim=self.claim)

    def left_to_people(self) -> bool:
        return self.baseline  # the restore before it is good

    def do(self, world: World) -> Mapping[str, Any] | None:
        try:
            return super().do(world)
        except Failed as e:
            if not self.baseline or e.why.params.get("error") != CHANGED:
                raise
            return {"note": e.why.as_json()}  # a busy application; the archive that it came from is still there

    def job(self, world: World) -> JobSpec:
        spec = {
            "run": world.tag,
            "name": self.name,
            "prefix": self.prefix,
            "store": dict(self.store),
            "from_": "snapshot" if self.snapshot else "quiet" if self.quiet else "live",
            "sentinels": list(self.sentinels),
            "claim_uid": self.uid,
            "volume_handle": self.handle,
        }
        lent = world.records.lent(self.store["bucket"], self.prefix, write=True)
        return beside(
            world, self.claim, "archive", spec,
            snapshot=self.snapshot, read_only=True, lent=lent, minutes=self.minutes,
        )  # fmt: skip

    def dry(self, world: World) -> str:
        if not self.snapshot:
            return super().dry(world)
        world.cluster.start_job(replace(self.job(world), snapshot=""), dry=True)
        return "later"  # the snapshot is taken by an act before
