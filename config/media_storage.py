"""The storage that browsers get videos from, as the content security policy names it."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def storage_origin(bucket: str, endpoint: str, *, debug: bool) -> list[str]:
    """The endpoint's origin; nothing without a bucket. Raises `ImproperlyConfigured` with the setting's name."""
    if not bucket:
        return []
    address = urlsplit(endpoint)
    schemes = ("https", "http") if debug else ("https",)
    plain = address.netloc and not set(address.netloc) & set(" ;,'\"*@") and not address.query
    if address.scheme not in schemes or not plain:
        raise ImproperlyConfigured(
            "MEDIA_S3_ENDPOINT must be the address of the storage that MEDIA_S3_BUCKET is in, https://s3.example.org"
        )
    return [f"{address.scheme}://{address.netloc}"]
