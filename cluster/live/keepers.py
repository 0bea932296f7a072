"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def of(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def pause(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def unpause(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
