// A reviewer's words outlive an ended session and a reload: this tab keeps them until the decision was taken.
const PREFIX = "screening-room:review:";
const SENT = `${PREFIX}sent`;
const video = location.pathname.match(/[0-9a-f-]{36}/)?.[0];
const areas = [...document.querySelectorAll(".decisions textarea[id]")];
const key = (area) => `${PREFIX}${video}:${area.id}`;

// Another case is on the screen: what was sent before was taken.
function forgetTaken(sent) {
  for (const name of Object.keys(sessionStorage)) {
    if (sent && sent !== video && name.startsWith(`${PREFIX}${sent}:`)) sessionStorage.removeItem(name);
  }
  sessionStorage.removeItem(SENT);
}

export function keepWords() {
  forgetTaken(sessionStorage.getItem(SENT));
  for (const area of areas) {
    const words = sessionStorage.getItem(key(area));
    if (words && !area.value) {
      area.value = words;
      area.closest("details").open = true;
    }
    area.addEventListener("input", () => sessionStorage.setItem(key(area), area.value));
  }
  document.addEventListener("submit", (event) => event.target.closest(".decisions") && sessionStorage.setItem(SENT, video));
}
