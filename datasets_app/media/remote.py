"""Videos' files in S3-compatible storage: put there once they are prepared, sent to browsers by signed addresses.

Every file stays on our own disk too, for workers, releases and backups: the bucket is a copy that spares this
machine the sending. Only browsers that Django let through get an address, which is good for `LINK_SECONDS`.
"""

import logging
import mimetypes
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.module_loading import import_string

from annotation.models import Video

logger = logging.getLogger(__name__)

LINK_SECONDS = 3600
KEEP_SECONDS = 3000  # that a browser keeps a redirect: what it plays then still loads for ten minutes
FOLDER = "videos/"


class StorageError(OSError):
    """The storage did not do what it was asked; the message says what."""


def is_on() -> bool:
    return bool(settings.MEDIA_S3_BUCKET)


@cache
def _client() -> Any:
    """One for each process; boto3 loads only where it is wanted. Path style is what every such storage knows."""
    config = import_string("botocore.config.Config")(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 3},
    )
    return import_string("boto3.client")(
        "s3",
        endpoint_url=settings.MEDIA_S3_ENDPOINT,
        region_name=settings.MEDIA_S3_REGION,
        aws_access_key_id=settings.MEDIA_S3_ACCESS_KEY,
        aws_secret_access_key=settings.MEDIA_S3_SECRET_KEY,
        config=config,
    )


def send(name: str, content_type: str, disposition: str = "") -> HttpResponseRedirect:
    """Lead the browser to the file. Type and disposition are part of what is signed."""
    wanted = {"Bucket": settings.MEDIA_S3_BUCKET, "Key": name, "ResponseContentType": content_type}
    if disposition:
        wanted["ResponseContentDisposition"] = disposition
    address = _client().generate_presigned_url("get_object", Params=wanted, ExpiresIn=LINK_SECONDS)
    return HttpResponseRedirect(address, headers={"Cache-Control": f"private, max-age={KEEP_SECONDS}"})


def put(names: Iterable[str]) -> None:
    """Bring these files, named relative to the media root, into the bucket. Raises StorageError."""
    for name in names:
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        try:
            with (Path(settings.MEDIA_ROOT) / name).open("rb") as file:
                _client().upload_fileobj(
                    file, settings.MEDIA_S3_BUCKET, name, ExtraArgs={"ContentType": content_type}
                )
        except Exception as error:  # boto's errors have no base of their own
            raise StorageError(f"The media storage did not take {name}: {error}") from error


def remove(folder: str) -> None:
    """Take everything below a folder of the media root out of the bucket. Raises StorageError."""
    try:
        gone = [{"Key": name} for name in _listed(f"{folder.rstrip('/')}/")]
        for start in range(0, len(gone), 1000):
            said = _client().delete_objects(
                Bucket=settings.MEDIA_S3_BUCKET, Delete={"Objects": gone[start : start + 1000], "Quiet": True}
            )
            if kept := said.get("Errors"):  # of single files, in an answer that is a success
                raise StorageError(f"{kept[0].get('Key')}: {kept[0].get('Code')}")
    except Exception as error:
        raise StorageError(f"The media storage did not remove {folder}: {error}") from error


def put_missing() -> int:
    """Put what ready videos name and the bucket has not, or has in another size; the number of files put."""
    there = dict(_sizes(FOLDER))
    return sum(_put_missing_of(video, there) for video in Video.objects.watchable().order_by("pk").iterator())


def _put_missing_of(video: Video, there: dict[str, int]) -> int:
    """Of a video that is taken down meanwhile nothing is put, or it goes again."""
    row, missing = Video.objects.filter(pk=video.pk), None
    try:
        sizes = {name: (Path(settings.MEDIA_ROOT) / name).stat().st_size for name in names_of(video)}
        missing = [name for name, size in sizes.items() if there.get(name) != size]
        put(missing)
    except OSError:
        if row.exists():
            raise
    if missing == [] or row.exists():
        return len(missing or [])
    remove(video.folder)
    return 0


def names_of(video: Video) -> list[str]:
    """The files that browsers get of a video."""
    files = (video.original, video.rendition, video.poster, video.thumbnails)
    return [file.name for file in files if file.name]


def _listed(prefix: str) -> Iterator[str]:
    yield from (name for name, _ in _sizes(prefix))


def _sizes(prefix: str) -> Iterator[tuple[str, int]]:
    pages = _client().get_paginator("list_objects_v2").paginate(Bucket=settings.MEDIA_S3_BUCKET, Prefix=prefix)
    for page in pages:
        yield from ((found["Key"], found["Size"]) for found in page.get("Contents", []))
