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

export function notify(text, { bad = false, seconds = 10 } = {}) {
  clearTimeout(toastTimer);
  toast.textContent = text;
  toast.classList.toggle("bad", bad);
  if (seconds) toastTimer = setTimeout(() => (toast.textContent = ""), seconds * 1000);
}

export function showProgress({ done, total, today }) {
  if (done === undefined) return;
  const progress = document.getElementById("progress");
  progress.max = total;
  progress.value = done;
  const count = document.getElementById("count");
  count.textContent = `${done} / ${total}`;
  if (today !== undefined) count.title = count.title.replace(/\d+/, today);
}
