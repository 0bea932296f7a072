"""Signing in and out, one's own settings, and the people who may sign in."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from people import actions
from people.access import Request, actor, anyone, who_may
from people.actors import person
from people.forms import ChangePasswordForm, ChoosePasswordForm, PersonForm, PreferencesForm, RoleForm, SignInForm
from people.middleware import LANGUAGE_COOKIE
from people.models import User
from people.roles import May, Role


def back(request: HttpRequest, otherwise: str = "overview") -> HttpResponseRedirect:
    """To where `next` says, when that is a page of ours."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        wanted = resolve_url(otherwise)
    return HttpResponseRedirect(wanted)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@anyone
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return back(request)
    form = SignInForm(request, request.POST or None)
    if form.is_valid() and form.user:
        login(request, form.user)
        actions.signed_in(form.user, by=person(form.user))
        return back(request)
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next") or ""}
    return render(request, "people/sign_in.html", context, status=422 if form.is_bound else 200)


@require_POST
@anyone
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        actions.signed_out(request.user, by=person(request.user))
    logout(request)
    return redirect("sign-in")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.READ)
def choose_password(request: Request) -> HttpResponse:
    """Asked at the first sign-in with a one-time password, and of nobody else."""
    if not request.user.one_time:
        return redirect("settings")
    form = ChoosePasswordForm(request.user, request.POST or None)
    if form.is_valid():
        actions.choose_password(request.user, form.cleaned_data["new_password1"], by=actor(request))
        update_session_auth_hash(request, request.user)
        return redirect("overview")
    return render(request, "people/choose_password.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.READ)
def settings(request: Request) -> HttpResponse:
    # A form that was refused writes its values on its instance: not on the reader, who is drawn in the frame.
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        actions.prefer(request.user, **form.cleaned_data)
        with override(request.user.language or None):
            messages.success(request, _("Your settings are saved."))
        return redirect("settings")
    return settings_page(request, form, ChangePasswordForm(request.user))


def settings_page(request: Request, form: PreferencesForm, password: ChangePasswordForm) -> HttpResponse:
    bad = form.is_bound or password.is_bound
    context = {"form": form, "password": password}
    return render(request, "people/settings.html", context, status=422 if bad else 200)


@never_cache
@sensitive_post_parameters()
@require_POST
@who_may(May.READ)
def change_password(request: Request) -> HttpResponse:
    form = ChangePasswordForm(request.user, request.POST)
    if not form.is_valid():
        return settings_page(request, PreferencesForm(instance=request.user), form)
    actions.choose_password(request.user, form.cleaned_data["new_password1"], by=actor(request))
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your password is changed. Where you were signed in elsewhere, you no longer are."))
    return redirect("settings")


@require_POST
@anyone
def set_language(request: HttpRequest) -> HttpResponse:
    """Kept with the person where somebody is signed in, and in a cookie for the sign-in page."""
    response = back(request)
    language = request.POST.get("language", "")
    if language in dict(django_settings.LANGUAGES):
        if isinstance(request.user, User):
            actions.prefer(request.user, language=language)
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=365 * 86400, samesite="Lax", httponly=True, secure=django_settings.HTTPS
        )
    return response


@require_POST
@who_may(May.READ)
def set_theme(request: Request) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme in {"", "light", "dark"}:
        actions.prefer(request.user, theme=theme)
    return back(request)


# --- The people, for those who manage them ---------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.MANAGE)
def people(request: Request) -> HttpResponse:
    """The list; a POST adds somebody, and shows their one-time password in the answer and never again."""
    form = PersonForm(request.POST or None)
    if form.is_valid():
        added = actions.add_person(form.cleaned_data["username"], form.cleaned_data["role"], by=actor(request))
        return people_page(request, PersonForm(), given=added)
    return people_page(request, form)


def people_page(request: Request, form: PersonForm, given: tuple[User, str] | None = None) -> HttpResponse:
    context = {
        "form": form,
        "everybody": User.objects.order_by("-is_active", "username"),
        "given": given,
        "roles": Role.choices,
    }
    return render(request, "people/people.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_POST
@who_may(May.MANAGE)
def give_password(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk, is_active=True)
    given = actions.give_password(user, by=actor(request))
    if user == request.user:
        request.user.refresh_from_db()
        update_session_auth_hash(request, request.user)
    return people_page(request, PersonForm(), given=(user, given))


@require_POST
@who_may(May.MANAGE)
def change_role(request: Request, pk: int) -> HttpResponse:
    user, form = get_object_or_404(User, pk=pk), RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role."))
    elif form.cleaned_data["role"] != user.role:
        try:
            actions.change_role(user, form.cleaned_data["role"], by=actor(request))
        except actions.LastAdmin:
            messages.error(request, last_admin(user))
    return redirect("people")


@require_POST
@who_may(May.MANAGE)
def deactivate(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk, is_active=True)
    try:
        actions.deactivate(user, by=actor(request))
    except actions.LastAdmin:
        messages.error(request, last_admin(user))
    return redirect("people")


@require_POST
@who_may(May.MANAGE)
def reactivate(request: Request, pk: int) -> HttpResponse:
    actions.reactivate(get_object_or_404(User, pk=pk, is_active=False), by=actor(request))
    return redirect("people")


def last_admin(user: User) -> str:
    return _("%(name)s is the last who may manage people. Make somebody else an admin first.") % {"name": user}
