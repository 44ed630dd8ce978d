// What the bar says: whether the work is saved, and what just happened.
import { words } from "./words.js";

const saved = document.getElementById("saved");
const [state, ago] = saved.children;
const toast = document.getElementById("toast");
let savedAt = null;
let toastTimer;

export function showSaved(moment = Date.now()) {
  savedAt = moment;
  saved.classList.remove("bad");
  if (state.textContent !== words("saved")) state.textContent = words("saved");
  tick();
}

export function showUnsaved(text) {
  savedAt = null;
  saved.classList.add("bad");
  if (state.textContent !== text) state.textContent = text;
  ago.textContent = "";
}

// A new video: nothing is saved or unsaved yet.
export function clearSaved() {
  savedAt = null;
  saved.classList.remove("bad");
  state.textContent = ago.textContent = "";
}

function tick() {
  if (savedAt === null) return;
  const seconds = Math.round((Date.now() - savedAt) / 1000);
  if (seconds < 2) ago.textContent = words("justNow");
  else ago.textContent = seconds < 60 ? words("secondsAgo", seconds) : words("minutesAgo", Math.floor(seconds / 60));
}
setInterval(tick, 1000);

// `bad`: something went wrong; `note`: something to look at again. 0 seconds: until something else is said.
export function notify(text, { bad = false, note = false, seconds = 10 } = {}) {
  clearTimeout(toastTimer);
  toast.textContent = text;
  toast.classList.toggle("bad", bad);
  toast.classList.toggle("note", note);
  if (seconds) toastTimer = setTimeout(() => (toast.textContent = ""), seconds * 1000);
}

// The server's numbers; how many there are in all stays as the page said, but for what is skipped.
export function showProgress({ done, today, cap }, { skipped = false } = {}) {
  if (done === undefined) return;
  const count = document.getElementById("count");
  const total = Math.max(done, Number(count.dataset.total) - (skipped ? 1 : 0));
  count.dataset.total = total;
  count.textContent = `${done} / ${total}`;
  Object.assign(document.getElementById("progress"), { max: total || 1, value: done });
  const ofToday = document.getElementById("today");
  ofToday.classList.toggle("capped", cap !== null);
  ofToday.textContent = ofToday.dataset.words.replace("%s", cap === null ? today : `${today} / ${cap}`);
}
