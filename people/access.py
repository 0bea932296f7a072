"""The first line of every view: who is asking, and may they. Nothing can be looked up around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from people.actors import Actor, person
from people.models import User
from people.roles import May

P = ParamSpec("P")


class Request(HttpRequest):
    """A request of a person who is signed in and may do what the view names."""

    htmx: HtmxDetails
    user: User


View = Callable[Concatenate[Request, P], HttpResponseBase]


def who_may(what: May) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let a view be called only by those whose role may do `what`; others sign in, or are refused with 403."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User):
                return to_sign_in(request)
            if not user.may(what):
                raise PermissionDenied(what.value)
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        update_wrapper(guarded, view)
        guarded.who_may = what  # type: ignore[attr-defined]
        return guarded

    return decorate


def anyone(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Say of a view that it is for everybody, signed in or not."""
    view.who_may = None  # type: ignore[attr-defined]
    return view


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """A page goes to the sign-in page and comes back; a fragment takes the whole browser there."""
    htmx: Any = getattr(request, "htmx", None)
    response = redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    return HttpResponseClientRedirect(response.url) if htmx else response


def actor(request: HttpRequest) -> Actor:
    """Whom to write down for what this request does."""
    assert isinstance(request.user, User)
    return person(request.user)
