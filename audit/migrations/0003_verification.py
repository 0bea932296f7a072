import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("audit", "0002_triggers")]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began", models.DateTimeField(default=django.utils.timezone.now)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.CharField(max_length=150)),
                ("through", models.PositiveBigIntegerField(default=0)),
                ("seal", models.CharField(default="0" * 64, max_length=64)),
                ("wanted", models.PositiveBigIntegerField(default=0)),
                ("wanted_seal", models.CharField(default="0" * 64, max_length=64)),
                ("broken", models.PositiveBigIntegerField(null=True)),
                ("why", models.CharField(blank=True, max_length=20)),
                ("complete", models.BooleanField(default=False)),
            ],
            options={"ordering": ["-began", "-pk"]},
        ),
    ]
