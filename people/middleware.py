"""The reader's language and zone, and the change of a password that was printed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation

from people.models import User

LANGUAGE_COOKIE = "language"


class ReaderMiddleware:
    """A person's own choice, then the cookie's, then the browser's language; the zone only by choice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if isinstance(request.user, User) else None
        language = (user and user.language) or request.COOKIES.get(LANGUAGE_COOKIE) or ""
        if not translation.check_for_language(language):
            language = translation.get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language), timezone.override(zone_of(user)):
            if user and user.one_time and request.path not in allowed_before_a_password():
                return redirect("choose-password")
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def zone_of(user: User | None) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(user.zone) if user and user.zone else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None


def allowed_before_a_password() -> set[str]:
    return {reverse("choose-password"), reverse("sign-out"), reverse("set-language")}
