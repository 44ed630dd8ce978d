"""Give a video that a test made a real file in the media store."""

import hashlib
from pathlib import Path

from django.conf import settings

from annotation.models import Video


def put_file(video: Video, clip: bytes, suffix: str = ".mp4") -> Video:
    """Store the clip with the video's name at its end, which players do not mind: each file is another."""
    content = clip + video.name.encode()
    path = Path(settings.MEDIA_ROOT) / video.folder / f"original{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    video.original = f"{video.folder}/original{suffix}"
    video.sha256, video.bytes = hashlib.sha256(content).hexdigest(), len(content)
    video.save()
    return video
