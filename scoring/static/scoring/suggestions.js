// A poll draws the progress anew: folds stay as they were left, the focus stays within them, and a server that does not answer is named.
let folds = new Map();
let focused = "";

const lost = (is) => (document.getElementById("progress-lost").hidden = !is);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (new URL(detail.xhr.responseURL).pathname !== detail.requestConfig.path) {
    detail.shouldSwap = false; // the session is over: this is the login page
    window.location.reload();
    return;
  }
  const found = [...document.querySelectorAll("#progress details[id]")];
  folds = new Map(found.map((fold) => [fold.id, fold.open]));
  focused = document.activeElement.closest("#progress") ? document.activeElement.id : "";
});

document.addEventListener("htmx:afterSwap", () => {
  lost(false);
  for (const [id, open] of folds) {
    const fold = document.getElementById(id);
    if (fold) fold.open = open;
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true }); // htmx could not, in a closed fold
});

document.addEventListener("htmx:responseError", () => lost(true));
document.addEventListener("htmx:sendError", () => lost(true));
