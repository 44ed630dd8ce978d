// Candidates side by side: pointing at one or moving the focus to it plays it without sound; "Play all" plays a
// prompt's together, from the start and at one pace. Few clips are loaded at once: each loaded one holds a decoder.
const MOST = 12;
const APART = 0.08; // seconds that clips of a group may be apart
const PATIENCE = 5000; // ms to wait for clips to load before playing those that have
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

const loaded = [];

function load(video) {
  if (video.dataset.src) video.src = video.dataset.src; // it had been let go
  delete video.dataset.src;
  const place = loaded.indexOf(video);
  if (place >= 0) loaded.splice(place, 1);
  loaded.push(video);
  while (loaded.length > MOST) letGo(loaded.shift());
}

function letGo(video) {
  video.dataset.src = video.getAttribute("src");
  video.removeAttribute("src");
  video.load();
}

const start = (video) => video.play().catch(() => {}); // the pointer was gone again, or the file does not play

// One clip
let group = null; // what "Play all" plays

function point(tile) {
  const video = tile.querySelector("video");
  if (!video || still.matches || group?.videos.includes(video)) return;
  load(video);
  video.loop = true;
  start(video);
}

function leave(tile) {
  const video = tile.querySelector("video");
  if (video && !group?.videos.includes(video)) video.pause();
}

for (const tile of document.querySelectorAll(".tile")) {
  tile.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && point(tile));
  tile.addEventListener("pointerleave", () => leave(tile));
  tile.addEventListener("focusin", () => tile.querySelector(":focus-visible") && point(tile));
  tile.addEventListener("focusout", () => leave(tile));
}

// A prompt's clips together
function ready(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return Promise.resolve();
  return new Promise((resolve) => {
    for (const name of ["canplay", "error"]) video.addEventListener(name, resolve, { once: true });
    setTimeout(resolve, PATIENCE);
  });
}

async function playAll(button) {
  stop();
  const videos = [...button.closest(".group").querySelectorAll("video")].slice(0, MOST);
  const mine = (group = { button, videos, clock: null });
  say(button, true);
  for (const video of videos) {
    load(video);
    video.loop = false; // the longest one decides when all begin again
    video.preload = "auto";
    video.pause();
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) video.load();
    else video.currentTime = 0;
  }
  await Promise.all(videos.map(ready));
  if (group !== mine) return;
  videos.forEach(start);
  mine.clock = setInterval(() => keepTogether(videos), 250);
}

function keepTogether(videos) {
  const playing = videos.filter((video) => video.duration > 0 && !video.error);
  if (!playing.length) return;
  const longest = playing.reduce((one, other) => (other.duration > one.duration ? other : one));
  if (longest.ended) {
    for (const video of playing) video.currentTime = 0;
    playing.forEach(start);
    return;
  }
  for (const video of playing) {
    if (video === longest || video.ended || video.seeking || longest.seeking) continue;
    if (Math.abs(video.currentTime - longest.currentTime) > APART) video.currentTime = Math.min(longest.currentTime, video.duration);
  }
}

function stop() {
  if (!group) return;
  clearInterval(group.clock);
  for (const video of group.videos) video.pause();
  say(group.button, false);
  group = null;
}

function say(button, playing) {
  button.textContent = playing ? button.dataset.stop : button.dataset.play;
  button.setAttribute("aria-pressed", String(playing));
}

for (const button of document.querySelectorAll("button.together")) {
  button.hidden = !button.closest(".group").querySelector("video");
  button.addEventListener("click", () => (group?.button === button ? stop() : playAll(button)));
}
document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
document.addEventListener("visibilitychange", () => document.hidden && stop());
