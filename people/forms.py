"""What people type about themselves and each other."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from people import tries, words
from people.models import User
from people.roles import Role

# Django's forms take their model's type for the checker only.
if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
    UserSetPasswordForm = SetPasswordForm[User]
else:
    UserForm, UserSetPasswordForm = forms.ModelForm, SetPasswordForm


class SignInForm(forms.Form):
    """Says the same of a name that does not exist, of one that may not sign in and of a wrong password."""

    username = forms.CharField(
        label=_("Name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return self.cleaned_data
        address = str(self.request.META.get("REMOTE_ADDR", ""))
        if until := tries.wait_until(name, address):
            raise ValidationError(wait(until), code="wait")
        user = authenticate(self.request, username=name, password=password)
        if not isinstance(user, User):
            left, until = tries.bad_try(name, address)
            raise ValidationError([str(_("Name and password do not fit.")), wait(until) if until else tries_left(left)])
        tries.good_try(name, address)
        self.user = user
        return self.cleaned_data


def wait(until: Any) -> str:
    return str(
        _("Too many tries that did not fit. Try again at %(time)s, in %(span)s.")
        % {"time": words.clock(until, seconds=True), "span": words.span(until - now())}
    )


def tries_left(left: int) -> str:
    return ngettext("%(left)d try left, then some waiting.", "%(left)d tries left, then some waiting.", left) % {
        "left": left
    }


class NewPassword:
    """A new password is another one than the one in use."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError(_("That is the password you have now. Choose another."))
        return password


class ChoosePasswordForm(NewPassword, UserSetPasswordForm):
    """At the first sign-in: the printed password was given a moment ago."""


class ChangePasswordForm(NewPassword, PasswordChangeForm):
    """From the settings: the old one is asked for, and the page does not jump to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)


@cache
def zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every zone that a person may live in, by continent."""
    by_continent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        continent, _slash, place = name.partition("/")
        if place and continent not in {"Etc", "SystemV", "posix", "right"}:
            by_continent[continent].append((name, place.replace("_", " ").replace("/", ", ")))
    return sorted(by_continent.items())


def zone_choices() -> list[tuple[str, Any]]:
    return [("", _("The machine’s: %(zone)s") % {"zone": settings.TIME_ZONE}), ("UTC", "UTC"), *zones()]


THEMES = [("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]


class PreferencesForm(UserForm):
    language = forms.ChoiceField(label=_("Language"), required=False)
    zone = forms.ChoiceField(label=_("Time zone"), required=False, choices=lazy(zone_choices, list))
    theme = forms.ChoiceField(label=_("Theme"), required=False, choices=THEMES)

    class Meta:
        model = User
        fields = ("language", "zone", "theme")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        language.choices = [("", _("As the browser")), ("en", "English"), ("fr", "Français")]


class PersonForm(UserForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.RESPONDER)

    class Meta:
        model = User
        fields = ("username", "role")
        labels = {"username": _("Name")}
        help_texts = {"username": _("Letters, digits and @ . + - _")}
        error_messages = {"username": {"unique": _("Somebody is called that already.")}}
        widgets = {"username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"})}

    def clean_username(self) -> str:
        """Names that differ only in their capitals are one name."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("Somebody is called that already."), code="unique")
        return name


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
