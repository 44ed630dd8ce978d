"""Send videos' files to members, a range at a time. Everybody else gets a 404, as if there were no such video."""

import os
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, http_date
from django.views.decorators.http import require_safe

from annotation.access import shown_to
from annotation.models import Video
from datasets_app.media import remote
from datasets_app.media.byte_ranges import FileSlice, Unsatisfiable, read_range
from datasets_app.media.sniff import CONTAINERS

# A file opened by its address runs nothing and loads nothing, whatever is in it.
MEDIA_POLICY = "sandbox; default-src 'none'"
CACHE_SECONDS = 3600


@require_safe
def media(request: HttpRequest, public_id: str, kind: str) -> HttpResponseBase:
    """One of a video's files: `play` (what browsers play), `original`, `poster` or `thumbnails`."""
    video = shown_to(request.user, Video.objects.visible_to(request.user), "project", public_id=public_id)
    stored, content_type = choose_file(video, kind)
    disposition = ""
    if kind == "original":
        name = video.name + CONTAINERS[video.container].suffix if video.container in CONTAINERS else video.name
        disposition = content_disposition_header(True, name) or "attachment"
    if remote.is_on():
        return remote.send(stored.name or "", content_type, disposition)
    response = send_file(request, stored.name or "", content_type, kind)
    if disposition:
        response["Content-Disposition"] = disposition
    return response


def send_file(
    request: HttpRequest, name: str, content_type: str, kind: str, *, keep: str = f"max-age={CACHE_SECONDS}"
) -> HttpResponseBase:
    """A file under the media root or the asked range of it, for the asker's cache alone. 404 where it is gone."""
    try:
        path = Path(default_storage.path(name))
        status = path.stat()
    except (OSError, ValueError):
        raise Http404 from None
    response = accelerated(name) if settings.MEDIA_ACCEL_REDIRECT else answer(request, path, status, kind)
    response["Content-Type"] = content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = MEDIA_POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = f"private, {keep}"
    return response


def choose_file(video: Video, kind: str) -> tuple[FieldFile, str]:
    """The stored file of a kind and the type it is sent as, which is our own finding. 404 where there is none."""
    container = CONTAINERS.get(video.container)
    original_type = container.content_type if container else "application/octet-stream"
    files = {
        "play": (video.rendition, "video/mp4") if video.rendition else (video.original, original_type),
        "original": (video.original, original_type),
        "poster": (video.poster, "image/jpeg"),
        "thumbnails": (video.thumbnails, "image/jpeg"),
    }
    if kind not in files or not files[kind][0]:
        raise Http404
    return files[kind]


def accelerated(name: str) -> HttpResponse:
    """Leave the sending, ranges included, to the web server in front."""
    return HttpResponse(headers={"X-Accel-Redirect": settings.MEDIA_ACCEL_REDIRECT + quote(name)})


def answer(request: HttpRequest, path: Path, status: os.stat_result, kind: str) -> HttpResponseBase:
    """The file or the asked range of it: 200, 206, 304 or 416. Memory stays constant whatever the size."""
    size = status.st_size
    headers = {
        "ETag": f'"{kind}-{status.st_mtime_ns:x}-{size:x}"',
        "Last-Modified": http_date(status.st_mtime),
        "Accept-Ranges": "bytes",
    }
    if _matches(request.headers.get("If-None-Match", ""), headers["ETag"]):
        return HttpResponse(status=304, headers=headers | {"Content-Length": str(size)})
    first, length, code = 0, size, 200
    if _range_is_wanted(request, headers):
        try:
            asked = read_range(request.headers.get("Range", ""), size)
        except Unsatisfiable:
            return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
        if asked:
            first, length = asked
            code = 206
            headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        return HttpResponse(status=code, headers=headers)
    try:
        body = FileSlice(path.open("rb"), first, length)
    except OSError:
        raise Http404 from None
    return StreamingHttpResponse(body, status=code, headers=headers)


def _matches(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names this tag; weak comparison, as for caches."""
    return etag in [tag.strip().removeprefix("W/") for tag in header.split(",")] or header.strip() == "*"


def _range_is_wanted(request: HttpRequest, headers: dict[str, str]) -> bool:
    """A Range counts for GET alone, unless its If-Range names another state of the file."""
    condition = request.headers.get("If-Range")
    unchanged = condition is None or condition in (headers["ETag"], headers["Last-Modified"])
    return request.method == "GET" and "Range" in request.headers and unchanged
