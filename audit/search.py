"""Which entries one wants to see: who, what, about what, on which day; and one page of them, without counting any."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from audit.models import Entry

SIZE = 50


@dataclass(frozen=True)
class Wanted:
    """What the address asks for. What cannot be understood is named in `odd` and otherwise left out."""

    who: str = ""
    what: str = ""
    subject: str = ""
    day: date | None = None
    before: int | None = None
    after: int | None = None
    odd: tuple[str, ...] = field(default=())

    @property
    def narrowed(self) -> bool:
        return bool(self.who or self.what or self.subject or self.day)


def wanted(query: QueryDict) -> Wanted:
    odd: list[str] = []
    return Wanted(
        who=words(query.get("who", ""))[:150],
        what=words(query.get("what", ""))[:80],
        subject=words(query.get("subject", ""))[:80],
        day=a_day(query.get("day", ""), odd),
        before=a_number(query.get("before", ""), odd),
        after=a_number(query.get("after", ""), odd),
        odd=tuple(odd),
    )


def words(text: str) -> str:
    """Without NUL, which PostgreSQL cannot even be asked about."""
    return text.replace("\0", "").strip()


def a_day(text: str, odd: list[str]) -> date | None:
    try:
        found = parse_date(text.strip()) if text.strip() else None
    except ValueError:
        found = None
    if found and not date(1970, 1, 1) <= found <= date(9000, 1, 1):  # so that there is a day before and after
        found = None
    if text.strip() and found is None:
        odd.append(text[:40])
    return found


def a_number(text: str, odd: list[str]) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    odd.append(text[:40])
    return None


@dataclass(frozen=True)
class Page:
    """Entries, newest first; the numbers from which there are newer and older ones, or None at the ends."""

    entries: list[Entry]
    newer: int | None
    older: int | None


def rows(wish: Wanted) -> QuerySet[Entry]:
    found: QuerySet[Entry] = Entry.objects.all()
    if wish.who:
        found = found.filter(actor__iexact=wish.who) if wish.who.isascii() else found.filter(actor=wish.who)
    if wish.what:
        found = found.filter(Q(action=wish.what) | Q(action__startswith=f"{wish.what.rstrip('.')}."))
    if wish.subject:
        found = found.filter(Q(subject=wish.subject) | Q(about=wish.subject))
    if wish.day:
        found = found.filter(at__gte=midnight(wish.day), at__lt=midnight(wish.day + timedelta(days=1)))
    return found


def midnight(day: date) -> datetime:
    """Where the day begins for the reader."""
    return timezone.make_aware(datetime.combine(day, time.min))


def page(wish: Wanted, size: int = SIZE) -> Page:
    """By the numbers of the entries, so that the millionth page costs what the first does."""
    found = rows(wish)
    if wish.after is not None:
        here = list(found.filter(seq__gt=wish.after).order_by("seq")[: size + 1])
        more, here = len(here) > size, here[:size][::-1]
        return Page(here, here[0].seq if more and here else None, here[-1].seq if here else None)
    if wish.before is not None:
        found = found.filter(seq__lt=wish.before)
    here = list(found.order_by("-seq")[: size + 1])
    more, here = len(here) > size, here[:size]
    newer = here[0].seq if wish.before is not None and here else None
    return Page(here, newer, here[-1].seq if more else None)
