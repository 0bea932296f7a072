"""Every address there is, from the resolver, with something real to put in its gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter


@dataclass(frozen=True)
class Address:
    """`app` is the layer that answers; `may` what one has to be allowed, None where anybody may."""

    name: str
    app: str
    view: Callable[..., Any]
    gaps: tuple[tuple[str, bool], ...]  # name, and whether it is a number

    @property
    def may(self) -> Any:
        return self.view.who_may

    def url(self, objects: dict[str, Any]) -> str:
        """With the objects that there are; where there is none of that kind, with one that does not exist."""
        return reverse(self.name, kwargs={gap: self.value(gap, number, objects) for gap, number in self.gaps})

    def value(self, gap: str, number: bool, objects: dict[str, Any]) -> Any:
        by_address = objects.get(f"{self.name}.{gap}")
        if by_address is not None:
            return by_address
        return objects.get(f"{self.app}.{gap}", 987654 if number else "nothing")


def walk(patterns: Any = None) -> Iterator[Address]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            gaps = tuple((name, isinstance(kind, IntConverter)) for name, kind in pattern.pattern.converters.items())
            yield Address(str(pattern.name), pattern.callback.__module__.split(".")[0], pattern.callback, gaps)


ALL = sorted(walk(), key=lambda address: address.name)
