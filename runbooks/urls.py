from __future__ import annotations

from django.urls import path

from runbooks import access, views

urlpatterns = [
    path("runbooks/", views.library, name="runbooks"),
    path("runbooks/<slug:slug>/", views.launch, name="runbook"),
    path("access/", access.access, name="access"),
    path("access/ask/", access.ask, name="access-ask"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/start/", views.start, name="run-start"),
    path("runs/<int:pk>/look/", views.look, name="run-look"),
    path("runs/<int:pk>/give-up/", views.give_up, name="run-give-up"),
    path("runs/<int:pk>/cancel/", views.cancel, name="run-cancel"),
    path("runs/<int:pk>/undo/", views.undo, name="run-undo"),
    path("runs/<int:pk>/again/", views.again, name="run-again"),
    path("runs/<int:pk>/leave/", views.leave, name="run-leave"),
    path("runs/<int:pk>/promise/", views.promise, name="run-promise"),
    path("pauses/", views.pauses, name="pauses"),
    path("incidents/<int:pk>/runs/", views.incident_runs, name="incident-runs"),
]
