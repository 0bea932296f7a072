"""Acts on a volume's files, done by the agent in a job beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import ClaimRef, Job, JobSpec
from cluster.errors import NotFound
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.base import Act, Facts, Failed, NotYet, World, facts

TIMES = 3  # a job whose pod was killed is started again this often
ASK_AGAIN = {"busy", "unreachable"}


def agent(
    world: World,
    claim: ClaimRef,
    verb: str,
    spec: Mapping[str, Any],
    *,
    snapshot: str = "",
    lent: Mapping[str, str] | None = None,
    read_only: bool = False,
    deadline: int = 3600,
    nothing: str = "",
) -> Mapping[str, Any]:
    """
    The agent's result. Starts its job, or finds the one that was started before; raises NotYet while it works.

    Every verb of the agent may be started twice, so a job that ended without a word (its pod was killed) or that only
    asks for patience is started again under the next name, TIMES at most. `nothing` is the error by which the agent
    says that there is nothing to take back: that is well where the act stopped half-way. Raises Failed with any other
    error of the agent.
    """
    name, job = "", Job("", "failed")
    for part in ("", *(f"-{n}" for n in range(2, TIMES + 1))):
        name = world.name(part)
        here = found(world, claim.namespace, name)
        if here is None:
            world.cluster.start_job(
                JobSpec(
                    claim,
                    name,
                    verb,
                    spec,
                    snapshot=snapshot,
                    lent=lent or {},
                    read_only=read_only,
                    labels=world.labels(),
                    deadline=deadline,
                )
            )
            raise NotYet(facts("job", verb=verb), again_in=0.3)
        job = here
        if job.state in ("pending", "running"):
            raise NotYet(facts("job", verb=verb), again_in=0.5, progress=job.progress)
        if job.state == "done":
            return job.result
        if nothing and not world.was_done and job.error.get("code") == nothing:
            return {}
        if job.error and job.error.get("code") not in ASK_AGAIN:
            break
    raise Failed(facts("agent", verb=verb, job=name, **told(job)))


def found(world: World, namespace: str, name: str) -> Job | None:
    try:
        return world.cluster.job(namespace, name)
    except NotFound:
        return None


def parent(key: str) -> str:
    """The prefix that an object is under."""
    return key.rpartition("/")[0]


def told(job: Job) -> dict[str, Any]:
    """The agent's error, small enough to keep."""
    params = {k: v for k, v in dict(job.error.get("params") or {}).items() if isinstance(v, str | int | float | list)}
    return {"error": str(job.error.get("code") or "killed"), "message": str(job.error.get("message") or ""), **params}


@dataclass(frozen=True)
class Extract(Act):
    """Put a recovery point's files into a staging place inside the volume; the live files are not touched."""

    claim: ClaimRef
    kind: str  # archive or snapshot
    ref: str
    store: Mapping[str, str]
    files: int
    bytes: int
    filesystem: str  # empty: whichever there is
    run: str
    minutes: ClassVar[float] = 12 * 60

    def told(self) -> Facts:
        code = "extract" if self.kind == "archive" else "extract-snapshot"
        return facts(code, files=self.files, bytes=self.bytes, claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        spec: dict[str, Any] = {"run": self.run}
        if self.filesystem:
            spec["expect"] = {"filesystem_id": self.filesystem}
        if self.kind == "archive":
            spec |= {"key": self.ref, "store": dict(self.store)}
        return agent(
            world,
            self.claim,
            "restore",
            spec,
            snapshot=self.ref if self.kind == "snapshot" else "",
            lent=world.records.lent(self.store["bucket"], parent(self.ref)) if self.kind == "archive" else {},
            deadline=int(self.minutes * 60),
        )

    def inverse(self) -> Act:
        return Discard(self.claim, self.run)


@dataclass(frozen=True)
class Discard(Act):
    """Remove a run's staging place. It holds only what was extracted, and that is still where it came from."""

    claim: ClaimRef
    run: str
    minutes: ClassVar[float] = 60

    def told(self) -> Facts:
        return facts("discard", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        return agent(world, self.claim, "discard", {"run": self.run})


@dataclass(frozen=True)
class Verify(Act):
    """Hold the staged files against the manifest: counts, bytes, sentinels; databases and JSON must be whole."""

    claim: ClaimRef
    run: str
    sentinels: tuple[str, ...]
    point: int
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 3 * 60

    def told(self) -> Facts:
        return facts("verify", claim=self.claim, sentinels=len(self.sentinels))

    def do(self, world: World) -> Mapping[str, Any]:
        result = agent(world, self.claim, "verify", {"run": self.run, "sentinels": list(self.sentinels)})
        world.records.verified(self.point)
        return result


@dataclass(frozen=True)
class Own(Act):
    """Give files to a user and group, by number and never through a link; what they were is kept as an undo file."""

    claim: ClaimRef
    run: str
    uid: int
    gid: int
    where: str = "live"
    modes: bool = True
    count: int | None = None
    minutes: ClassVar[float] = 3 * 60

    def told(self) -> Facts:
        code = "own-staging" if self.where == "staging" else "own" if self.count is None else "own-count"
        return facts(code, claim=self.claim, owner=f"{self.uid}:{self.gid}", count=self.count or 0)

    def do(self, world: World) -> Mapping[str, Any]:
        spec = {"run": self.run, "uid": self.uid, "gid": self.gid, "where": self.where, "modes": self.modes}
        return agent(world, self.claim, "own", spec)

    def inverse(self) -> Act:
        return Disown(self.claim, self.run)


@dataclass(frozen=True)
class Disown(Act):
    """Give files back to whom the undo file says they belonged."""

    claim: ClaimRef
    run: str
    minutes: ClassVar[float] = 3 * 60

    def told(self) -> Facts:
        return facts("disown", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        return agent(world, self.claim, "unown", {"run": self.run}, nothing="no-undo")


@dataclass(frozen=True)
class Swap(Act):
    """Put the staged files in place. What was there stays beside them, and a journal says how to go on or back."""

    claim: ClaimRef
    run: str
    minutes: ClassVar[float] = 30

    def told(self) -> Facts:
        return facts("swap", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        return agent(world, self.claim, "swap", {"run": self.run})

    def inverse(self) -> Act:
        return SwapBack(self.claim, self.run)


@dataclass(frozen=True)
class SwapBack(Act):
    """
    Put what was there back in its place, by the journal in reverse.

    What was restored has been live: what was written since is nowhere else, and its place is emptied next. So it goes
    into a snapshot first, which stays like the one that was taken before the restore.
    """

    claim: ClaimRef
    run: str
    minutes: ClassVar[float] = 30

    def told(self) -> Facts:
        return facts("swap-back", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        kept = KeepSnapshot(self.claim, name=f"{self.run}-undone", safety=True).do(world)
        return {**agent(world, self.claim, "unswap", {"run": self.run}, nothing="not-swapped"), **kept}


@dataclass(frozen=True)
class Archive(Act):
    """Write an archive to the object store, and its manifest last. Copies are kept when a run is taken back."""

    claim: ClaimRef
    name: str
    prefix: str
    store: Mapping[str, str]
    sentinels: tuple[str, ...]
    snapshot: str = ""
    baseline: bool = False  # of what was just restored and is live again
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 12 * 60

    def told(self) -> Facts:
        return facts("archive", claim=self.claim)

    def left_to_people(self) -> bool:
        return self.baseline  # the restore before it is good

    def do(self, world: World) -> Mapping[str, Any]:
        source = "snapshot" if self.snapshot else "live"
        spec = {
            "name": self.name,
            "prefix": self.prefix,
            "store": dict(self.store),
            "from_": source,
            "sentinels": list(self.sentinels),
        }
        return agent(
            world, self.claim, "archive", spec, snapshot=self.snapshot, read_only=True,
            lent=world.records.lent(self.store["bucket"], self.prefix, write=True), deadline=int(self.minutes * 60),
        )  # fmt: skip
