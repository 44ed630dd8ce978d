"""Pictures of the frames that a scorer saw: made when first asked for, kept on disk, sent to who may see them."""

import hashlib
import json
import logging
import shutil
import threading
import uuid
from pathlib import Path

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from annotation.access import shown_to
from annotation.frames_seen import FramesSeen, frames_of
from annotation.models import Video
from annotation.room.drafts import suggestions_shown_to
from datasets_app.media import limits
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.media.serve import send_file
from datasets_app.media.sniff import CONTAINERS, Refused

logger = logging.getLogger(__name__)

FOR_EVER = "max-age=31536000, immutable"
WAIT_SECONDS = 20.0
_one_at_a_time = threading.Lock()  # a decoder may take a core and gigabytes; other pages must go on


@require_safe
def frames_seen(request: HttpRequest, public_id: str, suggestion: int, nth: int | None = None) -> HttpResponseBase:
    """What a suggestion's scorer saw of its video: all frames in a strip, or the nth (from 0) in its size."""
    shown = suggestions_shown_to(request.user).select_related("video")
    found = shown_to(request.user, shown, "video__project", pk=suggestion, video__public_id=public_id)
    video = found.video
    return send_picture(request, frames_of(found), video.original, video.container, folder_of(video), nth)


def folder_of(video: Video) -> str:
    """Where pictures of what scorers saw of a video lie, relative to the media root."""
    return f"seen/{video.public_id.hex[:2]}/{video.public_id.hex}"


def send_picture(
    request: HttpRequest,
    seen: FramesSeen | None,
    original: FieldFile,
    container: str,
    folder: str,
    nth: int | None,
) -> HttpResponseBase:
    """One of the pictures, made first where it is not there. 404 without such a frame, 503 where making fails."""
    name = "strip" if nth is None else str(nth)
    if seen is None or container not in CONTAINERS or not original or (nth or 0) >= len(seen.frames):
        raise Http404
    kept = f"{folder}/{key_of(seen)}"
    try:
        if not (Path(settings.MEDIA_ROOT) / kept).is_dir():
            make(seen, original.path, CONTAINERS[container].demuxer, Path(settings.MEDIA_ROOT) / kept)
            if not type(original.instance)._default_manager.filter(pk=original.instance.pk).exists():
                shutil.rmtree(Path(settings.MEDIA_ROOT) / folder, ignore_errors=True)  # deleted meanwhile
                raise Http404
    except Refused as refused:
        raise Http404(str(refused)) from None
    except (DecoderFailed, OSError) as error:
        logger.warning("frames seen in %s: %s", original.name, error)
        return HttpResponse(status=503, headers={"Retry-After": "10", "Cache-Control": "no-store"})
    return send_file(request, f"{kept}/{name}.jpg", "image/jpeg", name, keep=FOR_EVER)


def key_of(seen: FramesSeen) -> str:
    """A name for the pictures of just these frames in just this size."""
    described = [
        [frame.number for frame in seen.frames],
        seen.width,
        seen.height,
        seen.tile_width,
        seen.tile_height,
    ]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:32]


def make(seen: FramesSeen, path: str, demuxer: str, folder: Path) -> None:
    """All pictures, in a folder that gets its name when they are complete. Raises `Refused` or `DecoderFailed`."""
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise DecoderFailed("other pictures are being made")
    attempt = folder.with_name(f"attempt-{uuid.uuid4().hex}")
    try:
        if folder.is_dir():
            return
        attempt.mkdir(parents=True)
        with Sandbox() as sandbox:
            sandbox.ask(
                "draw_seen",
                seconds=limits.SEEN_SECONDS,
                path=path,
                demuxer=demuxer,
                frames=[frame.number for frame in seen.frames],
                size=[seen.width, seen.height],
                tile=[seen.tile_width, seen.tile_height],
                folder=str(attempt),
            )
        if not folder.is_dir():  # another process may have been faster
            attempt.rename(folder)
    finally:
        shutil.rmtree(attempt, ignore_errors=True)
        _one_at_a_time.release()
