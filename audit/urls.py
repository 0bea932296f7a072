from __future__ import annotations

from django.urls import URLPattern, path

from audit import views

urlpatterns: list[URLPattern] = [
    path("trail/", views.trail, name="trail"),
    path("trail/verify/", views.verify_trail, name="trail-verify"),
]
