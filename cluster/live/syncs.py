"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def of(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def suspend(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def resume(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
