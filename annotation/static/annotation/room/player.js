// The video: frames, speed, loop, thumbnails. Frames are counted from 0 with the probe's frames per second.
import { words } from "./words.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const memory = { speed: 1, loop: true }; // a rater's choice stays from video to video

export class Player {
  constructor(article, signal) {
    this.article = article;
    this.video = article.querySelector("video");
    this.fps = Number(article.dataset.fps) || 24;
    this.frames = Number(article.dataset.frames) || 0;
    this.signal = signal;
    this.video.controls = false;
    this.#drawTiles(Number(article.dataset.tiles));
    this.#listen();
    this.setSpeed(memory.speed);
    this.setLoop(memory.loop);
    this.#show(this.video.currentTime);
  }

  // Begin at the first frame, unless motion is unwelcome.
  start() {
    if (this.video.error) this.#broken();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.video.play().catch(() => {});
  }

  // When this video has enough to play on, or after a while: what is loaded next must not slow it down.
  ready() {
    if (this.video.readyState >= 3 || this.video.error) return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, 3000);
      this.video.addEventListener("canplay", resolve, { once: true });
    });
  }

  stop() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  get seconds() {
    return Number.isFinite(this.video.duration) ? this.video.duration : this.frames / this.fps;
  }

  get frame() {
    const frame = Math.floor(this.video.currentTime * this.fps + 0.01);
    return this.frames ? Math.min(frame, this.frames - 1) : frame;
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  // The middle of a frame is the one moment that every browser shows as that frame.
  goToFrame(frame) {
    this.video.pause();
    const last = this.frames ? this.frames - 1 : Infinity;
    this.#seek((Math.max(0, Math.min(frame, last)) + 0.5) / this.fps);
  }

  step(frames) {
    this.video.pause();
    this.goToFrame(this.frame + frames);
  }

  jump(seconds) {
    this.#seek(this.video.currentTime + seconds);
  }

  changeSpeed(steps) {
    const index = SPEEDS.indexOf(memory.speed) + steps;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(index, SPEEDS.length - 1))]);
  }

  setSpeed(speed) {
    memory.speed = this.video.playbackRate = this.video.defaultPlaybackRate = speed;
    this.article.querySelector(".speed").textContent = `${speed}×`;
  }

  setLoop(loop) {
    memory.loop = this.video.loop = loop;
    this.article.querySelector("[data-do=loop]").setAttribute("aria-pressed", loop);
  }

  toggleLoop() {
    this.setLoop(!memory.loop);
  }

  reload() {
    this.article.querySelector(".broken").hidden = true;
    this.video.load();
    this.start();
  }

  // `[1.38s f11]`: plain text that exporters and the list below a reason can read.
  mark() {
    const frame = this.frame;
    return `[${(frame / this.fps).toFixed(2)}s f${frame}]`;
  }

  #seek(seconds) {
    this.video.currentTime = Math.max(0, Math.min(seconds, this.seconds - 0.001));
    this.#show(this.video.currentTime);
  }

  #listen() {
    const on = (names, run) =>
      names.split(" ").forEach((name) => this.video.addEventListener(name, run, { signal: this.signal }));
    on("timeupdate seeked loadeddata", () => this.#show(this.video.currentTime));
    on("play pause ended", () => this.#showPlaying());
    on("error", () => this.#broken());
    on("waiting", () => this.#loading(true));
    on("canplay playing loadeddata seeked pause", () => this.#loading(false));
    this.video.addEventListener("click", () => this.toggle(), { signal: this.signal });
    if (this.video.readyState < 2) this.#loading(true);
    if (this.video.requestVideoFrameCallback) this.#follow();
  }

  // Once a painted frame; `timeupdate` alone comes four times a second.
  #follow() {
    this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.signal.aborted) return;
      if (!this.video.seeking) this.#show(Math.max(mediaTime, 0));
      this.#follow();
    });
  }

  #show(seconds) {
    const last = this.frames ? this.frames - 1 : Infinity;
    const frame = Math.min(Math.floor(seconds * this.fps + 0.01), last);
    const moment = frame / this.fps;
    const minutes = String(Math.floor(moment / 60)).padStart(2, "0");
    this.article.querySelector(".time").textContent = `${minutes}:${(moment % 60).toFixed(2).padStart(5, "0")}`;
    this.article.querySelector(".frame").textContent = `f ${frame} / ${this.frames || "?"}`;
    const now = Math.min(Math.floor((seconds / this.seconds) * this.tiles.length), this.tiles.length - 1);
    this.tiles.forEach((tile, index) => tile.classList.toggle("now", index === now));
  }

  #showPlaying() {
    const playing = !this.video.paused && !this.video.ended;
    this.article.querySelector(".stage").classList.toggle("playing", playing);
    this.article.querySelector(".play-word").textContent = words(playing ? "pause" : "play");
  }

  // A wait shorter than this is not worth a word.
  #loading(yes) {
    clearTimeout(this.loadingTimer);
    const element = this.article.querySelector(".loading");
    if (!yes) element.hidden = true;
    else this.loadingTimer = setTimeout(() => (element.hidden = Boolean(this.video.error)), 400);
  }

  #broken() {
    this.#loading(false);
    this.article.querySelector(".broken").hidden = false;
  }

  #drawTiles(count) {
    this.tiles = Array.from({ length: count }, (_, index) => {
      const tile = document.createElement("button");
      const moment = ((index + 0.5) / count) * (this.frames / this.fps); // the tile shows its middle
      tile.type = "button";
      tile.tabIndex = -1; // the keys do the same, and better
      tile.setAttribute("aria-label", words("goTo", moment.toFixed(2)));
      tile.addEventListener("click", () => this.goToFrame(Math.floor(moment * this.fps)), { signal: this.signal });
      return tile;
    });
    this.article.querySelector(".tiles").replaceChildren(...this.tiles);
  }
}
