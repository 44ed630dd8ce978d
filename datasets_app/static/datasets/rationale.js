// Editing a rationale: kept on this computer at every input, accepted with Ctrl+Enter, and the next one comes.
import { Journal, forgetOld } from "../annotation/room/journal.js";
import { send } from "../annotation/room/server.js";
import { watchSession } from "../annotation/room/session.js";
import { words } from "../annotation/room/words.js";
import { changes } from "./rationale_diff.js";

const QUIET_MS = 150;
const TAGS = { added: "ins", removed: "del" };
const { user, video } = document.getElementById("room").dataset;
const form = document.getElementById("edit");
const { text: area, live, scores } = form.elements;
const player = document.querySelector("video.player");
const conflict = document.getElementById("conflict");
const undo = document.getElementById("take-back");
const modelText = document.getElementById("model-text").content.textContent;
const journalOf = (id) => new Journal(user, `rationale:${id}`);
const journal = journalOf(video);
const fresh = area.defaultValue; // as the server sent it; keys may have come before this script
let doubted = form.elements.let_stand ? fresh : null; // a text about which was asked already
let waiting = false; // for the connection, to accept
let busy = false;
let timer;

function say(id, text) {
  document.getElementById(id).textContent = text;
}

function trouble(...lines) {
  const shown = lines.map(([kind, text]) => Object.assign(document.createElement("p"), { className: `${kind} flat`, textContent: text }));
  document.getElementById("trouble").replaceChildren(...shown);
}

function keep() {
  const kept = journal.write({ fields: { text: area.value }, live: live.value, scores: scores.value });
  say("state", words(kept ? "kept" : "notKept"));
}

function showChanges() {
  const found = changes(modelText, area.value);
  const box = document.getElementById("changes");
  box.replaceChildren(...found.map(([kind, text]) => {
    if (kind === "same") return document.createTextNode(text);
    return Object.assign(document.createElement(TAGS[kind]), { textContent: text });
  }));
  const count = (kind) => found.filter((one) => one[0] === kind).reduce((n, one) => n + one[1].trim().split(/\s+/).length, 0);
  const [added, removed] = [count("added"), count("removed")];
  say("count", added || removed ? `${words("changed", added)} ${words("gone", removed)}` : words("unchanged"));
}

function write(text) {
  area.value = text;
  showChanges();
}

// What was not accepted before comes back; where somebody accepted another text since, both are shown.
function restore() {
  const kept = journal.read();
  if (!kept) return area.value !== fresh && keep();
  const { text } = kept.fields;
  if (text === area.value) return journal.clear();
  if (String(kept.live) !== live.value) return showConflict(words("meanwhile"), fresh, text);
  write(text);
  say("state", words("back"));
  if (kept.scores && kept.scores !== scores.value) trouble(["flag", words("otherScores")]);
}

function showConflict(why, there, here, editor) {
  conflict.hidden = false;
  conflict.querySelector(".why").textContent = why;
  conflict.querySelector(".there").textContent = there;
  conflict.querySelector(".here").textContent = here;
  if (editor) conflict.querySelector(".editor").textContent = editor;
  conflict.scrollIntoView({ block: "nearest" });
  conflict.querySelector("button").focus();
}

function goOnWith(side) {
  write(conflict.querySelector(`.${side}`).textContent);
  keep();
  conflict.hidden = true;
  area.focus();
}

async function accept() {
  if (busy || !conflict.hidden) return false;
  busy = true;
  const fields = Object.fromEntries(new FormData(form));
  delete fields.let_stand;
  delete fields.csrfmiddlewaretoken; // a login has made another one, which goes with the request
  if (doubted === area.value) fields.let_stand = "on";
  keep();
  const { status, data } = await send(form.action, fields);
  busy = false;
  waiting = status === 0 || status === 401;
  if (status === 200) {
    journal.clear();
    location.assign(data.url);
    return true;
  }
  answered(status, data);
  return status === 422 || status === 409; // the server has answered
}

function answered(status, data) {
  if (status === 0) return trouble(["bad", words("sending")]);
  if (status === 409) {
    live.value = data.live;
    if (data.theirs !== undefined) return showConflict(data.stale, data.theirs, area.value, data.editor);
    return trouble(["bad", data.stale], ["bad", words("reload")]);
  }
  if (status !== 422) return trouble(["bad", words("failed")]);
  if (data.doubts) {
    doubted = area.value;
    return trouble(...data.doubts.map((doubt) => ["flag", doubt]), ["", words("onceMore")]);
  }
  trouble(...data.problems.map(({ message }) => ["bad", message]));
  goToLine(data.problems[0].line);
}

function goToLine(number) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  area.focus();
  if (!number) return;
  area.setSelectionRange(start, start + lines[number - 1].length);
  area.scrollTop = (area.scrollHeight * start) / (area.value.length || 1) - area.clientHeight / 2;
}

// The text that is taken back waits in the journal of its video's page.
async function takeBack() {
  if (!undo || busy) return;
  busy = true;
  const { status, data } = await send(undo.action);
  busy = false;
  if (status !== 200) return trouble(["bad", data.stale ?? words("skipFailed")]);
  journalOf(data.video).write({ fields: { text: data.text }, live: String(data.live) });
  location.assign(data.url);
}

function step(frames) {
  if (!player) return;
  player.pause();
  player.currentTime += frames / (Number(player.dataset.fps) || 25);
}

const KEYS = {
  KeyN: () => document.getElementById("next").click(),
  KeyP: () => player && (player.paused ? player.play() : player.pause()),
  KeyU: takeBack,
  Comma: () => step(-1),
  Period: () => step(1),
};
document.addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  let act = null;
  if (control && event.key === "Enter") act = accept;
  else if (control && event.code === "KeyZ" && event.target !== area) act = takeBack;
  else if (event.altKey && !control) act = KEYS[event.code];
  if (!act) return;
  event.preventDefault();
  if (!event.repeat) act();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  accept();
});
undo?.addEventListener("submit", (event) => {
  event.preventDefault();
  takeBack();
});
document.addEventListener("click", (event) => {
  const { do: wish } = event.target.closest("[data-do]")?.dataset ?? {};
  if (wish === "take-theirs") goOnWith("there");
  else if (wish === "keep-mine") goOnWith("here");
  else if (wish === "again") {
    write(modelText);
    keep();
    area.focus();
  }
});
area.addEventListener("input", () => {
  keep();
  clearTimeout(timer);
  timer = setTimeout(showChanges, QUIET_MS);
});
addEventListener("online", () => waiting && accept());
watchSession(accept);
forgetOld();
showChanges();
restore();
if (conflict.hidden) area.focus({ preventScroll: true });
