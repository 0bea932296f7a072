"""The checks, by theme. Importing this registers all of them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from health.base import CHECKS, Check


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check there is: each file beside this one holds some."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"health.rules.{module.name}")
    return tuple(CHECKS[name] for name in sorted(CHECKS))
