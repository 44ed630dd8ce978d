from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_returns_that_were_answered")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="overlap_due_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
