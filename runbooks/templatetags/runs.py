"""Facts of runs, said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone

from people import words
from runbooks import sentences, sentences_changes

register = template.Library()


@register.filter
def say(told: Mapping[str, Any] | None) -> str:
    return sentences.say(told)


@register.filter
def problem(told: Mapping[str, Any]) -> str:
    return sentences.problem(told)


@register.filter
def change(told: Mapping[str, Any]) -> str:
    return sentences_changes.change(told)


@register.filter
def dry(code: str) -> str:
    return str(sentences.DRY.get(code, code))


@register.filter
def instant(at: datetime) -> str:
    """To the second, with the day when that is not today: 13:26:38, or 17 Nov, 13:26:38."""
    clock = words.clock(at, seconds=True)
    return clock if timezone.localtime(at).date() == timezone.localdate() else f"{words.day(at)}, {clock}"
