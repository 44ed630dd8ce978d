// Talks to the server. No answer is ever a login page: an ended session is announced as an event.

const csrfToken = () =>
  document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ??
  document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

// A fetch that outlives the page may carry 64 KiB in all.
const KEEPALIVE_LIMIT = 60_000;

// POST these fields; gives {status, data, date}, status 0 when the server could not be reached.
export async function send(url, fields = {}) {
  const body = new URLSearchParams(fields);
  return ask(url, {
    method: "POST",
    body,
    keepalive: String(body).length < KEEPALIVE_LIMIT,
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
  });
}

// GET a partial; gives {status, text}.
export async function load(url) {
  return ask(url, { headers: { Accept: "text/html", "X-Requested-With": "XMLHttpRequest" } });
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
  if (response.status === 401 || response.status === 403) {
    document.dispatchEvent(new CustomEvent("session-ended", { detail: data.login_url }));
  }
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
