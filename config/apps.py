from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config import checks


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = _("Config")

    def ready(self) -> None:
        checks.register_all()
