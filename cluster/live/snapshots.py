"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def of(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def one(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def every(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def make(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def drop(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
