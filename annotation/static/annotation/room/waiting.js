// An empty room looks for work by itself: seldom, only while it is seen, and not for ever.
const place = document.getElementById("waiting");
const STOP_AFTER_MS = 30 * 60_000;
const SLOWER = 1.2;
const SLOWEST_MS = 60_000;
const began = Date.now();
let wait = Number(place.dataset.every) * 1000;

async function look() {
  if (Date.now() - began > STOP_AFTER_MS) {
    place.querySelector(".asleep").hidden = false;
    return;
  }
  if (!document.hidden && (await found())) return location.reload();
  wait = Math.min(wait * SLOWER, SLOWEST_MS);
  setTimeout(look, wait);
}

// A video is there, or the session has ended and the page itself must ask for a login.
async function found() {
  try {
    const { status } = await fetch(place.dataset.nextUrl, { credentials: "same-origin" });
    return status === 200 || status === 401;
  } catch {
    return false;
  }
}

setTimeout(look, wait);
