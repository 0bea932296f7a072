"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def allowed(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def lacks(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
