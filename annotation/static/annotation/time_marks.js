// A time mark of a rating: the page's player goes there and stays. Without a player the link opens the video there.
const INTO_THE_FRAME = 0.005; // seconds; a mark is written in hundredths and may fall a little before its frame

document.addEventListener("click", (event) => {
  const mark = event.target.closest("a[data-seconds]");
  const player = document.querySelector("video.player");
  if (!mark || !player) return;
  event.preventDefault();
  player.pause();
  player.currentTime = Number(mark.dataset.seconds) + INTO_THE_FRAME;
  player.scrollIntoView({ block: "nearest" });
});
