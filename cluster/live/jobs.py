"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def read(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def entering(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def start(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def drop(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
