"""Every address there is."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from config import told, views

told.everything()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("now/", views.overview_now, name="overview-now"),
    path("range/break/", views.range_break, name="range-break"),
    path("range/mend/", views.range_mend, name="range-mend"),
    path("", include("people.urls")),
    path("", include("audit.urls")),
    path("", include("health.urls")),
    path("recoverability/", include("backups.urls")),
    path("incidents/", include("incidents.urls")),
    path("", include("runbooks.urls")),
]
