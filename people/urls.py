from __future__ import annotations

from django.urls import URLPattern, path

from people import views

urlpatterns: list[URLPattern] = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("choose-password/", views.choose_password, name="choose-password"),
    path("language/", views.set_language, name="set-language"),
    path("theme/", views.set_theme, name="set-theme"),
    path("settings/", views.settings, name="settings"),
    path("settings/password/", views.change_password, name="change-password"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/password/", views.give_password, name="person-password"),
    path("people/<int:pk>/role/", views.change_role, name="person-role"),
    path("people/<int:pk>/deactivate/", views.deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", views.reactivate, name="person-reactivate"),
]
