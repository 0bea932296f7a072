"""The act on a workload's security contexts, and what two of them differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import WorkloadRef
from runbooks import rights
from runbooks.base import Act, Facts, facts
from runbooks.world import World

Security = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SetSecurity(Act):
    """
    Set the security contexts of a workload's template to those that another revision had, and nothing else. `back`:
    to those that it had before a run.
    """

    workload: WorkloadRef
    was: Security
    to: Security
    back: bool = False
    needs: ClassVar = rights.needed(rights.LOOK, rights.REVISIONS, rights.SECURITY)

    def told(self) -> Facts:
        changes = [f"{where}.{key}" for where, key, _was, _to in differing(self.was, self.to)]
        return facts("security-back" if self.back else "set-security", workload=str(self.workload), changes=changes)

    def do(self, world: World) -> None:
        world.cluster.set_security(self.workload, was=self.was, to=self.to)

    def dry(self, world: World) -> str:
        world.cluster.set_security(self.workload, was=self.was, to=self.to, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return SetSecurity(self.workload, was=self.to, to=self.was, back=not self.back)


def differing(was: Security, to: Security) -> Iterator[tuple[str, str, Any, Any]]:
    """Each key that is otherwise: where (`pod`, or a container's name), its name, what it was and what it will be."""
    for name in sorted({*was, *to}):
        before, after = was.get(name, {}), to.get(name, {})
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield name or "pod", key, before.get(key), after.get(key)
