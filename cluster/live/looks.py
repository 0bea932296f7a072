"""Not built yet."""

from __future__ import annotations

from typing import Any

from cluster.errors import Refused


def view(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def workload(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def workload_using(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def pods_using(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def claim(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def log(*given: Any, **named: Any) -> Any:
    raise Refused("not built")


def events(*given: Any, **named: Any) -> Any:
    raise Refused("not built")
