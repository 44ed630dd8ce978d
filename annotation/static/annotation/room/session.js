// The end of a session: log in again without leaving the page, and what waited goes out. Somebody else's login is no
// way to go on: the page then says whose work it is.
import { pause } from "./dialogs.js";
import { logIn } from "./server.js";
import { words } from "./words.js";

const dialog = document.getElementById("session");
const form = dialog.querySelector("form");
const link = dialog.querySelector("a[target]");
const { login, password } = form.elements;
let from = null; // where the rater was
let refused = false; // by the server, since it was last asked
let stranger = null; // the name of somebody else who is logged in now
let busy = false;

// `retry()` sends what waits, and gives true once the server has taken it.
export function watchSession(retry) {
  const goOn = async (unknown) => {
    refused = false;
    if (await retry()) return dialog.close();
    if (!refused) say(words("skipFailed"));
    else say(stranger ? "" : unknown);
  };
  const enter = async () => {
    const { status, data } = await logIn(form.action, { login: login.value, password: password.value });
    password.value = "";
    if (status !== 200) return say(trouble(status, data));
    if (data.location?.startsWith("/")) link.href = data.location; // where another step would be done
    await goOn(words("anotherStep"));
  };
  document.addEventListener("session-ended", ({ detail }) => ended(detail));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once(enter);
  });
  dialog.querySelector("[data-do=go-on]").addEventListener("click", () => once(() => goOn(words("stillOut"))));
  const back = () => dialog.open && !document.hidden && once(() => goOn(""));
  addEventListener("focus", back);
  document.addEventListener("visibilitychange", back);
  // The room has taken the keys back by now; give them to the words again, where the caret was.
  dialog.addEventListener("close", () => from?.isConnected && from.focus({ preventScroll: true }));
}

async function ended(other) {
  refused = true;
  stranger = other ?? null;
  for (const element of dialog.querySelectorAll(".ended, .other")) {
    element.hidden = element.classList.contains("other") !== Boolean(other);
  }
  for (const element of dialog.querySelectorAll(".who")) element.textContent = other ?? "";
  if (dialog.open) return;
  say("");
  await pause();
  if (dialog.open) return;
  from = document.activeElement;
  dialog.showModal();
}

async function once(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } finally {
    busy = false;
  }
}

function say(text) {
  dialog.querySelector("[role=alert]").textContent = text;
  if (text && dialog.contains(document.activeElement) && !password.value) password.focus();
}

// Why the login was refused: what the form says, or one sentence for the rest.
function trouble(status, data) {
  if (status === 429) return words("tooManyTries");
  if (status === 0) return words("skipFailed");
  const { errors = [], fields = {} } = data.form ?? {};
  return [...errors, ...Object.values(fields).flatMap((field) => field.errors)].join(" ") || words("loginFailed");
}
