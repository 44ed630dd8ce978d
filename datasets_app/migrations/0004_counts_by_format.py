from django.db import migrations


def counts_by_format(apps, schema_editor):
    """A release of one format counted its records without naming it; its counts get the shape of all others."""
    for release in apps.get_model("datasets", "Release").objects.iterator():
        old = release.counts
        if "verdicts" not in old:
            continue
        name = release.settings["formats"][0]
        splits = {
            f"{name}_{split}" if release.settings.get("split") else name: n for split, n in old["splits"].items()
        }
        release.counts = {
            "videos": old["verdicts"],
            "records": {name: old["records"]},
            "splits": splits,
            "rationales": old["rationales"],
            "left_out": {name: old["left_out"]},
            "stripped_lines": old["stripped_lines"],
            "duplicates": 0,
        }
        release.save(update_fields=["counts"])


class Migration(migrations.Migration):
    dependencies = [("datasets", "0003_releases_of_many_formats")]

    operations = [migrations.RunPython(counts_by_format, migrations.RunPython.noop)]
