"""What a video may be, and what looking at it may cost. Imports nothing: the limited child reads it too."""

MAX_BYTES = 2 * 1024**3  # of a video file
MAX_PIXELS = 3840 * 2160  # of a frame
MIN_SIDE = 32  # pixels; below it there is little to see: a warning
MAX_SECONDS = 600.0
MAX_FRAMES = 20_000

DECODER_MEMORY_BYTES = 3 * 1024**3
DECODER_FILE_BYTES = 4 * 1024**3  # of a file that it writes
DECODER_OPEN_FILES = 64
DECODER_ANSWER_BYTES = 1024**2
FETCH_SECONDS = 120  # to fetch a video from its address, redirects included
PROBE_SECONDS = 60  # wall clock and CPU, for one video
PREPARE_SECONDS = 120  # a clip of some seconds takes less than one
ENCODER_THREADS = 2

THUMBNAIL_TILES = 10
THUMBNAIL_SIDE = 160  # pixels, the longer side of a tile
POSTER_SIDE = 1280  # pixels, the longer side at most

SEEN_FRAMES = 64  # pictures made of what a scorer saw
SEEN_SECONDS = 60  # to make them, while somebody waits
