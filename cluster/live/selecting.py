"""Which labels a selector picks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cluster.live.objects import Object


class Requirement(Object):
    """One of `matchExpressions`. Nodes are picked by two operators more than pods."""

    key: str
    operator: str
    values: list[str] = []

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return compares(self.operator, value, self.values)
        return False


def compares(operator: str, value: str | None, values: list[str]) -> bool:
    try:
        have, want = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > want if operator == "Gt" else have < want


class Selector(Object):
    """An empty one picks everything."""

    match_labels: dict[str, str] = {}
    match_expressions: list[Requirement] = []

    def matches(self, labels: Mapping[str, str]) -> bool:
        named = all(labels.get(key) == value for key, value in self.match_labels.items())
        return named and all(requirement.holds(labels) for requirement in self.match_expressions)


class Term(Object):
    """One of several ways to pick a node. One without any requirement picks none."""

    match_expressions: list[Requirement] = []
    match_fields: list[Requirement] = []

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        fields = {"metadata.name": name}
        holds = [requirement.holds(labels) for requirement in self.match_expressions]
        holds += [requirement.holds(fields) for requirement in self.match_fields]
        return bool(holds) and all(holds)


class NodeSelector(Object):
    node_selector_terms: list[Term] = []

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        return any(term.matches(labels, name) for term in self.node_selector_terms)


class NodeAffinity(Object):
    """`required` is a volume's word for what a pod calls by a longer one."""

    required: NodeSelector | None = None
    longer: NodeSelector | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        asked = [each for each in (self.required, self.longer) if each is not None]
        return all(each.matches(labels, name) for each in asked)


class PodAffinity(Object):
    required: list[dict[str, Any]] = msgspec.field(
        default_factory=list, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Object):
    node_affinity: NodeAffinity = msgspec.field(default_factory=NodeAffinity)
    pod_affinity: PodAffinity = msgspec.field(default_factory=PodAffinity)
    pod_anti_affinity: PodAffinity = msgspec.field(default_factory=PodAffinity)


class Taint(Object):
    key: str
    effect: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.key}{f'={self.value}' if self.value else ''}:{self.effect}"


class Toleration(Object):
    """Without a key it tolerates every key, without an effect every effect."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, taint: Taint) -> bool:
        if self.effect not in ("", taint.effect) or self.key not in ("", taint.key):
            return False
        return self.operator == "Exists" or (bool(self.key) and self.value == taint.value)
