// A tile of what a model saw: the page's player goes to its moment, and the picture is shown as large as the model saw it.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".seen [data-do=go-to-frame]");
  if (!button) return;
  const player = document.querySelector("video.player");
  if (player) {
    player.pause();
    player.currentTime = Number(button.dataset.middle);
  }
  const fold = button.closest(".seen");
  for (const other of fold.querySelectorAll("[aria-pressed]")) other.removeAttribute("aria-pressed");
  button.setAttribute("aria-pressed", true);
  show(fold, button);
});

function show(fold, button) {
  let place = fold.querySelector(".seen-picture");
  if (!place) {
    place = document.createElement("div");
    place.className = "seen-picture";
    place.append(document.createElement("img"));
    fold.append(place);
  }
  const picture = place.querySelector("img");
  picture.width = fold.dataset.width;
  picture.height = fold.dataset.height;
  picture.alt = button.textContent.trim();
  picture.src = button.dataset.picture;
}
