from __future__ import annotations

from django.urls import path

from health import views

urlpatterns = [
    path("health/", views.health, name="health"),
    path("health/findings/", views.live_findings, name="live-findings"),
    path("health/findings/<int:pk>/", views.finding, name="finding"),
    path("health/volumes/<int:pk>/", views.volume_findings, name="volume-findings"),
    path("health/claims/", views.claims, name="claims"),
]
