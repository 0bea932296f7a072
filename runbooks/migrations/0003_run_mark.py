from django.db import migrations, models

import runbooks.models


class Migration(migrations.Migration):
    """Runs that were there before have none: what they made has names without."""

    dependencies = [("runbooks", "0002_pauses")]

    operations = [
        migrations.AddField(
            "run", "mark", models.CharField(blank=True, default="", editable=False, max_length=8)
        ),
        migrations.AlterField(
            "run",
            "mark",
            models.CharField(blank=True, default=runbooks.models.new_mark, editable=False, max_length=8),
        ),
    ]
