// What opens over the room: keys, guidelines, two versions of one text.
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

export async function pause() {
  while (Date.now() - lastKey < PAUSE_MS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS / 4));
}

// Esc must not throw away a decision that is still to be made.
for (const dialog of document.querySelectorAll("dialog.keep-open")) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
}

// Both versions, dimension by dimension; `read()` gives what stands here. Resolves with the fields that the rater chose.
export async function chooseVersion(cards, read, there) {
  await pause();
  const here = read();
  const dialog = document.getElementById("conflict");
  showParts(dialog, "open");
  const parts = differing(cards, here, there);
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
  const parts = differing(cards, here, there);
  dialog.querySelector(".versions").replaceChildren(...parts.map((part) => part.draw(here, there, false)));
  await closed(dialog);
}

function differing(cards, here, there) {
  const differ = (name) => (here[name] ?? "") !== (there[name] ?? "");
  return [...cards.map(cardPart), changePart(), flagPart()].filter((part) => part.names.some(differ));
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

// Why a rating that was there is changed; the same on both sides where nothing is.
function changePart() {
  return part(words("change"), ["change_reason"], (fields) => fields.change_reason || words("noReason"));
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
      // What has all that stands here, and more, is what to keep unless the rater says otherwise.
      const wanted = names.every((name) => !here[name] || here[name] === there[name]) ? "there" : "here";
      for (const radio of element.querySelectorAll("[type=radio]")) {
        radio.name = `version-${names[0]}`;
        radio.checked = radio.value === wanted;
        radio.hidden = !choice;
        radio.disabled = !choice;
      }
      return element;
    },
  };
}
