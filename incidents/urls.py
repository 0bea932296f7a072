from __future__ import annotations

from django.urls import URLPattern, path

from incidents import edit_views, export_views, import_views, views

urlpatterns: list[URLPattern] = [
    path("", views.incidents, name="incidents"),
    path("new/", views.incident_new, name="incident-new"),
    path("import/", import_views.incident_import, name="incident-import"),
    path("import/<int:pk>/", import_views.incident_review, name="incident-review"),
    path("import/<int:pk>/correct/", import_views.draft_correct, name="draft-correct"),
    path("import/<int:pk>/forget/", import_views.draft_forget, name="draft-forget"),
    path("import/<int:pk>/keep/", import_views.draft_keep, name="draft-keep"),
    path("<int:pk>/", views.incident, name="incident"),
    path("<int:pk>/export/<slug:form>/", export_views.incident_export, name="incident-export"),
    path("<int:pk>/move/", views.incident_move, name="incident-move"),
    path("<int:pk>/edit/<slug:what>/", edit_views.incident_edit, name="incident-edit"),
    path("<int:pk>/actions/<int:record>/mark/", edit_views.action_mark, name="action-mark"),
    path("<int:pk>/<slug:kind>/add/", edit_views.record_add, name="record-add"),
    path("<int:pk>/<slug:kind>/<int:record>/edit/", edit_views.record_edit, name="record-edit"),
    path("<int:pk>/<slug:kind>/<int:record>/remove/", edit_views.record_remove, name="record-remove"),
    path("<int:pk>/<slug:kind>/<int:record>/put-back/", edit_views.record_put_back, name="record-put-back"),
    path("documents/<int:pk>/", views.document, name="document"),
]
