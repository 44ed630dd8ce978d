"""Refused rows get a table of their own, so that none is left out; commands leave a trace by which they go on."""

import django.db.models.deletion
from django.db import migrations, models


def move_refused(apps, schema_editor):
    """From the list in each import's row; a line stood there once."""
    RefusedRow = apps.get_model("datasets", "RefusedRow")
    for run in apps.get_model("datasets", "Import").objects.exclude(refused_rows=[]).iterator():
        rows = {line: reason for line, reason in run.refused_rows}
        RefusedRow.objects.bulk_create(
            RefusedRow(run=run, line=line, reason=reason) for line, reason in rows.items()
        )


class Migration(migrations.Migration):
    atomic = True

    dependencies = [("datasets", "0004_counts_by_format")]

    operations = [
        migrations.AddField(
            "import",
            "manifest_sha256",
            models.CharField(blank=True, max_length=64, default=""),
            preserve_default=False,
        ),
        migrations.AddField("import", "root", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("import", "only_refused", models.BooleanField(default=False)),
        migrations.RenameField("import", "refused", "refused_rows"),
        migrations.CreateModel(
            name="RefusedRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("line", models.PositiveIntegerField()),
                ("reason", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refused", to="datasets.import"
                    ),
                ),
            ],
            options={
                "ordering": ["line"],
                "constraints": [
                    models.UniqueConstraint(name="one_refusal_per_import_and_line", fields=["run", "line"])
                ],
            },
        ),
        migrations.RunPython(move_refused, migrations.RunPython.noop),
        migrations.RemoveField("import", "refused_rows"),
    ]
