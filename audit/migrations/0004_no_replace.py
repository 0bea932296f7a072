"""The database refuses to put one entry in another's place, too."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from audit import triggers


def install(apps: Any, schema_editor: Any) -> None:
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_verification")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
