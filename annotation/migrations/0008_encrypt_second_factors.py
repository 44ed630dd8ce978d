"""What second factors make their codes from, encrypted; before, it lay in the database as it is."""

from allauth.mfa.utils import decrypt, encrypt
from django.db import migrations


def encrypt_all(apps, schema_editor):
    _rewrite(apps, encrypt)


def decrypt_all(apps, schema_editor):
    _rewrite(apps, decrypt)


def _rewrite(apps, change):
    for row in apps.get_model("mfa", "Authenticator").objects.select_for_update():
        row.data |= {name: change(row.data[name]) for name in ("secret", "seed") if name in row.data}
        row.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0007_audit_log"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(encrypt_all, decrypt_all)]
