"""The four applications of the practice world, and what their files mean to them."""

from __future__ import annotations

from cluster.range.sample.application import Application
from cluster.range.sample.home_assistant import HOME_ASSISTANT
from cluster.range.sample.photos import PHOTOS
from cluster.range.sample.vault import VAULT
from cluster.range.sample.wiki import WIKI

APPLICATIONS: dict[str, Application] = {app.name: app for app in (HOME_ASSISTANT, WIKI, PHOTOS, VAULT)}
