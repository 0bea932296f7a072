"""How much each claim held in the last days, so that a fall to nothing can be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from cluster.api import Claim

DAYS = 7

History = Mapping[str, Mapping[str, int]]  # claim's uid: {day: most bytes}


def remember(history: History, claims: Iterable[Claim], today: date) -> dict[str, dict[str, int]]:
    """The history with today's readings; days older than a week are forgotten, and with them claims long gone."""
    oldest = (today - timedelta(days=DAYS - 1)).isoformat()
    kept = {uid: {day: most for day, most in days.items() if day >= oldest} for uid, days in history.items()}
    for claim in claims:
        if claim.used is not None:
            days = kept.setdefault(claim.uid, {})
            days[today.isoformat()] = max(claim.used, days.get(today.isoformat(), 0))
    return {uid: days for uid, days in kept.items() if days}


def usual(history: History) -> dict[str, int]:
    """For each claim the most bytes that it held in the days remembered."""
    return {uid: max(days.values()) for uid, days in history.items() if days}
