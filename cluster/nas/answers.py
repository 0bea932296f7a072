"""What DSM answers: its JSON cut down to the fields that somebody here uses, and its error numbers as our errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.nas.api import NasSnapshot, Session

T = TypeVar("T")

HEALTHY = "Healthy"


class Trouble(msgspec.Struct):
    code: int = 0


class Answer(msgspec.Struct):
    """Every answer is HTTP 200 with this."""

    success: bool
    data: msgspec.Raw = msgspec.Raw(b"{}")
    error: Trouble = msgspec.field(default_factory=Trouble)


class LoggedIn(msgspec.Struct):
    """`synotoken` is there where the NAS guards against forged requests, and every request must then bring it."""

    sid: str
    synotoken: str = ""


class Taken(msgspec.Struct):
    snapshot_uuid: str


class Status(msgspec.Struct):
    """A status as some answers have it: an object instead of a word."""

    type: str = ""


class SnapshotInfo(msgspec.Struct):
    uuid: str
    name: str
    parent_uuid: str
    create_time: int
    status: str | Status = ""
    total_size: int = 0
    description: str = ""
    is_action_locked: bool = False  # still being made, or in use by another action

    def value(self) -> NasSnapshot:
        status = self.status if isinstance(self.status, str) else self.status.type
        return NasSnapshot(
            uuid=self.uuid,
            name=self.name,
            lun=self.parent_uuid,
            healthy=status == HEALTHY and not self.is_action_locked,
            status=status,
            taken=datetime.fromtimestamp(self.create_time, UTC),
            size=self.total_size,
            mark=self.description,
        )


class Snapshots(msgspec.Struct):
    snapshots: list[SnapshotInfo]


class OneSnapshot(msgspec.Struct):
    snapshot: SnapshotInfo


class Lun(msgspec.Struct):
    uuid: str


class Luns(msgspec.Struct):
    luns: list[Lun]


class Mapped(msgspec.Struct):
    lun_uuid: str


class Connected(msgspec.Struct):
    iqn: str
    ip: str = ""

    def value(self) -> Session:
        return Session(self.iqn, self.ip)


class Target(msgspec.Struct):
    """A part that the NAS leaves out is None: nothing may be concluded from it."""

    name: str = ""
    mapped_luns: list[Mapped] | None = None
    connected_sessions: list[Connected] | None = None


class Targets(msgspec.Struct):
    targets: list[Target]


SESSION_OVER = {106, 107, 119}  # timed out, ended by another login, not known
NO_PERMISSION = 105  # also said to a session that has become stale

ERRORS: dict[int, tuple[type[ClusterError], str]] = {
    100: (Unreachable, "The NAS failed without saying why."),
    102: (Refused, "The NAS does not know this request: it needs DSM 7 with SAN Manager."),
    103: (Refused, "The NAS does not know this request: it needs DSM 7 with SAN Manager."),
    104: (Refused, "The NAS does not know this request: it needs DSM 7 with SAN Manager."),
    105: (Forbidden, "The account may not do this on the NAS: it must be in the group administrators."),
    106: (Unreachable, "The NAS ends every session as soon as it has begun."),
    107: (Unreachable, "The NAS ends every session as soon as it has begun."),
    117: (Unreachable, "The NAS failed without saying why."),
    119: (Unreachable, "The NAS ends every session as soon as it has begun."),
    18990002: (Refused, "There is no space left on the NAS for a snapshot."),
    18990500: (Refused, "A LUN of this type cannot have snapshots: it must be a thin one, or lie on Btrfs."),
    18990505: (NotFound, "The NAS has no such LUN."),
    18990531: (NotFound, "The NAS has no such LUN."),
    18990532: (NotFound, "The NAS has no such snapshot."),
    18990538: (Conflict, "The NAS has something of that name already."),
    18990543: (Refused, "The LUN has as many snapshots as the NAS allows: remove one there."),
}


def error(code: int) -> ClusterError:
    """What an error number of DSM means to the caller."""
    kind, sentence = ERRORS.get(code, (Refused, "The NAS refused."))
    return kind(f"{sentence} (error {code})")


def decoded(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Raises Unreachable for an answer that makes no sense: what was asked may have happened."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise Unreachable(f"The NAS answered something that makes no sense: {e}") from e
