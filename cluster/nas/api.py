"""What the rest of the program knows of a NAS, in our own small values, and what it may ask of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class NasSnapshot:
    """A snapshot of a LUN. `status` is the NAS' own word; `mark` is what its maker wrote beside it; `size` in bytes."""

    uuid: str
    name: str
    lun: str
    healthy: bool
    status: str
    taken: datetime
    size: int = 0
    mark: str = ""


@dataclass(frozen=True, order=True)
class Session:
    """A node that is connected to a target: its initiator's name, and where it comes from."""

    initiator: str
    address: str

    def __str__(self) -> str:
        return f"{self.initiator} from {self.address}" if self.address else self.initiator


class Nas(Protocol):
    """
    `lun` is a LUN's uuid: the volume handle of a volume on this NAS. Every call has a deadline and raises one of
    `cluster.errors`; NotFound where there is no such LUN.
    """

    name: str

    def luns(self) -> frozenset[str]: ...
    def snapshots(self, lun: str) -> tuple[NasSnapshot, ...]:
        """Oldest first."""
        ...

    def snapshot(self, uuid: str) -> NasSnapshot: ...
    def take(self, lun: str, name: str, mark: str) -> str:
        """
        Take a snapshot that no schedule of the NAS removes; its uuid. It is usable only once it is healthy.

        Not to be repeated blindly: after Unreachable it may be there. Conflict when one of that name is.
        """
        ...

    def sessions(self, lun: str) -> tuple[Session, ...]:
        """Who is connected to the targets that offer the LUN. Unreachable when the NAS does not say."""
        ...
