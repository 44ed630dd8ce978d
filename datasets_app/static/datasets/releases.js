// The count beside the builder: a server that does not answer is named, a session that is over leads to the login.
const lost = (is) => (document.getElementById("count-lost").hidden = !is);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (new URL(detail.xhr.responseURL).pathname === detail.requestConfig.path) return;
  detail.shouldSwap = false; // this is the login page
  window.location.reload();
});
document.addEventListener("htmx:afterSwap", () => lost(false));
document.addEventListener("htmx:responseError", () => lost(true));
document.addEventListener("htmx:sendError", () => lost(true));
