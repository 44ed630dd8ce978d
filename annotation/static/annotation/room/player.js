// The video on the screen: what it shows, how it is moved, and what of it was played. Its frame is the one last painted.
import { Clock } from "./clock.js";
import { firstFrame } from "./first_frame.js";
import { FullPlay } from "./full_play.js";
import { Playback } from "./playback.js";
import { Stretch } from "./stretch.js";
import { Strip } from "./strip.js";
import { words } from "./words.js";
import { Zoom } from "./zoom.js";

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const CHOICE = "room-playback"; // a rater's speed and loop stay, from video to video and day to day
const LATE_TIMER_S = 0.03; // how late a timer may be that turns the A–B loop
const STALL_MS = 200; // a seek waits for its picture too, but not so long

export class Player {
  constructor(article, signal) {
    Object.assign(this, { article, signal, frame: 0, seconds: 0, wanted: null, runs: false });
    this.stage = article.querySelector(".stage");
    this.video = article.querySelector("video");
    this.video.controls = this.video.loop = false; // its end is counted, and played on from here
    this.clock = new Clock(article);
    this.played = new Playback(this.stage, this.clock.frames);
    this.fullPlay = new FullPlay(article, this.played);
    this.zoom = new Zoom(article, signal);
    this.strip = new Strip(article, { clock: this.clock, signal, goTo: (frame) => this.goToFrame(frame) });
    this.stretch = new Stretch(article, {
      last: this.clock.last,
      say: (text) => (article.querySelector(".said").textContent = text),
      drawn: (a, b) => this.strip.showStretch(a, b),
    });
    this.#listen();
    const { speed, loop } = recall();
    this.setSpeed(speed);
    this.setLoop(loop);
    this.#show();
  }

  // Begin at the first frame, unless motion is unwelcome.
  async start() {
    if (this.video.error) this.#broken();
    await this.begins;
    const moved = this.frame || this.video.seeking || this.signal.aborted;
    if (!moved && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.#play();
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
    clearTimeout(this.turnTimer);
    clearTimeout(this.stallTimer);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  toggle() {
    if (!this.video.paused) return this.#pause();
    if (this.video.ended) this.#turn();
    else this.#play();
  }

  // From the beginning, as a full play is counted.
  playInFull() {
    this.stretch.clear();
    if (this.speed > 1) this.setSpeed(1);
    this.#seek(0);
    this.#play();
  }

  goToFrame(frame) {
    this.#pause();
    this.#seek(frame);
  }

  step(frames) {
    this.goToFrame(this.frame + frames);
  }

  jump(seconds) {
    this.#seek(this.frame + Math.round(seconds * this.clock.fps));
  }

  changeSpeed(steps) {
    const index = SPEEDS.indexOf(this.speed) + steps;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(index, SPEEDS.length - 1))]);
  }

  setSpeed(speed) {
    this.speed = this.video.playbackRate = this.video.defaultPlaybackRate = speed;
    this.article.querySelector(".speed").textContent = `${speed}×`;
    this.#remember();
  }

  setLoop(loop) {
    this.loop = loop;
    this.article.querySelector("[data-do=loop]").setAttribute("aria-pressed", loop);
    this.#remember();
  }

  toggleLoop() {
    this.setLoop(!this.loop);
  }

  // "a" or "b", at the frame on the screen.
  setStretch(side) {
    this.stretch.set(side, this.frame);
    if (!this.video.paused) this.#keepInStretch();
  }

  reload() {
    this.article.querySelector(".broken").hidden = true;
    this.video.load();
    this.start();
  }

  // `[1.38s f11]`: plain text that exporters and the list below a reason can read.
  mark() {
    return `[${this.seconds.toFixed(2)}s f${this.frame}]`;
  }

  #play() {
    this.runs = true;
    this.#keepInStretch();
    this.video.play().catch(() => {});
  }

  #pause() {
    this.runs = false;
    this.video.pause();
  }

  // Seeks that come faster than the browser shows them: the one on its way ends, then the last one asked for.
  #seek(frame, share) {
    this.frame = this.clock.within(frame);
    this.seconds = this.clock.secondsOf(this.frame);
    this.played.moved(this.frame);
    this.#show();
    this.wanted = this.clock.momentOf(this.frame, share);
    if (!this.video.seeking) this.#seekWanted();
  }

  #seekWanted() {
    if (this.wanted === null) return;
    this.video.currentTime = this.wanted;
    this.wanted = null;
  }

  #listen() {
    const on = (names, run, target = this.video) =>
      names.split(" ").forEach((name) => target.addEventListener(name, run, { signal: this.signal }));
    on("seeked", () => this.#seekWanted());
    on("play pause ended", () => this.#showPlaying());
    on("ended", () => this.#ended());
    on("error", () => this.#broken());
    on("waiting", () => this.#waiting());
    on("canplay playing loadeddata seeked pause", () => this.#loading(false));
    on("click", () => this.zoom.takeDrag() || this.toggle());
    on("visibilitychange", () => document.hidden && this.played.away(), document);
    if (this.video.readyState < 2) this.#loading(true);
    this.begins = firstFrame(this.video).then((moment) => {
      this.clock.start = moment;
      if (this.video.requestVideoFrameCallback) this.#follow();
    });
    if (!this.video.requestVideoFrameCallback) on("timeupdate seeked", () => this.#painted(this.clock.frameAt(this.video.currentTime), this.video.currentTime));
  }

  // Once a painted frame; `timeupdate` alone comes four times a second.
  #follow() {
    this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.signal.aborted) return;
      this.#painted(this.clock.frameFrom(mediaTime), mediaTime);
      this.#follow();
    });
  }

  #painted(frame, moment) {
    const { varies, start } = this.clock;
    if (this.wanted !== null || (this.video.seeking && !varies)) return; // soon another frame will be
    // Where the rate varies a step keeps the number it asked for: by its time alone it could come to no other.
    if (!varies || !this.video.paused) this.frame = frame;
    this.seconds = varies ? Math.max(moment - start, 0) : this.clock.secondsOf(frame);
    this.played.painted(this.frame, this.video.playbackRate);
    this.#show();
    if (!this.video.paused) this.#keepInStretch();
  }

  #show() {
    this.clock.show(this.frame, this.seconds);
    this.strip.show(this.frame);
    this.fullPlay.show();
  }

  // Inside A–B already, or back to A; and set the time at which to turn.
  #keepInStretch() {
    clearTimeout(this.turnTimer);
    const { active, first, last } = this.stretch;
    if (!active) return;
    if (this.frame < first || this.frame > last) return this.#seek(first, 0.2);
    // In the middle of B or before: timers may be late, and the frame after it must not be painted.
    const share = 1 - LATE_TIMER_S * this.clock.fps * this.video.playbackRate;
    const left = this.clock.momentOf(last, Math.max(0.1, Math.min(0.5, share))) - this.video.currentTime;
    this.turnTimer = setTimeout(() => this.#turnAtB(), (left / this.video.playbackRate) * 1000);
  }

  #turnAtB() {
    if (!this.video.paused && this.stretch.active) this.#seek(this.stretch.first, 0.2);
  }

  // Once more from A, or from the beginning.
  #turn() {
    if (this.stretch.first) this.#seek(this.stretch.first, 0.2);
    else this.played.moved(0); // where a video that has ended plays on by itself
    this.#play();
  }

  get #repeats() {
    return this.loop || this.stretch.active;
  }

  // A browser says so of a still video, too, that is sent to its last frame.
  #ended() {
    if (!this.runs) return;
    this.played.ended(this.video.playbackRate);
    if (this.#repeats) this.#turn();
    this.fullPlay.show();
  }

  #showPlaying() {
    const playing = this.video.ended ? this.runs && this.#repeats : !this.video.paused;
    this.stage.classList.toggle("playing", playing);
    this.article.querySelector(".play-word").textContent = words(playing ? "pause" : "play");
  }

  #waiting() {
    this.#loading(true);
    clearTimeout(this.stallTimer);
    this.stallTimer = setTimeout(() => this.#isStalled() && this.played.stalled(), STALL_MS);
  }

  // What is loaded to its end waits for the computer alone.
  #isStalled() {
    const { buffered, duration, paused, readyState } = this.video;
    const isLoaded = buffered.length === 1 && buffered.end(0) > duration - 0.1;
    return !paused && readyState < 3 && !isLoaded;
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

  #remember() {
    if (this.speed === undefined || this.loop === undefined) return;
    try {
      localStorage.setItem(CHOICE, JSON.stringify({ speed: this.speed, loop: this.loop }));
    } catch {
      // A browser that keeps nothing begins at 1x each time.
    }
  }
}

function recall() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(CHOICE)) ?? {};
  } catch {
    // As when nothing is kept.
  }
  return { speed: SPEEDS.includes(kept.speed) ? kept.speed : 1, loop: kept.loop !== false };
}
