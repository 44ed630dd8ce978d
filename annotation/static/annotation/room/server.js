// Talks to the server. No answer is ever a login page: an ended session is announced as an event, and so is somebody
// else's. Every request says whose page this is.

const { user } = document.getElementById("room").dataset;
// Read anew each time: a login gives another one.
const csrfCookie = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
const csrfToken = () => csrfCookie() ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

// A fetch that outlives the page may carry 64 KiB in all.
const KEEPALIVE_LIMIT = 60_000;

// POST these fields; gives {status, data, date}, status 0 when the server could not be reached.
export async function send(url, fields = {}) {
  const body = new URLSearchParams({ ...fields, rater: user });
  return announced(url, {
    method: "POST",
    body,
    keepalive: String(body).length < KEEPALIVE_LIMIT,
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
  });
}

// GET a partial; gives {status, text}.
export async function load(url) {
  const address = new URL(url, location.href);
  address.searchParams.set("rater", user);
  return announced(address, { headers: { Accept: "text/html", "X-Requested-With": "XMLHttpRequest" } });
}

// Log in without leaving the page; gives {status, data} as django-allauth answers scripts.
export async function logIn(url, fields) {
  const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
  if (!csrfCookie()) await ask(url, { headers }); // brings one
  headers["X-CSRFToken"] = csrfToken();
  return ask(url, { method: "POST", body: new URLSearchParams(fields), headers });
}

async function announced(url, options) {
  const answer = await ask(url, options);
  if (answer.status === 401 || answer.status === 403) {
    document.dispatchEvent(new CustomEvent("session-ended", { detail: answer.data.user }));
  }
  return answer;
}

async function ask(url, options) {
  let response, text;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "follow", ...options });
    text = await response.text();
  } catch {
    return { status: 0, data: {} };
  }
  const data = parseJson(text);
  return { status: response.status, text, data, date: Date.parse(response.headers.get("Date")) };
}

// A page or a part of one as elements; its scripts do not run.
export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

function parseJson(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
