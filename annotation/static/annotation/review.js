// Keys of a case's page. A bare key opens a form or moves; nothing is decided without a second step.
import { keepWords } from "./review_words.js";

const panels = [...document.querySelectorAll(".decisions details")];
const sheets = [...document.querySelectorAll(".sheet")];
const heading = document.querySelector(".case h2");

function choose(sheet, { focus = true } = {}) {
  for (const other of sheets) other.classList.toggle("chosen", other === sheet);
  const radio = document.querySelector(`input[name="rating"][value="${sheet.dataset.rating}"]`);
  if (radio) radio.checked = true;
  if (focus) {
    sheet.focus({ preventScroll: true });
    sheet.scrollIntoView({ block: "nearest" });
  }
}

function move(step) {
  if (!sheets.length) return;
  const at = sheets.findIndex((sheet) => sheet.classList.contains("chosen"));
  choose(sheets[at < 0 ? (step > 0 ? 0 : sheets.length - 1) : (at + step + sheets.length) % sheets.length]);
}

function open(panel) {
  for (const other of panels) other.open = other === panel;
  const first = panel.querySelector("[data-first]");
  const group = first?.name && panel.querySelector(`input[name="${first.name}"]:checked`);
  (group || first || panel.querySelector("summary")).focus();
}

function close() {
  const panel = panels.find((one) => one.open);
  if (!panel) return heading?.focus();
  panel.open = false;
  panel.querySelector("summary").focus();
}

/** Ctrl+Enter in an open panel, as in the rating room. Elsewhere it decides nothing. */
function decide(event) {
  const form = event.target.closest(".decisions details[open]")?.querySelector("form");
  if (!form || event.repeat) return;
  event.preventDefault();
  form.requestSubmit();
}

const keys = {
  KeyJ: () => move(1),
  KeyK: () => move(-1),
  KeyN: () => document.querySelector("#next")?.click(),
};
for (const panel of panels) {
  keys[`Key${panel.dataset.key.toUpperCase()}`] = () => open(panel);
  panel.querySelector("summary").addEventListener("click", (event) => {
    if (panel.open) return;
    event.preventDefault();
    open(panel);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.code === "Escape") return close();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return decide(event);
  const typing = event.target.closest("textarea, select, input:not([type='radio'], [type='checkbox'])");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat) return;
  const act = keys[event.code];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("change", (event) => {
  if (event.target.name !== "rating") return;
  const sheet = sheets.find((one) => one.dataset.rating === event.target.value);
  if (sheet) choose(sheet, { focus: false });
});

// A second click or Enter while the first is on its way decides nothing twice.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

keepWords();

// Whoever was chosen by the server, or the only one, is marked; after a refusal the reviewer goes on where they were.
const chosen = document.querySelector("input[name='rating']:checked");
const sheet = chosen && sheets.find((one) => one.dataset.rating === chosen.value);
if (sheet) choose(sheet, { focus: false });
const kept = panels.find((panel) => panel.open);
if (kept) {
  const wrong = kept.querySelector(".errorlist")?.parentElement.querySelector("input, textarea");
  (wrong || kept.querySelector("summary")).focus({ preventScroll: true });
  if (wrong) for (const part of [kept.querySelector("button"), wrong]) part.scrollIntoView({ block: "nearest" });
}
