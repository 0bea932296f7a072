from __future__ import annotations

from django.urls import path

from backups import upload_views, views

urlpatterns = [
    path("", views.recoverability, name="recoverability"),
    path("volumes/new/", views.volume_new, name="volume-new"),
    path("volumes/<int:pk>/", views.volume, name="volume"),
    path("volumes/<int:pk>/edit/", views.volume_edit, name="volume-edit"),
    path("volumes/<int:pk>/sources/new/", views.source_new, name="source-new"),
    path("volumes/<int:pk>/upload/", upload_views.upload_new, name="upload-new"),
    path("uploads/<int:pk>/", upload_views.upload, name="upload"),
    path("uploads/<int:pk>/root/", upload_views.upload_root, name="upload-root"),
    path("sources/<int:pk>/retire/", views.source_retire, name="source-retire"),
    path("points/<int:pk>/accept/", views.point_accept, name="point-accept"),
]
