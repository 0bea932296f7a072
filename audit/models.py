"""
The trail: who did what, in the order it happened, each entry sealed by the one before.

An entry's hash is the SHA-256 of the hash before it and of its own canonical bytes. The head row says how many
entries there are and what the last hash is, so that a trail cut short is noticed as well as one that was altered.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

from django.db import models, transaction
from django.db.models import F
from django.utils.timezone import now

from audit import chain
from audit.chain import START, Break, Place
from audit.plain import as_kept, text
from people import pen
from people.actors import Actor


class AppendOnly(TypeError):
    """An entry of the trail was to be changed or removed."""

    def __init__(self) -> None:
        super().__init__("The trail is append-only.")


class EntryQuerySet(models.QuerySet["Entry"]):
    def of(self, *subjects: models.Model) -> EntryQuerySet:
        """The entries about these objects, oldest first."""
        return self.filter(subject__in=[ref(s) for s in subjects]).order_by("seq")

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class Entry(models.Model):
    """One thing that was done. Actor and subject are text, so that an entry outlives both."""

    seq = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=10)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=80, db_index=True)
    subject = models.CharField(max_length=80, db_index=True)
    about = models.CharField(max_length=200, blank=True)  # what the subject was called then
    facts = models.JSONField(default=dict)
    before = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-seq"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def canonical(self) -> bytes:
        """The bytes that are sealed: every column but the hash, keys in order, in UTF-8."""
        names = ("seq", "actor_kind", "actor", "action", "subject", "about", "facts", "before")
        told = {name: getattr(self, name) for name in names}
        told["at"] = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def seal(self) -> str:
        return hashlib.sha256(self.before.encode() + self.canonical()).hexdigest()


class Head(models.Model):
    """One row. Raising its count is what makes writers wait for each other."""

    count = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=START)


def ref(subject: models.Model) -> str:
    return f"{subject._meta.model_name}:{subject.pk}"


def record(action: str, subject: models.Model | str, *, by: Actor, at: datetime | None = None, **facts: Any) -> Entry:
    """
    Write one entry, in the transaction that makes it true.

    `action` is a dotted name such as `run.started`; `facts` are small plain values (text, numbers, lists of them)
    and never hold a secret.
    """
    with transaction.atomic():
        Head.objects.get_or_create(pk=1)
        Head.objects.filter(pk=1).update(count=F("count") + 1)
        head = Head.objects.get(pk=1)
        entry = Entry(
            seq=head.count,
            at=at or now(),
            actor_kind=by.kind,
            actor=text(by.name),
            action=action,
            subject=text(subject) if isinstance(subject, str) else ref(subject),
            about=text("" if isinstance(subject, str) else str(subject))[:200],
            facts=as_kept(facts),
            before=head.hash,
        )
        entry.hash = entry.seal()
        entry.save()
        Head.objects.filter(pk=1).update(hash=entry.hash)
    return entry


pen.hand(record)


def head_now() -> Place:
    """What the head says of the end of the trail."""
    head = Head.objects.filter(pk=1).first()
    return Place(head.count, head.hash) if head else Place()


def first_break() -> Break | Place:
    """The whole trail, walked: the first entry that does not hold, or the end. What comes meanwhile is not read."""
    head = head_now()
    entries = Entry.objects.order_by("seq").filter(seq__lte=head.through)
    reached = chain.walk(entries.iterator(chunk_size=1000))
    if isinstance(reached, Break):
        return reached
    return chain.against_head(reached, head) or beyond(head) or reached


def beyond(head: Place) -> Break | None:
    """An entry after the end, while the head stood still: somebody moved the head back, or wrote around it."""
    extra = Entry.objects.filter(seq__gt=head.through).order_by("seq").first()
    return Break(head.through + 1, "beyond the head") if extra and head_now() == head else None


def broken() -> tuple[int, str] | None:
    """The number of the first entry that does not hold, and why; None when the whole trail holds."""
    found = first_break()
    return (found.seq, found.why) if isinstance(found, Break) else None


class Verification(models.Model):
    """
    One walk along the trail, which may be made in several steps: `through` is how far it was found whole, `seal` the
    hash there, `wanted` where the trail ended when it began. `broken` is the first entry that does not hold.
    """

    began = models.DateTimeField(default=now)
    at = models.DateTimeField(default=now)
    by = models.CharField(max_length=150)
    through = models.PositiveBigIntegerField(default=0)
    seal = models.CharField(max_length=64, default=START)
    wanted = models.PositiveBigIntegerField(default=0)
    wanted_seal = models.CharField(max_length=64, default=START)
    broken = models.PositiveBigIntegerField(null=True)
    why = models.CharField(max_length=20, blank=True)
    complete = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-began", "-pk"]

    def __str__(self) -> str:
        return f"verification {self.pk}"
