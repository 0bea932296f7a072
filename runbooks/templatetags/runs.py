"""Facts of runs, said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from runbooks import sentences

register = template.Library()


@register.filter
def say(told: Mapping[str, Any] | None) -> str:
    return sentences.say(told)


@register.filter
def dry(code: str) -> str:
    return str(sentences.DRY.get(code, code))
