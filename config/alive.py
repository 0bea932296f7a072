"""
Two addresses for machines. `/healthz`: this process answers. `/readyz`: it could also do its work; with
`?exclude=broker` that one is told and not counted, for whoever would rather read pages that stand still than none.

They are answered before anything else looks at the request: whoever asks knows no host name, has no session, and is
told nothing but words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Set

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import broker

log = logging.getLogger(__name__)


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})
        if request.path == "/readyz":
            return ready(set(request.GET.getlist("exclude")))
        return self.get_response(request)


def ready(excluded: Set[str] = frozenset()) -> JsonResponse:
    """200 when everything that counts answers, else 503. The database and the broker each have seconds to do so."""
    found = {"database": database_answers(), "broker": broker.answers()}
    return JsonResponse(
        {name: "ok" if answers else "unreachable" for name, answers in found.items()},
        status=200 if all(answers for name, answers in found.items() if name not in excluded) else 503,
        headers={"Cache-Control": "no-store"},
    )


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        log.exception("The database does not answer.")
        return False
    finally:
        connection.close_if_unusable_or_obsolete()
