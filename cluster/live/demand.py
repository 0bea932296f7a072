"""What pods ask of a node, and what is left of it when those that are there have what they ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from cluster.live.objects import Meta, Object
from cluster.live.quantity import quantity
from cluster.live.selecting import Affinity, Toleration

Amounts = dict[str, Decimal]
PODS = "pods"


class Resources(Object):
    """Where a container has a limit and no request, the limit is what its pod will ask for."""

    requests: dict[str, str | int] = {}
    limits: dict[str, str | int] = {}


class Container(Object):
    resources: Resources = msgspec.field(default_factory=Resources)
    restart_policy: str = ""


class Spread(Object):
    when_unsatisfiable: str = ""


class PodSpec(Object):
    """As much of it as decides where it may run."""

    containers: list[Container] = []
    init_containers: list[Container] = []
    resources: Resources = msgspec.field(default_factory=Resources)
    overhead: dict[str, str | int] = {}
    node_name: str = ""
    node_selector: dict[str, str] = {}
    tolerations: list[Toleration] = []
    affinity: Affinity = msgspec.field(default_factory=Affinity)
    topology_spread_constraints: list[Spread] = []


class Pod(Object):
    metadata: Meta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)


def needs(spec: PodSpec) -> Amounts:
    """
    What the scheduler counts: the containers together, or the hungriest moment of the starting ones, whichever is
    more. An init container that is restarted always goes on beside all that come after it.
    """
    together = plus(*(asked(c.resources) for c in spec.containers))
    beside: Amounts = {}
    starting: list[Amounts] = []
    for container in spec.init_containers:
        if container.restart_policy == "Always":
            beside = plus(beside, asked(container.resources))
            starting.append(beside)
        else:
            starting.append(plus(beside, asked(container.resources)))
    whole = most(plus(together, beside), *starting)
    whole |= asked(spec.resources)  # a pod that says it for itself as a whole
    return plus(whole, {name: quantity(said) for name, said in spec.overhead.items()})


def asked(resources: Resources) -> Amounts:
    return {name: quantity(said) for name, said in {**resources.limits, **resources.requests}.items()}


def plus(*amounts: Amounts) -> Amounts:
    names = {name for each in amounts for name in each}
    return {name: sum((each.get(name, Decimal(0)) for each in amounts), Decimal(0)) for name in names}


def most(*amounts: Amounts) -> Amounts:
    names = {name for each in amounts for name in each}
    return {name: max(each.get(name, Decimal(0)) for each in amounts) for name in names}


def short(allocatable: Mapping[str, str | int], there: Iterable[Pod], need: Amounts) -> Iterator[str]:
    """What a node has not enough of for one more pod."""
    pods = list(there)
    taken = plus({PODS: Decimal(len(pods))}, *(needs(pod.spec) for pod in pods))
    for name, amount in sorted(plus(need, {PODS: Decimal(1)}).items()):
        left = quantity(allocatable.get(name, 0)) - taken.get(name, Decimal(0))
        if amount > max(left, Decimal(0)):
            yield f"insufficient {name}: {plain(amount)} asked, {plain(max(left, Decimal(0)))} left"


def plain(amount: Decimal) -> str:
    """In the unit that a person would take: thousandths for what is not whole, Mi for what is many."""
    if amount != amount.to_integral_value():
        return f"{amount * 1000:.0f}m"
    mebi = Decimal(1024 * 1024)
    return f"{amount / mebi:.0f}Mi" if amount >= mebi else f"{amount:.0f}"
