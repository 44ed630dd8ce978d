// A poll draws the progress anew: folds stay as they were left, and a server that does not answer is named.
let folds = new Map();

const lost = (is) => (document.getElementById("progress-lost").hidden = !is);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (new URL(detail.xhr.responseURL).pathname !== detail.requestConfig.path) {
    detail.shouldSwap = false; // the session is over: this is the login page
    window.location.reload();
    return;
  }
  const found = [...document.querySelectorAll("#progress details[id]")];
  folds = new Map(found.map((fold) => [fold.id, fold.open]));
});

document.addEventListener("htmx:afterSwap", () => {
  lost(false);
  for (const [id, open] of folds) {
    const fold = document.getElementById(id);
    if (fold) fold.open = open;
  }
});

document.addEventListener("htmx:responseError", () => lost(true));
document.addEventListener("htmx:sendError", () => lost(true));
