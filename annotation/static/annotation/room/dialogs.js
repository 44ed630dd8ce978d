// What opens over the room: keys, guidelines, the end of a session, two versions of one text.
import { words } from "./words.js";

export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

// A dialog that opens by itself waits for a pause: keys on their way to a reason must not end up nowhere.
const PAUSE_MS = 1000;
let lastKey = 0;
document.addEventListener("keydown", () => (lastKey = Date.now()), true);

async function pause() {
  while (Date.now() - lastKey < PAUSE_MS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS / 4));
}

// Esc must not throw away a decision that is still to be made.
for (const dialog of document.querySelectorAll("dialog.keep-open")) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
}

// `retry()` gives true once the server knows the person again; asked when they come back to this tab.
export function watchSession(retry) {
  const dialog = document.getElementById("session");
  const goOn = async (asked) => {
    if (!dialog.open || document.hidden) return;
    if (await retry()) dialog.close();
    else if (asked) dialog.querySelector(".bad").textContent = words("stillOut");
  };
  document.addEventListener("session-ended", async ({ detail }) => {
    if (detail?.startsWith("/")) dialog.querySelector("a").href = detail;
    if (dialog.open) return;
    dialog.querySelector(".bad").textContent = "";
    await pause();
    if (!dialog.open) dialog.showModal();
  });
  dialog.querySelector("[data-do=go-on]").addEventListener("click", () => goOn(true));
  addEventListener("focus", () => goOn(false));
  document.addEventListener("visibilitychange", () => goOn(false));
}

// Both versions, dimension by dimension; `read()` gives what stands here. Resolves with the fields that the rater chose.
export async function chooseVersion(cards, read, there) {
  await pause();
  const here = read();
  const dialog = document.getElementById("conflict");
  showParts(dialog, "open");
  const parts = [...cards.map(cardPart), flagPart()].filter((part) => part.names.some((name) => here[name] !== there[name]));
  dialog.querySelector(".versions").replaceChildren(...parts.map((part) => part.draw(here, there, true)));
  await closed(dialog);
  const chosen = { ...here };
  for (const part of parts) {
    const version = dialog.querySelector(`[name="version-${part.names[0]}"]:checked`).value;
    if (version === "there") part.names.forEach((name) => (chosen[name] = there[name]));
  }
  return chosen;
}

// The draft is gone: show what was written here, to be copied; resolves when the rater goes on.
export async function showFinished(cards, read, there) {
  await pause();
  const here = read();
  const dialog = document.getElementById("conflict");
  showParts(dialog, "finished");
  const parts = [...cards.map(cardPart), flagPart()].filter((part) => part.names.some((name) => here[name] !== there[name]));
  dialog.querySelector(".versions").replaceChildren(...parts.map((part) => part.draw(here, there, false)));
  await closed(dialog);
}

function closed(dialog) {
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
}

function showParts(dialog, state) {
  for (const element of dialog.querySelectorAll(".open, .finished")) {
    element.hidden = !element.classList.contains(state);
  }
}

function cardPart(card) {
  const key = card.dataset.dimension;
  const text = (fields) =>
    `${fields[key] || words("noScore")} · ${fields[`${key}_reason`] || words("noReason")}`;
  return part(card.querySelector("legend").textContent, [key, `${key}_reason`], text);
}

function flagPart() {
  return part(words("flag"), ["flagged"], (fields) => words(fields.flagged ? "flagged" : "notFlagged"));
}

function part(title, names, text) {
  return {
    names,
    draw(here, there, choice) {
      const element = document.getElementById("version-choice").content.cloneNode(true).firstElementChild;
      element.querySelector("legend").textContent = title;
      element.querySelector(".words.here").textContent = text(here);
      element.querySelector(".words.there").textContent = text(there);
      for (const radio of element.querySelectorAll("[type=radio]")) {
        radio.name = `version-${names[0]}`;
        radio.hidden = !choice;
        radio.disabled = !choice;
      }
      return element;
    },
  };
}
