// When a video's own clock shows its first frame: not always at 0, and only the browser that plays it can say.
const known = new WeakMap();

// Resolves with the seconds. Ask before the first frame is painted; a video that was faster is loaded once more.
export function firstFrame(video) {
  if (!known.has(video)) known.set(video, watch(video));
  return known.get(video);
}

function watch(video) {
  if (!video.requestVideoFrameCallback) return Promise.resolve(0);
  if (video.readyState >= 2) video.load();
  return new Promise((resolve) => video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime)));
}
