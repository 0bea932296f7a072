"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def every(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def rebind(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def release(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
